package oidc_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/storage"
)

func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s.URL
}

func TestDISC01_Issuer(t *testing.T) {
	h := build(t, plan{path: "/p"})
	for _, path := range []string{"/p/.well-known/openid-configuration", "/.well-known/oauth-authorization-server/p"} {
		res, err := http.Get(h.server.URL + path)
		h.must(err)
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", path, res.Status)
		}
	}
	if doc := h.get("/.well-known/openid-configuration"); doc.text("issuer") != h.issuer || doc.text("token_endpoint") != h.issuer+"/oauth/token" {
		t.Errorf("issuer %q, token endpoint %q", doc.text("issuer"), doc.text("token_endpoint"))
	}
	a := h.ask("web")
	p := h.browser().begin(a).signIn("ada")
	if got := a.redeem(p.answer()); got.id()["iss"] != h.issuer {
		t.Errorf("iss %v", got.id()["iss"])
	}
}

func TestDISC02_HostIsNotBelieved(t *testing.T) {
	h := open(t)
	plain := h.get("/.well-known/openid-configuration").raw
	r, err := http.NewRequest(http.MethodGet, h.at("/.well-known/openid-configuration"), nil)
	h.must(err)
	r.Host = "evil.example"
	r.Header.Set("X-Forwarded-Host", "evil.example")
	r.Header.Set("Forwarded", "host=evil.example")
	if got := h.do(r); got.raw != plain {
		t.Errorf("the document follows the Host header: %.200s", got.raw)
	}
}

func TestDISC03_OnlyWhatIsThere(t *testing.T) {
	h := open(t)
	doc := h.get("/.well-known/openid-configuration").body
	b := h.browser()
	b.begin(h.ask("web")).signIn("ada").answer()
	for _, mode := range texts(doc["response_modes_supported"]) {
		p := b.begin(h.ask("web", "response_mode", mode))
		got := p.fields()
		switch mode {
		case "form_post":
		case "web_message":
			got = p.message()
		default:
			got = p.answer()
		}
		if got.Get("code") == "" {
			t.Errorf("response_mode %s: %v", mode, got)
		}
	}
	b.begin(h.ask("web", "response_mode", "jwt")).fails("unsupported_response_mode")
	for _, kind := range []string{"token", "id_token", "id_token token", "code id_token", "none"} {
		b.begin(h.ask("web", "response_type", kind)).fails("unsupported_response_type")
	}
	if grants := texts(doc["grant_types_supported"]); !slices.Equal(grants, []string{"authorization_code", "refresh_token", "client_credentials", "urn:ietf:params:oauth:grant-type:device_code"}) {
		t.Errorf("grants %v", grants)
	}
	for _, grant := range []string{"implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer"} {
		h.token("web", "grant_type", grant).is(400, "unsupported_grant_type")
	}
	// client_secret_jwt is not listed, and a client cannot be registered for it.
	if slices.Contains(texts(doc["token_endpoint_auth_methods_supported"]), "client_secret_jwt") {
		t.Error("client_secret_jwt is advertised")
	}
	for _, endpoint := range []string{"authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "revocation_endpoint", "introspection_endpoint", "pushed_authorization_request_endpoint", "end_session_endpoint"} {
		address, _ := doc[endpoint].(string)
		res, err := http.Get(address)
		h.must(err)
		_ = res.Body.Close()
		if res.StatusCode == http.StatusNotFound || !strings.HasPrefix(address, h.issuer) {
			t.Errorf("%s: %q answers %s", endpoint, address, res.Status)
		}
	}
}

func TestDISC04_Members(t *testing.T) {
	h := open(t)
	doc := h.get("/.well-known/openid-configuration").body
	if doc["authorization_response_iss_parameter_supported"] != true || doc["claims_parameter_supported"] != true || doc["request_uri_parameter_supported"] != false {
		t.Errorf("%v", doc)
	}
	if !slices.Equal(texts(doc["code_challenge_methods_supported"]), []string{"S256"}) {
		t.Errorf("PKCE %v", doc["code_challenge_methods_supported"])
	}
	for _, name := range []string{"acr_values_supported", "claims_supported", "prompt_values_supported", "scopes_supported", "subject_types_supported", "id_token_signing_alg_values_supported", "end_session_endpoint", "ui_locales_supported"} {
		if doc[name] == nil {
			t.Errorf("%s is missing", name)
		}
	}
	if !slices.Contains(texts(doc["acr_values_supported"]), multi) || !slices.Contains(texts(doc["id_token_signing_alg_values_supported"]), "RS256") {
		t.Errorf("acr %v, alg %v", doc["acr_values_supported"], doc["id_token_signing_alg_values_supported"])
	}
}

