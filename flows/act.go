package flows

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
	"github.com/sallyport-id/sallyport/themes"
)

// A visit is one POST to a login.
type visit struct {
	w        http.ResponseWriter
	r        *http.Request
	login    *login
	decision policy.Decision // before the act
	next     string          // where the 303 goes, if not where the login says
	cookies  []func()        // set once the change is stored
	mark     string          // of the browser, made where it has none
}

func (v *visit) ctx() context.Context { return v.r.Context() }

func (v *visit) field(name string) string { return v.r.PostFormValue(name) }

// acts are what the buttons of a login's pages do. An act that does not fit what is
// needed now changes nothing: the page that fits is shown instead.
var acts = map[string]func(*Engine, *visit) error{
	"":        (*Engine).answer,
	"answer":  (*Engine).answer,
	"choose":  (*Engine).choose,
	"resend":  (*Engine).resend,
	"other":   (*Engine).other,
	"enroll":  (*Engine).enroll,
	"done":    (*Engine).kept,
	"allow":   (*Engine).allow,
	"deny":    (*Engine).deny,
	"cancel":  (*Engine).cancel,
	"switch":  (*Engine).switchUser,
	"reset":   (*Engine).forgot,
	"passkey": (*Engine).answerPasskey,
	"later":   (*Engine).later,
	"never":   (*Engine).never,
}

// act is POST /login/{id}.
func (e *Engine) act(w http.ResponseWriter, r *http.Request) {
	l, err := e.open(r, r.PathValue("id"))
	if err != nil {
		e.fail(w, r, err)
		return
	}
	if err := r.ParseForm(); err != nil {
		e.failWith(w, r, http.StatusBadRequest, "the form cannot be read")
		return
	}
	e.run(&visit{w: w, r: r, login: l}, (*Engine).perform)
}

// callback is GET /login/callback, where another site sends a person back to with an
// answer. It is the one GET that changes something: the state in it works once, and
// only in the login's browser.
func (e *Engine) callback(w http.ResponseWriter, r *http.Request) {
	id, _, _ := strings.Cut(r.URL.Query().Get("state"), ".")
	l, err := e.open(r, id)
	if err != nil {
		e.fail(w, r, err)
		return
	}
	r.PostForm = r.URL.Query()
	v := &visit{w: w, r: r, login: l}
	if c := l.state.Challenge; c == nil || c.Prompt.Kind != factors.PromptRedirect {
		http.Redirect(w, r, e.LoginPath(id), http.StatusSeeOther)
		return
	}
	e.run(v, func(e *Engine, v *visit) error {
		l.state.Notice, l.state.LockedUntil, l.state.HeldUntil = nil, time.Time{}, time.Time{}
		return e.answer(v)
	})
}

// run does one act and sends the browser on.
func (e *Engine) run(v *visit, do func(*Engine, *visit) error) {
	w, r, l := v.w, v.r, v.login
	var err error
	if v.decision, err = e.decide(v.ctx(), l); err == nil {
		err = do(e, v)
	}
	if errors.Is(err, storage.ErrConflict) {
		err = e.tellChanged(v)
	}
	if err != nil {
		e.fail(w, r, err)
		return
	}
	if v.next == "" {
		v.next = e.where(v)
	}
	http.Redirect(w, r, v.next, http.StatusSeeOther)
}

// perform does what the pressed button says. A notice is for one page: each act
// begins without.
func (e *Engine) perform(v *visit) error {
	do, ok := acts[v.field("act")]
	if !ok {
		return nil
	}
	s := &v.login.state
	s.Notice, s.LockedUntil, s.HeldUntil = nil, time.Time{}, time.Time{}
	s.Platform = s.Platform || v.field("platform") != ""
	return do(e, v)
}

// where the browser goes from here: to the application if the login is over.
func (e *Engine) where(v *visit) string {
	d, err := e.decide(v.ctx(), v.login)
	if err == nil && v.login.over(d) {
		return v.login.resume()
	}
	return e.LoginPath(v.login.row.ID)
}

// over reports whether the login has nothing more to show. A denial that is news to
// the person has a page of its own first; one that they chose, or that the
// application has to hear in OpenID Connect's words, has none.
func (l *login) over(d policy.Decision) bool {
	if d.Need == policy.Deny {
		return l.state.Denied != "" || d.Error != "access_denied"
	}
	return d.Need == policy.Done && !l.paused() && l.live() != nil
}

// needs reports whether need is what is needed now, with nothing to be read first.
func (v *visit) needs(need policy.Need) bool {
	return v.decision.Need == need && !v.login.paused()
}

// answer is the main button: it shows a proof, or a new password.
func (e *Engine) answer(v *visit) error {
	switch {
	case v.login.state.Shown != nil:
		return nil
	case v.login.state.Offer != "":
		return e.answerEnrollment(v)
	case v.decision.Need == policy.Identify, v.decision.Need == policy.ProveFirst:
		return e.answerPassword(v)
	case v.decision.Need == policy.Reset:
		return e.answerNewPassword(v)
	case v.decision.Need == policy.Enroll:
		return e.answerEnrollment(v)
	case v.decision.Need == policy.ProveSecond:
		return e.answerSecond(v)
	case v.decision.Need == policy.Done:
		return e.advance(v, &storage.Change{})
	}
	return nil
}

