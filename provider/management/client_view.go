package management

import (
	"reflect"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/storage"
)

// A clientView is an application as the API shows one. The secret is in it where it was
// just made, and nowhere else: only its hash is kept.
type clientView struct {
	ClientID             string            `json:"client_id"`
	Secret               string            `json:"client_secret,omitempty"`
	Name                 string            `json:"name"`
	Description          string            `json:"description,omitempty"`
	LogoURI              string            `json:"logo_uri,omitempty"`
	Global               bool              `json:"global"`
	AppType              string            `json:"app_type,omitempty"`
	FirstParty           bool              `json:"is_first_party"`
	OIDCConformant       bool              `json:"oidc_conformant"`
	Callbacks            []string          `json:"callbacks"`
	AllowedLogoutURLs    []string          `json:"allowed_logout_urls"`
	WebOrigins           []string          `json:"web_origins"`
	GrantTypes           []string          `json:"grant_types"`
	AuthMethod           string            `json:"token_endpoint_auth_method"`
	TrustForwardedFor    bool              `json:"is_token_endpoint_ip_header_trusted"`
	JWT                  jwtConfiguration  `json:"jwt_configuration"`
	RefreshToken         refreshTokenRules `json:"refresh_token"`
	Metadata             map[string]string `json:"client_metadata,omitempty"`
	InitiateLoginURI     string            `json:"initiate_login_uri,omitempty"`
	RequirePAR           bool              `json:"require_pushed_authorization_requests"`
	JWKSURI              string            `json:"jwks_uri,omitempty"`
	SSODisabled          bool              `json:"sso_disabled"`
	CrossOrigin          bool              `json:"cross_origin_authentication"`
	CustomLoginPageOn    bool              `json:"custom_login_page_on"`
	OrganizationUsage    string            `json:"organization_usage"`
	OrganizationBehavior string            `json:"organization_require_behavior"`
}

func viewClient(c *storage.Client, secret string) *clientView {
	m, s := &c.Metadata, &c.Settings
	no := false
	return &clientView{
		ClientID: c.ID, Secret: secret, Name: c.Name, Description: s.Description, LogoURI: m.LogoURI, AppType: appType(c),
		FirstParty: s.FirstParty, OIDCConformant: true, Callbacks: listOf(m.RedirectURIs), AllowedLogoutURLs: listOf(m.PostLogoutRedirectURIs),
		WebOrigins: listOf(s.WebOrigins), GrantTypes: listOf(m.GrantTypes), AuthMethod: m.TokenEndpointAuthMethod, TrustForwardedFor: s.TrustForwardedFor,
		JWT: jwtConfiguration{Alg: m.IDTokenSignedResponseAlg, Lifetime: s.IDTokenTTL, SecretEncoded: &no},
		RefreshToken: refreshTokenRules{
			RotationType: "rotating", ExpirationType: "expiring", Leeway: s.RefreshGrace, Lifetime: s.RefreshTokenAbsoluteTTL,
			IdleLifetime: s.RefreshTokenTTL, InfiniteLifetime: &no, InfiniteIdleLifetime: &no,
		},
		Metadata: s.Metadata, InitiateLoginURI: m.InitiateLoginURI, RequirePAR: m.RequirePAR, JWKSURI: m.JWKSURI, CustomLoginPageOn: true,
		OrganizationUsage: "allow", OrganizationBehavior: "no_prompt",
	}
}

// changed names the members that are others in after, for the audit log.
func (v *clientView) changed(after *clientView) string {
	var names []string
	old, now := reflect.ValueOf(*v), reflect.ValueOf(*after)
	for i := range old.NumField() {
		if !reflect.DeepEqual(old.Field(i).Interface(), now.Field(i).Interface()) {
			name, _, _ := strings.Cut(old.Type().Field(i).Tag.Get("json"), ",")
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// appType is Auth0's word for what c is, where nobody said one.
func appType(c *storage.Client) string {
	code := slices.Contains(c.Metadata.GrantTypes, "authorization_code")
	switch {
	case c.Settings.AppType != "":
		return c.Settings.AppType
	case c.Metadata.ApplicationType == "native":
		return "native"
	case code && c.Public():
		return "spa"
	case code:
		return "regular_web"
	}
	return "non_interactive"
}

// listOf is a list that is [] in JSON where it is empty.
func listOf(values []string) []string {
	if values == nil {
		return []string{}
	}
	return values
}
