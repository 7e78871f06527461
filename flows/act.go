package flows

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
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
	paid     bool            // the limits were charged
	right    bool            // what was answered was right, and can be looked at again

	// Of a sign-in without a browser.
	unstored bool    // the login has no row yet
	token    string  // that opened it
	polled   bool    // the limit of questions for news was charged
	before   *state  // that a wrong answer goes back to
	outcome  error   // of the act
	result   *Result // where the sign-in is done
	recovery string  // the code in the place of the used one
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
	"skip":    (*Engine).skip,
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
	w, r := v.w, v.r
	err := e.try(v, do)
	for n := 0; n < changes && v.right && errors.Is(err, storage.ErrConflict); n++ {
		// What came between, such as somebody's wrong guess, takes nothing from a right
		// answer.
		v.right, v.cookies, v.next = false, nil, ""
		if v.login, err = e.open(r, v.login.row.ID); err == nil {
			err = e.try(v, do)
		}
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

func (e *Engine) try(v *visit, do func(*Engine, *visit) error) (err error) {
	if v.decision, err = e.decide(v.ctx(), v.login); err != nil {
		return err
	}
	return do(e, v)
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
		return l.state.Denied != "" || d.Error != "access_denied" || d.Reason == deniedByRule
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
	case v.decision.Need == policy.Enroll && e.renews(v.decision):
		return e.renewCodes(v)
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
	c := &storage.Change{Login: v.login.row, Events: []*storage.Event{e.event(v, event, nil)}, Decision: e.write(v.login, v.decision)}
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
