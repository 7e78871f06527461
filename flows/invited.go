package flows

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/sallyport-id/sallyport/storage"
	"github.com/sallyport-id/sallyport/themes"
)

// showInvited is GET /invited/{organization}/{token}. Who has an account signs in and
// joins; who has none is asked whether the address is theirs.
func (e *Engine) showInvited(w http.ResponseWriter, r *http.Request) {
	j, u, err := e.invited(r)
	if err != nil {
		e.noInvitation(w, r, err)
		return
	}
	if u == nil {
		f := e.ownFrame(w, r, e.JoinPath(j))
		f.Account = j.Email
		e.themes.Render(w, http.StatusOK, themes.VerifyEmail{Frame: f})
		return
	}
	id, done, err := e.Begin(r.Context(), w, r, Ask{
		Subject: u.ID, LoginHint: u.Email, Organization: j.OrganizationID, Invitation: j.Ticket, Resume: e.path("/invited"), RequestedAt: e.now(),
	})
	switch {
	case err != nil:
		e.afterLogin(w, r, id, err)
	case done != nil:
		http.Redirect(w, r, e.path("/invited"), http.StatusSeeOther)
	default:
		http.Redirect(w, r, e.LoginPath(id), http.StatusSeeOther)
	}
}

func (e *Engine) invited(r *http.Request) (*Joining, *storage.User, error) {
	j, err := e.Joining(r.Context(), r.PathValue("organization"), r.PathValue("token"))
	if err != nil {
		return nil, nil, err
	}
	u, err := e.Invitee(r.Context(), j)
	return j, u, err
}

// acceptMailbox is POST /invited/{organization}/{token}: it makes the account, and leads
// to where its password is set.
func (e *Engine) acceptMailbox(w http.ResponseWriter, r *http.Request) {
	j, u, err := e.invited(r)
	if err != nil {
		e.noInvitation(w, r, err)
		return
	}
	if u != nil {
		http.Redirect(w, r, e.JoinPath(j), http.StatusSeeOther)
		return
	}
	wait, err := e.db.TakeAll(r.Context(), e.now(),
		on(e.config.Limits.ResetAddress, "reset:"+e.network(r)), on(e.config.Limits.ResetUser, "reset:"+e.who(nil, j.Email)))
	if err == nil && wait > 0 {
		RetryAfter(w.Header(), wait)
		f := e.ownFrame(w, r, e.JoinPath(j))
		f.Account, f.Notice = j.Email, limited(e.now().Add(wait))
		e.themes.Render(w, http.StatusTooManyRequests, themes.VerifyEmail{Frame: f})
		return
	}
	value := ""
	if err == nil {
		value, err = e.makeAccount(r, j)
	}
	switch {
	case errors.Is(err, storage.ErrConflict) || errors.Is(err, storage.ErrInvalid) || errors.Is(err, storage.ErrNotFound):
		e.refuseInvitation(w, r, "enroll.invalid") // it is gone, or the address is somebody's user name
	case err != nil:
		e.fail(w, r, err)
	default:
		http.Redirect(w, r, e.path("/reset/"+value), http.StatusSeeOther)
	}
}

// makeAccount makes an account for who was invited, where there is none, and a ticket to
// set its password. Behind that the invitation goes on.
func (e *Engine) makeAccount(r *http.Request, j *Joining) (value string, err error) {
	ctx := r.Context()
	u, err := e.mailboxOwner(ctx, j.Email)
	if err != nil {
		return "", err
	}
	fresh := u == nil
	if fresh {
		u = &storage.User{ID: storage.NewID("usr"), Username: j.Email, Email: j.Email, EmailVerified: true, UserMetadata: j.UserMetadata, AppMetadata: j.AppMetadata}
	}
	data, err := json.Marshal(errand{Email: u.Email, Organization: j.OrganizationID, Invitation: j.ID, First: true})
	if err != nil {
		return "", err
	}
	v := &visit{r: r, login: &login{row: &storage.Login{}, user: u}}
	value = token()
	return value, e.db.Tx(ctx, func(ctx context.Context) error {
		if fresh {
			if err := e.db.CreateUser(ctx, u); err != nil {
				return err
			}
			if err := e.noteAccount(ctx, j, u.ID); err != nil {
				return err
			}
			if err := e.db.AddEvents(ctx, e.event(v, "user.created", map[string]any{"signup": true, "invitation": j.ID})); err != nil {
				return err
			}
		}
		t := &storage.Ticket{Key: e.db.Hash(hashTicket, value), Kind: ticketReset, UserID: u.ID, Data: data, ExpiresAt: e.now().Add(e.config.ResetLifetime)}
		return e.db.CreateTicket(ctx, t)
	})
}

// showJoined is GET /invited, where the sign-in of an invitation on our own page ends.
func (e *Engine) showJoined(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("login")
	if id != "" {
		if _, err := e.Result(r.Context(), w, r, id); err != nil {
			e.afterLogin(w, r, id, err)
			return
		}
		http.Redirect(w, r, e.path("/invited"), http.StatusSeeOther)
		return
	}
	f := e.bare(w, r)
	f.Notice = &themes.Notice{Kind: "info", ID: "invited.joined"}
	e.themes.Render(w, http.StatusOK, themes.VerifyEmail{Frame: f, Done: true})
}
