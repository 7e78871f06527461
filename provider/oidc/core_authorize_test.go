package oidc_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/storage"
)

func TestCORE01_GetAndPost(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.begin(h.ask("web")).signIn("ada").answer()
	// The application's page posts from its own site, and the session still counts.
	q := b.postFrom("https://app.example", h.at("/authorize"), h.ask("web", "prompt", "none").form).answer()
	if q.Get("code") == "" || q.Get("state") != "s-web" {
		t.Errorf("POST: %v", q)
	}
}

func TestCORE02_NoOpenIDNoIDToken(t *testing.T) {
	h := open(t)
	got := h.browser().tokens("ada", h.ask("web", "scope", "read", "audience", testAPI))
	if got.text("id_token") != "" || got.text("access_token") == "" || got.text("scope") != "read" {
		t.Errorf("plain OAuth: %v", got.body)
	}
}

func TestCORE03_ResponseTypeAndRepeats(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.begin(h.ask("web", "response_type", "")).fails("unsupported_response_type")
	b.begin(h.ask("web", "response_type", "magic")).fails("unsupported_response_type")
	b.get(h.ask("web").url() + "&scope=profile").fails("invalid_request")
	b.get(h.ask("web").url() + "&redirect_uri=" + url.QueryEscape(callback)).says("That didn")
	// An empty parameter is an absent one, a repeated empty one too.
	b.get(h.ask("web").url() + "&max_age=&prompt=&login_hint=&login_hint=").says("Sign in")
}

func TestCORE04_RedirectURIByteExact(t *testing.T) {
	h := open(t)
	b := h.browser()
	for _, uri := range []string{
		"https://app.example/Callback", callback + "/", callback + "?a=b", "https://app.example:443/callback", "https://app.example:8443/callback",
		"https://app.example/x/../callback", "https://app.example/%63allback", "https://app.example@evil.example/callback",
		"https://rp@app.example/callback", "https://evil.example/callback", callback + "#frag", "http://app.example/callback", "javascript:alert(1)",
		"https://app.example\\@evil.example/callback", " " + callback, callback + "%0d%0aX: y", "//app.example/callback", "https://APP.example/callback",
	} {
		p := b.begin(h.ask("web", "redirect_uri", uri))
		if p.home || p.status != http.StatusBadRequest || p.header.Get("Location") != "" || strings.Contains(p.body, "evil.example") {
			t.Errorf("%q: status %d, at %s", uri, p.status, p.at)
		}
	}
	if p := b.begin(h.ask("web", "client_id", "nobody")); p.home || p.status != http.StatusBadRequest {
		t.Errorf("unknown client: status %d, at %s", p.status, p.at)
	}
}

func TestCORE05_MissingRedirectURI(t *testing.T) {
	h := open(t)
	h.register("two", "client_secret_basic", func(c *storage.Client) {
		c.Metadata.RedirectURIs = append(c.Metadata.RedirectURIs, "https://app.example/other")
	})
	for _, scope := range []string{"openid", "profile"} {
		if p := h.browser().begin(h.ask("two", "redirect_uri", "", "scope", scope)); p.home || p.status != http.StatusBadRequest {
			t.Errorf("scope %s: status %d at %s", scope, p.status, p.at)
		}
	}
	// Plain OAuth with one address registered needs none, at the token endpoint either.
	a := h.ask("web", "redirect_uri", "", "scope", "profile")
	q := h.browser().begin(a).signIn("ada").answer()
	h.token("web", "grant_type", "authorization_code", "code", q.Get("code")).is(http.StatusOK, "")
}

func TestCORE06_StateComesBackByteIdentical(t *testing.T) {
	h := open(t)
	state := strings.Repeat("&=%+ é<\"", 228)
	b := h.browser()
	b.begin(h.ask("web")).signIn("ada").answer()
	for _, mode := range []string{"query", "fragment", "form_post"} {
		p := b.begin(h.ask("web", "state", state, "response_mode", mode))
		var got url.Values
		if mode == "form_post" {
			got = p.fields()
		} else {
			got = p.answer()
		}
		if got.Get("state") != state || got.Get("code") == "" || got.Get("iss") != h.issuer {
			t.Errorf("%s: state %.40q, code %q", mode, got.Get("state"), got.Get("code"))
		}
	}
	b.begin(h.ask("web", "state", strings.Repeat("a", 5000))).fails("invalid_request")
	if q := b.begin(h.ask("web", "state", "")).answer(); q.Has("state") || q.Get("code") == "" {
		t.Errorf("no state: %v", q)
	}
}

