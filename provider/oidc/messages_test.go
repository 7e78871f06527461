package oidc_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/factors/sms"
	"github.com/sallyport-id/sallyport/factors/standin"
	"github.com/sallyport-id/sallyport/factors/voice"
	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
)

// A twilio is the house's vendor, and every phone.
type twilio struct {
	standin.Twilio
	url string

	mu   sync.Mutex
	sent []standin.Sent
}

func openTwilio(t *testing.T) *twilio {
	t.Helper()
	w := &twilio{Twilio: standin.Twilio{AccountSID: "AC00", AuthToken: "token"}}
	w.Got = func(s standin.Sent) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.sent = append(w.sent, s)
	}
	server := httptest.NewServer(&w.Twilio)
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

func (w *twilio) sms() factors.Config {
	c := sms.Defaults()
	c.Sender, c.Twilio.AccountSID, c.Twilio.AuthToken, c.Twilio.From, c.Twilio.BaseURL = "twilio", "AC00", "token", "+4915112345678", w.url
	return c
}

func (w *twilio) voice() factors.Config {
	c := voice.Defaults()
	c.Sender, c.Twilio.AccountSID, c.Twilio.AuthToken, c.Twilio.From, c.Twilio.BaseURL = "twilio", "AC00", "token", "+4915112345678", w.url
	return c
}

var sixDigits = regexp.MustCompile(`\b(\d\.?){5}\d\b`)

// phoned waits until everything is sent and returns what the phones got.
func (h *house) phoned() []standin.Sent {
	h.t.Helper()
	h.arrived()
	h.twilio.mu.Lock()
	defer h.twilio.mu.Unlock()
	return slices.Clone(h.twilio.sent)
}

// texted is the code of the newest message to a phone.
func (h *house) texted() string {
	h.t.Helper()
	all := h.phoned()
	if len(all) == 0 {
		h.t.Fatal("no message came")
	}
	return strings.ReplaceAll(sixDigits.FindString(all[len(all)-1].Text), ".", "")
}

// wrongOf is another code.
func wrongOf(code string) string { return string('0'+(code[0]-'0'+1)%10) + code[1:] }

func phones(t *testing.T, change ...func(*flows.Config)) *house {
	t.Helper()
	return build(t, plan{policy: policy.Always, factors: []string{factors.SMS, factors.Voice, factors.Email, factors.OTP}, flows: func(c *flows.Config) {
		for _, f := range change {
			f(c)
		}
	}})
}

// withPhone enrols ada's number and returns the browser and what comes next.
func (h *house) withPhone() (*browser, *page) {
	h.t.Helper()
	b := h.browser()
	p := b.begin(h.ask("web")).name(h, "ada").press("enroll", "factor", factors.SMS).press("enroll", "factor", factors.SMS, "phone_number", "+49 151 23456789")
	return b, p.press("answer", "code", h.texted())
}

// Row 23: a number that is confirmed takes texts and calls, and tokens say which.
func TestRow23_SMSEnrolment(t *testing.T) {
	h := phones(t)
	b := h.browser()
	p := b.begin(h.ask("web")).name(h, "ada").says("Add your phone number")
	p = p.press("enroll", "factor", factors.SMS, "phone_number", "+1abc").says("Error: Add your phone number")
	if !strings.Contains(p.body, "not a phone number") || !strings.Contains(p.body, `value="&#43;1abc"`) {
		t.Errorf("%s", p.body)
	}
	a := h.ask("web")
	p = b.begin(a).name(h, "ada").press("enroll", "factor", factors.SMS, "phone_number", "+49 151 23456789").says("Enter your code")
	code := h.texted()
	p = p.press("answer", "code", wrongOf(code)).says("Error: Enter your code").press("answer", "code", code)
	if got := a.redeem(p.answer()).is(http.StatusOK, "").id(); !slices.Equal(amrOf(got), []string{"mfa", "pwd", "sms"}) || got["acr"] != multi {
		t.Errorf("amr %v, acr %v", got["amr"], got["acr"])
	}
	all, err := h.db.Authenticators(t.Context(), h.users["ada"].ID)
	h.must(err)
	link := map[string]string{}
	for _, one := range all {
		link[one.Factor] = one.Link
		if one.Factor != factors.Password && (one.Label != "•••• 6789" || !one.Usable()) {
			t.Errorf("%+v", one)
		}
	}
	if link[factors.SMS] == "" || link[factors.SMS] != link[factors.Voice] {
		t.Errorf("links %v", link)
	}
	if text := h.log.String(); strings.Contains(text, code) || strings.Contains(text, "23456789") {
		t.Error("the log tells a code or a number")
	}
}

func amrOf(claims map[string]any) []string {
	var all []string
	list, _ := claims["amr"].([]any)
	for _, v := range list {
		s, _ := v.(string)
		all = append(all, s)
	}
	slices.Sort(all)
	return all
}

