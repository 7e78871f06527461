package oidc

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/sallyport-id/sallyport/storage"
)

const (
	assertionType    = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	assertionAhead   = 5 * time.Minute // the longest life of an assertion
	clockSkew        = time.Minute     // between us and clients
	maxAssertion     = 8 << 10
	maxAssertionJTI  = 256
	assertionDecimal = 1e12 // no date is later than this many seconds
)

var assertionAlgs = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

// unverifiedSubject is the client that an assertion is about, for finding its keys.
func unverifiedSubject(assertion string) string {
	if len(assertion) > maxAssertion {
		return ""
	}
	t, err := jwt.ParseSigned(assertion, assertionAlgs)
	if err != nil {
		return ""
	}
	var c jwt.Claims
	if t.UnsafeClaimsWithoutVerification(&c) != nil {
		return ""
	}
	return c.Subject
}

// checkAssertion verifies a client assertion of private_key_jwt (RFC 7523 §3, OpenID
// Connect Core §9) and uses its jti up, last of all.
func (p *Provider) checkAssertion(ctx context.Context, c *client, assertion string) error {
	refused := invalidClient(false)
	if len(assertion) > maxAssertion {
		return refused
	}
	algs := assertionAlgs
	if alg := c.Metadata.TokenEndpointAuthAlg; alg != "" {
		algs = []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)}
	}
	t, err := jwt.ParseSigned(assertion, algs)
	if err != nil || len(t.Headers) != 1 {
		return refused
	}
	key, err := p.clientKey(ctx, c, t.Headers[0])
	if err != nil {
		return err
	}
	var claims jwt.Claims
	if key == nil || t.Claims(key.Key, &claims) != nil || !p.assertionHolds(c, &claims) {
		return refused
	}
	err = p.db.OnceAssertion(ctx, &storage.Grant{
		Key: p.db.Hash("assertion", c.ID+" "+claims.ID), Kind: storage.GrantAssertion, RequestID: storage.NewID("asr"), ClientID: c.ID,
		Data: []byte("{}"), ExpiresAt: claims.Expiry.Time().Add(clockSkew),
	})
	if isConflict(err) {
		return refused
	}
	return err
}

// assertionHolds checks what the assertion says. Its audience is our issuer or the
// endpoint; a date may be off by clockSkew.
func (p *Provider) assertionHolds(c *client, claims *jwt.Claims) bool {
	now := p.now()
	aud := slices.ContainsFunc([]string{p.issuer, p.at("/oauth/token"), p.at("/oauth/par")}, claims.Audience.Contains)
	switch {
	case claims.Issuer != c.ID, claims.Subject != c.ID, !aud:
	case claims.Expiry == nil, float64(*claims.Expiry) > assertionDecimal:
	case claims.ID == "", len(claims.ID) > maxAssertionJTI:
	case !now.Before(claims.Expiry.Time().Add(clockSkew)):
	case claims.Expiry.Time().After(now.Add(assertionAhead + clockSkew)):
	case claims.NotBefore != nil && claims.NotBefore.Time().After(now.Add(clockSkew)):
	case claims.IssuedAt != nil && claims.IssuedAt.Time().After(now.Add(clockSkew)):
	default:
		return true
	}
	return false
}

// clientKey is the client's public key for a signature, nil where it has none.
func (p *Provider) clientKey(ctx context.Context, c *client, h jose.Header) (*jose.JSONWebKey, error) {
	var set jose.JSONWebKeySet
	switch {
	case len(c.Metadata.JWKS) > 0:
		if json.Unmarshal(c.Metadata.JWKS, &set) != nil {
			return nil, nil
		}
	case c.Metadata.JWKSURI != "":
		found, err := p.keySets.get(ctx, c.Metadata.JWKSURI, h.KeyID)
		if err != nil {
			p.log.WarnContext(ctx, "client keys not fetched", "client_id", c.ID, "error", err)
			return nil, nil
		}
		set = *found
	}
	return pick(set.Keys, h), nil
}

// pick chooses by kid, or, where the header has none, the only key that fits the alg.
func pick(keys []jose.JSONWebKey, h jose.Header) *jose.JSONWebKey {
	var fit []*jose.JSONWebKey
	for i := range keys {
		k := &keys[i]
		usable := k.IsPublic() && (k.Use == "" || k.Use == "sig") && (k.Algorithm == "" || k.Algorithm == h.Algorithm)
		if usable && (h.KeyID == "" || k.KeyID == h.KeyID) && family(k.Key) == familyOf(h.Algorithm) {
			fit = append(fit, k)
		}
	}
	if len(fit) != 1 {
		return nil
	}
	return fit[0]
}

// familyOf is the kind of key that an algorithm takes.
func familyOf(alg string) string {
	switch {
	case strings.HasPrefix(alg, "RS"), strings.HasPrefix(alg, "PS"):
		return "RSA"
	case strings.HasPrefix(alg, "ES"):
		return "EC"
	case alg == string(jose.EdDSA):
		return "OKP"
	}
	return "none"
}
