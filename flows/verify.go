package flows

import (
	"context"
	"errors"
	"net/http"

	"github.com/sallyport-id/sallyport/storage"
	"github.com/sallyport-id/sallyport/themes"
)

// showVerify is GET /verify/{token}. It uses nothing up: mail servers follow links.
func (e *Engine) showVerify(w http.ResponseWriter, r *http.Request) {
	if to, used := e.finished(r, ticketVerify); used && r.URL.Query().Has("done") {
		e.themes.Render(w, http.StatusOK, themes.VerifyEmail{Frame: e.bare(w, r), Done: true, ReturnTo: to})
		return
	}
	t, err := e.verification(r)
	if err != nil {
		e.fail(w, r, err)
		return
	}
	f := e.ownFrame(w, r, e.path("/verify/"+r.PathValue("token")))
	f.Account = t.user.Email
	e.themes.Render(w, http.StatusOK, themes.VerifyEmail{Frame: f})
}

// showVerified is GET /verify: it is done.
func (e *Engine) showVerified(w http.ResponseWriter, r *http.Request) {
	e.themes.Render(w, http.StatusOK, themes.VerifyEmail{Frame: e.bare(w, r), Done: true})
}

// confirmMailbox is POST /verify/{token}: the mailbox is the person's.
func (e *Engine) confirmMailbox(w http.ResponseWriter, r *http.Request) {
	var t *reset
	err := anew(func() (err error) {
		if t, err = e.verification(r); err != nil {
			return err
		}
		return e.commitVerified(r, t)
	})
	if errors.Is(err, storage.ErrSpent) {
		err = ErrGone
	}
	if err != nil {
		e.fail(w, r, err)
		return
	}
	next := "/verify"
	if errandOf(t.data).ReturnTo != "" {
		next += "/" + r.PathValue("token") + "?done"
	}
	http.Redirect(w, r, e.path(next), http.StatusSeeOther)
}

// verification is the live ticket in the address, which has to say what it proves.
func (e *Engine) verification(r *http.Request) (*reset, error) {
	t, err := e.ticket(r, ticketVerify)
	if err != nil {
		return nil, err
	}
	if errandOf(t.data).Email == "" {
		return nil, ErrGone
	}
	return t, nil
}

func (e *Engine) commitVerified(r *http.Request, t *reset) error {
	v := &visit{r: r, login: &login{row: &storage.Login{}, user: t.user}}
	return e.dispatch(v.ctx(), v.login, func(ctx context.Context) error {
		if err := e.db.UseTicket(ctx, t.key); err != nil {
			return err
		}
		user := *t.user
		user.EmailVerified = true
		return e.db.Commit(ctx, storage.Change{User: &user, Events: []*storage.Event{e.event(v, "user.email_verified", nil)}})
	})
}
