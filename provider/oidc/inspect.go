package oidc

import (
	"context"
	"errors"
	"strings"

	"github.com/sallyport-id/sallyport/storage"
)

// An inspected token is one that counts now.
type inspected struct {
	kind   string // of storage's grants
	grant  *storage.Grant
	record *record
	user   *storage.User // nil where a client acts for itself
	claims *accessClaims // of a JWT, else nil
}

// errDead is the answer for a token that is unknown, expired, used, revoked, or whose
// user or client is gone.
var errDead = errors.New("oidc: the token does not count")

// inspect finds out what a token of ours is worth. Garbage costs no read.
//
// Errors: errDead; a fault of the database.
func (p *Provider) inspect(ctx context.Context, token string) (*inspected, error) {
	switch {
	case genuine(p.db, accessPrefix, token):
		return p.lookUp(ctx, storage.GrantAccess, keyOf(p.db, token))
	case genuine(p.db, refreshPrefix, token):
		return p.lookUp(ctx, storage.GrantRefresh, keyOf(p.db, token))
	case strings.Count(token, ".") == 2:
		return p.inspectJWT(ctx, token)
	}
	return nil, errDead
}

func (p *Provider) lookUp(ctx context.Context, kind string, key []byte) (*inspected, error) {
	g, user, err := p.db.GrantWithUser(ctx, []string{kind}, key)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, errDead
	}
	if err != nil {
		return nil, err
	}
	now := p.now()
	if !g.Active || !g.UsedAt.IsZero() || !now.Before(g.ExpiresAt) || user != nil && user.Blocked {
		return nil, errDead
	}
	if err := p.clientLives(ctx, g.ClientID); err != nil {
		return nil, err
	}
	rec, err := decodeRecord(g.Data)
	if err != nil {
		return nil, err
	}
	return &inspected{kind: kind, grant: g, record: rec, user: user}, nil
}

func (p *Provider) clientLives(ctx context.Context, id string) error {
	c, err := p.db.CachedClient(ctx, id)
	if errors.Is(err, storage.ErrNotFound) || err == nil && c.Disabled {
		return errDead
	}
	return err
}

// inspectJWT checks a JWT access token: signature, type, issuer and dates, and, where
// it is a person's, that its authorization still stands.
func (p *Provider) inspectJWT(ctx context.Context, token string) (*inspected, error) {
	claims := &accessClaims{}
	if p.keys.verify(token, typAccess, claims) != nil || claims.Issuer != p.issuer || p.now().Unix() >= claims.Expiry {
		return nil, errDead
	}
	if claims.Subject == claims.ClientID {
		return &inspected{kind: storage.GrantAccess, claims: claims}, p.clientLives(ctx, claims.ClientID)
	}
	found, err := p.lookUp(ctx, storage.GrantAccess, keyOfJWT(p.db, claims.ID))
	if err != nil {
		return nil, err
	}
	found.claims = claims
	return found, nil
}

func (t *inspected) clientID() string {
	if t.grant != nil {
		return t.grant.ClientID
	}
	return t.claims.ClientID
}

func (t *inspected) scopes() []string {
	if t.record != nil {
		return t.record.granted()
	}
	return strings.Fields(t.claims.Scope)
}

func (t *inspected) audience() string {
	if t.record != nil {
		return t.record.Session.Audience
	}
	if len(t.claims.Audience) > 0 {
		return t.claims.Audience[0]
	}
	return ""
}
