package oidc_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
)

// What attackers do to second factors, played against the house. Push and keys have their
// own: T-01 and T-02 in push_test.go, T-26, T-44 and more of T-45 in threats_test.go.
func TestThreatList(t *testing.T) {
	for _, threat := range []struct {
		name string
		play func(*testing.T)
		also bool // TestThreats plays the same threat in another way
	}{
		{"T-04-regression: nobody earns by having messages sent", threatPumping, true},
		{"T-05-regression: a code counts once, on every node", threatReplay, false},
		{"T-06-regression: guessing leads nowhere, however fast", threatGuessing, false},
		{"T-07-regression: of fifty at once one wins", threatRaces, true},
		{"T-08-regression: a stolen password sets up no first factor", threatHijack, true},
		{"T-10-regression: every level has new cookies", threatFixation, true},
		{"T-17-regression: a copied cookie remembers nobody", threatRemember, true},
		{"T-45-regression: the weaker way leads no further, and is told", threatDowngrade, true},
	} {
		if threat.also && testing.Short() {
			continue // make sweep plays both
		}
		t.Run(threat.name, threat.play)
	}
}

// numbered has a new person ask for a text to a number, from an address.
func (h *house) numbered(name, address, number string) *page {
	h.t.Helper()
	if h.users[name] == nil {
		h.person(name)
	}
	return h.browser().from(address).begin(h.ask("web")).name(h, name).press("enroll", "factor", factors.SMS, "phone_number", number)
}

func threatPumping(t *testing.T) {
	rare := flows.Rate{Burst: 3, Period: time.Hour}
	german := func(i int) string { return fmt.Sprintf("+49 151 2345%04d", i) }
	abroad := []string{"+41 78 123 45 67", "+43 660 1234567", "+33 6 12 34 56 78", "+34 612 34 56 78", "+44 7400 123456", "+46 70 123 45 67", "+48 512 345 678", "+31 6 12345678", "+32 470 12 34 56", "+45 32 12 34 56", "+47 406 12 345", "+351 912 345 678", "+30 691 234 5678"}

	t.Run("nothing is sent before the first factor", func(t *testing.T) {
		h := phones(t)
		h.withPhone()
		sent := len(h.phoned())
		p := h.browser().begin(h.ask("web")).press("answer", "username", "ada", "password", "a guess")
		for _, act := range []string{"resend", "choose", "enroll", "other", "answer"} {
			p.press(act, "factor", factors.SMS, "phone_number", german(1), "username", "ada")
		}
		if n := len(h.phoned()); n != sent {
			t.Errorf("%d messages", n-sent)
		}
	})
	t.Run("one person, many numbers in many countries", func(t *testing.T) {
		h := phones(t)
		for _, number := range abroad {
			h.numbered("mallory", "127.0.0.1", number)
		}
		if n := len(h.phoned()); n != 10 {
			t.Errorf("%d messages to %d numbers", n, len(abroad))
		}
	})
	t.Run("many people, one address", func(t *testing.T) {
		h := phones(t, func(c *flows.Config) { c.Limits.SendAddress = rare })
		for i := range 5 {
			h.numbered(fmt.Sprint("mallory", i), "127.0.0.9", abroad[i])
		}
		if n := len(h.phoned()); n != 3 {
			t.Errorf("%d messages", n)
		}
	})
	t.Run("many people, many addresses, one number", func(t *testing.T) {
		h := phones(t, func(c *flows.Config) { c.Limits.SendTo = rare })
		for i := range 5 {
			h.numbered(fmt.Sprint("mallory", i), fmt.Sprint("127.0.0.", 10+i), german(1)).press("other")
		}
		if n := len(h.phoned()); n != 3 {
			t.Errorf("%d messages", n)
		}
	})
	t.Run("everybody together, with an alarm", func(t *testing.T) {
		h := phones(t, func(c *flows.Config) { c.Limits.SendAll = rare })
		for i := range 5 {
			h.numbered(fmt.Sprint("mallory", i), fmt.Sprint("127.0.0.", 10+i), abroad[i])
		}
		limited := h.events("challenge.limited")
		if n := len(h.phoned()); n != 3 || len(limited) != 2 || limited[0].Data["everybody"] != true || !strings.Contains(h.log.String(), "the budget of texts and calls is used up") {
			t.Errorf("%d messages, %+v", n, limited)
		}
	})
	t.Run("numbers that earn money for whoever has them", func(t *testing.T) {
		h := phones(t)
		for _, number := range []string{"+49 900 1234567", "+881612345678", "+870773111632"} {
			if p := h.numbered("mallory", "127.0.0.1", number); !strings.Contains(p.body, "can’t use numbers like that") {
				t.Errorf("%s: %s", number, p.body)
			}
		}
		if n := len(h.phoned()); n != 0 {
			t.Errorf("%d messages", n)
		}
	})
}

