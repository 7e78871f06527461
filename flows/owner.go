package flows

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
)

// Why an owner cannot have what they ask for. Another person's things are ErrNotFound of
// storage, as if they were not there.
var (
	// ErrLastSecond: a sign-in asks for a second factor, and this is the last one.
	ErrLastSecond = errors.New("flows: the last second factor, and the policy wants one")
	// ErrLastWay: nothing would be left that opens a login.
	ErrLastWay = errors.New("flows: the last way to sign in")
	// ErrFixed: this kind of authenticator cannot be changed like that.
	ErrFixed = errors.New("flows: not to be changed")
)

// OwnAsk is what has to be proven of late before a person changes their account: a first
// factor, and the second one that they have. resume is as Ask.Resume.
func (e *Engine) OwnAsk(resume string) Ask {
	age := e.config.FreshFor
	return Ask{Own: true, MaxAge: &age, Resume: resume, RequestedAt: e.now()}
}

// An Owner is a person who looks after their own account. Whoever makes one has seen to
// it that OwnAsk was met. Each change is mailed to the person and written to the log, with
// the change or not at all.
type Owner struct {
	User *storage.User
	// SessionID is the session that speaks, "" where none does.
	SessionID string
	// ClientID is the program that acts for them, "" where they do themselves.
	ClientID string

	e *Engine
	r *http.Request
}

// Owner is the person userID, as whom r came. ErrGone where they are blocked or no more.
func (e *Engine) Owner(r *http.Request, userID, sessionID string) (*Owner, error) {
	u, err := e.db.UserByID(r.Context(), userID)
	if errors.Is(err, storage.ErrNotFound) || err == nil && u.Blocked {
		return nil, ErrGone
	}
	if err != nil {
		return nil, fmt.Errorf("user: %w", err)
	}
	return &Owner{User: u, SessionID: sessionID, e: e, r: r}, nil
}

// holdings is a login of nobody's browser, with what the account has: authenticators that
// were confirmed, and those that the person has by what is known of them.
func (o *Owner) holdings(ctx context.Context) (*login, error) {
	all, err := o.e.db.Authenticators(ctx, o.User.ID)
	if err != nil {
		return nil, fmt.Errorf("authenticators: %w", err)
	}
	l := &login{row: &storage.Login{}, user: o.User}
	if err := o.e.equip(ctx, l); err != nil {
		return nil, err
	}
	o.e.locate(o.r, l)
	all = slices.DeleteFunc(all, func(a *factors.Authenticator) bool { return a.ConfirmedAt.IsZero() })
	o.e.keep(l, all)
	return l, nil
}

// Authenticators are the person's confirmed ones, disabled ones too, and those that they
// have by what is known of them, as far as such factors are switched on.
func (o *Owner) Authenticators(ctx context.Context) ([]*factors.Authenticator, error) {
	l, err := o.holdings(ctx)
	if err != nil {
		return nil, err
	}
	return o.e.listed(l), nil
}

func (e *Engine) listed(l *login) []*factors.Authenticator {
	all, on := l.all, e.allowed(l)
	for _, a := range l.implied {
		if slices.Contains(on, a.Factor) {
			all = append(all, a)
		}
	}
	return all
}

// Settable are the factors of which the person may set one up now, in the admin's order.
func (o *Owner) Settable(ctx context.Context) ([]string, error) {
	l, err := o.holdings(ctx)
	if err != nil {
		return nil, err
	}
	if l.settings.InvitedOnly && !l.second {
		return nil, nil
	}
	return o.e.addable(l), nil
}

// Allowed are the factors that are switched on.
func (o *Owner) Allowed(ctx context.Context) ([]string, error) {
	l, err := o.holdings(ctx)
	if err != nil {
		return nil, err
	}
	return o.e.allowed(l), nil
}

// Automatic reports whether the person has a by what is known of them: it can be switched
// off and on, and not removed.
func (e *Engine) Automatic(a *factors.Authenticator) bool {
	_, ok := e.factors.Get(a.Factor).(factors.Implier)
	return ok && len(a.Secret) == 0
}

// Named reports whether people may call an authenticator of a factor what they like: the
// label of others says where messages go, or how many are left.
func (e *Engine) Named(factor string) bool {
	info := e.factors.Info(factor)
	return info.Second && info.Asks == "" && !info.Companion && !info.Exclusive
}

func (o *Owner) visit() *visit {
	return &visit{r: o.r, login: &login{row: &storage.Login{}, user: o.User}}
}

func (o *Owner) event(v *visit, kind string, data map[string]any) *storage.Event {
	ev := o.e.event(v, kind, data)
	ev.ClientID = o.ClientID
	return ev
}

// changed stores c with a line of the log and a mail.
func (o *Owner) changed(ctx context.Context, c *storage.Change, event string, data map[string]any, n notice) error {
	v := o.visit()
	o.e.notify(v, o.User, n)
	c.Events = append(c.Events, o.event(v, event, data))
	c.Messages = append(c.Messages, v.login.out...)
	if err := o.e.db.Commit(ctx, *c); err != nil {
		return fmt.Errorf("account: %w", err)
	}
	o.e.outbox.kick(c.Messages)
	return nil
}

// done does what is no part of a storage.Change, with a line of the log and a mail.
func (o *Owner) done(ctx context.Context, event string, data map[string]any, n notice, do func(context.Context) error) error {
	v := o.visit()
	o.e.notify(v, o.User, n)
	err := o.e.dispatch(v.ctx(), v.login, func(ctx context.Context) error {
		if err := do(ctx); err != nil {
			return err
		}
		return o.e.db.AddEvents(ctx, o.event(v, event, data))
	})
	if err != nil {
		return fmt.Errorf("account: %w", err)
	}
	return nil
}
