package flows

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
	"github.com/sallyport-id/sallyport/themes"
)

// enroll begins the set-up of one of the factors on offer.
func (e *Engine) enroll(v *visit) error {
	factor := v.field("factor")
	if !v.needs(policy.Enroll) || !slices.Contains(v.decision.Offers, factor) {
		return nil
	}
	c := &storage.Change{Login: v.login.row}
	if err := e.beginEnrollment(v, c, factor, e.answerOf(v)); err != nil {
		return err
	}
	return e.store(v, c)
}

// skip puts the set-up of a first factor off, where the policy lets people.
func (e *Engine) skip(v *visit) error {
	l := v.login
	if !v.needs(policy.Enroll) || !v.decision.Skippable {
		return nil
	}
	c := &storage.Change{Events: []*storage.Event{e.event(v, "enrollment.skipped", nil)}}
	e.dropPending(l, c)
	l.close()
	l.state.Skipped = true
	return e.advance(v, c)
}

// beginEnrollment adds to c a pending authenticator of a factor, in place of one that
// this login made before. A factor that needs a number or an address has it asked
// first.
func (e *Engine) beginEnrollment(v *visit, c *storage.Change, factor string, answer factors.Answer) error {
	l := v.login
	e.dropPending(l, c)
	if e.factors.Info(factor).Companion {
		l.close() // renewed by a press of its own
		return nil
	}
	asks := e.factors.Info(factor).Asks
	typed := clip(answer[asks], maxName)
	if asks != "" && typed == "" {
		l.close()
		l.state.Asking = factor
		return nil
	}
	a, err := e.pending(v.ctx(), l, factor, answer)
	var rejected *factors.Rejection
	if errors.As(err, &rejected) && asks != "" {
		l.close()
		l.state.Asking, l.state.Asked = factor, typed
		l.state.Notice = &themes.Notice{Kind: "error", ID: rejected.Message, Data: rejected.Data, Field: asks}
		return nil
	}
	if errors.Is(err, factors.ErrUnsupported) {
		e.log.WarnContext(v.ctx(), "factor cannot be set up", "factor", factor, "error", err)
		l.close()
		l.state.Notice = &themes.Notice{Kind: "warn", ID: noticeUnavailable}
		return nil
	}
	if err != nil {
		return err
	}
	if err := e.send(v); err != nil {
		return err
	}
	if l.state.Challenge == nil { // there is no message left to confirm it with
		l.state.Asking, l.state.Asked = factor, typed
		l.drop(a.ID)
		return nil
	}
	c.NewAuthenticators = append(c.NewAuthenticators, a)
	return nil
}

// pending makes an authenticator and opens the question that confirms it.
func (e *Engine) pending(ctx context.Context, l *login, factor string, answer factors.Answer) (*factors.Authenticator, error) {
	a, question, err := e.factors.Get(factor).Enroll(ctx, e.subject(l, factor), answer)
	if err != nil {
		return nil, fmt.Errorf("%s: enroll: %w", factor, err)
	}
	l.close()
	a.ID, a.UserID, a.LoginID = storage.NewID("aut"), l.user.ID, l.row.ID
	question.AuthenticatorID = a.ID
	l.state.Challenge, l.state.Pending, l.began = question, a.ID, "enrollment.started"
	l.auths = append(l.auths, a)
	e.tell(l)
	return a, nil
}

// dropPending removes the authenticator that the login was setting up.
func (e *Engine) dropPending(l *login, c *storage.Change) {
	id := l.state.Pending
	if id == "" {
		return
	}
	c.OldAuthenticators = append(c.OldAuthenticators, id)
	l.drop(id)
	l.state.Pending = ""
}

