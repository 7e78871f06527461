package resource

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Need is what a request has to come with.
type Need struct {
	Scopes []string // all of them
	ACR    []string // any one of these values, best first; empty: any
	// MaxAge is the oldest sign-in that will do; nil: any.
	MaxAge *time.Duration
}

type claimsKey struct{}

// FromContext returns the claims of the token that the request came with.
func FromContext(ctx context.Context) (*Claims, bool) {
	c, ok := ctx.Value(claimsKey{}).(*Claims)
	return c, ok
}

// Require lets requests through whose token meets need, and answers the others:
//
//	no token                         401 without an error code (RFC 6750 §3.1)
//	two tokens, or none that is one  400 invalid_request
//	a bad token                      401 invalid_token
//	too few scopes                   403 insufficient_scope
//	too weak or too old a sign-in    401 insufficient_user_authentication (RFC 9470 §3)
//	the issuer's keys are not there  503
func (v *Verifier) Require(need Need) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			claims, refused := v.admit(r, need)
			if refused != nil {
				refused.write(w)
				return
			}
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), claimsKey{}, claims)))
		})
	}
}

func (v *Verifier) admit(r *http.Request, need Need) (*Claims, *refusal) {
	token, refused := tokenOf(r)
	if refused != nil {
		return nil, refused
	}
	claims, err := v.Verify(r.Context(), token)
	switch {
	case errors.Is(err, ErrInvalid):
		return nil, &refusal{status: http.StatusUnauthorized, code: "invalid_token", description: strings.TrimPrefix(err.Error(), ErrInvalid.Error()+": ")}
	case err != nil:
		return nil, &refusal{status: http.StatusServiceUnavailable, code: "temporarily_unavailable", description: "the issuer's keys cannot be had"}
	}
	return claims, v.lacks(claims, need)
}

// lacks says what of need the token does not meet, nil for nothing.
func (v *Verifier) lacks(c *Claims, need Need) *refusal {
	for _, scope := range need.Scopes {
		if !slices.Contains(c.Scopes, scope) {
			return &refusal{
				status: http.StatusForbidden, code: "insufficient_scope", description: "the token lacks a scope",
				extra: [][2]string{{"scope", strings.Join(need.Scopes, " ")}},
			}
		}
	}
	weak := len(need.ACR) > 0 && !slices.Contains(need.ACR, c.ACR)
	old := need.MaxAge != nil && (c.AuthTime.IsZero() || v.config.Now().After(c.AuthTime.Add(*need.MaxAge)))
	if !weak && !old {
		return nil
	}
	// All that is needed is said, whichever part is missing: else the application
	// would come back with the one and be sent for the other.
	said := &refusal{status: http.StatusUnauthorized, code: "insufficient_user_authentication", description: "a different authentication level is required"}
	if !weak {
		said.description = "more recent authentication is required"
	}
	if len(need.ACR) > 0 {
		said.extra = append(said.extra, [2]string{"acr_values", strings.Join(need.ACR, " ")})
	}
	if need.MaxAge != nil {
		said.extra = append(said.extra, [2]string{"max_age", strconv.FormatInt(int64(*need.MaxAge/time.Second), 10)})
	}
	return said
}

// tokenOf takes the token from the Authorization header, the only place where it may
// stand.
func tokenOf(r *http.Request) (string, *refusal) {
	headers := r.Header.Values("Authorization")
	if len(headers) == 0 {
		return "", &refusal{status: http.StatusUnauthorized}
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	token = strings.TrimSpace(token)
	switch {
	case len(headers) > 1:
		return "", &refusal{status: http.StatusBadRequest, code: "invalid_request", description: "more than one Authorization header"}
	case !strings.EqualFold(scheme, "Bearer"):
		return "", &refusal{status: http.StatusUnauthorized}
	case token == "" || strings.ContainsAny(token, " ,\"\\"):
		return "", &refusal{status: http.StatusBadRequest, code: "invalid_request", description: "the Authorization header holds no bearer token"}
	}
	return token, nil
}

// A refusal is an answer of RFC 6750 §3.
type refusal struct {
	status            int
	code, description string
	extra             [][2]string
}

func (f *refusal) write(w http.ResponseWriter) {
	challenge := "Bearer"
	pairs := append([][2]string{{"error", f.code}, {"error_description", f.description}}, f.extra...)
	for _, p := range pairs {
		if p[1] == "" {
			continue
		}
		if challenge != "Bearer" {
			challenge += ","
		}
		challenge += " " + p[0] + "=" + quoted(p[1])
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	if f.status != http.StatusServiceUnavailable {
		h.Set("WWW-Authenticate", challenge)
	}
	if f.code == "" {
		w.WriteHeader(f.status)
		return
	}
	h.Set("Content-Type", "application/json")
	w.WriteHeader(f.status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": f.code, "error_description": f.description}) // the client has gone
}

// quoted is s as a quoted-string of RFC 9110 §5.6.4. What cannot stand in one is left
// out.
func quoted(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c >= ' ' && c <= '~':
			b.WriteRune(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
