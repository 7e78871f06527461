package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/cmd/sallyport/demo"
	"github.com/sallyport-id/sallyport/storage"
)

// last is the mail that went out last.
func (x *tenant) last() sentMail {
	x.t.Helper()
	if err := x.flows.Close(x.t.Context()); err != nil {
		x.t.Fatal(err)
	}
	all := x.mails.all()
	if len(all) == 0 {
		x.t.Fatal("no mail went out")
	}
	return all[len(all)-1]
}

// TestRow119_EmailTemplates puts mails in an administrator's words and looks at what goes
// out; a person's name is text in it, whatever it looks like.
func TestRow119_EmailTemplates(t *testing.T) {
	x := newTenant(t, func(s *settings) { s.Mail.From = "Acme <id@acme.example>" })
	const scopes = "create:email_templates read:email_templates update:email_templates create:users update:users create:authentication_methods create:guardian_enrollment_tickets update:tenant_settings"
	do := func(status int, method, path, body string) reply {
		t.Helper()
		return x.may(scopes, status, method, path, body)
	}
	x.set(func(s *storage.Settings) { s.Policy, s.Factors = "always", append(s.Factors, "email") })
	x.shop()
	const password = "correct horse battery staple"
	do(201, "POST", "/users", `{"connection":"`+connection+`","email":"ada@example.com","user_id":"ada","password":"`+password+`","email_verified":true,"name":"<b>{{ code }}</b>","user_metadata":{"lang":"de"}}`)
	do(201, "POST", "/users/auth0%7Cada/authentication-methods", `{"type":"email","email":"ada@example.com"}`)
	do(200, "PATCH", "/tenants/settings", `{"friendly_name":"Acme","support_email":"help@acme.example"}`)
	code := func() sentMail {
		t.Helper()
		one := &person{browser: newBrowser(t), t: t, user: demo.User{Username: "ada@example.com", Password: password}}
		one.get(x.request())
		one.act()
		return x.last()
	}
	invited := func() sentMail {
		t.Helper()
		n := len(x.mails.all())
		do(200, "POST", "/guardian/enrollments/ticket", `{"user_id":"auth0|ada","send_mail":true}`)
		ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
		defer stop()
		go x.flows.Work(ctx) // the mail waits for who sends
		for len(x.mails.all()) == n && ctx.Err() == nil {
			time.Sleep(10 * time.Millisecond)
		}
		return x.last()
	}
	const at = "/email-templates/mfa_oob_code"
	template := func(name, subject, html, more string) string {
		text, err := json.Marshal(map[string]string{"template": name, "subject": subject, "body": html})
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSuffix(string(text), "}") + `,"syntax":"liquid"` + more + `}`
	}
	const on = `,"from":"id@acme.example","enabled":true`

	do(404, "GET", at, "")
	do(404, "PATCH", at, `{"enabled":false}`)
	html := `{% if user.user_metadata.lang == "de" %}<p>Hallo {{ user.name }},</p>{% endif %}<b>{{ code }}</b> {{ application.name }} {{ tenant.friendly_name }} {{ support_email }}`
	sent := template("mfa_oob_code", "{{ code }} for {{ user.name }}", html, on)
	do(404, "PUT", at, sent)
	shown, err := json.Marshal(map[string]any{"template": "mfa_oob_code", "body": html, "from": "Acme <id@acme.example>", "subject": "{{ code }} for {{ user.name }}", "syntax": "liquid", "includeEmailInRedirect": false, "enabled": true})
	if err != nil {
		t.Fatal(err)
	}
	do(200, "POST", "/email-templates", sent).says(t, string(shown))
	do(409, "POST", "/email-templates", sent)
	do(200, "GET", at, "").says(t, string(shown))

	got := code()
	number, _, _ := strings.Cut(got.subject, " ")
	want := "<p>Hallo &lt;b&gt;{{ code }}&lt;/b&gt;,</p><b>" + number + "</b> shop Acme help@acme.example"
	if len(number) != 6 || got.to != "ada@example.com" || got.subject != number+" for <b>{{ code }}</b>" || got.html != want || !strings.Contains(got.text, number) {
		t.Errorf("%+v\nwant %s", got, want)
	}

	do(200, "POST", "/email-templates", template("enrollment_email", "", `<a href="{{ link }}">Set it up, {{ user.email }}</a>`, `,"from":null,"enabled":true,"urlLifetimeInSeconds":432000`))
	got = invited()
	if !strings.HasPrefix(got.html, `<a href="`+x.url+`/enroll/`) || !strings.HasSuffix(got.html, `">Set it up, ada@example.com</a>`) || got.subject == "" || !strings.Contains(got.text, x.url+"/enroll/") {
		t.Errorf("%+v", got)
	}

	do(200, "PATCH", at, `{"enabled":false}`)
	if got := code(); !strings.Contains(got.html, "<!doctype html>") || strings.Contains(got.subject, "<b>") {
		t.Errorf("a template that is switched off is used: %+v", got)
	}
	do(200, "PUT", at, template("mfa_oob_code", "Code", "{{ code }}!", on))
	if got := code(); got.subject != "Code" || len(got.html) != 7 {
		t.Errorf("%+v", got)
	}
	doc, err := x.house.db.Document(t.Context(), "email_template", "enrollment_email") // as another node does
	if err != nil {
		t.Fatal(err)
	}
	doc.Body = json.RawMessage(`{"subject":"Elsewhere","body":"{{ link }}","enabled":true}`)
	if err := x.house.db.PutDocument(t.Context(), doc); err != nil {
		t.Fatal(err)
	}
	if err := x.looks.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := invited(); got.subject != "Elsewhere" {
		t.Errorf("another node's template is not used: %+v", got)
	}
	doc.Body = json.RawMessage(`{"subject":"Broken","body":"{% if %}","enabled":true}`)
	if err := x.house.db.PutDocument(t.Context(), doc); err != nil {
		t.Fatal(err)
	}
	if err := x.looks.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := invited(); !strings.Contains(got.html, "<!doctype html>") {
		t.Errorf("ours does not go out in place of a broken template: %+v", got)
	}

	do(400, "PATCH", at, `{"body":"{{ code }}\n{% if %}{% endif %}"}`).complains(t, "body: (line 2): syntax error")
	do(400, "PATCH", at, `{"body":"Hello"}`).complains(t, "write {{ code }}")
	do(400, "PATCH", at, `{"subject":"{{ code | shout }}"}`).complains(t, `subject: line 1: there is no filter "shout"`)
	do(400, "POST", "/email-templates", template("verify_email", "", "Verify!", on)).complains(t, "write {{ url }}")
	do(400, "POST", "/email-templates", template("reset_email", "", "Reset!", on)).complains(t, "write {{ url }}")
	do(400, "POST", "/email-templates", template("blocked_account", "", "{{ url }}", on)).complains(t, "does not have")
	do(400, "PATCH", at, `{"template":"reset_email"}`).complains(t, "path")
	do(400, "GET", "/email-templates/greeting", "")
	do(400, "POST", "/email-templates", template("verify_email", "", "{{ url }}", `,"from":""`)).complains(t, "enabled")
	do(403, "POST", "/email-templates", template("welcome_email", "", "Welcome", on)).complains(t, "not sent here")
	do(404, "GET", "/email-templates/welcome_email", "")
	do(403, "PATCH", at, `{"from":"Else <else@acme.example>"}`).complains(t, "/emails/provider")
	do(403, "PATCH", at, `{"syntax":"handlebars"}`)
	do(403, "PATCH", at, `{"resultUrl":"https://acme.example/"}`)
	do(403, "PATCH", at, `{"includeEmailInRedirect":true}`)
	do(403, "POST", "/email-templates", template("reset_email", "", "{{ url }}", on+`,"urlLifetimeInSeconds":60`)).complains(t, "works for 3600 seconds")
	do(200, "POST", "/email-templates", template("verify_email", "Is it you?", `<a href="{{ url }}">Yes</a>`, on))
	x.may("update:users", 201, "POST", "/jobs/verification-email", `{"user_id":"auth0|ada"}`)
	if got := x.last(); got.subject != "Is it you?" || !strings.HasPrefix(got.html, `<a href="`+x.url+`/verify/`) {
		t.Errorf("%+v", got)
	}
	events := x.events("email_template.changed")
	if len(events) != 5 || !strings.HasPrefix(events[0].Actor, "client:admin") || events[0].Data["template"] == nil || events[0].Data["enabled"] == nil {
		t.Errorf("the audit log: %d changes", len(events))
	}
	x.may("read:email_templates", 403, "PATCH", at, `{}`)
	x.may("update:email_templates", 403, "POST", "/email-templates", sent)
	x.may("create:email_templates", 403, "GET", at, "")
}
