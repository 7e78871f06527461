package main

import (
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
)

const methodScopes = "read:users update:users create:authentication_methods read:authentication_methods update:authentication_methods " +
	"delete:authentication_methods read:guardian_enrollments delete:guardian_enrollments create:guardian_enrollment_tickets"

// eve is a person with a mail address that is known to be theirs.
func (x *tenant) eve() *storage.User {
	x.t.Helper()
	u := &storage.User{ID: "auth0|eve", Username: "eve", Email: "evelyn@example.com", EmailVerified: true}
	if err := x.house.db.CreateUser(x.t.Context(), u); err != nil {
		x.t.Fatal(err)
	}
	return u
}

// held are the factors of what u has.
func (x *tenant) held(u *storage.User) string {
	x.t.Helper()
	list, err := x.house.db.Authenticators(x.t.Context(), u.ID)
	if err != nil {
		x.t.Fatal(err)
	}
	var names []string
	for _, a := range list {
		if !a.ConfirmedAt.IsZero() && a.DisabledAt.IsZero() {
			names = append(names, a.Factor)
		}
	}
	return strings.Join(names, " ")
}

func TestRow108_AuthenticationMethods(t *testing.T) {
	x := newTenant(t, nil)
	u := x.eve()
	const at = "/users/auth0%7Ceve/authentication-methods"
	do := func(status int, method, path, body string) reply {
		t.Helper()
		return x.may(methodScopes, status, method, path, body)
	}

	do(200, "GET", at, "").says(t, `[]`)
	got := do(201, "POST", at, `{"type":"totp","totp_secret":"JBSWY3DPEHPK3PXP","name":"My phone"}`).object(t)
	if got["type"] != "totp" || got["name"] != "My phone" || got["totp_secret"] != nil || got["confirmed"] != nil || !strings.HasPrefix(got["id"].(string), "totp|dev_") {
		t.Errorf("%v", got)
	}
	do(409, "POST", at, `{"type":"totp","totp_secret":"JBSWY3DPEHPK3PXP"}`)
	do(400, "POST", at, `{"type":"totp","totp_secret":"1"}`)
	do(400, "POST", at, `{"type":"phone","phone_number":"+1abc"}`)
	number := do(201, "POST", at, `{"type":"phone","phone_number":"+4915123456789","preferred_authentication_method":"sms"}`).object(t)
	if ways, _ := number["authentication_methods"].([]any); number["phone_number"] != "XXXXXXXXXX6789" || len(ways) != 2 {
		t.Errorf("%v", number)
	}
	if got := do(201, "POST", at, `{"type":"email","email":"foo@example.com"}`).object(t); got["email"] != "****@exam*******" {
		t.Errorf("%v", got)
	}
	if x.held(u) != "otp sms voice email" {
		t.Errorf("has %s", x.held(u))
	}
	page := do(200, "GET", at+"?per_page=2&page=1&include_totals=true", "").object(t)
	if list, _ := page["authenticators"].([]any); len(list) != 1 || page["start"] != 2.0 || page["total"] != 3.0 {
		t.Errorf("%v", page)
	}
	one := at + "/" + strings.ReplaceAll(number["id"].(string), "|", "%7C")
	do(200, "GET", one, "")
	do(403, "PATCH", one, `{"preferred_authentication_method":"voice"}`)
	totp := at + "/" + strings.ReplaceAll(got["id"].(string), "|", "%7C")
	if got := do(200, "PATCH", totp, `{"name":"Old phone"}`).object(t); got["name"] != "Old phone" {
		t.Errorf("%v", got)
	}
	do(204, "DELETE", one, "")
	if x.held(u) != "otp email" {
		t.Errorf("has %s: a number goes with both its ways", x.held(u))
	}
	if got := do(404, "GET", one, "").object(t); got["statusCode"] != 404.0 {
		t.Errorf("%v", got)
	}
	list, _ := do(200, "PUT", at, `[{"type":"phone","phone_number":"+4915123456780"}]`).body.([]any)
	if len(list) != 1 || list[0].(map[string]any)["phone_number"] != "+4915123456780" || x.held(u) != "sms voice" {
		t.Errorf("%v, has %s", list, x.held(u))
	}
	if got := do(200, "GET", "/users/auth0%7Ceve/enrollments", "").body.([]any); len(got) != 1 || got[0].(map[string]any)["auth_method"] != "sms" {
		t.Errorf("%v", got)
	}
	for _, kind := range []string{"authenticator.added", "authenticator.removed"} {
		if e := x.events(kind); len(e) < 3 || !strings.HasPrefix(e[0].Actor, "client:admin") || e[0].UserID != u.ID {
			t.Errorf("%s: %d lines", kind, len(e))
		}
	}
	if err := x.flows.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(x.mails.all()); n == 0 {
		t.Error("the person was not told")
	}
	x.may("read:users", 403, "GET", at, "").complains(t, "read:authentication_methods")
}

