package flows

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
	"github.com/sallyport-id/sallyport/themes"
)

const (
	// maxName is the longest name that is looked up: the longest mail address there is
	// (RFC 5321 §4.5.3.1), and some.
	maxName  = 320
	maxAgent = 200 // of what is kept of a browser's name
)

// answerPassword checks a name with its password, or the password of the person that
// is known already.
//
// A name that nobody has takes the same way as a wrong password: the same counters,
// the same hashing, the same page (T-11).
func (e *Engine) answerPassword(v *visit) error {
	l := v.login
	user, auths := l.user, l.usable(factors.Password)
	var history *storage.History
	asksName := v.decision.Need == policy.Identify
	if asksName {
		var err error
		l.state.Typed = clip(strings.TrimSpace(v.field("username")), maxName)
		if user, auths, history, err = e.person(v.ctx(), l.state.Typed); err != nil {
			return err
		}
	}
	limits := e.passwordLimits(v.r, e.who(user, l.state.Typed))
	if ok, err := e.charge(v, factors.Password, limits); err != nil || !ok {
		return err
	}
	p, changed, err := e.checkPassword(v, user, auths, v.field("password"))
	if errors.Is(err, factors.ErrWrong) {
		return e.wrongPassword(v, user, asksName)
	}
	if err != nil {
		return err
	}
	c := &storage.Change{Refund: limits, Authenticators: changed}
	if asksName && !e.identify(l, user) {
		l.state.Notice = &themes.Notice{Kind: "error", ID: noticeOther, Field: "username"}
		return e.store(v, &storage.Change{Login: l.row, Refund: limits})
	}
	if asksName {
		e.keep(l, auths)
		if err := l.recollect(history); err != nil {
			return err
		}
	}
	return e.accept(v, p, c)
}

// person finds who is meant by what was typed, with their authenticators and what is known
// of their sign-ins; nil if nobody.
func (e *Engine) person(ctx context.Context, typed string) (*storage.User, []*factors.Authenticator, *storage.History, error) {
	p, err := e.db.PersonByLogin(ctx, typed)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, nil, nil, nil
	}
	if err != nil {
		return nil, nil, nil, fmt.Errorf("user: %w", err)
	}
	return p.User, p.Authenticators, p.History, nil
}

// identify makes user the person of l, unless the application asked for another.
func (e *Engine) identify(l *login, user *storage.User) bool {
	if l.state.Ask.Subject != "" && l.state.Ask.Subject != user.ID {
		return false
	}
	if l.user == nil || l.user.ID != user.ID {
		l.state.Proofs, l.asked = nil, false
		l.state.Scripted, l.state.Risk, l.state.Record, l.state.History = nil, nil, nil, nil
	}
	l.row.UserID, l.user = user.ID, user
	return true
}

// checkPassword compares a password with that of user, and does as much work where
// there is none. It returns the authenticator if its hash was brought up to date.
func (e *Engine) checkPassword(v *visit, user *storage.User, auths []*factors.Authenticator, typed string) (*factors.Proof, []*factors.Authenticator, error) {
	f := e.factors.Get(factors.Password)
	answer := factors.Answer{"password": typed}
	at := slices.IndexFunc(auths, func(a *factors.Authenticator) bool { return a.Factor == factors.Password && a.Usable() })
	if user == nil || at < 0 {
		if d, ok := f.(factors.Decoy); ok {
			if err := d.Decoy(v.ctx(), answer); err != nil {
				return nil, nil, fmt.Errorf("password: %w", err)
			}
		}
		return nil, nil, factors.ErrWrong
	}
	a := auths[at]
	s := e.subjectOf(user, []*factors.Authenticator{a})
	c, err := f.Challenge(v.ctx(), s, a)
	if err != nil {
		return nil, nil, fmt.Errorf("password: challenge: %w", err)
	}
	before := bytes.Clone(a.Secret)
	p, err := f.Verify(v.ctx(), s, a, c, answer)
	if err != nil {
		return nil, nil, fmt.Errorf("password: %w", err)
	}
	if bytes.Equal(before, a.Secret) {
		return p, nil, nil
	}
	return p, []*factors.Authenticator{a}, nil
}

