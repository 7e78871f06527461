package push

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/sideshow/apns2"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/factors/standin"
)

func (v *vendors) toApple(t *testing.T) error {
	t.Helper()
	err := v.delivery(t).send(t.Context(), serviceAPNS, iPhone, aQuestion())
	secretive(t, err)
	return err
}

func TestAppleErrors(t *testing.T) {
	for _, c := range []struct {
		status int
		reason string
		want   error
	}{
		{400, "BadDeviceToken", factors.ErrUndeliverable},
		{400, "DeviceTokenNotForTopic", factors.ErrUndeliverable},
		{403, "InvalidProviderToken", factors.ErrUndeliverable},
		{403, "BadCertificateEnvironment", factors.ErrUndeliverable},
		{410, "Unregistered", factors.ErrUndeliverable},
		{413, "PayloadTooLarge", factors.ErrUndeliverable},
		{429, "TooManyRequests", factors.ErrUnsent},
		{429, "TooManyProviderTokenUpdates", factors.ErrUnsent},
		{500, "InternalServerError", factors.ErrUnsent},
		{503, "Shutdown", factors.ErrUnsent},
	} {
		v := openVendors(t)
		v.apns.Faults.Always(standin.Fault{Status: c.status, Reason: c.reason})
		if err := v.toApple(t); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s: %v", c.reason, err)
		}
	}
}

// What the stand-in finds by itself, as Apple does.
func TestAppleRefuses(t *testing.T) {
	_, p8, err := standin.NewAPNS("", "", "")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		reason string
		change func(*vendors)
	}{
		"no such phone":    {"Unregistered", func(v *vendors) { v.apns.Unregister(iPhone) }},
		"another app":      {"TopicDisallowed", func(v *vendors) { v.config.APNS.BundleID = "com.example.other" }},
		"another key":      {"InvalidProviderToken", func(v *vendors) { v.config.APNS.PrivateKey = p8 }},
		"another key's ID": {"InvalidProviderToken", func(v *vendors) { v.config.APNS.KeyID = "KEY0000002" }},
		"another team":     {"InvalidProviderToken", func(v *vendors) { v.config.APNS.TeamID = "TEAM000002" }},
	} {
		v := openVendors(t)
		c.change(v)
		if err := v.toApple(t); !errors.Is(err, factors.ErrUndeliverable) || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s: %v", name, err)
		}
		if len(v.taken()) != 0 {
			t.Errorf("%s: it came through", name)
		}
	}
}

// Apple refuses whoever makes tokens all the time, and tokens that are old.
func TestAppleToken(t *testing.T) {
	v := openVendors(t)
	var bearers []string
	v.seen = func(r *http.Request) { bearers = append(bearers, r.Header.Get("Authorization")) }
	d := v.delivery(t)
	for range 2 {
		if err := d.send(t.Context(), serviceAPNS, iPhone, aQuestion()); err != nil {
			t.Fatal(err)
		}
	}
	if len(bearers) != 2 || bearers[0] != bearers[1] {
		t.Error("each notification has a token of its own")
	}
	mine := d.senders[serviceAPNS].(*apns).client.Token
	old := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{"iss": mine.TeamID, "iat": time.Now().Add(-61 * time.Minute).Unix()})
	old.Header["kid"] = mine.KeyID
	text, err := old.SignedString(mine.AuthKey)
	if err != nil {
		t.Fatal(err)
	}
	mine.Bearer = text
	if err := d.send(t.Context(), serviceAPNS, iPhone, aQuestion()); err == nil || !strings.Contains(err.Error(), "ExpiredProviderToken") {
		t.Errorf("%v", err)
	}
	mine.IssuedAt = time.Now().Add(-51 * time.Minute).Unix()
	if err := d.send(t.Context(), serviceAPNS, iPhone, aQuestion()); err != nil {
		t.Errorf("after 51 minutes there is a new token: %v", err)
	}
}

// appCertificate is what Apple gives for an app.
func appCertificate(t *testing.T) (*ecdsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Apple Push Services: com.example.acme"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return key, leaf
}

// A certificate in place of a key: as the keychain writes it (3DES), as today's OpenSSL
// does, with a password and without.
func TestAppleCertificate(t *testing.T) {
	key, leaf := appCertificate(t)
	for name, encoder := range map[string]*pkcs12.Encoder{"3DES": pkcs12.LegacyDES, "AES": pkcs12.Modern} {
		for _, password := range []string{"", "of the file"} {
			p12, err := encoder.Encode(key, leaf, nil, password)
			if err != nil {
				t.Fatal(err)
			}
			v := openVendors(t)
			v.apns.Key, v.apns.Certificate = nil, leaf
			v.config.APNS.PrivateKey, v.config.APNS.KeyID, v.config.APNS.TeamID = "", "", ""
			v.config.APNS.Certificate, v.config.APNS.CertificatePassword = base64.StdEncoding.EncodeToString(p12), password
			if err := v.toApple(t); err != nil || len(v.taken()) != 1 {
				t.Errorf("%s, %q: %v", name, password, err)
			}
			v.config.APNS.CertificatePassword = "another"
			if _, err := v.config.open(); err == nil || !strings.Contains(err.Error(), "delivery.apns.certificate_password: ") {
				t.Errorf("%s, %q: %v", name, password, err)
			}
			v.config.APNS.CertificatePassword = password
			_, v.apns.Certificate = appCertificate(t)
			if err := v.toApple(t); !errors.Is(err, factors.ErrUndeliverable) || !strings.Contains(err.Error(), "BadCertificate") {
				t.Errorf("%v", err)
			}
		}
	}
}

func TestAppleHosts(t *testing.T) {
	c := openVendors(t).config.APNS
	c.BaseURL = ""
	for sandbox, host := range map[bool]string{false: apns2.HostProduction, true: apns2.HostDevelopment} {
		c.Sandbox = sandbox
		if a, err := c.open(); err != nil || a.client.Host != host {
			t.Errorf("%v: %v", a, err)
		}
	}
}

// On this machine HTTP/2 goes without TLS, and never turns into HTTP/1.1.
func TestAppleWithoutTLS(t *testing.T) {
	v := openVendors(t)
	v.config.APNS.BaseURL = plain(t, v.ServeHTTP)
	if err := v.toApple(t); err != nil || len(v.taken()) != 1 {
		t.Errorf("%v", err)
	}
	old := httptest.NewServer(v)
	defer old.Close()
	v.config.APNS.BaseURL = old.URL
	if err := v.toApple(t); err == nil || len(v.taken()) != 1 {
		t.Error("HTTP/1.1 was spoken")
	}
}
