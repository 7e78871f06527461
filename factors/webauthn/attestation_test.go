package webauthn

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"
	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncbor"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/factors/factorstest"
)

// A maker builds keys and certifies each batch of them.
type maker struct {
	key, batchKey *ecdsa.PrivateKey
	root, batch   *x509.Certificate
	model         [16]byte
}

func newMaker(t *testing.T, change ...func(batch *x509.Certificate)) *maker {
	t.Helper()
	m := &maker{model: [16]byte{0x5a, 0x11, 15: 1}}
	m.key, m.batchKey = newSigner(t), newSigner(t)
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Key maker root"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: noon.AddDate(-10, 0, 0), NotAfter: time.Now().AddDate(10, 0, 0),
	}
	m.root = signed(t, root, root, m.key.Public(), m.key)
	model, err := asn1.Marshal(m.model[:])
	if err != nil {
		t.Fatal(err)
	}
	batch := &x509.Certificate{ // WebAuthn §8.2.1
		SerialNumber: big.NewInt(2), BasicConstraintsValid: true, NotBefore: root.NotBefore, NotAfter: root.NotAfter,
		Subject:         pkix.Name{Country: []string{"CH"}, Organization: []string{"Key maker"}, OrganizationalUnit: []string{"Authenticator Attestation"}, CommonName: "Batch 7"},
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 45724, 1, 1, 4}, Value: model}},
	}
	for _, f := range change {
		f(batch)
	}
	m.batch = signed(t, batch, m.root, m.batchKey.Public(), m.key)
	return m
}

func newSigner(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func signed(t *testing.T, c, parent *x509.Certificate, key crypto.PublicKey, by crypto.Signer) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key, by)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// file is the maker's root as an operator gets it.
func (m *maker) file(t *testing.T) string {
	t.Helper()
	return write(t, "CERTIFICATE", m.root.Raw)
}

func (m *maker) privateFile(t *testing.T) string {
	t.Helper()
	der, err := x509.MarshalECPrivateKey(m.key)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, "EC PRIVATE KEY", der)
}

