package oidc

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/storage"
)

// Bearer says whose access token for audience, one of our own APIs, came with r. It reads
// the Authorization header only. A token lives no longer than its authorization, its
// person and its client do, and a client that acts for itself has no scope that was taken
// from it since.
//
// Errors: flows.ErrNoCaller; a fault of the database.
func (p *Provider) Bearer(r *http.Request, audience string) (*flows.Caller, error) {
	return p.caller(r.Context(), bearer(r), audience)
}

func (p *Provider) caller(ctx context.Context, token, audience string) (*flows.Caller, error) {
	found, err := p.inspect(ctx, token)
	switch {
	case errors.Is(err, errDead), err == nil && (found.kind != storage.GrantAccess || found.audience() != audience):
		return nil, flows.ErrNoCaller
	case err != nil:
		return nil, err
	}
	c := &flows.Caller{ClientID: found.clientID(), Scopes: slices.Clone(found.scopes())}
	if rec := found.record; rec != nil && rec.Session.UserID != "" {
		s := rec.Session
		c.UserID, c.SessionID, c.ACR, c.AMR = s.UserID, s.SID, s.ACR, s.AMR
		c.AuthTime, c.IssuedAt = time.Unix(s.AuthTime, 0).UTC(), found.grant.CreatedAt
		return c, nil
	}
	if found.grant != nil {
		c.IssuedAt = found.grant.CreatedAt
	} else {
		c.IssuedAt = time.Unix(found.claims.IssuedAt, 0).UTC()
	}
	now, err := p.db.CachedClient(ctx, c.ClientID)
	if err != nil {
		return nil, err
	}
	c.Scopes = slices.DeleteFunc(c.Scopes, func(scope string) bool { return !slices.Contains(now.Settings.Audiences[audience], scope) })
	return c, nil
}
