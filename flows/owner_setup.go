package flows

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
	"github.com/sallyport-id/sallyport/themes"
)

// setups is how often a program may begin to set something up for one person.
var setups = rate(20, 30*time.Second)

// A Setup is what a program is setting up for its person.
type Setup struct {
	ID      string // of the authenticator, which is there once it is confirmed
	Session string // has to come back with the answer that confirms it
	Prompt  factors.Prompt
	// Recovery is what the person has to keep, where recovery codes are set up or go with
	// what is.
	Recovery []string
	Min      int // characters of a new password
}

// A Confirmation answers a Setup: with what the person was sent or shows, with the
// browser's word for a key, or with a new password. A phone that answers by itself, and
// recovery codes, take nothing.
type Confirmation struct{ Code, Credential, Password string }

// Setup begins to set up an authenticator of a factor, or new recovery codes or a new
// password in place of the old ones, which are good until it is confirmed.
//
// Errors: ErrStale; *Unfit; *factors.Rejection; *Limited; *Refusal.
func (o *Owner) Setup(by *Caller, factor string, answer factors.Answer) (*Setup, error) {
	e := o.e
	wait, err := e.db.TakeAll(o.r.Context(), e.now(), on(setups, "setup:"+o.User.ID))
	if err != nil {
		return nil, fmt.Errorf("limits: %w", err)
	}
	if wait > 0 {
		return nil, &Limited{Wait: wait, Factor: factor}
	}
	session := token()
	if factor == factors.Password || e.factors.Info(factor).Companion {
		return o.replacement(by, factor, session)
	}
	d, err := e.Adding(o.r, by, session, Ask{}, true)
	if err != nil {
		return nil, err
	}
	d.keys = true
	made, err := d.Enroll(factor, answer)
	if err != nil {
		return nil, err
	}
	return &Setup{ID: d.v.login.state.Pending, Session: session + "~" + made.ID, Prompt: made.Prompt, Recovery: made.Recovery}, nil
}

// replacement is Setup for what a person has once, and has already.
func (o *Owner) replacement(by *Caller, factor, session string) (*Setup, error) {
	e := o.e
	l, err := e.startAdding(o.r, by, "lgn_"+e.hashed("adding "+session), e.db.Hash(hashDirect, session), Ask{})
	if err != nil {
		return nil, err
	}
	if err := e.mayChange(l, by); err != nil {
		return nil, err
	}
	made := &Setup{ID: storage.NewID("aut"), Session: session}
	l.state.Asking, l.state.Asked = factor, made.ID
	if factor == factors.Password {
		s, err := e.standing(o.r.Context(), o.User)
		if err != nil {
			return nil, err
		}
		made.Min = e.minLength(o.r.Context(), s)
	} else {
		f, ok := e.factors.Get(factor).(factors.Single)
		if !ok || !l.second || !slices.Contains(e.allowed(l), factor) {
			return nil, &Unfit{Fit: e.addable(l)}
		}
		a, code, err := f.One(e.subject(l, factor), nil)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", factor, err)
		}
		l.state.Companion, made.Recovery = a, []string{code}
	}
	return made, e.store(&visit{r: o.r, login: l, unstored: true}, &storage.Change{Login: l.row})
}

// Confirm ends the Setup id of the same person. It returns the id of the authenticator that
// there is now.
//
// Errors: ErrGone where there is none, or it is over; factors' own; *factors.Rejection;
// *Limited; ErrStale; ErrSlowDown.
func (o *Owner) Confirm(by *Caller, id, session string, answer Confirmation) (string, error) {
	session, question, _ := strings.Cut(session, "~")
	d, err := o.e.Adding(o.r, by, session, Ask{}, false)
	if err != nil {
		return "", err
	}
	s := &d.v.login.state
	switch {
	case d.v.login.user.ID != o.User.ID || s.Caller == nil || s.Caller.UserID != o.User.ID:
		return "", ErrGone
	case s.Asking == factors.Password && s.Asked == id:
		return o.confirmPassword(d, by, answer.Password)
	case s.Companion != nil && s.Asking == s.Companion.Factor && s.Asked == id:
		return o.confirmCodes(d)
	case s.Pending != id || s.Challenge == nil:
		return "", ErrGone
	}
	var result *Result
	if s.Challenge.Prompt.Kind == factors.PromptPublicKey {
		result, err = d.Key(answer.Credential)
	} else {
		result, err = d.Answer(question, answer.Code)
	}
	if err == nil && result == nil {
		err = factors.ErrWrong // it has not even the form of an answer
	}
	return id, err
}

// Key answers with what the browser said of a key that is being set up.
func (d *Direct) Key(credential string) (*Result, error) {
	r := *d.v.r
	r.PostForm = url.Values{"credential": {credential}}
	d.v.r = &r
	return d.run(func() error { return d.e.answerEnrollment(d.v) })
}

// confirmCodes puts the recovery code that was shown in the place of the old ones.
func (o *Owner) confirmCodes(d *Direct) (string, error) {
	e, v, l := o.e, d.v, d.v.login
	c := &storage.Change{Login: l.row}
	a := e.replaceCodes(l, c, l.state.Companion)
	l.row.DoneAt = e.now()
	c.Events = append(c.Events, e.event(v, "recovery_code.regenerated", map[string]any{"authenticator_id": a.ID}))
	e.notify(v, l.user, notice{Kind: mailCodes})
	return a.ID, e.store(v, c)
}

// confirmPassword puts a new password in the place of the old one. All other sessions end.
func (o *Owner) confirmPassword(d *Direct, by *Caller, password string) (string, error) {
	e, v, l := o.e, d.v, d.v.login
	if err := e.mayChange(l, by); err != nil {
		return "", err
	}
	s, err := e.standing(v.ctx(), l.user)
	if err != nil {
		return "", err
	}
	r := *v.r
	r.PostForm = url.Values{"password_new": {password}, "password_again": {password}}
	v.r = &r
	fresh, refused, err := e.newPassword(v, s)
	if err != nil {
		return "", err
	}
	if refused != nil {
		return "", rejection(refused)
	}
	l.row.DoneAt = e.now()
	c := &storage.Change{
		Login: l.row, NewAuthenticators: []*factors.Authenticator{fresh}, EndAllOf: l.user.ID, EndAllBut: by.SessionID,
		Events: []*storage.Event{e.event(v, "password.changed", map[string]any{"why": "changed"})},
	}
	for _, a := range l.all {
		if a.Factor == factors.Password {
			c.OldAuthenticators = append(c.OldAuthenticators, a.ID)
		}
	}
	if l.user.PasswordExpired {
		l.user.PasswordExpired = false
		c.User = l.user
	}
	e.notify(v, l.user, notice{Kind: mailPassword})
	return fresh.ID, e.store(v, c)
}

func rejection(n *themes.Notice) error {
	return &factors.Rejection{Message: n.ID, Data: n.Data, Field: "new_password"}
}

// May reports why the caller may not change the account: what their token's sign-in has
// shown is too old, or less than what the account has.
//
// Errors: ErrStale.
func (o *Owner) May(by *Caller) error {
	l, err := o.holdings(o.r.Context())
	if err != nil {
		return err
	}
	return o.e.mayChange(l, by)
}
