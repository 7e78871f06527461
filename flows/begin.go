package flows

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
)

// Begin starts a login for ask. Where the browser's session satisfies the ask
// already, done is the result and no page is shown. Otherwise it stores a login, binds
// it to the browser, and the caller sends the browser to LoginPath(loginID).
//
// Errors: *Refusal where the ask cannot be satisfied, or not without a page while
// prompt=none forbids one; storage.ErrUnavailable.
func (e *Engine) Begin(ctx context.Context, w http.ResponseWriter, r *http.Request, ask Ask) (loginID string, done *Result, err error) {
	l, err := e.prospect(ctx, r, ask)
	if err != nil {
		return "", nil, err
	}
	d, err := e.decideAtStart(ctx, r, l)
	if err != nil {
		return "", nil, err
	}
	switch {
	case d.Need == policy.Done:
		done, err = e.silent(ctx, r, l, d)
		return "", done, err
	case d.Need == policy.Deny, slices.Contains(ask.Prompt, "none"):
		return "", nil, e.turnedAway(ctx, r, l, d)
	}
	made, err := e.prepare(ctx, l, d)
	if err != nil {
		return "", nil, err
	}
	rec := e.witness(ctx, r, l, d)
	value := token()
	l.row.Key, l.row.ExpiresAt = e.db.Hash(hashLogin, value), e.now().Add(e.config.LoginLifetime)
	if err := l.pack(e.now()); err != nil {
		return "", nil, err
	}
	c := storage.Change{NewLogin: l.row, Decision: rec, Transaction: l.told, Events: e.opened(&visit{r: r, login: l})}
	if made != nil {
		c.NewAuthenticators = append(c.NewAuthenticators, made)
	}
	if err := e.db.Commit(ctx, c); err != nil {
		return "", nil, fmt.Errorf("login: %w", err)
	}
	e.bindLogin(w, r, l.row.ID, value)
	return l.row.ID, nil, nil
}

// prospect is the login that ask would make, not stored yet.
func (e *Engine) prospect(ctx context.Context, r *http.Request, ask Ask) (*login, error) {
	if ask.RequestedAt.IsZero() {
		ask.RequestedAt = e.now()
	}
	l := &login{
		row: &storage.Login{ID: storage.NewID("lgn")}, state: state{Ask: ask, Typed: ask.LoginHint}, accepts: r.Header.Get("Accept-Language"),
		address: e.addressOf(r), agent: r.UserAgent(),
	}
	if err := e.equip(ctx, l); errors.Is(err, ErrGone) {
		return nil, &Refusal{Code: "unauthorized_client", Description: "There is no such client.", Ask: ask}
	} else if err != nil {
		return nil, err
	}
	if l.client != nil && ask.MaxAge == nil && l.client.Metadata.DefaultMaxAge != nil {
		age := time.Duration(*l.client.Metadata.DefaultMaxAge) * time.Second
		l.state.Ask.MaxAge = &age
	}
	find := e.db.SessionByKey
	if e.assesses(l) {
		find = e.db.SessionWithPerson // the session alone will not do
	}
	view, err := e.sessionFor(ctx, r, ask.ClientID, find)
	if err != nil || view == nil {
		return l, err
	}
	l.session, l.user, l.row.UserID = view, view.User, view.User.ID
	if ask.ClientID != "" {
		l.asked = true
		if view.Consent != nil {
			l.granted = view.Consent.Scopes
		}
	}
	return l, nil
}

// decideAtStart decides with what the session's query brought; what the person has
// enrolled is read only where the session alone is not enough, and where it is the question
// whether the session showed the best of it. A session that can
// never serve the ask, because it is another person's, does not stand in the way.
func (e *Engine) decideAtStart(ctx context.Context, r *http.Request, l *login) (policy.Decision, error) {
	e.locate(r, l)
	if err := e.attend(ctx, l); err != nil {
		return policy.Decision{}, err
	}
	d, err := e.decide(ctx, l)
	if err != nil || l.user == nil || d.Need == policy.Done && !l.state.Ask.Own {
		return d, err
	}
	person := l.session.Person // who is known here is known by their session
	if person == nil {
		if person, err = e.db.PersonByID(ctx, l.user.ID); err != nil {
			return d, fmt.Errorf("authenticators: %w", err)
		}
	}
	e.keep(l, person.Authenticators)
	if err := l.recollect(person.History); err != nil {
		return d, err
	}
	if err := e.recall(ctx, r, l); err != nil {
		return d, err
	}
	return e.settle(ctx, r, l)
}

