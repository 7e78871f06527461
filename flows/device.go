package flows

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
	"github.com/sallyport-id/sallyport/themes"
)

// Limited says when a device or a program may try again.
type Limited struct {
	Wait   time.Duration
	Factor string // whose messages there were too many of, "" for answers
}

func (l *Limited) Error() string { return "flows: too many tries; again in " + l.Wait.String() }

// A Paired is what a device gets to know when it was taken on.
type Paired struct {
	*factors.Pairing
	AuthenticatorID, UserID string
	Account                 string // what the person signs in as
	Issuer                  string // name of the site
}

// changes is how often an answer of a device is taken up anew where the browser changed
// the login at the same moment.
const changes = 3

// tell notes that a device answers the open question, in place of one that is open
// there already.
func (e *Engine) tell(l *login) {
	c := l.state.Challenge
	if c.Token == "" {
		return
	}
	id := c.AuthenticatorID
	if l.state.Pending != "" {
		id = l.state.Pending
	}
	l.told = &storage.Transaction{AuthenticatorID: id, Key: e.db.Hash(hashTransaction, c.Token), LoginID: l.row.ID, ExpiresAt: c.ExpiresAt}
}

// asked opens the login whose question a device may answer. ErrGone covers all ways in
// which there is none, so that they look alike.
func (e *Engine) asked(r *http.Request, t *storage.Transaction) (*visit, *factors.Authenticator, error) {
	view, err := e.db.LoginByID(r.Context(), t.LoginID)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, nil, ErrGone
	}
	if err != nil {
		return nil, nil, fmt.Errorf("login: %w", err)
	}
	l := &login{row: view.Login, user: view.User}
	if err := e.unpack(l, view.Authenticators); err != nil {
		return nil, nil, err
	}
	if err := e.equip(r.Context(), l); err != nil {
		return nil, nil, err
	}
	c, a := l.state.Challenge, l.authenticator(t.AuthenticatorID)
	open := c != nil && a != nil && c.AuthenticatorID == a.ID && l.state.Denied == "" && !l.user.Blocked &&
		subtle.ConstantTimeCompare(e.db.Hash(hashTransaction, c.Token), t.Key) == 1
	if !open {
		return nil, nil, ErrGone
	}
	return &visit{r: r, login: l}, a, nil
}

// byToken is asked for a token that a device showed.
func (e *Engine) byToken(r *http.Request, token string) (*visit, *factors.Authenticator, error) {
	t, err := e.db.TransactionByKey(r.Context(), e.db.Hash(hashTransaction, token))
	if errors.Is(err, storage.ErrNotFound) {
		return nil, nil, ErrGone
	}
	if err != nil {
		return nil, nil, fmt.Errorf("transaction: %w", err)
	}
	return e.asked(r, t)
}

// anew does something in a login that its browser may change at the same moment.
func anew(do func() error) error {
	var err error
	for range changes {
		if err = do(); !errors.Is(err, storage.ErrConflict) {
			return err
		}
	}
	return err
}

// Pair takes a device on for the authenticator that the login of ticket sets up. The
// person goes on in their browser.
//
// Errors: ErrGone, factors.ErrExpired; factors.ErrSpent where another device was first;
// factors.ErrWrong in a *factors.Malformed.
func (e *Engine) Pair(r *http.Request, ticket string, registration []byte) (*Paired, error) {
	var paired *Paired
	err := anew(func() error {
		v, a, err := e.byToken(r, ticket)
		if err != nil {
			return err
		}
		pairer, ok := e.factors.Get(a.Factor).(factors.Pairer)
		if !ok || v.login.state.Pending != a.ID {
			return ErrGone
		}
		p, err := pairer.Pair(e.subject(v.login, a.Factor), a, v.login.state.Challenge, registration)
		if err != nil {
			return err
		}
		paired = &Paired{Pairing: p, AuthenticatorID: a.ID, UserID: a.UserID, Account: v.login.user.Username, Issuer: e.name}
		event := e.event(v, "authenticator.paired", map[string]any{"factor": a.Factor, "authenticator_id": a.ID})
		return e.store(v, &storage.Change{Login: v.login.row, Authenticators: []*factors.Authenticator{a}, Events: []*storage.Event{event}})
	})
	return paired, err
}

