package oidc

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/ory/fosite"

	"github.com/sallyport-id/sallyport/storage"
)

// standardScopes are those of OpenID Connect Core §5.4 and §11.
var standardScopes = []string{"openid", "profile", "email", "phone", "address", "offline_access"}

// A client is a registered client as one request sees it: with the API that the
// request is about. It implements fosite's client interfaces.
type client struct {
	*storage.Client
	api    *storage.API // nil: none
	scopes []string     // that may be granted in this request
	config *Config
	auth0  bool // who sent this request is an SDK of Auth0's (dialect.go)
}

var (
	_ fosite.Client                         = (*client)(nil)
	_ fosite.ResponseModeClient             = (*client)(nil)
	_ fosite.ClientWithCustomTokenLifespans = (*client)(nil)
)

// GetID implements fosite.Client.
func (c *client) GetID() string { return c.ID }

// GetHashedSecret implements fosite.Client. fosite never compares secrets here.
func (c *client) GetHashedSecret() []byte { return nil }

// GetRedirectURIs implements fosite.Client.
func (c *client) GetRedirectURIs() []string { return c.Metadata.RedirectURIs }

// GetGrantTypes implements fosite.Client.
func (c *client) GetGrantTypes() fosite.Arguments { return c.Metadata.GrantTypes }

// GetResponseTypes implements fosite.Client.
func (c *client) GetResponseTypes() fosite.Arguments { return c.Metadata.ResponseTypes }

// GetScopes implements fosite.Client.
func (c *client) GetScopes() fosite.Arguments { return c.scopes }

// IsPublic implements fosite.Client.
func (c *client) IsPublic() bool { return c.Public() }

// GetAudience implements fosite.Client.
func (c *client) GetAudience() fosite.Arguments {
	if c.api == nil {
		return nil
	}
	return fosite.Arguments{c.api.Audience}
}

// GetResponseModes implements fosite.ResponseModeClient.
func (c *client) GetResponseModes() []fosite.ResponseModeType {
	return []fosite.ResponseModeType{fosite.ResponseModeQuery, fosite.ResponseModeFragment, fosite.ResponseModeFormPost}
}

// GetEffectiveLifespan implements fosite.ClientWithCustomTokenLifespans: the API's
// word comes before the client's, and the client's before the tenant's.
func (c *client) GetEffectiveLifespan(_ fosite.GrantType, kind fosite.TokenType, fallback time.Duration) time.Duration {
	switch kind {
	case fosite.AccessToken:
		if c.api != nil && c.api.TokenTTL > 0 {
			return time.Duration(c.api.TokenTTL) * time.Second
		}
		return seconds(c.Settings.AccessTokenTTL, fallback)
	case fosite.RefreshToken:
		return seconds(c.Settings.RefreshTokenTTL, fallback)
	case fosite.IDToken:
		return seconds(c.Settings.IDTokenTTL, fallback)
	}
	return fallback
}

func (c *client) refreshAbsolute() time.Duration {
	return seconds(c.Settings.RefreshTokenAbsoluteTTL, c.config.RefreshTokenAbsoluteTTL)
}

func (c *client) refreshGrace() time.Duration {
	return seconds(c.Settings.RefreshGrace, c.config.RefreshGrace)
}

func seconds(n *int64, fallback time.Duration) time.Duration {
	if n == nil {
		return fallback
	}
	return time.Duration(*n) * time.Second
}

// requiresPKCE is on unless a confidential client switched it off (BCP-04).
func (c *client) requiresPKCE() bool {
	return c.Public() || c.Settings.RequirePKCE == nil || *c.Settings.RequirePKCE
}

// jwtAccess reports whether access tokens of this request are JWTs (RFC 9068).
func (c *client) jwtAccess() bool { return c.api != nil && c.api.TokenFormat == "jwt" }

// client finds a registered client and the API with that audience, "" for none. The
// error is a fault of ours, or *oauthError.
func (p *Provider) client(ctx context.Context, id string) (*client, error) {
	c, err := p.db.CachedClient(ctx, id)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, invalidClient(false)
	}
	if err != nil {
		return nil, err
	}
	return &client{Client: c, config: &p.config}, nil
}

// aim points c at an API, "" for none, and works out the scopes that people may grant
// it there.
func (p *Provider) aim(ctx context.Context, c *client, audience string) error {
	c.api = nil
	if audience != "" {
		api, err := p.apiFor(ctx, c, audience)
		if err != nil {
			return err
		}
		c.api = api
	}
	c.scopes = c.scopes[:0:0]
	own := strings.Fields(c.Metadata.Scope)
	for _, s := range standardScopes {
		if (len(own) == 0 || slices.Contains(own, s)) && (s != "offline_access" || slices.Contains(c.Metadata.GrantTypes, "refresh_token")) {
			c.scopes = append(c.scopes, s)
		}
	}
	if c.api != nil {
		for _, s := range c.api.Scopes {
			c.scopes = append(c.scopes, s.Value)
		}
	}
	return nil
}

// machineScopes are the scopes that a client may use at its API on its own behalf.
func (c *client) machineScopes() []string {
	if c.api == nil {
		return nil
	}
	var scopes []string
	for _, s := range c.api.Scopes {
		if slices.Contains(c.Settings.Audiences[c.api.Audience], s.Value) {
			scopes = append(scopes, s.Value)
		}
	}
	return scopes
}

// audienceOf reads which API a request is about: `resource` (RFC 8707) or `audience`,
// the same in Auth0's spelling.
func audienceOf(get func(string) string) (string, error) {
	resource, audience := get("resource"), get("audience")
	switch {
	case resource != "" && audience != "" && resource != audience:
		return "", fault("invalid_target", "resource and audience name different APIs; send one of them.")
	case audience == "":
		audience = resource
	}
	if strings.ContainsAny(audience, " #") {
		return "", fault("invalid_target", "Ask for one API at a time, by its absolute URI without a fragment.")
	}
	return audience, nil
}
