package flows

import (
	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
)

// full reports whether the account has as many authenticators as one may have.
func (e *Engine) full(l *login) bool { return l.owned >= e.config.Limits.Authenticators }

// take adds an authenticator that is confirmed to what the account has.
func (l *login) take(a *factors.Authenticator, c *storage.Change) {
	l.owned++
	l.auths = append(l.auths, a)
	c.NewAuthenticators = append(c.NewAuthenticators, a)
}

// picks reports whether the person chooses before anything on offer is opened.
func (l *login) picks(d policy.Decision) bool {
	return (l.settings.Picker || d.Picker) && len(d.Offers) > 1
}
