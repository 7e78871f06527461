package oidc

import "errors"

// hintClaims are what we read of an ID token that comes back to us.
type hintClaims struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	SID      string `json:"sid"`
}

// hint reads an id_token_hint: an ID token that we signed with any key still
// published, expired or not (OpenID Connect Core §3.1.2.1).
func (p *Provider) hint(token string) (*hintClaims, error) {
	claims := &hintClaims{}
	if err := p.keys.verify(token, typID, claims); err != nil {
		return nil, err
	}
	if claims.Issuer != p.issuer || claims.Subject == "" {
		return nil, errors.New("oidc: not an ID token of ours")
	}
	return claims, nil
}
