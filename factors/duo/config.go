package duo

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/duosecurity/duo_universal_golang/duouniversal"

	"github.com/sallyport-id/sallyport/factors"
)

// Config is an application of type Web SDK in Duo's admin panel.
type Config struct {
	ClientID     string        `koanf:"client_id" doc:"20 characters; empty: the factor cannot be used"`
	ClientSecret string        `doc:"40 characters"`
	APIHost      string        `koanf:"api_host" doc:"api-….duosecurity.com"`
	Username     string        `doc:"what Duo knows people by: username or email"`
	FailMode     string        `doc:"when Duo cannot be reached: secure refuses, open lets people through without a second factor"`
	BaseURL      string        `koanf:"base_url" doc:"address that speaks Duo's protocol; empty: Duo"`
	Lifetime     time.Duration `doc:"how long a person may stay at Duo"`
	Rate         factors.Rate
}

// Defaults lack an account, so that the factor is off until it has one.
func Defaults() *Config {
	return &Config{Username: "username", FailMode: "secure", Lifetime: 5 * time.Minute, Rate: factors.Rate{Burst: 10, Period: 30 * time.Second}}
}

// vendorTimeout bounds one request to Duo: a person waits for it.
const vendorTimeout = 3 * time.Second

// The lengths that Duo's client insists on.
const idLength, secretLength = 20, 40

// Open checks the settings. The error names the key.
func (c *Config) Open(factors.Env) (factors.Factor, error) {
	f := &Factor{config: c}
	var faults []error
	if c.Username != "username" && c.Username != "email" {
		faults = append(faults, fmt.Errorf("username: %q is unknown; use username or email", c.Username))
	}
	if c.FailMode != "secure" && c.FailMode != "open" {
		faults = append(faults, fmt.Errorf("fail_mode: %q is unknown; use secure or open", c.FailMode))
	}
	if c.Lifetime < time.Minute || c.Lifetime > 10*time.Minute {
		faults = append(faults, fmt.Errorf("lifetime: %s; use 1m to 10m", c.Lifetime))
	}
	if err := c.Rate.Check(); err != nil {
		faults = append(faults, fmt.Errorf("rate.%w", err))
	}
	if c.ClientID == "" {
		return f, errors.Join(faults...)
	}
	f.ready = true
	if len(c.ClientID) != idLength {
		faults = append(faults, fmt.Errorf("client_id: has %d characters; Duo's have %d", len(c.ClientID), idLength))
	}
	if len(c.ClientSecret) != secretLength {
		faults = append(faults, fmt.Errorf("client_secret: has %d characters; Duo's have %d", len(c.ClientSecret), secretLength))
	}
	if c.APIHost == "" || strings.ContainsAny(c.APIHost, "/ ?#@") {
		faults = append(faults, errors.New("api_host: is no host name; use the one of Duo's admin panel, api-….duosecurity.com"))
	}
	if c.BaseURL != "" {
		base, err := url.Parse(c.BaseURL)
		if err != nil || base.Host == "" || base.Scheme != "https" && !local(base) {
			faults = append(faults, fmt.Errorf("base_url: %q is no https address; leave it out for Duo itself", c.BaseURL))
		}
		f.base = base
	}
	return f, errors.Join(faults...)
}

func local(u *url.URL) bool {
	a, err := netip.ParseAddr(u.Hostname())
	return u.Scheme == "http" && (u.Hostname() == "localhost" || err == nil && a.IsLoopback())
}

// client is Duo's own for one way back. Without base_url it trusts Duo's certificates
// only.
func (f *Factor) client(callback string) (*duouniversal.Client, error) {
	c := f.config
	if f.base == nil {
		return duouniversal.NewClient(c.ClientID, c.ClientSecret, c.APIHost, callback)
	}
	elsewhere := &http.Client{Timeout: vendorTimeout, Transport: moved{f.base}}
	return duouniversal.NewClient(c.ClientID, c.ClientSecret, c.APIHost, callback, duouniversal.WithHTTPClient(elsewhere))
}

// moved sends requests to another host than the one that Duo's client writes.
type moved struct{ to *url.URL }

// RoundTrip implements http.RoundTripper.
func (m moved) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host, r.Host = m.to.Scheme, m.to.Host, ""
	return http.DefaultTransport.RoundTrip(r)
}
