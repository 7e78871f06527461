package factors

import (
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// A SentCode is what factors whose code travels to the person have in common.
type SentCode struct {
	Factor   string
	Digits   int
	Lifetime time.Duration
}

// Check reports settings that are out of range, by key and with the mend.
func (f SentCode) Check() error {
	switch {
	case f.Digits < 6 || f.Digits > 10:
		return fmt.Errorf("digits: %d; use 6 to 10", f.Digits)
	case f.Lifetime < 30*time.Second || f.Lifetime > 10*time.Minute:
		return fmt.Errorf("lifetime: %s; use 30s to 10m (SP 800-63B-4 §3.1.3.1 wants at most ten minutes)", f.Lifetime)
	}
	return nil
}

// Ask makes the challenge of a new code that goes to an address, shown is that
// address as a page may show it. An authenticator that is not confirmed yet is asked
// in order to enrol it.
func (f SentCode) Ask(s Subject, a *Authenticator, to, shown string) *Challenge {
	code := digits(f.Digits)
	m := &Message{
		Factor: f.Factor, To: to, Code: code, Purpose: PurposeVerify,
		Locale: s.Locale, Name: s.Name, Client: s.Client, Issuer: s.Issuer, Host: s.Host,
	}
	if a.ConfirmedAt.IsZero() {
		m.Purpose = PurposeEnroll
	}
	return &Challenge{
		Factor: f.Factor, AuthenticatorID: a.ID, ExpiresAt: s.Now.Add(f.Lifetime), State: []byte(code), Message: m,
		Prompt: Prompt{Kind: PromptCode, Digits: f.Digits, Destination: shown},
	}
}

// Verify checks answer["code"] in constant time and uses the code up.
//
// Errors: ErrWrong, ErrSpent, ErrExpired.
func (f SentCode) Verify(s Subject, a *Authenticator, c *Challenge, answer Answer) error {
	switch {
	case a == nil || c == nil || a.Factor != f.Factor || c.Factor != f.Factor || c.AuthenticatorID != a.ID:
		return ErrWrong
	case !s.Now.Before(c.ExpiresAt):
		return ErrExpired
	case len(c.State) == 0:
		return ErrSpent
	}
	if subtle.ConstantTimeCompare([]byte(Typed(answer["code"])), c.State) != 1 {
		return ErrWrong
	}
	c.State = nil
	return nil
}

// Typed is a code without what people type between its digits. It keeps everything else,
// so that a code with a letter in it stays wrong; what is too long for any code is empty.
func Typed(code string) string {
	if len(code) > 64 {
		return ""
	}
	return strings.NewReplacer(" ", "", "-", "", "\u00a0", "", "\t", "").Replace(code)
}

// digits is a number of n digits, each value as likely as any other.
func digits(n int) string {
	most := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
	v, err := rand.Int(rand.Reader, most)
	if err != nil {
		panic("factors: no random numbers: " + err.Error()) // crypto/rand ends the program itself
	}
	return fmt.Sprintf("%0*d", n, v)
}