// Receive takes what the person said on their device.
//
// Errors: ErrGone where token opens nothing; factors.ErrWrong where the answer is not
// the device's or not to this question, which stays open; factors.ErrSpent,
// factors.ErrExpired; *Limited.
func (e *Engine) Receive(r *http.Request, token string, answer factors.Answer) (factors.Verdict, error) {
	var verdict factors.Verdict
	err := anew(func() error {
		v, a, err := e.byToken(r, token)
		if err != nil {
			return err
		}
		receiver, ok := e.factors.Get(a.Factor).(factors.Receiver)
		if !ok || v.login.state.Pending != "" {
			return ErrGone
		}
		auths := []*factors.Authenticator{a}
		limits := e.codeLimits(v, auths)
		wait, err := e.db.TakeAll(v.ctx(), e.now(), limits...)
		if err != nil {
			return fmt.Errorf("limits: %w", err)
		}
		if wait > 0 {
			return &Limited{Wait: wait}
		}
		verdict, err = receiver.Receive(e.subject(v.login, a.Factor), a, v.login.state.Challenge, answer)
		if errors.Is(err, factors.ErrWrong) {
			e.log.WarnContext(v.ctx(), "answer of a device refused", "authenticator_id", a.ID, "error", err)
			return errors.Join(err, e.countWrong(v, auths))
		}
		if err == nil {
			err = e.note(v, a, verdict, limits)
		}
		if err == nil || verdict == factors.Mismatched {
			return err
		}
		// The question is closed, or another answer was first: nothing was guessed.
		return errors.Join(err, e.db.GiveBack(v.ctx(), limits...))
	})
	return verdict, err
}

// note stores a verdict. An approval waits for the browser; anything else ends the
// question.
func (e *Engine) note(v *visit, a *factors.Authenticator, verdict factors.Verdict, limits []storage.Limit) error {
	l := v.login
	about := map[string]any{"factor": a.Factor, "authenticator_id": a.ID}
	c := &storage.Change{Login: l.row, Refund: limits, Events: []*storage.Event{e.event(v, "challenge."+string(verdict), about)}}
	if verdict != factors.Approved {
		l.close()
		l.state.Verdict = verdict
		l.state.Notice = l.refusal()
	}
	switch verdict {
	case factors.Mismatched:
		c.Refund = nil
		if err := e.countWrong(v, []*factors.Authenticator{a}); err != nil {
			return err
		}
	case factors.Reported:
		if err := e.reported(v, c, a.Factor); err != nil {
			return err
		}
	}
	return e.store(v, c)
}

// refusal is what a page says of the verdict that ended a question.
func (l *login) refusal() *themes.Notice {
	return &themes.Notice{Kind: "warn", ID: "wait." + string(l.state.Verdict)}
}

// reported does what a person expects who says that it was somebody else: their devices
// are asked no more for a while, they have it in writing, and where the operator wants
// that, nobody gets in until an administrator has looked.
func (e *Engine) reported(v *visit, c *storage.Change, factor string) error {
	u := v.login.user
	for _, limit := range e.unapproved(v.login, factor) {
		for range limit.Burst {
			if _, err := e.db.TakeAll(v.ctx(), e.now(), limit); err != nil {
				return fmt.Errorf("limits: %w", err)
			}
		}
	}
	e.notify(v, u, notice{Kind: mailReported, Factor: factor})
	if e.config.BlockReported {
		u.Blocked = true
		c.User, c.EndAllOf = u, u.ID
		c.Events = append(c.Events, e.event(v, "user.blocked", map[string]any{"why": "reported"}))
	}
	return nil
}

// unapproved is the limit of questions of a factor that the person does not approve,
// none where it has no devices.
func (e *Engine) unapproved(l *login, factor string) []storage.Limit {
	if rate := e.factors.Info(factor).Unapproved; rate.Burst > 0 {
		return []storage.Limit{on(rate, "unapproved:"+factor+":"+l.user.ID)}
	}
	return nil
}

// superseded reports whether the device was asked something else since.
func (e *Engine) superseded(ctx context.Context, l *login) (bool, error) {
	c := l.state.Challenge
	if c == nil || c.Token == "" || l.state.Pending != "" {
		return false, nil
	}
	t, err := e.db.TransactionAt(ctx, c.AuthenticatorID)
	if errors.Is(err, storage.ErrNotFound) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("transaction: %w", err)
	}
	return subtle.ConstantTimeCompare(t.Key, e.db.Hash(hashTransaction, c.Token)) != 1, nil
}
