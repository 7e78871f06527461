package main

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/storage"
)

const guardianScopes = "read:guardian_factors update:guardian_factors read:mfa_policies update:mfa_policies read:prompts update:prompts"

// guardian calls an operation below /guardian, which has to answer status.
func (x *tenant) guardian(status int, method, path, body string) reply {
	x.t.Helper()
	return x.may(guardianScopes, status, method, "/guardian"+path, body)
}

// may calls an operation with a body in JSON ("": none), which has to answer status.
func (x *tenant) may(scopes string, status int, method, path, body string) reply {
	x.t.Helper()
	var sent any
	if body != "" {
		sent = json.RawMessage(body)
	}
	got := x.admin(scopes, method, path, sent)
	if got.status != status {
		x.t.Fatalf("%s %s %s: %+v, want %d", method, path, body, got, status)
	}
	return got
}

// says compares an answer with JSON.
func (r reply) says(t testing.TB, want string) {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(want), &v); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(r.body, v) {
		text, _ := json.Marshal(r.body) // it was JSON
		t.Errorf("answer %s, want %s", text, want)
	}
}

// complains checks that a refusal says something.
func (r reply) complains(t testing.TB, words string) {
	t.Helper()
	if message, _ := r.object(t)["message"].(string); !strings.Contains(message, words) {
		t.Errorf("%q, want something with %q", message, words)
	}
}

func (x *tenant) enabled() string {
	x.t.Helper()
	s, err := x.house.db.Settings(x.t.Context())
	if err != nil {
		x.t.Fatal(err)
	}
	return strings.Join(s.Factors, " ")
}

func TestRow1_FactorToggles(t *testing.T) {
	x := newTenant(t, nil)
	x.guardian(200, "PUT", "/factors/otp", `{"enabled":true}`).says(t, `{"enabled":true}`)
	if n := len(x.events("factor.enabled")); n != 0 {
		t.Errorf("%d lines in the log of what was so already", n)
	}
	x.guardian(200, "GET", "/factors", "").says(t, `[
		{"name":"sms","enabled":false,"trial_expired":false},{"name":"push-notification","enabled":false,"trial_expired":false},
		{"name":"otp","enabled":true,"trial_expired":false},{"name":"email","enabled":false,"trial_expired":false},
		{"name":"duo","enabled":false,"trial_expired":false},{"name":"webauthn-roaming","enabled":false,"trial_expired":false},
		{"name":"webauthn-platform","enabled":false,"trial_expired":false},{"name":"recovery-code","enabled":true,"trial_expired":false}]`)
	x.guardian(200, "PUT", "/factors/push-notification", `{"enabled":true}`)
	events := x.events("factor.enabled")
	if len(events) != 1 || events[0].Data["factor"] != "push" || !strings.HasPrefix(events[0].Actor, "client:admin") {
		t.Errorf("the log has %+v", events)
	}
	x.guardian(200, "PUT", "/factors/push-notification", `{"enabled":false}`)
	if got := x.enabled(); got != "otp recovery-code" || len(x.events("factor.disabled")) != 1 {
		t.Errorf("enabled: %s", got)
	}
}

func TestRow2_UnknownFactor(t *testing.T) {
	x := newTenant(t, nil)
	for _, path := range []string{"/factors/foo", "/factors/phone", "/factors/push", "/factors/password"} {
		if got := x.guardian(400, "PUT", path, `{"enabled":true}`); got.object(t)["errorCode"] != "invalid_uri" {
			t.Errorf("%s: %+v", path, got)
		}
	}
	x.guardian(400, "PUT", "/factors/otp", `{"enabled":true,"colour":"red"}`).complains(t, "colour")
	x.guardian(400, "PUT", "/factors/otp", `{}`).complains(t, "enabled")
	if got := x.enabled(); got != "otp recovery-code" {
		t.Errorf("enabled: %s", got)
	}
}

func TestRow3_DependentFactors(t *testing.T) {
	x := newTenant(t, nil)
	x.guardian(200, "PUT", "/factors/recovery-code", `{"enabled":false}`)
	x.guardian(200, "PUT", "/factors/otp", `{"enabled":false}`)
	for _, name := range []string{"email", "recovery-code", "webauthn-platform"} {
		x.guardian(400, "PUT", "/factors/"+name, `{"enabled":true}`).complains(t, "only stands beside another factor; enable one such as otp first")
	}
	if got := x.enabled(); got != "" {
		t.Errorf("enabled: %s", got)
	}
	x.guardian(200, "PUT", "/factors/otp", `{"enabled":true}`)
	x.guardian(200, "PUT", "/factors/email", `{"enabled":true}`)
}

