package management

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/storage"
)

// tickets are links that an administrator hands over: each works once.
func (a *API) tickets() {
	op(a, operation{method: http.MethodPost, path: "/tickets/password-change", scopes: []string{"create:user_tickets"}, summary: "A link to set a new password", status: http.StatusCreated, missing: true}, a.passwordTicket)
	op(a, operation{method: http.MethodPost, path: "/tickets/email-verification", scopes: []string{"create:user_tickets"}, summary: "A link to prove an e-mail address", status: http.StatusCreated, missing: true}, a.verificationTicket)
	op(a, operation{method: http.MethodPost, path: "/jobs/verification-email", scopes: []string{"update:users"}, summary: "Mail a link to prove an e-mail address", status: http.StatusCreated, missing: true}, a.verificationMail)
}

// Ticket are the members that both kinds of tickets have.
type Ticket struct {
	ResultURL    string `json:"result_url,omitempty" maxLength:"2048" doc:"where the last page leads; its origin has to be a client's"`
	ClientID     string `json:"client_id,omitempty" maxLength:"128" doc:"whose origins result_url may have; without it any client's"`
	Organization string `json:"organization_id,omitempty" maxLength:"100" doc:"not done here"`
	TTL          int    `json:"ttl_sec,omitempty" minimum:"0" maximum:"2592000" doc:"seconds that the link works; 0: as those that we mail"`
	EmailInURL   bool   `json:"includeEmailInRedirect,omitempty" doc:"not done here: addresses do not travel in links"`
	Identity     *struct {
		UserID     string `json:"user_id" maxLength:"256"`
		Provider   string `json:"provider" maxLength:"100"`
		Connection string `json:"connection_id,omitempty" maxLength:"100"`
	} `json:"identity,omitempty" doc:"of no meaning: a user has one"`
}

type linkView struct {
	Ticket string `json:"ticket"`
}

// link is what is asked of a link. Errors: a 400 or 403.
func (a *API) link(ctx context.Context, t *Ticket) (flows.Link, error) {
	l := flows.Link{Lifetime: time.Duration(t.TTL) * time.Second, ReturnTo: t.ResultURL}
	switch {
	case t.Organization != "":
		return l, impossible("links belong to no organization; leave organization_id out")
	case t.EmailInURL:
		return l, impossible("addresses do not travel in links; leave includeEmailInRedirect out")
	case t.ResultURL == "":
		return l, nil
	}
	clients, err := a.DB.Clients(ctx)
	if err != nil {
		return l, err
	}
	for _, c := range clients {
		if (t.ClientID == "" || t.ClientID == c.ID) && !c.Disabled && hasOrigin(c, t.ResultURL) {
			return l, nil
		}
	}
	return l, invalid("result_url", "is at no address of a client; register one of the same origin with the client")
}

// hasOrigin reports whether one of c's addresses has the origin of link.
func hasOrigin(c *storage.Client, link string) bool {
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return false
	}
	for _, list := range [][]string{c.Metadata.RedirectURIs, c.Metadata.PostLogoutRedirectURIs, {c.Metadata.InitiateLoginURI, c.Metadata.ClientURI}} {
		for _, known := range list {
			k, err := url.Parse(known)
			if err == nil && k.Scheme == u.Scheme && strings.EqualFold(k.Host, u.Host) {
				return true
			}
		}
	}
	return false
}

