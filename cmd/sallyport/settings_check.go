package main

import (
	"fmt"
	"log/slog"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/cmd/sallyport/config"
	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/provider/management"
	"github.com/sallyport-id/sallyport/storage"
)

// check finds what no command could work with.
func (s *settings) check() error {
	var f config.Faults
	if !s.embedded() && !strings.HasPrefix(string(s.Database.DSN), "postgres://") && !strings.HasPrefix(string(s.Database.DSN), "postgresql://") {
		f.Add("database.dsn", "is no database", "use sqlite:FILE or postgres://USER@HOST/NAME")
	}
	if s.Database.MaxConns < 1 {
		f.Add("database.max_conns", fmt.Sprintf("%d is too few", s.Database.MaxConns), "use 1 or more")
	}
	if s.Database.Timeout <= 0 {
		f.Add("database.timeout", "is not positive", "use 5s")
	}
	if s.Seal.Keyset != "" {
		if _, err := storage.NewSealer([]byte(s.Seal.Keyset)); err != nil {
			f.Add("seal.keyset", "is no keyset", "give the whole line that `sallyport keys generate` made")
		}
	}
	if !oneOf(s.Log.Format, "json", "text") {
		f.Add("log.format", fmt.Sprintf("%q is unknown", s.Log.Format), "use json or text")
	}
	if s.MaxBody < 4<<10 || s.MaxBody > 64<<20 {
		f.Add("max_body", fmt.Sprintf("%d is out of range", s.MaxBody), "use 4096 to 67108864 bytes")
	}
	s.checkMail(&f)
	f = append(f, faultsOf("login.", s.Login.Validate())...)
	s.Rules.check(&f)
	s.Risk.check(&f)
	f = append(f, faultsOf("tokens.", s.Tokens.Validate())...)
	f = append(f, faultsOf("", s.ladder().Validate())...)
	f = append(f, s.factorFaults()...)
	return f.Err()
}

// factorFaults opens the factors, which are the ones to judge their settings. Where
// one refuses, all are asked.
func (s *settings) factorFaults() (f config.Faults) {
	env := s.env()
	registry, err := factors.Open(env, s.Factors)
	if err == nil {
		s.registry = registry
		return nil
	}
	for name, one := range s.Factors {
		if _, err := one.Open(env); err != nil {
			f = append(f, faultsOf("factors."+name+".", err)...)
		}
	}
	return f
}

// env is what factors are opened with.
func (s *settings) env() factors.Env {
	return factors.Env{Issuer: s.Name, Origin: s.origin(), Now: time.Now, Logger: slog.New(slog.DiscardHandler)}
}

// origin is where people use the site, empty where the issuer is not set or no address.
func (s *settings) origin() string {
	u, err := url.Parse(s.Issuer)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// checkMail looks at the servers for mail.
func (s *settings) checkMail(f *config.Faults) {
	s.Mail.check("mail", f)
	s.MailFallback.check("mail_fallback", f)
	if s.Mail.Host == "" && s.MailFallback.Host != "" {
		f.Add("mail_fallback.host", "steps in for nobody", "set mail.host")
	}
}

func (m mailSettings) check(key string, f *config.Faults) {
	if m.Host == "" {
		return
	}
	if _, err := mail.ParseAddress(m.From); err != nil {
		f.Add(key+".from", fmt.Sprintf("%q is no sender", m.From), "write Name <address@example.com>")
	}
	if m.Port < 1 || m.Port > 65535 {
		f.Add(key+".port", fmt.Sprintf("%d is no port", m.Port), "use 587, or 465 with tls: tls")
	}
	if !oneOf(m.TLS, "starttls", "tls", "none") {
		f.Add(key+".tls", fmt.Sprintf("%q is unknown", m.TLS), "use starttls, tls or none")
	}
	if m.TLS == "none" && !loopback(m.Host) {
		f.Add(key+".tls", "reset links would travel in the clear to "+m.Host, "use starttls or tls")
	}
}

// faultsOf splits a room's joined errors, each `key: fault: mend` or
// `key: fault; mend`, into faults.
func faultsOf(prefix string, err error) (f config.Faults) {
	for _, one := range management.FaultsOf(prefix, err) {
		f.Add(one.Field, one.Why, "%s", one.Mend)
	}
	return f
}

// checkServe finds what would make serving unsafe or useless, all at once.
func (s *settings) checkServe() error {
	var f config.Faults
	s.checkIssuer(&f)
	s.checkListen(&f)
	if s.Seal.Keyset == "" {
		f.Add("seal.keyset", "is not set, so nothing could be kept secret", "run `sallyport keys generate > keyset`, keep a copy elsewhere, and set seal.keyset_file")
	}
	if s.Metrics.Listen != "" {
		if _, _, err := net.SplitHostPort(s.Metrics.Listen); err != nil {
			f.Add("metrics.listen", err.Error(), "write 127.0.0.1:9090")
		}
	}
	if s.Shutdown.Delay < 0 || s.Shutdown.Drain < 0 {
		f.Add("shutdown", "a time is negative", "use delay: 2s and drain: 10s")
	}
	return f.Err()
}

func (s *settings) checkIssuer(f *config.Faults) {
	u, err := url.Parse(s.Issuer)
	switch {
	case s.Issuer == "":
		f.Add("issuer", "is not set", "give the public address, such as https://id.example.com/")
	case err != nil || u.Host == "" || !oneOf(u.Scheme, "https", "http"):
		f.Add("issuer", fmt.Sprintf("%q is no web address", s.Issuer), "write https://id.example.com/")
	case u.RawQuery != "" || u.Fragment != "" || u.User != nil || strings.Contains(s.Issuer, "#") || strings.Contains(s.Issuer, "?"):
		f.Add("issuer", "has a query, a fragment or a user (OpenID Connect Discovery §3)", "leave them out")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		f.Add("issuer", "is not https, so everybody on the way could sign in as anybody", "use https://")
	case strings.Contains(u.Path, "//") || strings.Contains(u.EscapedPath(), "%"):
		f.Add("issuer", "has an odd path", "use plain path segments")
	}
}

// checkListen refuses to speak plain HTTP to other machines.
func (s *settings) checkListen(f *config.Faults) {
	host, _, err := net.SplitHostPort(s.Listen)
	if err != nil {
		f.Add("listen", err.Error(), "write 127.0.0.1:8080, or :8443 with tls.cert")
		return
	}
	if s.TLS.Cert == "" && len(s.Proxies) == 0 && !loopback(host) {
		f.Add("listen", fmt.Sprintf("%q is reachable from other machines without TLS", s.Listen),
			"set tls.cert and tls.key, or name the proxy that terminates TLS in proxies, or listen on 127.0.0.1")
	}
	if (s.TLS.Cert == "") != (s.TLS.Key == "") {
		f.Add("tls", "a certificate and its key belong together", "set both tls.cert and tls.key")
	}
	for key, path := range map[string]string{"tls.cert": s.TLS.Cert, "tls.key": s.TLS.Key} {
		if path == "" {
			continue
		}
		if _, err := os.Stat(path); err != nil {
			f.Add(key, err.Error(), "name a file that this process can read")
		}
	}
	if s.TLS.Key != "" && readableByOthers(s.TLS.Key) {
		f.Add("tls.key", "every account of this machine can read it", "run `chmod o-r` on it")
	}
	for _, p := range s.Proxies {
		if p.Bits() == 0 {
			f.Add("proxies", p.String()+" trusts everybody", "name the proxies' own addresses")
		}
	}
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}