// answerEnrollment takes the first answer of a new authenticator: it confirms it, and
// is a proof.
func (e *Engine) answerEnrollment(v *visit) error {
	l := v.login
	question, a := l.state.Challenge, l.authenticator(l.state.Pending)
	if question == nil || a == nil || !slices.Contains(v.decision.Offers, a.Factor) && a.Factor != l.state.Offer {
		if l.state.Ask.Direct != "" {
			return factors.ErrExpired
		}
		return e.advance(v, &storage.Change{})
	}
	if said, err := e.misshapen(v, question); err != nil || said {
		return err
	}
	auths := []*factors.Authenticator{a}
	limits := e.codeLimits(v, auths)
	if ok, err := e.charge(v, a.Factor, limits); err != nil || !ok {
		return err
	}
	p, a, err := e.verify(v, question, auths)
	if err == nil {
		err = e.taken(v.ctx(), a)
	}
	if err != nil {
		return e.wrongCode(v, question, auths, err)
	}
	v.right = question.Prompt.Kind == factors.PromptCode
	a.ConfirmedAt, a.LastUsedAt, a.LoginID, a.Failures = e.now(), e.now(), "", 0
	c := &storage.Change{Authenticators: []*factors.Authenticator{a}, Refund: limits}
	c.Events = append(c.Events, e.event(v, "authenticator.added", map[string]any{"factor": a.Factor, "authenticator_id": a.ID}))
	e.notify(v, l.user, notice{Kind: mailAdded, Factor: a.Factor})
	l.state.Pending = ""
	l.owned++
	if l.state.Offer != "" {
		e.snooze(v, a.Factor, neverAgain)
	} else {
		l.state.Enrolled, c.Ticket = true, l.state.Ask.Ticket
		l.state.EnrolledNow = append(l.state.EnrolledNow, a.Factor)
	}
	if err := e.link(v, c, a); err != nil {
		return err
	}
	if err := e.accompany(v, c); err != nil {
		return err
	}
	return e.accept(v, p, c)
}

// taken refuses an authenticator by whose handle another one is known, whosever that is
// (WebAuthn §7.1 step 26).
//
// Errors: factors.ErrWrong.
func (e *Engine) taken(ctx context.Context, a *factors.Authenticator) error {
	if a.Handle == "" {
		return nil
	}
	_, err := e.db.PersonByHandle(ctx, a.Handle, slices.DeleteFunc(e.factors.Names(), e.unknowing)...)
	switch {
	case err == nil:
		return fmt.Errorf("%s: %w: known already", a.Factor, factors.ErrWrong)
	case errors.Is(err, storage.ErrNotFound):
		return nil
	}
	return fmt.Errorf("%s: handle: %w", a.Factor, err)
}

// link adds the authenticators that a brings along, of factors that the house has.
func (e *Engine) link(v *visit, c *storage.Change, a *factors.Authenticator) error {
	linker, ok := e.factors.Get(a.Factor).(factors.Linker)
	if !ok {
		return nil
	}
	twins, err := linker.Link(a)
	if err != nil {
		return fmt.Errorf("%s: link: %w", a.Factor, err)
	}
	for _, twin := range twins {
		if e.factors.Get(twin.Factor) == nil || e.full(v.login) {
			continue
		}
		a.Link = a.ID
		twin.ID, twin.UserID, twin.Link, twin.LoginID = storage.NewID("aut"), a.UserID, a.Link, ""
		v.login.take(twin, c)
		c.Events = append(c.Events, e.event(v, "authenticator.added", map[string]any{"factor": twin.Factor, "authenticator_id": twin.ID, "link": a.Link}))
	}
	return nil
}

// accompany makes the recovery codes that go with a person's first second factor, to
// be shown before the login goes on.
func (e *Engine) accompany(v *visit, c *storage.Change) error {
	l := v.login
	if l.state.Ask.Direct != "" {
		e.accompanyDirect(v, c)
		return nil
	}
	for _, name := range e.allowed(l) {
		if !e.factors.Info(name).Companion || len(l.usable(name)) > 0 || e.full(l) {
			continue
		}
		a, shown, err := e.factors.Get(name).Enroll(v.ctx(), e.subject(l, name), factors.Answer{})
		if err != nil {
			return err
		}
		a.ID, a.UserID = storage.NewID("aut"), l.user.ID
		l.take(a, c)
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