func (a *API) passwordTicket(ctx context.Context, in *struct {
	Body struct {
		Ticket
		UserID       string `json:"user_id,omitempty" maxLength:"256" doc:"or connection_id and email"`
		ConnectionID string `json:"connection_id,omitempty" maxLength:"100"`
		Email        string `json:"email,omitempty" maxLength:"320"`
		MarkVerified *bool  `json:"mark_email_as_verified,omitempty" doc:"false is not done here: who has the link has the mailbox"`
	}
},
) (*struct{ Body *linkView }, error) {
	b := &in.Body
	l, err := a.link(ctx, &b.Ticket)
	switch {
	case err != nil:
		return nil, err
	case (b.UserID == "") == (b.Email == ""):
		return nil, invalid("user_id", "give user_id, or connection_id and email")
	case b.MarkVerified != nil && !*b.MarkVerified:
		return nil, impossible("who sets a password by a link has shown that the mailbox is theirs; leave mark_email_as_verified out")
	case b.Email != "" && b.ConnectionID != connectionID:
		return nil, refusal(http.StatusBadRequest, "inexistent_connection", "The connection does not exist.")
	}
	var u *storage.User
	if b.UserID != "" {
		u, err = a.userByID(ctx, b.UserID)
	} else {
		u, err = a.userByEmail(ctx, b.Email)
	}
	if err != nil {
		return nil, err
	}
	e := &storage.Event{Type: "user.reset_link", UserID: u.ID}
	a.sign(ctx, e)
	link, err := a.Flows.ResetLink(ctx, u, l, e)
	return &struct{ Body *linkView }{&linkView{link}}, err
}

// A wishedProof asks for a link by which a user proves their address.
type wishedProof struct {
	Body struct {
		Ticket
		UserID string `json:"user_id" minLength:"1" maxLength:"256"`
	}
}

// asked is what in asks for: a user with an address, and the link. Errors: a 400, 403 or 404.
func (a *API) asked(ctx context.Context, in *wishedProof) (*storage.User, flows.Link, error) {
	l, err := a.link(ctx, &in.Body.Ticket)
	if err != nil {
		return nil, l, err
	}
	u, err := a.userByID(ctx, in.Body.UserID)
	if err == nil && u.Email == "" {
		err = invalid("user_id", "this user has no e-mail address")
	}
	return u, l, err
}

func (a *API) verificationTicket(ctx context.Context, in *wishedProof) (*struct{ Body *linkView }, error) {
	u, l, err := a.asked(ctx, in)
	if err != nil {
		return nil, err
	}
	link, err := a.verify(ctx, u, l)
	return &struct{ Body *linkView }{&linkView{link}}, err
}

func (a *API) verify(ctx context.Context, u *storage.User, l flows.Link) (string, error) {
	e := &storage.Event{Type: "user.verification_mailed", UserID: u.ID, Data: map[string]any{"mail": l.Mail}}
	a.sign(ctx, e)
	return a.Flows.VerificationLink(ctx, u, l, e)
}

// mailVerification mails a link to prove u's address, where there is a mail server.
func (a *API) mailVerification(ctx context.Context, u *storage.User) error {
	_, err := a.verify(ctx, u, flows.Link{Mail: true})
	if errors.Is(err, flows.ErrNoMail) {
		return nil
	}
	return err
}

// A mailJob is a job that is done by the time its answer is sent.
type mailJob struct {
	ID        string    `json:"id"`
	Type      string    `json:"type"`
	Status    string    `json:"status"`
	CreatedAt time.Time `json:"created_at"`
}

func (a *API) verificationMail(ctx context.Context, in *wishedProof) (*struct{ Body *mailJob }, error) {
	u, l, err := a.asked(ctx, in)
	if err != nil {
		return nil, err
	}
	l.Mail = true
	if _, err := a.verify(ctx, u, l); errors.Is(err, flows.ErrNoMail) {
		return nil, impossible("this provider has no mail server; make a ticket and hand its link over")
	} else if err != nil {
		return nil, err
	}
	j := &job{row: &storage.Job{ID: storage.NewID("job"), Type: jobMail, ExpiresAt: a.Now().Add(jobKept)}, jobState: jobState{Status: "completed"}}
	if err := j.put(ctx, a.DB); err != nil {
		return nil, err
	}
	return &struct{ Body *mailJob }{&mailJob{j.row.ID, j.row.Type, j.Status, j.row.CreatedAt}}, nil
}
