package webauthn

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/factors/factorstest"
)

var (
	site = virtualwebauthn.RelyingParty{ID: "id.example.com", Name: "Sallyport", Origin: "https://id.example.com"}
	noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	env  = factors.Env{Issuer: "Sallyport", Origin: site.Origin}
)

// A pocket has a key for each authenticator that was enrolled.
type pocket struct {
	device virtualwebauthn.Authenticator
	keys   map[*factors.Authenticator]virtualwebauthn.Credential
}

func (p *pocket) answer(t testing.TB, rp virtualwebauthn.RelyingParty, a *factors.Authenticator, asked *factors.Challenge) factors.Answer {
	t.Helper()
	options := `{"publicKey":` + asked.Prompt.Options + `}`
	if a.ConfirmedAt.IsZero() {
		o, err := virtualwebauthn.ParseAttestationOptions(options)
		if err != nil {
			t.Fatal(err)
		}
		key := newKey()
		p.keys[a] = key
		return factors.Answer{"credential": virtualwebauthn.CreateAttestationResponse(rp, p.device, key, *o)}
	}
	o, err := virtualwebauthn.ParseAssertionOptions(options)
	if err != nil {
		t.Fatal(err)
	}
	key := p.keys[a]
	key.Counter++
	p.keys[a] = key
	return factors.Answer{"credential": virtualwebauthn.CreateAssertionResponse(rp, p.device, key, *o)}
}

// newKey makes a key whose coordinates need all their bytes: of others the virtual
// authenticator leaves the zeros away.
func newKey() virtualwebauthn.Credential {
	const whole = 77 // RFC 9053 §7.1.1: a map of five, with two strings of 32 bytes
	for {
		if key := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2); len(key.Key.AttestationData()) == whole {
			return key
		}
	}
}

func newPocket(o virtualwebauthn.AuthenticatorOptions) *pocket {
	return &pocket{device: virtualwebauthn.NewAuthenticatorWithOptions(o), keys: map[*factors.Authenticator]virtualwebauthn.Credential{}}
}

func TestContract(t *testing.T) {
	for name, config := range map[string]*Config{"roaming": Roaming(), "platform": Platform()} {
		t.Run(name, func(t *testing.T) {
			p := newPocket(virtualwebauthn.AuthenticatorOptions{UserHandle: []byte("usr_1")})
			factorstest.Run(t, factorstest.Subject{
				Config: config, Origin: site.Origin,
				Right: func(t *testing.T, a *factors.Authenticator, _, asked *factors.Challenge, _ time.Time) factors.Answer {
					t.Helper()
					return p.answer(t, site, a, asked)
				},
			})
		})
	}
}

func subject(list ...*factors.Authenticator) factors.Subject {
	return factors.Subject{UserID: "usr_1", Username: "anna", Now: noon, Authenticators: list}
}

func open(t testing.TB, c *Config) *Factor {
	t.Helper()
	f, err := c.Open(env)
	if err != nil {
		t.Fatal(err)
	}
	return f.(*Factor)
}

// enrolled is a confirmed authenticator of a device.
func enrolled(t testing.TB, f *Factor, p *pocket, extra ...string) *factors.Authenticator {
	t.Helper()
	a, c, err := f.Enroll(t.Context(), subject(), nil)
	if err != nil {
		t.Fatal(err)
	}
	a.ID, c.AuthenticatorID = "aut_1", "aut_1"
	answer := p.answer(t, site, a, c)
	for i := 0; i+1 < len(extra); i += 2 {
		answer[extra[i]] = extra[i+1]
	}
	if _, err := f.Verify(t.Context(), subject(), a, c, answer); err != nil {
		t.Fatal(err)
	}
	a.ConfirmedAt = noon
	return a
}

// What a key is, and whether it knew its holder, is what the proof says.
func TestAMR(t *testing.T) {
	for name, c := range map[string]struct {
		device virtualwebauthn.AuthenticatorOptions
		amr    []string
		kinds  factors.Kind
	}{
		"touched":           {virtualwebauthn.AuthenticatorOptions{UserNotVerified: true}, []string{"pop", "user"}, factors.Has},
		"verified":          {virtualwebauthn.AuthenticatorOptions{}, []string{"pop", "user"}, factors.Has | factors.Is},
		"synced, verified":  {virtualwebauthn.AuthenticatorOptions{BackupEligible: true, BackupState: true}, []string{"swk", "user"}, factors.Has | factors.Is},
		"may be synced yet": {virtualwebauthn.AuthenticatorOptions{BackupEligible: true, UserNotVerified: true}, []string{"swk", "user"}, factors.Has},
	} {
		f, p := open(t, Roaming()), newPocket(c.device)
		a := enrolled(t, f, p)
		asked, err := f.Challenge(t.Context(), subject(a), a)
		if err != nil {
			t.Fatal(err)
		}
		proof, err := f.Verify(t.Context(), subject(a), a, asked, p.answer(t, site, a, asked))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !slices.Equal(proof.AMR, c.amr) || proof.Kinds != c.kinds || proof.Traits != factors.PhishingResistant {
			t.Errorf("%s: %+v", name, proof)
		}
		if flags := recorded(t, a).Flags; flags.BackupEligible != c.device.BackupEligible || flags.BackupState != c.device.BackupState || a.Counter == 0 {
			t.Errorf("%s: record %+v, counter %d", name, flags, a.Counter)
		}
	}
}

