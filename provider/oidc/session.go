package oidc

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/openid"
	"github.com/ory/fosite/token/jwt"
)

// A session is what one authorization proved and allowed. It travels from the code
// through every token that comes from it. The exported fields are stored, under short
// names, in Grant.Data.
type session struct {
	UserID      string       `json:"u,omitempty"` // empty: the client acts for itself
	ClientID    string       `json:"c"`
	SID         string       `json:"s,omitempty"`
	ACR         string       `json:"acr,omitempty"`
	AMR         []string     `json:"amr,omitempty"`
	AuthTime    int64        `json:"at,omitempty"` // seconds
	RequestedAt int64        `json:"ra,omitempty"` // seconds
	Nonce       string       `json:"n,omitempty"`
	Scopes      []string     `json:"sc,omitempty"`  // of the whole authorization
	Audience    string       `json:"aud,omitempty"` // the API, "" for none
	Org         string       `json:"o,omitempty"`   // id of the organization that was signed in to
	Claims      *claimsAsked `json:"cl,omitempty"`
	Until       int64        `json:"un,omitempty"` // absolute end of the refresh chain, seconds
	Own         *own         `json:"ow,omitempty"`

	claims  *jwt.IDTokenClaims
	headers *jwt.Headers
}

var _ openid.Session = (*session)(nil)

// A record is the content of a grant: the session with what is the grant's own.
type record struct {
	Session *session `json:"s"`
	Scopes  []string `json:"g,omitempty"` // of this token, where narrower than the session's
	// Of a code: where it was sent, and its PKCE challenge (RFC 7636).
	RedirectURI string `json:"r,omitempty"`
	Challenge   string `json:"ch,omitempty"`
	// Of a device's request.
	Device *deviceState `json:"d,omitempty"`
}

func (r *record) encode() []byte {
	b, err := json.Marshal(r)
	if err != nil {
		panic(err) // strings and numbers only
	}
	return b
}

func decodeRecord(b []byte) (*record, error) {
	r := &record{}
	if err := json.Unmarshal(b, r); err != nil || r.Session == nil {
		return nil, fmt.Errorf("oidc: stored grant: %w", err)
	}
	return r, nil
}

// granted are the scopes of the token itself.
func (r *record) granted() []string {
	if r.Scopes != nil {
		return r.Scopes
	}
	return r.Session.Scopes
}

// offline reports whether the authorization outlives its browser session.
func (s *session) offline() bool { return slices.Contains(s.Scopes, "offline_access") }

// sid is the browser session that tokens end with, "" where they do not.
func (s *session) sid() string {
	if s.offline() {
		return ""
	}
	return s.SID
}

// subject is the `sub` of tokens: the user, or the client where it acts for itself.
func (s *session) subject() string {
	if s.UserID == "" {
		return s.ClientID
	}
	return s.UserID
}

// SetExpiresAt implements fosite.Session. When a token ends is said by work.until, by
// our own clock.
func (s *session) SetExpiresAt(fosite.TokenType, time.Time) {}

// GetExpiresAt implements fosite.Session.
func (s *session) GetExpiresAt(fosite.TokenType) time.Time { return time.Time{} }

// GetUsername implements fosite.Session.
func (s *session) GetUsername() string { return "" }

// GetSubject implements fosite.Session.
func (s *session) GetSubject() string { return s.subject() }

// Clone implements fosite.Session.
func (s *session) Clone() fosite.Session {
	c := *s
	c.claims, c.headers = nil, nil
	return &c
}

// IDTokenClaims implements openid.Session: what fosite's handlers want to see and
// write. Our own strategy makes the token from the session itself.
func (s *session) IDTokenClaims() *jwt.IDTokenClaims {
	if s.claims == nil {
		s.claims = &jwt.IDTokenClaims{
			Subject: s.subject(), AuthTime: time.Unix(s.AuthTime, 0).UTC(), RequestedAt: time.Unix(s.RequestedAt, 0).UTC(),
		}
	}
	return s.claims
}

// IDTokenHeaders implements openid.Session.
func (s *session) IDTokenHeaders() *jwt.Headers {
	if s.headers == nil {
		s.headers = &jwt.Headers{}
	}
	return s.headers
}
