package oidc

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net/url"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/sallyport-id/sallyport/storage"
)

// certificateLife is longer than any key is believed.
const certificateLife = 20 * 365 * 24 * time.Hour

// certificate wraps a public key for libraries that take keys as certificates only. Nobody
// vouches for it: it is signed by the key itself. It is not kept, because it is the same
// wherever and whenever it is made: these signatures need no randomness (RFC 8017 §8.2,
// RFC 6979, RFC 8032).
func certificate(issuer string, row *storage.SigningKey, key crypto.Signer) ([]byte, error) {
	name := issuer
	if u, err := url.Parse(issuer); err == nil && u.Host != "" {
		name = u.Hostname()
	}
	serial := sha256.Sum256([]byte(row.ID))
	serial[0] &= 0x7f // positive, in at most 20 octets (RFC 5280 §4.1.2.2)
	template := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(serial[:20]), Subject: pkix.Name{CommonName: name},
		NotBefore: row.CreatedAt.UTC().Truncate(time.Second), NotAfter: row.CreatedAt.UTC().Truncate(time.Second).Add(certificateLife),
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(nil, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("oidc: certificate of key %s: %w", row.ID, err)
	}
	return der, nil
}

// certify gives the key its certificate in the key set. Only RS256 has one there: who knows
// the other algorithms reads keys as keys.
func (k *ringKey) certify(issuer string) error {
	if k.Alg != string(jose.RS256) {
		return nil
	}
	der, err := certificate(issuer, k.SigningKey, k.private)
	if err != nil {
		return err
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		return fmt.Errorf("oidc: certificate of key %s: %w", k.ID, err)
	}
	k.public.Certificates = []*x509.Certificate{parsed}
	return nil
}

// KeyCertificate is the certificate of a signing key, in DER.
func (p *Provider) KeyCertificate(row *storage.SigningKey) ([]byte, error) {
	key, err := openKey(row)
	if err != nil {
		return nil, err
	}
	return certificate(p.issuer, row, key.private)
}
