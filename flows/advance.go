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

// store packs the login and writes c with the messages that go out; those and the
// cookies follow only then.
func (e *Engine) store(v *visit, c *storage.Change) error {
	if v.before != nil && v.outcome != nil {
		v.login.state = *v.before
	}
	c.Events = append(c.Events, e.opened(v)...)
	if err := v.login.pack(e.now()); err != nil {
		return err
	}
	if q := v.login.state.Challenge; q != nil {
		if a := v.login.implied[q.AuthenticatorID]; a != nil {
			c.NewAuthenticators = append(c.NewAuthenticators, a)
		}
	}
	c.Messages, c.Transaction = append(c.Messages, v.login.out...), v.login.told
	if v.unstored {
		c.Login, c.NewLogin = nil, c.Login
	}
	if err := e.db.Commit(v.ctx(), *c); err != nil {
		return fmt.Errorf("login: %w", err)
	}
	for _, set := range v.cookies {
		set()
	}
	e.outbox.kick(c.Messages)
	v.login.out, v.login.told = nil, nil
	return nil
}

// accept takes a proof into the login, with whatever else c changes. The login's
// cookie changes too: who planted the old one is left behind (T-10).
func (e *Engine) accept(v *visit, p *factors.Proof, c *storage.Change) error {
	l := v.login
	l.state.Proofs = join(l.state.Proofs, *p)
	l.close()
	l.state.Passkey = nil
	c.Events = append(c.Events, e.event(v, "proof.accepted", map[string]any{"factor": p.Factor, "authenticator_id": p.AuthenticatorID}))
	if l.state.Ask.Direct != "" {
		v.before = nil
		return e.proceed(v, c)
	}
	value := token()
	l.row.Key = e.db.Hash(hashLogin, value)
	v.cookies = append(v.cookies, func() { e.setCookie(v.w, loginCookie+l.row.ID, value, l.row.ExpiresAt.Sub(e.now())) })
	return e.advance(v, c)
}

// advance makes what the new state of the login needs, and stores it with c: the next
// challenge, an enrolment, or the session.
func (e *Engine) advance(v *visit, c *storage.Change) error {
	l := v.login
	if l.browser == nil {
		if err := e.surround(v.ctx(), v.r, l); err != nil {
			return err
		}
	}
	d, err := e.settle(v.ctx(), v.r, l)
	if err != nil {
		return err
	}
	c.Login = l.row
	if row := e.witness(v.ctx(), v.r, l, d); row != nil {
		c.Decision = row
	}
	switch {
	case l.paused(), d.Need == policy.Redirect:
	case d.Need == policy.ProveFirst:
		err = e.invite(l)
	case l.picks(d) && (d.Need == policy.ProveSecond || d.Need == policy.Enroll):
		e.dropPending(l, c)
		l.close()
	case d.Need == policy.ProveSecond && len(d.Offers) > 0:
		err = e.question(v, d.Offers[0], "")
		if slices.ContainsFunc(l.state.Proofs, func(p factors.Proof) bool { return p.Factor == d.Offers[0] }) {
			l.state.Notice = &themes.Notice{Kind: "info", ID: noticeAnother}
		}
	case d.Need == policy.Enroll && len(d.Offers) > 0:
		err = e.beginEnrollment(v, c, d.Offers[0], factors.Answer{})
	case d.Need == policy.Done:
		if err = e.propose(v, c); err == nil && !l.paused() {
			err = e.finish(v, c, d)
		}
	case d.Need == policy.Deny:
		c.Events = append(c.Events, e.event(v, "login.denied", l.denial(d)))
	}
	if err != nil {
		return err
	}
	return e.store(v, c)
}

// finish writes the session that the login earned.
func (e *Engine) finish(v *visit, c *storage.Change, d policy.Decision) error {
	l := v.login
	value := e.establish(v, c)
	if value != "" {
		life := max(e.config.SessionAbsolute, time.Second)
		v.cookies = append(v.cookies, func() { e.setCookie(v.w, sessionCookie, value, life) }, func() { e.knowDevice(v, l.user.ID) }, func() { e.noteUsed(v) })
		e.remember(v, c, d)
		e.noteDevice(v, c)
		if err := e.chronicle(v, c); err != nil {
			return err
		}
	}
	e.sum(v, c, d)
	return nil
}

// sum adds what a login that is done leaves behind, with a session or without.
func (e *Engine) sum(v *visit, c *storage.Change, d policy.Decision) {
	l := v.login
	if s := l.state.Scripted; s != nil && l.annotate(s) {
		c.User = l.user
		c.Events = append(c.Events, e.event(v, "user.changed", map[string]any{"by": "rules", "fields": s.annotated()}))
	}
	data := map[string]any{"acr": d.ACR, "amr": d.AMR, "reason": d.Reason, "source": l.state.Record.source(d)}
	if l.state.Ask.Direct != "" {
		data["exchange"] = e.exchange(l)
	}
	c.Events = append(c.Events, e.event(v, "login.done", data))
}

// tellChanged says that something else changed the login, its authenticator or its
// session at the same moment. Nothing of this answer was stored, so it can be given
// again where it is still good.
func (e *Engine) tellChanged(v *visit) error {
	l, err := e.open(v.r, v.login.row.ID)
	if err != nil {
		return err
	}
	v.login, v.cookies, v.next = l, nil, ""
	l.state.Notice = &themes.Notice{Kind: "info", ID: noticeChanged}
	err = e.store(v, &storage.Change{Login: l.row})
	if errors.Is(err, storage.ErrConflict) {
		return nil // the page shows what the other one stored
	}
	return err
}
