package oidc

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/oauth2"
	"github.com/ory/fosite/handler/openid"
	"github.com/ory/fosite/handler/pkce"

	"github.com/sallyport-id/sallyport/storage"
)

// A store is what fosite's handlers see of the tables: the work of the request. A
// "signature" of fosite's is the key of a row, as a string; empty for what is no token
// of ours.
type store struct{ p *Provider }

var (
	_ fosite.Storage                     = (*store)(nil)
	_ oauth2.CoreStorage                 = (*store)(nil)
	_ oauth2.TokenRevocationStorage      = (*store)(nil)
	_ openid.OpenIDConnectRequestStorage = (*store)(nil)
	_ pkce.PKCERequestStorage            = (*store)(nil)
)

// errUnused is the answer of methods that no handler of ours calls.
var errUnused = errors.New("oidc: fosite called what is not in use")

// GetClient implements fosite.ClientManager: the client of the request was found
// before fosite was asked.
func (s *store) GetClient(ctx context.Context, id string) (fosite.Client, error) {
	if c := workOf(ctx).client; c != nil && c.ID == id {
		return c, nil
	}
	return nil, fosite.ErrNotFound
}

// ClientAssertionJWTValid implements fosite.ClientManager.
func (s *store) ClientAssertionJWTValid(context.Context, string) error { return errUnused }

// SetClientAssertionJWT implements fosite.ClientManager.
func (s *store) SetClientAssertionJWT(context.Context, string, time.Time) error { return errUnused }

// load reads the grant that the request redeems, once. A grant of another client, of
// a blocked user or of no user any more is not there: who shows it learns nothing and
// changes nothing.
func (s *store) load(ctx context.Context, kind, key string) error {
	w := workOf(ctx)
	if w.grant != nil {
		return nil
	}
	if key == "" {
		return fosite.ErrNotFound
	}
	g, user, err := s.p.db.GrantWithUser(ctx, []string{kind}, []byte(key))
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return fosite.ErrNotFound
	case err != nil:
		return err
	case g.ClientID != w.client.ID, user == nil:
		return fosite.ErrNotFound
	case user.Blocked:
		return fmt.Errorf("%w: %w", fosite.ErrNotFound, errBlocked)
	}
	rec, err := decodeRecord(g.Data)
	if err != nil {
		return err
	}
	if err := s.p.aim(ctx, w.client, rec.Session.Audience); err != nil {
		return err
	}
	w.grant, w.record, w.user = g, rec, user
	return nil
}

// CreateAuthorizeCodeSession implements oauth2.AuthorizeCodeStorage.
func (s *store) CreateAuthorizeCodeSession(ctx context.Context, key string, r fosite.Requester) error {
	sess, ok := r.GetSession().(*session)
	if !ok {
		return errUnused
	}
	sess.Scopes = slices.Clone(r.GetGrantedScopes())
	rec := &record{Session: sess, RedirectURI: r.GetRequestForm().Get("redirect_uri")}
	workOf(ctx).add(storage.GrantCode, []byte(key), r.GetID(), sess, rec)
	return nil
}

// GetAuthorizeCodeSession implements oauth2.AuthorizeCodeStorage. The redirect_uri
// has to be repeated unless PKCE binds the code to the client already (OAuth 2.1
// §4.1.3); if it is sent, it has to match.
func (s *store) GetAuthorizeCodeSession(ctx context.Context, key string, _ fosite.Session) (fosite.Requester, error) {
	if err := s.load(ctx, storage.GrantCode, key); err != nil {
		return nil, err
	}
	w := workOf(ctx)
	form := url.Values{"redirect_uri": {w.record.RedirectURI}}
	if w.record.Challenge != "" && !tokenForm(ctx).Has("redirect_uri") {
		form.Del("redirect_uri")
	}
	r := w.hydrate(form)
	switch {
	case !w.grant.UsedAt.IsZero():
		return r, fosite.ErrInvalidatedAuthorizeCode
	case !w.grant.Active:
		return nil, fosite.ErrNotFound
	}
	return r, nil
}

// tokenForm is the form of the token request in ctx.
func tokenForm(ctx context.Context) url.Values {
	if r, ok := ctx.Value(fosite.AccessRequestContextKey).(*fosite.AccessRequest); ok {
		return r.Form
	}
	return url.Values{}
}

// InvalidateAuthorizeCodeSession implements oauth2.AuthorizeCodeStorage.
func (s *store) InvalidateAuthorizeCodeSession(ctx context.Context, _ string) error {
	workOf(ctx).spend = true
	return nil
}

// CreatePKCERequestSession implements pkce.PKCERequestStorage: the challenge is part
// of the code's own row.
func (s *store) CreatePKCERequestSession(ctx context.Context, _ string, r fosite.Requester) error {
	workOf(ctx).code.Challenge = r.GetRequestForm().Get("code_challenge")
	return nil
}

