package flows

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/flows/risk"
	"github.com/sallyport-id/sallyport/storage"
)

// The least and the most that a name of an authenticator may have, in characters.
const (
	NameMin = 2
	NameMax = 50
)

// Rename gives one of the person's authenticators another name.
//
// Errors: storage.ErrNotFound; ErrFixed where its label is no name; factors.ErrWrong in a
// *factors.Rejection where name cannot be one.
func (o *Owner) Rename(ctx context.Context, id, name string) error {
	name = strings.TrimSpace(name)
	if n := utf8.RuneCountInString(name); n < NameMin || n > NameMax || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return &factors.Rejection{Message: "account.name", Data: map[string]any{"Min": NameMin, "Max": NameMax}, Field: "name"}
	}
	return anew(func() error {
		_, a, err := o.find(ctx, id)
		switch {
		case err != nil:
			return err
		case !o.e.Named(a.Factor):
			return ErrFixed
		case a.Label == name:
			return nil
		}
		a.Label = name
		return o.changed(ctx, &storage.Change{Authenticators: []*factors.Authenticator{a}},
			"authenticator.renamed", detailOf(a), notice{Kind: mailRenamed, Factor: a.Factor})
	})
}

// Remove takes one of the person's authenticators away, with those that are linked with
// it. One that they have by what is known of them is switched off.
//
// Errors: storage.ErrNotFound, ErrLastSecond, ErrLastWay, ErrFixed.
func (o *Owner) Remove(ctx context.Context, id string) error {
	return anew(func() error {
		l, a, err := o.find(ctx, id)
		if err != nil {
			return err
		}
		if err := o.e.spare(l, a); err != nil {
			return err
		}
		c := o.e.removal(o.User.ID, a)
		// Of two removals at the same moment one has to see what the other has left.
		c.User = o.User
		return o.changed(ctx, &c, "authenticator.removed", detailOf(a), notice{Kind: mailRemoved, Factor: a.Factor})
	})
}

// Removable says why one of the person's authenticators would not be removed, nil where
// it would.
func (o *Owner) Removable(ctx context.Context, id string) error {
	l, a, err := o.find(ctx, id)
	if err != nil {
		return err
	}
	return o.e.spare(l, a)
}

// Enable switches on again what Remove switched off.
//
// Errors: storage.ErrNotFound, ErrFixed.
func (o *Owner) Enable(ctx context.Context, id string) error {
	return anew(func() error {
		_, a, err := o.find(ctx, id)
		switch {
		case err != nil:
			return err
		case !o.e.Automatic(a) || a.DisabledAt.IsZero():
			return ErrFixed
		}
		a.DisabledAt, a.Failures = time.Time{}, 0
		return o.changed(ctx, &storage.Change{Authenticators: []*factors.Authenticator{a}},
			"authenticator.enabled", detailOf(a), notice{Kind: mailAdded, Factor: a.Factor})
	})
}

// find is one of the person's authenticators, with all that they have. It reads the person
// anew, so that a change is made on what holds now.
//
// Errors: storage.ErrNotFound.
func (o *Owner) find(ctx context.Context, id string) (*login, *factors.Authenticator, error) {
	fresh, err := o.e.Owner(o.r, o.User.ID, o.SessionID)
	if err != nil {
		return nil, nil, err
	}
	o.User = fresh.User
	l, err := o.holdings(ctx)
	if err != nil {
		return nil, nil, err
	}
	all := o.e.listed(l)
	at := slices.IndexFunc(all, func(a *factors.Authenticator) bool { return a.ID == id })
	if at < 0 {
		return nil, nil, fmt.Errorf("authenticator: %w", storage.ErrNotFound)
	}
	return l, all[at], nil
}

func detailOf(a *factors.Authenticator) map[string]any {
	return map[string]any{"factor": a.Factor, "authenticator_id": a.ID}
}

// removal takes an authenticator away. One that its person has by what is known of them
// would come back, so it is switched off.
func (e *Engine) removal(userID string, a *factors.Authenticator) storage.Change {
	if !e.Automatic(a) {
		return storage.Change{OldAuthenticators: []string{a.ID}}
	}
	a.DisabledAt = e.now()
	c := storage.Change{Forget: userID}
	if a.Version == 0 { // nobody was asked by it yet
		c.NewAuthenticators = []*factors.Authenticator{a}
	} else {
		c.Authenticators = []*factors.Authenticator{a}
	}
	return c
}

// spare says why the person of l has to keep a, nil where they need not.
func (e *Engine) spare(l *login, a *factors.Authenticator) error {
	if a.Factor == factors.Password {
		return ErrFixed
	}
	left := slices.DeleteFunc(slices.Clone(l.all), func(other *factors.Authenticator) bool {
		return other.ID == a.ID || a.Link != "" && other.Link == a.Link
	})
	opens := func(one *factors.Authenticator) bool { return one.Usable() && e.factors.Info(one.Factor).First }
	if opens(a) && !slices.ContainsFunc(left, opens) {
		return ErrLastWay
	}
	if e.proves(l, l.all) && !e.proves(l, left) && e.demands(l, left) {
		return ErrLastSecond
	}
	return nil
}

// proves reports whether some of list is a second factor in use here that is not weak.
func (e *Engine) proves(l *login, list []*factors.Authenticator) bool {
	on := e.allowed(l)
	return slices.ContainsFunc(list, func(a *factors.Authenticator) bool {
		info := e.factors.Info(a.Factor)
		return a.Usable() && info.Second && info.Traits&factors.Weak == 0 && slices.Contains(on, a.Factor)
	})
}

// demands reports whether a sign-in from here, to no application in particular and as it
// always is, would ask the person for a second factor that nothing of left can be.
func (e *Engine) demands(l *login, left []*factors.Authenticator) bool {
	after := &login{row: l.row, user: l.user, settings: l.settings, scene: l.scene}
	e.keep(after, left)
	f := e.facts(after)
	f.Ruling, f.Confidence, f.RequestedAt = policy.Ruling{}, risk.High, e.now()
	f.Proofs = []factors.Proof{{Factor: factors.Password, AMR: []string{"pwd"}, Kinds: factors.Knows, At: e.now()}}
	need := policy.Decide(f).Need
	return need == policy.Enroll || need == policy.ProveSecond || need == policy.Deny
}
