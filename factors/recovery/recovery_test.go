package recovery

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/factors/factorstest"
)

func TestContract(t *testing.T) {
	factorstest.Run(t, factorstest.Subject{Config: Defaults(), Right: func(_ *testing.T, _ *factors.Authenticator, shown, _ *factors.Challenge, _ time.Time) factors.Answer {
		return factors.Answer{"code": shown.Prompt.Codes[4]}
	}})
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func fresh(t *testing.T) (factors.Factor, *factors.Authenticator, []string) {
	t.Helper()
	f, err := Defaults().Open(factors.Env{})
	if err != nil {
		t.Fatal(err)
	}
	a, c, err := f.Enroll(t.Context(), factors.Subject{Now: noon}, nil)
	if err != nil {
		t.Fatal(err)
	}
	a.ID = "aut"
	return f, a, c.Prompt.Codes
}

func use(t *testing.T, f factors.Factor, a *factors.Authenticator, code string) error {
	t.Helper()
	_, err := f.Verify(t.Context(), factors.Subject{Now: noon}, a, nil, factors.Answer{"code": code})
	return err
}

// Rows 58, 59 and 61: ten codes, of which nothing is stored but hashes; each works once and
// says how many are left.
func TestRow58_59_61_ASet(t *testing.T) {
	f, a, codes := fresh(t)
	form := regexp.MustCompile(`^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$`)
	seen := map[string]bool{}
	for _, code := range codes {
		if !form.MatchString(code) || seen[code] {
			t.Errorf("%q", code)
		}
		seen[code] = true
		if strings.Contains(string(a.Secret), strings.ReplaceAll(code, "-", "")) || strings.Contains(string(a.Secret), code) {
			t.Error("the codes are stored")
		}
	}
	if len(codes) != 10 || Left(a) != 10 || !a.Usable() {
		t.Fatalf("%d codes, %d left", len(codes), Left(a))
	}
	for i, code := range codes {
		if err := use(t, f, a, code); err != nil {
			t.Errorf("code %d: %v", i, err)
		}
		if err := use(t, f, a, code); !errors.Is(err, factors.ErrWrong) {
			t.Errorf("code %d again: %v", i, err)
		}
		if Left(a) != 9-i || a.Label != string('0'+rune(9-i)) {
			t.Errorf("after %d codes %d are left, label %q", i+1, Left(a), a.Label)
		}
	}
}

func TestTyped(t *testing.T) {
	f, a, codes := fresh(t)
	for i, change := range []func(string) string{
		strings.ToLower, func(s string) string { return strings.ReplaceAll(s, "-", "") }, func(s string) string { return strings.ReplaceAll(s, "-", " ") },
		func(s string) string { return " " + s + " " }, func(s string) string { return strings.NewReplacer("0", "O", "1", "l").Replace(s) },
	} {
		if err := use(t, f, a, change(codes[i])); err != nil {
			t.Errorf("%q: %v", change(codes[i]), err)
		}
	}
}

func TestSettings(t *testing.T) {
	for _, n := range []int{0, -1, 51} {
		if _, err := (&Config{Codes: n}).Open(factors.Env{}); err == nil || !strings.HasPrefix(err.Error(), "codes: ") {
			t.Errorf("%d: %v", n, err)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add("7k4m-2qxr p9da h3tz")
	f.Add("\x00\xff")
	f.Fuzz(func(t *testing.T, typed string) {
		text := clean(typed)
		if strings.Trim(text, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") != "" || clean(text) != text {
			t.Errorf("%q became %q", typed, text)
		}
	})
}