func TestDISC05_CachedAndWithoutDatabase(t *testing.T) {
	h := open(t)
	first := h.get("/.well-known/openid-configuration")
	if first.header.Get("ETag") == "" || !strings.Contains(first.header.Get("Cache-Control"), "max-age") || first.header.Get("Content-Type") != "application/json" {
		t.Errorf("%v", first.header)
	}
	r, err := http.NewRequest(http.MethodGet, h.at("/.well-known/openid-configuration"), nil)
	h.must(err)
	r.Header.Set("If-None-Match", first.header.Get("ETag"))
	if got := h.do(r); got.status != http.StatusNotModified {
		t.Errorf("If-None-Match: %d", got.status)
	}
	h.must(h.db.Close())
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/jwks.json"} {
		if got := h.get(path); got.status != http.StatusOK {
			t.Errorf("%s without a database: %d", path, got.status)
		}
	}
}

// A lost database is 503 with a clear page or code, and nothing half done.
func TestDatabaseLost(t *testing.T) {
	h := open(t)
	got := h.browser().tokens("ada", h.ask("web"))
	b := h.browser()
	p := b.begin(h.ask("web"))
	h.must(h.db.Close())
	if p = p.press("answer", "username", "ada", "password", h.users["ada"].password); p.home || p.status != http.StatusServiceUnavailable || p.header.Get("Retry-After") == "" {
		t.Errorf("login: %d at %s", p.status, p.at)
	}
	p.says("Very busy")
	if p = b.begin(h.ask("web")); p.home || p.status != http.StatusServiceUnavailable {
		t.Errorf("authorize: %d at %s", p.status, p.at)
	}
	h.userinfo(got.text("access_token")).is(503, "temporarily_unavailable")
	h.token("machine", "grant_type", "client_credentials", "audience", ledgerAPI).is(503, "temporarily_unavailable")
	h.call("web", "/oauth/revoke", "token", got.text("access_token")).is(503, "temporarily_unavailable")
	h.introspect("web", got.text("access_token")).is(503, "temporarily_unavailable")
}

func texts(v any) []string {
	var out []string
	list, _ := v.([]any)
	for _, one := range list {
		s, _ := one.(string)
		out = append(out, s)
	}
	return out
}

func TestBCP01_LoopbackPort(t *testing.T) {
	h := open(t)
	b := h.browser()
	a := h.ask("native", "redirect_uri", "http://127.0.0.1:49152/callback")
	got := a.redeem(b.begin(a).signIn("ada").answer())
	got.is(200, "")
	for _, uri := range []string{"http://127.0.0.1:49152/other", "https://127.0.0.1:49152/callback", "http://localhost:49152/callback", "http://user@127.0.0.1:1/callback", "http://127.0.0.2:1/callback", "http://127.0.0.1:1/callback?x", "com.example.app:/other"} {
		if p := b.begin(h.ask("native", "redirect_uri", uri)); p.home || p.status != 400 {
			t.Errorf("%s: %d", uri, p.status)
		}
	}
	h.register("fixed", "client_secret_basic", func(c *storage.Client) { c.Metadata.RedirectURIs = []string{"http://127.0.0.1:8000/callback"} })
	if p := b.begin(h.ask("fixed", "redirect_uri", "http://127.0.0.1:8001/callback")); p.home || p.status != 400 {
		t.Errorf("a web client's port varies: %d", p.status)
	}
}

