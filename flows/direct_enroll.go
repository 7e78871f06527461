package flows

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
)

var (
	// ErrEnrolled says that the person has a factor: it has to be shown before there is
	// another.
	ErrEnrolled = errors.New("flows: a factor is set up already")
	// ErrStale says that what the token's sign-in has proven is too little, or too old, to
	// change how the person signs in.
	ErrStale = errors.New("flows: a fresh and full sign-in is needed")
	// ErrKept says that an authenticator is not one that its person can remove.
	ErrKept = errors.New("flows: not to be removed")
)

// An Enrollment is a factor that is being set up.
type Enrollment struct {
	Question
	Prompt   factors.Prompt
	Recovery []string // codes that go with a person's first factor
}

// Enroll begins to set a factor up, in place of one that this sign-in began before. The
// first right answer confirms it.
//
// Errors: ErrEnrolled; *Unfit; *factors.Rejection; *Limited.
func (d *Direct) Enroll(factor string, answer factors.Answer) (*Enrollment, error) {
	e, v, l := d.e, d.v, d.v.login
	if v.decision.Need != policy.Enroll {
		return nil, ErrEnrolled
	}
	fit := d.fit()
	if !slices.Contains(fit, factor) {
		return nil, &Unfit{Fit: fit}
	}
	c := &storage.Change{Login: l.row}
	e.dropPending(l, c)
	a, err := e.pending(v.ctx(), l, factor, answer)
	if errors.Is(err, factors.ErrUnsupported) {
		e.log.WarnContext(v.ctx(), "factor cannot be set up", "factor", factor, "error", err)
		return nil, &Unfit{Fit: slices.DeleteFunc(fit, func(name string) bool { return name == factor })}
	}
	if err != nil {
		return nil, err
	}
	made := &Enrollment{Prompt: l.state.Challenge.Prompt}
	if err := e.send(v); err != nil {
		return nil, err
	}
	if l.state.Challenge == nil {
		l.drop(a.ID)
	} else {
		c.NewAuthenticators = append(c.NewAuthenticators, a)
		if made.Recovery, err = e.single(v); err != nil {
			return nil, err
		}
	}
	q, err := d.asked(c, factor)
	if err != nil {
		return nil, err
	}
	made.Question = *q
	return made, nil
}

// single makes the one recovery code that goes with a person's first factor. It is kept in
// the login and is worth something once the factor is confirmed.
func (e *Engine) single(v *visit) ([]string, error) {
	l := v.login
	l.state.Companion = nil
	if l.second {
		return nil, nil
	}
	for _, name := range e.allowed(l) {
		f, ok := e.factors.Get(name).(factors.Single)
		if !ok || !e.factors.Info(name).Companion || len(l.usable(name)) > 0 || e.full(l) {
			continue
		}
		a, code, err := f.One(e.subject(l, name), nil)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		l.state.Companion = a
		return []string{code}, nil
	}
	return nil, nil
}

// accompanyDirect is accompany for codes that the person has seen already.
func (e *Engine) accompanyDirect(v *visit, c *storage.Change) {
	l := v.login
	a := l.state.Companion
	if l.state.Companion = nil; a == nil || len(l.usable(a.Factor)) > 0 || e.full(l) {
		return
	}
	a.ID, a.UserID = storage.NewID("aut"), l.user.ID
	l.take(a, c)
	c.Events = append(c.Events, e.event(v, "authenticator.added", map[string]any{"factor": a.Factor, "authenticator_id": a.ID}))
}

// next puts another recovery code in the place of the one that was used.
func (e *Engine) next(v *visit, a *factors.Authenticator) error {
	f, ok := e.factors.Get(a.Factor).(factors.Single)
	if !ok {
		return nil
	}
	var err error
	_, v.recovery, err = f.One(e.subject(v.login, a.Factor), a)
	return err
}

// Adding opens what the caller, with token, is setting up; where begin is true, it begins.
//
// Errors: ErrStale; *Refusal; ErrGone where nothing was begun, or too long ago.
func (e *Engine) Adding(r *http.Request, by *Caller, token string, ask Ask, begin bool) (*Direct, error) {
	id, key := "lgn_"+e.hashed("adding "+token), e.db.Hash(hashDirect, token)
	l, err := e.openDirect(r, id, key)
	if errors.Is(err, ErrGone) && begin {
		l, err = e.startAdding(r, by, id, key, ask)
	}
	if err != nil {
		return nil, err
	}
	if begin {
		if err := e.mayAdd(l, by); err != nil {
			return nil, err
		}
	}
	d, err := e.direct(r, l, token, "")
	if d != nil {
		d.v.unstored = l.row.Version == 0
	}
	return d, err
}

// startAdding is a login in which somebody who is signed in sets factors up. One that is
// over stands in its row where the same token was used before.
func (e *Engine) startAdding(r *http.Request, by *Caller, id string, key []byte, ask Ask) (*login, error) {
	ask.ClientID, ask.RequestedAt, ask.Direct = by.ClientID, e.now(), directEnroll
	l := e.directLogin(r, ask)
	l.row.ID, l.row.Key, l.row.UserID, l.state.Caller = id, key, by.UserID, by
	view, err := e.db.LoginByID(r.Context(), id)
	switch {
	case err == nil:
		l.row.CreatedAt, l.row.Version = view.Login.CreatedAt, view.Login.Version
		for _, a := range view.Authenticators {
			if a.LoginID == id {
				l.state.Pending = a.ID // to be dropped
			}
		}
	case !errors.Is(err, storage.ErrNotFound):
		return nil, fmt.Errorf("login: %w", err)
	}
	return l, e.holder(r, l)
}

