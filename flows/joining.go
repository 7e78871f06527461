package flows

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/sallyport-id/sallyport/storage"
	"github.com/sallyport-id/sallyport/themes"
)

// A Joining is an invitation to become a member of an organization. Whoever signs in with
// its ticket as the person of its address joins, once; where it was mailed, the address is
// known to be theirs. Of who has no account yet it is believed in any case: whoever invites
// vouches for it.
type Joining struct {
	ID             string          `json:"id"`
	OrganizationID string          `json:"organization_id"`
	ClientID       string          `json:"client_id"` // of the application that they are invited to
	Inviter        string          `json:"inviter"`   // a name, as the mail has it
	Email          string          `json:"email"`
	Roles          []string        `json:"roles,omitempty"` // in the organization
	UserMetadata   json.RawMessage `json:"user_metadata,omitempty"`
	AppMetadata    json.RawMessage `json:"app_metadata,omitempty"` // both of who has no account yet
	Ticket         string          `json:"ticket"`
	Mailed         bool            `json:"mailed,omitempty"`  // to Email: whoever has the ticket reads that mailbox
	Account        string          `json:"account,omitempty"` // id of the user that was made by it
	CreatedAt      time.Time       `json:"created_at"`
	ExpiresAt      time.Time       `json:"expires_at"`
}

const joiningPrefix = "uinv_"

// joiningKind is the kind of the documents that are an organization's invitations.
func joiningKind(organizationID string) string { return "invitation_" + organizationID }

func readJoining(doc *storage.Document) (*Joining, error) {
	j := &Joining{}
	if err := json.Unmarshal(doc.Body, j); err != nil {
		return nil, fmt.Errorf("invitation %s: %w", doc.Name, err)
	}
	return j, nil
}

// InviteToOrganization stores an invitation, whose ID and Ticket it assigns, with event
// and, where mail is set, with the mail that has its link.
//
// Errors: ErrNoMail where a mail was asked for.
func (e *Engine) InviteToOrganization(ctx context.Context, j *Joining, mail bool, event *storage.Event) error {
	if mail && !e.mails() {
		return ErrNoMail
	}
	id := storage.NewID("")[1:]
	j.ID, j.Ticket, j.Mailed = joiningPrefix+id, id+token(), mail
	o, err := e.db.OrganizationByID(ctx, j.OrganizationID)
	if err != nil {
		return err
	}
	link, err := e.JoinLink(ctx, j)
	if err != nil {
		return err
	}
	event.Data["invitation"] = j.ID
	pass := &login{row: &storage.Login{}}
	if mail {
		u, err := e.mailboxOwner(ctx, j.Email)
		if err != nil {
			return err
		}
		locale := ""
		if u != nil {
			locale = u.Locale
		}
		lang := e.themes.Match(nil, locale, "")
		e.post(pass, lang, j.Email, themes.JoinMail{
			Frame: themes.Frame{Lang: lang}, To: themes.Person{Email: j.Email}, Inviter: j.Inviter, Organization: o.DisplayName, Name: o.Name, Link: link, ExpiresIn: j.ExpiresAt.Sub(e.now()),
		})
	}
	body, err := json.Marshal(j)
	if err != nil {
		return err
	}
	return e.dispatch(ctx, pass, func(ctx context.Context) error {
		if err := e.db.PutDocument(ctx, &storage.Document{Kind: joiningKind(j.OrganizationID), Name: j.ID, Body: body}); err != nil {
			return err
		}
		return e.db.AddEvents(ctx, event)
	})
}

// JoinLink is where an invitation leads: to the application's own page that begins a
// sign-in, or where it has none to a page of ours.
func (e *Engine) JoinLink(ctx context.Context, j *Joining) (string, error) {
	c, err := e.db.CachedClient(ctx, j.ClientID)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return "", err
	}
	if err == nil && c.Metadata.InitiateLoginURI != "" {
		o, err := e.db.CachedOrganization(ctx, j.OrganizationID)
		if err != nil {
			return "", err
		}
		u, err := url.Parse(c.Metadata.InitiateLoginURI)
		if err != nil {
			return "", err
		}
		q := u.Query()
		q.Set("invitation", j.Ticket)
		q.Set("organization", j.OrganizationID)
		q.Set("organization_name", o.Name)
		u.RawQuery = q.Encode()
		return u.String(), nil
	}
	return e.absolute(e.JoinPath(j)), nil
}

