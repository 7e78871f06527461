package password

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"
	xbcrypt "golang.org/x/crypto/bcrypt"
	xscrypt "golang.org/x/crypto/scrypt"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/factors/factorstest"
)

const good = "grey herons count to seven"

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestContract(t *testing.T) {
	factorstest.Run(t, factorstest.Subject{
		Config: Defaults(), Set: factors.Answer{"password": good}, Reusable: true,
		Right: func(*testing.T, *factors.Authenticator, *factors.Challenge, *factors.Challenge, time.Time) factors.Answer {
			return factors.Answer{"password": good}
		},
	})
}

func opened(t *testing.T, change ...func(*Config)) *Factor {
	t.Helper()
	c := Defaults()
	for _, f := range change {
		f(c)
	}
	f, err := c.Open(factors.Env{Issuer: "Harbourmaster"})
	if err != nil {
		t.Fatal(err)
	}
	own, ok := f.(*Factor)
	if !ok {
		t.Fatalf("%T", f)
	}
	return own
}

func TestOurHash(t *testing.T) {
	f := opened(t)
	a, _, err := f.Enroll(t.Context(), factors.Subject{Now: noon}, factors.Answer{"password": good})
	if err != nil || !strings.HasPrefix(string(a.Secret), "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("%s, %v", a.Secret, err)
	}
	b, _, err := f.Enroll(t.Context(), factors.Subject{Now: noon}, factors.Answer{"password": good})
	if err != nil || string(a.Secret) == string(b.Secret) {
		t.Error("two hashes have one salt")
	}
}

// Hashes from elsewhere let people in, and are replaced by ours then.
func TestImportedHashes(t *testing.T) {
	f := opened(t)
	b, err := xbcrypt.GenerateFromPassword([]byte(good), 4)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := xscrypt.Key([]byte(good), []byte("0123456789abcdef"), 1<<10, 8, 1, 32)
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.RawStdEncoding
	for name, encoded := range map[string]string{
		"bcrypt":          string(b),
		"scrypt":          fmt.Sprintf("$scrypt$ln=10,r=8,p=1$%s$%s", b64.EncodeToString([]byte("0123456789abcdef")), b64.EncodeToString(raw)),
		"PBKDF2":          "$pbkdf2-sha256$1000$MDEyMzQ1Njc4OWFiY2RlZg$" + pbkdf2Of(t, good),
		"weaker argon2id": argonOf(t, good),
	} {
		t.Run(name, func(t *testing.T) {
			a, err := Import(encoded, noon)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.Verify(t.Context(), factors.Subject{Now: noon}, a, nil, factors.Answer{"password": good + "!"}); !errors.Is(err, factors.ErrWrong) || string(a.Secret) != encoded {
				t.Errorf("a wrong password: %v", err)
			}
			if _, err := f.Verify(t.Context(), factors.Subject{Now: noon}, a, nil, factors.Answer{"password": good}); err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(string(a.Secret), today) {
				t.Errorf("not brought up to date: %s", a.Secret)
			}
			if _, err := f.Verify(t.Context(), factors.Subject{Now: noon}, a, nil, factors.Answer{"password": good}); err != nil {
				t.Errorf("after the change: %v", err)
			}
		})
	}
}

