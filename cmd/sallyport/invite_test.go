package main

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// An admin invites, the running provider mails, the person signs in and sets the
// factor up, once.
func TestInvitation(t *testing.T) {
	p := startDev(t)
	var made struct{ Link string }
	if err := json.Unmarshal([]byte(p.run("user", "invite", "ada", "--factor", "otp", "--json")), &made); err != nil {
		t.Fatal(err)
	}
	type mail = struct {
		Subject, To string
		Links       []string
	}
	var mails []mail
	p.await("the invitation", func() bool {
		get(t, p.ready.Inbox, &mails)
		return len(mails) > 0 && strings.Contains(mails[0].Subject, "Protect your account")
	})
	if mails[0].To != "ada@demo.example" || !slices.Contains(mails[0].Links, made.Link) {
		t.Errorf("%+v, made %s", mails[0], made.Link)
	}

	ada := p.meet("ada")
	ada.get(made.Link)
	for ada.act() {
	}
	if !strings.Contains(ada.text(), "You’re all set") || !slices.Equal(ada.asked, []string{"password", "enroll", "recovery-codes"}) {
		t.Errorf("asked %v, then %s", ada.asked, ada.text())
	}
	// What an administrator takes away is told as well.
	p.run("user", "authenticators", "remove", "ada", "--all", "--yes")
	p.await("the mail about the app that is gone", func() bool {
		get(t, p.ready.Inbox, &mails)
		return slices.ContainsFunc(mails, func(m mail) bool {
			return m.To == "ada@demo.example" && strings.Contains(m.Subject, "was removed")
		})
	})
	if out := p.run("audit", "list", "--type", "authenticator.removed"); !strings.Contains(out, "admin:cli") {
		t.Errorf("the audit log: %s", out)
	}
	again := p.meet("ada")
	again.get(made.Link)
	if again.status != http.StatusGone || !strings.Contains(again.text(), "already used") {
		t.Errorf("the link again: %d %s", again.status, again.text())
	}

	// It opens nothing: another person's password is no use, and whoever has a second
	// factor shows it before they add one.
	if err := json.Unmarshal([]byte(p.run("user", "invite", "grace", "--factor", "sms", "--no-mail", "--json")), &made); err != nil {
		t.Fatal(err)
	}
	alan := p.meet("alan")
	alan.get(made.Link)
	alan.fill(map[string]string{"username": alan.user.Username, "password": alan.user.Password}).submit("")
	if !strings.Contains(alan.text(), "another account") {
		t.Errorf("another person: %s", alan.text())
	}
	grace := p.meet("grace")
	grace.get(made.Link)
	for grace.act() {
	}
	if !grace.shows("phone_number") || !slices.Equal(grace.asked, []string{"password", "code"}) {
		t.Errorf("asked %v, then %s", grace.asked, grace.text())
	}
	if out := p.run("audit", "list", "--type", "user.invited"); strings.Count(out, "user.invited") != 2 {
		t.Errorf("the audit log: %s", out)
	}
}
