package oidc

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/storage"
)

// The standards are the default. Every SDK of Auth0's sends the header Auth0-Client, and
// some branch on Auth0's own statuses and words where those differ; so who sends it gets
// those. It changes how an answer is spelled and not what is allowed, but that a secret counts
// whether it came in the header or in the body (oneSecret).

// auth0 reports whether r comes from an SDK of Auth0's.
func auth0(r *http.Request) bool { return r.Header.Get("Auth0-Client") != "" }

// errBlocked is the cause of an invalid_grant for a grant of a blocked person.
var errBlocked = errors.New("oidc: the user is blocked")

// A spelling is what Auth0 makes of one of our errors.
type spelling struct {
	status      int
	description string
}

// spellings are Auth0's, by grant_type and error. A grant that is not here has its own
// words, which are Auth0's already.
var spellings = map[string]map[string]spelling{
	grantCode:    {"invalid_grant": {http.StatusForbidden, "Invalid authorization code"}},
	grantRefresh: {"invalid_grant": {http.StatusForbidden, "Unknown or invalid refresh token."}},
	grantDevice: {
		"invalid_grant": {http.StatusForbidden, "Invalid device code."}, "authorization_pending": {status: http.StatusForbidden},
		"expired_token": {status: http.StatusForbidden}, "access_denied": {status: http.StatusForbidden}, "slow_down": {status: http.StatusTooManyRequests},
	},
}

// spelled is e as who sent r reads it. A description that says nothing particular becomes
// Auth0's.
func spelled(r *http.Request, e *oauthError) *oauthError {
	if !auth0(r) || e.status != http.StatusBadRequest || !strings.HasSuffix(r.URL.Path, "/oauth/token") {
		return e
	}
	s, ok := spellings[r.PostForm.Get("grant_type")][e.Code]
	switch {
	case e.Code == "unauthorized_client":
		s.status = http.StatusForbidden
	case !ok:
		return e
	}
	theirs := *e
	theirs.status = s.status
	switch {
	case errors.Is(e, errBlocked): // spa-js signs the person out where it reads this
		theirs.Description = "user is blocked"
	case e.Description == ours[e.Code] && s.description != "":
		theirs.Description = s.description
	}
	return &theirs
}

// spellClaims puts claims of u about time as Auth0 does: RFC 3339 and not seconds.
func spellClaims(claims map[string]any, u *storage.User) {
	if _, ok := claims["updated_at"]; ok {
		claims["updated_at"] = u.UpdatedAt.UTC().Format(time.RFC3339)
	}
}

// idClaims are the claims of u in an ID token: those that the application asked for by
// name, and for Auth0's SDKs also what UserInfo says, because they take the person from
// the ID token alone.
func (c *client) idClaims(u *storage.User, s *session, scopes []string) map[string]any {
	var names []string
	if s.Claims != nil {
		names = s.Claims.IDToken
	}
	if !c.auth0 {
		return userClaims(u, nil, names)
	}
	claims := userClaims(u, scopes, names)
	spellClaims(claims, u)
	return claims
}

// oneSecret reports whether method is as good as the registered one for who sent r:
// Auth0's SDKs send a secret where they like.
func oneSecret(r *http.Request, registered, method string) bool {
	return auth0(r) && strings.HasPrefix(registered, "client_secret_") && strings.HasPrefix(method, "client_secret_")
}
