package oidc_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
)

// everything is what an operator can switch on side by side, in the order in which it
// stands by default.
var everything = []string{
	factors.Roaming, factors.Platform, factors.Push, factors.OTP, factors.SMS, factors.Voice, factors.Email, factors.RecoveryCode,
}

func equipped(t *testing.T, enabled ...string) *house {
	t.Helper()
	return build(t, plan{policy: policy.Always, factors: enabled})
}

// tenant changes the tenant's settings.
func (h *house) tenant(change func(*storage.Settings)) {
	h.t.Helper()
	s, err := h.db.Settings(h.t.Context())
	h.must(err)
	change(s)
	h.must(h.db.PutSettings(h.t.Context(), s))
}

var choice = regexp.MustCompile(`class="choice" name="factor" value="([^" ]+)`)

// choices are the rows of the picker.
func (p *page) choices() []string {
	var all []string
	for _, m := range choice.FindAllStringSubmatch(p.body, -1) {
		all = append(all, m[1])
	}
	return all
}

// Row 12: who has no second factor sees the security key first, and the rest one press
// away. What depends on another factor is not among them.
func TestRow12_DefaultOrder(t *testing.T) {
	h := equipped(t, everything...)
	if own := slices.DeleteFunc(h.ring.Names(), func(name string) bool { return !h.ring.Info(name).Second || h.ring.Info(name).Exclusive }); !slices.Equal(own, everything) {
		t.Errorf("the order by default is %v", own)
	}
	p := h.browser().begin(h.ask("web")).name(h, "ada").says("Add a security key")
	want := []string{factors.Roaming, factors.Push, factors.OTP, factors.SMS, factors.Voice}
	if got := p.press("other").says("Protect your account").choices(); !slices.Equal(got, want) {
		t.Errorf("offered %v, want %v", got, want)
	}
}

// Row 13: the administrator's order is the order of everything that is offered.
func TestRow13_AdminsOrder(t *testing.T) {
	h := equipped(t, factors.OTP, factors.Roaming, factors.SMS, factors.RecoveryCode)
	p := h.browser().begin(h.ask("web")).name(h, "ada").says("Set up your authenticator app")
	if got := p.press("other").choices(); !slices.Equal(got, []string{factors.OTP, factors.Roaming, factors.SMS}) {
		t.Errorf("to set up: %v", got)
	}
	h.withKey("ada")
	h.giveOTP(h.users["ada"])
	h.browser().begin(h.ask("web")).name(h, "ada").says("Enter your code")
	h.tenant(func(s *storage.Settings) {
		s.Factors = []string{factors.RecoveryCode, factors.Roaming, factors.OTP}
	})
	p = h.browser().begin(h.ask("web")).name(h, "ada").says("Use your security key")
	if got := p.press("other").choices(); !slices.Equal(got, []string{factors.Roaming, factors.OTP, factors.RecoveryCode}) {
		t.Errorf("to sign in: %v, and what is weak comes last", got)
	}
}

// Row 14: with the picker on, people choose before anything is asked or sent.
func TestRow14_PickerFirst(t *testing.T) {
	h := equipped(t, factors.SMS, factors.OTP, factors.Email)
	h.browser().begin(h.ask("web")).name(h, "ada").says("Add your phone number")
	h.tenant(func(s *storage.Settings) { s.Picker = true })
	p := h.browser().begin(h.ask("web")).name(h, "ada").says("Protect your account")
	if got := p.choices(); !slices.Equal(got, []string{factors.SMS, factors.OTP}) {
		t.Errorf("to set up: %v", got)
	}
	h.withPhone()
	sent := len(h.phoned())
	b := h.browser()
	p = b.begin(h.ask("web")).name(h, "ada").says("Choose how to continue")
	if got := p.choices(); !slices.Equal(got, []string{factors.SMS, factors.Email}) || len(h.phoned()) != sent {
		t.Errorf("to sign in: %v, %d messages", got, len(h.phoned())-sent)
	}
	p.press("choose", "factor", factors.SMS).says("Enter your code").press("answer", "code", h.texted()).answer()
	b.begin(h.ask("web", "prompt", "login")).press("answer", "password", h.users["ada"].password).says("Choose how to continue")
	h.tenant(func(s *storage.Settings) { s.Factors = []string{factors.SMS} })
	h.browser().begin(h.ask("web")).name(h, "ada").says("Enter your code") // there is nothing to choose from
}

