package flows

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
)

// What is said of an answer beside factors' own errors.
var (
	// ErrForeign says that a question is not of this sign-in.
	ErrForeign = errors.New("flows: a question of another sign-in")
	// ErrAnswered says that the person said no on their device.
	ErrAnswered = errors.New("flows: refused on the device")
	// ErrNoCode says that the question wants a code, and there is none.
	ErrNoCode = errors.New("flows: the question wants a code")
	// ErrHasNone says that the person has nothing yet that could be asked for.
	ErrHasNone = errors.New("flows: a factor has to be set up first")
	// ErrSlowDown says that the client asks for news too often.
	ErrSlowDown = errors.New("flows: asked too often")
)

// An Unfit says that none of the factors that were named will do here.
type Unfit struct {
	Fit []string // those that would, best first
}

func (*Unfit) Error() string { return "flows: the person cannot be asked like that" }

// Says is what the MFA API says of it, where somebody asked for types of challenges.
func (u *Unfit) Says(asked string) string {
	var types []string
	for _, name := range u.Fit {
		if t := ChallengeType(name); !slices.Contains(types, t) {
			types = append(types, t)
		}
	}
	text := "The user does not support the requested challenge type (" + asked + "). "
	if len(types) == 0 {
		return text + "Currently there is no supported challenge available."
	}
	return text + "Supported type: " + strings.Join(types, ", ")
}

// PollEvery is how long a client waits between two questions whether a device has answered.
const PollEvery = 5 * time.Second

// polls is how often it may ask.
var polls = rate(12, PollEvery)

// A Question is one that is open, as a program shows it.
type Question struct {
	Factor string
	// ID names the question in the answer, "" where none is needed.
	ID string
	// Code is true where the person types something: what they were sent.
	Code   bool
	Number string // that they have to enter on their device, "" for none
}

// Challenge asks the person by one of the named factors, nil for any, and there by the
// authenticator id, "" for any.
//
// Errors: ErrHasNone, *Unfit, storage.ErrNotFound for id, *Limited.
func (d *Direct) Challenge(named []string, id string) (*Question, error) {
	v, l := d.v, d.v.login
	if v.decision.Need != policy.ProveSecond {
		return nil, ErrHasNone
	}
	factor, err := d.choose(named, id)
	if err != nil {
		return nil, err
	}
	if !d.e.factors.Info(factor).Sends {
		return &Question{Factor: factor}, nil
	}
	if id == "" {
		id = l.usable(factor)[0].ID
	}
	if err := d.e.question(v, factor, id); err != nil {
		return nil, err
	}
	return d.asked(&storage.Change{Login: l.row}, factor)
}

// choose finds the factor to ask by.
func (d *Direct) choose(named []string, id string) (string, error) {
	l, fit := d.v.login, d.fit()
	if id != "" {
		a := l.authenticator(id)
		if a == nil || !a.Usable() {
			return "", storage.ErrNotFound
		}
		if slices.Contains(fit, a.Factor) && (named == nil || slices.Contains(named, a.Factor)) {
			return a.Factor, nil
		}
		return "", &Unfit{Fit: fit}
	}
	at := slices.IndexFunc(fit, func(name string) bool { return named == nil || slices.Contains(named, name) })
	if at < 0 {
		return "", &Unfit{Fit: fit}
	}
	return fit[at], nil
}

// asked stores the question that was made, and names it.
func (d *Direct) asked(c *storage.Change, factor string) (*Question, error) {
	e, l := d.e, d.v.login
	q := l.state.Challenge
	if q != nil {
		l.state.Question = rand.Text()
	}
	if err := e.store(d.v, c); err != nil {
		return nil, err
	}
	switch {
	case q != nil:
		return &Question{Factor: factor, ID: e.questionID(l), Code: q.Prompt.Kind == factors.PromptCode, Number: q.Prompt.Number}, nil
	case l.state.HeldUntil.After(e.now()):
		return nil, &Limited{Wait: l.state.HeldUntil.Sub(e.now()), Factor: l.state.Held}
	}
	return nil, &Unfit{Fit: slices.DeleteFunc(d.fit(), func(name string) bool { return name == factor })}
}

// fit are the factors that can be asked, or set up, without a page.
func (d *Direct) fit() []string {
	return slices.DeleteFunc(slices.Clone(d.v.decision.Offers), func(name string) bool {
		info := d.e.factors.Info(name)
		return d.e.paged(name) && (!d.keys || info.Exclusive) || info.Companion
	})
}

// questionID is how the client names l's question: with a check that it is l's.
func (e *Engine) questionID(l *login) string {
	return l.state.Question + "." + e.questionCheck(l, l.state.Question)
}