func threatReplay(t *testing.T) {
	engines(t, func(t *testing.T, engine string) {
		h := build(t, plan{engine: engine, policy: policy.Always})
		h.grow()
		u := h.users["grace"]
		spent := func(p *page, code string) {
			t.Helper()
			if p = p.press("answer", "code", code); p.home || !strings.Contains(p.body, "already used") {
				t.Errorf("a used code: status %d, %q", p.status, p.title())
			}
		}
		at := func() *page { return h.browser().begin(h.ask("web")).name(h, "grace").says("Enter your code") }
		b := h.browser()
		code := h.code(u)
		p := b.begin(h.ask("web")).name(h, "grace").says("Enter your code")
		p.press("answer", "code", code).answer()
		for range 2 { // each node in turn
			spent(at(), code)
			spent(b.begin(h.ask("web", "prompt", "login")).press("answer", "password", u.password), code)
		}
		h.wait(30 * time.Second)
		older, later := h.codeAt(u.key, h.now()), h.codeAt(u.key, h.now().Add(30*time.Second))
		at().press("answer", "code", later).answer()
		spent(at(), older)
	})
}

func threatGuessing(t *testing.T) {
	h := build(t, plan{policy: policy.Always, flows: func(c *flows.Config) { c.LoginLifetime, c.LoginIdle = 24*time.Hour, 24*time.Hour }})
	var pages []*page
	for i := range 20 {
		pages = append(pages, h.browser().from(fmt.Sprint("127.0.1.", i)).begin(h.ask("web")).name(h, "grace").says("Enter your code"))
	}
	for range 3 { // steps of thirty seconds
		for range 5 {
			together(len(pages), pagesPress(pages, wrongCode(h)))
		}
		h.wait(30 * time.Second)
	}
	if n := len(h.events("proof.refused")); n > 10 {
		t.Errorf("%d of 300 codes were looked at in 90 seconds, want at most 10", n)
	}
	pages[0].press("answer", "code", rightCode(h)).waits()

	// N-13, B-02: a hundred wrong ones in a row, over as long as it takes and over
	// restarts, and the app is worth nothing any more. Its person is told.
	for i := 0; i < 200 && len(h.events("authenticator.disabled")) == 0; i++ {
		if i%40 == 0 {
			h.restart()
		}
		h.wait(6 * time.Minute)
		pages[0].press("answer", "code", wrongCode(h)) // an open question lasts for an hour, and is then put anew
	}
	if disabled := h.events("authenticator.disabled"); len(disabled) != 1 || disabled[0].Data["factor"] != factors.OTP || disabled[0].Data["failures"] != float64(100) {
		t.Errorf("%+v", disabled)
	}
	h.wait(time.Hour)
	if p := pages[0].press("answer", "code", rightCode(h)); p.home {
		t.Error("the right code after a hundred wrong ones")
	}
	if told := h.arrived(); !slices.ContainsFunc(told, func(m mailed) bool { return m.to == "grace@example.com" && m.subject == "Too many tries to sign in" }) {
		t.Errorf("%+v", told)
	}
}

func threatRaces(t *testing.T) {
	rounds := 5
	if testing.Short() {
		rounds = 1
	}
	engines(t, func(t *testing.T, engine string) {
		h := build(t, plan{engine: engine, policy: policy.Always, factors: []string{factors.SMS, factors.OTP, factors.RecoveryCode}})
		h.grow()
		one := func(what string, n int, do func() bool) {
			t.Helper()
			if won := together(n, do); won != 1 {
				t.Errorf("%d of %d uses of one %s succeeded", won, n, what)
			}
		}
		for i := range rounds {
			name := fmt.Sprint("racer", i)
			p := h.numbered(name, "127.0.0.1", fmt.Sprintf("+49 151 2345%04d", i))
			code := h.texted()
			together(crowd, func() bool { return p.press("answer", "code", code).home })
			if n := len(h.shown(name, "authenticator.added", factors.SMS)) + len(h.shown(name, "proof.accepted", factors.SMS)); n != 2 {
				t.Errorf("%d lines of the audit log about one code that confirms a number", n)
			}
			if own := h.owned(name, factors.SMS); len(own) != 1 || !own[0].Usable() || len(h.owned(name, factors.RecoveryCode)) != 1 {
				t.Errorf("%+v", own)
			}
			h.wait(time.Hour)
			p = h.browser().begin(h.ask("web")).name(h, name).says("Enter your code")
			code = h.texted()
			one("code of a text", crowd, func() bool { return p.press("answer", "code", code).home })
		}
		u, pages := h.users["grace"], make(chan *page, 20)
		for range cap(pages) {
			pages <- h.browser().begin(h.ask("mfa")).name(h, "grace").press("other").press("choose", "factor", factors.RecoveryCode)
		}
		one("recovery code", cap(pages), func() bool { return (<-pages).press("answer", "code", u.codes[0]).home })
	})
}

