package config

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

type opener interface{ Open() }

type code struct {
	Digits int
	Skew   time.Duration
}

func (*code) Open() {}

type tree struct {
	Issuer   string `doc:"public address"`
	Proxies  []netip.Prefix
	Database struct{ DSN Secret }
	Mail     struct {
		Host     string
		Password string
	}
	Ladder  []step
	Factors map[string]opener
	Debug   bool
}

type step struct {
	Value  string
	AnyOf  []string
	MaxAge time.Duration
}

func newTree() *tree {
	return &tree{Issuer: "http://127.0.0.1:8080/", Factors: map[string]opener{"one-time": &code{Digits: 6, Skew: time.Minute}}}
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoadMergesFileAndEnvironment(t *testing.T) {
	path := write(t, "s.yaml", `
issuer: https://id.example/
proxies: [10.0.0.0/8]
ladder:
  - {value: "urn:a.b/c", any_of: [otp, pwd], max_age: 5m}
factors:
  one-time: {digits: 8}
`)
	secret := write(t, "password", "hunter2\n")
	got := newTree()
	err := Load(got, path, []string{
		"SALLYPORT_FACTORS_ONE_TIME_SKEW=30s", "SALLYPORT_PROXIES=192.0.2.0/24, 2001:db8::/32",
		"SALLYPORT_MAIL_PASSWORD_FILE=" + secret, "SALLYPORT_DEBUG=true", "SALLYPORT_CONFIG=x", "HOME=/",
	}, "SALLYPORT_CONFIG")
	if err != nil {
		t.Fatal(err)
	}
	factor := got.Factors["one-time"].(*code)
	if got.Issuer != "https://id.example/" || factor.Digits != 8 || factor.Skew != 30*time.Second || !got.Debug {
		t.Errorf("got %+v, factor %+v", got, factor)
	}
	if got.Mail.Password != "hunter2" || len(got.Proxies) != 2 || got.Proxies[1].String() != "2001:db8::/32" {
		t.Errorf("got %+v", got)
	}
	if len(got.Ladder) != 1 || got.Ladder[0].Value != "urn:a.b/c" || got.Ladder[0].MaxAge != 5*time.Minute || len(got.Ladder[0].AnyOf) != 2 {
		t.Errorf("ladder %+v", got.Ladder)
	}
}

func TestLoadFindsAllFaults(t *testing.T) {
	path := write(t, "s.yaml", `
isuer: https://id.example/
debug: perhaps
database: nowhere
proxies: [ten]
ladder: [{valeu: x}]
factors:
  one-time: {digits: many, digest: sha1}
  sms: {}
mail: {password: a, password_file: /nowhere/at/all}
`)
	err := Load(newTree(), path, []string{"SALLYPORT_MAIL_HOTS=x"})
	if err == nil {
		t.Fatal("no fault found")
	}
	for _, want := range []string{
		"isuer: there is no such setting; did you mean issuer?",
		"debug: ", "write true or false",
		"database: is a group of settings",
		"proxies: ", "ladder: ",
		"factors.one-time.digits: ", "write a whole number",
		"factors.one-time.digest: there is no such setting",
		"factors.sms: there is no such setting",
		"mail.password_file: stands beside password",
		"mail.password_file: open /nowhere/at/all: no such file",
		"SALLYPORT_MAIL_HOTS: there is no such setting; did you mean SALLYPORT_MAIL_HOST?",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("missing %q in:\n%v", want, err)
		}
	}
	for line := range strings.Lines(err.Error()) {
		if !strings.Contains(line, ": ") || !strings.Contains(line, "; ") {
			t.Errorf("not `key: fault; mend`: %q", line)
		}
	}
}

func TestLoadRefusesBothFormsOfASecret(t *testing.T) {
	secret := write(t, "dsn", "sqlite:x")
	err := Load(newTree(), "", []string{"SALLYPORT_DATABASE_DSN=a", "SALLYPORT_DATABASE_DSN_FILE=" + secret})
	if err == nil || !strings.Contains(err.Error(), "SALLYPORT_DATABASE_DSN: is set directly and as a file") {
		t.Errorf("got %v", err)
	}
}

func TestLoadSaysWhereTheYAMLIsBroken(t *testing.T) {
	err := Load(newTree(), write(t, "s.yaml", "issuer: a\n  b: [\n"), nil)
	if err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("got %v", err)
	}
	if err := Load(newTree(), "/nowhere/at/all.yaml", nil); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("got %v", err)
	}
}

func TestPrintHidesSecrets(t *testing.T) {
	tr := newTree()
	tr.Database.DSN, tr.Mail.Password = "postgres://u:hunter2@h/d", "hunter2"
	var b bytes.Buffer
	if err := Print(&b, tr); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "hunter2") || strings.Count(b.String(), "(hidden)") != 2 || !strings.Contains(b.String(), "skew: 1m0s") {
		t.Errorf("printed:\n%s", b.String())
	}
}

func TestKeysNameTheirVariables(t *testing.T) {
	for _, k := range Keys(newTree()) {
		if k.Name == "factors.one-time.skew" {
			if k.Env != "SALLYPORT_FACTORS_ONE_TIME_SKEW" || k.Default != "1m0s" {
				t.Errorf("got %+v", k)
			}
			return
		}
	}
	t.Error("key not listed")
}

func TestSnake(t *testing.T) {
	for name, want := range map[string]string{
		"MinLength": "min_length", "DSN": "dsn", "JWKSURI": "jwksuri", "AccessTokenTTL": "access_token_ttl",
		"SMTPHost": "smtp_host", "TLS": "tls", "ID": "id",
	} {
		if got := snake(name); got != want {
			t.Errorf("snake(%s) = %s, want %s", name, got, want)
		}
	}
}
