package email

import (
	"errors"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/factors/factorstest"
)

func TestContract(t *testing.T) {
	factorstest.Run(t, factorstest.Subject{
		Config: Defaults(), Set: factors.Answer{"email": "anna@example.org"},
		Right: func(t *testing.T, _ *factors.Authenticator, _, asked *factors.Challenge, _ time.Time) factors.Answer {
			t.Helper()
			if asked.Message == nil || asked.Message.To != "anna@example.org" {
				t.Fatalf("message %+v", asked.Message)
			}
			return factors.Answer{"code": asked.Message.Code}
		},
	})
}

// Rows 37 and 38: a verified address is an authenticator, another is not.
func TestRow37_38_Implied(t *testing.T) {
	opened, err := Defaults().Open(factors.Env{})
	if err != nil {
		t.Fatal(err)
	}
	f := opened.(factors.Implier)
	s := factors.Subject{Email: "anna@example.com", Now: time.Now()}
	if a := f.Implied(s); a != nil {
		t.Errorf("an address that nobody verified: %+v", a)
	}
	s.EmailVerified = true
	a := f.Implied(s)
	if a == nil || !a.Usable() || a.Label != "a•••@example.com" {
		t.Fatalf("%+v", a)
	}
	s.Email = "anna@new.example" // the address on file counts, not that of the day
	c, err := opened.Challenge(t.Context(), s, a)
	if err != nil || c.Message.To != "anna@new.example" {
		t.Errorf("%+v, %v", c, err)
	}
	s.EmailVerified = false
	if _, err := opened.Challenge(t.Context(), s, a); !errors.Is(err, factors.ErrUnsupported) {
		t.Errorf("%v", err)
	}
}

func TestAddressesThatAreNone(t *testing.T) {
	f, err := Defaults().Open(factors.Env{})
	if err != nil {
		t.Fatal(err)
	}
	for _, typed := range []string{"", "anna", "anna@", "Anna <anna@example.com>", "a@example.com, b@example.com", "a@example.com\r\nBcc: b@example.com"} {
		_, _, err := f.Enroll(t.Context(), factors.Subject{}, factors.Answer{"email": typed})
		var rejected *factors.Rejection
		if !errors.As(err, &rejected) || rejected.Message != "email.invalid" {
			t.Errorf("%q: %v", typed, err)
		}
	}
}
