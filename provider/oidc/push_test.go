package oidc_test

import (
	"errors"
	"html"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/factors/standin"
	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/flows/policy"
)

// pushes is a house where everyone needs a phone, or a code.
func pushes(t *testing.T, change ...func(*plan)) *house {
	t.Helper()
	p := plan{policy: policy.Always, factors: []string{factors.Push, factors.OTP, factors.RecoveryCode}}
	for _, f := range change {
		f(&p)
	}
	return build(t, p)
}

func (h *house) phone(name string) *standin.Phone {
	h.t.Helper()
	p, err := standin.NewPhone(name)
	h.must(err)
	p.Now = h.now
	return p
}

var (
	pageInPicture = regexp.MustCompile(`id="open-page" href="([^"]+)"`)
	numberOnPage  = regexp.MustCompile(`id="number"[^>]*>(\d\d)<`)
)

// scans has a phone taken on by the picture on p.
func (p *page) scans(phone *standin.Phone) error {
	p.b.h.t.Helper()
	m := pageInPicture.FindStringSubmatch(p.body)
	if m == nil {
		p.b.h.t.Fatalf("no picture on %s: %s", p.title(), p.body)
	}
	base, ticket, err := standin.Scan(html.UnescapeString(m[1]))
	p.b.h.must(err)
	return phone.Enroll(p.b.h.t.Context(), base, ticket)
}

// number is what p shows, "" for none.
func (p *page) number() string {
	if m := numberOnPage.FindStringSubmatch(p.body); m != nil {
		return m[1]
	}
	return ""
}

// withDevice enrols a phone of who and returns it with their signed out browser.
func (h *house) withDevice(who string) (*browser, *standin.Phone) {
	h.t.Helper()
	b, phone := h.browser(), h.phone("Phone of "+who)
	p := b.begin(h.ask("web")).name(h, who).press("enroll", "factor", factors.Push).says("Set up your phone")
	h.must(p.scans(phone))
	p.press("answer").press("done", "saved", "1").answer()
	b.signOut()
	return b, phone
}

// asks is what a phone is asked just now.
func (h *house) asks(phone *standin.Phone) *standin.Question {
	h.t.Helper()
	q, err := phone.Ask(h.t.Context())
	h.must(err)
	return q
}

func (h *house) declined(err error, status int, code string) {
	h.t.Helper()
	var refused *standin.Refused
	if !errors.As(err, &refused) || refused.Status != status || refused.Code != code {
		h.t.Errorf("got %v, want %d %s", err, status, code)
	}
}

// Row 41: a scanned picture sets up the phone, and the codes that it shows.
func TestRow41_PushEnrolment(t *testing.T) {
	h := pushes(t)
	b, phone := h.browser(), h.phone("Ada’s phone")
	a := h.ask("web")
	p := b.begin(a).name(h, "ada").press("enroll", "factor", factors.Push).says("Set up your phone")
	p = p.press("answer").says("Set up your phone")
	if !strings.Contains(p.body, "hasn’t answered yet") {
		t.Errorf("pressed too early: %s", p.body)
	}
	h.must(p.scans(phone))
	h.declined(p.scans(h.phone("another")), http.StatusConflict, "enrollment_conflict")
	if phone.Account != "ada" || phone.Issuer != "Test" || phone.UserID != h.users["ada"].ID {
		t.Errorf("%+v", phone)
	}
	p = p.press("answer").says("Save your recovery codes")
	got := a.redeem(p.press("done", "saved", "1").answer()).is(http.StatusOK, "").id()
	if !slices.Equal(amrOf(got), []string{"mca", "mfa", "pwd", "swk"}) || got["acr"] != multi {
		t.Errorf("amr %v, acr %v", got["amr"], got["acr"])
	}
	all, err := h.db.Authenticators(t.Context(), h.users["ada"].ID)
	h.must(err)
	link := map[string]string{}
	for _, one := range all {
		link[one.Factor] = one.Link
	}
	if link[factors.Push] == "" || link[factors.Push] != link[factors.OTP] {
		t.Errorf("links %v", link)
	}
	h.arrived()
	if text := h.log.String(); strings.Contains(text, phone.Credential) || strings.Contains(text, phone.Secret) {
		t.Error("the log tells what only the phone may know")
	}
	for _, kind := range []string{"authenticator.paired", "authenticator.added"} {
		if len(h.events(kind)) == 0 {
			t.Errorf("no event %s", kind)
		}
	}
}