// GetPKCERequestSession implements pkce.PKCERequestStorage. A code with a challenge
// has one on every try (hole 1).
func (s *store) GetPKCERequestSession(ctx context.Context, key string, _ fosite.Session) (fosite.Requester, error) {
	if err := s.load(ctx, storage.GrantCode, key); err != nil {
		return nil, err
	}
	w := workOf(ctx)
	if w.record.Challenge == "" {
		return nil, fosite.ErrNotFound
	}
	return w.hydrate(url.Values{"code_challenge": {w.record.Challenge}, "code_challenge_method": {"S256"}}), nil
}

// DeletePKCERequestSession implements pkce.PKCERequestStorage. It deletes nothing: a
// wrong verifier must not clear the way for none (hole 1).
func (s *store) DeletePKCERequestSession(context.Context, string) error { return nil }

// CreateOpenIDConnectSession implements openid.OpenIDConnectRequestStorage; it is the
// code's session.
func (s *store) CreateOpenIDConnectSession(context.Context, string, fosite.Requester) error {
	return nil
}

// GetOpenIDConnectSession implements openid.OpenIDConnectRequestStorage.
func (s *store) GetOpenIDConnectSession(ctx context.Context, _ string, _ fosite.Requester) (fosite.Requester, error) {
	w := workOf(ctx)
	if w.record == nil || !slices.Contains(w.record.Session.Scopes, "openid") {
		return nil, openid.ErrNoSessionFound
	}
	return w.hydrate(url.Values{}), nil
}

// DeleteOpenIDConnectSession implements openid.OpenIDConnectRequestStorage.
func (s *store) DeleteOpenIDConnectSession(context.Context, string) error { return nil }

// CreateAccessTokenSession implements oauth2.AccessTokenStorage. A client's own JWT
// has no key and no row: it cannot be revoked, and is short-lived instead.
func (s *store) CreateAccessTokenSession(ctx context.Context, key string, r fosite.Requester) error {
	sess, ok := r.GetSession().(*session)
	if !ok {
		return errUnused
	}
	if key == "" {
		return nil
	}
	rec := &record{Session: sess}
	if granted := r.GetGrantedScopes(); !slices.Equal(granted, sess.Scopes) {
		rec.Scopes = slices.Clone(granted)
	}
	workOf(ctx).add(storage.GrantAccess, []byte(key), r.GetID(), sess, rec)
	return nil
}

// GetAccessTokenSession implements oauth2.AccessTokenStorage.
func (s *store) GetAccessTokenSession(context.Context, string, fosite.Session) (fosite.Requester, error) {
	return nil, errUnused
}

// DeleteAccessTokenSession implements oauth2.AccessTokenStorage.
func (s *store) DeleteAccessTokenSession(context.Context, string) error { return errUnused }

// CreateRefreshTokenSession implements oauth2.RefreshTokenStorage. The new token has
// all that the authorization allowed, however narrow the access token beside it is.
func (s *store) CreateRefreshTokenSession(ctx context.Context, key, _ string, r fosite.Requester) error {
	sess, ok := r.GetSession().(*session)
	if !ok {
		return errUnused
	}
	workOf(ctx).add(storage.GrantRefresh, []byte(key), r.GetID(), sess, &record{Session: sess})
	return nil
}

// GetRefreshTokenSession implements oauth2.RefreshTokenStorage. A used token is good
// once more for a moment, for a client that lost the answer; later it is a theft.
func (s *store) GetRefreshTokenSession(ctx context.Context, key string, _ fosite.Session) (fosite.Requester, error) {
	if err := s.load(ctx, storage.GrantRefresh, key); err != nil {
		return nil, err
	}
	w := workOf(ctx)
	switch {
	case !w.grant.Active:
		return nil, fosite.ErrNotFound
	case w.grant.UsedAt.IsZero():
	case w.client.refreshGrace() > 0 && w.now.Sub(w.grant.UsedAt) < w.client.refreshGrace():
		if w.grant.Uses >= refreshUses {
			return nil, fosite.ErrNotFound
		}
		w.again = true
	default:
		return w.hydrate(url.Values{}), fosite.ErrInactiveToken
	}
	return w.hydrate(url.Values{}), nil
}

// refreshUses is how often a refresh token can be used, the grace included.
const refreshUses = 2

// DeleteRefreshTokenSession implements oauth2.RefreshTokenStorage.
func (s *store) DeleteRefreshTokenSession(context.Context, string) error { return nil }

// RotateRefreshToken implements oauth2.RefreshTokenStorage.
func (s *store) RotateRefreshToken(ctx context.Context, _, _ string) error {
	workOf(ctx).spend = true
	return nil
}

// RevokeRefreshToken implements oauth2.TokenRevocationStorage: all that came from the
// authorization ends, because something of it was used twice.
func (s *store) RevokeRefreshToken(ctx context.Context, requestID string) error {
	return s.p.endFamily(ctx, workOf(ctx), requestID)
}

// RevokeAccessToken implements oauth2.TokenRevocationStorage; RevokeRefreshToken is
// always called beside it and ends both.
func (s *store) RevokeAccessToken(context.Context, string) error { return nil }
