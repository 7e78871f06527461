// Package otp is the authenticator app: time-based one-time passwords (RFC 6238).
//
// The last accepted time step is the authenticator's Counter, and only a later one is
// ever accepted again (RFC 6238 §5.2), whichever of the steps around now it was. The
// package knows nothing of attempts or pages.
package otp

import (
	"context"
	"embed"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"crypto/rand"
	"crypto/subtle"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"github.com/sallyport-id/sallyport/factors"
)

//go:embed locales
var words embed.FS

const (
	// secretSize is 160 bits, the length of HMAC-SHA-1's output (RFC 4226 §4 R6).
	secretSize = 20
	// shortest is what is taken over from elsewhere: Auth0's own examples have 72 bits.
	shortest = 9
	// skew is how many steps before and after now are accepted (RFC 6238 §5.2).
	skew = 1
	// enrolling is how long the key of a pending authenticator is good for.
	enrolling = 30 * time.Minute
)

// Config is the setting of the factor. Authenticator apps agree on nothing but the
// defaults, so change them only where you hand out the app.
type Config struct {
	Digits    int           `koanf:"digits" doc:"length of a code, 6 or 8"`
	Period    time.Duration `koanf:"period" doc:"life of a code"`
	Algorithm string        `koanf:"algorithm" doc:"SHA1, SHA256 or SHA512"`
	// Issuer is the name that the app shows; empty: the name of the site.
	Issuer string `koanf:"issuer" doc:"name in the app; empty: the site's"`
}

// Defaults are what every authenticator app understands.
func Defaults() *Config { return &Config{Digits: 6, Period: 30 * time.Second, Algorithm: "SHA1"} }

// Open checks the settings.
func (c *Config) Open(env factors.Env) (factors.Factor, error) {
	k := key{Algorithm: c.Algorithm, Digits: c.Digits, Period: int64(c.Period / time.Second)}
	if err := k.check(); err != nil {
		return nil, err
	}
	issuer := c.Issuer
	if issuer == "" {
		issuer = env.Issuer
	}
	return &Factor{fresh: k, issuer: issuer}, nil
}

// Factor implements factors.Factor.
type Factor struct {
	fresh  key // parameters of a new key
	issuer string
}

// Info says that a code is something the person has, asked beside the first factor.
func (f *Factor) Info() factors.Info {
	return factors.Info{Second: true, Enrollable: true, Kinds: factors.Has, Order: 30, Words: words}
}

// key is the secret of an authenticator.
type key factors.TOTP

func (k key) check() error {
	switch {
	case k.Digits != 6 && k.Digits != 8:
		return fmt.Errorf("digits: %d; use 6 or 8", k.Digits)
	case k.Period < 15 || k.Period > 120:
		return fmt.Errorf("period: %ds; use 15s to 120s (SP 800-63B-4 §3.1.5 wants a new code at least every two minutes)", k.Period)
	}
	if _, err := k.algorithm(); err != nil {
		return err
	}
	return nil
}

func (k key) algorithm() (otp.Algorithm, error) {
	switch k.Algorithm {
	case "SHA1":
		return otp.AlgorithmSHA1, nil
	case "SHA256":
		return otp.AlgorithmSHA256, nil
	case "SHA512":
		return otp.AlgorithmSHA512, nil
	}
	return 0, fmt.Errorf("algorithm: %q; use SHA1, SHA256 or SHA512", k.Algorithm)
}

func (k key) text() string { return factors.TOTP(k).Text() }

var base32NoPadding = base32.StdEncoding.WithPadding(base32.NoPadding)

// at is the code of a time step, RFC 4226 §5.3.
func (k key) at(step int64) (string, error) {
	algorithm, err := k.algorithm()
	if err != nil {
		return "", err
	}
	return hotp.GenerateCodeCustom(k.text(), uint64(step), //nolint:gosec // steps since 1970 are positive
		hotp.ValidateOpts{Digits: otp.Digits(k.Digits), Algorithm: algorithm})
}

