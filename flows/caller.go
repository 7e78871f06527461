package flows

import (
	"errors"
	"slices"
	"time"
)

// ErrNoCaller says that a request to one of our own APIs has no access token that counts there: it
// is missing, unknown, expired, revoked, or for somebody else's API.
var ErrNoCaller = errors.New("flows: no access token for this API")

// A Caller is whose access token came with a request to one of our own APIs.
type Caller struct {
	UserID    string // "" where a client acts for itself
	ClientID  string
	SessionID string // of the browser, "" where there was none
	Scopes    []string
	ACR       string
	AMR       []string
	AuthTime  time.Time // of the newest proof, zero for a client
	IssuedAt  time.Time // of the token
}

// May reports whether the token has scope.
func (c *Caller) May(scope string) bool { return slices.Contains(c.Scopes, scope) }
