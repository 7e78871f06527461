package otp

import (
	"encoding/base32"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/factors/factorstest"
)

func TestContract(t *testing.T) {
	factorstest.Run(t, factorstest.Subject{Config: Defaults(), Right: func(t *testing.T, a *factors.Authenticator, _, _ *factors.Challenge, now time.Time) factors.Answer {
		return factors.Answer{"code": codeAt(t, a, now)}
	}})
}

func codeAt(t *testing.T, a *factors.Authenticator, now time.Time) string {
	t.Helper()
	k, err := open(a)
	if err != nil {
		t.Fatal(err)
	}
	code, err := k.at(now.Unix() / k.Period)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// RFC 6238 appendix B.
func TestRFC6238(t *testing.T) {
	seeds := map[string]string{
		"SHA1": "12345678901234567890", "SHA256": "12345678901234567890123456789012",
		"SHA512": "1234567890123456789012345678901234567890123456789012345678901234",
	}
	for _, v := range []struct {
		at                   int64
		sha1, sha256, sha512 string
	}{
		{59, "94287082", "46119246", "90693936"}, {1111111109, "07081804", "68084774", "25091201"},
		{1111111111, "14050471", "67062674", "99943326"}, {1234567890, "89005924", "91819424", "93441116"},
		{2000000000, "69279037", "90698825", "38618901"}, {20000000000, "65353130", "77737706", "47863826"},
	} {
		for alg, want := range map[string]string{"SHA1": v.sha1, "SHA256": v.sha256, "SHA512": v.sha512} {
			k := key{Secret: []byte(seeds[alg]), Algorithm: alg, Digits: 8, Period: 30}
			if got, err := k.at(v.at / 30); err != nil || got != want {
				t.Errorf("%s at %d: %s, want %s (%v)", alg, v.at, got, want, err)
			}
		}
	}
}

// RFC 4226 appendix D.
func TestRFC4226(t *testing.T) {
	k := key{Secret: []byte("12345678901234567890"), Algorithm: "SHA1", Digits: 6, Period: 30}
	for i, want := range []string{"755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"} {
		if got, err := k.at(int64(i)); err != nil || got != want {
			t.Errorf("counter %d: %s, want %s (%v)", i, got, want, err)
		}
	}
}

func enrolled(t *testing.T) (*Factor, *factors.Authenticator, *factors.Challenge) {
	t.Helper()
	f, err := Defaults().Open(factors.Env{Issuer: "Ac/me & Söhne"})
	if err != nil {
		t.Fatal(err)
	}
	a, c, err := f.Enroll(t.Context(), factors.Subject{Username: "anna+x@example.com", Now: noon}, nil)
	if err != nil {
		t.Fatal(err)
	}
	a.ID = "aut"
	own, ok := f.(*Factor)
	if !ok {
		t.Fatalf("%T", f)
	}
	return own, a, c
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// Row 18: one step around now.
func TestRow18_OneStepOfSkew(t *testing.T) {
	for step, ok := range map[time.Duration]bool{-2: false, -1: true, 0: true, 1: true, 2: false} {
		f, a, _ := enrolled(t)
		code := codeAt(t, a, noon.Add(step*30*time.Second))
		_, err := f.Verify(t.Context(), factors.Subject{Now: noon}, a, nil, factors.Answer{"code": code})
		if (err == nil) != ok {
			t.Errorf("%d steps away: %v", step, err)
		}
	}
}

// Row 17: a used step is never good again, nor an earlier one after it (RFC 6238 §5.2).
func TestRow17_StepsOnlyGrow(t *testing.T) {
	f, a, _ := enrolled(t)
	try := func(step time.Duration) error {
		_, err := f.Verify(t.Context(), factors.Subject{Now: noon}, a, nil, factors.Answer{"code": codeAt(t, a, noon.Add(step*30*time.Second))})
		return err
	}
	if err := try(0); err != nil {
		t.Fatal(err)
	}
	for _, step := range []time.Duration{0, -1} {
		if err := try(step); !errors.Is(err, factors.ErrSpent) {
			t.Errorf("step %d after 0: %v", step, err)
		}
	}
	if err := try(1); err != nil {
		t.Errorf("the next step: %v", err)
	}
}

// Row 15: what a picture tells the app.
func TestRow15_WhatTheAppGets(t *testing.T) {
	_, _, c := enrolled(t)
	u, err := url.Parse(c.Prompt.URI)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(c.Prompt.Key)
	switch {
	case u.Scheme != "otpauth" || u.Host != "totp" || q.Get("issuer") != "Ac/me & Söhne":
		t.Errorf("%s", c.Prompt.URI)
	case q.Get("algorithm") != "SHA1" || q.Get("digits") != "6" || q.Get("period") != "30":
		t.Errorf("%s", c.Prompt.URI)
	case u.Path != "/Ac/me & Söhne:anna+x@example.com":
		t.Errorf("label %q", u.Path)
	case q.Get("secret") != c.Prompt.Key || err != nil || len(raw)*8 < 160:
		t.Errorf("%d bits, the picture and the key differ: %v", len(raw)*8, err)
	case strings.Contains(c.Prompt.URI, "+") && !strings.Contains(c.Prompt.URI, "%2B") && strings.Contains(u.RawQuery, "+"):
		t.Errorf("a plus that apps read as a space: %s", c.Prompt.URI)
	}
	_, _, second := enrolled(t)
	if second.Prompt.Key == c.Prompt.Key {
		t.Error("two keys are the same")
	}
}

// Two apps that show codes of different lengths: the page takes both.
func TestLengthsOfSeveralApps(t *testing.T) {
	f, short, _ := enrolled(t)
	c := Defaults()
	c.Digits = 8
	longer, err := c.Open(factors.Env{})
	if err != nil {
		t.Fatal(err)
	}
	long, _, err := longer.Enroll(t.Context(), factors.Subject{Now: noon}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for want, list := range map[int][]*factors.Authenticator{6: {short, short}, 8: {long}, 0: {short, long}} {
		c, err := f.Challenge(t.Context(), factors.Subject{Now: noon, Authenticators: list}, nil)
		if err != nil || c.Prompt.Digits != want {
			t.Errorf("%d digits, want %d (%v)", c.Prompt.Digits, want, err)
		}
	}
}

func TestTypedCodes(t *testing.T) {
	for _, form := range []string{"%s %s", "%s-%s", " %s%s ", "%s\u00a0%s"} {
		f, a, _ := enrolled(t)
		code := codeAt(t, a, noon)
		typed := strings.Replace(strings.Replace(form, "%s", code[:3], 1), "%s", code[3:], 1)
		if _, err := f.Verify(t.Context(), factors.Subject{Now: noon}, a, nil, factors.Answer{"code": typed}); err != nil {
			t.Errorf("%q: %v", typed, err)
		}
	}
}

func TestSettings(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"digits": func(c *Config) { c.Digits = 7 }, "period": func(c *Config) { c.Period = time.Second }, "algorithm": func(c *Config) { c.Algorithm = "MD5" },
	} {
		c := Defaults()
		change(c)
		if _, err := c.Open(factors.Env{}); err == nil || !strings.HasPrefix(err.Error(), name+": ") || !strings.Contains(err.Error(), "use ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestImport(t *testing.T) {
	a, err := Import("gezd gnbv gy3t qojq gezd gnbv gy3t qojq", noon)
	if err != nil || !a.Usable() {
		t.Fatal(err)
	}
	if got := codeAt(t, a, time.Unix(59, 0)); got != "287082" {
		t.Errorf("%s", got)
	}
	for _, bad := range []string{"", "AAAA", "not base32!", "GEZDGNBVGY3TQOJ1"} {
		if _, err := Import(bad, noon); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func FuzzVerify(f *testing.F) {
	own, err := Defaults().Open(factors.Env{})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"", "123456", "12 34-56", strings.Repeat("1", 100)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		a, _, err := own.Enroll(t.Context(), factors.Subject{Now: noon}, nil)
		if err != nil {
			t.Fatal(err)
		}
		want := codeAt(t, a, noon)
		_, err = own.Verify(t.Context(), factors.Subject{Now: noon}, a, nil, factors.Answer{"code": typed})
		if err == nil && !strings.Contains(factors.Typed(typed), want) && a.Counter == noon.Unix()/30 {
			t.Errorf("%q passed for %s", typed, want)
		}
	})
}