// wrongPassword writes the refusal down and says so on the page, in words that do not
// depend on whether there is such a person.
func (e *Engine) wrongPassword(v *visit, user *storage.User, asksName bool) error {
	event := e.event(v, "proof.refused", map[string]any{"factor": factors.Password})
	if user != nil {
		event.UserID = user.ID
	}
	id := noticePassword
	if asksName {
		id = noticeName
	}
	v.login.state.Notice = &themes.Notice{Kind: "error", ID: id, Field: "password"}
	if err := e.db.AddEvents(v.ctx(), event); err != nil {
		return fmt.Errorf("login: %w", err)
	}
	return e.store(v, &storage.Change{Login: v.login.row})
}

// newPassword makes the authenticator for a new password from the form's two fields,
// or says on which field it was refused and why.
func (e *Engine) newPassword(v *visit, s factors.Subject) (*factors.Authenticator, *themes.Notice, error) {
	typed := v.field("password_new")
	if typed != v.field("password_again") {
		return nil, &themes.Notice{Kind: "error", ID: noticeMismatch, Field: "password_again"}, nil
	}
	a, _, err := e.factors.Get(factors.Password).Enroll(v.ctx(), s, factors.Answer{"password": typed})
	var rejected *factors.Rejection
	if errors.As(err, &rejected) {
		return nil, &themes.Notice{Kind: "error", ID: rejected.Message, Data: rejected.Data, Field: "password_new"}, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("password: %w", err)
	}
	a.ID, a.UserID = storage.NewID("aut"), s.UserID
	return a, nil, nil
}

// minLength is the least length of a new password, as its factor says by refusing
// none at all.
func (e *Engine) minLength(ctx context.Context, s factors.Subject) int {
	var rejected *factors.Rejection
	_, _, err := e.factors.Get(factors.Password).Enroll(ctx, s, factors.Answer{})
	if errors.As(err, &rejected) {
		if n, ok := rejected.Data["Min"].(int); ok {
			return n
		}
	}
	return 0
}

// answerNewPassword replaces a password that has expired. The old one was just
// proven; what comes after this step is asked for as before.
func (e *Engine) answerNewPassword(v *visit) error {
	l := v.login
	fresh, refused, err := e.newPassword(v, e.subject(l, factors.Password))
	if err != nil {
		return err
	}
	if refused == nil && v.field("password_new") == "" {
		return nil
	}
	if refused == nil {
		if refused, err = e.sameAsOld(v, v.field("password_new")); err != nil {
			return err
		}
	}
	if refused != nil {
		l.state.Notice = refused
		return e.store(v, &storage.Change{Login: l.row})
	}
	l.user.PasswordExpired = false
	c := &storage.Change{User: l.user, NewAuthenticators: []*factors.Authenticator{fresh}}
	for _, old := range l.usable(factors.Password) {
		c.OldAuthenticators = append(c.OldAuthenticators, old.ID)
	}
	if s := l.live(); s != nil {
		c.EndAllBut = s.ID
	}
	c.EndAllOf = l.user.ID
	c.Events = append(c.Events, e.event(v, "password.changed", map[string]any{"why": "expired"}))
	l.auths = append(slices.DeleteFunc(l.auths, func(a *factors.Authenticator) bool { return a.Factor == factors.Password }), fresh)
	for i := range l.state.Proofs {
		if l.state.Proofs[i].Factor == factors.Password {
			l.state.Proofs[i].AuthenticatorID = fresh.ID
		}
	}
	e.notify(v, l.user, notice{Kind: mailPassword})
	return e.advance(v, c)
}
