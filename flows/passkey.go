package flows

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
	"github.com/sallyport-id/sallyport/themes"
)

const (
	noticePasskey = "passkey.wrong"

	remindAfter = 14 * 24 * time.Hour
	neverAgain  = 365 * 24 * time.Hour
)

// discoverers are the factors of which a person can be known by what they show.
func (e *Engine) discoverers(l *login) []string {
	return slices.DeleteFunc(e.allowed(l), e.unknowing)
}

func (e *Engine) unknowing(name string) bool {
	_, ok := e.factors.Get(name).(factors.Discoverer)
	return !ok
}

// invite asks whoever has a passkey for it, beside the form for a name. The question
// stays open as long as the login does.
func (e *Engine) invite(l *login) error {
	names := e.discoverers(l)
	if l.state.Passkey != nil || len(names) == 0 {
		return nil
	}
	d, ok := e.factors.Get(names[0]).(factors.Discoverer)
	if !ok {
		return nil
	}
	c, err := d.Discover(factors.Subject{Issuer: e.name, Host: e.issuer.Hostname(), Now: e.now()})
	if err != nil {
		return fmt.Errorf("%s: %w", names[0], err)
	}
	c.ExpiresAt = e.now().Add(e.config.LoginLifetime)
	l.state.Passkey = c
	return nil
}

// answerPasskey takes a passkey for a name and a password.
func (e *Engine) answerPasskey(v *visit) error {
	l := v.login
	c := l.state.Passkey
	if c == nil || !v.needs(policy.Identify) && !v.needs(policy.ProveFirst) {
		return nil
	}
	limits := []storage.Limit{on(e.config.Limits.PasswordAddress, "passkey:"+e.network(v.r))}
	if ok, err := e.charge(v, c.Factor, limits); err != nil || !ok {
		return err
	}
	person, a, err := e.discover(v, c)
	if errors.Is(err, factors.ErrWrong) || err == nil && l.user != nil && l.user.ID != person.ID && v.decision.Need == policy.ProveFirst {
		return e.wrongPasskey(v, nil)
	}
	if err != nil {
		return err
	}
	user := person.User
	p, err := e.factors.Get(a.Factor).Verify(v.ctx(), e.subjectOf(user, person.Authenticators), a, c, e.answerOf(v))
	if errors.Is(err, factors.ErrWrong) || errors.Is(err, factors.ErrSpent) || errors.Is(err, factors.ErrExpired) {
		e.log.WarnContext(v.ctx(), "passkey refused", "authenticator_id", a.ID, "error", err)
		return e.wrongPasskey(v, user)
	}
	if err != nil {
		return fmt.Errorf("%s: verify: %w", a.Factor, err)
	}
	if v.decision.Need == policy.Identify && !e.identify(l, user) {
		l.state.Passkey = nil
		if err := e.invite(l); err != nil {
			return err
		}
		l.state.Notice = &themes.Notice{Kind: "error", ID: noticeOther, Field: "username"}
		return e.store(v, &storage.Change{Login: l.row, Refund: limits})
	}
	e.keep(l, person.Authenticators)
	if err := l.recollect(person.History); err != nil {
		return err
	}
	a.Failures, a.LastUsedAt = 0, e.now()
	return e.accept(v, p, &storage.Change{Authenticators: []*factors.Authenticator{a}, Refund: limits})
}

// discover finds whose the passkey is.
//
// Errors: factors.ErrWrong where it is nobody's.
func (e *Engine) discover(v *visit, c *factors.Challenge) (*storage.Person, *factors.Authenticator, error) {
	d, ok := e.factors.Get(c.Factor).(factors.Discoverer)
	if !ok {
		return nil, nil, factors.ErrWrong
	}
	handle, names := d.Handle(e.answerOf(v)), e.discoverers(v.login)
	person, err := e.db.PersonByHandle(v.ctx(), handle, names...)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, nil, factors.ErrWrong
	}
	if err != nil {
		return nil, nil, fmt.Errorf("passkey: %w", err)
	}
	for _, a := range person.Authenticators {
		if a.Handle == handle && a.Usable() && slices.Contains(names, a.Factor) {
			return person, a, nil
		}
	}
	return nil, nil, factors.ErrWrong
}

// wrongPasskey says so, and asks again.
func (e *Engine) wrongPasskey(v *visit, user *storage.User) error {
	event := e.event(v, "proof.refused", map[string]any{"factor": v.login.state.Passkey.Factor})
	if user != nil {
		event.UserID = user.ID
	}
	v.login.state.Passkey = nil
	if err := e.invite(v.login); err != nil {
		return err
	}
	v.login.state.Notice = &themes.Notice{Kind: "error", ID: noticePasskey}
	return e.store(v, &storage.Change{Login: v.login.row, Events: []*storage.Event{event}})
}

// propose offers to set up, in passing, the factor that makes the next sign-in on this
// device shorter: to who has just shown a second factor, in a browser that can, unless
// they put it off.
func (e *Engine) propose(v *visit, c *storage.Change) error {
	l := v.login
	second := slices.ContainsFunc(l.state.Proofs, func(p factors.Proof) bool {
		return e.factors.Info(p.Factor).Second && p.Traits&factors.Weak == 0
	})
	if !second || l.state.Ask.Own || !l.state.Platform || l.state.Offer != "" || e.full(l) {
		return nil
	}
	for _, name := range e.allowed(l) {
		shown := slices.ContainsFunc(l.state.Proofs, func(p factors.Proof) bool { return p.Factor == name })
		if !e.factors.Info(name).Progressive || shown || e.cookie(v.r, e.snoozed(l, name)) != "" {
			continue
		}
		a, err := e.pending(v.ctx(), l, name, factors.Answer{})
		if err != nil {
			return err
		}
		c.NewAuthenticators = append(c.NewAuthenticators, a)
		l.state.Offer = name
		return nil
	}
	return nil
}

// later and never put the offer off: for two weeks, or for a year.
func (e *Engine) later(v *visit) error { return e.decline(v, remindAfter) }
func (e *Engine) never(v *visit) error { return e.decline(v, neverAgain) }

func (e *Engine) decline(v *visit, until time.Duration) error {
	l := v.login
	if l.state.Offer == "" {
		return nil
	}
	c := &storage.Change{}
	e.snooze(v, l.state.Offer, until)
	e.dropPending(l, c)
	l.close()
	return e.advance(v, c)
}

// snooze remembers in this browser that a factor is not to be offered to this person,
// and ends the offer.
func (e *Engine) snooze(v *visit, factor string, until time.Duration) {
	name := e.snoozed(v.login, factor)
	v.cookies = append(v.cookies, func() { e.setCookie(v.w, name, "1", until) })
	v.login.state.Offer, v.login.state.Platform = "", false
}

func (e *Engine) snoozed(l *login, factor string) string {
	return "later_" + e.hashed(l.user.ID + " " + factor)[:12]
}
