package flows

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
	"github.com/sallyport-id/sallyport/themes"
)

// What ChangeAuthenticators refuses.
var (
	// ErrKnown: the person, or somebody, has this authenticator already.
	ErrKnown = errors.New("flows: this authenticator is there already")
	// ErrFull: the person has as many as one may have (Limits.Authenticators).
	ErrFull = errors.New("flows: the account has as many authenticators as it may have")
)

// A Handover is what an administrator does to a person's authenticators, all of it or
// nothing.
type Handover struct {
	Remove []*factors.Authenticator
	Add    []*factors.Authenticator // confirmed; IDs are assigned
	Actor  string                   // in the audit log
}

// ChangeAuthenticators does what h says to u, with a line of the audit log for each and a
// mail for each kind. What comes in pairs goes and comes in pairs: h.Add has the twins
// afterwards too. Browsers in which u is remembered are remembered no more where one is
// removed.
//
// Errors: ErrKnown, ErrFull, and those of storage.Commit.
func (e *Engine) ChangeAuthenticators(ctx context.Context, u *storage.User, h *Handover) error {
	have, err := e.db.Authenticators(ctx, u.ID)
	if err != nil {
		return fmt.Errorf("authenticators: %w", err)
	}
	l, c := &login{row: &storage.Login{}, user: u}, storage.Change{}
	gone := func(a *factors.Authenticator) bool {
		return slices.ContainsFunc(h.Remove, func(r *factors.Authenticator) bool { return r.ID == a.ID || r.Link != "" && r.Link == a.Link })
	}
	for _, a := range slices.DeleteFunc(slices.Clone(h.Remove), func(a *factors.Authenticator) bool { return a.ID != a.Link && hasMain(h.Remove, a) }) {
		one := e.removal(u.ID, a)
		c.OldAuthenticators = append(c.OldAuthenticators, one.OldAuthenticators...)
		c.Authenticators, c.NewAuthenticators = append(c.Authenticators, one.Authenticators...), append(c.NewAuthenticators, one.NewAuthenticators...)
		if one.Forget != "" {
			c.Forget = one.Forget
		}
		c.Events = append(c.Events, e.handed("authenticator.removed", u, a, h.Actor))
		e.tellOf(l, mailRemoved, a.Factor)
	}
	have = slices.DeleteFunc(have, gone)
	if err := e.addAll(ctx, u, h, have); err != nil {
		return err
	}
	for _, a := range h.Add {
		c.NewAuthenticators = append(c.NewAuthenticators, a)
		c.Events = append(c.Events, e.handed("authenticator.added", u, a, h.Actor))
		if a.Link == "" || a.Link == a.ID {
			e.tellOf(l, mailAdded, a.Factor)
		}
	}
	c.Messages = l.out
	if err := e.db.Commit(ctx, c); err != nil {
		return fmt.Errorf("authenticators: %w", err)
	}
	e.outbox.kick(c.Messages)
	return nil
}

// hasMain reports whether list has the authenticator that a is linked with, which takes a
// along.
func hasMain(list []*factors.Authenticator, a *factors.Authenticator) bool {
	return a.Link != "" && slices.ContainsFunc(list, func(b *factors.Authenticator) bool { return b.ID == a.Link })
}

// addAll completes h.Add, beside what u keeps.
func (e *Engine) addAll(ctx context.Context, u *storage.User, h *Handover, have []*factors.Authenticator) error {
	var all []*factors.Authenticator
	for _, a := range h.Add {
		same := func(b *factors.Authenticator) bool {
			return b.Factor == a.Factor && !b.ConfirmedAt.IsZero() && len(a.Secret) > 0 && bytes.Equal(b.Secret, a.Secret)
		}
		if slices.ContainsFunc(have, same) || slices.ContainsFunc(all, same) {
			return fmt.Errorf("%s: %w", a.Factor, ErrKnown)
		}
		if err := e.taken(ctx, a); errors.Is(err, factors.ErrWrong) {
			return fmt.Errorf("%s: %w", a.Factor, ErrKnown)
		} else if err != nil {
			return err
		}
		a.ID, a.UserID, a.LoginID = storage.NewID("aut"), u.ID, ""
		all = append(all, a)
		linker, ok := e.factors.Get(a.Factor).(factors.Linker)
		if !ok {
			continue
		}
		twins, err := linker.Link(a)
		if err != nil {
			return fmt.Errorf("%s: link: %w", a.Factor, err)
		}
		for _, twin := range twins {
			if e.factors.Get(twin.Factor) == nil {
				continue
			}
			a.Link = a.ID
			twin.ID, twin.UserID, twin.Link, twin.LoginID = storage.NewID("aut"), u.ID, a.Link, ""
			all = append(all, twin)
		}
	}
	owned := len(all)
	for _, a := range have {
		if a.Factor != factors.Password && !a.ConfirmedAt.IsZero() {
			owned++
		}
	}
	if len(all) > 0 && owned > e.config.Limits.Authenticators {
		return ErrFull
	}
	h.Add = all
	return nil
}

func (e *Engine) handed(kind string, u *storage.User, a *factors.Authenticator, actor string) *storage.Event {
	data := map[string]any{"factor": a.Factor, "authenticator_id": a.ID}
	if a.Link != "" {
		data["link"] = a.Link
	}
	return &storage.Event{ID: storage.NewID("evt"), At: e.now(), Type: kind, Actor: actor, UserID: u.ID, Data: data}
}

// tellOf mails the person of l that an authenticator came or went.
func (e *Engine) tellOf(l *login, kind, factor string) {
	lang := e.themes.Match(nil, l.user.Locale, "")
	e.post(l, lang, l.user.Email, themes.NoticeMail{
		Frame: themes.Frame{Lang: lang, Account: l.user.Username},
		Kind:  kind, Name: l.user.Name, To: addressee(l.user), At: e.now(), Factor: factor,
	})
}
