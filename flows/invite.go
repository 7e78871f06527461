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
	First   bool     `json:"first,omitempty"` // nothing for who has a second factor already
}

// An Invitation is whom to invite, to what.
type Invitation struct {
	User    *storage.User
	Factors []string // to choose from; none: all that can be set up
	Mail    bool     // send the link
	To      string   // to this address in place of the person's
	Locale  string   // of the mail, in place of the person's
	First   bool     // it works only while they have no second factor
}

// Invite is InviteTo with the defaults.
func (e *Engine) Invite(ctx context.Context, u *storage.User, names []string, mail bool, event *storage.Event) (link string, err error) {
	value, err := e.InviteTo(ctx, Invitation{User: u, Factors: names, Mail: mail}, event)
	return e.InvitationLink(value), err
}

// InvitationLink is the address at which an invitation is taken up.
func (e *Engine) InvitationLink(value string) string { return e.absolute(e.path("/enroll/" + value)) }

// InviteTo makes an invitation by which a person sets up a factor, and gives what its link
// is made of. With Mail the person is sent the link. event is stored with it.
//
// Errors: factors.ErrUnsupported where one of the factors cannot be set up.
func (e *Engine) InviteTo(ctx context.Context, i Invitation, event *storage.Event) (value string, err error) {
	u, names := i.User, i.Factors
	if len(names) == 0 {
		names = e.factors.Names()
		names = slices.DeleteFunc(names, func(name string) bool { return !e.invitable(name) })
	}
	for _, name := range names {
		if !e.invitable(name) {
			return "", fmt.Errorf("%s: %w: nobody can be invited to it", name, factors.ErrUnsupported)
		}
	}
	data, err := json.Marshal(invitation{names, i.First})
	if err != nil {
		return "", fmt.Errorf("invitation: %w", err)
	}
	value = token()
	l := &login{row: &storage.Login{}, user: u}
	if i.Mail {
		to, locale := u.Email, u.Locale
		if i.To != "" {
			to = i.To
		}
		if i.Locale != "" {
			locale = i.Locale
		}
		lang := e.themes.Match(nil, locale, "")
		f := themes.Frame{Lang: lang, Account: u.Username}
		e.post(l, lang, to, themes.InviteMail{Frame: f, Name: u.Name, To: addressee(u), Link: e.InvitationLink(value), ExpiresIn: InvitationLifetime})
	}
	// The mail waits for who sends: the command line invites, too, and sends nothing.
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
	return value, err
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
	if asked.First {
		list, err := e.db.Authenticators(r.Context(), t.user.ID)
		if err != nil {
			e.fail(w, r, err)
			return
		}
		if slices.ContainsFunc(list, func(a *factors.Authenticator) bool { return a.Usable() && e.invitable(a.Factor) }) {
			e.refuseInvitation(w, r, "enroll.already")
			return
		}
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
	e.refuseInvitation(w, r, "enroll.invalid")
}

func (e *Engine) refuseInvitation(w http.ResponseWriter, r *http.Request, why string) {
	f := e.bare(w, r)
	f.Notice = &themes.Notice{Kind: "error", ID: why}
	e.themes.Render(w, http.StatusGone, themes.Expired{Frame: f})
}