func write(t *testing.T, kind string, der []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// trusting are the settings of who takes the keys of some makers for hardware.
func trusting(t *testing.T, list ...*maker) *Config {
	t.Helper()
	c := Roaming()
	c.Attestation = attestDirect
	for _, m := range list {
		c.AttestationRoots = append(c.AttestationRoots, m.file(t))
	}
	return c
}

// A statement is an attestation object in the making.
type statement struct {
	Format    string         `json:"fmt"`
	Statement map[string]any `json:"attStmt"`
	AuthData  []byte         `json:"authData"`
}

// attest has the maker say of a new key that it is one of theirs.
func (m *maker) attest(t *testing.T, credential string, change ...func(*statement)) string {
	t.Helper()
	var whole, response map[string]any
	unpack(t, []byte(credential), &whole)
	response, _ = whole["response"].(map[string]any)
	var s statement
	if err := webauthncbor.Unmarshal(raw(t, response["attestationObject"]), &s); err != nil {
		t.Fatal(err)
	}
	of := sha256.Sum256(raw(t, response["clientDataJSON"]))
	digest := sha256.Sum256(append(bytes.Clone(s.AuthData), of[:]...))
	signature, err := m.batchKey.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	s.Statement = map[string]any{"alg": -7, "sig": signature, "x5c": []any{m.batch.Raw}}
	for _, f := range change {
		f(&s)
	}
	object, err := webauthncbor.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	response["attestationObject"] = base64.RawURLEncoding.EncodeToString(object)
	b, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func unpack(t *testing.T, text []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

func raw(t *testing.T, text any) []byte {
	t.Helper()
	s, _ := text.(string)
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// bring enrols a key that the maker vouches for and signs with it. It returns the error
// of the first step that is refused.
func (m *maker) bring(t *testing.T, f *Factor, o virtualwebauthn.AuthenticatorOptions, change ...func(*statement)) (*factors.Authenticator, *factors.Proof, error) {
	t.Helper()
	p := newPocket(o)
	p.device.Aaguid = m.model
	a, c, err := f.Enroll(t.Context(), subject(), nil)
	if err != nil {
		t.Fatal(err)
	}
	a.ID, c.AuthenticatorID = "aut_1", "aut_1"
	first, err := f.Verify(t.Context(), subject(), a, c, factors.Answer{fieldKey: m.attest(t, p.answer(t, site, a, c)[fieldKey], change...)})
	if err != nil {
		return a, nil, err
	}
	a.ConfirmedAt = noon
	c, err = f.Challenge(t.Context(), subject(a), a)
	if err != nil {
		t.Fatal(err)
	}
	proof, err := f.Verify(t.Context(), subject(a), a, c, p.answer(t, site, a, c))
	if err == nil && (!slices.Equal(first.AMR, proof.AMR) || first.Traits != proof.Traits) {
		t.Errorf("enrolling proves %+v, signing %+v", first, proof)
	}
	return a, proof, err
}

// A key is hardware where its maker's certificate leads to a root that is trusted, and
// for as long as that is.
func TestAttestation(t *testing.T) {
	trusted, foreign := newMaker(t), newMaker(t)
	copied := virtualwebauthn.AuthenticatorOptions{BackupEligible: true, BackupState: true}
	const phr, phrh = factors.PhishingResistant, factors.PhishingResistant | factors.Hardware
	self := func(s *statement) { s.Format, s.Statement = "none", map[string]any{} }
	for name, c := range map[string]struct {
		by     *maker
		config *Config
		device virtualwebauthn.AuthenticatorOptions
		change func(*statement)
		amr    string
		traits factors.Trait
	}{
		"a trusted maker":                        {trusted, trusting(t, trusted), virtualwebauthn.AuthenticatorOptions{}, nil, "hwk", phrh},
		"one of several trusted makers":          {trusted, trusting(t, foreign, trusted), virtualwebauthn.AuthenticatorOptions{}, nil, "hwk", phrh},
		"a foreign maker":                        {foreign, trusting(t, trusted), virtualwebauthn.AuthenticatorOptions{}, nil, "pop", phr},
		"nobody is trusted":                      {trusted, trusting(t), virtualwebauthn.AuthenticatorOptions{}, nil, "pop", phr},
		"a maker, who was not asked":             {trusted, Roaming(), virtualwebauthn.AuthenticatorOptions{}, nil, "pop", phr},
		"a trusted maker, of a key with copies":  {trusted, trusting(t, trusted), copied, nil, "swk", phr},
		"a browser that does not tell the maker": {trusted, trusting(t, trusted), virtualwebauthn.AuthenticatorOptions{}, self, "pop", phr},
	} {
		f := open(t, c.config)
		var change []func(*statement)
		if c.change != nil {
			change = append(change, c.change)
		}
		a, proof, err := c.by.bring(t, f, c.device, change...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if proof.AMR[0] != c.amr || proof.Traits != c.traits || f.Grade(a) != c.traits {
			t.Errorf("%s: amr %v, traits %b, grade %b", name, proof.AMR, proof.Traits, f.Grade(a))
		}
		if model := recorded(t, a).Authenticator.AAGUID; !bytes.Equal(model, c.by.model[:]) {
			t.Errorf("%s: model %x", name, model)
		}
	}
}

// The word of a maker who is no longer trusted, or whose keys have got into software,
// counts for nothing from then on.
func TestAttestationWithdrawn(t *testing.T) {
	m := newMaker(t)
	a, _, err := m.bring(t, open(t, trusting(t, m)), virtualwebauthn.AuthenticatorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]*Config{"no root": trusting(t), "another root": trusting(t, newMaker(t)), "not asked": Roaming()} {
		if f := open(t, c); f.Grade(a) != factors.PhishingResistant {
			t.Errorf("%s: grade %b", name, f.Grade(a))
		}
	}
}

// What contradicts itself is refused, not taken for a key without attestation.
func TestAttestationForged(t *testing.T) {
	good := newMaker(t)
	past := func(c *x509.Certificate) { c.NotAfter = noon.AddDate(-1, 0, 0) }
	other := func(c *x509.Certificate) { c.ExtraExtensions[0].Value = append([]byte{4, 16}, make([]byte, 16)...) }
	for name, c := range map[string]struct {
		by     *maker
		change func(*statement)
	}{
		"an expired certificate":            {newMaker(t, past), nil},
		"a certificate of another model":    {newMaker(t, other), nil},
		"a certificate that is a root":      {newMaker(t, func(c *x509.Certificate) { c.IsCA = true }), nil},
		"a certificate of no authenticator": {newMaker(t, func(c *x509.Certificate) { c.Subject.OrganizationalUnit = nil }), nil},
		"a changed key":                     {good, func(s *statement) { s.AuthData[len(s.AuthData)-1] ^= 1 }},
		"a changed signature":               {good, func(s *statement) { sig, _ := s.Statement["sig"].([]byte); sig[len(sig)-1] ^= 1 }},
		"somebody's signature":              {good, func(s *statement) { s.Statement["x5c"] = []any{newMaker(t).batch.Raw} }},
		"a chain of nothing":                {good, func(s *statement) { s.Statement["x5c"] = []any{} }},
		"a chain of no certificates":        {good, func(s *statement) { s.Statement["x5c"] = []any{"x"} }},
		"an unknown format":                 {good, func(s *statement) { s.Format = "crystal" }},
		"a statement in the format none":    {good, func(s *statement) { s.Format = "none" }},
		"another format":                    {good, func(s *statement) { s.Format = "fido-u2f" }},
		"a self-signature with a borrowed chain": {good, func(s *statement) {
			s.Format, s.Statement = "android-safetynet", map[string]any{"ver": "1", "response": []byte("e30.e30."), "x5c": []any{good.batch.Raw}}
		}},
	} {
		a, _, err := c.by.bring(t, open(t, trusting(t, c.by)), virtualwebauthn.AuthenticatorOptions{}, func(s *statement) {
			if c.change != nil {
				c.change(s)
			}
		})
		if !errors.Is(err, factors.ErrWrong) || len(a.Secret) != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Only statements whose signature was checked with the certificates are vouched for,
// and certificates are good at their time.
func TestVouch(t *testing.T) {
	m := newMaker(t)
	trust, err := loadMakers([]string{m.file(t)})
	if err != nil {
		t.Fatal(err)
	}
	chip := newMaker(t)
	name := pkix.Extension{Id: subjectAltName, Critical: true, Value: []byte{0x30, 0x04, 0xa4, 0x02, 0x30, 0x00}} // one directoryName
	aik := signed(t, &x509.Certificate{SerialNumber: big.NewInt(3), NotBefore: noon, NotAfter: noon.AddDate(1, 0, 0), ExtraExtensions: []pkix.Extension{name}}, m.root, chip.key.Public(), m.key)
	for what, c := range map[string]struct {
		format string
		x5c    any
		at     time.Time
		want   bool
	}{
		"packed":                        {"packed", []any{m.batch.Raw}, noon, true},
		"with the root":                 {"packed", []any{m.batch.Raw, m.root.Raw}, noon, true},
		"the chip of a computer":        {"tpm", []any{aik.Raw}, noon, true},
		"the chip elsewhere":            {"packed", []any{aik.Raw}, noon, false},
		"after its time":                {"packed", []any{m.batch.Raw}, noon.AddDate(100, 0, 0), false},
		"a format that reads no chain":  {"android-safetynet", []any{m.batch.Raw}, noon, false},
		"several statements in one":     {"compound", []any{m.batch.Raw}, noon, false},
		"no certificate":                {"packed", []any{[]byte("x")}, noon, false},
		"a certificate that is no list": {"packed", m.batch.Raw, noon, false},
		"another maker":                 {"packed", []any{chip.batch.Raw, chip.root.Raw}, noon, false},
		"another, beside the right one": {"packed", []any{chip.batch.Raw, m.batch.Raw}, noon, false},
	} {
		got := trust.vouch(protocol.AttestationObject{Format: c.format, AttStatement: map[string]any{"x5c": c.x5c}}, c.at)
		if (got == fingerprint(m.root)) != c.want || !c.want && got != "" {
			t.Errorf("%s: %q", what, got)
		}
	}
}

// Where a maker is required, the person is told what is wrong with the key.
func TestAttestationRequired(t *testing.T) {
	m := newMaker(t)
	c := trusting(t, m)
	c.RequireAttestation = true
	f := open(t, c)
	if _, proof, err := m.bring(t, f, virtualwebauthn.AuthenticatorOptions{}); err != nil || proof.AMR[0] != "hwk" {
		t.Errorf("%+v, %v", proof, err)
	}
	var rejected *factors.Rejection
	a, _, err := newMaker(t).bring(t, f, virtualwebauthn.AuthenticatorOptions{})
	if !errors.As(err, &rejected) || rejected.Message != "webauthn.maker" || rejected.Field != "" || len(a.Secret) != 0 {
		t.Errorf("%v", err)
	}
	for _, lang := range []string{"en", "de", "es"} {
		if b, err := words.ReadFile("locales/" + lang + ".json"); err != nil || !strings.Contains(string(b), `"webauthn.maker"`) {
			t.Errorf("%s: no words for it (%v)", lang, err)
		}
	}
}

// With makers that are trusted the factor is the same as without.
func TestContractAttested(t *testing.T) {
	m := newMaker(t)
	p := newPocket(virtualwebauthn.AuthenticatorOptions{UserHandle: []byte("usr_1")})
	p.device.Aaguid = m.model
	factorstest.Run(t, factorstest.Subject{
		Config: trusting(t, m), Origin: site.Origin,
		Right: func(t *testing.T, a *factors.Authenticator, _, asked *factors.Challenge, _ time.Time) factors.Answer {
			t.Helper()
			answer := p.answer(t, site, a, asked)
			if a.ConfirmedAt.IsZero() {
				answer[fieldKey] = m.attest(t, answer[fieldKey])
			}
			return answer
		},
	})
}
