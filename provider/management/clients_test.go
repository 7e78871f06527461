package management

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/sallyport-id/sallyport/storage"
)

func web() *storage.Client {
	c := &storage.Client{ID: "shop", Name: "Shop"}
	c.Metadata.RedirectURIs = []string{"https://shop.example/callback"}
	ClientDefaults(c)
	return c
}

// fields are those that ValidateClient complains about.
func fields(t *testing.T, c *storage.Client) string {
	t.Helper()
	err := ValidateClient(c)
	if err == nil {
		return ""
	}
	var invalid *Invalid
	if !errors.As(err, &invalid) {
		t.Fatalf("not an *Invalid: %v", err)
	}
	var names []string
	for _, f := range invalid.Faults {
		if f.Why == "" || f.Mend == "" {
			t.Errorf("fault without reason or mend: %+v", f)
		}
		names = append(names, f.Field)
	}
	return strings.Join(names, " ")
}

func TestREG03RedirectURIs(t *testing.T) {
	for uri, good := range map[string]bool{
		"https://shop.example/callback":                     true,
		"https://shop.example/callback?a=b":                 true,
		"http://127.0.0.1/callback":                         true,
		"http://127.0.0.1:8080/callback":                    true,
		"http://[::1]:8080/callback":                        true,
		"http://localhost:3000/callback":                    true,
		"https://shop.example/callback#top":                 false,
		"https://shop.example/callback#":                    false,
		"http://shop.example/callback":                      false,
		"http://127.0.0.1.evil.example/callback":            false,
		"javascript:alert(1)":                               false,
		"data:text/html,hi":                                 false,
		"https://*.example/callback":                        false,
		"https://shop.example@evil.example/":                false,
		`https://shop.example\@evil.example/`:               false,
		"https:///callback":                                 false,
		"//shop.example/callback":                           false,
		"/callback":                                         false,
		"https://shop.example/call back":                    false,
		"https://shop.example/\tcallback":                   false,
		"com.example.app:/callback":                         false, // web
		"app:/callback":                                     false,
		"":                                                  false,
		"https://shop.example/" + strings.Repeat("a", 2048): false,
	} {
		c := web()
		c.Metadata.RedirectURIs = []string{uri}
		if got := fields(t, c); (got == "") != good {
			t.Errorf("%q: faults in %q", uri, got)
		}
	}
}

func TestREG03NativeSchemes(t *testing.T) {
	for uri, good := range map[string]bool{
		"com.example.app:/callback": true, "com.example.app://callback": true, "myapp:/callback": false,
		"javascript:alert(1)": false, "http://127.0.0.1/": true,
	} {
		c := web()
		c.Metadata.ApplicationType, c.Metadata.RedirectURIs = "native", []string{uri}
		if got := fields(t, c); (got == "") != good {
			t.Errorf("%q: faults in %q", uri, got)
		}
	}
}

func TestREG03ThousandRedirects(t *testing.T) {
	c := web()
	for range 1000 {
		c.Metadata.RedirectURIs = append(c.Metadata.RedirectURIs, "https://shop.example/")
	}
	if got := fields(t, c); got != "redirect_uris" {
		t.Errorf("faults in %q", got)
	}
	var invalid *Invalid
	if !errors.As(ValidateClient(c), &invalid) || invalid.Faults[0].Code != InvalidRedirectURI {
		t.Error("the code is not invalid_redirect_uri")
	}
}

func TestREG04Keys(t *testing.T) {
	good := keySet(t, 2048, false)
	for name, set := range map[string]func(*storage.ClientMetadata){
		"jwks":                 func(m *storage.ClientMetadata) {},
		"jwks two":             func(m *storage.ClientMetadata) { m.JWKS, m.JWKSURI = good, "https://shop.example/jwks" },
		"jwks_uri":             func(m *storage.ClientMetadata) { m.JWKSURI = "http://shop.example/jwks" },
		"jwks big":             func(m *storage.ClientMetadata) { m.JWKS = json.RawMessage(`"` + strings.Repeat("a", 1<<20) + `"`) },
		"jwks none":            func(m *storage.ClientMetadata) { m.JWKS = json.RawMessage(`{"keys":[]}`) },
		"jwks.keys[0] secret":  func(m *storage.ClientMetadata) { m.JWKS = json.RawMessage(`{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}`) },
		"jwks.keys[0] private": func(m *storage.ClientMetadata) { m.JWKS = keySet(t, 2048, true) },
		"jwks.keys[0] weak":    func(m *storage.ClientMetadata) { m.JWKS = keySet(t, 1024, false) },
	} {
		c := web()
		c.Metadata.TokenEndpointAuthMethod = "private_key_jwt"
		set(&c.Metadata)
		want, _, _ := strings.Cut(name, " ")
		if got := fields(t, c); got != want {
			t.Errorf("%s: faults in %q", name, got)
		}
	}
	c := web()
	c.Metadata.TokenEndpointAuthMethod, c.Metadata.JWKS = "private_key_jwt", good
	if got := fields(t, c); got != "" {
		t.Errorf("good keys: faults in %q", got)
	}
}

