package phone

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/nyaruka/phonenumbers"

	"github.com/sallyport-id/sallyport/factors"
)

// Config is the setting of a factor that reaches a telephone.
type Config struct {
	Sender   string `doc:"who takes messages: twilio or webhook; empty: the factor cannot be used"`
	Fallback string `doc:"who takes those that the sender certainly did not: twilio or webhook"`
	Twilio   Twilio
	Webhook  Webhook

	Digits   int           `doc:"length of a code, 6 to 10"`
	Lifetime time.Duration `doc:"how long a code works"`
	Rate     factors.Rate

	Country        string   `doc:"ISO code of the country of numbers without one, such as DE"`
	AllowCountries []string `doc:"the only countries that messages go to; empty: all"`
	DenyCountries  []string `doc:"countries that no message goes to"`

	EnrollmentMessage   string `doc:"text in Liquid for a new number; empty: ours"`
	VerificationMessage string `doc:"text in Liquid for a known number; empty: ours"`
}

// Twilio is an account there.
type Twilio struct {
	AccountSID          string `koanf:"account_sid" doc:"AC…"`
	AuthToken           string `koanf:"auth_token" doc:"of that account"`
	From                string `doc:"number that messages come from"`
	MessagingServiceSID string `koanf:"messaging_service_sid" doc:"MG…, instead of from; texts only"`
	BaseURL             string `koanf:"base_url" doc:"address that speaks Twilio's API; empty: Twilio"`
}

// Webhook is an address of yours that takes messages, signed by Standard Webhooks.
type Webhook struct {
	URL           string `koanf:"url" doc:"https address"`
	SigningSecret string `koanf:"signing_secret" doc:"whsec_…, to check that it is us"`
}

// Defaults are six digits for five minutes, ten messages to a person and one more each
// hour.
func Defaults() *Config {
	return &Config{Digits: 6, Lifetime: 5 * time.Minute, Rate: factors.Rate{Burst: 10, Period: time.Hour}}
}

// vendorTimeout bounds one attempt: a person waits for it.
const vendorTimeout = 4 * time.Second

// Open checks c and makes the factor of a channel. The error names the key.
func (c *Config) Open(channel Channel, env factors.Env) (*Factor, error) {
	f := &Factor{
		config: c, channel: channel,
		code: factors.SentCode{Factor: channel.factor(), Digits: c.Digits, Lifetime: c.Lifetime},
		http: &http.Client{Timeout: vendorTimeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
	faults := []error{f.code.Check(), c.checkCountries()}
	if err := c.Rate.Check(); err != nil {
		faults = append(faults, fmt.Errorf("rate.%w", err))
	}
	for _, name := range []string{c.Sender, c.Fallback} {
		if name == "" {
			continue
		}
		s, err := f.open(name)
		faults = append(faults, err)
		f.senders = append(f.senders, s)
	}
	if c.Fallback != "" && (c.Sender == "" || c.Fallback == c.Sender) {
		faults = append(faults, errors.New("fallback: steps in for nobody; set another sender"))
	}
	texts, err := c.texts()
	f.texts = texts
	return f, errors.Join(append(faults, err)...)
}

func (f *Factor) open(name string) (sender, error) {
	switch name {
	case "twilio":
		return f.twilio()
	case "webhook":
		return f.webhook()
	}
	return nil, fmt.Errorf("sender: %q is unknown; use twilio or webhook", name)
}

func (c *Config) checkCountries() error {
	var faults []error
	known := phonenumbers.GetSupportedRegions()
	check := func(key, code string) {
		if !known[strings.ToUpper(code)] {
			faults = append(faults, fmt.Errorf("%s: %q is no country; use ISO codes such as DE", key, code))
		}
	}
	if c.Country != "" {
		check("country", c.Country)
	}
	for _, code := range c.AllowCountries {
		check("allow_countries", code)
	}
	for _, code := range c.DenyCountries {
		check("deny_countries", code)
	}
	return errors.Join(faults...)
}

// address checks the address of a vendor: https, or this machine.
func address(key, text string) (*url.URL, error) {
	u, err := url.Parse(text)
	local := err == nil && u.Scheme == "http" && (u.Hostname() == "127.0.0.1" || u.Hostname() == "localhost" || u.Hostname() == "::1")
	if err != nil || u.Host == "" || u.Scheme != "https" && !local {
		return nil, fmt.Errorf("%s: %q is no https address", key, text)
	}
	return u, nil
}