// joiningLink is the link of an invitation by its id, "" where it does not work any more.
func (e *Engine) joiningLink(ctx context.Context, organizationID, id string) string {
	doc, err := e.db.Document(ctx, joiningKind(organizationID), id)
	if err != nil {
		return ""
	}
	j, err := readJoining(doc)
	if err != nil || !e.now().Before(j.ExpiresAt) {
		return ""
	}
	link, err := e.JoinLink(ctx, j)
	if err != nil {
		return ""
	}
	return link
}

// JoinPath is our own page of an invitation.
func (e *Engine) JoinPath(j *Joining) string {
	return e.path("/invited/" + j.OrganizationID + "/" + j.Ticket)
}

// Joinings are the invitations to an organization that still work, the oldest first.
func (e *Engine) Joinings(ctx context.Context, organizationID string) ([]*Joining, error) {
	docs, err := e.db.Documents(ctx, joiningKind(organizationID))
	if err != nil {
		return nil, err
	}
	var live []*Joining
	for _, doc := range docs {
		j, err := readJoining(doc)
		if err != nil {
			return nil, err
		}
		if e.now().Before(j.ExpiresAt) {
			live = append(live, j)
		}
	}
	return live, nil
}

// RevokeJoinings removes the invitations to an organization whose ids drop chooses, and
// those that are too old.
func RevokeJoinings(ctx context.Context, db *storage.DB, now time.Time, organizationID string, drop func(id string) bool) error {
	docs, err := db.Documents(ctx, joiningKind(organizationID))
	if err != nil {
		return err
	}
	for _, doc := range docs {
		j, err := readJoining(doc)
		if err != nil {
			return err
		}
		if !drop(j.ID) && now.Before(j.ExpiresAt) {
			continue
		}
		if err := db.DeleteDocument(ctx, doc.Kind, doc.Name); err != nil && !errors.Is(err, storage.ErrNotFound) {
			return err
		}
	}
	return nil
}

// Joining is the invitation to an organization that a ticket is of.
//
// Errors: ErrGone where it is none, is too old or was used.
func (e *Engine) Joining(ctx context.Context, organizationID, ticket string) (*Joining, error) {
	const idLength = 32
	if len(ticket) <= idLength || len(ticket) > 200 {
		return nil, ErrGone
	}
	doc, err := e.db.Document(ctx, joiningKind(organizationID), joiningPrefix+ticket[:idLength])
	if errors.Is(err, storage.ErrNotFound) {
		return nil, ErrGone
	}
	if err != nil {
		return nil, fmt.Errorf("invitation: %w", err)
	}
	j, err := readJoining(doc)
	switch {
	case err != nil:
		return nil, err
	case subtle.ConstantTimeCompare([]byte(j.Ticket), []byte(ticket)) != 1, !e.now().Before(j.ExpiresAt):
		return nil, ErrGone
	}
	return j, nil
}

// noteAccount stores which account an invitation made. Errors: storage.ErrNotFound where it
// was used or taken back meanwhile.
func (e *Engine) noteAccount(ctx context.Context, j *Joining, userID string) error {
	doc, err := e.db.Document(ctx, joiningKind(j.OrganizationID), j.ID)
	if err != nil {
		return err
	}
	made := *j
	made.Account = userID
	if doc.Body, err = json.Marshal(made); err != nil {
		return err
	}
	return e.db.PutDocument(ctx, doc)
}

func sameMailbox(a, b string) bool { return storage.Normalise(a) == storage.Normalise(b) }

// mailboxOwner is the person of an address, nil where there is none.
func (e *Engine) mailboxOwner(ctx context.Context, address string) (*storage.User, error) {
	u, err := e.db.UserByLogin(ctx, address)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return nil, fmt.Errorf("user: %w", err)
	}
	if err != nil || !sameMailbox(u.Email, address) {
		return nil, nil
	}
	return u, nil
}

// Invitee is the person whom an invitation is for, nil where they have no account yet, or
// one that the invitation made and that has nothing to sign in by. Nobody gets into another
// account by an invitation.
func (e *Engine) Invitee(ctx context.Context, j *Joining) (*storage.User, error) {
	u, err := e.mailboxOwner(ctx, j.Email)
	if err != nil || u == nil || u.ID != j.Account {
		return u, err
	}
	list, err := e.db.Authenticators(ctx, u.ID)
	if err != nil {
		return nil, fmt.Errorf("authenticators: %w", err)
	}
	if !slices.ContainsFunc(list, func(a *storage.Authenticator) bool { return a.Usable() }) {
		return nil, nil
	}
	return u, nil
}