func keySet(t *testing.T, bits int, private bool) json.RawMessage {
	t.Helper()
	t.Setenv("GODEBUG", "rsa1024min=0")
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	jwk := jose.JSONWebKey{Key: &key.PublicKey, KeyID: "a", Algorithm: "RS256", Use: "sig"}
	if private {
		jwk.Key = key
	}
	b, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{jwk}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestREG05Grants(t *testing.T) {
	no := false
	for want, set := range map[string]func(*storage.Client){
		"grant_types":           func(c *storage.Client) { c.Metadata.GrantTypes = []string{"authorization_code", "implicit"} },
		"response_types":        func(c *storage.Client) { c.Metadata.ResponseTypes = []string{"code", "token"} },
		"redirect_uris":         func(c *storage.Client) { c.Metadata.RedirectURIs = nil },
		"settings.require_pkce": func(c *storage.Client) { c.Metadata.TokenEndpointAuthMethod, c.Settings.RequirePKCE = "none", &no },
		"settings.is_token_endpoint_ip_header_trusted": func(c *storage.Client) {
			c.Metadata.TokenEndpointAuthMethod, c.Settings.TrustForwardedFor = "none", true
		},
		"token_endpoint_auth_method": func(c *storage.Client) { c.Metadata.TokenEndpointAuthMethod = "client_secret_jwt" },
		"settings.policy":            func(c *storage.Client) { c.Settings.Policy = "sometimes" },
		"client_id":                  func(c *storage.Client) { c.ID = "usr_1" },
		"logo_uri":                   func(c *storage.Client) { c.Metadata.LogoURI = "javascript:alert(1)" },
		"settings.audiences":         func(c *storage.Client) { c.Settings.Audiences = map[string][]string{"api": nil} },
	} {
		c := web()
		set(c)
		if got := fields(t, c); got != want {
			t.Errorf("want fault in %s, got %q", want, got)
		}
	}
	public := web()
	public.Metadata.TokenEndpointAuthMethod = "none"
	public.Metadata.GrantTypes = append(public.Metadata.GrantTypes, "client_credentials")
	if got := fields(t, public); got != "grant_types" {
		t.Errorf("public client_credentials: faults in %q", got)
	}
}

func TestWebOrigins(t *testing.T) {
	for one, good := range map[string]bool{
		"https://app.example": true, "https://app.example:8443": true, "http://localhost:3000": true, "http://127.0.0.1": true,
		"https://app.example/": false, "https://app.example/a": false, "http://app.example": false, "https://App.example": false, "https://*.example": false,
		"https://app.example:443": false, "null": false, "": false, "https://a@app.example": false, "https://app.example?": false, "com.example.app:": false,
	} {
		c := web()
		c.Settings.WebOrigins = []string{one}
		if got := fields(t, c); (got == "") != good {
			t.Errorf("%q: faults in %q", one, got)
		}
	}
}

func TestREG07Names(t *testing.T) {
	for _, name := range []string{"", strings.Repeat("a", 101), "Shop\u202epohs", "Shop\n", "Sh\u200bop"} {
		c := web()
		c.Name = name
		if got := fields(t, c); got != "client_name" {
			t.Errorf("%q: faults in %q", name, got)
		}
	}
}

func TestDefaultsOfMachineClient(t *testing.T) {
	c := &storage.Client{ID: "nightly", Name: "Nightly"}
	c.Metadata.GrantTypes = []string{"client_credentials"}
	ClientDefaults(c)
	if got := fields(t, c); got != "" || len(c.Metadata.ResponseTypes) != 0 {
		t.Errorf("faults in %q, response types %v", got, c.Metadata.ResponseTypes)
	}
}