func TestBCP02_NoOpenRedirector(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.begin(h.ask("web")).signIn("ada").answer()
	evil := "https://evil.example/"
	for _, address := range []string{
		h.ask("web", "redirect_uri", evil).url(), h.at("/authorize?client_id=nobody&redirect_uri=" + evil),
		h.at("/oidc/logout?post_logout_redirect_uri=" + evil), h.at("/oidc/logout?client_id=web&post_logout_redirect_uri=" + evil),
		h.at("/authorize/resume?login=x&return_to=" + evil), h.at("/login/x?return_to=" + evil), h.at("/reset?client_id=web&return_to=" + evil),
		h.at("/password?target_link_uri=" + evil), h.at("//evil.example/"), h.at("/\\evil.example"),
	} {
		if p := b.get(address); p.home || strings.Contains(p.body, `href="https://evil`) {
			t.Errorf("%s leads to %s (%d)", address, p.at, p.status)
		}
	}
}

func TestBCP03_ISS01_IssInEveryAnswer(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.begin(h.ask("web", "prompt", "none")).fails("login_required") // answer() checks iss
	b.begin(h.ask("web", "scope", "openid", "max_age", "x")).fails("invalid_request")
	b.begin(h.ask("web")).signIn("ada").answer()
	b.begin(h.ask("web", "response_mode", "fragment")).answer()
	for _, a := range []*ask{h.ask("web", "response_mode", "form_post"), h.ask("web", "response_mode", "form_post", "max_age", "x")} {
		if got := b.begin(a).fields(); got.Get("iss") != h.issuer || got.Get("state") != "s-web" {
			t.Errorf("form_post: %v", got)
		}
	}
}

func TestBCP04_PKCE(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.begin(h.ask("web")).signIn("ada").answer()
	for _, client := range []string{"spa", "pkce"} {
		b.begin(h.ask(client, "code_challenge", "", "code_challenge_method", "")).fails("invalid_request")
		b.begin(h.ask(client, "code_challenge_method", "plain")).fails("invalid_request")
		b.begin(h.ask(client, "code_challenge_method", "")).fails("invalid_request")
		b.begin(h.ask(client, "code_challenge", "short")).fails("invalid_request")
		if got := b.tokens("ada", h.ask(client)); got.text("id_token") == "" {
			t.Errorf("%s: %v", client, got.body)
		}
	}
	// Switched off for this one: neither PKCE nor nonce.
	if got := b.tokens("ada", h.ask("web", "nonce", "")); got.text("id_token") == "" {
		t.Errorf("without PKCE: %v", got.body)
	}
}

func TestBCP05_PKCEIsEnforced(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.begin(h.ask("web")).signIn("ada").answer()
	redeem := func(a *ask, verifier string) {
		t.Helper()
		q := b.begin(a).answer()
		a.verifier = verifier
		a.redeem(q).is(400, "invalid_grant")
	}
	redeem(h.ask("web").pkce(), "")                      // challenge, no verifier
	redeem(h.ask("web").pkce(), strings.Repeat("a", 43)) // wrong one
	redeem(h.ask("web"), strings.Repeat("a", 43))        // verifier, no challenge
	redeem(h.ask("pkce"), strings.Repeat("a", 42))
	redeem(h.ask("pkce"), strings.Repeat("a", 129))
	redeem(h.ask("pkce"), strings.Repeat("ä", 43))
}

func TestBCP06_NoImplicit(t *testing.T) {
	h := open(t)
	for _, kind := range []string{"token", "id_token token", "id_token", "code token"} {
		if q := h.browser().begin(h.ask("web", "response_type", kind)).fails("unsupported_response_type"); q.Has("access_token") {
			t.Error("an access token in the address")
		}
	}
}

func TestBCP07_NoPasswordGrant(t *testing.T) {
	h := open(t)
	h.token("web", "grant_type", "password", "username", "ada", "password", h.users["ada"].password).is(403, "unauthorized_client")
}

