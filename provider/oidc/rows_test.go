package oidc_test

import (
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/policy"
)

// from has the browser come from another address of this machine.
func (b *browser) from(address string) *browser {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	b.http.Transport = &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}
	return b
}

// A says is a browser that says something of itself.
type says struct{ name, value string }

// RoundTrip implements http.RoundTripper.
func (s says) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set(s.name, s.value)
	return http.DefaultTransport.RoundTrip(r)
}

var countdown = regexp.MustCompile(`<time datetime="([^"]+)" data-left="(\d+)">`)

// waits fails the test unless the page says when to come again, to programs and to people,
// and returns how long that is.
func (p *page) waits() time.Duration {
	p.b.h.t.Helper()
	seconds, err := strconv.Atoi(p.header.Get("Retry-After"))
	shown := countdown.FindStringSubmatch(p.body)
	if p.status != http.StatusTooManyRequests || err != nil || shown == nil {
		p.b.h.t.Fatalf("at %s: status %d, Retry-After %q, counts %v down\n%.1500s", p.at, p.status, p.header.Get("Retry-After"), shown, p.body)
	}
	until, err := time.Parse(time.RFC3339, shown[1])
	p.b.h.must(err)
	wait := time.Duration(seconds) * time.Second
	if off := until.Sub(p.b.h.now()) - wait; shown[2] != strconv.Itoa(seconds) || off > time.Second || off < -2*time.Second {
		p.b.h.t.Errorf("Retry-After %d, counts %s s down, until %s", seconds, shown[2], until)
	}
	return wait
}

// Row 15: a picture for the app, a code that confirms it, and nothing before that.
func TestRow15_TOTPEnrolment(t *testing.T) {
	h := build(t, plan{policy: policy.Always})
	a := h.ask("web")
	p := h.browser().begin(a).name(h, "ada").says("Set up your authenticator app")
	at, err := url.Parse(otpauth.FindString(unescape(p.body)))
	h.must(err)
	q := at.Query()
	if q.Get("algorithm") != "SHA1" || q.Get("digits") != "6" || q.Get("period") != "30" || !regexp.MustCompile(`^[A-Z2-7]{32,}$`).MatchString(q.Get("secret")) || !strings.Contains(p.body, `<svg class="qr"`) {
		t.Errorf("%s", at)
	}
	u := h.users["ada"]
	u.key = q.Get("secret")
	if p = p.press("answer", "code", wrongOf(h.code(u))).says("Error: Set up"); !strings.Contains(p.body, "didn’t match") {
		t.Errorf("%s", p.body)
	}
	if own := h.owned("ada", factors.OTP); len(own) != 1 || own[0].Usable() {
		t.Errorf("confirmed by a wrong code: %+v", own)
	}
	p = p.press("answer", "code", h.code(u)).says("Save your recovery codes").press("done", "saved", "1")
	if got := a.redeem(p.answer()).is(http.StatusOK, "").id(); !slices.Equal(amrOf(got), []string{"mfa", "otp", "pwd"}) {
		t.Errorf("amr %v", got["amr"])
	}
}