// Rows 24 and 25: a code works for five minutes, once.
func TestRow24_25_CodesExpireAndAreSpent(t *testing.T) {
	h := phones(t, func(c *flows.Config) { c.LoginIdle = 10 * time.Minute }) // or the login is over first
	h.withPhone()
	for wait, works := range map[time.Duration]bool{299 * time.Second: true, 301 * time.Second: false} {
		b := h.browser()
		p := b.begin(h.ask("web")).name(h, "ada").says("Enter your code")
		code := h.texted()
		h.wait(wait)
		if p = p.press("answer", "code", code); p.home != works {
			t.Errorf("after %s: status %d, title %q", wait, p.status, p.title())
		}
		if !works && !strings.Contains(p.body, "That code has expired") {
			t.Errorf("%s", p.body)
		}
		h.wait(time.Hour)
		again := h.browser().begin(h.ask("web")).name(h, "ada").press("answer", "code", code)
		if again.home {
			t.Error("a code of another login was taken")
		}
	}
}

// Row 26: eleven messages in an hour are one too many, whoever asks.
func TestRow26_SendBucket(t *testing.T) {
	h := phones(t)
	h.withPhone()
	for range 9 {
		h.browser().begin(h.ask("web")).name(h, "ada").says("Enter your code")
	}
	before := len(h.phoned())
	p := h.browser().begin(h.ask("web")).name(h, "ada")
	if p.status != http.StatusTooManyRequests || p.header.Get("Retry-After") == "" || !strings.Contains(p.body, "many codes") {
		t.Errorf("status %d, Retry-After %q\n%s", p.status, p.header.Get("Retry-After"), p.body)
	}
	if p = p.press("choose", "factor", factors.Email); !strings.Contains(p.body, "We sent an e-mail") {
		t.Errorf("there is no other way: %s", p.body)
	}
	if after := len(h.phoned()); before != 10 || after != before {
		t.Errorf("%d messages, then %d", before, after)
	}
	h.wait(time.Hour)
	h.browser().begin(h.ask("web")).name(h, "ada").says("Enter your code")
	if after := len(h.phoned()); after != 11 {
		t.Errorf("%d messages an hour later", after)
	}
}

// Row 27: a new code makes the old one worthless, and the same number can be called.
func TestRow27_ResendAndCall(t *testing.T) {
	h := phones(t)
	h.withPhone()
	p := h.browser().begin(h.ask("web")).name(h, "ada")
	first := h.texted()
	if p = p.press("resend"); h.texted() != first {
		t.Error("a second message at once")
	}
	h.wait(31 * time.Second)
	p = p.press("resend").says("Enter your code")
	second := h.texted()
	p = p.press("answer", "code", first).says("Error")
	button := regexp.MustCompile(`name="factor" value="(voice aut_[^"]+)"[^>]*>([^<]+)`).FindStringSubmatch(p.body)
	if button == nil || button[2] != "Call me instead" {
		t.Fatalf("%v in %s", button, p.body)
	}
	p = p.press("choose", "factor", button[1])
	calls := h.phoned()
	if last := calls[len(calls)-1]; last.Kind != "call" || !strings.Contains(p.body, "We are calling") {
		t.Errorf("%+v\n%s", last, p.body)
	}
	if p.press("answer", "code", second).home {
		t.Error("the code of the text answers the call")
	}
	if p = p.press("answer", "code", h.texted()); !p.home {
		t.Errorf("title %q", p.title())
	}
}

// Row 35: the waits between messages grow to half an hour, and one carrier's numbers
// have a budget that no number of accounts passes.
func TestRow35_PumpingProtection(t *testing.T) {
	h := phones(t, func(c *flows.Config) {
		c.Limits.SendGroup = flows.Rate{Burst: 5, Period: time.Hour}
		c.LoginLifetime, c.LoginIdle = 20*time.Hour, 20*time.Hour
	})
	wait := regexp.MustCompile(`data-wait="(\d+)"`)
	p := h.browser().begin(h.ask("web")).name(h, "ada").press("enroll", "factor", factors.SMS, "phone_number", "+49 151 23456789")
	var waits []string
	for range 4 {
		m := wait.FindStringSubmatch(p.body)
		if m == nil {
			t.Fatalf("no wait on %s", p.body)
		}
		waits = append(waits, m[1])
		h.phoned() // one that is late is not sent after the next
		h.wait(8 * time.Minute)
		p = p.press("resend")
	}
	if want := []string{"30", "60", "120", "240"}; !slices.Equal(waits, want) {
		t.Errorf("waits %v, want %v", waits, want)
	}
	h.phoned()
	other := h.person("mallory")
	_ = other
	p = h.browser().begin(h.ask("web")).name(h, "mallory").press("enroll", "factor", factors.SMS, "phone_number", "+49 151 23499999")
	if p.status != http.StatusTooManyRequests || len(h.phoned()) != 5 {
		t.Errorf("status %d after %d messages to one carrier", p.status, len(h.phoned()))
	}
}

