package webauthn

import (
	"errors"
	"testing"

	"github.com/descope/virtualwebauthn"

	"github.com/sallyport-id/sallyport/factors"
)

// FuzzVerify: whatever a browser sends, as a new key or as a signature, is refused as a
// wrong answer, and the record of a key stays as it was.
func FuzzVerify(f *testing.F) {
	f.Add(`{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"e30","authenticatorData":"AA","signature":"AA","userHandle":"AA"}}`)
	f.Add(`{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"e30","attestationObject":"oA"}}`)
	factor := open(f, Roaming())
	p := newPocket(virtualwebauthn.AuthenticatorOptions{})
	pending, created, err := factor.Enroll(f.Context(), subject(), nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(p.answer(f, site, pending, created)[fieldKey])
	key := enrolled(f, factor, p)
	asked, err := factor.Challenge(f.Context(), subject(key), key)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(p.answer(f, site, key, asked)[fieldKey])
	before := string(key.Secret)
	f.Fuzz(func(t *testing.T, text string) {
		a, c, err := factor.Enroll(t.Context(), subject(), nil)
		if err != nil {
			t.Fatal(err)
		}
		a.ID = "aut_1"
		if _, err := factor.Verify(t.Context(), subject(), a, c, factors.Answer{fieldKey: text}); !errors.Is(err, factors.ErrWrong) {
			t.Errorf("a new key %q: %v", text, err)
		}
		if c, err = factor.Challenge(t.Context(), subject(key), key); err != nil {
			t.Fatal(err)
		}
		if _, err := factor.Verify(t.Context(), subject(key), key, c, factors.Answer{fieldKey: text}); !errors.Is(err, factors.ErrWrong) || string(key.Secret) != before {
			t.Errorf("a signature %q: %v", text, err)
		}
	})
}
