package push

import (
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// WebPush is how the web authenticator is notified.
type WebPush struct {
	PrivateKey string   `doc:"VAPID key that sallyport keys vapid makes; empty: the web authenticator is not notified and asks by itself while it is open"`
	Subject    string   `doc:"address that push services complain to: mailto:… or https://…"`
	Services   []string `doc:"hosts of push services that may be used; *. stands for what is below"`
	BaseURL    string   `koanf:"base_url" doc:"address in place of every push service; empty: theirs"`
}

// pushServices are those of Chrome, of other builds of Chromium, of Firefox, Edge and
// Safari.
func pushServices() []string {
	return []string{
		"fcm.googleapis.com", "jmt17.google.com", "updates.push.services.mozilla.com", "*.push.services.mozilla.com",
		"*.notify.windows.com", "*.push.apple.com",
	}
}

// open checks the settings. The error names the key.
func (c *WebPush) open() (*webPush, error) {
	w := &webPush{config: *c, http: &http.Client{
		Timeout: pushTimeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	public, err := c.PublicKey()
	faults := []error{err}
	w.public = public
	if c.PrivateKey != "" && !complaints(c.Subject) {
		faults = append(faults, errors.New("web_push.subject: is no address; use mailto:… or https://…"))
	}
	for _, host := range c.Services {
		below := strings.TrimPrefix(host, "*.")
		u, err := url.Parse("https://" + below)
		if err != nil || below == "" || u.Host != below || below != strings.ToLower(below) || strings.Contains(below, "*") || below != host && !strings.Contains(below, ".") {
			faults = append(faults, fmt.Errorf("web_push.services: %q is no host; use push.example, or *.push.example for what is below", host))
		}
	}
	if c.BaseURL != "" {
		base, err := url.Parse(c.BaseURL)
		if err != nil || base.Host == "" || base.Scheme != "https" && !loopback(base) {
			faults = append(faults, fmt.Errorf("web_push.base_url: %q is no https address; leave it out for the push services themselves", c.BaseURL))
		}
		w.http.Transport = rerouted{base}
	}
	return w, errors.Join(faults...)
}

// complaints reports whether an operator can be reached there (RFC 8292, section 2.1).
func complaints(subject string) bool {
	u, err := url.Parse(subject)
	return err == nil && (u.Scheme == "mailto" && strings.Contains(u.Opaque, "@") || u.Scheme == "https" && u.Host != "")
}

func loopback(u *url.URL) bool {
	a, err := netip.ParseAddr(u.Hostname())
	return u.Scheme == "http" && (u.Hostname() == "localhost" || err == nil && a.IsLoopback())
}

// rerouted sends requests to another host than the push service's. What is signed for
// that service stays as it is.
type rerouted struct{ to *url.URL }

// RoundTrip implements http.RoundTripper.
func (t rerouted) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host, r.Host = t.to.Scheme, t.to.Host, ""
	return http.DefaultTransport.RoundTrip(r)
}

// uses reports whether a host is that of a push service that may be used.
func (c *WebPush) uses(host string) bool {
	return slices.ContainsFunc(c.Services, func(s string) bool {
		below, wild := strings.CutPrefix(s, "*")
		return s == host || wild && strings.HasSuffix(host, below) && host != below
	})
}

// NewKey makes a VAPID key: a private key of P-256 in base64url (RFC 8292, section 3).
func NewKey() (private string, err error) {
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(key.Bytes()), nil
}

// PublicKey is the applicationServerKey that browsers subscribe with, in base64url;
// empty where there is no private one.
func (c *WebPush) PublicKey() (string, error) {
	if c.PrivateKey == "" {
		return "", nil
	}
	b, err := base64.RawURLEncoding.DecodeString(c.PrivateKey)
	if err != nil {
		return "", errors.New("web_push.private_key: is no base64url; make one with sallyport keys vapid")
	}
	key, err := ecdh.P256().NewPrivateKey(b)
	if err != nil {
		return "", errors.New("web_push.private_key: is no key of P-256; make one with sallyport keys vapid")
	}
	return base64.RawURLEncoding.EncodeToString(key.PublicKey().Bytes()), nil
}
