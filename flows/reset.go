package flows

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
	"github.com/sallyport-id/sallyport/themes"
)

// A reset by mail replaces the password and nothing else: it signs nobody in, and
// every second factor is asked for as before (B-05, B-06).

const ticketReset = "reset"

func (e *Engine) resetPath(clientID string) string {
	if clientID == "" {
		return e.path("/reset")
	}
	return e.path("/reset?" + url.Values{"client_id": {clientID}}.Encode())
}

// showReset is GET /reset: what happened, or the question for a name.
func (e *Engine) showReset(w http.ResponseWriter, r *http.Request) {
	f := e.ownFrame(w, r, r.URL.RequestURI())
	switch {
	case !e.canReset():
		e.failWith(w, r, http.StatusNotFound, "this provider sends no mail")
	case r.URL.Query().Has("sent"):
		e.themes.Render(w, http.StatusOK, themes.ResetSent{Frame: f})
	case r.URL.Query().Has("changed"):
		e.themes.Render(w, http.StatusOK, themes.PasswordChanged{Frame: f})
	default:
		e.themes.Render(w, http.StatusOK, themes.ResetRequest{Frame: f})
	}
}

// ownFrame is the frame of a page outside of a login.
func (e *Engine) ownFrame(w http.ResponseWriter, r *http.Request, action string) themes.Frame {
	f := e.bare(w, r)
	if strings.HasPrefix(action, "/") && !strings.HasPrefix(action, e.prefix+"/") {
		action = e.path(action)
	}
	f.Action = action
	return f
}

// askReset is POST /reset. Its answer does not depend on whether there is such a
// person; the mail does.
func (e *Engine) askReset(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil || !e.canReset() {
		e.failWith(w, r, http.StatusBadRequest, "the form cannot be read")
		return
	}
	typed := clip(strings.TrimSpace(r.PostFormValue("username")), maxName)
	if typed == "" {
		http.Redirect(w, r, e.path("/reset"), http.StatusSeeOther)
		return
	}
	v := &visit{w: w, r: r, login: &login{row: &storage.Login{}}}
	wait, err := e.mailReset(v, typed)
	switch {
	case err != nil:
		e.fail(w, r, err)
	case wait > 0:
		RetryAfter(w.Header(), wait)
		f := e.ownFrame(w, r, "/reset")
		f.Notice = limited(e.now().Add(wait))
		e.themes.Render(w, http.StatusTooManyRequests, themes.ResetRequest{Frame: f})
	default:
		http.Redirect(w, r, e.path("/reset?sent"), http.StatusSeeOther)
	}
}

// mailReset makes a ticket for who is meant by typed and mails its link to the address
// on file, never to one that was typed.
func (e *Engine) mailReset(v *visit, typed string) (wait time.Duration, err error) {
	user, _, _, err := e.person(v.ctx(), typed)
	if err != nil {
		return 0, err
	}
	limits := []storage.Limit{
		on(e.config.Limits.ResetAddress, "reset:"+e.network(v.r)),
		on(e.config.Limits.ResetUser, "reset:"+e.who(user, typed)),
	}
	if wait, err = e.db.TakeAll(v.ctx(), e.now(), limits...); err != nil || wait > 0 {
		return wait, err
	}
	lang := e.language(v.r, nil, user)
	f := themes.Frame{Lang: lang}
	if user == nil || user.Email == "" || user.Blocked {
		if user == nil && mailAddress(typed) {
			e.post(v.login, lang, typed, themes.NoticeMail{Frame: f, Kind: mailUnknown, At: e.now(), Address: e.addressOf(v.r)})
		}
		return 0, e.dispatch(v.ctx(), v.login, func(context.Context) error { return nil })
	}
	v.login.user = user
	value := token()
	f.Account = user.Username
	link := e.absolute(e.path("/reset/" + value))
	data, err := json.Marshal(errand{Email: user.Email})
	if err != nil {
		return 0, err
	}
	e.post(v.login, lang, user.Email, themes.ResetMail{Frame: f, Name: user.Name, To: addressee(user), Link: link, ExpiresIn: e.config.ResetLifetime})
	err = e.dispatch(v.ctx(), v.login, func(ctx context.Context) error {
		t := &storage.Ticket{Key: e.db.Hash(hashTicket, value), Kind: ticketReset, UserID: user.ID, Data: data, ExpiresAt: e.now().Add(e.config.ResetLifetime)}
		if err := e.db.CreateTicket(ctx, t); err != nil {
			return err
		}
		return e.db.AddEvents(ctx, e.event(v, "password.reset_mailed", nil))
	})
	if err != nil {
		return 0, fmt.Errorf("reset: %w", err)
	}
	return 0, nil
}

// dispatch does a change that is about no stored login, with the messages that l
// sends: both are stored or neither.
func (e *Engine) dispatch(ctx context.Context, l *login, do func(context.Context) error) error {
	rows := l.out
	err := e.db.Tx(ctx, func(ctx context.Context) error {
		if err := do(ctx); err != nil {
			return err
		}
		return e.db.AddMessages(ctx, rows...)
	})
	if err == nil {
		l.out = nil
		e.outbox.kick(rows)
	}
	return err
}

// A reset is a ticket with its person.
type reset struct {
	key  []byte
	user *storage.User
	data []byte
}

