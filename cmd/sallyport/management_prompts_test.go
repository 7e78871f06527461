package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/cmd/sallyport/demo"
	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
)

// TestRow116_Texts puts texts on the page that asks for a code, and looks at it in the
// languages of a request.
func TestRow116_Texts(t *testing.T) {
	x := newTenant(t, nil)
	const scopes = "read:prompts update:prompts create:users create:authentication_methods"
	do := func(status int, method, path, body string) reply {
		t.Helper()
		return x.may(scopes, status, method, path, body)
	}
	x.set(func(s *storage.Settings) { s.Policy = "always" })
	x.shop()
	const password = "correct horse battery staple"
	do(201, "POST", "/users", `{"connection":"`+connection+`","email":"ada@example.com","user_id":"ada","password":"`+password+`","email_verified":true}`)
	do(201, "POST", "/users/auth0%7Cada/authentication-methods", `{"type":"totp","totp_secret":"JBSWY3DPEHPK3PXP"}`)
	one := &person{browser: newBrowser(t), t: t, user: demo.User{Username: "ada@example.com", Password: password}}
	one.get(x.request() + "&ui_locales=de")
	one.act()
	page := func(language string) string {
		t.Helper()
		return one.get(x.request() + "&prompt=login&ui_locales=" + language).body
	}
	if !strings.Contains(one.body, "Öffnen Sie Ihre Authenticator-App") {
		t.Fatalf("no German page that asks for a code:\n%s", one.text())
	}
	ask := one.at.String()

	const at = "/prompts/mfa-otp/custom-text/"
	do(200, "GET", at+"de", "").says(t, `{}`)
	texts := `{"mfa-otp-challenge":{"title":"Zeig <b>uns</b>, dass du es bist","pageTitle":"Weiter zu ${clientName}","description":"Code von ${companyName} für ${userName}"}}`
	do(200, "PUT", at+"de", texts).says(t, texts)
	do(200, "GET", at+"de", "").says(t, texts)
	one.get(ask)
	for _, want := range []string{"Zeig &lt;b&gt;uns&lt;/b&gt;, dass du es bist</h1>", "<title>Weiter zu shop</title>", "Code von Sallyport für ada@example.com</p>", ">Weiter</button>"} {
		if !strings.Contains(one.body, want) {
			t.Errorf("no %s in\n%s", want, one.body)
		}
	}
	if got := page("de"); strings.Contains(got, "Zeig") {
		t.Errorf("the text is on another page:\n%s", got)
	}

	do(200, "PUT", "/prompts/login/custom-text/en", `{"login":{"title":"Come in","buttonText":"In"}}`)
	if got := page("en"); !strings.Contains(got, "Come in</h1>") || !strings.Contains(got, ">In</button>") {
		t.Errorf("no English text:\n%s", got)
	}
	if got := page("fr"); !strings.Contains(got, "Come in</h1>") {
		t.Errorf("no text where pages do not speak the language:\n%s", got)
	}
	if got := page("es"); strings.Contains(got, "Come in") {
		t.Errorf("Spanish pages say:\n%s", got)
	}

	doc, err := x.house.db.Document(t.Context(), "prompt", "login/en") // as another node does
	if err != nil {
		t.Fatal(err)
	}
	doc.Body = json.RawMessage(`{"login":{"title":"Welcome back"}}`)
	if err := x.house.db.PutDocument(t.Context(), doc); err != nil {
		t.Fatal(err)
	}
	if err := x.looks.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := page("en"); !strings.Contains(got, "Welcome back</h1>") || strings.Contains(got, ">In</button>") {
		t.Errorf("another node's text is not there:\n%s", got)
	}

	do(400, "PUT", at+"de", `{"mfa-otp-challenge":{"logoAltText":"Logo"}}`).complains(t, "mfa-otp-challenge.logoAltText: our screen has no such text; it has buttonText, description")
	do(400, "PUT", at+"de", `{"mfa-sms-list":{"title":"a"}}`).complains(t, "mfa-sms-list: we have no such screen")
	do(400, "PUT", at+"de", `{"mfa-otp-challenge":{"title":"${connectionName}"}}`).complains(t, "there is no ${connectionName} here; there are clientName")
	do(400, "PUT", at+"fr", texts).complains(t, "locales/fr.json")
	do(404, "PUT", "/prompts/brute-force-protection/custom-text/de", texts)
	do(404, "GET", at+"fr", "")
	do(200, "GET", at+"de", "").says(t, texts)
	do(200, "PUT", at+"de", `{}`).says(t, `{}`)
	if one.get(ask); !strings.Contains(one.body, "Öffnen Sie Ihre Authenticator-App") {
		t.Errorf("our text is not back:\n%s", one.body)
	}
	if got := len(x.events("prompt.changed")); got != 3 {
		t.Errorf("%d lines in the audit log", got)
	}
	x.may("read:prompts", 403, "PUT", at+"de", `{}`)
	x.may("read:branding", 403, "GET", at+"de", "")
}

// TestPrompts: what Auth0 can switch and we cannot is refused, and said as it is.
func TestPrompts(t *testing.T) {
	x := newTenant(t, nil)
	do := func(status int, method, body string) reply {
		t.Helper()
		return x.may("read:prompts update:prompts", status, method, "/prompts", body)
	}
	do(200, "GET", "").says(t, `{"universal_login_experience":"new","identifier_first":false,"webauthn_platform_first_factor":false}`)
	do(200, "PATCH", `{"universal_login_experience":"new","identifier_first":false}`)
	do(403, "PATCH", `{"universal_login_experience":"classic"}`)
	do(403, "PATCH", `{"identifier_first":true}`)
	do(403, "PATCH", `{"webauthn_platform_first_factor":true}`).complains(t, "PUT /guardian/factors/webauthn-platform")
	x.set(func(s *storage.Settings) { s.Factors = append(s.Factors, factors.Platform) })
	do(200, "PATCH", `{"webauthn_platform_first_factor":true}`).says(t, `{"universal_login_experience":"new","identifier_first":false,"webauthn_platform_first_factor":true}`)
}
