package flows

import "github.com/sallyport-id/sallyport/storage"

// noteDevice tells a person by mail that they are signed in in a browser where they never
// were before: whoever has their password, and even their phone, cannot hide that. The
// very first sign-in of an account is no news to anybody.
func (e *Engine) noteDevice(v *visit, c *storage.Change) {
	u := v.login.user
	switch {
	case u.SignedInAt.IsZero():
		c.SignedIn = u.ID
	case e.knownDevice(v.r, u.ID) == "":
		e.notify(v, u, notice{Kind: mailDevice})
	}
}
