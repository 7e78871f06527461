// Package recovery is the set of ten codes that a person prints and keeps for the day
// the phone is gone: look-up secrets in the sense of NIST SP 800-63B-4 §3.1.2.
//
// A code has 80 random bits, or 120 where it was handed out alone (One). The set is kept as ten argon2id hashes with one salt, so
// that a check costs one hash whichever code is typed. Each code works once. A proof
// by code is weak: it lets a person through, and raises no acr by itself.
package recovery

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"embed"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/sallyport-id/sallyport/factors"
)

//go:embed locales
var words embed.FS

const (
	codeSize = 10 // bytes of chance in a code
	oneSize  = 15 // in one that is handed out alone: 24 characters, as in Auth0
	saltSize = 16
	// The cost of one check. The codes are random and long, so it need not be that of
	// a password (SP 800-63B-4 §3.1.2.2 wants a salted slow hash below 112 bits).
	memory, passes, lanes, hashSize = 8 << 10, 1, 1, 16
)

// alphabet is Crockford's base32: no I, L, O, U.
var alphabet = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// Config is the setting of the factor.
type Config struct {
	Codes int `koanf:"codes" doc:"codes in a set"`
}

// Defaults are ten codes.
func Defaults() *Config { return &Config{Codes: 10} }

// Open checks the settings.
func (c *Config) Open(factors.Env) (factors.Factor, error) {
	if c.Codes < 1 || c.Codes > 50 {
		return nil, fmt.Errorf("codes: %d; use 1 to 50", c.Codes)
	}
	return &Factor{codes: c.Codes}, nil
}

// Factor implements factors.Factor.
type Factor struct{ codes int }

// Info says that codes accompany another second factor and count as weak.
func (f *Factor) Info() factors.Info {
	return factors.Info{
		Second: true, Dependent: true, Companion: true, Kinds: factors.Has, Traits: factors.Weak, Order: 90, Words: words,
	}
}

// set is the secret of an authenticator: a used code's hash is removed.
type set struct {
	Salt   []byte   `json:"salt"`
	Hashes [][]byte `json:"hashes"`
}

// Enroll makes a new set, confirmed at birth. The challenge's prompt shows the codes,
// once; there is nothing to verify.
func (f *Factor) Enroll(_ context.Context, s factors.Subject, _ factors.Answer) (*factors.Authenticator, *factors.Challenge, error) {
	kept := set{Salt: make([]byte, saltSize)}
	_, _ = rand.Read(kept.Salt) // never fails (crypto/rand)
	shown := make([]string, f.codes)
	for i := range shown {
		raw := make([]byte, codeSize)
		_, _ = rand.Read(raw)
		text := alphabet.EncodeToString(raw)
		shown[i] = text[:4] + "-" + text[4:8] + "-" + text[8:12] + "-" + text[12:]
		kept.Hashes = append(kept.Hashes, kept.hash(text))
	}
	a := &factors.Authenticator{Factor: factors.RecoveryCode, CreatedAt: s.Now, ConfirmedAt: s.Now}
	if err := kept.put(a); err != nil {
		return nil, nil, err
	}
	c := &factors.Challenge{
		Factor: factors.RecoveryCode, ExpiresAt: s.Now.Add(time.Hour),
		Prompt: factors.Prompt{Kind: factors.PromptShow, Codes: shown},
	}
	return a, c, nil
}

// One adds a code of 24 characters to a, or makes a set that has no other.
func (f *Factor) One(s factors.Subject, a *factors.Authenticator) (*factors.Authenticator, string, error) {
	kept := set{Salt: make([]byte, saltSize)}
	if a == nil {
		_, _ = rand.Read(kept.Salt) // never fails (crypto/rand)
		a = &factors.Authenticator{Factor: factors.RecoveryCode, CreatedAt: s.Now, ConfirmedAt: s.Now}
	} else if err := json.Unmarshal(a.Secret, &kept); err != nil {
		return nil, "", fmt.Errorf("recovery: stored codes: %w", err)
	}
	raw := make([]byte, oneSize)
	_, _ = rand.Read(raw)
	text := alphabet.EncodeToString(raw)
	kept.Hashes = append(kept.Hashes, kept.hash(text))
	return a, text, kept.put(a)
}

func (k set) hash(text string) []byte {
	return argon2.IDKey([]byte(text), k.Salt, passes, memory, lanes, hashSize)
}

// put writes the set and the count that is left into a.
func (k set) put(a *factors.Authenticator) error {
	secret, err := json.Marshal(k)
	if err != nil {
		return fmt.Errorf("recovery: encode codes: %w", err)
	}
	a.Secret, a.Label = secret, strconv.Itoa(len(k.Hashes))
	return nil
}

// Left is how many codes of a are still good.
func Left(a *factors.Authenticator) int {
	var k set
	if json.Unmarshal(a.Secret, &k) != nil {
		return 0
	}
	return len(k.Hashes)
}

// Challenge asks for a code.
func (f *Factor) Challenge(_ context.Context, s factors.Subject, a *factors.Authenticator) (*factors.Challenge, error) {
	c := &factors.Challenge{Factor: factors.RecoveryCode, Prompt: factors.Prompt{Kind: factors.PromptCode}, ExpiresAt: s.Now.Add(time.Hour)}
	if a != nil {
		c.AuthenticatorID = a.ID
	}
	return c, nil
}

// Verify checks answer["code"] and strikes it off. Case, spaces and dashes do not
// matter, nor O for 0 and I or L for 1. A used code is as wrong as any other: nothing
// is kept of it.
//
// Errors: factors.ErrWrong, factors.ErrExpired.
func (f *Factor) Verify(_ context.Context, s factors.Subject, a *factors.Authenticator, c *factors.Challenge, answer factors.Answer) (*factors.Proof, error) {
	if a == nil || a.Factor != factors.RecoveryCode || c != nil && c.AuthenticatorID != "" && c.AuthenticatorID != a.ID {
		return nil, factors.ErrWrong
	}
	if c != nil && !s.Now.Before(c.ExpiresAt) {
		return nil, factors.ErrExpired
	}
	var k set
	if err := json.Unmarshal(a.Secret, &k); err != nil {
		return nil, fmt.Errorf("recovery: stored codes: %w", err)
	}
	text := clean(answer["code"])
	if n := len(text); n != alphabet.EncodedLen(codeSize) && n != alphabet.EncodedLen(oneSize) {
		return nil, factors.ErrWrong
	}
	typed, at := k.hash(text), -1
	for i, one := range k.Hashes {
		if subtle.ConstantTimeCompare(one, typed) == 1 {
			at = i
		}
	}
	if at < 0 {
		return nil, factors.ErrWrong
	}
	k.Hashes = append(k.Hashes[:at:at], k.Hashes[at+1:]...)
	if err := k.put(a); err != nil {
		return nil, err
	}
	return &factors.Proof{
		Factor: factors.RecoveryCode, AuthenticatorID: a.ID, AMR: []string{"rc"}, Kinds: factors.Has, Traits: factors.Weak, At: s.Now,
	}, nil
}

// clean brings a typed code into the form that is hashed; what is not of the alphabet
// makes it empty.
func clean(typed string) string {
	if len(typed) > 64 {
		return ""
	}
	text := strings.NewReplacer(" ", "", "-", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(typed))
	for _, r := range text {
		if !strings.ContainsRune("0123456789ABCDEFGHJKMNPQRSTVWXYZ", r) {
			return ""
		}
	}
	return text
}
