package resource

import (
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

// unmet says what of n the token does not meet, nil for nothing.
func (n *Need) unmet(c *Claims, now time.Time) *refusal {
	for _, scope := range n.Scopes {
		if !slices.Contains(c.Scopes, scope) {
			return n.scope()
		}
	}
	weak := len(n.ACR) > 0 && !slices.Contains(n.ACR, c.ACR)
	old := n.MaxAge != nil && (c.AuthTime.IsZero() || now.After(c.AuthTime.Add(*n.MaxAge)))
	switch {
	case weak:
		return n.authentication("a different authentication level is required")
	case old:
		return n.authentication("more recent authentication is required")
	}
	return nil
}

// scope is the answer of RFC 6750 §3.1 to too few scopes.
func (n *Need) scope() *refusal {
	return &refusal{
		status: http.StatusForbidden, code: "insufficient_scope", description: "the token lacks a scope",
		extra: [][2]string{{"scope", strings.Join(n.Scopes, " ")}},
	}
}

// authentication is the answer of RFC 9470 §3. All that is needed is said, whichever
// part is missing: else the application would come back with the one and be sent for
// the other.
func (n *Need) authentication(description string) *refusal {
	said := &refusal{status: http.StatusUnauthorized, code: "insufficient_user_authentication", description: description}
	if len(n.ACR) > 0 {
		said.extra = append(said.extra, [2]string{"acr_values", strings.Join(n.ACR, " ")})
	}
	if n.MaxAge != nil {
		seconds := max(0, int64(*n.MaxAge/time.Second))
		said.extra = append(said.extra, [2]string{"max_age", strconv.FormatInt(seconds, 10)})
	}
	return said
}
