package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/sallyport-id/sallyport/cmd/sallyport/auth0"
	"github.com/sallyport-id/sallyport/storage"
)

// importMembers makes people members of the organizations that came over and name them,
// those of one organization together.
func (h *house) importMembers(ctx context.Context, im *importing) error {
	for _, one := range im.peopled {
		var items []auth0.Item
		err := h.db.Tx(ctx, func(ctx context.Context) (err error) {
			items, err = h.members(ctx, one)
			return err
		})
		if err != nil {
			return fmt.Errorf("members of %s: %w", one.Name, err)
		}
		im.Items = append(im.Items, items...)
	}
	return nil
}

func (h *house) members(ctx context.Context, one *auth0.Organization) ([]auth0.Item, error) {
	var items []auth0.Item
	_, err := h.db.OrganizationByID(ctx, one.ID)
	if errors.Is(err, storage.ErrNotFound) {
		return []auth0.Item{membersOf(one).Leave("somebody removed the organization meanwhile")}, nil
	}
	if err != nil {
		return nil, err
	}
	for _, m := range one.Members {
		item, err := h.member(ctx, one, m)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

func membersOf(one *auth0.Organization) auth0.Item {
	return auth0.Item{Kind: "members", Name: "all of " + one.Name, Outcome: auth0.CameOver}
}

// member makes a person a member, unless they are one with whatever roles.
func (h *house) member(ctx context.Context, one *auth0.Organization, m auth0.Member) (auth0.Item, error) {
	item := auth0.Item{Kind: "members", Name: or(m.UserID, m.Email) + " of " + one.Name, Outcome: auth0.CameOver}
	u, err := h.meant(ctx, m)
	if errors.Is(err, storage.ErrNotFound) {
		return item.Leave("there is no such person"), nil
	}
	if err != nil {
		return item, err
	}
	known, err := here(second(h.db.Membership(ctx, one.ID, u.ID)))
	if err != nil {
		return item, err
	}
	if known {
		return item.Stay("the membership"), nil
	}
	e := event{Type: "organization.member_added", UserID: u.ID, Data: map[string]any{"organization": one.ID, "name": one.Name, "roles": m.Roles}}
	return item, h.change(ctx, e, func(ctx context.Context) error {
		return h.db.PutMember(ctx, &storage.Member{OrganizationID: one.ID, UserID: u.ID, Roles: m.Roles})
	})
}

// meant finds whom an export means: by id, or by an address that is known to be theirs.
// Somebody may have the address for a user name, or claim it. Errors: ErrNotFound.
func (h *house) meant(ctx context.Context, m auth0.Member) (*storage.User, error) {
	u, err := h.db.UserByID(ctx, m.UserID)
	if !errors.Is(err, storage.ErrNotFound) {
		return u, err
	}
	u, err = h.db.UserByLogin(ctx, m.Email)
	if err == nil && (!u.EmailVerified || storage.Normalise(u.Email) != storage.Normalise(m.Email)) {
		return nil, storage.ErrNotFound
	}
	return u, err
}
