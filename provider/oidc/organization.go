package oidc

import (
	"context"
	"errors"
	"slices"

	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/storage"
)

const maxOrganization = 128 // bytes of the parameter: no id or name is longer

// readOrganization finds the organization that the person is to sign in to, by id or
// name, as Auth0 does. Whether they belong to it is for the login to find out.
func (p *Provider) readOrganization(ctx context.Context, q *request) error {
	ref := q.form.Get("organization")
	if ref == "" {
		return nil
	}
	refused := invalidRequest("There is no such organization.")
	if len(ref) > maxOrganization {
		return refused
	}
	o, err := p.db.CachedOrganization(ctx, ref)
	if errors.Is(err, storage.ErrNotFound) {
		return refused
	}
	if err != nil {
		return err
	}
	q.org = o.ID
	return nil
}

// readInvitation puts an invitation to the organization into what is asked. welcome is
// where who has no account yet has to go first, "" for everybody else.
func (p *Provider) readInvitation(ctx context.Context, q *request, ask *flows.Ask) (welcome string, err error) {
	ticket := q.form.Get("invitation")
	switch {
	case ticket == "":
		return "", nil
	case q.org == "":
		return "", invalidRequest("organization is missing: an invitation is to one.")
	}
	welcome, err = p.flows.InvitedTo(ctx, ask, ticket)
	if errors.Is(err, flows.ErrGone) {
		return "", invalidRequest("The invitation has expired, was used, or is another one's.")
	}
	if slices.Contains(ask.Prompt, "none") {
		welcome = "" // no page may be shown
	}
	return welcome, err
}
