package flows

import (
	"fmt"
	"slices"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
)

// renews reports whether what is to be set up are new recovery codes.
func (e *Engine) renews(d policy.Decision) bool {
	return len(d.Offers) == 1 && e.factors.Info(d.Offers[0]).Companion
}

// renewCodes makes new recovery codes in place of those that the person has, to be shown
// before the login goes on. They take the row of the old ones: of two sets that are made at
// the same moment one is, and browsers stay remembered, which codes never vouched for.
func (e *Engine) renewCodes(v *visit) error {
	l, name := v.login, v.decision.Offers[0]
	fresh, shown, err := e.factors.Get(name).Enroll(v.ctx(), e.subject(l, name), factors.Answer{})
	if err != nil {
		return fmt.Errorf("%s: enroll: %w", name, err)
	}
	c := &storage.Change{Ticket: l.state.Ask.Ticket}
	fresh = e.replaceCodes(l, c, fresh)
	c.Events = append(c.Events, e.event(v, "recovery_code.regenerated", map[string]any{"authenticator_id": fresh.ID}))
	e.notify(v, l.user, notice{Kind: mailCodes})
	l.close()
	l.state.Shown, l.state.Enrolled = &shown.Prompt, true
	return e.advance(v, c)
}

// replaceCodes puts fresh in the place of the codes that l's person has.
func (e *Engine) replaceCodes(l *login, c *storage.Change, fresh *factors.Authenticator) *factors.Authenticator {
	own := slices.DeleteFunc(slices.Clone(l.all), func(a *factors.Authenticator) bool { return a.Factor != fresh.Factor })
	if len(own) == 0 {
		fresh.ID, fresh.UserID = storage.NewID("aut"), l.user.ID
		l.take(fresh, c)
	} else {
		old := own[0]
		fresh.ID, fresh.UserID, fresh.CreatedAt, fresh.Version = old.ID, old.UserID, old.CreatedAt, old.Version
		*old = *fresh
		c.Authenticators = []*factors.Authenticator{old}
	}
	for _, other := range own[min(1, len(own)):] {
		c.OldAuthenticators = append(c.OldAuthenticators, other.ID)
		l.drop(other.ID)
	}
	return fresh
}
