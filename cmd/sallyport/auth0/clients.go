package auth0

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport-id/sallyport/provider/management"
	"github.com/sallyport-id/sallyport/storage"
)

// A client is an application as Auth0 describes it.
type client struct {
	ID               string            `json:"client_id"`
	Name             string            `json:"name"`
	AppType          string            `json:"app_type"`
	Global           bool              `json:"global"`
	FirstParty       *bool             `json:"is_first_party"`
	Callbacks        []string          `json:"callbacks"`
	LogoutURLs       []string          `json:"allowed_logout_urls"`
	GrantTypes       []string          `json:"grant_types"`
	AuthMethod       string            `json:"token_endpoint_auth_method"`
	LogoURI          string            `json:"logo_uri"`
	InitiateLoginURI string            `json:"initiate_login_uri"`
	RequirePAR       bool              `json:"require_pushed_authorization_requests"`
	WebOrigins       []string          `json:"web_origins"`
	AllowedOrigins   []string          `json:"allowed_origins"`
	TrustForwarded   bool              `json:"is_token_endpoint_ip_header_trusted"`
	Metadata         map[string]string `json:"client_metadata"`
	JWT              struct {
		Alg string `json:"alg"`
	} `json:"jwt_configuration"`
	Refresh struct {
		Rotation         string `json:"rotation_type"`
		Expiration       string `json:"expiration_type"`
		Leeway           int64  `json:"leeway"`
		Lifetime         int64  `json:"token_lifetime"`
		IdleLifetime     int64  `json:"idle_token_lifetime"`
		Infinite         bool   `json:"infinite_token_lifetime"`
		InfiniteIdleLife bool   `json:"infinite_idle_token_lifetime"`
	} `json:"refresh_token"`
	OIDCLogout struct {
		Backchannel []string `json:"backchannel_logout_urls"`
	} `json:"oidc_logout"`
	AuthMethods map[string]json.RawMessage `json:"client_authentication_methods"`
}

// clientFields are read, or say nothing that is missed.
var clientFields = []string{
	"client_id", "name", "app_type", "global", "is_first_party", "callbacks", "allowed_logout_urls", "web_origins", "allowed_origins", "grant_types",
	"token_endpoint_auth_method", "logo_uri", "initiate_login_uri", "require_pushed_authorization_requests",
	"client_metadata", "jwt_configuration", "refresh_token", "oidc_logout", "client_authentication_methods",
	"tenant", "description", "oidc_conformant", "sso", "sso_disabled", "cross_origin_auth", "cross_origin_authentication",
	"custom_login_page_on", "custom_login_page", "callback_url_template", "signing_keys", "owners",
	"is_token_endpoint_ip_header_trusted", "form_template", "native_social_login", "mobile", "client_secret", "external_client_id",
}

// An Application is a client with its name in the other things of the tenant.
type Application struct {
	*storage.Client
	Item     Item
	NewID    bool // the export had none
	PeopleIn bool // people sign in with it
}

// Clients are the applications. One whose Item did not come over has no Client.
func (t *Tenant) Clients() []*Application {
	var list []*Application
	for _, o := range t.objects["clients"] {
		if a := o.client(); a != nil {
			list = append(list, a)
		}
	}
	return list
}

func (o *object) client() *Application {
	a := &Application{Item: Item{Kind: "clients", Name: o.name, Outcome: CameOver}}
	var there client
	if err := o.decode(&there); err != nil {
		a.Item = a.Item.Leave(err.Error())
		return a
	}
	if there.Global {
		return nil // Auth0's own, for a protocol that is not spoken here
	}
	c := &storage.Client{ID: there.ID, Name: there.Name}
	if a.NewID = c.ID == ""; a.NewID {
		c.ID = storage.NewID("cli")
		a.Item.Note("the export has no client_id, the new one is " + c.ID + "; export with AUTH0_EXPORT_IDENTIFIERS to keep it")
	}
	m := &c.Metadata
	m.RedirectURIs, m.PostLogoutRedirectURIs = there.Callbacks, there.LogoutURLs
	m.LogoURI, m.InitiateLoginURI, m.RequirePAR = there.LogoURI, there.InitiateLoginURI, there.RequirePAR
	c.Settings.Metadata = there.Metadata
	c.Settings.WebOrigins = origins(there.WebOrigins, there.AllowedOrigins)
	c.Settings.FirstParty = there.FirstParty == nil || *there.FirstParty
	m.ApplicationType = map[bool]string{true: "native", false: "web"}[there.AppType == "native"]
	there.authenticates(c, &a.Item)
	there.grants(c, &a.Item)
	if c.Settings.TrustForwardedFor = there.TrustForwarded && !c.Public(); there.TrustForwarded && c.Public() {
		a.Item.Note("nobody's word on other people's addresses is believed from a public client")
	}
	there.tokens(c, &a.Item)
	if urls := there.OIDCLogout.Backchannel; len(urls) > 0 {
		m.BackchannelLogoutURI = urls[0]
	}
	o.others(clientFields, &a.Item)
	a.PeopleIn = slices.Contains(m.GrantTypes, "authorization_code")
	management.ClientDefaults(c)
	if err := mendClient(c, &a.Item); err != nil {
		a.Item = a.Item.Leave(err.Error())
		return a
	}
	a.Client = c
	return a
}

// origins are addresses in the form that browsers send, each once; nil where there is none.
func origins(lists ...[]string) []string {
	var all []string
	for _, one := range slices.Concat(lists...) {
		if one = strings.TrimSuffix(strings.ToLower(one), "/"); !slices.Contains(all, one) {
			all = append(all, one)
		}
	}
	return all
}

