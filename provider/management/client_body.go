package management

import (
	"slices"

	"github.com/sallyport-id/sallyport/storage"
)

// A clientBody is an application as Auth0's API takes it. What is not here cannot be set;
// what can have one value only is in fixed.
type clientBody struct {
	Name                 Optional[string]            `json:"name,omitempty" minLength:"1" maxLength:"100"`
	Description          Optional[string]            `json:"description,omitempty" maxLength:"140"`
	LogoURI              Optional[string]            `json:"logo_uri,omitempty" maxLength:"2048"`
	Callbacks            Optional[[]string]          `json:"callbacks,omitempty" maxItems:"100"`
	AllowedLogoutURLs    Optional[[]string]          `json:"allowed_logout_urls,omitempty" maxItems:"100"`
	GrantTypes           Optional[[]string]          `json:"grant_types,omitempty" maxItems:"50"`
	AuthMethod           Optional[string]            `json:"token_endpoint_auth_method,omitempty" enum:"none,client_secret_post,client_secret_basic,private_key_jwt"`
	AppType              Optional[string]            `json:"app_type,omitempty" enum:"native,spa,regular_web,non_interactive"`
	FirstParty           Optional[bool]              `json:"is_first_party,omitempty"`
	TrustForwardedFor    Optional[bool]              `json:"is_token_endpoint_ip_header_trusted,omitempty"`
	WebOrigins           Optional[[]string]          `json:"web_origins,omitempty" maxItems:"100"`
	AllowedOrigins       Optional[[]string]          `json:"allowed_origins,omitempty" maxItems:"100" doc:"of no effect: every origin may call the API without cookies"`
	JWT                  Optional[jwtConfiguration]  `json:"jwt_configuration,omitempty"`
	RefreshToken         Optional[refreshTokenRules] `json:"refresh_token,omitempty"`
	Metadata             Optional[map[string]string] `json:"client_metadata,omitempty"`
	InitiateLoginURI     Optional[string]            `json:"initiate_login_uri,omitempty" maxLength:"2048"`
	RequirePAR           Optional[bool]              `json:"require_pushed_authorization_requests,omitempty"`
	JWKSURI              Optional[string]            `json:"jwks_uri,omitempty" maxLength:"2048" doc:"ours: where the public keys of private_key_jwt are"`
	OIDCConformant       *bool                       `json:"oidc_conformant,omitempty" doc:"true; there is no other way"`
	SSODisabled          *bool                       `json:"sso_disabled,omitempty"`
	SSO                  *bool                       `json:"sso,omitempty"`
	CrossOrigin          *bool                       `json:"cross_origin_authentication,omitempty"`
	CustomLoginPageOn    *bool                       `json:"custom_login_page_on,omitempty" doc:"of no effect"`
	OrganizationUsage    string                      `json:"organization_usage,omitempty" enum:"allow,deny,require"`
	OrganizationBehavior string                      `json:"organization_require_behavior,omitempty" enum:"no_prompt,pre_login_prompt,post_login_prompt"`
}

// jwtConfiguration is about ID tokens.
type jwtConfiguration struct {
	Alg           string         `json:"alg,omitempty" enum:"RS256,ES256,EdDSA,HS256,RS512,PS256"`
	Lifetime      *int64         `json:"lifetime_in_seconds,omitempty" minimum:"0" maximum:"2592000"`
	SecretEncoded *bool          `json:"secret_encoded,omitempty"`
	Scopes        map[string]any `json:"scopes,omitempty"`
}

// refreshTokenRules are Auth0's words for how refresh tokens live, in seconds.
type refreshTokenRules struct {
	RotationType         string `json:"rotation_type,omitempty" enum:"rotating,non-rotating"`
	ExpirationType       string `json:"expiration_type,omitempty" enum:"expiring,non-expiring"`
	Leeway               *int64 `json:"leeway,omitempty" minimum:"0" maximum:"2592000"`
	Lifetime             *int64 `json:"token_lifetime,omitempty" minimum:"1" maximum:"157788000"`
	IdleLifetime         *int64 `json:"idle_token_lifetime,omitempty" minimum:"1" maximum:"157788000"`
	InfiniteLifetime     *bool  `json:"infinite_token_lifetime,omitempty"`
	InfiniteIdleLifetime *bool  `json:"infinite_idle_token_lifetime,omitempty"`
}

