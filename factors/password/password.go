// Package password is the factor that a person knows.
//
// It keeps an argon2id hash (RFC 9106) as the authenticator's secret, accepts by the
// rules of NIST SP 800-63B-4 §3.1.1 (length and a block-list, no composition rules),
// and takes over bcrypt, scrypt, PBKDF2 and other argon2 hashes, which it replaces
// at the first successful sign-in. It knows nothing of users, pages or attempts.
package password

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"time"

	"github.com/sallyport-id/sallyport/factors"
)

//go:embed locales
var words embed.FS

// Config is the setting of the factor.
type Config struct {
	// MinLength is the least number of characters where the password is the only
	// factor; MinLengthWithSecond where another is always asked beside it.
	MinLength           int `koanf:"min_length" doc:"characters where the password is the only factor (NIST: 15)"`
	MinLengthWithSecond int `koanf:"min_length_with_second" doc:"characters where a second factor is always asked (NIST: 8)"`
	// Blocklist is a file with one refused password a line, beside the built-in list.
	Blocklist string `koanf:"blocklist" doc:"file of further refused passwords, one a line"`
	// Parallel is how many hashes are computed at once, each in 19 MiB; 0: one a
	// processor. Queue is how long a sign-in waits for its turn.
	Parallel int           `koanf:"parallel" doc:"password hashes computed at once; 0: one a processor"`
	Queue    time.Duration `koanf:"queue" doc:"longest wait for a free place"`
}

// Defaults are the recommended settings.
func Defaults() *Config {
	return &Config{MinLength: 15, MinLengthWithSecond: 8, Queue: 5 * time.Second}
}

// Open checks the settings and reads the block-lists.
func (c *Config) Open(env factors.Env) (factors.Factor, error) {
	switch {
	case c.MinLengthWithSecond < 8:
		return nil, fmt.Errorf("min_length_with_second: %d is too short; use 8 or more", c.MinLengthWithSecond)
	case c.MinLength < c.MinLengthWithSecond:
		return nil, fmt.Errorf("min_length: %d is less than min_length_with_second; use at least %d", c.MinLength, c.MinLengthWithSecond)
	case c.MinLength > maxLength:
		return nil, fmt.Errorf("min_length: %d; use %d or less", c.MinLength, maxLength)
	case c.Parallel < 0:
		return nil, fmt.Errorf("parallel: %d; use 0 for one a processor", c.Parallel)
	case c.Queue <= 0:
		return nil, fmt.Errorf("queue: %s; use a positive duration such as 5s", c.Queue)
	}
	list, err := openBlocklist(c.Blocklist)
	if err != nil {
		return nil, fmt.Errorf("blocklist: %w", err)
	}
	f := &Factor{config: *c, blocked: list, hasher: newHasher(c.Parallel, c.Queue), issuer: env.Issuer}
	if f.decoy, err = decoy(); err != nil {
		return nil, err
	}
	return f, nil
}

// Factor implements factors.Factor.
type Factor struct {
	config  Config
	blocked *blocklist
	hasher  *hasher
	issuer  string
	decoy   string
}

// Info says that a password opens a login and is something known.
func (f *Factor) Info() factors.Info {
	return factors.Info{First: true, Kinds: factors.Knows, Order: 100, Words: words}
}

// Enroll makes an authenticator of answer["password"]. It is confirmed at birth: who
// sets a password proves it by setting it.
//
// Errors: *factors.Rejection with password.too_short {Min}, password.too_long {Max},
// password.common, password.context; factors.ErrBusy.
func (f *Factor) Enroll(ctx context.Context, s factors.Subject, answer factors.Answer) (*factors.Authenticator, *factors.Challenge, error) {
	typed := answer["password"]
	if err := f.acceptable(s, typed); err != nil {
		return nil, nil, err
	}
	encoded, err := f.hasher.hash(ctx, normal(typed))
	if err != nil {
		return nil, nil, err
	}
	a := &factors.Authenticator{Factor: factors.Password, Secret: []byte(encoded), CreatedAt: s.Now, ConfirmedAt: s.Now}
	return a, nil, nil
}

// Import makes a confirmed authenticator of a hash from elsewhere: argon2, bcrypt,
// scrypt or PBKDF2 in PHC or modular crypt form. It replaces the hash by our own at
// the first successful sign-in.
func Import(encoded string, now time.Time) (*factors.Authenticator, error) {
	if _, err := decode(encoded); err != nil {
		return nil, fmt.Errorf("password hash: %w; give an argon2, bcrypt, scrypt or pbkdf2 hash", err)
	}
	return &factors.Authenticator{Factor: factors.Password, Secret: []byte(encoded), CreatedAt: now, ConfirmedAt: now}, nil
}

// Import implements factors.Importer over answer["hash"].
func (f *Factor) Import(answer factors.Answer, now time.Time) (*factors.Authenticator, error) {
	return Import(answer["hash"], now)
}

// Challenge asks for the password.
func (f *Factor) Challenge(_ context.Context, s factors.Subject, a *factors.Authenticator) (*factors.Challenge, error) {
	c := &factors.Challenge{
		Factor: factors.Password, Prompt: factors.Prompt{Kind: factors.PromptPassword}, ExpiresAt: s.Now.Add(time.Hour),
	}
	if a != nil {
		c.AuthenticatorID = a.ID
	}
	return c, nil
}

// Verify checks answer["password"] as a whole. After success with a hash that is not
// of today's parameters it puts a new one into a.Secret.
//
// Errors: factors.ErrWrong, factors.ErrExpired, factors.ErrBusy.
func (f *Factor) Verify(ctx context.Context, s factors.Subject, a *factors.Authenticator, c *factors.Challenge, answer factors.Answer) (*factors.Proof, error) {
	if a == nil || a.Factor != factors.Password || c != nil && c.AuthenticatorID != "" && c.AuthenticatorID != a.ID {
		return nil, factors.ErrWrong
	}
	if c != nil && !s.Now.Before(c.ExpiresAt) {
		return nil, factors.ErrExpired
	}
	fresh, err := f.hasher.check(ctx, string(a.Secret), answer["password"])
	if err != nil {
		return nil, err
	}
	if fresh != "" {
		a.Secret = []byte(fresh)
	}
	return &factors.Proof{
		Factor: factors.Password, AuthenticatorID: a.ID, AMR: []string{"pwd"}, Kinds: factors.Knows, At: s.Now,
	}, nil
}

// Decoy computes a hash as Verify would, for a name that nobody has.
func (f *Factor) Decoy(ctx context.Context, answer factors.Answer) error {
	if _, err := f.hasher.check(ctx, f.decoy, answer["password"]); err != nil && !errors.Is(err, factors.ErrWrong) {
		return err
	}
	return nil
}
