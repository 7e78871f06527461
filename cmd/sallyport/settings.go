package main

import (
	"errors"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/cmd/sallyport/config"
	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/flows/risk"
	"github.com/sallyport-id/sallyport/provider/oidc"
)

// settings is everything that an operator can set. What administrators change while
// the provider runs (policies, the order of factors) is in the database instead.
type settings struct {
	Issuer  string `doc:"public address, exactly as applications are configured with it"`
	Name    string `doc:"name of the service on pages, in mails and in authenticator apps"`
	Listen  string `doc:"address and port to listen on"`
	TLS     tlsSettings
	Proxies []netip.Prefix `doc:"addresses of reverse proxies that terminate TLS and whose X-Forwarded-For is believed"`
	MaxBody int64          `doc:"largest request body in bytes"`

	Database databaseSettings
	Seal     sealSettings
	Mail     mailSettings
	// MailFallback is asked where Mail certainly did not take a message.
	MailFallback mailSettings
	Theme        themeSettings

	Login   flows.Config
	Rules   scriptSettings
	Risk    riskSettings
	Tokens  oidc.Config
	Factors map[string]factors.Config
	ACR     []rung `koanf:"acr" doc:"the acr values, weakest first; empty: our own table"`

	Log      logSettings
	Streams  streamSettings
	Metrics  metricsSettings
	Shutdown shutdownSettings

	registry *factors.Registry // Factors, opened by check
}

type tlsSettings struct {
	Cert string `doc:"file of the certificate chain in PEM; empty: no TLS"`
	Key  string `doc:"file of its private key in PEM"`
}

type databaseSettings struct {
	DSN      config.Secret `doc:"sqlite:FILE or postgres://…"`
	MaxConns int           `doc:"connections to PostgreSQL"`
	Timeout  time.Duration `doc:"longest wait for one statement or transaction"`
}

type sealSettings struct {
	Keyset config.Secret `doc:"keys that seal secrets, the line that sallyport keys generate makes"`
}

type mailSettings struct {
	Host     string        `doc:"SMTP server; empty: no mail, and nobody can reset a password"`
	Port     int           `doc:"its port"`
	Username string        `doc:"to log in with; empty: no login"`
	Password config.Secret `doc:"to log in with"`
	From     string        `doc:"sender, Name <address>"`
	TLS      string        `doc:"starttls, tls, or none for a server on this machine"`
}

type themeSettings struct {
	Dir  string `doc:"folder whose files replace pages, words and styles"`
	Hue  int    `doc:"colour of everything, 1 to 360; 0: our own"`
	Logo string `doc:"picture above the card, a file in dir or an absolute path"`
}

// A rung is one acr value with what it demands.
type rung struct {
	Value             string
	Kinds             int  // different kinds of factors
	PhishingResistant bool // by a key that a relaying site cannot use
	Hardware          bool // by a key attested to live in hardware
}

type logSettings struct {
	Level  slog.Level `doc:"debug, info, warn or error"`
	Format string     `doc:"json or text"`
}

type metricsSettings struct {
	Listen string `doc:"address of /metrics, such as 127.0.0.1:9090; empty: off"`
}

type shutdownSettings struct {
	Delay time.Duration `doc:"how long /readyz is red before the listener closes"`
	Drain time.Duration `doc:"how long running requests may then take"`
}

// warnings is the level of what administrative verbs say beside their output.
const warnings = slog.LevelWarn

func defaultSettings() *settings {
	s := &settings{
		Name: "Sallyport", Listen: "127.0.0.1:8080", MaxBody: 256 << 10,
		Database: databaseSettings{DSN: "sqlite:sallyport.db", MaxConns: 16, Timeout: 5 * time.Second},
		Mail:     mailSettings{Port: 587, TLS: "starttls"}, MailFallback: mailSettings{Port: 587, TLS: "starttls"},
		Login: flows.DefaultConfig(), Rules: scriptSettings{Timeout: time.Second, Workers: 4}, Risk: riskSettings{Assess: risk.DefaultConfig()}, Tokens: oidc.DefaultConfig(), Factors: map[string]factors.Config{},
		Log:      logSettings{Level: slog.LevelInfo, Format: "json"},
		Shutdown: shutdownSettings{Delay: 2 * time.Second, Drain: 10 * time.Second},
	}
	for name, fresh := range factorList {
		s.Factors[name] = fresh()
	}
	return s
}

// notSettings are SALLYPORT_ variables that are no settings.
var notSettings = []string{"SALLYPORT_CONFIG"}

// settings loads and checks what holds for every command.
func (c *cli) settings() (*settings, error) { return c.load((*settings).check) }

// serveSettings loads and checks what holds for serve.
func (c *cli) serveSettings() (*settings, error) {
	return c.load((*settings).check, (*settings).checkServe)
}

// load reads the settings and says all faults at once.
func (c *cli) load(checks ...func(*settings) error) (*settings, error) {
	s := defaultSettings()
	err := config.Load(s, c.configPath(), c.environ, notSettings...)
	if unreadable := (config.Fault{}); errors.As(err, &unreadable) {
		return nil, err
	}
	for _, check := range checks {
		err = errors.Join(err, check(s))
	}
	return s, err
}

// configPath is the file to read: as asked, or the first usual one that exists.
func (c *cli) configPath() string {
	if c.configFile != "" {
		return c.configFile
	}
	if path := variable(c.environ, "SALLYPORT_CONFIG"); path != "" {
		return path
	}
	for _, path := range []string{"sallyport.yaml", "/etc/sallyport/sallyport.yaml"} {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}

// ladder is the configured table of acr values.
func (s *settings) ladder() policy.Ladder {
	if len(s.ACR) == 0 {
		return policy.DefaultLadder()
	}
	var l policy.Ladder
	for _, r := range s.ACR {
		l = append(l, policy.Rung{Value: r.Value, Level: policy.Level{
			Kinds: r.Kinds, PhishingResistant: r.PhishingResistant, Hardware: r.Hardware,
		}})
	}
	return l
}

// embedded reports whether the database is a file of this process.
func (s *settings) embedded() bool { return strings.HasPrefix(string(s.Database.DSN), "sqlite:") }

// readableByOthers says whether a file with a secret is open to other accounts of
// this machine.
func readableByOthers(path string) bool {
	about, err := os.Stat(filepath.Clean(path))
	return err == nil && about.Mode().Perm()&0o004 != 0
}

func oneOf(value string, allowed ...string) bool { return slices.Contains(allowed, value) }