func TestBCP08_RefreshReuseAndGrace(t *testing.T) {
	h := open(t)
	b := h.browser()
	fresh := func() *reply { return b.tokens("ada", h.ask("spa", "scope", "openid offline_access")) }
	// Reuse after the grace kills the family.
	first := fresh()
	second := h.refresh("spa", first.text("refresh_token")).is(200, "")
	h.wait(11 * time.Second)
	h.refresh("spa", first.text("refresh_token")).is(400, "invalid_grant")
	h.refresh("spa", second.text("refresh_token")).is(400, "invalid_grant")
	h.userinfo(second.text("access_token")).is(401, "invalid_token")
	// A lost answer: the same token again within the grace works, and there is one
	// chain only.
	first = fresh()
	lost := h.refresh("spa", first.text("refresh_token")).is(200, "")
	h.wait(time.Second)
	again := h.refresh("spa", first.text("refresh_token")).is(200, "")
	h.userinfo(lost.text("access_token")).is(401, "invalid_token")
	h.refresh("spa", lost.text("refresh_token")).is(400, "invalid_grant")
	third := h.refresh("spa", again.text("refresh_token")).is(200, "")
	h.userinfo(third.text("access_token")).is(200, "")
	// Not lost after all: the answer was used, so one of the two is a thief.
	first = fresh()
	second = h.refresh("spa", first.text("refresh_token")).is(200, "")
	third = h.refresh("spa", second.text("refresh_token")).is(200, "")
	h.refresh("spa", first.text("refresh_token")).is(400, "invalid_grant")
	h.refresh("spa", third.text("refresh_token")).is(400, "invalid_grant")
	h.userinfo(third.text("access_token")).is(401, "invalid_token")
	if n := len(h.events("grant.reused")); n != 2 {
		t.Errorf("%d reuses are in the audit log, want 2", n)
	}
}

func TestBCP09_RefreshDies(t *testing.T) {
	h := open(t)
	offline := func() *reply { return h.browser().tokens("ada", h.ask("spa", "scope", "openid offline_access")) }
	got := offline()
	h.refresh("web", got.text("refresh_token")).is(400, "invalid_grant") // another client
	h.must(h.flows.SignOutEverywhere(t.Context(), h.users["ada"].ID, ""))
	h.refresh("spa", got.text("refresh_token")).is(400, "invalid_grant")
	got = offline()
	h.wait(16 * 24 * time.Hour) // not used
	h.refresh("spa", got.text("refresh_token")).is(400, "invalid_grant")
	got = offline()
	for range 9 { // used, but too old in the end
		h.wait(10 * 24 * time.Hour)
		next := h.refresh("spa", got.text("refresh_token"))
		if next.status != 200 {
			break
		}
		got = next
	}
	h.refresh("spa", got.text("refresh_token")).is(400, "invalid_grant")
	got = offline()
	h.must(h.db.DeleteClient(t.Context(), "spa"))
	h.refresh("web", got.text("refresh_token")).is(400, "invalid_grant")
	if doc := h.introspect("web", got.text("access_token")); doc.body["active"] != false {
		t.Errorf("a deleted client's token: %v", doc.body)
	}
}

func TestBCP10_NarrowAudience(t *testing.T) {
	h := open(t)
	got := h.browser().tokens("ada", h.ask("web", "scope", "read", "audience", ledgerAPI)).text("access_token")
	if info := h.introspect("web", got).body; info["active"] != true || len(texts(info["aud"])) != 1 || texts(info["aud"])[0] != ledgerAPI {
		t.Errorf("%v", info)
	}
	if info := h.introspect("server", got).body; info["active"] != true {
		t.Errorf("the API's own server: %v", info)
	}
	jwtToken := h.browser().tokens("ada", h.ask("web", "scope", "read", "audience", testAPI)).text("access_token")
	if info := h.introspect("server", jwtToken); info.raw != `{"active":false}` {
		t.Errorf("a token for another API: %s", info.raw)
	}
}

