package oidc

import (
	"errors"
	"mime"
	"net/http"
	"slices"

	"github.com/sallyport-id/sallyport/storage"
)

// userinfo is GET and POST /userinfo (OpenID Connect Core §5.3).
func (p *Provider) userinfo(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	token, refused := userinfoToken(r)
	if refused != nil {
		p.challenge(w, r, refused)
		return
	}
	found, err := p.inspect(r.Context(), token)
	switch {
	case errors.Is(err, errDead), err == nil && found.kind != storage.GrantAccess:
		p.challenge(w, r, &oauthError{Code: "invalid_token", Description: "The access token is not valid: it has expired, was revoked or is none of ours.", status: http.StatusUnauthorized})
	case err != nil:
		p.refuse(w, r, err)
	case found.user == nil || !slices.Contains(found.scopes(), "openid"):
		p.challenge(w, r, &oauthError{Code: "insufficient_scope", Description: "The access token was not granted the scope openid.", status: http.StatusForbidden})
	default:
		p.tell(w, r, found)
	}
}

// userinfoToken takes the token from the header or from a form in the body, never from
// the address (hole 11).
func userinfoToken(r *http.Request) (string, *oauthError) {
	token := bearer(r)
	if r.Method == http.MethodPost {
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && kind == "application/x-www-form-urlencoded" {
			if err := r.ParseForm(); err != nil {
				return "", invalidRequest("The body cannot be read as a form.")
			}
			inBody := r.PostForm["access_token"]
			switch {
			case len(inBody) > 1, len(inBody) == 1 && token != "":
				return "", invalidRequest("Send the access token once.")
			case len(inBody) == 1:
				token = inBody[0]
			}
		}
	}
	if token == "" {
		return "", &oauthError{status: http.StatusUnauthorized}
	}
	return token, nil
}

// challenge answers as RFC 6750 §3 does: a request without a token learns only that
// one is needed.
func (p *Provider) challenge(w http.ResponseWriter, r *http.Request, e *oauthError) {
	header := `Bearer realm="` + p.realm + `"`
	if e.Code != "" {
		header += `, error="` + e.Code + `", error_description="` + e.Description + `"`
	}
	if e.Code == "insufficient_scope" {
		header += `, scope="openid"`
	}
	p.note(r, e)
	w.Header().Set("WWW-Authenticate", header)
	if e.Code == "" {
		w.WriteHeader(e.status)
		return
	}
	writeJSON(w, e.status, e)
}

// tell writes the claims, as a signed JWT where the client registered for one.
func (p *Provider) tell(w http.ResponseWriter, r *http.Request, found *inspected) {
	var names []string
	if asked := found.record.Session.Claims; asked != nil {
		names = asked.Userinfo
	}
	claims := userClaims(found.user, found.scopes(), names)
	claims["sub"] = found.user.ID
	c, err := p.client(r.Context(), found.clientID())
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	alg := c.Metadata.UserinfoSignedResponseAlg
	if alg == "" {
		if auth0(r) {
			spellClaims(claims, found.user)
		}
		writeJSON(w, http.StatusOK, claims)
		return
	}
	claims["iss"], claims["aud"] = p.issuer, c.ID
	signed, err := p.keys.sign(alg, typUserinfo, claims)
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/jwt")
	_, _ = w.Write([]byte(signed)) // the client has gone; the log line says so
}
