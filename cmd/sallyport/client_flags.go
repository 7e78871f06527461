package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sallyport-id/sallyport/storage"
)

// A clientFlag is one flag of `client create` and `client update`: it is registered,
// and if it was given, applied to the client.
type clientFlag struct {
	name, usage string
	field       func(*storage.Client) any // pointer to the field that it sets
}

// clientFlagTable is every field of a client that an operator may set.
var clientFlagTable = []clientFlag{
	{"name", "`name` that people see", func(c *storage.Client) any { return &c.Name }},
	{"type", "`web` or native", func(c *storage.Client) any { return &c.Metadata.ApplicationType }},
	{"auth-method", "how it proves itself: client_secret_basic, client_secret_post, private_key_jwt, none (a public `client`)", func(c *storage.Client) any { return &c.Metadata.TokenEndpointAuthMethod }},
	{"redirect-uri", "`address` that answers may go to (repeatable)", func(c *storage.Client) any { return &c.Metadata.RedirectURIs }},
	{"web-origin", "`origin` of its pages, such as https://app.example, for web_message and calls from browsers (repeatable); none: those of its redirect URIs", func(c *storage.Client) any { return &c.Settings.WebOrigins }},
	{"post-logout-redirect-uri", "`address` to return to after signing out (repeatable)", func(c *storage.Client) any { return &c.Metadata.PostLogoutRedirectURIs }},
	{"grant", "`grant` it may use: authorization_code, refresh_token, client_credentials, and those of the MFA API (repeatable)", func(c *storage.Client) any { return &c.Metadata.GrantTypes }},
	{"response-type", "`type`: code (repeatable)", func(c *storage.Client) any { return &c.Metadata.ResponseTypes }},
	{"scope", "`scopes` it may ask for, space separated; empty: all", func(c *storage.Client) any { return &c.Metadata.Scope }},
	{"audience", "API it may call, `AUDIENCE` or \"AUDIENCE=scope scope\" (repeatable)", func(c *storage.Client) any { return &c.Settings.Audiences }},
	{"policy", "second factor `when`: never, always, adaptive, or empty for the tenant's", func(c *storage.Client) any { return &c.Settings.Policy }},
	{"factor", "second `factor` it allows (repeatable); none: the tenant's", func(c *storage.Client) any { return &c.Settings.Factors }},
	{"remember-for", "a browser is remembered for this `duration` after a second factor, 0 for not at all", func(c *storage.Client) any { return &c.Settings.RememberFor }},
	{"remember-idle", "and this `duration` without a sign-in", func(c *storage.Client) any { return &c.Settings.RememberIdle }},
	{"default-acr", "`acr` value asked for when a request names none (repeatable)", func(c *storage.Client) any { return &c.Metadata.DefaultACRValues }},
	{"strict-acr", "refuse where an asked acr is not reached", func(c *storage.Client) any { return &c.Settings.StrictACR }},
	{"default-max-age", "oldest acceptable proof, a `duration`", func(c *storage.Client) any { return &c.Metadata.DefaultMaxAge }},
	{"require-auth-time", "always send auth_time", func(c *storage.Client) any { return &c.Metadata.RequireAuthTime }},
	{"pkce", "require PKCE (--pkce=false switches it off for a confidential client)", func(c *storage.Client) any { return &c.Settings.RequirePKCE }},
	{"require-par", "take pushed authorization requests only", func(c *storage.Client) any { return &c.Metadata.RequirePAR }},
	{"first-party", "ask no consent", func(c *storage.Client) any { return &c.Settings.FirstParty }},
	{"id-token-alg", "`algorithm` of ID tokens: RS256, ES256, EdDSA", func(c *storage.Client) any { return &c.Metadata.IDTokenSignedResponseAlg }},
	{"userinfo-alg", "sign UserInfo answers with this `algorithm`", func(c *storage.Client) any { return &c.Metadata.UserinfoSignedResponseAlg }},
	{"access-token-alg", "`algorithm` of JWT access tokens", func(c *storage.Client) any { return &c.Settings.AccessTokenAlg }},
	{"assertion-alg", "`algorithm` of its client assertions", func(c *storage.Client) any { return &c.Metadata.TokenEndpointAuthAlg }},
	{"jwks", "`file` with its public keys", func(c *storage.Client) any { return &c.Metadata.JWKS }},
	{"jwks-uri", "`address` of its public keys", func(c *storage.Client) any { return &c.Metadata.JWKSURI }},
	{"access-token-ttl", "life of access tokens, a `duration`", func(c *storage.Client) any { return &c.Settings.AccessTokenTTL }},
	{"id-token-ttl", "life of ID tokens, a `duration`", func(c *storage.Client) any { return &c.Settings.IDTokenTTL }},
	{"refresh-token-ttl", "refresh tokens die when unused for this `duration`", func(c *storage.Client) any { return &c.Settings.RefreshTokenTTL }},
	{"refresh-token-absolute-ttl", "refresh tokens die this `duration` after sign-in", func(c *storage.Client) any { return &c.Settings.RefreshTokenAbsoluteTTL }},
	{"refresh-grace", "a rotated refresh token works again for this `duration`", func(c *storage.Client) any { return &c.Settings.RefreshGrace }},
	{"trust-forwarded-for", "believe its server's header auth0-forwarded-for about where people are", func(c *storage.Client) any { return &c.Settings.TrustForwardedFor }},
	{"client-uri", "its home `page`", func(c *storage.Client) any { return &c.Metadata.ClientURI }},
	{"logo-uri", "its `picture`", func(c *storage.Client) any { return &c.Metadata.LogoURI }},
	{"policy-uri", "its privacy `page`", func(c *storage.Client) any { return &c.Metadata.PolicyURI }},
	{"tos-uri", "its terms `page`", func(c *storage.Client) any { return &c.Metadata.TosURI }},
	{"initiate-login-uri", "`page` of its own that starts a sign-in", func(c *storage.Client) any { return &c.Metadata.InitiateLoginURI }},
	{"contact", "mail `address` of the people responsible (repeatable)", func(c *storage.Client) any { return &c.Metadata.Contacts }},
	{"disabled", "refuse every request of it", func(c *storage.Client) any { return &c.Disabled }},
}