func TestBCP11_12_Headers(t *testing.T) {
	h := open(t)
	p := h.browser().begin(h.ask("web")) // every redirect is checked to be 303
	for name, want := range map[string]string{"X-Frame-Options": "DENY", "Cache-Control": "no-store", "Referrer-Policy": "same-origin"} {
		if got := p.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	csp := p.header.Get("Content-Security-Policy")
	for _, part := range []string{"frame-ancestors 'none'", "default-src 'none'", "form-action 'self' https://app.example"} {
		if !strings.Contains(csp, part) {
			t.Errorf("CSP lacks %s: %s", part, csp)
		}
	}
	if strings.Contains(csp, "unsafe") {
		t.Errorf("CSP: %s", csp)
	}
}

func TestBCP13_SubjectsDoNotCollide(t *testing.T) {
	h := open(t)
	got := h.token("machine", "grant_type", "client_credentials", "audience", testAPI).is(200, "")
	claims, _ := h.claims(got.text("access_token"))
	if claims["sub"] != "machine" || claims["client_id"] != "machine" || claims["auth_time"] != nil {
		t.Errorf("%v", claims)
	}
	c := &storage.Client{ID: h.users["ada"].ID, Name: "x"}
	if err := validate(c); err == nil || !strings.Contains(err.Error(), "client_id") {
		t.Errorf("a client_id that is a user's id: %v", err)
	}
}

func TestBCP14_HTTPOnlyOnLoopback(t *testing.T) {
	for uri, ok := range map[string]bool{"http://app.example/cb": false, "http://127.0.0.1/cb": true, "http://[::1]/cb": true, "https://app.example/cb": true} {
		c := &storage.Client{ID: "c", Name: "c"}
		c.Metadata.RedirectURIs, c.Metadata.GrantTypes, c.Metadata.ResponseTypes = []string{uri}, []string{"authorization_code"}, []string{"code"}
		if err := validate(c); (err == nil) != ok {
			t.Errorf("%s: %v", uri, err)
		}
	}
}

func TestBCP15_ForwardedHeadersAreNotBelieved(t *testing.T) {
	h := open(t)
	r, err := http.NewRequest(http.MethodGet, h.ask("web").url(), nil)
	h.must(err)
	for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-Ip", "X-Ssl-Client-Cert"} {
		r.Header.Set(name, "203.0.113.7")
	}
	p := h.browser().follow(r)
	p.press("answer", "username", "ada", "password", "wrong")
	events := h.events("proof.refused")
	if len(events) != 1 || events[0].Address != "127.0.0.1" {
		t.Errorf("%+v", events)
	}
}

func TestBCP17_ScopeIsNarrowed(t *testing.T) {
	h := open(t)
	got := h.browser().tokens("ada", h.ask("web", "scope", "openid admin OpenID Profile profile", "audience", testAPI))
	if got.text("scope") != "openid profile" {
		t.Errorf("scope %q", got.text("scope"))
	}
	h.token("machine", "grant_type", "client_credentials", "audience", testAPI, "scope", "write").is(400, "invalid_scope")
	if got := h.token("machine", "grant_type", "client_credentials", "audience", testAPI); got.text("scope") != "read" {
		t.Errorf("scope %q", got.text("scope"))
	}
	h.token("machine", "grant_type", "client_credentials").is(400, "invalid_target")
	h.token("machine", "grant_type", "client_credentials", "audience", "https://nobody.example/").is(400, "invalid_target")
}

func TestO21_01_TokenEndpoint(t *testing.T) {
	h := open(t)
	r, err := http.NewRequest(http.MethodGet, h.at("/oauth/token"), nil)
	h.must(err)
	if got := h.do(r); got.status != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", got.status)
	}
	h.call("machine", "/oauth/token", "grant_type", "client_credentials", "scope", "read", "scope", "read").is(400, "invalid_request")
	h.call("machine", "/oauth/token?client_secret=x", "grant_type", "client_credentials").is(400, "invalid_request")
	h.call("machine", "/oauth/token").is(400, "invalid_request")
	r, err = http.NewRequest(http.MethodPost, h.at("/oauth/token"), strings.NewReader(`{"grant_type":"client_credentials"}`))
	h.must(err)
	r.Header.Set("Content-Type", "text/plain")
	h.do(r).is(400, "invalid_request")
}

func TestO21_03_RedirectURIWithPKCE(t *testing.T) {
	h := open(t)
	b := h.browser()
	a := h.ask("spa")
	q := b.begin(a).signIn("ada").answer()
	h.token("spa", "grant_type", "authorization_code", "code", q.Get("code"), "code_verifier", a.verifier).is(200, "")
	q = b.begin(a).answer()
	h.token("spa", "grant_type", "authorization_code", "code", q.Get("code"), "code_verifier", a.verifier, "redirect_uri", callback+"x").is(400, "invalid_grant")
}
