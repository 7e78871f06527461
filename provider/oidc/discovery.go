package oidc

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// metadata is the document of OpenID Connect Discovery §3 and RFC 8414 §2. It says
// what we do and nothing else (DISC-03).
func (p *Provider) metadata(acr []string) ([]byte, error) {
	methods := []string{"client_secret_basic", "client_secret_post", "private_key_jwt", "none"}
	withSecret := methods[:3]
	claims := append([]string{"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash", "sid", "org_id"}, claimNames...)
	doc := map[string]any{
		"issuer":                                p.issuer,
		"authorization_endpoint":                p.at("/authorize"),
		"token_endpoint":                        p.at("/oauth/token"),
		"userinfo_endpoint":                     p.at("/userinfo"),
		"jwks_uri":                              p.at("/.well-known/jwks.json"),
		"revocation_endpoint":                   p.at("/oauth/revoke"),
		"introspection_endpoint":                p.at("/oauth/introspect"),
		"pushed_authorization_request_endpoint": p.at("/oauth/par"),
		"device_authorization_endpoint":         p.at("/oauth/device/code"),
		"mfa_challenge_endpoint":                p.at("/mfa/challenge"),
		"end_session_endpoint":                  p.at("/oidc/logout"),

		"scopes_supported":                 standardScopes,
		"response_types_supported":         []string{"code"},
		"response_modes_supported":         []string{"query", "fragment", "form_post", modeMessage},
		"grant_types_supported":            []string{grantCode, grantRefresh, grantMachine, grantDevice},
		"subject_types_supported":          []string{"public"},
		"acr_values_supported":             acr,
		"code_challenge_methods_supported": []string{"S256"},
		"prompt_values_supported":          prompts,
		"claim_types_supported":            []string{"normal"},
		"claims_supported":                 claims,
		"ui_locales_supported":             p.themes.Languages(),

		"id_token_signing_alg_values_supported":                    signingAlgs,
		"userinfo_signing_alg_values_supported":                    signingAlgs,
		"token_endpoint_auth_methods_supported":                    methods,
		"token_endpoint_auth_signing_alg_values_supported":         assertionAlgs,
		"revocation_endpoint_auth_methods_supported":               methods,
		"revocation_endpoint_auth_signing_alg_values_supported":    assertionAlgs,
		"introspection_endpoint_auth_methods_supported":            withSecret,
		"introspection_endpoint_auth_signing_alg_values_supported": assertionAlgs,
		"authorization_response_iss_parameter_supported":           true,
		"claims_parameter_supported":                               true,
		"request_parameter_supported":                              false,
		"request_uri_parameter_supported":                          false,
		"require_request_uri_registration":                         false,
		"require_pushed_authorization_requests":                    false,
		"backchannel_logout_supported":                             false,
		"frontchannel_logout_supported":                            false,
	}
	b, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("oidc: metadata: %w", err)
	}
	return b, nil
}

// discover is GET /.well-known/openid-configuration and
// /.well-known/oauth-authorization-server.
func (p *Provider) discover(w http.ResponseWriter, r *http.Request) {
	static(w, r, "application/json", p.document, p.documentTag, time.Hour)
}

// jwks is GET /.well-known/jwks.json. It may be cached for as long as a new key is
// published before it signs.
func (p *Provider) jwks(w http.ResponseWriter, r *http.Request) {
	set := p.keys.set.Load()
	static(w, r, "application/jwk-set+json", set.jwks, set.etag, min(p.config.KeyOverlap/2, 10*time.Minute))
}

// static serves bytes that were rendered once.
func static(w http.ResponseWriter, r *http.Request, kind string, body []byte, tag string, fresh time.Duration) {
	h := w.Header()
	h.Set("Cache-Control", "public, max-age="+strconv.Itoa(int(fresh/time.Second)))
	h.Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", kind)
	_, _ = w.Write(body) // the client has gone; the log line says so
}

func etag(b []byte) string {
	sum := sha256.Sum256(b)
	return `"` + hex.EncodeToString(sum[:16]) + `"`
}