func TestRefused(t *testing.T) {
	f, p := open(t, Platform()), newPocket(virtualwebauthn.AuthenticatorOptions{})
	a := enrolled(t, f, p)
	ask := func() *factors.Challenge {
		c, err := f.Challenge(t.Context(), subject(a), a)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	elsewhere, cousin := site, site
	elsewhere.Origin, cousin.ID = "https://id.example.com.evil.example", "evil.example"
	for name, answer := range map[string]func(*factors.Challenge) factors.Answer{
		"of another site":        func(c *factors.Challenge) factors.Answer { return p.answer(t, elsewhere, a, c) },
		"for another domain":     func(c *factors.Challenge) factors.Answer { return p.answer(t, cousin, a, c) },
		"to another challenge":   func(*factors.Challenge) factors.Answer { return p.answer(t, site, a, ask()) },
		"of another key":         func(c *factors.Challenge) factors.Answer { return forged(t, p, a, c) },
		"with no verification":   func(c *factors.Challenge) factors.Answer { return lazy(p).answer(t, site, a, c) },
		"of a counter gone back": func(c *factors.Challenge) factors.Answer { return old(p, a).answer(t, site, a, c) },
		"that is no JSON":        func(*factors.Challenge) factors.Answer { return factors.Answer{"credential": "{"} },
		"that is too long": func(*factors.Challenge) factors.Answer {
			return factors.Answer{"credential": strings.Repeat("x", 1<<20)}
		},
	} {
		c := ask()
		a.Counter, _ = 7, a
		key := recorded(t, a)
		key.Authenticator.SignCount = 7
		if err := key.keep(a); err != nil {
			t.Fatal(err)
		}
		before := string(a.Secret)
		if proof, err := f.Verify(t.Context(), subject(a), a, c, answer(c)); !errors.Is(err, factors.ErrWrong) || proof != nil {
			t.Errorf("an answer %s: %v, %v", name, proof, err)
		}
		if string(a.Secret) != before {
			t.Errorf("an answer %s changed the record", name)
		}
	}
}

func recorded(t *testing.T, a *factors.Authenticator) *record {
	t.Helper()
	r, err := read(a)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// forged signs with a key of its own under the id of a's.
func forged(t *testing.T, p *pocket, a *factors.Authenticator, c *factors.Challenge) factors.Answer {
	t.Helper()
	other := newKey()
	other.ID = p.keys[a].ID
	other.Counter = 100
	thief := newPocket(p.device.Options)
	thief.keys[a] = other
	return thief.answer(t, site, a, c)
}

func lazy(p *pocket) *pocket {
	q := newPocket(virtualwebauthn.AuthenticatorOptions{UserNotVerified: true})
	for a, k := range p.keys {
		k.Counter = 100
		q.keys[a] = k
	}
	return q
}

func old(p *pocket, a *factors.Authenticator) *pocket {
	q := newPocket(p.device.Options)
	k := p.keys[a]
	k.Counter = 2
	q.keys[a] = k
	return q
}

func TestDiscover(t *testing.T) {
	f := open(t, Roaming())
	p := newPocket(virtualwebauthn.AuthenticatorOptions{UserHandle: []byte("usr_1")})
	a := enrolled(t, f, p)
	c, err := f.Discover(factors.Subject{Now: noon})
	if err != nil || strings.Contains(c.Prompt.Options, "allowCredentials") || !strings.Contains(c.Prompt.Options, `"userVerification":"required"`) {
		t.Fatalf("%+v, %v", c, err)
	}
	answer := p.answer(t, site, a, c)
	if f.Handle(answer) != a.Handle {
		t.Errorf("handle %q, want %q", f.Handle(answer), a.Handle)
	}
	foreign := subject(a)
	foreign.UserID = "usr_2"
	again := *c
	if _, err := f.Verify(t.Context(), foreign, a, &again, answer); !errors.Is(err, factors.ErrWrong) {
		t.Errorf("the key of usr_1 for usr_2: %v", err)
	}
	if proof, err := f.Verify(t.Context(), subject(a), a, c, answer); err != nil || proof.Kinds != factors.Has|factors.Is {
		t.Errorf("%+v, %v", proof, err)
	}
}

// Row 52: several keys, each with a name.
func TestRow52_Labels(t *testing.T) {
	f := open(t, Roaming())
	for label, ok := range map[string]bool{"Blue key": true, "": false, "x": false, strings.Repeat("é", 50): true, strings.Repeat("é", 51): false, "a\nb": false} {
		p := newPocket(virtualwebauthn.AuthenticatorOptions{})
		a, c, err := f.Enroll(t.Context(), subject(), nil)
		if err != nil {
			t.Fatal(err)
		}
		answer := p.answer(t, site, a, c)
		answer["label"] = label
		_, err = f.Verify(t.Context(), subject(), a, c, answer)
		var rejected *factors.Rejection
		if ok != (err == nil) || !ok && !errors.As(err, &rejected) || ok && a.Label != label {
			t.Errorf("%q: %v, called %q", label, err, a.Label)
		}
	}
	p := newPocket(virtualwebauthn.AuthenticatorOptions{})
	first := enrolled(t, f, p, "label", "First")
	_, c, err := f.Enroll(t.Context(), subject(first), nil)
	if err != nil || !strings.Contains(c.Prompt.Options, first.Handle) {
		t.Errorf("the key that is enrolled is not excluded: %v", err)
	}
}