func TestHashesThatAreAttacks(t *testing.T) {
	for _, bad := range []string{
		"", "plain", "$1$abc$def", "$argon2id$v=19$m=4194304,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg",
		"$2b$31$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuuabcdefghijkl", "$scrypt$ln=30,r=8,p=1$YQ$YQ",
		"$pbkdf2-sha256$999999999999$YQ$YQ", "$argon2id$v=19$m=19456,t=2000000000,p=1$YQ$YQ",
	} {
		if _, err := Import(bad, noon); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// NIST SP 800-63B-4 §3.1.1.2.
func TestRules(t *testing.T) {
	f := opened(t)
	alone := factors.Subject{Username: "marguerite", Email: "marguerite@example.com", Now: noon}
	beside := alone
	beside.SecondFactor = true
	for _, c := range []struct {
		what     string
		subject  factors.Subject
		password string
		refused  string
	}{
		{"14 characters alone", alone, "zwq81hx04kfm2t", "password.too_short"},
		{"15 characters alone", alone, "zwq81hx04kfm2tp", ""},
		{"7 beside a second factor", beside, "zwq81hx", "password.too_short"},
		{"8 beside a second factor", beside, "zwq81hx0", ""},
		{"characters, not bytes", beside, "äöüßéèñ", "password.too_short"},
		{"64 characters", alone, strings.Repeat("zwq81hx0", 8), ""},
		{"256 characters", alone, strings.Repeat("zwq81hx0", 32), ""},
		{"257 characters", alone, strings.Repeat("zwq81hx0", 32) + "z", "password.too_long"},
		{"no rule about kinds of characters", alone, "only small letters here", ""},
		{"spaces and pictures", alone, "🦆 walks into a library", ""},
		{"a common one", beside, "password123", "password.common"},
		{"in other case", beside, "PassWord123", "password.common"},
		{"one character", alone, strings.Repeat("a", 20), "password.common"},
		{"a row of keys", beside, "abcdefghijkl", "password.common"},
		{"the name", beside, "marguerite1", "password.context"},
		{"the site", beside, "harbourmaster!", "password.context"},
	} {
		err := f.acceptable(c.subject, c.password)
		var rejected *factors.Rejection
		got := ""
		if errors.As(err, &rejected) {
			got = rejected.Message
		}
		if got != c.refused {
			t.Errorf("%s: %q, want %q", c.what, got, c.refused)
		}
	}
}

// One password typed on two keyboards is one.
func TestUnicode(t *testing.T) {
	f := opened(t)
	a, _, err := f.Enroll(t.Context(), factors.Subject{Now: noon}, factors.Answer{"password": "zwo\u0308lf boxkämpfer jagen"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Verify(t.Context(), factors.Subject{Now: noon}, a, nil, factors.Answer{"password": "zwölf boxka\u0308mpfer jagen"}); err != nil {
		t.Errorf("%v", err)
	}
	if _, err := f.Verify(t.Context(), factors.Subject{Now: noon}, a, nil, factors.Answer{"password": "zwölf boxkämpfer jage"}); !errors.Is(err, factors.ErrWrong) {
		t.Errorf("a beginning of it: %v", err)
	}
}

func TestOperatorsBlocklist(t *testing.T) {
	path := filepath.Join(t.TempDir(), "blocked.txt")
	if err := os.WriteFile(path, []byte("Our Company Anthem 1999\n\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := opened(t, func(c *Config) { c.Blocklist = path })
	if err := f.acceptable(factors.Subject{}, "our company anthem 1999"); !errors.Is(err, factors.ErrWrong) {
		t.Errorf("%v", err)
	}
}

// A name that nobody has costs as much as one that somebody has.
func TestDecoy(t *testing.T) {
	f := opened(t)
	if !strings.HasPrefix(f.decoy, today) {
		t.Fatalf("the decoy is cheaper: %s", f.decoy)
	}
	if err := f.Decoy(t.Context(), factors.Answer{"password": good}); err != nil {
		t.Errorf("%v", err)
	}
}

// Hashing has a bounded place and a queue with an end.
func TestBusy(t *testing.T) {
	f := opened(t, func(c *Config) { c.Parallel, c.Queue = 1, 20*time.Millisecond })
	if err := f.hasher.room.Acquire(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if err := f.Decoy(t.Context(), factors.Answer{"password": "x"}); !errors.Is(err, factors.ErrBusy) {
		t.Errorf("%v", err)
	}
}

func TestSettings(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"min_length_with_second": func(c *Config) { c.MinLengthWithSecond = 6 }, "min_length": func(c *Config) { c.MinLength = 7 },
		"parallel": func(c *Config) { c.Parallel = -1 }, "queue": func(c *Config) { c.Queue = 0 }, "blocklist": func(c *Config) { c.Blocklist = "/nowhere" },
	} {
		c := Defaults()
		change(c)
		if _, err := c.Open(factors.Env{}); err == nil || !strings.HasPrefix(err.Error(), name+": ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzImport(f *testing.F) {
	for _, seed := range []string{"$argon2id$v=19$m=8,t=1,p=1$YWFhYWFhYWE$YWFhYWFhYWE", "$2b$04$", "$scrypt$ln=1,r=1,p=1$YQ$YQ", "$pbkdf2$1$YQ$YQ", "$$$$$"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, encoded string) {
		if a, err := Import(encoded, noon); err == nil && affordable(string(a.Secret)) != nil {
			t.Errorf("%q is too costly and was taken", encoded)
		}
	})
}

func pbkdf2Of(t *testing.T, text string) string {
	t.Helper()
	raw, err := pbkdf2.Key(sha256.New, text, []byte("0123456789abcdef"), 1000, 32)
	if err != nil {
		t.Fatal(err)
	}
	// passlib writes a dot for a plus.
	return strings.ReplaceAll(base64.RawStdEncoding.EncodeToString(raw), "+", ".")
}

func argonOf(t *testing.T, text string) string {
	t.Helper()
	salt := []byte("0123456789abcdef")
	b64 := base64.RawStdEncoding
	return "$argon2id$v=19$m=1024,t=1,p=1$" + b64.EncodeToString(salt) + "$" + b64.EncodeToString(argon2.IDKey([]byte(text), salt, 1, 1024, 1, 32))
}
