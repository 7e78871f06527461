package oidc_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// A maker builds keys, and certifies that they are its own.
type maker struct {
	root  string // file
	batch []byte // certificate
	key   *ecdsa.PrivateKey
}

func newMaker(t *testing.T) *maker {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	m := &maker{root: filepath.Join(t.TempDir(), "root.pem")}
	m.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Key maker"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().AddDate(-10, 0, 0), NotAfter: time.Now().AddDate(10, 0, 0),
	}
	batch := &x509.Certificate{ // WebAuthn §8.2.1
		SerialNumber: big.NewInt(2), BasicConstraintsValid: true, NotBefore: root.NotBefore, NotAfter: root.NotAfter,
		Subject: pkix.Name{Country: []string{"CH"}, Organization: []string{"Key maker"}, OrganizationalUnit: []string{"Authenticator Attestation"}, CommonName: "Batch 7"},
	}
	der, err := x509.CreateCertificate(rand.Reader, root, root, rootKey.Public(), rootKey)
	must(err)
	must(os.WriteFile(m.root, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	m.batch, err = x509.CreateCertificate(rand.Reader, batch, root, m.key.Public(), rootKey)
	must(err)
	return m
}

// vouch is the maker's statement about a new key, in the format packed.
func (m *maker) vouch(signed []byte) []byte {
	digest := sha256.Sum256(signed)
	signature, err := ecdsa.SignASN1(rand.Reader, m.key, digest[:])
	if err != nil {
		panic(err) // a mistake of the test
	}
	return slices.Concat(cborText("fmt"), cborText("packed"), cborText("attStmt"), []byte{0xa3},
		cborText("alg"), []byte{0x26}, cborText("sig"), cborBytes(signature), cborText("x5c"), []byte{0x81}, cborBytes(m.batch))
}
