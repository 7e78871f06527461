package webauthn

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
)

// Whether a new key is asked who made it.
const (
	attestNone   = "none"
	attestDirect = "direct"
)

// makers are the trust anchors by which makers of keys are known.
type makers struct {
	pool  *x509.CertPool
	known map[string]bool // by fingerprint
}

// loadMakers reads files of certificates in PEM.
func loadMakers(files []string) (makers, error) {
	m := makers{pool: x509.NewCertPool(), known: map[string]bool{}}
	for _, file := range files {
		text, err := os.ReadFile(filepath.Clean(file))
		if err != nil {
			return m, fmt.Errorf("attestation_roots: %w; name files that this process can read", err)
		}
		before := len(m.known)
		for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
			cert, err := x509.ParseCertificate(block.Bytes)
			if err != nil || block.Type != "CERTIFICATE" {
				return m, fmt.Errorf("attestation_roots: %s holds something else than certificates; leave only those in it", file)
			}
			m.pool.AddCert(cert)
			m.known[fingerprint(cert)] = true
		}
		if len(m.known) == before {
			return m, fmt.Errorf("attestation_roots: %s holds no certificate that is not given before; give the maker's root in PEM", file)
		}
	}
	return m, nil
}

func fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}

// certified are the statement formats whose signature the library checked with the
// first certificate of x5c (WebAuthn §8). In others such a member would be decoration.
var certified = []protocol.AttestationFormat{
	protocol.AttestationFormatPacked, protocol.AttestationFormatTPM, protocol.AttestationFormatAndroidKey,
	protocol.AttestationFormatApple, protocol.AttestationFormatFIDOUniversalSecondFactor,
}

// vouch is the fingerprint of the anchor that the certificates of a verified statement
// lead to (WebAuthn §7.1 step 23), "" where they lead to none.
func (m makers) vouch(o protocol.AttestationObject, at time.Time) string {
	format := protocol.AttestationFormat(o.Format)
	x5c, _ := o.AttStatement["x5c"].([]any)
	if len(m.known) == 0 || len(x5c) == 0 || !slices.Contains(certified, format) {
		return ""
	}
	path := make([]*x509.Certificate, len(x5c))
	between := x509.NewCertPool()
	for i, one := range x5c {
		der, _ := one.([]byte)
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return ""
		}
		path[i] = cert
		if i > 0 {
			between.AddCert(cert)
		}
	}
	leaf := path[0]
	if format == protocol.AttestationFormatTPM {
		// The chip's name stands in a critical extension that the library has read.
		leaf.UnhandledCriticalExtensions = slices.DeleteFunc(leaf.UnhandledCriticalExtensions, subjectAltName.Equal)
	}
	chains, err := leaf.Verify(x509.VerifyOptions{
		Roots: m.pool, Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return ""
	}
	return fingerprint(chains[0][len(chains[0])-1])
}

var subjectAltName = asn1.ObjectIdentifier{2, 5, 29, 17}
