package management

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sallyport-id/sallyport/storage"
)

// maxIDTokenTTL is as long as a key is published after its last signature, in seconds.
const maxIDTokenTTL = 24 * 60 * 60

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code" // RFC 8628

var (
	authMethods   = []string{"client_secret_basic", "client_secret_post", "private_key_jwt", "none"}
	grantTypes    = slices.Concat([]string{"authorization_code", "refresh_token", "client_credentials", deviceGrant}, passwordGrants, mfaGrants)
	signatureAlgs = []string{"RS256", "ES256", "EdDSA"}
	assertionAlgs = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
	// Grants by which a client takes what people show, in place of our pages, by Auth0's names.
	passwordGrants = []string{"password", "http://auth0.com/oauth/grant-type/password-realm"}
	mfaGrants      = []string{
		"http://auth0.com/oauth/grant-type/mfa-otp", "http://auth0.com/oauth/grant-type/mfa-oob", "http://auth0.com/oauth/grant-type/mfa-recovery-code",
	}
	clientPolicies = []string{"", "never", "always", "adaptive"}
)

// PasswordGrants are the grants by which a client takes passwords.
func PasswordGrants() []string { return slices.Clone(passwordGrants) }

// KnownGrant reports whether clients may have a grant.
func KnownGrant(name string) bool { return slices.Contains(grantTypes, name) }

// ClientDefaults fills what the registration left out with the defaults of OpenID
// Connect Dynamic Client Registration §2.
func ClientDefaults(c *storage.Client) {
	m := &c.Metadata
	if len(m.GrantTypes) == 0 {
		m.GrantTypes = []string{"authorization_code"}
	}
	if len(m.ResponseTypes) == 0 && slices.Contains(m.GrantTypes, "authorization_code") {
		m.ResponseTypes = []string{"code"}
	}
	setDefault(&m.ApplicationType, "web")
	setDefault(&m.TokenEndpointAuthMethod, "client_secret_basic")
	setDefault(&m.IDTokenSignedResponseAlg, "RS256")
	setDefault(&m.SubjectType, "public")
}

func setDefault(field *string, value string) {
	if *field == "" {
		*field = value
	}
}

// ValidateClient checks everything a client says of itself. The error is an *Invalid
// with all faults. It looks at the client only: whether its audiences and factors
// exist is for the caller, who has the database.
func ValidateClient(c *storage.Client) error {
	var f faults
	m, s := &c.Metadata, &c.Settings
	validateNames(&f, c)
	oneOf(&f, "application_type", m.ApplicationType, []string{"", "web", "native"})
	oneOf(&f, "token_endpoint_auth_method", m.TokenEndpointAuthMethod, append([]string{""}, authMethods...))
	oneOf(&f, "id_token_signed_response_alg", m.IDTokenSignedResponseAlg, append([]string{""}, signatureAlgs...))
	oneOf(&f, "userinfo_signed_response_alg", m.UserinfoSignedResponseAlg, append([]string{""}, signatureAlgs...))
	oneOf(&f, "token_endpoint_auth_signing_alg", m.TokenEndpointAuthAlg, append([]string{""}, assertionAlgs...))
	oneOf(&f, "subject_type", m.SubjectType, []string{"", "public"})
	oneOf(&f, "settings.policy", s.Policy, clientPolicies)
	oneOf(&f, "settings.access_token_alg", s.AccessTokenAlg, append([]string{""}, signatureAlgs...))
	validateGrants(&f, c)
	validateRedirects(&f, m)
	validateOrigins(&f, s.WebOrigins)
	validateKeys(&f, m)
	validateLinks(&f, m)
	validateNumbers(&f, c)
	for audience := range s.Audiences {
		if u, err := url.Parse(audience); err != nil || !u.IsAbs() || u.Fragment != "" {
			f.add("settings.audiences", strconv.Quote(audience)+" is not an absolute URI", "name the API as `sallyport api list` shows it")
		}
	}
	return f.err()
}

func oneOf(f *faults, field, value string, allowed []string) {
	if slices.Contains(allowed, value) {
		return
	}
	names := strings.Join(slices.DeleteFunc(slices.Clone(allowed), func(s string) bool { return s == "" }), ", ")
	f.add(field, "we do not know "+strconv.Quote(value), "use one of %s", names)
}

