package webauthn

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"testing"

	"github.com/descope/virtualwebauthn"

	"github.com/sallyport-id/sallyport/factors"
)

// TestImport_SignsIn: a key that an administrator vouched for is one that its holder signs
// in with.
func TestImport_SignsIn(t *testing.T) {
	f, err := Roaming().Open(env)
	if err != nil {
		t.Fatal(err)
	}
	key := newKey()
	a, err := f.(factors.Importer).Import(factors.Answer{
		"key_id":     base64.URLEncoding.EncodeToString(key.ID),
		"public_key": base64.StdEncoding.EncodeToString(key.Key.AttestationData()), "rp_id": site.ID,
	}, noon)
	if err != nil {
		t.Fatal(err)
	}
	a.ID, a.UserID = "aut_1", "usr_1"
	s := factors.Subject{UserID: "usr_1", Username: "eve", Authenticators: []*factors.Authenticator{a}, Now: noon}
	asked, err := f.Challenge(t.Context(), s, a)
	if err != nil {
		t.Fatal(err)
	}
	p := &pocket{device: virtualwebauthn.NewAuthenticator(), keys: map[*factors.Authenticator]virtualwebauthn.Credential{a: key}}
	p.device.Options.UserHandle = []byte("usr_1")
	p.device.AddCredential(key)
	if proof, err := f.Verify(t.Context(), s, a, asked, p.answer(t, site, a, asked)); err != nil || proof.AuthenticatorID != a.ID {
		t.Errorf("%+v, %v", proof, err)
	}
}

func TestImport_Refusals(t *testing.T) {
	f, err := Roaming().Open(env)
	if err != nil {
		t.Fatal(err)
	}
	id := base64.RawURLEncoding.EncodeToString([]byte("0123456789abcdef"))
	for name, one := range map[string]struct {
		answer factors.Answer
		good   bool
	}{
		"P-256 in PEM": {factors.Answer{"key_id": id, "public_key": inPEM(t, elliptic.P256())}, true},
		"P-384 in PEM": {factors.Answer{"key_id": id, "public_key": inPEM(t, elliptic.P384())}, false},
		"another site": {factors.Answer{"key_id": id, "public_key": inPEM(t, elliptic.P256()), "rp_id": "other.org"}, false},
		"no key":       {factors.Answer{"key_id": id}, false},
		"no id":        {factors.Answer{"public_key": inPEM(t, elliptic.P256())}, false},
		"garbage":      {factors.Answer{"key_id": id, "public_key": "AAAA"}, false},
	} {
		_, err := f.(factors.Importer).Import(one.answer, noon)
		if (err == nil) != one.good || err != nil && !errors.Is(err, factors.ErrWrong) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func inPEM(t *testing.T, curve elliptic.Curve) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}