// cancel ends the login for the application; the browser's session stays as it was.
func (e *Engine) cancel(v *visit) error {
	v.login.state.Denied = cancelled
	return e.end(v, "login.cancelled")
}

// end stores a login that will have no result.
func (e *Engine) end(v *visit, event string) error {
	c := &storage.Change{Login: v.login.row, Events: []*storage.Event{e.event(v, event, nil)}}
	e.dropPending(v.login, c)
	v.login.close()
	v.login.state.Shown = nil
	return e.store(v, c)
}

// switchUser begins the login anew for another person in the same browser.
func (e *Engine) switchUser(v *visit) error {
	if v.login.user == nil || v.login.state.Session != "" {
		return nil
	}
	c := &storage.Change{Login: v.login.row}
	e.dropPending(v.login, c)
	v.login.forget()
	if err := e.invite(v.login); err != nil {
		return err
	}
	return e.store(v, c)
}

// forgot leads to the page that sends a reset mail.
func (e *Engine) forgot(v *visit) error {
	if v.decision.Need == policy.Identify || v.decision.Need == policy.ProveFirst {
		v.next = e.resetPath(v.login.state.Ask.ClientID)
	}
	return nil
}

// other opens the picker.
func (e *Engine) other(v *visit) error {
	pickable := v.needs(policy.ProveSecond) || v.needs(policy.Enroll)
	if !pickable || len(v.decision.Offers) < 2 {
		return nil
	}
	v.login.state.Picking, v.login.state.Asking = true, ""
	return e.store(v, &storage.Change{Login: v.login.row})
}

// choose asks for another of the factors on offer, or for one authenticator of it. One
// that was asked just now is not asked again: that is what resend is for.
func (e *Engine) choose(v *visit) error {
	l := v.login
	factor, id, _ := strings.Cut(v.field("factor"), " ")
	if !v.needs(policy.ProveSecond) || !slices.Contains(v.decision.Offers, factor) {
		return nil
	}
	c := l.state.Challenge
	same := c != nil && c.Factor == factor && (id == "" || c.AuthenticatorID == id) && l.state.Pending == ""
	if same && l.state.Message != "" && e.now().Before(l.state.ResendAt) {
		l.state.Picking = false
	} else if err := e.question(v, factor, id); err != nil {
		return err
	}
	return e.store(v, &storage.Change{Login: l.row})
}

// store packs the login and writes c with the messages that go out; those and the
// cookies follow only then.
func (e *Engine) store(v *visit, c *storage.Change) error {
	if err := v.login.pack(e.now()); err != nil {
		return err
	}
	if q := v.login.state.Challenge; q != nil {
		if a := v.login.implied[q.AuthenticatorID]; a != nil {
			c.NewAuthenticators = append(c.NewAuthenticators, a)
		}
	}
	c.Messages, c.Transaction = append(c.Messages, v.login.out...), v.login.told
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
	value := token()
	l.row.Key = e.db.Hash(hashLogin, value)
	v.cookies = append(v.cookies, func() { e.setCookie(v.w, loginCookie+l.row.ID, value, l.row.ExpiresAt.Sub(e.now())) })
	c.Events = append(c.Events, e.event(v, "proof.accepted", map[string]any{"factor": p.Factor, "authenticator_id": p.AuthenticatorID}))
	return e.advance(v, c)
}

// advance makes what the new state of the login needs, and stores it with c: the next
// challenge, an enrolment, or the session.
func (e *Engine) advance(v *visit, c *storage.Change) error {
	l := v.login
	if l.browser == nil {
		if err := e.recall(v.ctx(), v.r, l); err != nil {
			return err
		}
	}
	d, err := e.decide(v.ctx(), l)
	if err != nil {
		return err
	}
	c.Login = l.row
	switch {
	case l.paused():
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
			e.finish(v, c, d)
		}
	case d.Need == policy.Deny:
		c.Events = append(c.Events, e.event(v, "login.denied", map[string]any{"reason": d.Reason}))
	}
	if err != nil {
		return err
	}
	return e.store(v, c)
}

// finish writes the session that the login earned.
func (e *Engine) finish(v *visit, c *storage.Change, d policy.Decision) {
	l := v.login
	value := e.establish(v, c)
	if value != "" {
		life := max(e.config.SessionAbsolute, time.Second)
		v.cookies = append(v.cookies, func() { e.setCookie(v.w, sessionCookie, value, life) }, func() { e.knowDevice(v, l.user.ID) }, func() { e.noteUsed(v) })
		e.remember(v, c, d)
		e.noteDevice(v, c)
	}
	c.Events = append(c.Events, e.event(v, "login.done", map[string]any{"acr": d.ACR, "amr": d.AMR, "reason": d.Reason}))
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
