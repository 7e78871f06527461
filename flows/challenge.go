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

// subject is what a factor may know of l's person.
func (e *Engine) subject(l *login, factor string) factors.Subject {
	s := e.subjectOf(l.user, l.usable(factor))
	s.LoginID, s.Callback = l.row.ID, e.absolute(e.path("/login/callback"))
	s.Address, s.UserAgent = l.address, l.agent
	s.Locale = e.themes.Match(l.state.Ask.UILocales, l.user.Locale, l.accepts)
	s.SecondFactor = e.alwaysSecond(l)
	if l.client != nil {
		s.Client = l.client.Name
	}
	return s
}

func (e *Engine) subjectOf(u *storage.User, auths []*factors.Authenticator) factors.Subject {
	return factors.Subject{
		UserID: u.ID, Username: u.Username, Email: u.Email, EmailVerified: u.EmailVerified, Name: u.Name, Phone: u.PhoneNumber, Locale: u.Locale,
		Issuer: e.name, Host: e.issuer.Hostname(), Site: e.absolute(e.prefix), Authenticators: auths, Now: e.now(),
	}
}

// alwaysSecond reports whether a password never signs in alone here: then it may be
// shorter (NIST SP 800-63B-4 §3.1.1.2). A policy of "never" anywhere on the way makes
// it a password that has to stand alone; so may a row, a grace or a script.
func (e *Engine) alwaysSecond(l *login) bool {
	var f policy.Facts
	e.documents(l, &f)
	relaxes := func(d policy.Document) bool {
		return d.Policy != policy.Always && d.Policy != "" || d.Grace != nil || len(d.Rows) > 0
	}
	return f.TenantPolicy.Policy == policy.Always && len(l.scripts) == 0 &&
		!relaxes(f.TenantPolicy) && !relaxes(f.ClientPolicy) && !relaxes(f.OrganizationPolicy)
}

// challenge opens a question to the person's authenticators of a factor, or to the one
// called id. A factor that has no say in which of them answers is asked with nil.
func (e *Engine) challenge(ctx context.Context, l *login, factor, id string) error {
	auths := l.usable(factor)
	if id != "" {
		auths = slices.DeleteFunc(auths, func(a *factors.Authenticator) bool { return a.ID != id })
	}
	if len(auths) == 0 {
		return fmt.Errorf("login: no authenticator of %s", factor)
	}
	var only *factors.Authenticator
	if len(auths) == 1 {
		only = auths[0]
	}
	c, err := e.factors.Get(factor).Challenge(ctx, e.subject(l, factor), only)
	if errors.Is(err, factors.ErrUnsupported) && only == nil {
		c, err = e.factors.Get(factor).Challenge(ctx, e.subject(l, factor), auths[0])
	}
	if err != nil {
		return fmt.Errorf("%s: challenge: %w", factor, err)
	}
	l.close()
	l.state.Challenge, l.began = c, "challenge.started"
	e.tell(l)
	return nil
}

// question is challenge in a POST: what it sends is charged, and goes out when the
// login is stored. Where it cannot be asked, the page offers the other ways.
func (e *Engine) question(v *visit, factor, id string) error {
	l := v.login
	err := e.challenge(v.ctx(), l, factor, id)
	if errors.Is(err, factors.ErrUnsupported) {
		e.log.WarnContext(v.ctx(), "authenticator cannot be asked", "factor", factor, "error", err)
		l.close()
		l.state.Notice = &themes.Notice{Kind: "warn", ID: noticeUnavailable}
		return nil
	}
	if err != nil {
		return err
	}
	return e.send(v)
}

// candidates are the authenticators that may answer the open challenge.
func (l *login) candidates(c *factors.Challenge) []*factors.Authenticator {
	if c.AuthenticatorID == "" {
		return l.usable(c.Factor)
	}
	if a := l.authenticator(c.AuthenticatorID); a != nil && a.Usable() && a.Factor == c.Factor {
		return []*factors.Authenticator{a}
	}
	return nil
}

// answerSecond checks a code of a second factor.
func (e *Engine) answerSecond(v *visit) error {
	l := v.login
	c := l.state.Challenge
	if l.state.Verdict != "" { // the page was older than the no
		l.state.Notice = l.refusal()
		return e.store(v, &storage.Change{Login: l.row})
	}
	if c == nil || l.state.Pending != "" || !slices.Contains(v.decision.Offers, c.Factor) || len(l.candidates(c)) == 0 {
		if l.state.Ask.Direct != "" {
			return factors.ErrExpired // a program asks anew by itself, and is sent nothing that it did not ask for
		}
		return e.advance(v, &storage.Change{}) // ask what is needed now
	}
	if said, err := e.misshapen(v, c); err != nil || said {
		return err
	}
	auths := l.candidates(c)
	limits := e.codeLimits(v, auths)
	if ok, err := e.charge(v, c.Factor, limits); err != nil || !ok {
		return err
	}
	p, a, err := e.verify(v, c, auths)
	if err != nil {
		return e.wrongCode(v, c, auths, err)
	}
	v.right = c.Prompt.Kind == factors.PromptCode
	a.Failures, a.LastUsedAt = 0, e.now()
	change := &storage.Change{Authenticators: []*factors.Authenticator{a}, Refund: append(limits, e.unapproved(l, a.Factor)...)}
	e.noteRemember(v, a.Factor)
	if e.factors.Info(a.Factor).Companion {
		if l.state.Ask.Direct != "" {
			if err := e.next(v, a); err != nil {
				return err
			}
		}
		e.noteRecovery(v, change, a)
	}
	return e.accept(v, p, change)
}

