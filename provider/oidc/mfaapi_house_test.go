package oidc_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
)

const (
	byPassword = "password"
	byRealm    = "http://auth0.com/oauth/grant-type/password-realm"
	byOTP      = "http://auth0.com/oauth/grant-type/mfa-otp"
	byOOB      = "http://auth0.com/oauth/grant-type/mfa-oob"
	byRecovery = "http://auth0.com/oauth/grant-type/mfa-recovery-code"
)

// apps is a house with clients that have screens of their own: app has a secret, phone
// none, other is another one, plain may not use the MFA grants.
func apps(t *testing.T, change ...func(*plan)) *house {
	t.Helper()
	p := plan{policy: policy.Always, factors: []string{factors.OTP, factors.SMS, factors.Voice, factors.Push, factors.Email, factors.RecoveryCode}}
	for _, f := range change {
		f(&p)
	}
	h := build(t, p)
	grants := []string{"authorization_code", "refresh_token", byPassword, byRealm, byOTP, byOOB, byRecovery}
	for name, method := range map[string]string{"app": "client_secret_post", "phone": "none", "other": "client_secret_post", "plain": "client_secret_post"} {
		h.register(name, method, func(c *storage.Client) {
			c.Metadata.GrantTypes = grants
			if name == "plain" {
				c.Metadata.GrantTypes = grants[:4]
			}
		})
	}
	return h
}

// password asks for tokens by name and password.
func (h *house) password(client, name string, pairs ...string) *reply {
	h.t.Helper()
	return h.token(client, append([]string{"grant_type", byPassword, "username", name, "password", h.users[name].password}, pairs...)...)
}

// needs is the mfa_token of a sign-in by app that waits for its second factor.
func (h *house) needs(name string, pairs ...string) string {
	h.t.Helper()
	token := h.password("app", name, pairs...).is(http.StatusForbidden, "mfa_required").text("mfa_token")
	if token == "" {
		h.t.Fatal("no mfa_token")
	}
	return token
}

// api calls an endpoint with a JSON body (nil: none) and a bearer token ("": none).
func (h *house) api(method, path, token string, body map[string]any, headers ...string) *reply {
	h.t.Helper()
	b, err := json.Marshal(body)
	h.must(err)
	if body == nil {
		b = nil
	}
	r, err := http.NewRequest(method, h.at(path), bytes.NewReader(b))
	h.must(err)
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return h.do(r)
}

// list is GET /mfa/authenticators.
func (h *house) list(token string) []map[string]any {
	h.t.Helper()
	got := h.api(http.MethodGet, "/mfa/authenticators", token, nil)
	var all []map[string]any
	if err := json.Unmarshal([]byte(got.raw), &all); err != nil || got.status != http.StatusOK || all == nil {
		h.t.Fatalf("%d %s: %v", got.status, got.raw, err)
	}
	return all
}

func (h *house) associate(token string, body map[string]any, headers ...string) *reply {
	h.t.Helper()
	return h.api(http.MethodPost, "/mfa/associate", token, body, headers...)
}

// challenge asks as app.
func (h *house) challenge(token string, body map[string]any, headers ...string) *reply {
	h.t.Helper()
	all := map[string]any{"mfa_token": token, "client_id": "app", "client_secret": h.secret["app"]}
	for name, value := range body {
		all[name] = value
	}
	return h.api(http.MethodPost, "/mfa/challenge", "", all, headers...)
}

// only fails the test unless the reply has these fields and no others.
func (r *reply) only(names ...string) *reply {
	r.h.t.Helper()
	for _, name := range names {
		if _, ok := r.body[name]; !ok {
			r.h.t.Errorf("no %s in %s", name, r.raw)
		}
	}
	if len(r.body) != len(names) {
		r.h.t.Errorf("fields of %s, want %v", r.raw, names)
	}
	return r
}

// kinds are the types of mfa_requirements under a name.
func (r *reply) kinds(of string) []string {
	r.h.t.Helper()
	all, _ := r.body["mfa_requirements"].(map[string]any)
	list, ok := all[of].([]any)
	if !ok || len(all) != 1 {
		r.h.t.Errorf("mfa_requirements %v, want %s alone", all, of)
	}
	var types []string
	for _, one := range list {
		kind, _ := one.(map[string]any)
		text, _ := kind["type"].(string)
		types = append(types, text)
	}
	return types
}

// tells fails the test unless the reply has the description.
func (r *reply) tells(description string) *reply {
	r.h.t.Helper()
	if r.text("error_description") != description {
		r.h.t.Errorf("%d %q, want %q", r.status, r.text("error_description"), description)
	}
	return r
}