// holder reads whose login l is, and what they have.
func (e *Engine) holder(r *http.Request, l *login) error {
	person, err := e.db.PersonByID(r.Context(), l.row.UserID)
	if errors.Is(err, storage.ErrNotFound) {
		return ErrGone
	}
	if err != nil {
		return fmt.Errorf("user: %w", err)
	}
	l.user = person.User
	if err := e.equip(r.Context(), l); err != nil {
		return err
	}
	e.keep(l, person.Authenticators)
	e.locate(r, l)
	return nil
}

// mayChange reports why by may not change what l's person signs in with: whoever does has
// shown of late what the account has, and not a weak stand-in for it (B-04).
func (e *Engine) mayChange(l *login, by *Caller) error {
	if e.now().Sub(by.AuthTime) > e.config.FreshFor || l.second && !slices.Contains(by.AMR, "mfa") {
		return ErrStale
	}
	return nil
}

// mayAdd is mayChange for a new authenticator.
func (e *Engine) mayAdd(l *login, by *Caller) error {
	switch {
	case !l.second && l.settings.InvitedOnly:
		return &Refusal{Code: "access_denied", Description: refusals["uninvited"], Ask: l.state.Ask}
	case e.full(l):
		return &Refusal{Code: "access_denied", Description: refusals["full"], Ask: l.state.Ask}
	}
	return e.mayChange(l, by)
}

// addable are the factors that somebody who is signed in may add.
func (e *Engine) addable(l *login) []string {
	var names []string
	for _, name := range e.allowed(l) {
		info := e.factors.Info(name)
		open := info.Enrollable || info.Asks != ""
		if info.Second && open && !info.Companion && (!info.Dependent || l.second) && info.Missing == "" && !e.full(l) {
			names = append(names, name)
		}
	}
	return names
}

// A Held is an authenticator of a person.
type Held struct {
	*factors.Authenticator
	Address string // where its messages go, "" for none
	// Automatic is true where the person has it by what is known of them.
	Automatic bool
}

// Held are the authenticators of the sign-in's person, the one that is being set up in it
// included.
func (d *Direct) Held() []Held { return d.e.listHeld(d.v.login) }

// HeldBy are the authenticators of the caller. ErrGone where the person is no more.
func (e *Engine) HeldBy(r *http.Request, by *Caller) ([]Held, error) {
	l := &login{row: &storage.Login{UserID: by.UserID}, state: state{Ask: Ask{ClientID: by.ClientID}}}
	if err := e.holder(r, l); err != nil {
		return nil, err
	}
	return e.listHeld(l), nil
}

func (e *Engine) listHeld(l *login) []Held {
	list := []Held{}
	add := func(a *factors.Authenticator) {
		f := e.factors.Get(a.Factor)
		h := Held{Authenticator: a, Automatic: e.Automatic(a)}
		if at, ok := f.(factors.Addressed); ok {
			h.Address = at.Address(e.subject(l, a.Factor), a)
		}
		list = append(list, h)
	}
	for _, a := range l.all {
		mine := !a.ConfirmedAt.IsZero() || a.ID == l.state.Pending
		if e.factors.Info(a.Factor).Second && mine {
			add(a)
		}
	}
	allowed := e.allowed(l)
	for _, a := range l.implied {
		if slices.Contains(allowed, a.Factor) {
			add(a)
		}
	}
	slices.SortFunc(list, func(a, b Held) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return list
}

// RemoveHeld removes one of the caller's authenticators of a factor, with those that are
// linked with it, under the same conditions as Owner.Remove, and tells them by mail.
//
// Errors: storage.ErrNotFound; ErrKept; ErrStale; ErrGone.
func (e *Engine) RemoveHeld(r *http.Request, by *Caller, factor, id string) error {
	return anew(func() error { return e.removeHeld(r, by, factor, id) })
}

func (e *Engine) removeHeld(r *http.Request, by *Caller, factor, id string) error {
	l := &login{row: &storage.Login{UserID: by.UserID}, state: state{Ask: Ask{ClientID: by.ClientID}}}
	if err := e.holder(r, l); err != nil {
		return err
	}
	all := e.listHeld(l)
	at := slices.IndexFunc(all, func(h Held) bool { return h.ID == id && h.Factor == factor && !h.ConfirmedAt.IsZero() })
	if at < 0 {
		return storage.ErrNotFound
	}
	a := all[at]
	if a.Automatic || e.factors.Info(a.Factor).Companion {
		return ErrKept
	}
	if err := e.mayChange(l, by); err != nil {
		return err
	}
	if err := e.spare(l, a.Authenticator); err != nil {
		return fmt.Errorf("%w: %w", ErrKept, err)
	}
	v := &visit{r: r, login: l}
	e.notify(v, l.user, notice{Kind: mailRemoved, Factor: a.Factor})
	about := map[string]any{"factor": a.Factor, "authenticator_id": a.ID, "by": "client:" + by.ClientID}
	c := e.removal(l.user.ID, a.Authenticator)
	c.User = l.user // of two removals at the same moment one has to see what the other has left
	c.Events, c.Messages = []*storage.Event{e.event(v, "authenticator.removed", about)}, l.out
	if err := e.db.Commit(r.Context(), c); err != nil {
		return fmt.Errorf("authenticator: %w", err)
	}
	e.outbox.kick(c.Messages)
	return nil
}
