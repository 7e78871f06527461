package oidc_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// sdk is a request as Auth0's SDKs send it: with their header, and in JSON where body is.
func (h *house) sdk(path string, body any) *reply {
	h.t.Helper()
	r := h.sdkRequest(path, body)
	return h.do(r)
}

func (h *house) sdkRequest(path string, body any) *http.Request {
	h.t.Helper()
	text, kind := "", "application/json"
	switch body := body.(type) {
	case url.Values:
		text, kind = body.Encode(), "application/x-www-form-urlencoded"
	case string:
		text = body
	default:
		b, err := json.Marshal(body)
		h.must(err)
		text = string(b)
	}
	r, err := http.NewRequest(http.MethodPost, h.at(path), strings.NewReader(text))
	h.must(err)
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Auth0-Client", "eyJuYW1lIjoidGVzdCJ9")
	return r
}

// says fails the test unless the reply has the status and Auth0's words.
func (r *reply) says(status int, code, description string) {
	r.h.t.Helper()
	if r.is(status, code).text("error_description") != description {
		r.h.t.Errorf("error_description %q, want %q", r.text("error_description"), description)
	}
}

func TestStandardIsTheDefaultAndAuth0IsByHeader(t *testing.T) {
	h := open(t)
	b := h.browser()
	a := h.ask("spa", "scope", "openid profile offline_access")
	got := b.tokens("ada", a)
	form := url.Values{"client_id": {"spa"}, "grant_type": {"authorization_code"}, "code": {"ac_x"}, "redirect_uri": {callback}, "code_verifier": {a.verifier}}
	h.sdk("/oauth/token", form).says(http.StatusForbidden, "invalid_grant", "Invalid authorization code")
	h.token("spa", "grant_type", "authorization_code", "code", "ac_x", "code_verifier", a.verifier).is(http.StatusBadRequest, "invalid_grant")

	refresh := map[string]string{"client_id": "spa", "grant_type": "refresh_token", "refresh_token": "rt_x"}
	h.sdk("/oauth/token", refresh).says(http.StatusForbidden, "invalid_grant", "Unknown or invalid refresh token.")
	h.sdk("/oauth/token", map[string]string{"client_id": "spa", "grant_type": "client_credentials"}).is(http.StatusForbidden, "unauthorized_client")
	h.sdk("/oauth/token", map[string]string{"client_id": "spa", "grant_type": "refresh_token"}).is(http.StatusBadRequest, "invalid_request")

	refresh["refresh_token"] = got.text("refresh_token")
	block(h, "ada", true)
	h.sdk("/oauth/token", refresh).says(http.StatusForbidden, "invalid_grant", "user is blocked")
	if plain := h.refresh("spa", refresh["refresh_token"]).is(http.StatusBadRequest, "invalid_grant"); strings.Contains(plain.raw, "blocked") {
		t.Errorf("outside of the dialect: %s", plain.raw)
	}
	block(h, "ada", false)

	r, err := http.NewRequest(http.MethodGet, h.at("/userinfo"), nil)
	h.must(err)
	r.Header.Set("Authorization", "Bearer "+got.text("access_token"))
	if n, ok := h.do(r).body["updated_at"].(float64); !ok || n == 0 {
		t.Error("updated_at is no number")
	}
	r.Header.Set("Auth0-Client", "e30")
	text, _ := h.do(r).body["updated_at"].(string)
	if _, err := time.Parse(time.RFC3339, text); err != nil {
		t.Errorf("updated_at: %v", err)
	}
}

// Auth0's SDKs know the person from the ID token.
func TestIDTokenTellsSDKsTheClaimsOfTheScopes(t *testing.T) {
	h := open(t)
	got := h.browser().tokens("ada", h.ask("spa", "scope", "openid email offline_access"))
	if claims := got.id(); claims["email"] != nil {
		t.Errorf("outside of the dialect: %v", claims)
	}
	got = h.sdk("/oauth/token", map[string]string{"client_id": "spa", "grant_type": "refresh_token", "refresh_token": got.text("refresh_token")}).is(http.StatusOK, "")
	claims := got.id()
	if claims["nonce"] != nil {
		t.Errorf("a refreshed ID token has a nonce: %v", claims)
	}
	if claims["email"] != "ada@example.com" || claims["email_verified"] == nil || claims["name"] != nil {
		t.Errorf("with openid email: %v", claims)
	}
}

func TestTokenRequestsInJSON(t *testing.T) {
	h := open(t)
	got := h.browser().tokens("ada", h.ask("spa", "scope", "openid offline_access"))
	got = h.sdk("/oauth/token", map[string]any{"client_id": "spa", "grant_type": "refresh_token", "refresh_token": got.text("refresh_token"), "scope": nil, "extra": true, "more": map[string]int{"a": 1}}).is(http.StatusOK, "")
	machine := map[string]string{"grant_type": "client_credentials", "audience": testAPI, "client_id": "machine", "client_secret": h.secret["machine"]}
	h.sdk("/oauth/token", machine).is(http.StatusOK, "") // registered for Basic
	machine["client_secret"] = "wrong"
	h.sdk("/oauth/token", machine).is(http.StatusUnauthorized, "invalid_client")
	for _, body := range []string{
		`{"grant_type":"refresh_token","grant_type":"refresh_token","client_id":"spa"}`, `[]`, `"x"`, `{`, ``, `{"client_id":["spa"]}`, `{"client_id":"spa"} {}`, `{"client_id":"spa"`,
	} {
		h.sdk("/oauth/token", body).is(http.StatusBadRequest, "invalid_request")
	}
	post := map[string]string{"response_type": "code", "redirect_uri": callback, "scope": "openid", "client_id": "web", "client_secret": h.secret["web"]}
	if pushed := h.sdk("/oauth/par", post).is(http.StatusCreated, ""); !strings.HasPrefix(pushed.text("request_uri"), "urn:ietf:params:oauth:request_uri:") {
		t.Errorf("pushed: %s", pushed.raw)
	}
	if ended := h.sdk("/oauth/revoke", map[string]string{"client_id": "spa", "token": got.text("refresh_token")}); ended.status != http.StatusOK || ended.raw != "" {
		t.Errorf("revoke: %d %s", ended.status, ended.raw)
	}
	h.refresh("spa", got.text("refresh_token")).is(http.StatusBadRequest, "invalid_grant")
}
