package resource

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"

	"github.com/go-jose/go-jose/v4"
)

// fits says for each algorithm which keys it may be checked by (RFC 7518 §3.1, RFC 8037
// §3.1). What is not in it (none, HS256) is not taken, whatever the configuration.
var fits = map[string]func(key any) bool{
	"RS256": isRSA, "RS384": isRSA, "RS512": isRSA,
	"PS256": isRSA, "PS384": isRSA, "PS512": isRSA,
	"ES256": onCurve(elliptic.P256()), "ES384": onCurve(elliptic.P384()), "ES512": onCurve(elliptic.P521()),
	"EdDSA": func(key any) bool { _, ok := key.(ed25519.PublicKey); return ok },
}

func isRSA(key any) bool {
	k, ok := key.(*rsa.PublicKey)
	return ok && k.N.BitLen() >= 2048 // RFC 7518 §3.3
}

func onCurve(curve elliptic.Curve) func(any) bool {
	return func(key any) bool {
		k, ok := key.(*ecdsa.PublicKey)
		return ok && k.Curve == curve
	}
}

// pick returns the one key of set for kid and alg, nil where there is none or no
// telling which. A token without a kid is fine where just one key fits.
func pick(set []jose.JSONWebKey, kid, alg string) *jose.JSONWebKey {
	var found *jose.JSONWebKey
	for i := range set {
		key := &set[i]
		if kid != "" && key.KeyID != kid || !signs(key, alg) {
			continue
		}
		if found != nil {
			return nil
		}
		found = key
	}
	return found
}

// signs reports whether key is for signatures by alg.
func signs(key *jose.JSONWebKey, alg string) bool {
	fit := fits[alg]
	return fit != nil && fit(key.Key) && (key.Use == "" || key.Use == "sig") && (key.Algorithm == "" || key.Algorithm == alg)
}
