package flows

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
	"github.com/sallyport-id/sallyport/themes"
)

// changeAsk is what a change of password wants proven: everything that a sign-in
// does, and not long ago.
func (e *Engine) changeAsk() Ask {
	age := e.config.FreshFor
	return Ask{MaxAge: &age, Resume: e.path("/password"), RequestedAt: e.now()}
}

// showChange is GET /password: the form for who has just proven enough, else a login
// first.
func (e *Engine) showChange(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Has("changed") {
		e.themes.Render(w, http.StatusOK, themes.PasswordChanged{Frame: e.bare(w, r)})
		return
	}
	if id := r.URL.Query().Get("login"); id != "" {
		if _, err := e.Result(r.Context(), w, r, id); err != nil {
			e.afterLogin(w, r, id, err)
			return
		}
		http.Redirect(w, r, e.path("/password"), http.StatusSeeOther)
		return
	}
	id, done, err := e.Begin(r.Context(), w, r, e.changeAsk())
	switch {
	case err != nil:
		e.afterLogin(w, r, id, err)
	case done == nil:
		http.Redirect(w, r, e.LoginPath(id), http.StatusSeeOther)
	default:
		user, err := e.db.UserByID(r.Context(), done.UserID)
		if err != nil {
			e.fail(w, r, err)
			return
		}
		e.renderChange(w, r, user, nil)
	}
}

func (e *Engine) afterLogin(w http.ResponseWriter, r *http.Request, id string, err error) {
	var refusal *Refusal
	switch {
	case errors.Is(err, ErrNotDone):
		http.Redirect(w, r, e.LoginPath(id), http.StatusSeeOther)
	case errors.As(err, &refusal):
		e.themes.Render(w, http.StatusForbidden, themes.Denied{Frame: e.bare(w, r), Reason: "denied.not_enough"})
	default:
		e.fail(w, r, err)
	}
}

func (e *Engine) renderChange(w http.ResponseWriter, r *http.Request, u *storage.User, n *themes.Notice) {
	f := e.ownFrame(w, r, "/password")
	f.Account, f.Notice = u.Username, n
	status := http.StatusOK
	if n != nil {
		status = http.StatusUnprocessableEntity
	}
	s, err := e.standing(r.Context(), u)
	if err != nil {
		e.fail(w, r, err)
		return
	}
	view := themes.SetPassword{Frame: f, Current: true, Why: "change", MinLength: e.minLength(r.Context(), s)}
	e.themes.Render(w, status, view)
}

// changePassword is POST /password.
func (e *Engine) changePassword(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		e.failWith(w, r, http.StatusBadRequest, "the form cannot be read")
		return
	}
	l, err := e.prospect(r.Context(), r, e.changeAsk())
	if err != nil {
		e.fail(w, r, err)
		return
	}
	d, err := e.decideAtStart(r.Context(), r, l)
	if err != nil {
		e.fail(w, r, err)
		return
	}
	if d.Need != policy.Done {
		http.Redirect(w, r, e.path("/password"), http.StatusSeeOther)
		return
	}
	v := &visit{w: w, r: r, login: l}
	refused, err := e.replacePassword(v)
	switch {
	case err != nil:
		e.fail(w, r, err)
	case refused != nil:
		e.renderChange(w, r, l.user, refused)
	default:
		http.Redirect(w, r, e.path("/password?changed"), http.StatusSeeOther)
	}
}

// replacePassword checks the old password and puts the new one in its place. All
// other sessions end.
func (e *Engine) replacePassword(v *visit) (*themes.Notice, error) {
	l := v.login
	auths, err := e.db.Authenticators(v.ctx(), l.user.ID)
	if err != nil {
		return nil, fmt.Errorf("authenticators: %w", err)
	}
	limits := e.passwordLimits(v.r, l.user.ID)
	wait, err := e.db.TakeAll(v.ctx(), e.now(), limits...)
	if err != nil {
		return nil, fmt.Errorf("limits: %w", err)
	}
	if wait > 0 {
		RetryAfter(v.w.Header(), wait)
		return limited(e.now().Add(wait)), nil
	}
	_, _, err = e.checkPassword(v, l.user, auths, v.field("password_current"))
	if errors.Is(err, factors.ErrWrong) {
		refused := &themes.Notice{Kind: "error", ID: noticePassword, Field: "password_current"}
		return refused, e.db.AddEvents(v.ctx(), e.event(v, "proof.refused", map[string]any{"factor": factors.Password}))
	}
	if err != nil {
		return nil, err
	}
	s, err := e.standing(v.ctx(), l.user)
	if err != nil {
		return nil, err
	}
	fresh, refused, err := e.newPassword(v, s)
	if err != nil || refused != nil {
		return refused, err
	}
	if v.field("password_new") == v.field("password_current") {
		return &themes.Notice{Kind: "error", ID: noticeSame, Field: "password_new"}, nil
	}
	c := storage.Change{
		NewAuthenticators: []*factors.Authenticator{fresh}, Refund: limits,
		EndAllOf: l.user.ID, EndAllBut: l.session.Session.ID,
		Events: []*storage.Event{e.event(v, "password.changed", map[string]any{"why": "changed"})},
	}
	for _, a := range auths {
		if a.Factor == factors.Password {
			c.OldAuthenticators = append(c.OldAuthenticators, a.ID)
		}
	}
	c.Session = e.follow(l.session.Session, slices.Clone(c.OldAuthenticators), fresh.ID)
	e.notify(v, l.user, notice{Kind: mailPassword})
	c.Messages = l.out
	if err := e.db.Commit(v.ctx(), c); err != nil {
		return nil, err
	}
	e.outbox.kick(c.Messages)
	return nil, nil
}

// follow lets a session's proof of the old password stand for the new one, which the
// same person has just chosen.
func (e *Engine) follow(s *storage.Session, old []string, fresh string) *storage.Session {
	for i := range s.Proofs {
		if slices.Contains(old, s.Proofs[i].AuthenticatorID) {
			s.Proofs[i].AuthenticatorID = fresh
		}
	}
	return s
}

// sameAsOld refuses a new password that is the expired one.
func (e *Engine) sameAsOld(v *visit, typed string) (*themes.Notice, error) {
	l := v.login
	_, _, err := e.checkPassword(v, l.user, l.usable(factors.Password), typed)
	switch {
	case errors.Is(err, factors.ErrWrong):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return &themes.Notice{Kind: "error", ID: noticeSame, Field: "password_new"}, nil
}