// Row 42: a picture works for five minutes.
func TestRow42_OldPicture(t *testing.T) {
	h := pushes(t)
	p := h.browser().begin(h.ask("web")).name(h, "ada").press("enroll", "factor", factors.Push)
	h.wait(5*time.Minute + time.Second)
	h.declined(p.scans(h.phone("late")), http.StatusNotFound, "enrollment_transaction_not_found")
	p.press("answer").says("Error: Protect your account").press("enroll", "factor", factors.Push).says("Set up your phone")
}

// Row 43: yes leads on, no does not, and both are in the log.
func TestRow43_AllowAndDeny(t *testing.T) {
	h := pushes(t)
	b, phone := h.withDevice("ada")
	a := h.ask("web")
	p := b.begin(a).name(h, "ada").says("Answer on your phone")
	if p.press("answer").says("Answer on your phone"); len(h.events("proof.accepted")) != 3 {
		t.Error("an answer that nobody gave")
	}
	q := h.asks(phone)
	if q.Application != "web application" || q.Account != "ada" || q.Address != "127.0.0.1" || !q.Number {
		t.Errorf("%+v", q)
	}
	h.must(phone.Approve(t.Context(), q, p.number()))
	if h.asks(phone) != nil {
		t.Error("the phone is asked what it has answered")
	}
	if got := a.redeem(b.get(p.at.String()).press("answer").answer()).id(); !slices.Equal(amrOf(got), []string{"mca", "mfa", "pwd", "swk"}) {
		t.Errorf("amr %v", got["amr"])
	}
	b.signOut()
	p = b.begin(h.ask("web")).name(h, "ada").says("Answer on your phone")
	h.must(phone.Deny(t.Context(), h.asks(phone), "mistake"))
	p = b.get(p.at.String()).says("Choose how to continue")
	if !strings.Contains(p.body, "You said no on your phone") || len(h.events("challenge.denied")) != 1 {
		t.Errorf("%s", p.body)
	}
	if p = p.press("answer"); p.home || p.number() != "" {
		t.Error("no is taken for yes, or asks again by itself")
	}
}

// Row 44: answers that are not the phone's own are refused, counted and logged, and the
// question stays open.
func TestRow44_ForeignAnswers(t *testing.T) {
	h := pushes(t)
	b, phone := h.withDevice("ada")
	p := b.begin(h.ask("web")).name(h, "ada")
	q := h.asks(phone)
	thief := h.phone("thief")
	thief.Identifier, thief.Base = phone.Identifier, phone.Base
	h.declined(thief.Approve(t.Context(), q, p.number()), http.StatusUnauthorized, "invalid_token")
	for name, value := range map[string]any{"aud": "https://evil.example", "exp": 0, "sub": "x", "iss": "x"} {
		phone.Tamper = func(claims map[string]any) { claims[name] = value }
		h.declined(phone.Approve(t.Context(), q, p.number()), http.StatusUnauthorized, "invalid_token")
	}
	phone.Tamper = nil
	if n := len(h.events("proof.refused")); n != 5 {
		t.Errorf("%d refusals in the log, want 5", n)
	}
	unknown := *q
	unknown.Token = strings.Repeat("A", 52)
	h.declined(phone.Approve(t.Context(), &unknown, p.number()), http.StatusNotFound, "login_transaction_not_found")
	h.must(phone.Approve(t.Context(), q, p.number()))
	h.declined(phone.Approve(t.Context(), q, p.number()), http.StatusNotFound, "login_transaction_not_found")
	if got := b.get(p.at.String()).press("answer"); !got.home {
		t.Errorf("the right answer: %s", got.title())
	}
	// More of them than a person could send are not even looked at.
	b.signOut()
	b.begin(h.ask("web")).name(h, "ada")
	q = h.asks(phone)
	limited := 0
	for range 15 {
		var refused *standin.Refused
		if err := thief.Approve(t.Context(), q, "42"); errors.As(err, &refused) && refused.Status == http.StatusTooManyRequests {
			limited++
		}
	}
	if limited == 0 {
		t.Error("guesses are not limited")
	}
}

// Row 45: five questions a minute, however they are answered.
func TestRow45_PushRate(t *testing.T) {
	h := pushes(t)
	b, phone := h.withDevice("ada")
	for i := range 6 {
		p := b.begin(h.ask("web", "prompt", "login")).name(h, "ada")
		if i == 5 {
			if p.says("Choose how to continue"); !strings.Contains(p.body, "Your phone was asked often") || p.status != http.StatusTooManyRequests || p.header.Get("Retry-After") == "" {
				t.Errorf("the sixth: %d %s", p.status, p.body)
			}
			break
		}
		p.says("Answer on your phone")
		h.must(phone.Approve(t.Context(), h.asks(phone), p.number()))
		b.get(p.at.String()).press("answer").answer()
	}
	if len(h.events("challenge.limited")) != 1 {
		t.Error("it is not in the log")
	}
}

