package resource

import (
	"context"
	"errors"
	"net/http"
	"strings"
)

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
//	the issuer cannot be asked       503
func (v *Verifier) Require(need Need) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			claims, refused := v.admit(r, need)
			if refused != nil {
				refused.write(w, v.config.Audience)
				return
			}
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), claimsKey{}, claims)))
		})
	}
}

func (v *Verifier) admit(r *http.Request, need Need) (*Claims, *refusal) {
	token, refused := bearer(r.Header.Values("Authorization"))
	if refused != nil {
		return nil, refused
	}
	claims, err := v.Verify(r.Context(), token)
	switch {
	case errors.Is(err, ErrInvalid):
		return nil, &refusal{status: http.StatusUnauthorized, code: "invalid_token", description: strings.TrimPrefix(err.Error(), ErrInvalid.Error()+": ")}
	case err != nil:
		return nil, &refusal{status: http.StatusServiceUnavailable, code: "temporarily_unavailable", description: "the issuer cannot be asked"}
	}
	return claims, need.unmet(claims, v.config.Now())
}
