package oidc

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/go-jose/go-jose/v3"
	"github.com/hashicorp/go-retryablehttp"
	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/oauth2"
	"github.com/ory/fosite/handler/openid"
	"github.com/ory/fosite/handler/pkce"
)

// policies is fosite's configuration. It never changes after compose, and what
// differs by client it decides from the work of the request.
type policies struct {
	*fosite.Config
}

// GetEnforcePKCE is the client's own setting.
func (policies) GetEnforcePKCE(ctx context.Context) bool { return workOf(ctx).client.requiresPKCE() }

// GetClientAuthenticationStrategy: the client was authenticated before fosite was
// asked.
func (policies) GetClientAuthenticationStrategy(context.Context) fosite.ClientAuthenticationStrategy {
	return func(ctx context.Context, _ *http.Request, _ url.Values) (fosite.Client, error) {
		return workOf(ctx).client, nil
	}
}

// GetRefreshTokenLifespan is the tenant's; a client's own comes from the client.
func (c policies) GetRefreshTokenLifespan(context.Context) time.Duration {
	return c.RefreshTokenLifespan
}

// unreachable stands where fosite would otherwise make a default of its own that
// fetches and hashes. Nothing that we register uses it.
type unreachable struct{}

func (unreachable) Resolve(context.Context, string, bool) (*jose.JSONWebKeySet, error) {
	return nil, errors.New("oidc: fosite fetches nothing here")
}

func (unreachable) Compare(context.Context, []byte, []byte) error {
	return errors.New("oidc: fosite compares no secret here")
}

func (unreachable) Hash(context.Context, []byte) ([]byte, error) {
	return nil, errors.New("oidc: fosite hashes no secret here")
}

// compose puts the handlers together that we use of fosite's. The lists are made
// directly: fosite's Append drops a second handler of one type. Order matters: the
// code before its OpenID Connect part before PKCE.
func compose(p *Provider) *fosite.Fosite {
	c := p.config
	own := policies{&fosite.Config{
		AuthorizeCodeLifespan: c.CodeTTL, AccessTokenLifespan: c.AccessTokenTTL, IDTokenLifespan: c.IDTokenTTL,
		RefreshTokenLifespan: c.RefreshTokenTTL, IDTokenIssuer: p.issuer, AccessTokenIssuer: p.issuer,
		ScopeStrategy: fosite.ExactScopeStrategy, AudienceMatchingStrategy: fosite.ExactAudienceMatchingStrategy,
		RefreshTokenScopes: []string{"offline_access"}, EnforcePKCEForPublicClients: true,
		RedirectSecureChecker:  func(context.Context, *url.URL) bool { return true }, // checked at registration, compared since
		OmitRedirectScopeParam: true, TokenURL: p.at("/oauth/token"),
		ClientSecretsHasher: unreachable{}, JWKSFetcherStrategy: unreachable{}, HTTPClient: &retryablehttp.Client{},
	}}
	rows, tokens := &store{p}, &strategy{p}
	code := &oauth2.AuthorizeExplicitGrantHandler{
		AccessTokenStrategy: tokens, RefreshTokenStrategy: tokens, AuthorizeCodeStrategy: tokens,
		CoreStorage: rows, TokenRevocationStorage: rows, Config: own,
	}
	helper := &openid.IDTokenHandleHelper{IDTokenStrategy: tokens}
	identity := &openid.OpenIDConnectExplicitHandler{
		OpenIDConnectRequestStorage: rows, IDTokenHandleHelper: helper, Config: own,
		OpenIDConnectRequestValidator: openid.NewOpenIDConnectRequestValidator(nil, own), // hints are read before
	}
	proof := &pkce.Handler{AuthorizeCodeStrategy: tokens, Storage: rows, Config: own}
	own.AuthorizeEndpointHandlers = fosite.AuthorizeEndpointHandlers{code, identity, proof}
	own.TokenEndpointHandlers = fosite.TokenEndpointHandlers{
		code, identity, proof,
		&oauth2.RefreshTokenGrantHandler{AccessTokenStrategy: tokens, RefreshTokenStrategy: tokens, TokenRevocationStorage: rows, Config: own},
		&openid.OpenIDConnectRefreshHandler{IDTokenHandleHelper: helper, Config: own},
		&oauth2.ClientCredentialsGrantHandler{
			HandleHelper: &oauth2.HandleHelper{AccessTokenStrategy: tokens, AccessTokenStorage: rows, Config: own}, Config: own,
		},
	}
	return fosite.NewOAuth2Provider(rows, own)
}
