package oidc

import (
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/ory/fosite"

	"github.com/sallyport-id/sallyport/storage"
)

// Types of the JWTs that we sign. The type keeps one from being taken for another
// (RFC 8725 §3.11, hole 10).
const (
	typID       = "JWT"
	typAccess   = "at+jwt"
	typUserinfo = "userinfo+jwt"
)

// accessClaims are those of RFC 9068 §2.2. acr, amr and auth_time are of the sign-in
// that all tokens of the authorization come from, refreshed or not.
type accessClaims struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience []string `json:"aud"`
	ClientID string   `json:"client_id"`
	Expiry   int64    `json:"exp"`
	IssuedAt int64    `json:"iat"`
	ID       string   `json:"jti"`
	Scope    string   `json:"scope,omitempty"`
	AuthTime int64    `json:"auth_time,omitempty"`
	ACR      string   `json:"acr,omitempty"`
	AMR      []string `json:"amr,omitempty"`
	SID      string   `json:"sid,omitempty"`
	Org      string   `json:"org_id,omitempty"`
}

// signAccess makes a JWT access token and the key of its row, "" where it has none.
func (p *Provider) signAccess(w *work, r fosite.Requester) (token, key string, err error) {
	s, ok := r.GetSession().(*session)
	if !ok {
		return "", "", errUnused
	}
	granted := r.GetGrantedScopes()
	claims := accessClaims{
		Issuer: p.issuer, Subject: s.subject(), Audience: p.audienceFor(s, granted), ClientID: s.ClientID,
		Expiry: w.until(storage.GrantAccess, s).Unix(), IssuedAt: w.now.Unix(), ID: storage.NewID("jti"),
		Scope: strings.Join(granted, " "), AuthTime: s.AuthTime, ACR: s.ACR, AMR: s.AMR, SID: s.SID, Org: s.Org,
	}
	alg := w.client.Settings.AccessTokenAlg
	if alg == "" {
		alg = string(jose.ES256)
	}
	var signed any = claims
	if s.Own != nil {
		if signed, err = with(claims, s.Own.Access); err != nil {
			return "", "", err
		}
	}
	if token, err = p.keys.sign(alg, typAccess, signed); err != nil || s.UserID == "" {
		return token, "", err
	}
	return token, string(keyOfJWT(p.db, claims.ID)), nil
}

// audienceFor is whom an access token is for: the API, and UserInfo where openid was
// granted.
func (p *Provider) audienceFor(s *session, granted []string) []string {
	var aud []string
	if s.Audience != "" {
		aud = append(aud, s.Audience)
	}
	if slices.Contains(granted, "openid") {
		aud = append(aud, p.at("/userinfo"))
	}
	return aud
}

// signID makes the ID token (OpenID Connect Core §2).
func (p *Provider) signID(w *work, lifespan time.Duration, r fosite.Requester) (string, error) {
	s, ok := r.GetSession().(*session)
	if !ok || s.UserID == "" || s.AuthTime == 0 {
		return "", errors.New("oidc: an ID token needs a person and the time of the sign-in")
	}
	alg := w.client.Metadata.IDTokenSignedResponseAlg
	if alg == "" {
		alg = string(jose.RS256)
	}
	claims := map[string]any{}
	if w.user != nil {
		claims = w.client.idClaims(w.user, s, r.GetGrantedScopes())
	}
	if s.Own != nil {
		maps.Copy(claims, s.Own.ID)
	}
	claims["iss"], claims["sub"], claims["aud"] = p.issuer, s.UserID, w.client.ID
	claims["iat"], claims["exp"] = w.now.Unix(), w.now.Add(lifespan).Unix()
	claims["auth_time"] = s.AuthTime
	claims["at_hash"] = halfHash(alg, w.access)
	for name, value := range map[string]string{"nonce": s.nonceFor(w), "acr": s.ACR, "sid": s.SID, "org_id": s.Org} {
		if value != "" {
			claims[name] = value
		}
	}
	if len(s.AMR) > 0 {
		claims["amr"] = s.AMR
	}
	return p.keys.sign(alg, typID, claims)
}

// nonceFor is the nonce of an ID token: none of a refreshed one (OpenID Connect Core
// §12.2), which no request is waiting for.
func (s *session) nonceFor(w *work) string {
	if w.grant != nil && w.grant.Kind == storage.GrantRefresh {
		return ""
	}
	return s.Nonce
}

// halfHash is at_hash: the left half of the hash that belongs to alg (OpenID Connect
// Core §3.1.3.6); for Ed25519 that is SHA-512.
func halfHash(alg, token string) string {
	switch {
	case alg == string(jose.EdDSA), strings.HasSuffix(alg, "512"):
		sum := sha512.Sum512([]byte(token))
		return b64.EncodeToString(sum[:32])
	case strings.HasSuffix(alg, "384"):
		sum := sha512.Sum384([]byte(token))
		return b64.EncodeToString(sum[:24])
	}
	sum := sha256.Sum256([]byte(token))
	return b64.EncodeToString(sum[:16])
}
