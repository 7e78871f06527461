package flows

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
	"github.com/sallyport-id/sallyport/themes"
)

// An invitation has a person set up a factor. It opens nothing: they sign in as they
// always do, with the second factor that they have, and then set the other one up.

const (
	ticketEnroll = "enroll"

	// InvitationLifetime is how long the link of an invitation works.
	InvitationLifetime = 5 * 24 * time.Hour
)

// An invitation is what its ticket keeps.
type invitation struct {
	Factors []string `json:"factors"`
}

// Invite makes a link by which u sets up one of names, or of all that can be set up
// where there are none. With mail the person is sent it, in their language. event is
// stored with it.
//
// Errors: factors.ErrUnsupported where one of names cannot be set up.
func (e *Engine) Invite(ctx context.Context, u *storage.User, names []string, mail bool, event *storage.Event) (link string, err error) {
	if len(names) == 0 {
		names = e.factors.Names()
		names = slices.DeleteFunc(names, func(name string) bool { return !e.invitable(name) })
	}
	for _, name := range names {
		if !e.invitable(name) {
			return "", fmt.Errorf("%s: %w: nobody can be invited to it", name, factors.ErrUnsupported)
		}
	}
	data, err := json.Marshal(invitation{names})
	if err != nil {
		return "", fmt.Errorf("invitation: %w", err)
	}
	value := token()
	link = e.absolute(e.path("/enroll/" + value))
	l := &login{row: &storage.Login{}, user: u}
	if mail {
		lang := e.themes.Match(nil, u.Locale, "")
		f := themes.Frame{Lang: lang, Account: u.Username, Client: themes.Client{Name: e.name}}
		e.post(l, lang, u.Email, themes.InviteMail{Frame: f, Name: u.Name, Link: link, ExpiresIn: InvitationLifetime})
	}
	err = e.db.Tx(ctx, func(ctx context.Context) error {
		t := &storage.Ticket{Key: e.db.Hash(hashTicket, value), Kind: ticketEnroll, UserID: u.ID, Data: data, ExpiresAt: e.now().Add(InvitationLifetime)}
		if err := e.db.CreateTicket(ctx, t); err != nil {
			return err
		}
		if err := e.db.AddMessages(ctx, l.out...); err != nil {
			return err
		}
		return e.db.AddEvents(ctx, event)
	})
	return link, err
}

func (e *Engine) invitable(name string) bool {
	info := e.factors.Info(name)
	return info.Second && info.Enrollable && !info.Dependent && !info.Exclusive && info.Missing == ""
}

// followInvitation is GET /enroll/{token}: it begins the login that uses the ticket.
func (e *Engine) followInvitation(w http.ResponseWriter, r *http.Request) {
	t, err := e.ticket(r, ticketEnroll)
	if err != nil {
		e.noInvitation(w, r, err)
		return
	}
	var asked invitation
	if err := json.Unmarshal(t.data, &asked); err != nil {
		e.fail(w, r, fmt.Errorf("invitation: %w", err))
		return
	}
	age := e.config.FreshFor
	id, _, err := e.Begin(r.Context(), w, r, Ask{
		Subject: t.user.ID, LoginHint: t.user.Username, MaxAge: &age, Enroll: asked.Factors, Ticket: t.key,
		Resume: e.path("/enroll"), RequestedAt: e.now(),
	})
	if err != nil {
		e.afterLogin(w, r, id, err)
		return
	}
	http.Redirect(w, r, e.LoginPath(id), http.StatusSeeOther)
}

// showEnrolled is GET /enroll, where the login of an invitation ends.
func (e *Engine) showEnrolled(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("login")
	if id == "" {
		e.themes.Render(w, http.StatusOK, themes.Enrolled{Frame: e.bare(w, r)})
		return
	}
	if _, err := e.Result(r.Context(), w, r, id); err != nil {
		e.afterLogin(w, r, id, err)
		return
	}
	http.Redirect(w, r, e.path("/enroll"), http.StatusSeeOther)
}

func (e *Engine) noInvitation(w http.ResponseWriter, r *http.Request, err error) {
	if !errors.Is(err, ErrGone) {
		e.fail(w, r, err)
		return
	}
	f := e.bare(w, r)
	f.Notice = &themes.Notice{Kind: "error", ID: "enroll.invalid"}
	e.themes.Render(w, http.StatusGone, themes.Expired{Frame: f})
}