// apply puts what b has into c. What a client cannot be here is named, and nothing of it
// is taken in silence.
func (b *clientBody) apply(c *storage.Client) error {
	if err := b.fixed(); err != nil {
		return err
	}
	m, s := &c.Metadata, &c.Settings
	b.Name.change(&c.Name)
	b.Description.change(&s.Description)
	b.LogoURI.change(&m.LogoURI)
	b.Callbacks.change(&m.RedirectURIs)
	b.AllowedLogoutURLs.change(&m.PostLogoutRedirectURIs)
	b.FirstParty.change(&s.FirstParty)
	b.TrustForwardedFor.change(&s.TrustForwardedFor)
	b.WebOrigins.change(&s.WebOrigins)
	b.Metadata.change(&s.Metadata)
	b.InitiateLoginURI.change(&m.InitiateLoginURI)
	b.RequirePAR.change(&m.RequirePAR)
	b.JWKSURI.change(&m.JWKSURI)
	b.AuthMethod.change(&m.TokenEndpointAuthMethod)
	b.applyType(c)
	b.applyGrants(c)
	if b.JWT.Set {
		m.IDTokenSignedResponseAlg = b.JWT.Value.Alg
		s.IDTokenTTL = b.JWT.Value.Lifetime
	}
	if b.RefreshToken.Set {
		b.RefreshToken.Value.apply(s)
	}
	return nil
}

// applyType derives what Auth0 has in one word.
func (b *clientBody) applyType(c *storage.Client) {
	if !b.AppType.Set {
		return
	}
	c.Settings.AppType = b.AppType.Value
	c.Metadata.ApplicationType = "web"
	if b.AppType.Value == "native" {
		c.Metadata.ApplicationType = "native"
	}
	if b.AuthMethod.Set || c.Metadata.TokenEndpointAuthMethod != "" {
		return
	}
	if b.AppType.Value == "native" || b.AppType.Value == "spa" {
		c.Metadata.TokenEndpointAuthMethod = "none"
	}
}

func (b *clientBody) applyGrants(c *storage.Client) {
	if !b.GrantTypes.Set {
		return
	}
	m := &c.Metadata
	m.GrantTypes = slices.Clone(b.GrantTypes.Value)
	m.ResponseTypes = nil
	if slices.Contains(m.GrantTypes, "authorization_code") {
		m.ResponseTypes = []string{"code"}
	}
}

func (r refreshTokenRules) apply(s *storage.ClientSettings) {
	if r.Leeway != nil {
		s.RefreshGrace = r.Leeway
	}
	if r.Lifetime != nil {
		s.RefreshTokenAbsoluteTTL = r.Lifetime
	}
	if r.IdleLifetime != nil {
		s.RefreshTokenTTL = r.IdleLifetime
	}
}

// fixed refuses values of members that have but one here.
func (b *clientBody) fixed() error {
	for _, one := range []struct {
		field string
		given *bool
		only  bool
		why   string
	}{
		{"oidc_conformant", b.OIDCConformant, true, "there are no other than conformant clients; leave it out or use true"},
		{"sso_disabled", b.SSODisabled, false, "single sign-on is not switched off by client; ask with prompt=login"},
		{"cross_origin_authentication", b.CrossOrigin, false, "passwords are typed on our pages only; use the redirect"},
		{"jwt_configuration.secret_encoded", b.JWT.Value.SecretEncoded, false, "secrets are texts; use false"},
	} {
		if one.given != nil && *one.given != one.only {
			return invalid(one.field, one.why)
		}
	}
	r := b.RefreshToken.Value
	switch {
	case b.OrganizationUsage != "" && b.OrganizationUsage != "allow":
		return invalid("organization_usage", "every client may be used with and without an organization; use allow")
	case b.OrganizationBehavior != "" && b.OrganizationBehavior != "no_prompt":
		return invalid("organization_require_behavior", "an application names the organization itself; use no_prompt")
	case len(b.JWT.Value.Scopes) > 0:
		return invalid("jwt_configuration.scopes", "scopes are those of the APIs; leave it out")
	case slices.Contains([]string{"HS256", "RS512", "PS256"}, b.JWT.Value.Alg):
		return invalid("jwt_configuration.alg", "use RS256, ES256 or EdDSA")
	case r.RotationType == "non-rotating":
		return invalid("refresh_token.rotation_type", "refresh tokens change with each use; use rotating")
	case r.ExpirationType == "non-expiring":
		return invalid("refresh_token.expiration_type", "refresh tokens end; use expiring")
	case isTrue(r.InfiniteLifetime) || isTrue(r.InfiniteIdleLifetime):
		return invalid("refresh_token.infinite_token_lifetime", "refresh tokens end; give token_lifetime and idle_token_lifetime")
	}
	return nil
}

func isTrue(b *bool) bool { return b != nil && *b }
