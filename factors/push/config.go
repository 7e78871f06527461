package push

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/sallyport-id/sallyport/factors"
)

// Config is the setting of the factor. Without any it works with the web authenticator,
// which then asks by itself whether there is a question.
type Config struct {
	App            string `doc:"what people use: web, the page of this site; or sdk, an app of yours that is built with a Guardian SDK"`
	AppName        string `doc:"what your app is called"`
	AppleLink      string `doc:"where your app is in Apple's store"`
	GoogleLink     string `doc:"where your app is in Google's store"`
	NumberMatching string `doc:"required: the number on the page has to be typed on the phone; off, for apps that cannot ask for it, which SP 800-63B-4 does not accept"`

	Lifetime       time.Duration `doc:"how long a question stays open"`
	EnrollLifetime time.Duration `doc:"how long the picture that sets a phone up works"`
	Rate           factors.Rate  // of questions
	Unapproved     factors.Rate  // of questions that nobody approves

	Delivery Delivery
	WebPush  WebPush
}

// The settings of NumberMatching and App.
const (
	matchingRequired = "required"
	matchingOff      = "off"
	appWeb           = "web"
	appSDK           = "sdk"
)

// Defaults are a number to type, two minutes to do it, five questions a minute, and
// three without an approval in a quarter of an hour.
func Defaults() *Config {
	return &Config{
		App: appWeb, NumberMatching: matchingRequired, Lifetime: 2 * time.Minute, EnrollLifetime: 5 * time.Minute,
		Rate: factors.Rate{Burst: 5, Period: 12 * time.Second}, Unapproved: factors.Rate{Burst: 3, Period: 15 * time.Minute},
		Delivery: defaultDelivery(), WebPush: WebPush{Services: pushServices()},
	}
}

// Open checks the settings. The error names the key.
func (c *Config) Open(factors.Env) (factors.Factor, error) {
	f := &Factor{config: c}
	var faults []error
	if c.App != appWeb && c.App != appSDK {
		faults = append(faults, fmt.Errorf("app: %q is unknown; use web or sdk", c.App))
	}
	if c.NumberMatching != matchingRequired && c.NumberMatching != matchingOff {
		faults = append(faults, fmt.Errorf("number_matching: %q is unknown; use required or off", c.NumberMatching))
	}
	for key, link := range map[string]string{"apple_link": c.AppleLink, "google_link": c.GoogleLink} {
		if u, err := url.Parse(link); link != "" && (err != nil || u.Scheme != "https" || u.Host == "") {
			faults = append(faults, fmt.Errorf("%s: %q is no address; use https://…", key, link))
		}
	}
	if c.Lifetime < 30*time.Second || c.Lifetime > 10*time.Minute {
		faults = append(faults, fmt.Errorf("lifetime: %s; use 30s to 10m (SP 800-63B-4 §3.1.3.1 wants at most ten minutes)", c.Lifetime))
	}
	if c.EnrollLifetime < time.Minute || c.EnrollLifetime > 30*time.Minute {
		faults = append(faults, fmt.Errorf("enroll_lifetime: %s; use 1m to 30m", c.EnrollLifetime))
	}
	for key, rate := range map[string]factors.Rate{"rate": c.Rate, "unapproved": c.Unapproved} {
		if err := rate.Check(); err != nil {
			faults = append(faults, fmt.Errorf("%s.%w", key, err))
		}
	}
	var err error
	if f.phones, err = c.Delivery.open(); err != nil {
		faults = append(faults, err)
	}
	if f.web, err = c.WebPush.open(); err != nil {
		faults = append(faults, err)
	}
	return f, errors.Join(faults...)
}
