package oidc

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/sallyport-id/sallyport/storage"
)

func TestForwardedForIsBelievedOfTrustedServersOnly(t *testing.T) {
	server := netip.MustParseAddr("192.0.2.1")
	p := &Provider{address: func(*http.Request) netip.Addr { return server }}
	for name, row := range map[string]struct {
		method, header, want string
		trusted              bool
	}{
		"trusted":         {"client_secret_basic", "203.0.113.9", "203.0.113.9", true},
		"trusted, IPv6":   {"private_key_jwt", " 2001:db8::7 ", "2001:db8::7", true},
		"mapped":          {"client_secret_basic", "::ffff:203.0.113.9", "203.0.113.9", true},
		"not trusted":     {"client_secret_basic", "203.0.113.9", "192.0.2.1", false},
		"public":          {"none", "203.0.113.9", "192.0.2.1", true},
		"nothing":         {"client_secret_basic", "", "192.0.2.1", true},
		"several":         {"client_secret_basic", "203.0.113.9, 203.0.113.10", "192.0.2.1", true},
		"no address":      {"client_secret_basic", "localhost", "192.0.2.1", true},
		"with a port":     {"client_secret_basic", "203.0.113.9:443", "192.0.2.1", true},
		"a zone is no ID": {"client_secret_basic", "fe80::1%eth0", "fe80::1", true},
	} {
		c := &client{Client: &storage.Client{}}
		c.Metadata.TokenEndpointAuthMethod, c.Settings.TrustForwardedFor = row.method, row.trusted
		r := httptest.NewRequest(http.MethodPost, "/oauth/token", nil)
		r.Header.Set("auth0-forwarded-for", row.header)
		if got := p.endUser(r, c).String(); got != row.want {
			t.Errorf("%s: %s, want %s", name, got, row.want)
		}
	}
}
