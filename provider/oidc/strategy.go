package oidc

import (
	"context"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/oauth2"
	"github.com/ory/fosite/handler/openid"
)

// A strategy makes tokens for fosite's handlers.
type strategy struct{ p *Provider }

var (
	_ oauth2.CoreStrategy               = (*strategy)(nil)
	_ openid.OpenIDConnectTokenStrategy = (*strategy)(nil)
)

func (s *strategy) signature(prefix, token string) string {
	if !genuine(s.p.db, prefix, token) {
		return ""
	}
	return string(keyOf(s.p.db, token))
}

func (s *strategy) generate(prefix string) (token, key string, err error) {
	token = mint(s.p.db, prefix)
	return token, string(keyOf(s.p.db, token)), nil
}

// alive checks the grant that the work redeems.
func (s *strategy) alive(ctx context.Context) error {
	w := workOf(ctx)
	if w.grant == nil || !w.now.Before(w.grant.ExpiresAt) {
		return fosite.ErrTokenExpired
	}
	return nil
}

// AuthorizeCodeSignature implements oauth2.AuthorizeCodeStrategy.
func (s *strategy) AuthorizeCodeSignature(_ context.Context, token string) string {
	return s.signature(codePrefix, token)
}

// GenerateAuthorizeCode implements oauth2.AuthorizeCodeStrategy.
func (s *strategy) GenerateAuthorizeCode(context.Context, fosite.Requester) (token, key string, err error) {
	return s.generate(codePrefix)
}

// ValidateAuthorizeCode implements oauth2.AuthorizeCodeStrategy.
func (s *strategy) ValidateAuthorizeCode(ctx context.Context, _ fosite.Requester, _ string) error {
	return s.alive(ctx)
}

// AccessTokenSignature implements oauth2.AccessTokenStrategy.
func (s *strategy) AccessTokenSignature(_ context.Context, token string) string {
	return s.signature(accessPrefix, token)
}

// GenerateAccessToken implements oauth2.AccessTokenStrategy: a JWT for an API that
// reads them, else an opaque token.
func (s *strategy) GenerateAccessToken(ctx context.Context, r fosite.Requester) (token, key string, err error) {
	w := workOf(ctx)
	if !w.client.jwtAccess() {
		token, key, err = s.generate(accessPrefix)
	} else {
		token, key, err = s.p.signAccess(w, r)
	}
	w.access = token
	return token, key, err
}

// ValidateAccessToken implements oauth2.AccessTokenStrategy; our own endpoints do it.
func (s *strategy) ValidateAccessToken(context.Context, fosite.Requester, string) error {
	return errUnused
}

// RefreshTokenSignature implements oauth2.RefreshTokenStrategy.
func (s *strategy) RefreshTokenSignature(_ context.Context, token string) string {
	return s.signature(refreshPrefix, token)
}

// GenerateRefreshToken implements oauth2.RefreshTokenStrategy.
func (s *strategy) GenerateRefreshToken(context.Context, fosite.Requester) (token, key string, err error) {
	return s.generate(refreshPrefix)
}

// ValidateRefreshToken implements oauth2.RefreshTokenStrategy.
func (s *strategy) ValidateRefreshToken(ctx context.Context, _ fosite.Requester, _ string) error {
	return s.alive(ctx)
}

// GenerateIDToken implements openid.OpenIDConnectTokenStrategy.
func (s *strategy) GenerateIDToken(ctx context.Context, lifespan time.Duration, r fosite.Requester) (string, error) {
	return s.p.signID(workOf(ctx), lifespan, r)
}