// What a person used last in a browser comes first there, and opens at once. It is
// theirs and this browser's, and a cookie that somebody made up changes nothing.
func TestLastUsedOnThisDevice(t *testing.T) {
	h := equipped(t, factors.Roaming, factors.OTP, factors.RecoveryCode)
	k := h.withKey("ada")
	h.giveOTP(h.users["ada"])
	h.person("eve")
	h.giveOTP(h.users["eve"])
	b, other := h.browser(), h.browser()
	p := b.begin(h.ask("web")).name(h, "ada").says("Use your security key").press("other").press("choose", "factor", factors.OTP)
	p.press("answer", "code", h.code(h.users["ada"])).answer()
	b.signOut()

	p = b.begin(h.ask("web")).name(h, "ada").says("Enter your code")
	if got := p.press("other").choices(); !slices.Equal(got, []string{factors.OTP, factors.Roaming, factors.RecoveryCode}) {
		t.Errorf("offered %v", got)
	}
	other.begin(h.ask("web")).name(h, "ada").says("Use your security key")
	b.copies(other, "used_")
	other.begin(h.ask("web")).name(h, "ada").says("Use your security key") // the mark of its browser is missing

	// A recovery code is no habit: the app still comes first.
	p.press("choose", "factor", factors.RecoveryCode).press("answer", "code", h.users["ada"].codes[0]).answer()
	b.signOut()
	p = b.begin(h.ask("web")).name(h, "ada").says("Enter your code")

	// It never brings back what is switched off, and follows the person to the key.
	h.tenant(func(s *storage.Settings) { s.Factors = []string{factors.Roaming, factors.RecoveryCode} })
	p = p.b.begin(h.ask("web")).name(h, "ada").says("Use your security key")
	p.press("answer", "credential", p.get(k)).answer()
	b.signOut()
	h.tenant(func(s *storage.Settings) { s.Factors = []string{factors.OTP, factors.Roaming} })
	b.begin(h.ask("web")).name(h, "ada").says("Use your security key")

	for _, c := range b.cookies() {
		if strings.Contains(c.Name, "used_") && (strings.Contains(c.Value, "webauthn") || strings.Contains(c.Value, "otp") || len(c.Value) != 32) {
			t.Errorf("the cookie tells what it is about: %s", c.Value)
		}
	}
}

// A factor that is switched off is offered to nobody, and is theirs again when it is
// switched on.
func TestSwitchedOffIsKept(t *testing.T) {
	h := equipped(t, factors.OTP, factors.SMS)
	h.withPhone()
	h.giveOTP(h.users["ada"])
	h.tenant(func(s *storage.Settings) { s.Factors = []string{factors.SMS} })
	p := h.browser().begin(h.ask("web")).name(h, "ada").says("Enter your code")
	if strings.Contains(p.body, `value="other"`) || len(h.phoned()) != 2 {
		t.Errorf("%d messages; %s", len(h.phoned()), p.body)
	}
	if p = p.press("choose", "factor", factors.OTP); p.press("answer", "code", h.code(h.users["ada"])).home {
		t.Error("a factor that is switched off was taken")
	}
	h.tenant(func(s *storage.Settings) { s.Factors = []string{factors.OTP} })
	h.wait(time.Hour)
	h.browser().begin(h.ask("web")).name(h, "ada").says("Enter your code").press("answer", "code", h.code(h.users["ada"])).answer()
}

// An account has room for so many authenticators; one more is refused, on a page that
// says why, and written down.
func TestNoRoom(t *testing.T) {
	h := build(t, plan{policy: policy.Always, factors: []string{factors.OTP, factors.SMS, factors.Voice}})
	u := h.users["ada"]
	fill := func(n int) {
		for range n {
			s := factors.Subject{UserID: u.ID, Username: u.Username, Now: h.now()}
			a, c, err := h.ring.Get(factors.OTP).Enroll(t.Context(), s, nil)
			h.must(err)
			a.ConfirmedAt, u.key = h.now(), c.Prompt.Key
			h.add(u, a)
		}
	}
	fill(19)
	invited := func() *page {
		p := h.invited("ada", factors.SMS).says("Enter your code")
		return p.press("answer", "code", h.code(u))
	}
	p := invited().says("Add your phone number").press("enroll", "factor", factors.SMS, "phone_number", "+49 151 23456789")
	p.press("answer", "code", h.texted()).says("You’re all set")
	if n := len(h.owned("ada", factors.SMS)) + len(h.owned("ada", factors.Voice)); n != 1 {
		t.Errorf("%d authenticators for one that there was room for", n)
	}
	invited().says("There is no room")
	if denied := h.events("login.denied"); len(denied) != 1 || denied[0].Data["reason"] != "full" || denied[0].UserID != u.ID {
		t.Errorf("%+v", denied)
	}
	// Signing in goes on as ever.
	h.browser().begin(h.ask("web")).name(h, "ada").says("Enter your code").press("answer", "code", h.code(u)).answer()
}
