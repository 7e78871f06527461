package webauthn

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/sallyport-id/sallyport/factors"
)

// Import implements factors.Importer over answer["key_id"], base64 of the credential's id,
// answer["public_key"], a COSE key in base64 or a P-256 key in PEM, and answer["rp_id"],
// the domain that the key was made for: it has to be ours. answer["device_type"] is
// multi_device where the key is synced, single_device where it is not: a key that says
// otherwise when it is used is refused.
func (f *Factor) Import(answer factors.Answer, now time.Time) (*factors.Authenticator, error) {
	if err := f.ready(); err != nil {
		return nil, err
	}
	if id := answer["rp_id"]; id != "" && id != f.rp.Config.RPID {
		return nil, &factors.Rejection{Message: "webauthn.rp_id", Data: map[string]any{"RPID": f.rp.Config.RPID}}
	}
	id, key := octets(answer["key_id"]), coseKey(answer["public_key"])
	if len(id) < 16 || len(id) > 1023 || key == nil { // WebAuthn Level 3 §4, "Credential ID"
		return nil, &factors.Rejection{Message: "webauthn.invalid"}
	}
	r := &record{Credential: webauthn.Credential{ID: id, PublicKey: key, AttestationType: "none"}}
	r.Flags.BackupEligible = answer["device_type"] == "multi_device"
	r.Flags.BackupState = r.Flags.BackupEligible
	a := &factors.Authenticator{Factor: f.kind.factor, Label: f.kind.label, CreatedAt: now, ConfirmedAt: now}
	return a, r.keep(a)
}

// octets reads base64 of either alphabet, with padding or without; nil where it is none.
func octets(text string) []byte {
	text = strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(strings.TrimSpace(text))
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	return b
}

// coseKey is a public key as it is kept (RFC 9052 §7), nil where it is none that we check
// signatures with.
func coseKey(text string) []byte {
	raw := octets(text)
	if block, _ := pem.Decode([]byte(text)); block != nil {
		parsed, _ := x509.ParsePKIXPublicKey(block.Bytes) // nil where it is none
		key, ok := parsed.(*ecdsa.PublicKey)
		if !ok || key.Curve != elliptic.P256() {
			return nil
		}
		point, err := key.Bytes()
		if err != nil {
			return nil
		}
		raw, err = webauthncbor.Marshal(webauthncose.EC2PublicKeyData{
			PublicKeyData: webauthncose.PublicKeyData{KeyType: int64(webauthncose.EllipticKey), Algorithm: int64(webauthncose.AlgES256)},
			Curve:         int64(webauthncose.P256), XCoord: point[1:33], YCoord: point[33:],
		})
		if err != nil {
			return nil
		}
	}
	if _, err := webauthncose.ParsePublicKey(raw); err != nil {
		return nil
	}
	return raw
}