func TestCORE07_Nonce(t *testing.T) {
	h := open(t)
	b := h.browser()
	nonce := strings.Repeat("n", 512)
	if id := b.tokens("ada", h.ask("web", "nonce", nonce)).id(); id["nonce"] != nonce {
		t.Errorf("nonce %v", id["nonce"])
	}
	if id := b.tokens("ada", h.ask("web", "nonce", "")).id(); id["nonce"] != nil {
		t.Errorf("nonce %v without one", id["nonce"])
	}
	b.begin(h.ask("web", "nonce", nonce+"n")).fails("invalid_request")
}

func TestCORE08_PromptNone(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.begin(h.ask("web", "prompt", "none")).fails("login_required")
	b.begin(h.ask("web", "prompt", "none login")).fails("invalid_request")
	b.begin(h.ask("web", "prompt", "popup")).fails("invalid_request")
	b.begin(h.ask("web")).signIn("grace").answer()
	b.begin(h.ask("partner", "prompt", "none")).fails("consent_required")
	// The client's policy wants a factor that the session lacks: Auth0's error.
	b.begin(h.ask("mfa", "prompt", "none")).fails("login_required")
	b.begin(h.ask("web", "prompt", "none", "acr_values", multi)).fails("interaction_required")
	if q := b.begin(h.ask("web", "prompt", "none")).answer(); q.Get("code") == "" {
		t.Errorf("silent: %v", q)
	}
}

func TestCORE09_PromptLogin(t *testing.T) {
	h := open(t)
	b := h.browser()
	first := b.tokens("grace", h.ask("mfa")).id()
	h.wait(time.Minute)
	p := b.begin(h.ask("mfa", "prompt", "login")).says("Enter your password")
	login := p.at.String()
	// Taking prompt out of the running login's address changes nothing.
	p = b.get(strings.Split(login, "?")[0])
	p = p.press("answer", "password", h.users["grace"].password).says("Enter your code")
	q := p.signIn("grace").answer()
	a := h.ask("mfa")
	id := a.redeem(q).id()
	if id["auth_time"].(float64) <= first["auth_time"].(float64) {
		t.Errorf("auth_time %v after %v", id["auth_time"], first["auth_time"])
	}
	// Back, after it is done: the login is over.
	if p := b.get(login); p.status != http.StatusGone || p.home {
		t.Errorf("back: status %d at %s", p.status, p.at)
	}
}

func TestCORE10_PromptConsentAndSelectAccount(t *testing.T) {
	h := open(t)
	b := h.browser()
	a := h.ask("partner", "scope", "openid profile offline_access")
	p := b.begin(a)
	p = p.press("answer", "username", "ada", "password", h.users["ada"].password).says("Allow access?")
	if !strings.Contains(p.body, "while you’re away") {
		t.Error("the consent page does not tell of offline_access")
	}
	if got := a.redeem(p.press("allow").answer()); got.text("refresh_token") == "" {
		t.Errorf("no refresh token: %v", got.body)
	}
	if q := b.begin(h.ask("partner", "scope", "openid profile offline_access")).answer(); q.Get("code") == "" {
		t.Errorf("consent was forgotten: %v", q)
	}
	b.begin(h.ask("partner", "prompt", "consent")).says("Allow access?")
	b.begin(h.ask("partner", "prompt", "select_account")).says("Sign in")
	// Without offline_access there is no refresh token.
	if got := b.tokens("ada", h.ask("web")); got.text("refresh_token") != "" {
		t.Error("a refresh token without offline_access")
	}
}

func TestCORE11_MaxAge(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.begin(h.ask("web")).signIn("ada").answer()
	h.wait(2 * time.Second)
	for _, age := range []string{"-1", "abc", "+5", "1.5", "99999999999999999999"} {
		b.begin(h.ask("web", "max_age", age)).fails("invalid_request")
	}
	if id := b.tokens("ada", h.ask("web", "max_age", "10000")).id(); id["auth_time"] == nil {
		t.Error("no auth_time")
	}
	b.begin(h.ask("web", "max_age", "10000", "prompt", "none")).answer()
	b.begin(h.ask("web", "max_age", "1")).says("Enter your password")
	b.begin(h.ask("web", "max_age", "1", "prompt", "none")).fails("login_required")
	b.begin(h.ask("web", "max_age", "0")).says("Enter your password")
	a := h.ask("web", "max_age", "0")
	if id := b.tokens("ada", a).id(); int64(id["auth_time"].(float64)) != h.now().Unix() {
		t.Errorf("max_age=0: auth_time %v, now %d", id["auth_time"], h.now().Unix())
	}
	hour := int64(3600)
	h.register("aged", "client_secret_basic", func(c *storage.Client) { c.Metadata.DefaultMaxAge = &hour })
	h.wait(2 * time.Hour)
	b.begin(h.ask("aged")).says("Enter your password")
}

