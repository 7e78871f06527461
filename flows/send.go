package flows

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
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

	sendAll = "send:all" // the bucket of all that is paid for
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
		l.state.HeldUntil, l.state.Held = e.now().Add(wait), c.Factor
		return e.refuse(v, c, wait)
	}
	if m := c.Message; m != nil {
		m.ID = storage.NewID("msg")
		row, err := e.parcel(l, c)
		if err != nil {
			return err
		}
		l.out = append(l.out, row)
		l.state.Message, l.state.SentAt = m.ID, e.now()
	}
	if c.Message != nil || c.Token != "" {
		l.state.ResendAt = e.now().Add(min(firstResend<<min(l.state.Sends, 10), lastResend))
		l.state.Sends++
	}
	return nil
}

// refuse writes down that there was no message left, and sounds the alarm where that is so
// for everybody.
func (e *Engine) refuse(v *visit, c *factors.Challenge, wait time.Duration) error {
	if err := e.warn(v, c.Factor); err != nil {
		return err
	}
	data := map[string]any{"factor": c.Factor, "seconds": int64(wait / time.Second)}
	if c.Message != nil && len(c.Message.Groups) > 0 {
		left, err := e.db.PeekLimits(v.ctx(), e.now(), on(e.config.Limits.SendAll, sendAll))
		if err != nil {
			return err
		}
		if left > 0 {
			data["everybody"] = true
			e.log.ErrorContext(v.ctx(), "the budget of texts and calls is used up: look for a fraud in the audit log (challenge.limited), or raise login.limits.send_all")
		}
	}
	return e.db.AddEvents(v.ctx(), e.event(v, "challenge.limited", data))
}

// warnEvery bounds the mails about questions that nobody approved.
var warnEvery = rate(1, time.Hour)

// warn tells a person that somebody who knows their password keeps asking their
// devices.
func (e *Engine) warn(v *visit, factor string) error {
	if len(e.unapproved(v.login, factor)) == 0 {
		return nil
	}
	wait, err := e.db.TakeAll(v.ctx(), e.now(), on(warnEvery, "warn:"+v.login.user.ID))
	if err == nil && wait == 0 {
		e.notify(v, v.login.user, notice{Kind: mailUnapproved, Factor: factor})
	}
	return err
}

// parcel is the row for the message of c: for the vendor of its factor, or a mail.
func (e *Engine) parcel(l *login, c *factors.Challenge) (*storage.Message, error) {
	m, p := c.Message, parcel{UserID: l.userID(), LoginID: l.row.ID}
	if _, ok := e.factors.Get(m.Factor).(factors.Courier); ok {
		p.Message = m
		return e.outbox.row(m.ID, m.Factor, p, c.ExpiresAt)
	}
	f := themes.Frame{Lang: m.Locale, Account: l.user.Username}
	mail := themes.CodeMail{Frame: f, Name: m.Name, To: addressee(l.user), Code: m.Code, App: m.Client, ExpiresIn: c.ExpiresAt.Sub(e.now())}
	return e.letter(m.ID, p, m.Locale, m.To, c.ExpiresAt, mail)
}

// sendLimits are what a question is charged to: the person and, where it sends a
// message, who gets it, where it was asked for, and what a fraud would spread over.
func (e *Engine) sendLimits(v *visit, c *factors.Challenge) []storage.Limit {
	l, m := e.config.Limits, c.Message
	var limits []storage.Limit
	if c.Token != "" && v.login.state.Pending != "" { // a picture on the page asks nobody
		return nil
	}
	if rate := e.factors.Info(c.Factor).Rate; rate.Burst > 0 {
		limits = append(limits, on(rate, "send:"+c.Factor+":"+v.login.user.ID))
	}
	limits = append(limits, e.unapproved(v.login, c.Factor)...)
	if m == nil || m.To == "" {
		return limits
	}
	limits = append(limits, on(l.SendAddress, "send:"+e.network(v.r)))
	if len(m.Groups) > 0 { // each one is paid for
		limits = append(limits, on(l.SendTo, "send:to:"+e.hashed(m.To)), on(l.SendAll, sendAll))
	}
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
	if c == nil || l.state.Message == "" && c.Token == "" || e.now().Before(l.state.ResendAt) {
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
	if q := l.state.Challenge; q != nil && l.state.Message != "" && q.Prompt.Kind == factors.PromptCode {
		l.state.Notice = &themes.Notice{Kind: "good", ID: noticeSent}
	}
	return e.store(v, change)
}

// state is GET /login/{id}/state: what a page that waits for something outside has to
// do now. It was shown at version v of the login.
func (e *Engine) state(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	l, err := e.open(r, r.PathValue("id"))
	n := news{Reload: err != nil}
	if err == nil {
		n, err = e.news(r, l)
	}
	if err != nil && !errors.Is(err, ErrGone) {
		status, _ := causeOf(err)
		w.WriteHeader(status)
	}
	_ = json.NewEncoder(w).Encode(n) // the browser has gone
}

// news is what has happened since a page was shown: it shows something else now, or its
// form can be sent, because a device has answered.
type news struct {
	Reload bool `json:"reload"`
	Submit bool `json:"submit"`
}

func (e *Engine) news(r *http.Request, l *login) (news, error) {
	c := l.state.Challenge
	if c != nil && c.Token != "" && e.ready(r, l, *c) {
		return news{Submit: true}, nil
	}
	stale := r.URL.Query().Get("v") != strconv.FormatInt(l.row.Version, 10)
	trouble, err := e.trouble(r, l)
	if err != nil || stale || trouble != "" && trouble != r.URL.Query().Get("says") || c == nil {
		return news{Reload: true}, err
	}
	gone, err := e.superseded(r.Context(), l)
	return news{Reload: gone || c.Token != "" && !e.now().Before(c.ExpiresAt)}, err
}

// ready reports whether a device has answered c, as the browser's own answer would find
// it.
func (e *Engine) ready(r *http.Request, l *login, c factors.Challenge) bool {
	a := l.authenticator(c.AuthenticatorID)
	if a == nil {
		return false
	}
	copied := *a
	_, err := e.factors.Get(a.Factor).Verify(r.Context(), e.subject(l, a.Factor), &copied, &c, nil)
	return err == nil
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
		if a == nil || !l.second && !l.state.Mailbox {
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
