package oidc_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
)

// Attacks on second factors, played as a script would. T-01 and the answers of T-07 on
// phones are in push_test.go, the copied cookies of T-17 in B-18.
func TestThreats(t *testing.T) {
	for name, test := range map[string]func(*testing.T){
		"T-03-regression: a changed number is a new way to sign in, and no text resists phishing":    threatT03,
		"T-04-regression: nobody earns by messages that we pay for":                                  threatT04,
		"T-07-regression: of fifty at once, one wins":                                                threatT07,
		"T-08-regression: a stolen password sets nothing up in secret":                               threatT08,
		"T-09-regression: an authenticator is set up in the browser and by the person that asked":    threatT09,
		"T-10-regression: each level has cookies of its own, and the old ones are dead":              threatT10,
		"T-16-regression: recovery codes are not guessed, used twice, or used after new ones":        threatT16,
		"T-17-regression: a remembered browser is forgotten with what it was remembered for":         threatT17,
		"T-27-regression: without Duo nobody gets in, or, where that is wished, with nothing proven": threatT27,
		"T-45-regression: another way than the strongest is told, and meets no higher demand":        threatT45,
	} {
		t.Run(name, test)
	}
}

func threatT03(t *testing.T) {
	h := phones(t)
	b, _ := h.withPhone()
	b.signOut()
	// A number in the profile is what somebody wrote there, and gets no codes.
	u, err := h.db.UserByID(t.Context(), h.users["ada"].ID)
	h.must(err)
	u.PhoneNumber = "+4915199999999"
	h.must(h.db.UpdateUser(t.Context(), u))
	h.browser().begin(h.ask("web")).name(h, "ada").says("Enter your code")
	if all := h.phoned(); all[len(all)-1].To != "+4915123456789" {
		t.Errorf("the code went to %s", all[len(all)-1].To)
	}
	// Another number is added with the old one in hand; both stay, and a mail tells.
	e := &storage.Event{ID: storage.NewID("evt"), At: h.now(), Type: "user.invited", Actor: "admin:cli", UserID: u.ID}
	link, err := h.flows.Invite(t.Context(), u, []string{factors.SMS}, false, e)
	h.must(err)
	h.wait(time.Hour)
	p := h.browser().get(link).name(h, "ada").says("Enter your code")
	if q := p.press("enroll", "factor", factors.SMS, "phone_number", "+49 151 99999999"); q.has("phone_number") {
		t.Error("a number was added with a password alone")
	}
	p = p.press("answer", "code", h.texted()).press("enroll", "factor", factors.SMS, "phone_number", "+49 151 99999999")
	p.press("answer", "code", h.texted()).says("You’re all set")
	list, err := h.db.Authenticators(t.Context(), u.ID)
	h.must(err)
	var labels []string
	for _, a := range list {
		if a.Factor == factors.SMS && a.Usable() {
			labels = append(labels, a.Label)
		}
	}
	if !slices.Equal(labels, []string{"•••• 6789", "•••• 9999"}) {
		t.Errorf("numbers %v", labels)
	}
	added := 0
	for _, m := range h.arrived() {
		if strings.Contains(m.subject, "was added") {
			added++
		}
	}
	if added != 2 {
		t.Errorf("%d mails about two numbers", added)
	}
	h.wait(time.Hour)
	sent := len(h.phoned())
	h.browser().begin(h.ask("web", "claims", essential("phr"))).name(h, "ada").fails("unmet_authentication_requirements")
	if len(h.phoned()) != sent {
		t.Error("a text was sent to meet phr")
	}
}

func threatT10(t *testing.T) {
	h := open(t)
	b := h.browser()
	var seen []string
	// fresh says how a cookie's value is at this level: never one that was there before.
	fresh := func(part string) string {
		t.Helper()
		for _, c := range b.cookies() {
			if !strings.Contains(c.Name, part) {
				continue
			}
			if slices.Contains(seen, c.Value) || strings.Contains(c.Value, "lgn_") {
				t.Errorf("%s is what it was, or an id", part)
			}
			seen = append(seen, c.Value)
			return c.Value
		}
		t.Errorf("no cookie %s", part)
		return ""
	}
	// dead says whether somebody who planted or copied the cookies of before can go on.
	dead := func(before []*http.Cookie, address string) {
		t.Helper()
		planted := h.browser()
		planted.setCookies(before)
		if p := planted.get(address); p.status != http.StatusGone {
			t.Errorf("old cookies: %d %s", p.status, p.title())
		}
	}
	p := b.begin(h.ask("web"))
	fresh("login_")
	before := b.cookies()
	q := b.begin(h.ask("mfa"))
	q = q.name(h, "grace").says("Enter your code")
	dead(before, q.at.String())
	p.signIn("grace").answer()
	fresh("session")
	before = b.cookies()
	q = b.begin(h.ask("web", "acr_values", multi)).says("Enter your code")
	q.press("answer", "code", h.code(h.users["grace"])).answer()
	fresh("session")
	dead(before, q.at.String())
	old := h.browser()
	old.setCookies(before)
	old.begin(h.ask("web", "prompt", "none")).fails("login_required")
	// Signing in again in a live session changes it too.
	before = b.cookies()
	b.begin(h.ask("web", "prompt", "login")).signIn("grace").answer()
	fresh("session")
	old.setCookies(before)
	old.begin(h.ask("web", "prompt", "none")).fails("login_required")
	b.begin(h.ask("web", "prompt", "none")).answer()
}