// Row 46: the phone's codes work where its answer does not come, if they are enabled.
func TestRow46_CodeInstead(t *testing.T) {
	h := pushes(t)
	b, phone := h.withDevice("ada")
	a := h.ask("web")
	p := b.begin(a).name(h, "ada").says("Answer on your phone")
	m := regexp.MustCompile(`name="factor" value="(otp [^"]+)"`).FindStringSubmatch(p.body)
	if m == nil {
		t.Fatalf("no code instead: %s", p.body)
	}
	p = p.press("choose", "factor", m[1]).says("Enter your code")
	h.users["ada"].key = phone.Secret
	if got := a.redeem(p.press("answer", "code", h.code(h.users["ada"])).answer()).id(); !slices.Equal(amrOf(got), []string{"mfa", "otp", "pwd"}) {
		t.Errorf("amr %v", got["amr"])
	}
	h = pushes(t, func(p *plan) { p.factors = []string{factors.Push, factors.RecoveryCode} })
	b, _ = h.withDevice("ada")
	if p := b.begin(h.ask("web")).name(h, "ada").says("Answer on your phone"); strings.Contains(p.body, `value="otp`) {
		t.Error("a code is offered where codes are off")
	}
	h = pushes(t, func(p *plan) { p.rules = true })
	b, _ = h.withDevice("ada")
	h.action("no codes", `api.authentication.challengeWith({ type: "push-notification", options: { otpFallback: false } })`)
	p = b.begin(h.ask("web")).name(h, "ada").says("Answer on your phone")
	if strings.Contains(p.body, `value="otp`) {
		t.Error("a code is offered where an action wants none")
	}
	if p = p.press("choose", "factor", "otp"); !strings.HasPrefix(p.title(), "Answer on your phone") {
		t.Errorf("a code was asked for where an action wants none: %s", p.title())
	}
}

// Row 47: the phone goes with its codes, and the codes with the phone.
func TestRow47_LinkedDeletion(t *testing.T) {
	h := pushes(t)
	_, phone := h.withDevice("ada")
	h.must(phone.Remove(t.Context()))
	left := func(who string) (names []string) {
		all, err := h.db.Authenticators(t.Context(), h.users[who].ID)
		h.must(err)
		for _, a := range all {
			names = append(names, a.Factor)
		}
		slices.Sort(names)
		return names
	}
	if got := left("ada"); !slices.Equal(got, []string{factors.Password, factors.RecoveryCode}) {
		t.Errorf("%v", got)
	}
	_, err := phone.Change(t.Context(), map[string]any{"name": "x"})
	h.declined(err, http.StatusNotFound, "device_account_not_found")
	mails := h.arrived()
	if last := mails[len(mails)-1]; !strings.Contains(last.text, "can no longer be used") {
		t.Errorf("%+v", last)
	}
	h.person("bob")
	h.withDevice("bob")
	all, err := h.db.Authenticators(t.Context(), h.users["bob"].ID)
	h.must(err)
	for _, a := range all {
		if a.Factor == factors.OTP {
			h.must(h.db.DeleteAuthenticator(t.Context(), a.ID))
		}
	}
	if got := left("bob"); !slices.Equal(got, []string{factors.Password, factors.RecoveryCode}) {
		t.Errorf("%v", got)
	}
}

// Row 49: another number is no yes; three refusals, and the phone is left in peace.
func TestRow49_NumberMatching(t *testing.T) {
	h := pushes(t)
	b, phone := h.withDevice("ada")
	p := b.begin(h.ask("web")).name(h, "ada")
	number := p.number()
	other := "10"
	if number == other {
		other = "11"
	}
	h.declined(phone.Approve(t.Context(), h.asks(phone), other), http.StatusBadRequest, "invalid_number")
	p = b.get(p.at.String()).says("Choose how to continue")
	if !strings.Contains(p.body, "another one") || h.asks(phone) != nil {
		t.Errorf("%s", p.body)
	}
	for range 2 {
		p = p.press("choose", "factor", factors.Push).says("Answer on your phone")
		h.must(phone.Deny(t.Context(), h.asks(phone), "mistake"))
		p = b.get(p.at.String()).says("Choose how to continue")
	}
	p = p.press("choose", "factor", factors.Push).says("Choose how to continue")
	if strings.Contains(p.body, `value="push"`) || !strings.Contains(p.body, "without a yes") {
		t.Errorf("it is still offered: %s", p.body)
	}
	if mails := h.arrived(); !strings.Contains(mails[len(mails)-1].text, "several times without a yes") {
		t.Errorf("no warning: %+v", mails[len(mails)-1])
	}
	h.wait(15 * time.Minute)
	b.begin(h.ask("web")).name(h, "ada").says("Answer on your phone")
}