// Enroll makes a pending authenticator with a new key. The challenge's prompt shows
// the key as an otpauth address and in base32; its first code confirms it.
func (f *Factor) Enroll(_ context.Context, s factors.Subject, _ factors.Answer) (*factors.Authenticator, *factors.Challenge, error) {
	k := f.fresh
	k.Secret = make([]byte, secretSize)
	if _, err := rand.Read(k.Secret); err != nil {
		return nil, nil, fmt.Errorf("otp: new key: %w", err)
	}
	a, err := factors.TOTP(k).Authenticator(s.Now)
	if err != nil {
		return nil, nil, err
	}
	issuer := f.issuer
	if issuer == "" {
		issuer = s.Issuer
	}
	c := &factors.Challenge{
		Factor: factors.OTP, ExpiresAt: s.Now.Add(enrolling),
		Prompt: factors.Prompt{Kind: factors.PromptCode, Digits: k.Digits, Key: k.text(), URI: k.address(issuer, s.Username)},
	}
	return a, c, nil
}

// Import makes a confirmed authenticator of a key from elsewhere, in base32, with
// the parameters that every app uses.
func Import(secret string, now time.Time) (*factors.Authenticator, error) {
	text := strings.TrimRight(strings.ToUpper(strings.Join(strings.Fields(secret), "")), "=")
	raw, err := base32NoPadding.DecodeString(text)
	if err != nil || len(raw) < shortest {
		return nil, fmt.Errorf("one-time password key: not base32 of at least %d bits", shortest*8)
	}
	a, err := factors.TOTP{Secret: raw, Algorithm: "SHA1", Digits: 6, Period: 30}.Authenticator(now)
	if err != nil {
		return nil, err
	}
	a.ConfirmedAt = now
	return a, nil
}

// Import implements factors.Importer over answer["secret"].
func (f *Factor) Import(answer factors.Answer, now time.Time) (*factors.Authenticator, error) {
	return Import(answer["secret"], now)
}

// Challenge asks for a code. Nothing is sent: the app makes it.
func (f *Factor) Challenge(_ context.Context, s factors.Subject, a *factors.Authenticator) (*factors.Challenge, error) {
	c := &factors.Challenge{
		Factor: factors.OTP, ExpiresAt: s.Now.Add(time.Hour),
		Prompt: factors.Prompt{Kind: factors.PromptCode},
	}
	asked := s.Authenticators
	if a != nil {
		c.AuthenticatorID, asked = a.ID, []*factors.Authenticator{a}
	}
	for i, one := range asked {
		k, err := open(one)
		if err != nil {
			return nil, err
		}
		if i > 0 && k.Digits != c.Prompt.Digits {
			c.Prompt.Digits = 0 // the person has apps that show longer and shorter codes
			break
		}
		c.Prompt.Digits = k.Digits
	}
	return c, nil
}

func open(a *factors.Authenticator) (key, error) {
	var k key
	if err := json.Unmarshal(a.Secret, &k); err != nil {
		return k, fmt.Errorf("otp: stored key: %w", err)
	}
	if err := k.check(); err != nil {
		return k, fmt.Errorf("otp: stored key: %w", err)
	}
	return k, nil
}

// Verify checks answer["code"] against the steps around now and moves a.Counter to
// the step that fitted. Spaces and dashes in the code are passed over.
//
// Errors: factors.ErrWrong, factors.ErrSpent for the code of a step that is not later
// than the last accepted one, factors.ErrExpired.
func (f *Factor) Verify(_ context.Context, s factors.Subject, a *factors.Authenticator, c *factors.Challenge, answer factors.Answer) (*factors.Proof, error) {
	if a == nil || a.Factor != factors.OTP || c != nil && c.AuthenticatorID != "" && c.AuthenticatorID != a.ID {
		return nil, factors.ErrWrong
	}
	if c != nil && !s.Now.Before(c.ExpiresAt) {
		return nil, factors.ErrExpired
	}
	k, err := open(a)
	if err != nil {
		return nil, err
	}
	step, err := k.match(factors.Typed(answer["code"]), s.Now)
	if err != nil {
		return nil, err
	}
	if step <= a.Counter {
		return nil, factors.ErrSpent
	}
	a.Counter = step
	return &factors.Proof{
		Factor: factors.OTP, AuthenticatorID: a.ID, AMR: []string{"otp"}, Kinds: factors.Has, At: s.Now,
	}, nil
}

// match finds the latest step around now whose code is typed, in constant time over
// the steps.
func (k key) match(typed string, now time.Time) (int64, error) {
	found := int64(-1)
	for d := int64(-skew); d <= skew; d++ {
		step := now.Unix()/k.Period + d
		want, err := k.at(step)
		if err != nil {
			return 0, fmt.Errorf("otp: %w", err)
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(typed)) == 1 {
			found = step
		}
	}
	if found < 0 {
		return 0, factors.ErrWrong
	}
	return found, nil
}
