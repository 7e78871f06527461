package flows

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
	"github.com/sallyport-id/sallyport/themes"
)

const (
	firstResend = 30 * time.Second
	lastResend  = 32 * time.Minute
)

// send puts the message that the open question needs into what goes out with the
// login. It is charged to everyone whom a flood of them would cost something; where
// one has no more, the question is dropped.
func (e *Engine) send(v *visit) error {
	l := v.login
	c := l.state.Challenge
	if c == nil {
		return nil
	}
	limits := e.sendLimits(v, c)
	if len(limits) == 0 {
		return nil
	}
	wait, err := e.db.TakeAll(v.ctx(), e.now(), limits...)
	if err != nil {
		return err
	}
	if wait > 0 {
		l.close()
		l.state.HeldUntil = e.now().Add(wait)
		return e.db.AddEvents(v.ctx(), e.event(v, "challenge.limited", map[string]any{"factor": c.Factor, "seconds": int64(wait / time.Second)}))
	}
	m := c.Message
	if m == nil {
		return nil
	}
	m.ID = storage.NewID("msg")
	row, err := e.parcel(l, c)
	if err != nil {
		return err
	}
	l.out = append(l.out, row)
	l.state.Message = m.ID
	l.state.ResendAt = e.now().Add(min(firstResend<<min(l.state.Sends, 10), lastResend))
	l.state.Sends++
	return nil
}

// parcel is the row for the message of c: for the vendor of its factor, or a mail.
func (e *Engine) parcel(l *login, c *factors.Challenge) (*storage.Message, error) {
	m := c.Message
	if _, ok := e.factors.Get(m.Factor).(factors.Courier); ok {
		return e.outbox.row(m.ID, m.Factor, parcel{UserID: l.userID(), Message: m}, c.ExpiresAt)
	}
	f := themes.Frame{Lang: m.Locale, Account: l.user.Username, Client: themes.Client{Name: e.name}}
	mail := themes.CodeMail{Frame: f, Name: m.Name, Code: m.Code, App: m.Client, ExpiresIn: c.ExpiresAt.Sub(e.now())}
	return e.letter(m.ID, l.userID(), m.Locale, m.To, c.ExpiresAt, mail)
}

// sendLimits are what a question is charged to: the person and, where it sends a
// message, who gets it, where it was asked for, and what a fraud would spread over.
func (e *Engine) sendLimits(v *visit, c *factors.Challenge) []storage.Limit {
	l, m := e.config.Limits, c.Message
	var limits []storage.Limit
	if rate := e.factors.Info(c.Factor).Rate; rate.Burst > 0 {
		limits = append(limits, on(rate, "send:"+c.Factor+":"+v.login.user.ID))
	}
	if m == nil {
		return limits
	}
	limits = append(limits, on(l.SendTo, "send:to:"+e.hashed(m.To)), on(l.SendAddress, "send:"+e.network(v.r)))
	for _, group := range m.Groups {
		rate := l.SendGroup
		if strings.HasPrefix(group, "country:") {
			rate = l.SendCountry
		}
		limits = append(limits, on(rate, "send:"+group))
	}
	return limits
}

// resend asks the open question again, once its time has come.
func (e *Engine) resend(v *visit) error {
	l := v.login
	c := l.state.Challenge
	if c == nil || l.state.Message == "" || e.now().Before(l.state.ResendAt) {
		return nil
	}
	change := &storage.Change{Login: l.row}
	pending := l.authenticator(l.state.Pending)
	switch {
	case v.needs(policy.ProveSecond) && l.state.Pending == "":
		if err := e.question(v, c.Factor, c.AuthenticatorID); err != nil {
			return err
		}
	case v.needs(policy.Enroll) && pending != nil:
		again, err := e.factors.Get(c.Factor).Challenge(v.ctx(), e.subject(l, c.Factor), pending)
		if err != nil {
			return err
		}
		l.close()
		l.state.Challenge, l.state.Pending = again, pending.ID
		if err := e.send(v); err != nil {
			return err
		}
		if l.state.Challenge == nil {
			change.OldAuthenticators = append(change.OldAuthenticators, pending.ID)
		}
	default:
		return nil
	}
	if l.state.Message != "" && l.state.Challenge != nil {
		l.state.Notice = &themes.Notice{Kind: "good", ID: noticeSent}
	}
	return e.store(v, change)
}

// unsent reports whether the message that the open question waits for will not come.
func (e *Engine) unsent(r *http.Request, l *login) (bool, error) {
	if l.state.Challenge == nil || l.state.Message == "" {
		return false, nil
	}
	state, err := e.db.MessageState(r.Context(), l.state.Message)
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	return state == storage.MessageFailed, err
}

// state is GET /login/{id}/state: whether the page of a login shows something else now
// than it did. Pages that wait for something outside ask it.
func (e *Engine) state(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	l, err := e.open(r, r.PathValue("id"))
	news := err != nil
	if err == nil {
		news, err = e.unsent(r, l)
	}
	if err != nil && !errors.Is(err, ErrGone) {
		status, _ := causeOf(err)
		w.WriteHeader(status)
	}
	_ = json.NewEncoder(w).Encode(map[string]bool{"reload": news}) // the browser has gone
}

// imply adds the authenticators that the person has by what is known of them, beside
// a factor of their own: a mailbox that is theirs.
func (e *Engine) imply(l *login, all []*factors.Authenticator) {
	if l.user == nil {
		return
	}
	for _, name := range e.factors.Names() {
		implier, ok := e.factors.Get(name).(factors.Implier)
		if !ok {
			continue
		}
		id := "aut_" + e.hashed(l.user.ID+" "+name)
		a := implier.Implied(e.subjectOf(l.user, nil))
		if a == nil || !l.second {
			l.drop(id)
			continue
		}
		if known(all, id) {
			continue
		}
		a.ID, a.UserID = id, l.user.ID
		if l.implied == nil {
			l.implied = map[string]*factors.Authenticator{}
		}
		l.implied[id] = a
		l.auths = append(l.auths, a)
	}
}
