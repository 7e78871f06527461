package email

import (
	"context"
	"embed"
	"fmt"
	"time"

	"github.com/sallyport-id/sallyport/factors"
)

//go:embed locales
var words embed.FS

// Codes is the setting of the factor. Its messages go over the house's mail server.
type Codes struct {
	Digits   int           `doc:"length of a code, 6 to 10"`
	Lifetime time.Duration `doc:"how long a code works"`
	Rate     factors.Rate
}

// Defaults are six digits for five minutes, twenty messages to a person and one more
// each minute.
func Defaults() *Codes {
	return &Codes{Digits: 6, Lifetime: 5 * time.Minute, Rate: factors.Rate{Burst: 20, Period: time.Minute}}
}

// Open checks the settings.
func (c *Codes) Open(factors.Env) (factors.Factor, error) {
	f := &Factor{code: factors.SentCode{Factor: factors.Email, Digits: c.Digits, Lifetime: c.Lifetime}, rate: c.Rate}
	if err := f.code.Check(); err != nil {
		return nil, err
	}
	if err := c.Rate.Check(); err != nil {
		return nil, fmt.Errorf("rate.%w", err)
	}
	return f, nil
}

// Factor implements factors.Factor and factors.Implier. An authenticator's secret is
// its address, empty where that is whatever address is known to be the person's.
type Factor struct {
	code factors.SentCode
	rate factors.Rate
}

// Info says that a mailbox proves nothing beside the password that it can replace.
func (f *Factor) Info() factors.Info {
	return factors.Info{
		Second: true, Dependent: true, Sends: true, Rate: f.rate, Asks: "email",
		Kinds: factors.Has, Traits: factors.Weak, Order: 80, Words: words,
	}
}

// Implied is the address that is known to be the person's.
func (f *Factor) Implied(s factors.Subject) *factors.Authenticator {
	if s.Email == "" || !s.EmailVerified {
		return nil
	}
	return &factors.Authenticator{Factor: factors.Email, Label: masked(s.Email), CreatedAt: s.Now, ConfirmedAt: s.Now}
}

// Enroll makes a pending authenticator of answer["email"] and sends a code there.
//
// Errors: *factors.Rejection.
func (f *Factor) Enroll(ctx context.Context, s factors.Subject, answer factors.Answer) (*factors.Authenticator, *factors.Challenge, error) {
	to, err := parseAddress(answer["email"])
	if err != nil || to.Name != "" || len(to.Address) > 320 {
		return nil, nil, &factors.Rejection{Message: "email.invalid"}
	}
	a := &factors.Authenticator{Factor: factors.Email, Label: masked(to.Address), Secret: []byte(to.Address), CreatedAt: s.Now}
	c, err := f.Challenge(ctx, s, a)
	return a, c, err
}

// Import implements factors.Importer over answer["email"].
//
// Errors: *factors.Rejection.
func (f *Factor) Import(answer factors.Answer, now time.Time) (*factors.Authenticator, error) {
	to, err := parseAddress(answer["email"])
	if err != nil || to.Name != "" || len(to.Address) > 320 {
		return nil, &factors.Rejection{Message: "email.invalid"}
	}
	return &factors.Authenticator{
		Factor: factors.Email, Label: masked(to.Address), Secret: []byte(to.Address), CreatedAt: now, ConfirmedAt: now,
	}, nil
}

// Challenge sends a new code to the address of a, which has to be named.
func (f *Factor) Challenge(_ context.Context, s factors.Subject, a *factors.Authenticator) (*factors.Challenge, error) {
	if a == nil {
		return nil, factors.ErrUnsupported
	}
	to := f.Address(s, a)
	if to == "" {
		return nil, fmt.Errorf("email: %w: no address is known to be the person's", factors.ErrUnsupported)
	}
	return f.code.Ask(s, a, to, masked(to)), nil
}

// Address implements factors.Addressed.
func (f *Factor) Address(s factors.Subject, a *factors.Authenticator) string {
	if len(a.Secret) == 0 && s.EmailVerified {
		return s.Email
	}
	return string(a.Secret)
}

// Verify checks answer["code"].
//
// Errors: factors.ErrWrong, factors.ErrSpent, factors.ErrExpired.
func (f *Factor) Verify(_ context.Context, s factors.Subject, a *factors.Authenticator, c *factors.Challenge, answer factors.Answer) (*factors.Proof, error) {
	if err := f.code.Verify(s, a, c, answer); err != nil {
		return nil, err
	}
	// RFC 8176 has no name for it.
	return &factors.Proof{
		Factor: factors.Email, AuthenticatorID: a.ID, AMR: []string{"email"}, Kinds: factors.Has, Traits: factors.Weak, At: s.Now,
	}, nil
}

// masked shows the first letter of a mailbox, and where it is.
func masked(address string) string {
	local, domain := splitAddress(address)
	for _, first := range local {
		return string(first) + "•••@" + domain
	}
	return "•••@" + domain
}
