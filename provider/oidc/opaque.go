package oidc

import (
	"crypto/hmac"
	"crypto/rand"
	"encoding/base64"
	"strings"

	"github.com/sallyport-id/sallyport/storage"
)

// Opaque tokens are a prefix that names their kind, 256 random bits and a keyed check
// of 32 bits over both. The check costs a stranger's guess a hash of ours instead of
// a read; it is no part of the security. What is stored is a keyed hash, so that the
// table helps nobody to make or to recognise a token (hole 17).
const (
	codePrefix    = "ac_"
	accessPrefix  = "at_"
	refreshPrefix = "rt_"

	randomBytes = 32
	checkBytes  = 4
)

var b64 = base64.RawURLEncoding

// mint makes a new token of a kind.
func mint(db *storage.DB, prefix string) string {
	raw := make([]byte, randomBytes, randomBytes+checkBytes)
	_, _ = rand.Read(raw) // never fails (crypto/rand)
	return prefix + b64.EncodeToString(append(raw, check(db, prefix, raw)...))
}

// genuine reports whether we made token as one of that kind, at some time.
func genuine(db *storage.DB, prefix, token string) bool {
	text, ok := strings.CutPrefix(token, prefix)
	if !ok || len(text) != b64.EncodedLen(randomBytes+checkBytes) {
		return false
	}
	raw, err := b64.DecodeString(text)
	if err != nil || b64.EncodeToString(raw) != text {
		return false
	}
	return hmac.Equal(raw[randomBytes:], check(db, prefix, raw[:randomBytes]))
}

func check(db *storage.DB, prefix string, raw []byte) []byte {
	return db.MAC("token:"+prefix, raw)[:checkBytes]
}

// keyOf is how the table knows a token.
func keyOf(db *storage.DB, token string) []byte { return db.Hash("token", token) }

// keyOfJWT is how the table knows a JWT access token, by its jti.
func keyOfJWT(db *storage.DB, jti string) []byte { return db.Hash("jti", jti) }
