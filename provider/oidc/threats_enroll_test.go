package oidc_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
)

// secretOn is the key on the page that sets an authenticator app up.
func (p *page) secretOn() string {
	p.b.h.t.Helper()
	at, err := url.Parse(otpauth.FindString(unescape(p.body)))
	p.b.h.must(err)
	if at.Query().Get("secret") == "" {
		p.b.h.t.Fatalf("no key on %s", p.title())
	}
	return at.Query().Get("secret")
}

// confirmation is the code that confirms the authenticator app on p.
func (p *page) confirmation() string {
	p.b.h.t.Helper()
	code, err := totp.GenerateCode(p.secretOn(), p.b.h.now())
	p.b.h.must(err)
	return code
}

// invited is a link by which a person sets up a factor.
func (h *house) invitation(who string, names ...string) string {
	h.t.Helper()
	u := h.users[who].User
	e := &storage.Event{ID: storage.NewID("evt"), At: h.now(), Type: "user.invited", Actor: "admin:cli", UserID: u.ID}
	link, err := h.flows.Invite(h.t.Context(), u, names, false, e)
	h.must(err)
	return link
}

func threatT08(t *testing.T) {
	for name, way := range map[string]func(h *house, b *browser) *page{
		"the policy demands it": func(h *house, b *browser) *page { return b.begin(h.ask("mfa")) },
		"with an invitation":    func(h *house, b *browser) *page { return b.get(h.invitation("ada", factors.OTP)) },
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t)
			b := h.browser()
			b.begin(h.ask("web")).signIn("ada").answer()
			h.wait(time.Hour)
			// The session of an hour ago sets nothing up: the password is asked for again.
			p := way(h, b).says("Enter your password")
			if q := p.press("enroll", "factor", factors.OTP); strings.Contains(q.body, "otpauth:") {
				t.Fatal("an old session sets an authenticator up")
			}
			p = p.press("answer", "password", h.users["ada"].password).says("Set up your authenticator app")
			p.press("answer", "code", p.confirmation()).says("Save your recovery codes")
			mails := h.arrived()
			if len(mails) != 1 || mails[0].to != "ada@example.com" || !strings.Contains(mails[0].subject, "was added") {
				t.Errorf("%+v", mails)
			}
			if e := h.events("authenticator.added"); len(e) == 0 || e[0].UserID != h.users["ada"].ID {
				t.Errorf("%+v", e)
			}
		})
	}
	t.Run("an invitation is no proof, and another person's is no use", func(t *testing.T) {
		h := open(t)
		link := h.invitation("ada", factors.OTP)
		p := h.browser().get(link)
		if q := p.press("enroll", "factor", factors.OTP); strings.Contains(q.body, "otpauth:") {
			t.Error("whoever finds the link sets an authenticator up")
		}
		if q := p.press("answer", "username", "grace", "password", h.users["grace"].password); strings.Contains(q.body, "otpauth:") {
			t.Error("another person's invitation was used")
		}
		h.wait(6 * 24 * time.Hour)
		if q := h.browser().get(link); q.status != http.StatusGone {
			t.Errorf("after six days: %d", q.status)
		}
	})
}

func threatT09(t *testing.T) {
	h := open(t)
	h.person("bob")
	ada, bob, again := h.browser(), h.browser(), h.browser()
	mine := ada.begin(h.ask("mfa")).name(h, "ada").says("Set up")
	theirs := bob.begin(h.ask("mfa")).name(h, "bob").says("Set up")
	second := again.begin(h.ask("mfa")).name(h, "ada").says("Set up")
	code := mine.confirmation()
	// The code, the address and the cookies of one sign-in are no use in another.
	for name, p := range map[string]*page{
		"her code in his sign-in":         theirs.press("answer", "code", code),
		"her code in her other sign-in":   second.press("answer", "code", code),
		"his browser at her address":      bob.post(mine.at.String(), url.Values{"act": {"answer"}, "code": {code}}),
		"no cookies at all":               h.browser().post(mine.at.String(), url.Values{"act": {"answer"}, "code": {code}}),
		"the key that the attacker chose": ada.post(mine.at.String(), url.Values{"act": {"answer"}, "code": {theirs.confirmation()}, "secret": {theirs.secretOn()}, "key": {theirs.secretOn()}}),
	} {
		if p.home || p.has("saved") {
			t.Errorf("%s confirmed an authenticator: %s", name, p.title())
		}
	}
	for _, origin := range []string{"https://evil.example", "null", "http://127.0.0.1"} {
		p := ada.postFrom(origin, mine.at.String(), url.Values{"act": {"answer"}, "code": {code}})
		if p.status != http.StatusForbidden {
			t.Errorf("from %s: %d %s", origin, p.status, p.title())
		}
	}
	for _, who := range []string{"ada", "bob"} {
		if strings.Contains(h.usableFactors(who), factors.OTP) {
			t.Errorf("%s has an authenticator", who)
		}
	}
	ada.get(mine.at.String()).press("answer", "code", mine.confirmation()).says("Save your recovery codes")
}
