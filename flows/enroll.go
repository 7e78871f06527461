package flows

import (
	"context"
	"fmt"
	"slices"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
)

// enroll begins the set-up of one of the factors on offer.
func (e *Engine) enroll(v *visit) error {
	factor := v.field("factor")
	if !v.needs(policy.Enroll) || !slices.Contains(v.decision.Offers, factor) {
		return nil
	}
	c := &storage.Change{Login: v.login.row}
	if err := e.beginEnrollment(v, c, factor); err != nil {
		return err
	}
	return e.store(v, c)
}

// beginEnrollment adds to c a pending authenticator of a factor, in place of one that
// this login made before.
func (e *Engine) beginEnrollment(v *visit, c *storage.Change, factor string) error {
	e.dropPending(v.login, c)
	a, err := e.pending(v.ctx(), v.login, factor)
	if err != nil {
		return err
	}
	c.NewAuthenticators = append(c.NewAuthenticators, a)
	return nil
}

// pending makes an authenticator and opens the question that confirms it.
func (e *Engine) pending(ctx context.Context, l *login, factor string) (*factors.Authenticator, error) {
	a, question, err := e.factors.Get(factor).Enroll(ctx, e.subject(l, factor), factors.Answer{})
	if err != nil {
		return nil, fmt.Errorf("%s: enroll: %w", factor, err)
	}
	l.close()
	a.ID, a.UserID, a.LoginID = storage.NewID("aut"), l.user.ID, l.row.ID
	question.AuthenticatorID = a.ID
	l.state.Challenge, l.state.Pending = question, a.ID
	l.auths = append(l.auths, a)
	return a, nil
}

// dropPending removes the authenticator that the login was setting up.
func (e *Engine) dropPending(l *login, c *storage.Change) {
	id := l.state.Pending
	if id == "" {
		return
	}
	c.OldAuthenticators = append(c.OldAuthenticators, id)
	l.auths = slices.DeleteFunc(l.auths, func(a *factors.Authenticator) bool { return a.ID == id })
	l.state.Pending = ""
}

// answerEnrollment takes the first answer of a new authenticator: it confirms it, and
// is a proof.
func (e *Engine) answerEnrollment(v *visit) error {
	l := v.login
	question, a := l.state.Challenge, l.authenticator(l.state.Pending)
	if question == nil || a == nil || !slices.Contains(v.decision.Offers, a.Factor) {
		return e.advance(v, &storage.Change{})
	}
	auths := []*factors.Authenticator{a}
	limits := e.codeLimits(v, auths)
	if ok, err := e.charge(v, limits); err != nil || !ok {
		return err
	}
	p, a, err := e.verify(v, question, auths)
	if err != nil {
		return e.wrongCode(v, question, auths, err)
	}
	a.ConfirmedAt, a.LastUsedAt, a.LoginID, a.Failures = e.now(), e.now(), "", 0
	c := &storage.Change{Authenticators: []*factors.Authenticator{a}, Refund: limits}
	c.Events = append(c.Events, e.event(v, "authenticator.added", map[string]any{"factor": a.Factor, "authenticator_id": a.ID}))
	v.mails = append(v.mails, func() { e.notify(v, l.user, notice{Kind: mailAdded, Factor: a.Factor}) })
	l.state.Pending = ""
	if err := e.accompany(v, c); err != nil {
		return err
	}
	return e.accept(v, p, c)
}

// accompany makes the recovery codes that go with a person's first second factor, to
// be shown before the login goes on.
func (e *Engine) accompany(v *visit, c *storage.Change) error {
	l := v.login
	for _, name := range e.allowed(l) {
		if !e.factors.Info(name).Companion || len(l.usable(name)) > 0 {
			continue
		}
		a, shown, err := e.factors.Get(name).Enroll(v.ctx(), e.subject(l, name), factors.Answer{})
		if err != nil {
			return err
		}
		a.ID, a.UserID = storage.NewID("aut"), l.user.ID
		l.auths = append(l.auths, a)
		c.NewAuthenticators = append(c.NewAuthenticators, a)
		c.Events = append(c.Events, e.event(v, "authenticator.added", map[string]any{"factor": name, "authenticator_id": a.ID}))
		l.state.Shown = &shown.Prompt
		return nil
	}
	return nil
}

// kept is the word of the person that what was shown once is safe with them.
func (e *Engine) kept(v *visit) error {
	if v.login.state.Shown == nil || v.field("saved") == "" {
		return nil
	}
	v.login.state.Shown = nil
	return e.advance(v, &storage.Change{})
}