// clientFlags registers the table and returns what applies the given ones.
func clientFlags(cmd *cobra.Command) func(*storage.Client) error {
	flags := cmd.Flags()
	var scratch storage.Client
	for _, f := range clientFlagTable {
		switch f.field(&scratch).(type) {
		case *string, *json.RawMessage:
			flags.String(f.name, "", f.usage)
		case *[]string, *map[string][]string:
			flags.StringArray(f.name, nil, f.usage)
		case *bool, **bool:
			flags.Bool(f.name, false, f.usage)
		case **int64:
			flags.Duration(f.name, 0, f.usage)
		}
	}
	return func(c *storage.Client) error {
		for _, f := range clientFlagTable {
			if !flags.Changed(f.name) {
				continue
			}
			if err := setFlag(flags, f.name, f.field(c)); err != nil {
				return err
			}
		}
		return nil
	}
}

func setFlag(flags *pflag.FlagSet, name string, to any) (err error) {
	switch to := to.(type) {
	case *string:
		*to, err = flags.GetString(name)
	case *bool:
		*to, err = flags.GetBool(name)
	case **bool:
		var v bool
		v, err = flags.GetBool(name)
		*to = &v
	case **int64:
		var v time.Duration
		v, err = flags.GetDuration(name)
		seconds := int64(v / time.Second)
		*to = &seconds
	case *[]string:
		var v []string
		v, err = flags.GetStringArray(name)
		*to = withoutEmpty(v)
	case *map[string][]string:
		var v []string
		v, err = flags.GetStringArray(name)
		*to = audiences(v)
	case *json.RawMessage:
		var path string
		if path, err = flags.GetString(name); err == nil {
			*to, err = readJSON(name, path)
		}
	}
	return err
}

// withoutEmpty lets --factor="" clear a list.
func withoutEmpty(values []string) []string {
	var kept []string
	for _, v := range values {
		if v != "" {
			kept = append(kept, v)
		}
	}
	return kept
}

// audiences reads "AUDIENCE=scope scope". An audience may hold = in its query, so the
// last one counts, and only before scopes.
func audiences(values []string) map[string][]string {
	all := map[string][]string{}
	for _, v := range withoutEmpty(values) {
		name, scopes := v, ""
		if i := strings.LastIndex(v, "="); i >= 0 {
			name, scopes = v[:i], v[i+1:]
		}
		all[name] = append([]string{}, strings.Fields(scopes)...)
	}
	return all
}

func readJSON(flag, path string) (json.RawMessage, error) {
	if path == "" {
		return nil, nil
	}
	b, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, &misuse{what: fmt.Sprintf("--%s: %v", flag, err), mend: "name a readable file"}
	}
	if !json.Valid(b) {
		return nil, &misuse{what: fmt.Sprintf("--%s: %s is not JSON", flag, path), mend: "give a key set (RFC 7517 §5)"}
	}
	return b, nil
}
