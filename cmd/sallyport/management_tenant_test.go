package main

import (
	"encoding/base64"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/storage"
)

// onePixel is a picture.
const onePixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

// storefront is a tenant with an application, and what its sign-in page shows in a language.
func storefront(t *testing.T) (*tenant, func(language string) string) {
	t.Helper()
	x := newTenant(t, nil)
	x.shop()
	one := newBrowser(t)
	return x, func(language string) string {
		return one.get(x.request() + "&prompt=login&ui_locales=" + language).body
	}
}

// invitedBy is the mail of an invitation that the command line wrote and the provider sends.
func invitedBy(t *testing.T, x *tenant) string {
	t.Helper()
	engine, err := x.house.engine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	u := &storage.User{ID: storage.NewID("usr"), Username: "ada", Email: "ada@example.com", EmailVerified: true}
	if err := x.house.db.CreateUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	e := &storage.Event{ID: storage.NewID("evt"), At: x.house.now(), Type: "user.invited", Actor: administrator, UserID: u.ID}
	if _, err := engine.Invite(t.Context(), u, nil, true, e); err != nil {
		t.Fatal(err)
	}
	go x.flows.Work(t.Context())
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if mails := x.mails.all(); len(mails) > 0 {
			return mails[0].text
		}
	}
	t.Fatal("no mail came")
	return ""
}

// TestTenantSettings changes what can be changed, looks at it on a page, and is refused
// the rest.
func TestTenantSettings(t *testing.T) {
	x, page := storefront(t)
	const scopes = "read:tenant_settings update:tenant_settings"
	do := func(status int, method, body string) reply {
		t.Helper()
		return x.may(scopes, status, method, "/tenants/settings", body)
	}
	is := do(200, "GET", "").object(t)
	if is["friendly_name"] != "Sallyport" || is["session_lifetime"] != 168.0 || is["idle_session_lifetime_in_minutes"] != 4320.0 || len(is["enabled_locales"].([]any)) != 3 {
		t.Errorf("at first: %v", is)
	}
	now := do(200, "PATCH", `{"friendly_name":"Acme <i>","support_email":"help@acme.example","enabled_locales":["es","de"],"allowed_logout_urls":["https://acme.example/bye"],
		"flags":{"mfa_show_factor_list_on_enrollment":true,"enable_sso":true},"session_lifetime":168,"pushed_authorization_requests_supported":true,"default_audience":null}`).object(t)
	if now["friendly_name"] != "Acme <i>" || now["flags"].(object)["mfa_show_factor_list_on_enrollment"] != true || !slices.Equal(now["enabled_locales"].([]any), []any{"es", "de"}) {
		t.Errorf("then: %v", now)
	}
	s, err := x.house.db.Settings(t.Context())
	if err != nil || !s.Picker || s.AllowedLogoutURLs[0] != "https://acme.example/bye" {
		t.Errorf("%+v, %v", s, err)
	}
	for language, want := range map[string]string{"de": `<html lang="de"`, "en": `<html lang="es"`, "fr": `<html lang="es"`} {
		got := page(language)
		if !strings.Contains(got, want) || !strings.Contains(got, "Acme &lt;i&gt;</span>") || !strings.Contains(got, `href="mailto:help@acme.example"`) {
			t.Errorf("%s: no %s, or no name, or no help:\n%s", language, want, got)
		}
	}
	if got := newBrowser(t).get(x.url + "/enroll/none").body; !strings.Contains(got, "– Acme &lt;i&gt;</title>") {
		t.Errorf("a page of no application has another name:\n%s", got)
	}
	if got := invitedBy(t, x); !strings.Contains(got, "Acme <i>") || strings.Contains(got, "Sallyport") {
		t.Errorf("a mail of the command line's has another name:\n%s", got)
	}
	do(200, "PATCH", `{"support_url":"https://acme.example/help","enabled_locales":null,"friendly_name":null}`)
	if got := page("en"); !strings.Contains(got, `href="https://acme.example/help"`) || !strings.Contains(got, `<html lang="en"`) || !strings.Contains(got, "Sallyport</span>") {
		t.Errorf("taken back:\n%s", got)
	}
	for body, words := range map[string]string{
		`{"session_lifetime":1}`:                           "login.session_absolute",
		`{"picture_url":"https://acme.example/logo.png"}`:  "/branding",
		`{"default_audience":"https://api.example"}`:       "default_audience",
		`{"session_cookie":{"mode":"non-persistent"}}`:     "session_cookie",
		`{"flags":{"enable_sso":false}}`:                   "flags.enable_sso",
		`{"flags":{"some_new_flag":true}}`:                 "flags.some_new_flag",
		`{"customize_mfa_in_postlogin_action":false}`:      "customize_mfa_in_postlogin_action",
		`{"acr_values_supported":["urn:none"]}`:            "acr",
		`{"friendly_name":"Other","sandbox_version":"22"}`: "sandbox_version",
	} {
		do(403, "PATCH", body).complains(t, words)
	}
	for body, words := range map[string]string{
		`{"friendly_name":"Acme \u202egnp.exe"}`: "friendly_name",
		`{"support_email":"nobody"}`:             "support_email",
		`{"support_url":"javascript:alert(1)"}`:  "support_url",
		`{"enabled_locales":["fr"]}`:             "pages do not speak",
		`{"enabled_locales":[]}`:                 "enabled_locales",
		`{"allowed_logout_urls":["nowhere"]}`:    "allowed_logout_urls[0]",
	} {
		do(400, "PATCH", body).complains(t, words)
	}
	if s, err = x.house.db.Settings(t.Context()); err != nil || s.FriendlyName != "" || len(x.events("tenant.changed")) != 2 {
		t.Errorf("after refusals: %+v, %v", s, err)
	}
	x.may("read:tenant_settings", 403, "PATCH", "/tenants/settings", `{}`)
}