// TestRow62_69_78_109_Resets: a new recovery code, browsers, what is known of devices, and
// all second factors at once.
func TestRow62_69_78_109_Resets(t *testing.T) {
	x := newTenant(t, nil)
	u := x.eve()
	const at = "/users/auth0%7Ceve"
	do := func(status int, method, path, body string) reply {
		t.Helper()
		return x.may(methodScopes, status, method, at+path, body)
	}
	first, _ := do(200, "POST", "/recovery-code-regeneration", "").object(t)["recovery_code"].(string)
	second, _ := do(200, "POST", "/recovery-code-regeneration", `{}`).object(t)["recovery_code"].(string)
	if len(first) != 24 || len(second) != 24 || first == second {
		t.Errorf("codes %q and %q", first, second)
	}
	list, err := x.house.db.Authenticators(t.Context(), u.ID)
	if err != nil || len(list) != 1 {
		t.Fatalf("%v, %v", list, err)
	}
	works := func(code string) bool {
		a := *list[0]
		_, err := x.house.factors.Get(factors.RecoveryCode).Verify(t.Context(), factors.Subject{UserID: u.ID, Now: time.Now()}, &a, nil, factors.Answer{"code": code})
		return err == nil
	}
	if works(first) || !works(second) {
		t.Error("the old code works, or the new one does not")
	}
	b := &storage.Browser{ID: "brw_1", UserID: u.ID, Key: []byte("k"), OldKey: []byte("o"), Device: []byte("d"), ExpiresAt: time.Now().Add(time.Hour)}
	if err := x.house.db.CreateBrowser(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	do(204, "POST", "/multifactor/actions/invalidate-remember-browser", "")
	if left, err := x.house.db.Browsers(t.Context(), u.ID); err != nil || len(left) != 0 {
		t.Errorf("%v, %v", left, err)
	}
	if err := x.house.db.PutHistory(t.Context(), &storage.History{UserID: u.ID, Data: []byte(`{}`)}); err != nil {
		t.Fatal(err)
	}
	do(400, "POST", "/risk-assessments/clear", `{"connection":"other","assessors":["new-device"]}`)
	do(204, "POST", "/risk-assessments/clear", `{"connection":"Username-Password-Authentication","assessors":["new-device"]}`)
	if h, err := x.house.db.HistoryOf(t.Context(), u.ID); err != nil || len(h.Data) != 0 {
		t.Errorf("%+v, %v", h, err)
	}
	do(201, "POST", "/authentication-methods", `{"type":"totp"}`)
	do(204, "DELETE", "/multifactor/google-authenticator", "")
	if x.held(u) != "recovery-code" {
		t.Errorf("has %s", x.held(u))
	}
	do(201, "POST", "/authentication-methods", `{"type":"totp"}`)
	do(204, "DELETE", "/authenticators", "")
	if x.held(u) != "" {
		t.Errorf("after a reset: %s", x.held(u))
	}
}

func TestRow110_Tickets(t *testing.T) {
	x := newTenant(t, nil)
	x.eve()
	do := func(status int, body string) reply {
		t.Helper()
		return x.may(methodScopes, status, "POST", "/guardian/enrollments/ticket", body)
	}
	got := do(200, `{"user_id":"auth0|eve","factor":"otp","send_mail":true,"email":"other@example.com","email_locale":"de"}`).object(t)
	id, _ := got["ticket_id"].(string)
	link, _ := got["ticket_url"].(string)
	if !strings.HasPrefix(id, "gten_") || !strings.HasPrefix(link, x.url+"/") || !strings.HasSuffix(link, strings.TrimPrefix(id, "gten_")) {
		t.Errorf("%v", got)
	}
	do(200, `{"user_id":"auth0|eve","send_email":true}`)
	do(404, `{"user_id":"nobody"}`)
	for _, factor := range []string{"oob", "email", "phone"} { // phone is not set up here
		do(400, `{"user_id":"auth0|eve","factor":"`+factor+`"}`)
	}
	x.may(methodScopes, 201, "POST", "/users/auth0%7Ceve/authentication-methods", `{"type":"totp"}`)
	page := newBrowser(t)
	page.get(link)
	if page.status != 410 || !strings.Contains(page.body, "already been set up") {
		t.Errorf("who has a factor already: %d\n%s", page.status, page.text())
	}
	more, _ := do(200, `{"user_id":"auth0|eve","allow_multiple_enrollments":true}`).object(t)["ticket_url"].(string)
	page.get(more)
	if page.status != 200 || !strings.Contains(page.body, `name="password"`) {
		t.Errorf("another factor: %d\n%s", page.status, page.text())
	}
	x.clock.ahead = 5*24*time.Hour + time.Minute
	page.get(more)
	if page.status != 410 || !strings.Contains(page.body, "has expired or was already used") {
		t.Errorf("after five days: %d\n%s", page.status, page.text())
	}
	if e := x.events("user.invited"); len(e) != 3 || !strings.HasPrefix(e[0].Actor, "client:admin") {
		t.Errorf("%+v", e)
	}
}

func TestAttackProtection(t *testing.T) {
	x := newTenant(t, nil)
	const scopes = "read:attack_protection update:attack_protection"
	x.may(scopes, 200, "GET", "/risk-assessments/settings", "").says(t, `{"enabled":false}`)
	x.may(scopes, 200, "PATCH", "/risk-assessments/settings", `{"enabled":true}`)
	x.may(scopes, 200, "GET", "/risk-assessments/settings", "").says(t, `{"enabled":true}`)
	x.may(scopes, 200, "GET", "/risk-assessments/settings/new-device", "").says(t, `{"remember_for":30}`)
	x.may(scopes, 403, "PATCH", "/risk-assessments/settings/new-device", `{"remember_for":31}`).complains(t, "risk.assess.remember_for")
	const brute = "/attack-protection/brute-force-protection"
	is := `{"enabled":true,"shields":["block"],"allowlist":[],"mode":"count_per_identifier_and_ip","max_attempts":10}`
	x.may(scopes, 200, "GET", brute, "").says(t, is)
	x.may(scopes, 200, "PATCH", brute, is).says(t, is)
	for _, change := range []string{`{"enabled":false}`, `{"max_attempts":100}`, `{"allowlist":["203.0.113.1"]}`} {
		x.may(scopes, 403, "PATCH", brute, change).complains(t, "cannot be changed while the provider runs")
	}
}
