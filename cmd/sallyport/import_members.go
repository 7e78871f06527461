package main

import (
	"context"
	"errors"

	"github.com/sallyport-id/sallyport/cmd/sallyport/auth0"
	"github.com/sallyport-id/sallyport/storage"
)

// importMembers makes people members of the organizations that name them, those of one
// organization together.
func (h *house) importMembers(ctx context.Context, t *auth0.Tenant, dry bool) ([]auth0.Item, error) {
	var items []auth0.Item
	for _, one := range t.Organizations() {
		if one.Organization == nil || len(one.Members) == 0 || dry {
			continue
		}
		var list []auth0.Item
		err := h.db.Tx(ctx, func(ctx context.Context) (err error) {
			list, err = h.members(ctx, one)
			return err
		})
		if err != nil {
			return nil, err
		}
		items = append(items, list...)
	}
	return items, nil
}

func (h *house) members(ctx context.Context, one *auth0.Organization) ([]auth0.Item, error) {
	var items []auth0.Item
	o, err := h.db.OrganizationByName(ctx, one.Name)
	if err != nil {
		return nil, err
	}
	for _, m := range one.Members {
		item := auth0.Item{Kind: "members", Name: or(m.UserID, m.Email) + " of " + o.Name, Outcome: auth0.CameOver}
		u, err := h.db.UserByID(ctx, m.UserID)
		if errors.Is(err, storage.ErrNotFound) {
			u, err = h.db.UserByLogin(ctx, m.Email)
		}
		switch {
		case errors.Is(err, storage.ErrNotFound):
			items = append(items, item.Leave("there is no such person"))
			continue
		case err != nil:
			return nil, err
		}
		e := event{Type: "organization.member_added", UserID: u.ID, Data: map[string]any{"organization": o.ID, "name": o.Name, "roles": m.Roles}}
		err = h.change(ctx, e, func(ctx context.Context) error {
			return h.db.PutMember(ctx, &storage.Member{OrganizationID: o.ID, UserID: u.ID, Roles: m.Roles})
		})
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}