// TestRow118_Branding gives pages colours and a logo. The page's policy stays as strict as
// it was, and what could not be read is refused.
func TestRow118_Branding(t *testing.T) {
	x, page := storefront(t)
	const scopes = "read:branding update:branding"
	do := func(status int, method, body string) reply {
		t.Helper()
		return x.may(scopes, status, method, "/branding", body)
	}
	sheet := regexp.MustCompile(`href="(/assets/[0-9a-f]+/app\.css)"`)
	do(200, "GET", "").says(t, `{}`)
	before := sheet.FindStringSubmatch(page("en"))[1]

	logo := "data:image/png;base64," + onePixel
	do(200, "PATCH", `{"colors":{"primary":"#7a1fa2"},"logo_url":"`+logo+`"}`)
	do(200, "PATCH", `{"colors":{"page_background":"#fdf6ff"}}`).says(t, `{"colors":{"primary":"#7a1fa2","page_background":"#fdf6ff"},"logo_url":"`+logo+`"}`)
	got := page("en")
	after := sheet.FindStringSubmatch(got)[1]
	one := newBrowser(t)
	if css := one.get(x.url + after).body; after == before || !strings.Contains(css, "--accent:light-dark(#7a1fa2,") || !strings.Contains(css, "--canvas:light-dark(#fdf6ff,") {
		t.Errorf("%s then %s:\n…%s", before, after, css[max(0, len(css)-400):])
	}
	picture := regexp.MustCompile(`<img class="logo" src="(/assets/[0-9a-f]+/logo\.png)"`).FindStringSubmatch(got)
	if picture == nil || base64.StdEncoding.EncodeToString([]byte(one.get(x.url+picture[1]).body)) != onePixel {
		t.Errorf("no logo on:\n%s", got)
	}

	for body, words := range map[string]string{
		`{"colors":{"primary":"#ffd54f"}}`:                          "has a contrast of",
		`{"colors":{"page_background":"#101010"}}`:                  "has a contrast of",
		`{"logo_url":"data:image/png;base64,AAAA"}`:                 "is not image/png",
		`{"logo_url":"data:text/html;base64,AAAA"}`:                 "is no data: address",
		`{"colors":{"primary":"red"}}`:                              "primary",
		`{"logo_url":"data:image/svg+xml;base64,PGI+aGk8L2I+Cg=="}`: "is not image/svg+xml",
	} {
		do(400, "PATCH", body).complains(t, words)
	}
	for body, words := range map[string]string{
		`{"logo_url":"https://acme.example/logo.png"}`: "logo_url: ", `{"favicon_url":"https://acme.example/icon.ico"}`: "favicon_url: ",
		`{"font":{"url":"https://acme.example/a.woff2"}}`: "font: ",
	} {
		do(403, "PATCH", body).complains(t, words)
	}
	do(200, "PATCH", `{"colors":null,"logo_url":null}`).says(t, `{}`)
	if got := sheet.FindStringSubmatch(page("en"))[1]; got != before {
		t.Errorf("our style is not back: %s, not %s", got, before)
	}
	// A theme that has changed below what was set takes only what does not fit it any more.
	x.set(func(s *storage.Settings) {
		s.FriendlyName, s.SupportURL, s.Locales = "Acme", "https://acme.example/help", []string{"fr", "de"}
	})
	doc, err := x.house.db.Document(t.Context(), "branding", "tenant")
	if err != nil {
		t.Fatal(err)
	}
	doc.Body = json.RawMessage(`{"colors":{"primary":"#ffd54f"},"logo_url":"` + logo + `"}`)
	if err := x.house.db.PutDocument(t.Context(), doc); err != nil {
		t.Fatal(err)
	}
	if err := x.looks.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	got = page("en")
	for _, want := range []string{`<html lang="de"`, `alt="Acme"`, `href="https://acme.example/help"`, `<img class="logo"`} {
		if !strings.Contains(got, want) {
			t.Errorf("with a colour and a language that do not fit, no %s on:\n%s", want, got)
		}
	}
	if css := one.get(x.url + sheet.FindStringSubmatch(got)[1]).body; strings.Contains(css, "#ffd54f") {
		t.Error("a colour on which nobody can read is worn")
	}
	x.may("read:branding", 403, "PATCH", "/branding", `{}`)
	x.may("update:branding", 403, "GET", "/branding", "")
}