// Rows 37 to 39: a verified mailbox is another way, never the first, and can be given
// up.
func TestRow37_38_39_Email(t *testing.T) {
	h := phones(t)
	if p := h.browser().begin(h.ask("web")).name(h, "ada"); strings.Contains(p.body, `value="email"`) {
		t.Error("e-mail is the first factor that is offered")
	}
	a := h.ask("web")
	h.withPhone()
	p := h.browser().begin(a).name(h, "ada").press("other").says("Choose how")
	p = p.press("choose", "factor", factors.Email)
	if !strings.Contains(p.body, "a•••@example.com") {
		t.Errorf("%s", p.body)
	}
	mails := h.arrived()
	code := sixDigits.FindString(mails[len(mails)-1].text)
	got := a.redeem(p.press("answer", "code", code).answer()).is(http.StatusOK, "").id()
	if !slices.Equal(amrOf(got), []string{"email", "pwd"}) || got["acr"] != single {
		t.Errorf("amr %v, acr %v: a mailbox is no factor", got["amr"], got["acr"])
	}
	u := h.users["ada"]
	all, err := h.db.Authenticators(t.Context(), u.ID)
	h.must(err)
	for _, one := range all {
		if one.Factor == factors.Email {
			one.DisabledAt = h.now()
			h.must(h.db.UpdateAuthenticator(t.Context(), one))
		}
	}
	if p := h.browser().begin(h.ask("web")).name(h, "ada").press("other"); strings.Contains(p.body, `value="email"`) {
		t.Error("e-mail is offered to who gave it up")
	}
	user, err := h.db.UserByID(t.Context(), u.ID)
	h.must(err)
	user.EmailVerified = false
	h.must(h.db.UpdateUser(t.Context(), user))
	if p := h.browser().begin(h.ask("web")).name(h, "ada").press("other"); strings.Contains(p.body, `value="email"`) {
		t.Error("an address that nobody verified takes codes")
	}
}

// Row 40: the twenty-first mail has to wait.
func TestRow40_EmailBucket(t *testing.T) {
	h := phones(t)
	h.withPhone()
	p := h.browser().begin(h.ask("web")).name(h, "ada")
	for range 20 {
		if p = p.press("choose", "factor", factors.Email); p.status != http.StatusOK {
			t.Fatalf("status %d", p.status)
		}
		p = h.browser().begin(h.ask("web")).name(h, "ada")
	}
	if p = p.press("choose", "factor", factors.Email); p.status != http.StatusTooManyRequests {
		t.Errorf("status %d", p.status)
	}
}

// Row 30: a vendor that refuses is told to the person, who has other ways, and to the
// operator, in the log.
func TestRow30_VendorRefuses(t *testing.T) {
	h := phones(t)
	b, _ := h.withPhone()
	h.twilio.Faults.Always(standin.Fault{Status: http.StatusBadRequest, Code: 21610, Reason: "unsubscribed"})
	h.wait(time.Hour)
	p := b.begin(h.ask("web", "prompt", "login")).press("answer", "password", h.users["ada"].password)
	h.arrived()
	if p = b.get(p.at.String()); !strings.Contains(p.body, "could not be sent") || !strings.Contains(p.body, `value="other"`) {
		t.Errorf("%s", p.body)
	}
	if state := b.get(p.at.String() + "/state"); !strings.Contains(state.body, `"reload":true`) {
		t.Errorf("%s", state.body)
	}
	events, err := h.db.Events(t.Context(), storage.EventFilter{UserID: h.users["ada"].ID})
	h.must(err)
	reason := ""
	for _, e := range events {
		if e.Type == "message.failed" {
			reason, _ = e.Data["reason"].(string)
		}
	}
	if !strings.Contains(reason, "21610") {
		t.Errorf("the audit log says %q", reason)
	}
}

// B-09: a mailbox lets a person through a due factor, and adds no factor to who has
// one, though the one they have may not be used here.
func TestB09_MailboxAddsNoFactor(t *testing.T) {
	h := phones(t)
	c, err := h.db.ClientByID(t.Context(), "web")
	h.must(err)
	c.Settings.Factors = []string{factors.SMS, factors.Email}
	h.must(h.db.UpdateClient(t.Context(), c))
	b := h.browser()
	p := b.begin(h.ask("web")).name(h, "grace")
	if !strings.Contains(p.body, `value="email"`) && !strings.Contains(p.body, "We sent an e-mail") {
		t.Fatalf("%s", p.body)
	}
	mails := h.arrived()
	if len(mails) == 0 {
		p = p.press("choose", "factor", factors.Email)
		mails = h.arrived()
	}
	p.press("answer", "code", sixDigits.FindString(mails[len(mails)-1].text)).answer()
	if p = b.begin(h.ask("web", "acr_values", multi)); strings.Contains(p.body, `value="sms"`) || strings.Contains(p.body, "phone_number") {
		t.Errorf("a mailbox adds a factor: %s", p.body)
	}
}
