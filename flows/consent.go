package flows

import (
	"slices"

	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
)

// allow gives the application what its consent page lists, beside what it was given
// before.
func (e *Engine) allow(v *visit) error {
	l := v.login
	if !v.needs(policy.Consent) {
		return nil
	}
	scopes := slices.Concat(l.granted, l.scopes())
	slices.Sort(scopes)
	l.granted, l.asked, l.state.Consent = slices.Compact(scopes), true, true
	return e.advance(v, &storage.Change{
		Consent: &storage.Consent{UserID: l.user.ID, ClientID: l.client.ID, Scopes: l.granted},
		Events:  []*storage.Event{e.event(v, "consent.granted", map[string]any{"scopes": l.scopes()})},
	})
}

// deny ends the login: the application learns that, and gets nothing.
func (e *Engine) deny(v *visit) error {
	if !v.needs(policy.Consent) {
		return nil
	}
	v.login.state.Denied = refused
	return e.end(v, "consent.denied")
}