// Row 16: on a phone the key and a way into the app come first, and there is no picture
// that the phone would have to take of itself.
func TestRow16_OnAPhone(t *testing.T) {
	h := build(t, plan{policy: policy.Always})
	for name, c := range map[string]struct {
		says  says
		phone bool
	}{
		"Safari on a phone":   {says{"User-Agent", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 Mobile/15E148 Safari/604.1"}, true},
		"Firefox on a phone":  {says{"User-Agent", "Mozilla/5.0 (Android 15; Mobile; rv:136.0) Gecko/136.0 Firefox/136.0"}, true},
		"a hint of Chromium":  {says{"Sec-CH-UA-Mobile", "?1"}, true},
		"and one against it":  {says{"Sec-CH-UA-Mobile", "?0"}, false},
		"Firefox on a desk":   {says{"User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:136.0) Gecko/20100101 Firefox/136.0"}, false},
		"who says nothing":    {says{"User-Agent", ""}, false},
		"who says everything": {says{"User-Agent", strings.Repeat("Mobi", 2000)}, true},
	} {
		b := h.browser()
		b.http.Transport = c.says
		p := b.begin(h.ask("web")).name(h, "ada").says("Set up your authenticator app")
		plain, _, _ := strings.Cut(p.body, "<details>")
		if key := strings.Contains(plain, `id="key"`); key != c.phone || strings.Contains(plain, "<svg class=\"qr\"") == c.phone {
			t.Errorf("%s: the key is shown %v\n%s", name, key, plain)
		}
		if !strings.Contains(p.body, `href="otpauth://totp/`) || !strings.Contains(p.body, "<svg class=\"qr\"") {
			t.Errorf("%s: there is no way into the app, or no picture at all", name)
		}
	}
}

// Row 19: what is no code is said to be none, and is no try.
func TestRow19_Form(t *testing.T) {
	h := phones(t)
	h.withPhone()
	before := len(h.events("proof.refused"))
	for name, p := range map[string]*page{
		"an app":              h.browser().begin(h.ask("mfa")).name(h, "grace"),
		"a text":              h.browser().begin(h.ask("mfa")).name(h, "ada"),
		"an app to be set up": h.browser().begin(h.ask("web")).signInTo(h, "bob", factors.OTP),
	} {
		for _, typed := range []string{"12345", "1234567", "", "abcdef", "12345a", "１２３４５６", "123 45", strings.Repeat("1", 10_000)} {
			for range 2 {
				if p = p.press("answer", "code", typed); p.status != http.StatusOK || !strings.Contains(p.body, "The code has 6 digits") {
					t.Errorf("%s, %.20q: status %d\n%s", name, typed, p.status, p.body)
				}
			}
		}
	}
	if n := len(h.events("proof.refused")); n != before {
		t.Errorf("%d were counted", n-before)
	}
	for _, a := range h.owned("grace", factors.OTP) {
		if a.Failures != 0 {
			t.Errorf("%d failures", a.Failures)
		}
	}
}

// signInTo is a new person's sign-in up to the set-up of a factor.
func (p *page) signInTo(h *house, name, factor string) *page {
	h.t.Helper()
	h.person(name)
	return p.name(h, name).press("enroll", "factor", factor)
}

// Rows 20 and 22: ten wrong codes, and one more each six minutes. The page says so, to
// programs and to people, and the audit log knows.
func TestRow20_22_WrongCodes(t *testing.T) {
	h := open(t)
	p := h.browser().begin(h.ask("mfa")).name(h, "grace")
	for i := range 10 {
		if p = p.press("answer", "code", wrongCode(h)); p.status != http.StatusOK {
			t.Fatalf("wrong code %d: status %d", i+1, p.status)
		}
	}
	p = p.press("answer", "code", rightCode(h))
	if wait := p.waits(); wait < 5*time.Minute || wait > 6*time.Minute || p.has("code") {
		t.Errorf("after %s, a code can be typed: %v", wait, p.has("code"))
	}
	limited := h.events("login.limited")
	if len(limited) != 1 || limited[0].Data["factor"] != factors.OTP || limited[0].UserID != h.users["grace"].ID || limited[0].Address != "127.0.0.1" {
		t.Errorf("%+v", limited)
	}
	h.wait(6 * time.Minute)
	if p = p.press("answer", "code", wrongCode(h)); p.status != http.StatusOK || len(h.events("proof.refused")) != 11 {
		t.Errorf("six minutes later: status %d, %d codes were looked at", p.status, len(h.events("proof.refused")))
	}
	p.press("answer", "code", rightCode(h)).waits()
	if n := len(h.events("proof.refused")); n != 11 {
		t.Errorf("%d codes were looked at", n)
	}
}

// Row 21: the bucket is the person's, from wherever they come, and a success gives back
// nothing but its own try.
func TestRow21_SharedBucket(t *testing.T) {
	h := open(t)
	wrong := func(from string, n int) *page {
		p := h.browser().from(from).begin(h.ask("mfa")).name(h, "grace")
		for range n {
			p = p.press("answer", "code", wrongCode(h))
		}
		return p
	}
	wrong("127.0.0.2", 4)
	wrong("127.0.0.3", 4)
	h.browser().begin(h.ask("mfa")).name(h, "grace").press("answer", "code", rightCode(h)).answer()
	if p := wrong("127.0.0.4", 2); p.status != http.StatusOK {
		t.Fatalf("after ten: status %d", p.status)
	}
	wrong("127.0.0.5", 1).waits()
	if n := len(h.events("proof.refused")); n != 10 {
		t.Errorf("%d codes were looked at, want 10", n)
	}
}

// Row 22: every page that refuses for a while says when it will not.
func TestRow22_RetryInformation(t *testing.T) {
	h := phones(t)
	again := func(most int, do func() *page) *page {
		t.Helper()
		for range most {
			if p := do(); p.status != http.StatusOK {
				return p
			}
		}
		t.Fatalf("no limit after %d", most)
		return nil
	}
	b := h.browser()
	again(20, func() *page { return b.begin(h.ask("web")).press("answer", "username", "ada", "password", "a guess") }).waits()
	again(20, func() *page { return b.get(h.at("/reset")).press("answer", "username", "grace") }).waits()
	h.wait(time.Hour)
	h.withPhone()
	again(20, func() *page { return h.browser().begin(h.ask("web")).name(h, "ada") }).waits() // messages
	h.wait(24 * time.Hour)
	p := h.browser().begin(h.ask("web")).name(h, "ada")
	again(20, func() *page { p = p.press("answer", "code", wrongOf(h.texted())); return p }).waits()
}

// Row 28: a number that only calls go to, and one that takes both.
func TestRow28_MessageTypes(t *testing.T) {
	h := equipped(t, factors.Voice)
	p := h.browser().begin(h.ask("web")).name(h, "ada").says("Add your phone number")
	if strings.Contains(p.body, factors.SMS) || strings.Contains(p.body, `value="other"`) {
		t.Errorf("%s", p.body)
	}
	p = p.press("enroll", "factor", factors.Voice, "phone_number", "+49 30 901820") // a landline takes calls
	if calls := h.phoned(); len(calls) != 1 || calls[0].Kind != "call" {
		t.Fatalf("%+v", calls)
	}
	if p = p.press("answer", "code", h.texted()); !p.home {
		t.Errorf("%s", p.title())
	}
	if p = h.browser().begin(h.ask("web")).name(h, "ada").says("Enter your code"); strings.Contains(p.body, `value="sms`) {
		t.Errorf("texts are offered: %s", p.body)
	}

	h = equipped(t, factors.SMS, factors.Voice)
	if got := h.browser().begin(h.ask("web")).name(h, "ada").press("other").choices(); !slices.Equal(got, []string{factors.SMS, factors.Voice}) {
		t.Errorf("offered %v", got)
	}
	h.withPhone()
	if p = h.browser().begin(h.ask("web")).name(h, "ada").says("Enter your code"); !strings.Contains(p.body, "Call me instead") {
		t.Errorf("%s", p.body)
	}
}

// Rows 58 and 61: ten codes are shown once, to be printed and kept, and the login waits for
// the person's word; none where they are switched off. The picker says how many are left.
func TestRow58_61_RecoveryCodes(t *testing.T) {
	h := build(t, plan{policy: policy.Always})
	p := h.browser().begin(h.ask("web")).name(h, "ada")
	u := h.users["ada"]
	u.key = secretOn(p)
	p = p.press("answer", "code", h.code(u)).says("Save your recovery codes")
	codes := shownCode.FindAllString(p.body, -1)
	slices.Sort(codes)
	codes = slices.Compact(codes)
	if len(codes) != 10 || !strings.Contains(p.body, "data-print") || !regexp.MustCompile(`name="saved"[^>]*required`).MatchString(p.body) {
		t.Errorf("%d codes\n%s", len(codes), p.body)
	}
	for _, word := range [][]string{{}, {"saved", ""}} {
		if p = p.press("done", word...); p.home {
			t.Fatal("the login went on without the person's word")
		}
	}
	p.press("done", "saved", "1").answer()
	p = h.browser().begin(h.ask("web")).name(h, "ada").press("other").says("Choose how")
	if !strings.Contains(p.body, "10 left") || slices.ContainsFunc(codes, func(c string) bool { return strings.Contains(p.body, c) }) {
		t.Errorf("%s", p.body)
	}
	p.press("choose", "factor", factors.RecoveryCode).press("answer", "code", codes[3]).answer()
	if p = h.browser().begin(h.ask("web")).name(h, "ada").press("other"); !strings.Contains(p.body, "9 left") {
		t.Errorf("%s", p.body)
	}

	h = equipped(t, factors.OTP)
	p = h.browser().begin(h.ask("web")).name(h, "ada")
	h.users["ada"].key = secretOn(p)
	p.press("answer", "code", h.code(h.users["ada"])).answer()
}

func secretOn(p *page) string {
	p.b.h.t.Helper()
	at, err := url.Parse(otpauth.FindString(unescape(p.body)))
	p.b.h.must(err)
	return at.Query().Get("secret")
}

// Row 59: a code lets its person in, once; they are told, with how many are left, and the
// audit log knows.
func TestRow59_RecoveryUse(t *testing.T) {
	h := build(t, plan{policy: policy.Always})
	u := h.users["grace"]
	use := func(code string) *page {
		return h.browser().begin(h.ask("web")).name(h, "grace").press("other").press("choose", "factor", factors.RecoveryCode).press("answer", "code", code)
	}
	use(u.codes[0]).answer()
	if p := use(u.codes[0]).says("Error: Use a recovery code"); p.home {
		t.Error("a code was taken twice")
	}
	use(strings.ToLower(u.codes[1])).answer()
	used := h.events("recovery_code.used")
	if len(used) != 2 || used[0].UserID != u.ID || used[0].Data["left"] != float64(8) || used[1].Data["left"] != float64(9) {
		t.Errorf("%+v", used)
	}
	told := slices.DeleteFunc(h.arrived(), func(m mailed) bool { return m.subject != "A recovery code was used" })
	if len(told) != 2 || !strings.Contains(told[1].text, "There are 8 left") {
		t.Errorf("%+v", told)
	}
}

// Row 60: five wrong recovery codes, and five an hour. Auth0 has ten; T-16 wants no more than
// these. The codes of the app have a bucket of their own.
func TestRow60_RecoveryBucket(t *testing.T) {
	h := build(t, plan{policy: policy.Always})
	at := func() *page {
		return h.browser().begin(h.ask("web")).name(h, "grace").press("other").press("choose", "factor", factors.RecoveryCode)
	}
	p, looked := at(), 0
	for range 10 {
		if p = p.press("answer", "code", "AAAA-BBBB-CCCC-DDDD"); p.status == http.StatusOK {
			looked++
		}
	}
	if wait := p.waits(); looked != 5 || wait < 11*time.Minute || wait > 12*time.Minute {
		t.Errorf("%d of 10 were looked at; then a wait of %s", looked, wait)
	}
	if limited := h.events("login.limited"); len(limited) != 5 || limited[0].Data["factor"] != factors.RecoveryCode {
		t.Errorf("%+v", limited)
	}
	at().press("answer", "code", h.users["grace"].codes[0]).waits() // a right one, in another browser
	h.browser().begin(h.ask("web")).name(h, "grace").press("answer", "code", h.code(h.users["grace"])).answer()
	h.wait(12 * time.Minute)
	at().press("answer", "code", h.users["grace"].codes[0]).answer()
}

// Guesses at a code do not close the way out that recovery codes are.
func TestRecoveryAfterGuesses(t *testing.T) {
	h := build(t, plan{policy: policy.Always})
	p := h.browser().begin(h.ask("web")).name(h, "grace")
	for range 11 {
		p = p.press("answer", "code", wrongCode(h))
	}
	p.waits()
	p = h.browser().begin(h.ask("web")).name(h, "grace").press("other").press("choose", "factor", factors.RecoveryCode)
	p.press("answer", "code", h.users["grace"].codes[0]).answer()
}

// Who has used all recovery codes is not offered them any more.
func TestRow61_NoneLeft(t *testing.T) {
	h := build(t, plan{policy: policy.Always})
	u := h.users["grace"]
	for i, code := range u.codes {
		p := h.browser().begin(h.ask("web")).name(h, "grace")
		p.press("other").press("choose", "factor", factors.RecoveryCode).press("answer", "code", code).answer()
		if i%5 == 4 {
			h.wait(2 * time.Hour)
		}
	}
	if p := h.browser().begin(h.ask("web")).name(h, "grace").says("Enter your code"); strings.Contains(p.body, `id="other"`) {
		t.Error("codes that are used up are offered")
	}
}