func TestRow4_LastIndependentFactor(t *testing.T) {
	x := newTenant(t, nil)
	x.guardian(400, "PUT", "/factors/otp", `{"enabled":false}`).complains(t, "recovery-code")
	x.guardian(200, "PUT", "/factors/recovery-code", `{"enabled":false}`)
	x.guardian(200, "PUT", "/policies", `["all-applications"]`)
	x.guardian(400, "PUT", "/factors/otp", `{"enabled":false}`).complains(t, "the policy asks everybody for one")
	x.guardian(200, "PUT", "/policies", `[]`)
	x.guardian(200, "PUT", "/factors/otp", `{"enabled":false}`)
	x.guardian(400, "PUT", "/policies", `["all-applications"]`).complains(t, "enable one such as otp first")
}

func TestRow5_DuoStandsAlone(t *testing.T) {
	x := newTenant(t, nil)
	x.guardian(400, "PUT", "/factors/duo", `{"enabled":true}`).complains(t, "excludes all others")
	x.guardian(200, "PUT", "/factors/recovery-code", `{"enabled":false}`)
	x.guardian(200, "PUT", "/factors/otp", `{"enabled":false}`)
	x.guardian(200, "PUT", "/factors/duo", `{"enabled":true}`)
	x.guardian(400, "PUT", "/factors/otp", `{"enabled":true}`).complains(t, "duo: excludes otp")
}

func TestRow6_Policies(t *testing.T) {
	x := newTenant(t, nil)
	x.guardian(200, "GET", "/policies", "").says(t, `[]`)
	for _, words := range []string{`["all-applications"]`, `["confidence-score"]`, `[]`} {
		x.guardian(200, "PUT", "/policies", words).says(t, words)
		x.guardian(200, "GET", "/policies", "").says(t, words)
	}
	for _, words := range []string{`["all-applications","confidence-score"]`, `["never"]`, `"all-applications"`, `{}`, `[null]`, `null`} {
		x.guardian(400, "PUT", "/policies", words)
	}
	if got := x.events("policy.changed"); len(got) != 3 || !strings.HasPrefix(got[0].Actor, "client:") {
		t.Errorf("the log has %+v", got)
	}
	u := &storage.User{ID: "usr_ada", Username: "ada", Roles: []string{"admin"}}
	if err := x.house.db.CreateUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	x.set(func(s *storage.Settings) { s.InvitedOnly = true })
	x.guardian(400, "PUT", "/policies", `["all-applications"]`).complains(t, "lock every administrator out: ada")
	x.guardian(200, "GET", "/policies", "").says(t, `[]`)
}

// TestGuardian_Scopes: no operation of these nouns runs without a token or without its
// scope.
func TestGuardian_Scopes(t *testing.T) {
	x := newTenant(t, nil)
	for _, tag := range []string{"guardian", "users", "attack-protection", "risk-assessments", "prompts"} {
		token := x.token("read:nothing-of-" + tag)
		for _, o := range operationsOf(t, x, tag) {
			if got := x.call("", o.method, o.path, nil); got.status != http.StatusUnauthorized {
				t.Errorf("%s %s without a token: %d", o.method, o.path, got.status)
			}
			if got := x.call(token, o.method, o.path, nil); got.status != http.StatusForbidden {
				t.Errorf("%s %s without the scope: %d", o.method, o.path, got.status)
			}
		}
	}
}

type operationOf struct{ method, path string }

// operationsOf are those of the OpenAPI document with a tag.
func operationsOf(t *testing.T, x *tenant, tag string) (all []operationOf) {
	t.Helper()
	var document struct {
		Paths map[string]map[string]struct{ Tags []string }
	}
	if status := x.send(http.MethodGet, "/api/v2/openapi.json", "", nil, &document); status != http.StatusOK {
		t.Fatalf("the document: %d", status)
	}
	for path, methods := range document.Paths {
		for method, o := range methods {
			if slices.Contains(o.Tags, tag) {
				all = append(all, operationOf{strings.ToUpper(method), path})
			}
		}
	}
	if len(all) == 0 {
		t.Fatalf("no operation has the tag %s", tag)
	}
	return all
}
