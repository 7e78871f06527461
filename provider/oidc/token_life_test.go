package oidc_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/storage"
)

func drain(h *house, key string) error {
	_, err := h.db.TakeAll(h.t.Context(), h.now(), storage.Limit{Key: key, Burst: 1, Period: 1000 * time.Hour})
	return err
}

func TestREV01_Revocation(t *testing.T) {
	h := open(t)
	b := h.browser()
	revoke := func(client, token string, pairs ...string) *reply {
		t.Helper()
		return h.call(client, "/oauth/revoke", append([]string{"token", token}, pairs...)...)
	}
	got := b.tokens("ada", h.ask("spa", "scope", "openid offline_access"))
	for _, unknown := range []string{"nonsense", "at_x", "rt_" + strings.Repeat("A", 48), "a.b.c"} {
		revoke("web", unknown).is(200, "")
	}
	revoke("web", got.text("refresh_token")).is(200, "") // another client's: no effect
	got = h.refresh("spa", got.text("refresh_token")).is(200, "")
	revoke("spa", got.text("refresh_token"), "token_type_hint", "access_token").is(200, "")
	h.refresh("spa", got.text("refresh_token")).is(400, "invalid_grant")
	h.userinfo(got.text("access_token")).is(401, "invalid_token")
	got = b.tokens("ada", h.ask("spa", "scope", "openid offline_access"))
	revoke("spa", got.text("access_token")).is(200, "")
	h.userinfo(got.text("access_token")).is(401, "invalid_token")
	h.refresh("spa", got.text("refresh_token")).is(200, "")
	revoke("web", "x", "client_secret", "y").is(400, "invalid_request")
	h.call("web", "/oauth/revoke").is(400, "invalid_request")
	h.call("", "/oauth/revoke", "token", "x").is(401, "invalid_client")
	jwt := b.tokens("ada", h.ask("web", "scope", "openid read", "audience", testAPI)).text("access_token")
	revoke("web", jwt).is(200, "")
	h.userinfo(jwt).is(401, "invalid_token")
	revoke("machine", h.token("machine", "grant_type", "client_credentials", "audience", testAPI).text("access_token")).is(400, "unsupported_token_type")
	if n := len(h.events("token.revoked")); n != 3 {
		t.Errorf("%d revocations are in the audit log, want 3", n)
	}
}

func TestINT01_Introspection(t *testing.T) {
	h := open(t)
	b := h.browser()
	got := b.tokens("grace", h.ask("mfa", "scope", "openid offline_access"))
	live := h.introspect("mfa", got.text("access_token"))
	for _, name := range []string{"sub", "aud", "scope", "client_id", "exp", "iat", "iss", "token_type", "acr", "auth_time", "amr"} {
		if live.body[name] == nil {
			t.Errorf("%s is missing: %s", name, live.raw)
		}
	}
	if live.header.Get("Cache-Control") != "no-store" || live.text("acr") != multi || live.text("iss") != h.issuer {
		t.Errorf("%v %s", live.header, live.raw)
	}
	refresh := h.introspect("mfa", got.text("refresh_token"))
	if refresh.body["active"] != true || refresh.body["exp"].(float64) <= live.body["exp"].(float64) {
		t.Errorf("refresh token: %s", refresh.raw)
	}
	dead := func(client, token string) {
		t.Helper()
		if r := h.introspect(client, token); r.raw != `{"active":false}` || r.status != 200 {
			t.Errorf("%d %s", r.status, r.raw)
		}
	}
	dead("mfa", "nonsense")
	dead("web", got.text("refresh_token")) // another client's
	dead("server", got.text("access_token"))
	dead("mfa", got.text("id_token"))
	h.call("mfa", "/oauth/revoke", "token", got.text("access_token"))
	dead("mfa", got.text("access_token"))
	again := h.refresh("mfa", got.text("refresh_token"))
	h.wait(11 * time.Minute)
	dead("mfa", again.text("access_token"))
	h.call("spa", "/oauth/introspect", "token", "x").is(401, "invalid_client")
	h.call("", "/oauth/introspect", "token", "x").is(401, "invalid_client")
	h.call("mfa", "/oauth/introspect").is(400, "invalid_request")
}

