package webauthn

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"

	"github.com/sallyport-id/sallyport/factors"
)

// Row 50: a key that verified nobody is good enough unless the setting says required,
// and the browser is told what the setting says.
func TestRow50_UserVerification(t *testing.T) {
	for _, setting := range []string{"discouraged", "preferred", "required"} {
		for _, lazy := range []bool{true, false} {
			config := Roaming()
			config.UserVerification = setting
			f := open(t, config)
			p := newPocket(virtualwebauthn.AuthenticatorOptions{UserNotVerified: lazy})
			a, c, err := f.Enroll(t.Context(), subject(), nil)
			if err != nil {
				t.Fatal(err)
			}
			told(t, c, setting)
			a.ID = "aut_1"
			_, err = f.Verify(t.Context(), subject(), a, c, p.answer(t, site, a, c))
			if refused := lazy && setting == "required"; refused {
				if !errors.Is(err, factors.ErrWrong) {
					t.Errorf("%s: a key that verifies nobody: %v", setting, err)
				}
				continue
			}
			if err != nil {
				t.Fatalf("%s: %v", setting, err)
			}
			a.ConfirmedAt = noon
			if c, err = f.Challenge(t.Context(), subject(a), a); err != nil {
				t.Fatal(err)
			}
			told(t, c, setting)
			if _, err = f.Verify(t.Context(), subject(a), a, c, p.answer(t, site, a, c)); err != nil {
				t.Errorf("%s: %v", setting, err)
			}
		}
	}
}

func told(t *testing.T, c *factors.Challenge, setting string) {
	t.Helper()
	if !strings.Contains(c.Prompt.Options, `"userVerification":"`+setting+`"`) {
		t.Errorf("%s: the browser is told %s", setting, c.Prompt.Options)
	}
}

// Row 51: the domain of keys.
func TestRow51_RPID(t *testing.T) {
	for id, ok := range map[string]bool{"": true, "example.com": true, "id.example.com": true, "other.org": false, "com": false, "ample.com": false} {
		c := Roaming()
		c.RPID = id
		_, err := c.Open(env)
		if ok != (err == nil) || !ok && !strings.Contains(err.Error(), "rp_id") {
			t.Errorf("%q: %v", id, err)
		}
	}
	f, err := Roaming().Open(factors.Env{Origin: "http://127.0.0.1:8080"})
	if err != nil || f.(*Factor).Info().Missing == "" {
		t.Errorf("an IP address: %v", err)
	}
	if _, _, err := f.Enroll(t.Context(), subject(), nil); !errors.Is(err, factors.ErrUnsupported) {
		t.Errorf("%v", err)
	}
}

func TestSettings(t *testing.T) {
	root := newMaker(t).file(t)
	for want, change := range map[string]func(*Config){
		"user_verification":   func(c *Config) { c.UserVerification = "maybe" },
		"origins":             func(c *Config) { c.Origins = []string{"http://shop.example"} },
		"lifetime":            func(c *Config) { c.Lifetime = time.Hour },
		"rate.period":         func(c *Config) { c.Rate.Period = 0 },
		"attestation":         func(c *Config) { c.Attestation = "indirect" },
		"require_attestation": func(c *Config) { c.Attestation, c.RequireAttestation = "direct", true },
		"attestation_roots":   func(c *Config) { c.AttestationRoots = []string{root} },
	} {
		c := Roaming()
		change(c)
		if _, err := c.Open(env); err == nil || !strings.HasPrefix(err.Error(), want+":") {
			t.Errorf("%s: %v", want, err)
		}
	}
	nowhere := filepath.Join(t.TempDir(), "nowhere.pem")
	for name, files := range map[string][]string{
		"no file": {nowhere}, "no PEM": {"factor.go"}, "one file twice": {root, root}, "a private key": {newMaker(t).privateFile(t)},
	} {
		c := Roaming()
		c.Attestation, c.AttestationRoots = "direct", files
		if _, err := c.Open(env); err == nil || !strings.HasPrefix(err.Error(), "attestation_roots:") || !strings.Contains(err.Error(), "; ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
