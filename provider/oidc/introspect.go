package oidc

import (
	"errors"
	"net/http"
	"strings"

	"github.com/sallyport-id/sallyport/storage"
)

// introspect is POST /oauth/introspect (RFC 7662). The caller has to be a client with
// credentials, and learns of its own tokens and of those for APIs that it may use;
// every other token looks like none at all.
func (p *Provider) introspect(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	form, err := postForm(r)
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	c, err := p.authenticate(r, form)
	if err == nil && c.Public() {
		err = invalidClient(false)
	}
	if err == nil && !form.Has("token") {
		err = invalidRequest("token is missing.")
	}
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	found, err := p.inspect(r.Context(), form.Get("token"))
	switch {
	case errors.Is(err, errDead), err == nil && !mayKnow(c, found):
		writeJSON(w, http.StatusOK, map[string]bool{"active": false})
	case err != nil:
		p.refuse(w, r, err)
	default:
		writeJSON(w, http.StatusOK, p.describe(found))
	}
}

// mayKnow reports whether c may learn of a token (BCP-10).
func mayKnow(c *client, t *inspected) bool {
	if t.clientID() == c.ID {
		return true
	}
	_, served := c.Settings.Audiences[t.audience()]
	return served && t.kind == storage.GrantAccess
}

// A description is an answer of RFC 7662 §2.2 with the claims of RFC 9470 §6.2.
type description struct {
	Active    bool     `json:"active"`
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"`
	Audience  []string `json:"aud,omitempty"`
	ClientID  string   `json:"client_id"`
	Scope     string   `json:"scope,omitempty"`
	TokenType string   `json:"token_type,omitempty"`
	Expiry    int64    `json:"exp"`
	IssuedAt  int64    `json:"iat"`
	ID        string   `json:"jti,omitempty"`
	AuthTime  int64    `json:"auth_time,omitempty"`
	ACR       string   `json:"acr,omitempty"`
	AMR       []string `json:"amr,omitempty"`
	SID       string   `json:"sid,omitempty"`
	Org       string   `json:"org_id,omitempty"`
	Username  string   `json:"username,omitempty"`
}

func (p *Provider) describe(t *inspected) *description {
	d := &description{Active: true, Issuer: p.issuer, ClientID: t.clientID(), Scope: strings.Join(t.scopes(), " ")}
	if c := t.claims; c != nil {
		d.Subject, d.Audience, d.Expiry, d.IssuedAt, d.ID = c.Subject, c.Audience, c.Expiry, c.IssuedAt, c.ID
		d.Org, d.AuthTime, d.ACR, d.AMR, d.SID, d.TokenType = c.Org, c.AuthTime, c.ACR, c.AMR, c.SID, "Bearer"
	} else {
		s := t.record.Session
		d.Subject, d.Audience = s.subject(), p.audienceFor(s, t.scopes())
		d.Expiry, d.IssuedAt = t.grant.ExpiresAt.Unix(), t.grant.CreatedAt.Unix()
		d.Org, d.AuthTime, d.ACR, d.AMR, d.SID = s.Org, s.AuthTime, s.ACR, s.AMR, s.SID
		if t.kind == storage.GrantAccess {
			d.TokenType = "Bearer"
		}
	}
	if t.user != nil {
		d.Username = t.user.Username
	}
	return d
}
