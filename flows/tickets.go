package flows

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/sallyport-id/sallyport/storage"
	"github.com/sallyport-id/sallyport/themes"
)

// A Link is what an administrator asks of a link for a person.
type Link struct {
	Lifetime time.Duration // 0: as the links that we mail
	ReturnTo string        // where the last page leads; only ever a registered address
	Mail     bool          // send it to the person's address
}

// An errand is what the ticket of a link keeps.
type errand struct {
	Email    string `json:"email,omitempty"` // the mailbox that the link proves
	ReturnTo string `json:"return_to,omitempty"`
	// Organization and Invitation are the ids of the invitation that the last page leads
	// back to, in place of ReturnTo: its link is kept sealed, and nowhere else.
	Organization string `json:"organization,omitempty"`
	Invitation   string `json:"invitation,omitempty"`
	// First is true where the person has no password yet: a link that is left over when
	// they have one opens nothing.
	First bool `json:"first,omitempty"`
}

// errandOf reads a ticket's data: an object, or the address alone.
func errandOf(data []byte) errand {
	var it errand
	if json.Unmarshal(data, &it) != nil {
		it = errand{}
		_ = json.Unmarshal(data, &it.Email) // neither: no address fits it
	}
	return it
}

// ResetLink makes a link by which u sets a new password. Whoever has it is taken for the
// owner of the mailbox, as long as that is u's. event is stored with it.
//
// Errors: ErrNoMail where a mail was asked for.
func (e *Engine) ResetLink(ctx context.Context, u *storage.User, l Link, event *storage.Event) (string, error) {
	if l.Lifetime == 0 {
		l.Lifetime = e.config.ResetLifetime
	}
	return e.issue(ctx, u, ticketReset, "/reset/", errand{Email: u.Email, ReturnTo: l.ReturnTo}, l, event, func(f themes.Frame, link string) themes.Mail {
		return themes.ResetMail{Frame: f, Name: u.Name, To: addressee(u), Link: link, ExpiresIn: l.Lifetime}
	})
}

// VerificationLink makes a link by which u shows that their e-mail address is theirs. event
// is stored with it.
//
// Errors: ErrNoMail where a mail was asked for.
func (e *Engine) VerificationLink(ctx context.Context, u *storage.User, l Link, event *storage.Event) (string, error) {
	if l.Lifetime == 0 {
		l.Lifetime = verifyLifetime
	}
	return e.issue(ctx, u, ticketVerify, "/verify/", errand{Email: u.Email, ReturnTo: l.ReturnTo}, l, event, func(f themes.Frame, link string) themes.Mail {
		return themes.VerifyMail{Frame: f, Name: u.Name, To: addressee(u), Link: link, ExpiresIn: l.Lifetime}
	})
}

func (e *Engine) issue(ctx context.Context, u *storage.User, kind, path string, it errand, l Link, event *storage.Event, letter func(themes.Frame, string) themes.Mail) (string, error) {
	if l.Mail && (!e.mails() || u.Email == "") {
		return "", ErrNoMail
	}
	data, err := json.Marshal(it)
	if err != nil {
		return "", err
	}
	value, pass := token(), &login{row: &storage.Login{}, user: u}
	link := e.absolute(e.path(path + value))
	if l.Mail {
		lang := e.themes.Match(nil, u.Locale, "")
		e.post(pass, lang, u.Email, letter(themes.Frame{Lang: lang, Account: u.Username}, link))
	}
	err = e.dispatch(ctx, pass, func(ctx context.Context) error {
		t := &storage.Ticket{Key: e.db.Hash(hashTicket, value), Kind: kind, UserID: u.ID, Data: data, ExpiresAt: e.now().Add(l.Lifetime)}
		if err := e.db.CreateTicket(ctx, t); err != nil {
			return err
		}
		return e.db.AddEvents(ctx, event)
	})
	return link, err
}

// finished is where the last page of a link leads whose ticket was used, "" for nowhere.
func (e *Engine) finished(r *http.Request, kind string) (returnTo string, used bool) {
	t, err := e.db.TicketByKey(r.Context(), e.db.Hash(hashTicket, r.PathValue("token")))
	if err != nil || t.Kind != kind || t.UsedAt.IsZero() {
		return "", false
	}
	it := errandOf(t.Data)
	if it.Invitation == "" {
		return it.ReturnTo, true
	}
	return e.joiningLink(r.Context(), it.Organization, it.Invitation), true
}