// T-01: whoever knows the password cannot wear the owner down.
func TestT01_Fatigue(t *testing.T) {
	h := pushes(t)
	_, phone := h.withDevice("ada")
	asked, seen := 0, ""
	for range 20 {
		h.browser().begin(h.ask("web")).name(h, "ada")
		if q := h.asks(phone); q != nil && q.Token != seen {
			asked, seen = asked+1, q.Token
		}
		h.wait(30 * time.Second)
	}
	if asked != 3 {
		t.Errorf("the phone was asked %d times in ten minutes, want 3", asked)
	}
	warned := 0
	for _, m := range h.arrived() {
		if strings.Contains(m.subject, "Someone knows your password") {
			warned++
		}
	}
	if warned != 1 {
		t.Errorf("%d warnings, want 1", warned)
	}
}

// "This isn't me" ends the questions, is told, and blocks where the operator wants that.
func TestReported(t *testing.T) {
	for _, block := range []bool{false, true} {
		h := pushes(t, func(p *plan) { p.flows = func(c *flows.Config) { c.BlockReported = block } })
		b, phone := h.withDevice("ada")
		mallory := h.browser()
		p := mallory.begin(h.ask("web")).name(h, "ada")
		h.must(phone.Deny(t.Context(), h.asks(phone), "hack"))
		if len(h.events("challenge.reported")) != 1 {
			t.Error("it is not in the log")
		}
		if mails := h.arrived(); !strings.Contains(mails[len(mails)-1].subject, "You reported a sign-in") {
			t.Errorf("%+v", mails[len(mails)-1])
		}
		p = mallory.get(p.at.String())
		if block {
			p.says("You can’t sign in here")
			if b.begin(h.ask("web")).name(h, "ada").home {
				t.Error("the account is not blocked")
			}
			continue
		}
		p = p.says("Choose how to continue").press("choose", "factor", factors.Push)
		if p.number() != "" || h.asks(phone) != nil {
			t.Error("the phone is asked again")
		}
	}
}

func regressionB23(t *testing.T) {
	h := pushes(t)
	_, phone := h.withDevice("ada")
	owner, mallory := h.browser(), h.browser()
	own := owner.begin(h.ask("web")).name(h, "ada")
	first := h.asks(phone)
	theirs := mallory.begin(h.ask("web")).name(h, "ada") // takes the place of the first
	second := h.asks(phone)
	if first.Token == second.Token {
		t.Fatal("one question for two sign-ins")
	}
	h.declined(phone.Approve(t.Context(), first, own.number()), http.StatusNotFound, "login_transaction_not_found")
	if p := owner.get(own.at.String()).says("Choose how to continue"); !strings.Contains(p.body, "asked about another sign-in") {
		t.Errorf("%s", p.body)
	}
	if own.number() != theirs.number() { // the owner types what their own page shows
		h.declined(phone.Approve(t.Context(), second, own.number()), http.StatusBadRequest, "invalid_number")
		if p := mallory.get(theirs.at.String()).press("answer"); p.home {
			t.Error("a number of another page let somebody in")
		}
	}
	// A yes counts in the browser that asked and nowhere else.
	h.wait(time.Hour)
	own = owner.begin(h.ask("web")).name(h, "ada")
	h.must(phone.Approve(t.Context(), h.asks(phone), own.number()))
	if p := mallory.get(own.at.String()); p.status != http.StatusGone {
		t.Errorf("another browser: %d", p.status)
	}
	if p := owner.get(own.at.String()).press("answer"); !p.home {
		t.Errorf("the browser that asked: %s", p.title())
	}
}

// Two answers at once: one counts, on both engines.
func TestT07_OnePushAnswer(t *testing.T) {
	engines(t, func(t *testing.T, engine string) {
		h := pushes(t, func(p *plan) { p.engine = engine })
		b, phone := h.withDevice("ada")
		p := b.begin(h.ask("web")).name(h, "ada")
		q := h.asks(phone)
		results := make(chan error, 8)
		for range cap(results) {
			go func() { results <- phone.Approve(t.Context(), q, p.number()) }()
		}
		won := 0
		for range cap(results) {
			if <-results == nil {
				won++
			}
		}
		if won != 1 {
			t.Errorf("%d answers counted", won)
		}
		if got := b.get(p.at.String()).press("answer"); !got.home {
			t.Errorf("%s", got.title())
		}
	})
}