func (e *Engine) questionCheck(l *login, question string) string {
	return hex.EncodeToString(e.db.MAC(hashQuestion, []byte(l.row.ID+" "+question)))[:32]
}

// OTP shows a code of an authenticator app, one that is being set up included.
//
// Errors: those of factors.Factor.Verify; *Unfit, ErrHasNone, ErrGone, *Limited,
// *SecondNeeded, *Refusal.
func (d *Direct) OTP(code string) (*Result, error) { return d.show(factors.OTP, code) }

// Recovery shows a recovery code. The one that takes its place is the second value,
// whatever else is needed (*SecondNeeded has it too).
//
// Errors: as OTP.
func (d *Direct) Recovery(code string) (*Result, string, error) {
	result, err := d.show(factors.RecoveryCode, code)
	return result, d.v.recovery, err
}

func (d *Direct) show(factor, code string) (*Result, error) {
	d.form(code)
	return d.run(func() error {
		v, l := d.v, d.v.login
		if a := l.authenticator(l.state.Pending); a != nil && a.Factor == factor {
			return d.e.answerEnrollment(v)
		}
		switch {
		case v.decision.Need != policy.ProveSecond:
			return ErrHasNone
		case !slices.Contains(v.decision.Offers, factor):
			return &Unfit{Fit: slices.DeleteFunc(slices.Clone(v.decision.Offers), d.e.paged)}
		}
		before := l.state
		v.before = &before // whatever was asked stays open where this is not right
		if err := d.e.challenge(v.ctx(), l, factor, ""); err != nil {
			return err
		}
		return d.e.answerSecond(v)
	})
}

// Answer answers the question id: with the code that the person was sent, or "" to hear
// whether their device has answered.
//
// Errors: as OTP; ErrForeign, ErrAnswered, ErrNoCode, ErrSlowDown, factors.ErrPending.
func (d *Direct) Answer(id, code string) (*Result, error) {
	d.form(code)
	return d.run(func() error {
		if err := d.open(id, code); err != nil {
			return err
		}
		if d.v.login.state.Pending != "" {
			return d.e.answerEnrollment(d.v)
		}
		return d.e.answerSecond(d.v)
	})
}

// open reports why the question id cannot be answered by code now.
func (d *Direct) open(id, code string) error {
	e, l := d.e, d.v.login
	question, check, _ := strings.Cut(id, ".")
	if subtle.ConstantTimeCompare([]byte(check), []byte(e.questionCheck(l, question))) != 1 {
		return ErrForeign
	}
	c := l.state.Challenge
	switch {
	case question != l.state.Question:
		return factors.ErrExpired // another one took its place
	case l.state.Verdict != "":
		return ErrAnswered
	case c == nil || !e.now().Before(c.ExpiresAt):
		return factors.ErrExpired
	case c.Prompt.Kind == factors.PromptCode && code == "":
		return ErrNoCode
	case c.Prompt.Kind == factors.PromptCode:
		return nil
	}
	return d.poll(c)
}

// poll reports whether a device has answered c. Nothing is written where it has not.
func (d *Direct) poll(c *factors.Challenge) error {
	e, v, l := d.e, d.v, d.v.login
	if !v.polled {
		wait, err := e.db.TakeAll(v.ctx(), e.now(), on(polls, "poll:"+l.row.ID))
		if err != nil {
			return fmt.Errorf("limits: %w", err)
		}
		if wait > 0 {
			return ErrSlowDown
		}
		v.polled = true
	}
	gone, err := e.superseded(v.ctx(), l)
	switch {
	case err != nil:
		return err
	case gone:
		return factors.ErrExpired
	case !e.ready(v.r, l, *c):
		return factors.ErrPending
	}
	return nil
}

// form is what was sent, as answers of browsers are.
func (d *Direct) form(code string) {
	r := *d.v.r
	r.PostForm = url.Values{"code": {code}}
	d.v.r = &r
}

// run does one act. Where something else changed the login at the same moment, it is done
// again on what holds then; what was charged is not charged again.
func (d *Direct) run(do func() error) (*Result, error) {
	err := do()
	for n := 0; n < changes && errors.Is(err, storage.ErrConflict) && d.v.outcome == nil; n++ {
		if err = d.reopen(); err == nil {
			err = do()
		}
	}
	if errors.Is(err, storage.ErrConflict) && d.v.outcome != nil {
		err = nil // what was wrong is counted already
	}
	return d.v.told(err)
}

// reopen reads the login anew.
func (d *Direct) reopen() error {
	v := d.v
	l, err := d.e.openDirect(v.r, v.login.row.ID, v.login.row.Key)
	if err != nil {
		return err
	}
	d.v = &visit{r: v.r, login: l, token: v.token, paid: v.paid, polled: v.polled}
	return d.decide()
}
