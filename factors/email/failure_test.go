package email

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"
)

func TestWrongPassword(t *testing.T) {
	for _, mechanism := range []string{"PLAIN", "LOGIN"} {
		b := &backend{mechanisms: []string{mechanism}}
		c := serve(t, b, tlsStart, nil)
		c.Password = "wrong secret"
		err := send(t, c)
		if !errors.Is(err, ErrPermanent) || !strings.Contains(err.Error(), "AUTH: the server answered 535 5.7.8") {
			t.Errorf("%s: %v", mechanism, err)
		}
		if err != nil && strings.Contains(err.Error(), c.Password) {
			t.Errorf("%s: error tells the password: %v", mechanism, err)
		}
		if _, mails := b.counts(); mails != 0 {
			t.Errorf("%s: a mail was begun", mechanism)
		}
	}
}

func TestNoKnownMechanism(t *testing.T) {
	b := &backend{mechanisms: []string{"PLAIN"}}
	c := serve(t, b, tlsStart, nil)
	b.mechanisms = []string{"CRAM-MD5"}
	if err := send(t, c); !errors.Is(err, errNoMechanism) {
		t.Errorf("error %v", err)
	}
}

func TestUntrustedCertificate(t *testing.T) {
	for _, mode := range []string{tlsStart, tlsImplicit} {
		for name, spoil := range map[string]func(*Config){
			"unknown authority": func(c *Config) { c.RootCAs = x509.NewCertPool() },
			"system's roots":    func(c *Config) { c.RootCAs = nil },
			"other name":        func(c *Config) { c.Host = "localhost" },
		} {
			t.Run(mode+" "+name, func(t *testing.T) {
				b := &backend{mechanisms: []string{"PLAIN"}}
				c := serve(t, b, mode, nil)
				spoil(&c)
				err := send(t, c)
				if _, ok := errors.AsType[*tls.CertificateVerificationError](err); !ok {
					t.Errorf("error %v", err)
				}
				untouched(t, b)
			})
		}
	}
}

func TestServerWithoutSTARTTLS(t *testing.T) {
	b := &backend{mechanisms: []string{"PLAIN"}}
	c := serve(t, b, tlsNone, nil)
	c.TLS = tlsStart
	err := send(t, c)
	if !errors.Is(err, errNoSTARTTLS) || errors.Is(err, ErrPermanent) {
		t.Errorf("error %v", err)
	}
	untouched(t, b)
}

func TestPlainServerBehindImplicitTLS(t *testing.T) {
	b := &backend{mechanisms: []string{"PLAIN"}}
	c := serve(t, b, tlsNone, nil)
	c.TLS = tlsImplicit
	if err := send(t, c); err == nil {
		t.Error("no error")
	}
	untouched(t, b)
}

// untouched fails where a server saw a password or a message.
func untouched(t *testing.T, b *backend) {
	t.Helper()
	if logins, mails := b.counts(); logins != 0 || mails != 0 {
		t.Errorf("server saw %d passwords and %d mails", logins, mails)
	}
}

func TestAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		code      int
		atData    bool
		permanent bool
		says      string
	}{
		"550 at RCPT TO": {550, false, true, "email: RCPT TO: the server answered 550 5.1.1"},
		"451 at RCPT TO": {451, false, false, "email: RCPT TO: the server answered 451 4.1.1"},
		"554 at DATA":    {554, true, true, "email: DATA: the server answered 554 5.1.1"},
		"452 at DATA":    {452, true, false, "email: DATA: the server answered 452 4.1.1"},
	} {
		t.Run(name, func(t *testing.T) {
			b := &backend{}
			answer := func(words string) error {
				return &smtp.SMTPError{Code: c.code, EnhancedCode: smtp.EnhancedCode{c.code / 100, 1, 1}, Message: words}
			}
			if c.atData {
				b.dataError = func([]byte) error { return answer("spam: token=geheim for " + testTo) }
			} else {
				b.rcptError = answer("no such user " + testTo)
			}
			err := send(t, serve(t, b, tlsStart, nil))
			if err == nil || err.Error() != c.says || errors.Is(err, ErrPermanent) != c.permanent {
				t.Errorf("error %v, permanent %t", err, errors.Is(err, ErrPermanent))
			}
		})
	}
}

func TestNobodyListens(t *testing.T) {
	l := listen(t)
	c := settings(l)
	l.Close()
	if err := send(t, c); err == nil || errors.Is(err, ErrPermanent) {
		t.Errorf("error %v", err)
	}
}

func TestCancelledBefore(t *testing.T) {
	b := &backend{}
	m, err := New(serve(t, b, tlsStart, nil))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := m.Send(ctx, testTo, testSubject, testText, testHTML); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