func TestCORE12_IDTokenHint(t *testing.T) {
	h := open(t)
	b := h.browser()
	hint := b.tokens("ada", h.ask("web")).text("id_token")
	h.wait(3 * time.Hour) // it has expired
	if q := b.begin(h.ask("web", "id_token_hint", hint, "prompt", "none")).answer(); q.Get("code") == "" {
		t.Errorf("expired hint: %v", q)
	}
	other := h.browser().tokens("grace", h.ask("web")).text("id_token")
	b.begin(h.ask("web", "id_token_hint", other, "prompt", "none")).fails("login_required")
	p := b.begin(h.ask("web", "id_token_hint", other)).says("Sign in")
	if p = p.press("answer", "username", "ada", "password", h.users["ada"].password); p.home {
		t.Error("the wrong person signed in for the hint")
	}
	parts := strings.Split(hint, ".")
	none := "eyJhbGciOiJub25lIn0." + parts[1] + "."
	for _, bad := range []string{"garbage", none, parts[0] + "." + parts[1] + "." + strings.Repeat("A", len(parts[2])), parts[0] + "." + parts[1]} {
		b.begin(h.ask("web", "id_token_hint", bad)).fails("invalid_request")
	}
	b.begin(h.ask("mfa", "id_token_hint", hint)).fails("invalid_request") // made for another client
	b.begin(h.ask("web", "id_token_hint", b.tokens("ada", h.ask("web", "scope", "openid read", "audience", testAPI)).text("access_token"))).fails("invalid_request")
}

func TestCORE13_LoginHint(t *testing.T) {
	h := open(t)
	p := h.browser().begin(h.ask("web", "login_hint", `"><script>alert(1)</script>`)).says("Sign in")
	if strings.Contains(p.body, "<script>alert") {
		t.Error("login_hint is not escaped")
	}
	p = h.browser().begin(h.ask("web", "login_hint", strings.Repeat("ä", 4000))).says("Sign in")
	if strings.Count(p.body, "ä") > 320 {
		t.Error("login_hint is not cut")
	}
	if p = h.browser().begin(h.ask("web", "login_hint", "ada@example.com")); !strings.Contains(p.body, `value="ada@example.com"`) {
		t.Error("login_hint is not filled in")
	}
}

func TestCORE14_LocalesNeverFail(t *testing.T) {
	h := open(t)
	b := h.browser()
	p := b.begin(h.ask("web", "ui_locales", "xx-invalid de fr", "display", "wap", "claims_locales", "zz"))
	if !strings.Contains(p.body, `<html lang="de"`) {
		t.Errorf("language: %.200s", p.body)
	}
	b.begin(h.ask("web", "ui_locales", strings.Repeat("x ", 2000))).says("Sign in")
}

func TestCORE15_ClaimsParameter(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.begin(h.ask("web")).signIn("ada").answer()
	for _, bad := range []string{"{", "[]", `"x"`, strings.Repeat("[", 1000), `{"id_token":` + strings.Repeat(`{"a":`, 500), strings.Repeat("x", 40000), `{"id_token":[]}`, `{"id_token":{"sub":{"value":7}}}`} {
		b.begin(h.ask("web", "claims", bad)).fails("invalid_request")
	}
	got := b.tokens("ada", h.ask("web", "claims", `{"userinfo":{"email":null,"unknown":{"essential":true}},"id_token":{"name":{"essential":true},"constructor":null},"other":1}`))
	if id := got.id(); id["name"] != "ada" || id["email"] != nil {
		t.Errorf("ID token: %v", id)
	}
	if info := h.userinfo(got.text("access_token")); info.body["email"] != "ada@example.com" || info.body["name"] != nil {
		t.Errorf("UserInfo: %v", info.body)
	}
}