// authenticates says how the application proves itself.
func (there *client) authenticates(c *storage.Client, item *Item) {
	method := there.AuthMethod
	if method == "" && (there.AppType == "spa" || there.AppType == "native") {
		method = "none"
	}
	if _, ok := there.AuthMethods["private_key_jwt"]; ok {
		method = "private_key_jwt" // without its keys it is refused
	}
	for name := range there.AuthMethods {
		if strings.Contains(name, "tls") {
			item.Note("client certificates are not spoken here: it proves itself by a secret")
		}
	}
	c.Metadata.TokenEndpointAuthMethod = cmp.Or(method, "client_secret_post")
	if strings.HasPrefix(c.Metadata.TokenEndpointAuthMethod, "client_secret_") {
		item.Note("secrets are in no export: it has a new client_secret")
	}
}

// grants keeps the grants that are spoken here.
func (there *client) grants(c *storage.Client, item *Item) {
	given := there.GrantTypes
	if given == nil {
		given = map[string][]string{"non_interactive": {"client_credentials"}}[there.AppType]
		if given == nil {
			given = []string{"authorization_code", "refresh_token"}
		}
	}
	for _, grant := range given {
		switch {
		case management.KnownGrant(grant):
			c.Metadata.GrantTypes = append(c.Metadata.GrantTypes, grant)
		case grant == "implicit":
			item.Note("the grant implicit is not spoken here: use authorization_code with PKCE")
		default:
			item.Note("the grant " + grant + " is not spoken here")
		}
	}
	drop := func(why string, some ...string) {
		kept := slices.DeleteFunc(slices.Clone(c.Metadata.GrantTypes), func(g string) bool { return slices.Contains(some, g) })
		if len(kept) < len(c.Metadata.GrantTypes) && why != "" {
			item.Note(why)
		}
		c.Metadata.GrantTypes = kept
	}
	has := func(grant string) bool { return slices.Contains(c.Metadata.GrantTypes, grant) }
	if c.Public() {
		drop("a public client cannot use client_credentials", "client_credentials")
	}
	if !c.Settings.FirstParty {
		drop("an application of somebody else gets no passwords", management.PasswordGrants()...)
	}
	if len(there.Callbacks) == 0 && has("authorization_code") && len(c.Metadata.GrantTypes) > 1 {
		drop("it has no callbacks, so it sends nobody to the pages", "authorization_code")
	}
	if !has("authorization_code") && !slices.ContainsFunc(management.PasswordGrants(), has) {
		drop("", slices.DeleteFunc(slices.Clone(c.Metadata.GrantTypes), func(g string) bool { return g == "client_credentials" })...)
	}
	if has("authorization_code") && !c.Public() {
		no := false
		c.Settings.RequirePKCE = &no
		item.Note("PKCE is not asked of it, as there; ask once it sends it: client update --pkce")
	}
}

// tokens takes over algorithms and lifetimes.
func (there *client) tokens(c *storage.Client, item *Item) {
	switch alg := there.JWT.Alg; alg {
	case "", "RS256":
	default:
		item.Note("ID tokens are signed with RS256, not " + alg)
	}
	c.Metadata.IDTokenSignedResponseAlg = "RS256"
	r := there.Refresh
	if !slices.Contains(c.Metadata.GrantTypes, "refresh_token") {
		return
	}
	if r.Rotation == "non-rotating" {
		item.Note("refresh tokens rotate here")
	}
	for field, value := range map[**int64]int64{&c.Settings.RefreshTokenTTL: r.IdleLifetime, &c.Settings.RefreshTokenAbsoluteTTL: r.Lifetime} {
		if value > 0 && r.Expiration == "expiring" {
			*field = &value
		}
	}
	if r.Infinite || r.InfiniteIdleLife || r.Expiration == "non-expiring" {
		c.Settings.RefreshTokenTTL, c.Settings.RefreshTokenAbsoluteTTL = nil, nil
		item.Note("refresh tokens expire as the tenant's do")
	}
	if leeway := min(r.Leeway, 60); leeway > 0 {
		c.Settings.RefreshGrace = &leeway
	}
}

// mendClient takes out the addresses that are refused here. What is refused beside is an
// error.
func mendClient(c *storage.Client, item *Item) error {
	for {
		err := management.ValidateClient(c)
		var invalid *management.Invalid
		if !errors.As(err, &invalid) {
			return err
		}
		out := false
		for _, f := range slices.Backward(invalid.Faults) { // from the last, so that places stay
			out = takeOut(&c.Metadata.RedirectURIs, "redirect_uris", "callbacks", f, item) ||
				takeOut(&c.Metadata.PostLogoutRedirectURIs, "post_logout_redirect_uris", "allowed_logout_urls", f, item) ||
				takeOut(&c.Settings.WebOrigins, "settings.web_origins", "web_origins", f, item) || out
		}
		if !out {
			return errors.New(strings.ReplaceAll(err.Error(), "\n", "; "))
		}
	}
}

// takeOut removes the address of list that f is about.
func takeOut(list *[]string, field, there string, f management.Fault, item *Item) bool {
	place, ok := strings.CutPrefix(f.Field, field+"[")
	i, err := strconv.Atoi(strings.TrimSuffix(place, "]"))
	if !ok || err != nil || i >= len(*list) {
		return false
	}
	item.Note(fmt.Sprintf("%s %s left out: %s", there, (*list)[i], f.Why))
	*list = slices.Delete(slices.Clone(*list), i, i+1)
	return true
}
