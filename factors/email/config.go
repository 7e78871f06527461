package email

import (
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

// The values of Config.TLS.
const (
	tlsStart    = "starttls"
	tlsImplicit = "implicit"
	tlsNone     = "none"
)

const (
	defaultTimeout = 10 * time.Second
	fallbackHelo   = "localhost"
)

// Config says which server sends and as whom.
type Config struct {
	Host     string
	Port     int
	Username string // empty: no login
	Password string
	// TLS is "starttls" (empty means it, and the server has to offer it), "implicit", or
	// "none" for a server on this machine.
	TLS     string
	From    string         // address or Name <address>
	Helo    string         // empty: the name of this machine
	Timeout time.Duration  // of one message; 0: 10s
	RootCAs *x509.CertPool // nil: those of the system
}

func (c Config) withDefaults() Config {
	if c.TLS == "" {
		c.TLS = tlsStart
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.Helo == "" {
		c.Helo = machineName()
	}
	return c
}

func machineName() string {
	name, err := os.Hostname()
	if err != nil || !isWord(name) {
		return fallbackHelo
	}
	return name
}

func (c Config) check() error {
	for _, check := range []func() error{c.checkHost, c.checkTLS, c.checkLogin} {
		if err := check(); err != nil {
			return err
		}
	}
	switch {
	case !isWord(c.Helo):
		return fmt.Errorf("helo: %q is no host name; use the public name of this machine", c.Helo)
	case c.Timeout < 0:
		return fmt.Errorf("timeout: %s; use a positive duration such as 10s", c.Timeout)
	}
	return nil
}

func (c Config) checkHost() error {
	switch {
	case c.Host == "":
		return fmt.Errorf("host: empty; use the name of the SMTP server")
	case !isWord(c.Host) || strings.Contains(c.Host, "/"):
		return fmt.Errorf("host: %q is no host name; use one such as smtp.example.org", c.Host)
	case strings.Contains(c.Host, ":") && net.ParseIP(c.Host) == nil:
		return fmt.Errorf("host: %q is more than a host name; move the port to port", c.Host)
	case c.Port < 1 || c.Port > 65535:
		return fmt.Errorf("port: %d; use 587 for starttls or 465 for implicit TLS", c.Port)
	}
	return nil
}

func (c Config) checkTLS() error {
	switch c.TLS {
	case tlsStart, tlsImplicit:
		return nil
	case tlsNone:
		if isLoopback(c.Host) {
			return nil
		}
		return fmt.Errorf("tls: none would send mails to %s in the clear; use starttls or implicit", c.Host)
	}
	return fmt.Errorf("tls: %q; use starttls, implicit or, for a server on this machine, none", c.TLS)
}

func (c Config) checkLogin() error {
	switch {
	case c.Username == "" && c.Password != "":
		return fmt.Errorf("username: empty beside a password; set both or neither")
	case c.Username != "" && c.Password == "":
		return fmt.Errorf("password: empty beside a username; set both or neither")
	}
	return nil
}

func isLoopback(host string) bool {
	return strings.EqualFold(host, "localhost") || net.ParseIP(host).IsLoopback()
}

func isWord(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}