func threatT16(t *testing.T) {
	h := open(t)
	u := h.users["grace"]
	at := func() *page {
		return h.browser().begin(h.ask("mfa")).name(h, "grace").press("other").press("choose", "factor", factors.RecoveryCode).says("Use a recovery code")
	}
	wrong := strings.Repeat("ZZZZ-", 3) + "ZZZZ"
	var pages []*page
	for range 20 {
		pages = append(pages, at())
	}
	together(len(pages), pagesPress(pages, wrong))
	if n := len(h.events("proof.refused")); n == 0 || n > 10 {
		t.Errorf("%d guesses were looked at, want at most 10", n)
	}
	if p := at().press("answer", "code", u.codes[0]); p.home || p.status != http.StatusTooManyRequests {
		t.Errorf("a right code passed the limit: %d", p.status)
	}
	h.wait(time.Hour)
	if p := at().press("answer", "code", u.codes[0]); !p.home {
		t.Fatalf("an hour later: %d %s", p.status, p.title())
	}
	if at().press("answer", "code", u.codes[0]).home {
		t.Error("a code worked twice")
	}
	old := u.codes[1]
	h.freshCodes(u)
	if at().press("answer", "code", old).home {
		t.Error("a code worked after new ones were made")
	}
	// Whoever guesses on for a day ends by disabling the codes, and the owner hears of it.
	h.wait(2 * time.Hour)
	before := len(h.events("authenticator.disabled"))
	for hour := 0; hour < 24 && strings.Contains(h.usableFactors("grace"), factors.RecoveryCode); hour++ {
		p := at()
		for range 10 {
			p = p.press("answer", "code", wrong)
		}
		h.wait(time.Hour)
	}
	if n := len(h.events("authenticator.disabled")) - before; n != 1 || strings.Contains(h.usableFactors("grace"), factors.RecoveryCode) {
		t.Errorf("%d disabled, usable %s", n, h.usableFactors("grace"))
	}
	mails := h.arrived()
	if len(mails) == 0 || !strings.Contains(mails[len(mails)-1].subject, "Too many tries") {
		t.Errorf("%+v", mails)
	}
}

// usableFactors are the names of what a person can show.
func (h *house) usableFactors(who string) string {
	h.t.Helper()
	list, err := h.db.Authenticators(h.t.Context(), h.users[who].ID)
	h.must(err)
	var names []string
	for _, a := range list {
		if a.Usable() {
			names = append(names, a.Factor)
		}
	}
	return strings.Join(names, " ")
}

func threatT17(t *testing.T) {
	h, b := remembered(t)
	list, err := h.db.Authenticators(t.Context(), h.users["grace"].ID)
	h.must(err)
	h.giveOTP(h.users["grace"])
	b.begin(h.ask("web")).name(h, "grace").answer() // another factor changes nothing
	b.signOut()
	for _, a := range list {
		if a.Factor == factors.OTP {
			h.must(h.db.DeleteAuthenticator(t.Context(), a.ID))
		}
	}
	b.begin(h.ask("web")).name(h, "grace").says("Enter your code")

	// A whole copied jar is worth nothing after thirty-one days, nor to reset a password.
	h, b = remembered(t)
	thief := h.browser()
	thief.setCookies(b.cookies())
	h.wait(31 * 24 * time.Hour)
	thief.begin(h.ask("web")).name(h, "grace").says("Enter your code")
	h, b = remembered(t)
	thief = h.browser()
	thief.setCookies(b.cookies())
	if p := thief.begin(h.ask("web")); !p.has("password") {
		t.Errorf("a remembered browser needs no password: %s", p.title())
	}
}

func threatT45(t *testing.T) {
	h := build(t, plan{policy: policy.Always, factors: []string{factors.Roaming, factors.SMS, factors.OTP}})
	h.withPhone()
	h.add(h.users["ada"], &factors.Authenticator{Factor: factors.Roaming, Handle: "a2V5", Secret: []byte(`{"id":"a2V5","publicKey":"a2V5"}`), ConfirmedAt: h.now()})
	h.wait(time.Hour)
	a := h.ask("web")
	p := h.browser().begin(a).name(h, "ada")
	if !strings.Contains(p.body, `name="credential"`) {
		t.Fatalf("the key is not asked for first: %s", p.title())
	}
	p = p.press("other").press("choose", "factor", factors.SMS).says("Enter your code")
	got := a.redeem(p.press("answer", "code", h.texted()).answer()).id()
	if got["acr"] != multi || !slices.Equal(amrOf(got), []string{"mfa", "pwd", "sms"}) {
		t.Errorf("acr %v, amr %v", got["acr"], got["amr"])
	}
	sent := len(h.phoned())
	b := h.browser()
	p = b.begin(h.ask("web", "claims", essential("phr"))).name(h, "ada")
	for _, form := range []url.Values{{"act": {"other"}}, {"act": {"choose"}, "factor": {factors.SMS}}, {"act": {"enroll"}, "factor": {factors.SMS}}} {
		q := b.post(p.at.String(), form)
		if q.home || strings.Contains(q.body, `value="sms`) || !strings.Contains(q.body, `name="credential"`) {
			t.Errorf("%v led to %s", form, q.title())
		}
	}
	if n := len(h.phoned()); n != sent {
		t.Errorf("%d texts were sent to meet phr", n-sent)
	}
	b.begin(h.ask("web", "acr_values", "phr", "prompt", "none")).fails("login_required")
}