// prepare makes what the first page of a login needs, as long as that sends nothing:
// Begin may be called in a GET. It returns the authenticator that is being set up.
func (e *Engine) prepare(ctx context.Context, l *login, d policy.Decision) (*factors.Authenticator, error) {
	switch {
	case d.Need == policy.Identify:
		l.forget()
		l.state.Typed, l.state.Switched = l.state.Ask.LoginHint, false
		return nil, e.invite(l)
	case d.Need == policy.ProveFirst:
		return nil, e.invite(l)
	case len(d.Offers) == 0 || l.picks(d):
	case d.Need == policy.Enroll && e.factors.Info(d.Offers[0]).Companion:
	case d.Need == policy.Enroll && e.factors.Info(d.Offers[0]).Asks != "":
		l.state.Asking = d.Offers[0]
	case e.factors.Info(d.Offers[0]).Sends:
	case d.Need == policy.ProveSecond:
		return nil, e.challenge(ctx, l, d.Offers[0], "")
	case d.Need == policy.Enroll:
		made, err := e.pending(ctx, l, d.Offers[0], factors.Answer{})
		if errors.Is(err, factors.ErrUnsupported) {
			e.log.WarnContext(ctx, "factor cannot be set up", "factor", d.Offers[0], "error", err)
			return nil, nil // the page offers the others
		}
		return made, err
	}
	return nil, nil
}

// silent is the result of an ask that the session alone satisfies.
func (e *Engine) silent(ctx context.Context, r *http.Request, l *login, d policy.Decision) (*Result, error) {
	if err := e.join(ctx, r, l); err != nil {
		return nil, err
	}
	s := l.session.Session
	var rec *storage.Decision
	if l.state.Scripted != nil {
		var err error
		if rec, err = e.conclude(ctx, r, l, d); err != nil {
			return nil, err
		}
	}
	if err := e.seen(ctx, s); err != nil {
		return nil, err
	}
	if c := l.state.Ask.ClientID; c != "" && !slices.Contains(s.Clients, c) {
		if err := e.db.AddSessionClient(ctx, s.ID, c); err != nil && !errors.Is(err, storage.ErrConflict) {
			return nil, fmt.Errorf("session: %w", err)
		}
	}
	res := l.result(d, "")
	res.Record = rec
	return res, nil
}

// Result ends a login and says what it proved; the caller is at Ask.Resume. It works
// once, and only in the login's browser. What holds now counts, not what held when
// the last page was sent.
//
// Errors: *Refusal where it was denied or cancelled; ErrNotDone, where the browser
// has to go back to LoginPath; ErrGone; storage.ErrUnavailable.
func (e *Engine) Result(ctx context.Context, w http.ResponseWriter, r *http.Request, loginID string) (*Result, error) {
	l, err := e.open(r.WithContext(ctx), loginID)
	if err != nil {
		return nil, err
	}
	d, err := e.decide(ctx, l)
	if err != nil {
		return nil, err
	}
	finished := d.Need == policy.Done && !l.paused() && l.live() != nil
	if !finished && d.Need != policy.Deny {
		return nil, ErrNotDone
	}
	if finished {
		if err := e.join(ctx, r, l); err != nil {
			return nil, err
		}
	}
	l.row.DoneAt = e.now()
	if err := e.db.UpdateLogin(ctx, l.row); errors.Is(err, storage.ErrConflict) {
		return nil, ErrGone
	} else if err != nil {
		return nil, fmt.Errorf("login: %w", err)
	}
	e.setCookie(w, loginCookie+loginID, "", 0)
	if d.Need == policy.Deny {
		return nil, l.refused(d)
	}
	return l.result(d, loginID), nil
}

func (l *login) result(d policy.Decision, loginID string) *Result {
	res := &Result{
		LoginID: loginID, UserID: l.user.ID,
		ACR: d.ACR, AMR: d.AMR, Proofs: d.Proofs, Scopes: l.scopes(), Ask: l.state.Ask, Claims: l.claims(),
	}
	if s := l.live(); s != nil {
		res.SessionID = s.ID
	}
	res.AuthTime = newest(d.Proofs)
	return res
}

// resume is where the browser goes when the login is over.
func (l *login) resume() string {
	u, err := url.Parse(l.state.Ask.Resume)
	if err != nil {
		return "/"
	}
	q := u.Query()
	q.Set("login", l.row.ID)
	u.RawQuery = q.Encode()
	return u.String()
}
