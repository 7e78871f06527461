package flows

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/storage"
)

// candidate is what the person would be in the organization that they sign in to, nil
// where they are not who was invited.
func (e *Engine) candidate(ctx context.Context, l *login) (*storage.Member, error) {
	if l.state.Ask.Invitation == "" {
		return nil, nil
	}
	j, err := e.Joining(ctx, l.scene.organization.ID, l.state.Ask.Invitation)
	if errors.Is(err, ErrGone) {
		return nil, nil
	}
	if err != nil || !sameMailbox(j.Email, l.user.Email) {
		return nil, err
	}
	return &storage.Member{OrganizationID: j.OrganizationID, UserID: l.user.ID, Roles: j.Roles}, nil
}

// mistaken reports whether the person is another one than who was invited: that one may
// still sign in.
func (l *login) mistaken() bool {
	return l.state.Ask.Invitation != "" && l.user != nil && l.user.ID != l.state.Ask.Subject
}

// join makes a member of who signed in with an invitation, and uses that up.
//
// Errors: ErrGone where somebody used it meanwhile, or it is not theirs.
func (e *Engine) join(ctx context.Context, r *http.Request, l *login) error {
	if l.state.Ask.Invitation == "" || l.scene.organization == nil {
		return nil
	}
	v := &visit{r: r, login: l}
	err := e.db.Tx(ctx, func(ctx context.Context) error {
		j, err := e.Joining(ctx, l.scene.organization.ID, l.state.Ask.Invitation)
		if err != nil {
			return err
		}
		u, err := e.db.UserByID(ctx, l.user.ID)
		if err != nil {
			return err
		}
		if !sameMailbox(j.Email, u.Email) {
			return ErrGone
		}
		if err := e.db.DeleteDocument(ctx, joiningKind(j.OrganizationID), j.ID); err != nil {
			return err
		}
		return e.enter(ctx, v, j, u)
	})
	if errors.Is(err, ErrGone) || errors.Is(err, storage.ErrNotFound) {
		if _, err := e.db.Membership(ctx, l.scene.organization.ID, l.user.ID); err == nil {
			return nil // with this very invitation, or without one
		}
		return ErrGone
	}
	if err != nil {
		return fmt.Errorf("invitation: %w", err)
	}
	return nil
}

// enter stores the membership. Who is a member already gets the roles beside theirs.
func (e *Engine) enter(ctx context.Context, v *visit, j *Joining, u *storage.User) error {
	m, err := e.db.Membership(ctx, j.OrganizationID, u.ID)
	if errors.Is(err, storage.ErrNotFound) {
		m, err = &storage.Member{OrganizationID: j.OrganizationID, UserID: u.ID}, nil
	}
	if err != nil {
		return err
	}
	m.Roles = append(m.Roles, j.Roles...)
	slices.Sort(m.Roles)
	m.Roles = slices.Compact(m.Roles)
	if err := e.db.PutMember(ctx, m); err != nil {
		return err
	}
	var events []*storage.Event
	if j.Mailed && !u.EmailVerified {
		u.EmailVerified = true
		if err := e.db.UpdateUser(ctx, u); err != nil {
			return err
		}
		events = append(events, e.event(v, "user.email_verified", nil))
	}
	return e.db.AddEvents(ctx, append(events, e.event(v, "organization.joined", map[string]any{"organization": j.OrganizationID, "invitation": j.ID, "roles": m.Roles}))...)
}

// InvitedTo puts an invitation into what a relying party asks. welcome is our own page for
// who has no account yet, "" for everybody else.
//
// Errors: ErrGone where the ticket is none of the organization's and the client's.
func (e *Engine) InvitedTo(ctx context.Context, ask *Ask, ticket string) (welcome string, err error) {
	j, err := e.Joining(ctx, ask.Organization, strings.TrimSpace(ticket))
	if err != nil {
		return "", err
	}
	if j.ClientID != ask.ClientID {
		return "", ErrGone
	}
	u, err := e.Invitee(ctx, j)
	if err != nil || u == nil {
		return e.JoinPath(j), err
	}
	if ask.Subject != "" && ask.Subject != u.ID {
		return "", ErrGone
	}
	ask.Subject, ask.LoginHint, ask.Invitation = u.ID, u.Email, j.Ticket
	return "", nil
}
