package phone

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/factors/standin"
)

const hookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw5mLsXh0Fvmg="

// A world is the vendors.
type world struct {
	twilio standin.Twilio
	hook   standin.Hook
	config Config
	mu     sync.Mutex
	sent   []standin.Sent
	hooked []standin.Sent
}

func open(t *testing.T, change ...func(*Config)) *world {
	t.Helper()
	w := &world{config: *Defaults()}
	put := func(list *[]standin.Sent) func(standin.Sent) {
		return func(s standin.Sent) {
			w.mu.Lock()
			defer w.mu.Unlock()
			*list = append(*list, s)
		}
	}
	w.twilio = standin.Twilio{AccountSID: "AC00", AuthToken: "secret", Got: put(&w.sent)}
	w.hook = standin.Hook{Secret: hookSecret, Got: put(&w.hooked)}
	vendor, hook := httptest.NewServer(&w.twilio), httptest.NewServer(&w.hook)
	t.Cleanup(vendor.Close)
	t.Cleanup(hook.Close)
	w.config.Sender, w.config.Fallback = "twilio", "webhook"
	w.config.Twilio = Twilio{AccountSID: "AC00", AuthToken: "secret", From: "+4915112345678", BaseURL: vendor.URL}
	w.config.Webhook = Webhook{URL: hook.URL, SigningSecret: hookSecret}
	for _, f := range change {
		f(&w.config)
	}
	return w
}