// shown are a person's lines of the audit log about a factor.
func (h *house) shown(name, kind, factor string) []*storage.Event {
	return slices.DeleteFunc(h.events(kind), func(e *storage.Event) bool {
		return e.UserID != h.users[name].ID || e.Data["factor"] != factor
	})
}

func threatHijack(t *testing.T) {
	h := equipped(t, factors.OTP, factors.SMS)
	h.tenant(func(s *storage.Settings) { s.InvitedOnly = true })
	thief := h.browser()
	p := thief.begin(h.ask("web")).name(h, "ada").says("One more step is missing")
	for _, act := range []string{"enroll", "answer", "choose", "other"} {
		if q := thief.post(p.at.String(), url.Values{"act": {act}, "factor": {factors.OTP}}); strings.Contains(q.body, "otpauth:") || q.home {
			t.Errorf("%s: %s", act, q.title())
		}
	}
	thief.begin(h.ask("web", "prompt", "none")).fails("login_required")
	if denied := h.events("login.denied"); len(denied) == 0 || denied[0].Data["reason"] != "uninvited" {
		t.Errorf("%+v", denied)
	}
	// The link in the mailbox is what the thief lacks. It works once, and for its person.
	event := &storage.Event{ID: storage.NewID("evt"), At: h.now(), Type: "user.invited"}
	link, err := h.flows.Invite(t.Context(), h.users["ada"].User, []string{factors.OTP}, true, event)
	h.must(err)
	h.person("eve")
	if p = h.browser().get(link).name(h, "eve"); strings.Contains(p.body, "otpauth:") || !strings.Contains(p.body, "another account") {
		t.Errorf("another person: %s", p.body)
	}
	u := h.users["ada"]
	p = h.browser().get(link).name(h, "ada").says("Set up")
	u.key = secretOn(p)
	p.press("answer", "code", h.code(u)).says("You’re all set")
	if p = h.browser().get(link); p.status != http.StatusGone {
		t.Errorf("the link again: %d", p.status)
	}
	if told := h.arrived(); told[len(told)-1].to != "ada@example.com" || !strings.Contains(told[len(told)-1].subject, "was added") {
		t.Errorf("%+v", told)
	}
	h.browser().begin(h.ask("web")).name(h, "ada").says("Enter your code").press("answer", "code", h.code(u)).answer()
}

// kept is the value of the browser's cookie whose name has a part.
func (b *browser) kept(part string) string {
	for _, c := range b.cookies() {
		if strings.Contains(c.Name, part) {
			return c.Value
		}
	}
	return ""
}

func threatFixation(t *testing.T) {
	h := open(t)
	b := h.browser()
	values := map[string]string{}
	fresh := func(level, part string) {
		t.Helper()
		value := b.kept(part)
		for before, known := range values {
			if value == "" || value == known {
				t.Errorf("the cookie %s at %s is that of %s", part, level, before)
			}
		}
		values[level] = value
	}
	p := b.begin(h.ask("web"))
	fresh("the first page", "login_")
	old := b.cookies()
	p = p.name(h, "grace")
	p.answer()
	fresh("a password", "session")
	session := values["a password"]
	p = b.begin(h.ask("web", "acr_values", multi)).says("Enter your code")
	fresh("a step-up", "login_")
	p.press("answer", "code", h.code(h.users["grace"])).answer()
	fresh("two factors", "session")
	fresh2 := b.cookies()

	planted := h.browser() // who planted the cookies of before has nothing of after
	planted.setCookies(old)
	planted.begin(h.ask("web", "prompt", "none")).fails("login_required")
	planted.setCookies([]*http.Cookie{{Name: "sallyport_session", Value: session, Path: "/"}})
	planted.begin(h.ask("web", "prompt", "none")).fails("login_required")
	for _, c := range fresh2 {
		if strings.Contains(c.Name, "session") && strings.Contains(p.at.Path, c.Value) {
			t.Error("the address of a login tells the session")
		}
	}

	// A session of the attacker's in the owner's browser ends there; nothing is joined.
	h.person("eve")
	evil := h.browser()
	evil.begin(h.ask("web")).name(h, "eve").answer()
	victim := h.browser()
	evil.copies(victim, "session")
	victim.begin(h.ask("web", "prompt", "login")).press("switch").name(h, "grace").answer()
	evil.begin(h.ask("web", "prompt", "none")).fails("login_required")
	a := h.ask("web", "prompt", "none")
	if got := a.redeem(victim.begin(a).answer()).id(); got["sub"] != h.users["grace"].ID {
		t.Errorf("%v", got)
	}
}

