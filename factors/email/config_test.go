package email

import (
	"strings"
	"testing"
	"time"
)

func TestNewNamesKeyAndMend(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*Config)
		key   string
		mend  string
	}{
		"no host":             {func(c *Config) { c.Host = "" }, "host", "use the name"},
		"host with port":      {func(c *Config) { c.Host = "smtp.example.org:25" }, "host", "move the port"},
		"host is a url":       {func(c *Config) { c.Host = "smtp://smtp.example.org" }, "host", "smtp.example.org"},
		"no port":             {func(c *Config) { c.Port = 0 }, "port", "587"},
		"port too high":       {func(c *Config) { c.Port = 65536 }, "port", "587"},
		"unknown tls":         {func(c *Config) { c.TLS = "opportunistic" }, "tls", "starttls"},
		"none to the network": {func(c *Config) { c.TLS = "none" }, "tls", "use starttls or implicit"},
		"none to an address":  {func(c *Config) { c.TLS, c.Host = "none", "192.0.2.1" }, "tls", "use starttls or implicit"},
		"password alone":      {func(c *Config) { c.Password = "hush" }, "username", "both or neither"},
		"username alone":      {func(c *Config) { c.Username = "me" }, "password", "both or neither"},
		"no from":             {func(c *Config) { c.From = "" }, "from", "noreply@example.org"},
		"from breaks a line":  {func(c *Config) { c.From = "a@example.org\r\nBcc: b@example.org" }, "from", "noreply@example.org"},
		"two senders":         {func(c *Config) { c.From = "a@example.org, b@example.org" }, "from", "noreply@example.org"},
		"helo breaks a line":  {func(c *Config) { c.Helo = "me\r\nMAIL" }, "helo", "public name"},
		"negative timeout":    {func(c *Config) { c.Timeout = -time.Second }, "timeout", "10s"},
	} {
		t.Run(name, func(t *testing.T) {
			config := Config{Host: "smtp.example.org", Port: 587, From: "noreply@example.org"}
			c.spoil(&config)
			_, err := New(config)
			if err == nil {
				t.Fatal("no error")
			}
			if !strings.HasPrefix(err.Error(), c.key+": ") || !strings.Contains(err.Error(), c.mend) {
				t.Errorf("%q names not %q with %q", err, c.key, c.mend)
			}
			if strings.Contains(err.Error(), "hush") {
				t.Errorf("%q tells the password", err)
			}
		})
	}
}

func TestNewDefaults(t *testing.T) {
	m, err := New(Config{Host: "smtp.example.org", Port: 587, From: "noreply@example.org"})
	if err != nil {
		t.Fatal(err)
	}
	if m.config.TLS != tlsStart || m.config.Timeout != 10*time.Second || m.config.Helo == "" {
		t.Errorf("defaults: %+v", m.config)
	}
}

func TestNoneForThisMachine(t *testing.T) {
	for _, host := range []string{"localhost", "127.0.0.1", "127.9.9.9", "::1"} {
		if _, err := New(Config{Host: host, Port: 25, TLS: "none", From: "noreply@example.org"}); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
}