func TestCORE16_ClaimsSub(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.begin(h.ask("web")).signIn("ada").answer()
	other := `{"id_token":{"sub":{"value":"` + h.users["grace"].ID + `"}}}`
	b.begin(h.ask("web", "claims", other, "prompt", "none")).fails("login_required")
	p := b.begin(h.ask("web", "claims", other)).says("Sign in")
	if p = p.press("answer", "username", "ada", "password", h.users["ada"].password); p.home {
		t.Error("tokens for the wrong person")
	}
	a := h.ask("web", "claims", other)
	if id := a.redeem(b.begin(a).signIn("grace").answer()).id(); id["sub"] != h.users["grace"].ID {
		t.Errorf("sub %v", id["sub"])
	}
}

func TestCORE17_RequestObjectsAreRefused(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.begin(h.ask("web", "request", "eyJhbGciOiJub25lIn0.e30.")).fails("request_not_supported")
	b.begin(h.ask("web", "request_uri", "https://app.example/request.jwt")).fails("request_uri_not_supported")
	b.begin(h.ask("web", "registration", "{}")).fails("registration_not_supported")
	doc := h.get("/.well-known/openid-configuration").body
	if doc["request_parameter_supported"] != false || doc["request_uri_parameter_supported"] != false {
		t.Error("the metadata says otherwise")
	}
}

func TestCORE33_InitiateLoginURIIsKept(t *testing.T) {
	h := open(t)
	c := h.register("starts", "client_secret_basic", func(c *storage.Client) { c.Metadata.InitiateLoginURI = "https://app.example/login" })
	if found, err := h.db.ClientByID(t.Context(), c.ID); err != nil || found.Metadata.InitiateLoginURI != "https://app.example/login" {
		t.Errorf("%v %v", found, err)
	}
}

func TestCORE34_CORS(t *testing.T) {
	h := open(t)
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/jwks.json", "/oauth/token", "/userinfo", "/oauth/revoke"} {
		r, err := http.NewRequest(http.MethodOptions, h.at(path), nil)
		h.must(err)
		r.Header.Set("Origin", "https://app.example")
		r.Header.Set("Access-Control-Request-Method", map[bool]string{true: "GET", false: "POST"}[strings.HasPrefix(path, "/.well-known")])
		got := h.do(r)
		if got.header.Get("Access-Control-Allow-Origin") != "*" || got.header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: %v", path, got.header)
		}
	}
	r, err := http.NewRequest(http.MethodGet, h.ask("web").url(), nil)
	h.must(err)
	r.Header.Set("Origin", "https://app.example")
	if got := h.do(r); got.header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("the authorization endpoint has CORS")
	}
}

func TestCORE35_Cancel(t *testing.T) {
	h := open(t)
	q := h.browser().begin(h.ask("web")).press("cancel").fails("access_denied")
	if q.Get("state") != "s-web" {
		t.Errorf("state %q", q.Get("state"))
	}
	p := h.browser().begin(h.ask("partner")).press("answer", "username", "ada", "password", h.users["ada"].password).says("Allow")
	p.press("deny").fails("access_denied")
}

func TestCORE36_DisabledMidFlow(t *testing.T) {
	h := open(t)
	b := h.browser()
	p := b.begin(h.ask("mfa")).press("answer", "username", "grace", "password", h.users["grace"].password).says("Enter your code")
	block(h, "grace", true)
	if p = p.press("answer", "code", h.code(h.users["grace"])); p.home {
		t.Fatalf("a blocked user came through: %s", p.at)
	}
	block(h, "grace", false)
	a := h.ask("web")
	q := h.browser().begin(a).signIn("grace").answer()
	block(h, "grace", true)
	a.redeem(q).is(http.StatusBadRequest, "invalid_grant")
	a = h.ask("web")
	q = h.browser().begin(a).signIn("ada").answer()
	h.must(h.db.DeleteUser(t.Context(), h.users["ada"].ID))
	a.redeem(q).is(http.StatusBadRequest, "invalid_grant")
}

func block(h *house, name string, blocked bool) {
	h.t.Helper()
	u, err := h.db.UserByID(h.t.Context(), h.users[name].ID)
	h.must(err)
	u.Blocked = blocked
	h.must(h.db.UpdateUser(h.t.Context(), u))
}

func (p *page) fields() url.Values {
	p.b.h.t.Helper()
	v := url.Values{}
	for _, m := range hidden.FindAllStringSubmatch(p.body, -1) {
		v.Set(unescape(m[1]), unescape(m[2]))
	}
	return v
}