func (w *world) factor(t *testing.T, c Channel) *Factor {
	t.Helper()
	f, err := w.config.Open(c, factors.Env{})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func message() factors.Message {
	return factors.Message{
		ID: "msg_1", Factor: factors.SMS, To: "+4915123456789", Code: "482913", Purpose: factors.PurposeVerify, Locale: "de-AT",
		Client: "Notes", Issuer: "Acme", Host: "id.acme.example",
	}
}

func TestText(t *testing.T) {
	w := open(t)
	if err := w.factor(t, Text).Send(t.Context(), message()); err != nil {
		t.Fatal(err)
	}
	want := "482913 ist Ihr Code für Acme. Wir fragen Sie nie am Telefon danach.\n\n@id.acme.example #482913"
	if len(w.sent) != 1 || w.sent[0].Text != want || w.sent[0].To != "+4915123456789" || w.sent[0].From != "+4915112345678" {
		t.Errorf("%+v", w.sent)
	}
}

// Row 30: with a messaging service in place of a number.
func TestRow30_MessagingService(t *testing.T) {
	w := open(t, func(c *Config) { c.Twilio.From, c.Twilio.MessagingServiceSID = "", "MG42" })
	if err := w.factor(t, Text).Send(t.Context(), message()); err != nil {
		t.Fatal(err)
	}
	if len(w.sent) != 1 || w.sent[0].From != "MG42" {
		t.Errorf("%+v", w.sent)
	}
}

func TestCallReadsDigitsTwice(t *testing.T) {
	w := open(t)
	m := message()
	m.Issuer = `A & B <Say>`
	if err := w.factor(t, Call).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if len(w.sent) != 1 || w.sent[0].Kind != "call" || strings.Count(w.sent[0].Text, "4.8.2.9.1.3") != 2 {
		t.Fatalf("%+v", w.sent)
	}
	for _, s := range w.sent[0].Says {
		if s.Language != "de-DE" {
			t.Errorf("%+v", s)
		}
	}
	if !strings.Contains(w.sent[0].Text, "A & B <Say>") {
		t.Errorf("%q", w.sent[0].Text)
	}
}

// What each failure means for another attempt, and who else is asked.
func TestFailures(t *testing.T) {
	for name, c := range map[string]struct {
		fault    standin.Fault
		hook     *standin.Fault
		want     error // nil: sent, by the fallback
		unknown  bool  // nobody knows
		fallback int
	}{
		"twilio refuses, the fallback takes it":  {fault: standin.Fault{Status: 500, Code: 20500}, fallback: 1},
		"twilio is busy, the fallback takes it":  {fault: standin.Fault{Status: 429, Code: 20429}, fallback: 1},
		"both refuse":                            {fault: standin.Fault{Status: 500, Code: 20500}, hook: &standin.Fault{Status: 503}, want: factors.ErrUnsent},
		"a number that takes no texts":           {fault: standin.Fault{Status: 400, Code: 21614}, want: factors.ErrUndeliverable},
		"dropped before it was taken":            {fault: standin.Fault{Drop: true}, unknown: true},
		"taken, and then dropped":                {fault: standin.Fault{Drop: true, After: true}, unknown: true},
		"the fallback says it will never arrive": {fault: standin.Fault{Status: 500, Code: 20500}, hook: &standin.Fault{Status: 422}, want: factors.ErrUndeliverable},
	} {
		t.Run(name, func(t *testing.T) {
			w := open(t)
			w.twilio.Faults.Always(c.fault)
			if c.hook != nil {
				w.hook.Faults.Always(*c.hook)
			}
			err := w.factor(t, Text).Send(t.Context(), message())
			sure := errors.Is(err, factors.ErrUnsent) || errors.Is(err, factors.ErrUndeliverable)
			switch {
			case c.unknown && (err == nil || sure):
				t.Errorf("%v, want an error that says nothing about another attempt", err)
			case !c.unknown && !errors.Is(err, c.want):
				t.Errorf("%v, want %v", err, c.want)
			case len(w.hooked) != c.fallback:
				t.Errorf("the fallback got %d messages, want %d", len(w.hooked), c.fallback)
			case err != nil && (strings.Contains(err.Error(), "+4915123456789") || strings.Contains(err.Error(), "482913")):
				t.Errorf("the error tells the number or the code: %v", err)
			}
		})
	}
}

func TestSlowVendor(t *testing.T) {
	w := open(t)
	w.twilio.Faults.Always(standin.Fault{Wait: time.Minute})
	f := w.factor(t, Text)
	f.senders[0].(*twilio).http.Timeout = 50 * time.Millisecond
	if err := f.Send(t.Context(), message()); err == nil || errors.Is(err, factors.ErrUnsent) {
		t.Errorf("%v: after a time-out nobody knows", err)
	}
	if len(w.hooked) != 0 {
		t.Error("a message that may have been sent was sent again")
	}
}

// Rows 29 and 36: numbers that take no codes are refused by name, and nothing is sent.
func TestRow29_36_Numbers(t *testing.T) {
	w := open(t, func(c *Config) { c.Country, c.DenyCountries = "DE", []string{"CU"} })
	for typed, want := range map[string]string{
		"0151 23456789":             "",
		"+49 151 23456789":          "",
		"+1 (212) 736-5000":         "", // fixed or mobile: nobody knows there
		"+1abc":                     "phone.invalid",
		"":                          "phone.invalid",
		"12":                        "phone.invalid",
		"+4930901820":               "phone.landline",
		"+49 900 1234567":           "phone.premium",
		"+881 612345678":            "phone.premium", // Iridium
		"+870 773123456":            "phone.premium", // Inmarsat
		"+979 123456789":            "phone.premium",
		"+5352123456":               "phone.country",
		strings.Repeat("1", 10_000): "phone.invalid",
		"+49151\x002345678":         "phone.invalid",
	} {
		got := ""
		_, asked, err := w.factor(t, Text).Enroll(t.Context(), factors.Subject{}, factors.Answer{"phone_number": typed})
		var rejected *factors.Rejection
		if errors.As(err, &rejected) {
			got = rejected.Message
		}
		if got != want || want != "" && asked != nil {
			t.Errorf("%.30q: %q (%v), want %q", typed, got, err, want)
		}
	}
	if _, err := w.factor(t, Call).read("+4930901820"); err != nil {
		t.Errorf("a landline takes calls: %v", err)
	}
	only := open(t, func(c *Config) { c.AllowCountries = []string{"ch"} })
	if _, err := only.factor(t, Text).read("+4915123456789"); err == nil {
		t.Error("a country that is not on the list")
	}
}

// Row 32: templates and their values.
func TestRow32_Templates(t *testing.T) {
	w := open(t, func(c *Config) {
		c.VerificationMessage = `{% if message_type == "voice" %}Hi {{pause}} {{code}}{% else %}{{tenant.friendlyName}}/{{application.name}}/{{locale}}: {{code}}{% endif %}`
		c.EnrollmentMessage = "Hallo {{ code }}"
	})
	for _, c := range []struct {
		channel Channel
		purpose string
		want    string
	}{
		{Text, factors.PurposeVerify, "Acme/Notes/de-AT: 482913\n\n@id.acme.example #482913"},
		{Call, factors.PurposeVerify, "Hi 4.8.2.9.1.3 Hi 4.8.2.9.1.3"},
		{Text, factors.PurposeEnroll, "Hallo 482913\n\n@id.acme.example #482913"},
	} {
		m := message()
		m.Purpose = c.purpose
		if err := w.factor(t, c.channel).Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		if got := w.sent[len(w.sent)-1].Text; got != c.want {
			t.Errorf("%s: %q, want %q", c.channel, got, c.want)
		}
	}
	for _, bad := range []string{"no code here", "{{ code", "{% if %}"} {
		c := w.config
		c.VerificationMessage = bad
		if _, err := c.Open(Text, factors.Env{}); err == nil || !strings.Contains(err.Error(), "verification_message") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// Every setting that cannot be.
func TestSettings(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"digits":                 func(c *Config) { c.Digits = 5 },
		"lifetime":               func(c *Config) { c.Lifetime = 29 * time.Second },
		"sender":                 func(c *Config) { c.Sender = "pigeon" },
		"fallback":               func(c *Config) { c.Fallback = "twilio" },
		"twilio.account_sid":     func(c *Config) { c.Twilio.AccountSID = "" },
		"twilio.auth_token":      func(c *Config) { c.Twilio.AuthToken = "" },
		"twilio.auth_token: has": func(c *Config) { c.Twilio.AuthToken = "a-b" },
		"twilio.from":            func(c *Config) { c.Twilio.From = "" },
		"twilio.base_url":        func(c *Config) { c.Twilio.BaseURL = "http://example.com" },
		"webhook.url":            func(c *Config) { c.Webhook.URL = "ftp://example.com" },
		"webhook.signing_secret": func(c *Config) { c.Webhook.SigningSecret = "x" },
		"country":                func(c *Config) { c.Country = "XX" },
		"allow_countries":        func(c *Config) { c.AllowCountries = []string{"Germany"} },
		"rate.burst":             func(c *Config) { c.Rate.Burst = 0 },
	} {
		w := open(t, change)
		if _, err := w.config.Open(Text, factors.Env{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	off := Defaults()
	f, err := off.Open(Text, factors.Env{})
	if err != nil || f.Missing() != "factors.sms.sender" {
		t.Errorf("%v, %v", f, err)
	}
}

// Row 31: an operator's own service learns all of a message, signed, and what it refuses
// was not sent.
func TestRow31_Hook(t *testing.T) {
	w := open(t, func(c *Config) { c.Sender, c.Fallback = "webhook", "" })
	for range 2 { // the same message keeps its id
		if err := w.factor(t, Call).Send(t.Context(), message()); err != nil {
			t.Fatal(err)
		}
	}
	if len(w.hooked) != 2 || w.hooked[0].ID != "msg_1" || w.hooked[0].ID != w.hooked[1].ID || w.hooked[0].Kind != "call" {
		t.Errorf("%+v", w.hooked)
	}
	w.hook.Faults.Always(standin.Fault{Status: 500})
	if err := w.factor(t, Text).Send(t.Context(), message()); !errors.Is(err, factors.ErrUnsent) {
		t.Errorf("refused there: %v", err)
	}
	var got map[string]string
	service := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
	}))
	defer service.Close()
	w.config.Webhook.URL = service.URL
	if err := w.factor(t, Text).Send(t.Context(), message()); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"type": "phone.message", "message_type": "sms", "action": "second-factor-authentication", "recipient": "+4915123456789", "code": "482913",
		"language": "de-AT", "client_name": "Notes", "correlation_id": "msg_1",
		"text": "482913 ist Ihr Code für Acme. Wir fragen Sie nie am Telefon danach.\n\n@id.acme.example #482913",
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
}

func FuzzNumber(f *testing.F) {
	for _, s := range []string{"+49 151 23456789", "tel:+1", "００４９", "+1;ext=7", "\xff"} {
		f.Add(s)
	}
	c := Defaults()
	c.Country = "DE"
	factor := &Factor{config: c, channel: Text}
	f.Fuzz(func(t *testing.T, typed string) {
		n, err := factor.read(typed)
		if err == nil && (!strings.HasPrefix(n.e164, "+") || len(n.e164) > 16 || n.country == "") {
			t.Errorf("%q became %+v", typed, n)
		}
	})
}

func Example_masked() {
	fmt.Println(masked("+4915123456789"))
	// Output: •••• 6789
}