// validateNames keeps out what could impersonate: a name that turns the direction of
// the text around it, an id that could be taken for a person's (RFC 9700 §4.15).
func validateNames(f *faults, c *storage.Client) {
	switch {
	case c.ID == "" || len(c.ID) > 128:
		f.add("client_id", "has "+strconv.Itoa(len(c.ID))+" characters", "use 1 to 128")
	case strings.Trim(c.ID, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-._~") != "":
		f.add("client_id", "has other characters than letters, digits and - . _ ~", "leave them out")
	case strings.HasPrefix(c.ID, "usr_"):
		f.add("client_id", "looks like the id of a user", "choose one that does not begin with usr_")
	}
	if c.Name == "" || utf8.RuneCountInString(c.Name) > 100 {
		f.add("client_name", "has "+strconv.Itoa(utf8.RuneCountInString(c.Name))+" characters", "use 1 to 100; people see it on every page")
	}
	if strings.ContainsFunc(c.Name, misleads) {
		f.add("client_name", "has invisible or direction-changing characters", "leave them out")
	}
}

// misleads reports whether r leaves no mark in a name, or turns the text around it.
func misleads(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }

func validateGrants(f *faults, c *storage.Client) {
	m := &c.Metadata
	for _, g := range m.GrantTypes {
		oneOf(f, "grant_types", g, grantTypes)
	}
	for _, r := range m.ResponseTypes {
		oneOf(f, "response_types", r, []string{"code"})
	}
	has := func(some []string) bool {
		return slices.ContainsFunc(m.GrantTypes, func(g string) bool { return slices.Contains(some, g) })
	}
	code, password := slices.Contains(m.GrantTypes, "authorization_code"), has(passwordGrants)
	switch {
	case code && !slices.Contains(m.ResponseTypes, "code"):
		f.add("response_types", "the grant authorization_code has no response type", "add code")
	case !code && len(m.ResponseTypes) > 0:
		f.add("response_types", "code needs the grant authorization_code", "add it to grant_types or leave response_types out")
	case !code && !password && !slices.Contains(m.GrantTypes, deviceGrant) && slices.Contains(m.GrantTypes, "refresh_token"):
		f.add("grant_types", "refresh_token comes from authorization_code, password or the device grant only", "add one of them or leave refresh_token out")
	}
	if password && !c.Settings.FirstParty {
		f.add("grant_types", "password shows people's passwords to the client",
			"use authorization_code; where the client is your own and has no browser, set settings.first_party")
	}
	if !code && !password && has(mfaGrants) {
		f.add("grant_types", "the mfa grants end a sign-in, and nothing here begins one", "add password or authorization_code, or leave them out")
	}
	if c.Public() {
		if c.Settings.TrustForwardedFor {
			f.add("settings.is_token_endpoint_ip_header_trusted", "anybody can be a public client", "leave it off, or give the client a token_endpoint_auth_method other than none")
		}
		if slices.Contains(m.GrantTypes, "client_credentials") {
			f.add("grant_types", "a public client cannot use client_credentials", "give it a token_endpoint_auth_method other than none")
		}
		if c.Settings.RequirePKCE != nil && !*c.Settings.RequirePKCE {
			f.add("settings.require_pkce", "a public client is protected by nothing but PKCE", "leave it on")
		}
	}
}

// validateLinks checks the addresses that people may click and we never fetch.
func validateLinks(f *faults, m *storage.ClientMetadata) {
	for field, link := range map[string]string{
		"logo_uri": m.LogoURI, "client_uri": m.ClientURI, "policy_uri": m.PolicyURI, "tos_uri": m.TosURI,
		"initiate_login_uri": m.InitiateLoginURI, "backchannel_logout_uri": m.BackchannelLogoutURI,
		"frontchannel_logout_uri": m.FrontchannelLogoutURI, "sector_identifier_uri": m.SectorIdentifierURI,
	} {
		if link == "" {
			continue
		}
		u, err := url.Parse(link)
		if err != nil || u.Host == "" || u.User != nil || (u.Scheme != "https" && u.Scheme != "http") {
			f.add(field, strconv.Quote(link)+" is not a web address", "use https://…")
		}
	}
}

func validateNumbers(f *faults, c *storage.Client) {
	m, s := &c.Metadata, &c.Settings
	if m.DefaultMaxAge != nil && *m.DefaultMaxAge < 0 {
		f.add("default_max_age", "is negative", "use seconds, 0 for a fresh sign-in each time")
	}
	for field, ttl := range map[string]*int64{
		"settings.access_token_ttl": s.AccessTokenTTL, "settings.refresh_token_ttl": s.RefreshTokenTTL,
		"settings.refresh_token_absolute_ttl": s.RefreshTokenAbsoluteTTL, "settings.id_token_ttl": s.IDTokenTTL,
	} {
		if ttl != nil && *ttl <= 0 {
			f.add(field, "is not positive", "use seconds, or leave it out for the tenant's")
		}
	}
	if s.IDTokenTTL != nil && *s.IDTokenTTL > maxIDTokenTTL {
		f.add("settings.id_token_ttl", "is longer than a day", "the key that signed it may be gone by then; use at most 86400 seconds")
	}
	if s.RefreshGrace != nil && (*s.RefreshGrace < 0 || *s.RefreshGrace > 60) {
		f.add("settings.refresh_grace", "is outside of 0 to 60 seconds", "a longer grace gives a thief the time it takes away")
	}
}
