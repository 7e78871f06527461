package standin

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// vouched checks the Authorization of a push (RFC 8292): that it is for one of these
// origins, for a day at most, with an address to complain to, and made with the key
// that the subscription is restricted to. It returns the status of a refusal.
func vouched(header, key string, origins []string) (subject string, status int) {
	scheme, rest, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "vapid") {
		return "", http.StatusUnauthorized
	}
	given := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		given[name] = value
	}
	var claims jwt.RegisteredClaims
	_, err := jwt.ParseWithClaims(given["t"], &claims, func(*jwt.Token) (any, error) { return public(given["k"]) },
		jwt.WithValidMethods([]string{"ES256"}), jwt.WithExpirationRequired())
	switch {
	case err != nil, given["k"] != key,
		!slices.ContainsFunc(origins, func(o string) bool { return slices.Contains(claims.Audience, o) }),
		claims.ExpiresAt.After(time.Now().Add(24 * time.Hour)),
		!strings.HasPrefix(claims.Subject, "mailto:") && !strings.HasPrefix(claims.Subject, "https://"):
		return "", http.StatusForbidden
	}
	return claims.Subject, 0
}

// public reads an applicationServerKey: an uncompressed point of P-256 in base64url.
func public(key string) (*ecdsa.PublicKey, error) {
	b, err := base64.RawURLEncoding.DecodeString(key)
	if err != nil {
		return nil, errors.New("the key is no base64url")
	}
	return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), b)
}