// ticket is the live ticket that the address names; ErrGone where there is none, and where
// it is about a mailbox that is no longer the person's.
func (e *Engine) ticket(r *http.Request, kind string) (*reset, error) {
	key := e.db.Hash(hashTicket, r.PathValue("token"))
	t, err := e.db.TicketByKey(r.Context(), key)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, ErrGone
	}
	if err != nil {
		return nil, fmt.Errorf("reset: %w", err)
	}
	if t.Kind != kind || !t.UsedAt.IsZero() || !e.now().Before(t.ExpiresAt) {
		return nil, ErrGone
	}
	user, err := e.db.UserByID(r.Context(), t.UserID)
	if err != nil || user.Blocked {
		return nil, errors.Join(ErrGone, err)
	}
	if mailbox := errandOf(t.Data).Email; mailbox != "" && mailbox != user.Email {
		return nil, ErrGone
	}
	return &reset{key: key, user: user, data: t.Data}, nil
}

// showNewPassword is GET /reset/{token}. It uses nothing up: mail servers follow links.
func (e *Engine) showNewPassword(w http.ResponseWriter, r *http.Request) {
	if to, used := e.finished(r, ticketReset); used && r.URL.Query().Has("changed") {
		e.themes.Render(w, http.StatusOK, themes.PasswordChanged{Frame: e.bare(w, r), ReturnTo: to})
		return
	}
	t, err := e.ticket(r, ticketReset)
	if err != nil {
		e.noTicket(w, r, err)
		return
	}
	e.renderNewPassword(w, r, t, nil)
}

func (e *Engine) renderNewPassword(w http.ResponseWriter, r *http.Request, t *reset, n *themes.Notice) {
	f := e.ownFrame(w, r, e.path("/reset/"+r.PathValue("token")))
	f.Account, f.Notice = t.user.Username, n
	status := http.StatusOK
	if n != nil {
		status = http.StatusUnprocessableEntity
	}
	s, err := e.standing(r.Context(), t.user)
	if err != nil {
		e.fail(w, r, err)
		return
	}
	e.themes.Render(w, status, themes.SetPassword{Frame: f, Why: "reset", MinLength: e.minLength(r.Context(), s)})
}

// noTicket offers a new mail in place of a link that no longer works.
func (e *Engine) noTicket(w http.ResponseWriter, r *http.Request, err error) {
	if !errors.Is(err, ErrGone) {
		e.fail(w, r, err)
		return
	}
	f := e.ownFrame(w, r, "/reset")
	f.Notice = &themes.Notice{Kind: "error", ID: noticeLink}
	e.themes.Render(w, http.StatusGone, themes.ResetRequest{Frame: f})
}

// standing is u as a subject for a password that may have to stand alone.
func (e *Engine) standing(ctx context.Context, u *storage.User) (factors.Subject, error) {
	settings, err := e.db.CachedSettings(ctx)
	if err != nil {
		return factors.Subject{}, fmt.Errorf("settings: %w", err)
	}
	s := e.subjectOf(u, nil)
	s.SecondFactor = settings.Policy == policy.Always
	return s, nil
}

// setNewPassword is POST /reset/{token}. The ticket, the password and the end of all
// sessions are one write.
func (e *Engine) setNewPassword(w http.ResponseWriter, r *http.Request) {
	t, err := e.ticket(r, ticketReset)
	if err == nil {
		err = r.ParseForm()
	}
	if err != nil {
		e.noTicket(w, r, err)
		return
	}
	v := &visit{w: w, r: r, login: &login{row: &storage.Login{}, user: t.user}}
	s, err := e.standing(r.Context(), t.user)
	if err != nil {
		e.fail(w, r, err)
		return
	}
	fresh, refused, err := e.newPassword(v, s)
	switch {
	case err == nil && refused != nil:
		e.renderNewPassword(w, r, t, refused)
		return
	case err == nil:
		err = e.commitReset(v, t, fresh)
	}
	if errors.Is(err, storage.ErrSpent) {
		err = ErrGone
	}
	if err != nil {
		e.noTicket(w, r, err)
		return
	}
	next := "/reset?changed"
	if it := errandOf(t.data); it.ReturnTo != "" || it.Invitation != "" {
		next = "/reset/" + r.PathValue("token") + "?changed"
	}
	http.Redirect(w, r, e.path(next), http.StatusSeeOther)
}

func (e *Engine) commitReset(v *visit, t *reset, fresh *factors.Authenticator) error {
	e.notify(v, t.user, notice{Kind: mailPassword})
	return e.dispatch(v.ctx(), v.login, func(ctx context.Context) error {
		if err := e.db.UseTicket(ctx, t.key); err != nil {
			return err
		}
		auths, err := e.db.Authenticators(ctx, t.user.ID)
		if err != nil {
			return err
		}
		it := errandOf(t.data)
		if it.First && slices.ContainsFunc(auths, func(a *factors.Authenticator) bool { return a.Usable() }) {
			return storage.ErrSpent
		}
		c := storage.Change{NewAuthenticators: []*factors.Authenticator{fresh}, EndAllOf: t.user.ID}
		for _, a := range auths {
			if a.Factor == factors.Password {
				c.OldAuthenticators = append(c.OldAuthenticators, a.ID)
			}
		}
		user, proven := *t.user, it.Email != ""                                // links that are older do not say which mailbox they proved
		if user.PasswordExpired || proven && !user.EmailVerified || it.First { // of two first passwords at once, one is stored
			user.PasswordExpired, user.EmailVerified = false, user.EmailVerified || proven
			c.User = &user
		}
		c.Events = slices.Concat(c.Events, []*storage.Event{e.event(v, "password.changed", map[string]any{"why": "reset"})})
		return e.db.Commit(ctx, c)
	})
}