func TestJAT01_JWTAccessToken(t *testing.T) {
	h := open(t)
	b := h.browser()
	got := b.tokens("grace", h.ask("mfa", "scope", "openid read offline_access", "audience", testAPI))
	claims, header := h.claims(got.text("access_token"))
	if typ, _ := header.ExtraHeaders["typ"].(string); typ != "at+jwt" {
		t.Errorf("typ %v", header.ExtraHeaders["typ"])
	}
	for _, name := range []string{"iss", "exp", "aud", "sub", "client_id", "iat", "jti", "scope", "acr", "auth_time", "amr"} {
		if claims[name] == nil {
			t.Errorf("%s is missing: %v", name, claims)
		}
	}
	if aud := texts(claims["aud"]); aud[0] != testAPI || claims["acr"] != multi || claims["scope"] != "openid read offline_access" {
		t.Errorf("%v", claims)
	}
	h.wait(20 * time.Minute)
	next := h.refresh("mfa", got.text("refresh_token")).is(200, "")
	after, _ := h.claims(next.text("access_token"))
	for _, name := range []string{"acr", "auth_time", "sub", "scope"} {
		if after[name] != claims[name] {
			t.Errorf("%s: %v, then %v", name, claims[name], after[name])
		}
	}
	if after["iat"].(float64) <= claims["iat"].(float64) || after["jti"] == claims["jti"] {
		t.Errorf("iat %v, jti %v", after["iat"], after["jti"])
	}
	h.userinfo(next.text("access_token")).is(200, "")
	h.userinfo(next.text("id_token")).is(401, "invalid_token")
	b.begin(h.ask("mfa", "id_token_hint", next.text("access_token"))).fails("invalid_request")
}

func TestRES01_Resource(t *testing.T) {
	h := open(t)
	b := h.browser()
	got := b.tokens("ada", h.ask("web", "scope", "read", "resource", ledgerAPI))
	if info := h.introspect("web", got.text("access_token")).body; texts(info["aud"])[0] != ledgerAPI {
		t.Errorf("%v", info)
	}
	b.begin(h.ask("web", "resource", "https://nobody.example/")).fails("invalid_target")
	b.begin(h.ask("web", "resource", ledgerAPI, "audience", testAPI)).fails("invalid_target")
	b.begin(h.ask("web", "resource", ledgerAPI+"#x")).fails("invalid_target")
}

// Lifetimes: the API's word comes before the client's, the client's before the
// tenant's.
func TestTokenLifetimes(t *testing.T) {
	h := open(t)
	ttl := int64(42)
	h.register("brief", "client_secret_basic", func(c *storage.Client) { c.Settings.AccessTokenTTL = &ttl })
	if got := h.browser().tokens("ada", h.ask("brief")); got.body["expires_in"] != float64(42) {
		t.Errorf("expires_in %v", got.body["expires_in"])
	}
	h.must(h.db.CreateAPI(t.Context(), &storage.API{Audience: "https://short.example/", Name: "x", TokenFormat: "jwt", TokenTTL: 7}))
	h.amend("brief", func(c *storage.Client) { c.Settings.Audiences["https://short.example/"] = nil })
	h.wait(10 * time.Second)
	got := h.browser().tokens("ada", h.ask("brief", "audience", "https://short.example/"))
	claims, _ := h.claims(got.text("access_token"))
	if got.body["expires_in"] != float64(7) || claims["exp"].(float64)-claims["iat"].(float64) != 7 {
		t.Errorf("expires_in %v, %v", got.body["expires_in"], claims)
	}
	if got.header.Get("Content-Type") != "application/json" || got.status != http.StatusOK {
		t.Errorf("%d %v", got.status, got.header)
	}
}