func threatRemember(t *testing.T) {
	t.Run("it changes at each use", func(t *testing.T) {
		h, b := remembered(t)
		seen := map[string]bool{b.kept("remember"): true}
		for range 3 {
			b.begin(h.ask("web")).name(h, "grace").answer()
			b.signOut()
			if value := b.kept("remember"); value == "" || seen[value] {
				t.Errorf("the value stayed %q", value)
			} else {
				seen[value] = true
			}
		}
	})
	t.Run("a copy that shows an old value ends all of the person's", func(t *testing.T) {
		h, b := remembered(t)
		other := h.browser()
		other.begin(h.ask("web")).name(h, "grace").press("answer", "code", h.code(h.users["grace"]), "remember", "1").answer()
		other.signOut()
		thief := h.browser()
		b.copies(thief, "remember")
		b.copies(thief, "device")
		b.begin(h.ask("web")).name(h, "grace").answer()
		b.signOut()
		h.wait(time.Minute)
		for _, one := range []*browser{thief, b, other} {
			one.begin(h.ask("web")).name(h, "grace").says("Enter your code")
		}
		if revoked := h.events("browser.revoked"); len(revoked) == 0 || revoked[0].Data["why"] != "a value was used twice" {
			t.Errorf("%+v", revoked)
		}
	})
	t.Run("it replaces no password, and is another person's in no way", func(t *testing.T) {
		h, b := remembered(t)
		b.begin(h.ask("web")).says("Sign in")
		h.giveOTP(h.users["ada"])
		b.begin(h.ask("web")).name(h, "ada").says("Enter your code")
	})
	t.Run("it ends with the factor that was shown", func(t *testing.T) {
		h, b := remembered(t)
		h.giveOTP(h.users["grace"])
		event := &storage.Event{ID: storage.NewID("evt"), At: h.now(), Type: "authenticator.removed"}
		h.must(h.flows.RemoveAuthenticator(t.Context(), h.users["grace"].User, h.owned("grace", factors.OTP)[0], event))
		b.begin(h.ask("web")).name(h, "grace").says("Enter your code")
	})
}

func threatDowngrade(t *testing.T) {
	h := keyed(t)
	k := h.withKey("ada")
	h.giveOTP(h.users["ada"])
	h.amend("web", func(c *storage.Client) { c.Settings.Factors = []string{factors.Roaming} })
	thief := h.browser()
	p := thief.begin(h.ask("web")).name(h, "ada").says("Use your security key") // pinned: nothing else is there
	for _, factor := range []string{factors.OTP, factors.RecoveryCode, factors.SMS} {
		if p = p.press("choose", "factor", factor).says("Use your security key"); strings.Contains(p.body, `value="other"`) {
			t.Errorf("another way is offered: %s", p.body)
		}
	}
	// Where the weaker way is allowed, the tokens say that it was taken, and the person
	// hears of the browser.
	told := len(h.arrived())
	a := h.ask("mfa")
	p = h.browser().begin(a).name(h, "ada").press("other").press("choose", "factor", factors.OTP)
	got := a.redeem(p.press("answer", "code", h.code(h.users["ada"])).answer()).is(http.StatusOK, "").id()
	if got["acr"] != multi || slices.Contains(amrOf(got), "pop") {
		t.Errorf("acr %v, amr %v", got["acr"], got["amr"])
	}
	if mails := h.arrived(); len(mails) != told+1 || mails[told].to != "ada@example.com" || mails[told].subject != "A sign-in from a new browser" {
		t.Errorf("%+v", mails)
	}
	p = thief.begin(h.ask("web")).name(h, "ada")
	p.press("answer", "credential", p.get(k)).answer()
}

// codeAt is the code that an app shows at a moment.
func (h *house) codeAt(key string, at time.Time) string {
	h.t.Helper()
	code, err := totp.GenerateCode(key, at)
	h.must(err)
	return code
}