// verify asks each candidate in turn, until one takes the answer. The worst that any
// of them said about a wrong one is what counts: "spent" before "wrong".
func (e *Engine) verify(v *visit, c *factors.Challenge, auths []*factors.Authenticator) (*factors.Proof, *factors.Authenticator, error) {
	answer := e.answerOf(v)
	var worst error
	for _, a := range auths {
		p, err := e.factors.Get(a.Factor).Verify(v.ctx(), e.subject(v.login, a.Factor), a, c, answer)
		if err == nil {
			return p, a, nil
		}
		if worst == nil || errors.Is(worst, factors.ErrWrong) {
			worst = err
		}
	}
	return nil, nil, worst
}

// answerOf is what was sent, without what is ours.
func (e *Engine) answerOf(v *visit) factors.Answer {
	answer := factors.Answer{}
	for name, values := range v.r.PostForm {
		if name != "act" && name != "factor" && len(values) == 1 {
			answer[name] = values[0]
		}
	}
	return answer
}

// wrongCode counts what was not right. The count stands by itself, whatever happens
// to the login at the same moment.
func (e *Engine) wrongCode(v *visit, c *factors.Challenge, auths []*factors.Authenticator, cause error) error {
	l := v.login
	v.outcome = cause
	var rejected *factors.Rejection
	switch {
	case errors.Is(cause, factors.ErrPending):
		l.state.Notice = &themes.Notice{Kind: "info", ID: noticePending}
		return e.store(v, &storage.Change{Login: l.row, Refund: e.codeLimits(v, auths)})
	case errors.Is(cause, factors.ErrExpired):
		change := &storage.Change{Login: l.row}
		if err := e.renew(v, change, c); err != nil {
			return err
		}
		l.state.Notice = wrong(noticeExpired, c)
		return e.store(v, change)
	case errors.Is(cause, factors.ErrUnsupported):
		e.log.WarnContext(v.ctx(), "factor cannot be asked", "factor", c.Factor, "error", cause)
		change := &storage.Change{Login: l.row}
		e.dropPending(l, change)
		l.close()
		l.state.Notice = &themes.Notice{Kind: "warn", ID: noticeUnavailable}
		return e.store(v, change)
	case errors.As(cause, &rejected):
		change := &storage.Change{Login: l.row}
		if err := e.again(v, change, c); err != nil {
			return err
		}
		if rejected.Field == "" { // it was not mistyped
			change.Events = append(change.Events, e.event(v, "proof.refused", map[string]any{"factor": c.Factor, "reason": rejected.Message}))
		}
		l.state.Notice = &themes.Notice{Kind: "error", ID: rejected.Message, Data: rejected.Data, Field: rejected.Field}
		return e.store(v, change)
	case errors.Is(cause, factors.ErrSpent):
		l.state.Notice = wrong(noticeSpent, c)
	case errors.Is(cause, factors.ErrWrong):
		l.state.Notice = wrong(noticeWrong, c)
	default:
		return fmt.Errorf("%s: verify: %w", c.Factor, cause)
	}
	if err := e.countWrong(v, auths); err != nil {
		return err
	}
	change := &storage.Change{Login: l.row}
	if err := e.again(v, change, c); err != nil {
		return err
	}
	return e.store(v, change)
}

// renew asks an expired question again, where that sends nothing. Otherwise the page
// offers to.
func (e *Engine) renew(v *visit, change *storage.Change, c *factors.Challenge) error {
	switch {
	case v.login.state.Message != "" || c.Token != "" && v.login.state.Pending == "":
		return nil
	case c.Prompt.Kind == factors.PromptPublicKey:
		return e.again(v, change, c)
	case v.login.state.Pending != "":
		v.login.close()
		return nil
	}
	return e.challenge(v.ctx(), v.login, c.Factor, c.AuthenticatorID)
}

// again asks a key anew. A challenge is for one answer, right or wrong: an answer to
// the old one, made earlier or elsewhere, comes too late (WebAuthn §13.4.3).
func (e *Engine) again(v *visit, change *storage.Change, c *factors.Challenge) error {
	l := v.login
	switch {
	case c.Prompt.Kind != factors.PromptPublicKey:
		return nil
	case l.state.Pending == "":
		return e.challenge(v.ctx(), l, c.Factor, c.AuthenticatorID)
	}
	e.dropPending(l, change)
	a, err := e.pending(v.ctx(), l, c.Factor, factors.Answer{})
	if err == nil {
		change.NewAuthenticators = append(change.NewAuthenticators, a)
	}
	return err
}

// countWrong counts a wrong answer against every authenticator that was asked, and
// disables one that was guessed at too often.
func (e *Engine) countWrong(v *visit, auths []*factors.Authenticator) error {
	var disabled []*factors.Authenticator
	err := e.db.Tx(v.ctx(), func(ctx context.Context) error {
		disabled = nil
		events := []*storage.Event{e.event(v, "proof.refused", map[string]any{"factor": auths[0].Factor})}
		if direct := v.login.state.Ask.Direct; direct != "" && direct != directEnroll {
			events = append(events, e.event(v, "exchange.refused", map[string]any{"exchange": e.exchangeBy(auths[0].Factor)}))
		}
		for _, a := range auths {
			n, err := e.db.CountFailure(ctx, a.ID, e.config.Limits.Consecutive)
			if errors.Is(err, storage.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			if n == e.config.Limits.Consecutive {
				disabled = append(disabled, a)
				events = append(events, e.event(v, "authenticator.disabled", map[string]any{"factor": a.Factor, "authenticator_id": a.ID, "failures": n}))
			}
		}
		return e.db.AddEvents(ctx, events...)
	})
	if err != nil {
		return fmt.Errorf("login: count: %w", err)
	}
	for range disabled {
		e.notify(v, v.login.user, notice{Kind: mailLocked}) // goes out with the login
	}
	return nil
}
