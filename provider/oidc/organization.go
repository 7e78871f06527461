package oidc

import (
	"context"
	"errors"

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
