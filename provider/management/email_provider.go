package management

import (
	"cmp"
	"context"
	"maps"
	"net/http"

	"github.com/sallyport-id/sallyport/storage"
)

// emailProvider is who takes our mails, instead of the configuration's server.
func (a *API) emailProvider() {
	const path = "/emails/provider"
	op(a, operation{method: http.MethodGet, path: path, scopes: []string{"read:email_provider"}, summary: "The mail server that was set here, without its password", missing: true}, a.readProvider)
	op(a, operation{method: http.MethodPost, path: path, scopes: []string{"create:email_provider"}, summary: "Have mails sent over a server", status: http.StatusCreated, conflict: true}, a.createProvider)
	op(a, operation{method: http.MethodPatch, path: path, scopes: []string{"update:email_provider"}, summary: "Change the mail server", missing: true, conflict: true}, a.patchProvider)
	op(a, operation{method: http.MethodDelete, path: path, scopes: []string{"delete:email_provider"}, summary: "Have mails sent as configured again", status: http.StatusNoContent, missing: true}, a.deleteProvider)
}

// SMTPCredentials are a server and how to get in there.
type SMTPCredentials struct {
	Host     string  `json:"smtp_host,omitempty" maxLength:"253"`
	Port     int     `json:"smtp_port,omitempty" minimum:"1" maximum:"65535" doc:"465 is TLS from the start, any other STARTTLS, which the server has to offer"`
	User     *string `json:"smtp_user,omitempty" maxLength:"320" doc:"empty: without a login"`
	Password string  `json:"smtp_pass,omitempty" maxLength:"1000" doc:"written only; it stays where it is left out and neither host, port nor user change"`
}

// A providerView is the server as the API shows it.
type providerView struct {
	Name        string          `json:"name"`
	Enabled     bool            `json:"enabled"`
	From        string          `json:"default_from_address"`
	Credentials SMTPCredentials `json:"credentials"`
	Settings    struct{}        `json:"settings" doc:"there are none"`
}

func viewProvider(s MailServer) *providerView {
	v := &providerView{Name: "smtp", Enabled: !s.Off, From: s.From, Credentials: SMTPCredentials{Host: s.Host, Port: s.Port}}
	if s.Username != "" {
		v.Credentials.User = &s.Username
	}
	return v
}

// A ProviderChange are the members that may be set.
type ProviderChange struct {
	Name        *string          `json:"name,omitempty" enum:"smtp,mailgun,mandrill,sendgrid,resend,ses,sparkpost,azure_cs,ms365,custom" doc:"smtp; all of these take mails by it"`
	Enabled     *bool            `json:"enabled,omitempty" doc:"false: kept, and mails go as configured"`
	From        *string          `json:"default_from_address,omitempty" maxLength:"400" doc:"Name <address>"`
	Credentials *SMTPCredentials `json:"credentials,omitempty"`
	Settings    *struct{}        `json:"settings,omitempty" doc:"there are none"`
}

// over is s with what was sent. A password is never taken along to another server.
func (c ProviderChange) over(s MailServer) (MailServer, error) {
	if c.Name != nil && *c.Name != "smtp" {
		return s, impossible("name: mails go out by SMTP; take the host, the user and the password for SMTP that " + *c.Name + " gives, and the name smtp")
	}
	if c.Enabled != nil {
		s.Off = !*c.Enabled
	}
	if c.From != nil {
		s.From = *c.From
	}
	if sent := c.Credentials; sent != nil {
		before := s
		s.Host, s.Port = cmp.Or(sent.Host, s.Host), cmp.Or(sent.Port, s.Port)
		if sent.User != nil {
			s.Username = *sent.User
		}
		if s.Host != before.Host || s.Port != before.Port || s.Username != before.Username {
			s.Password = ""
		}
		s.Password = cmp.Or(sent.Password, s.Password)
	}
	return s, nil
}

// told is what the audit log says of a server, and of what became of the password.
func (s MailServer) told(before MailServer) map[string]any {
	data := map[string]any{"host": s.Host, "port": s.Port, "from": s.From, "enabled": !s.Off}
	switch {
	case s.Password == "" && before.Password == "":
	case s.Password == "":
		data["password"] = "dropped"
	case s.Password == before.Password:
		data["password"] = "kept"
	default:
		data["password"] = "changed"
	}
	return data
}

// providerDocument is the document of the server and what it says. Errors: a 404.
func (a *API) providerDocument(ctx context.Context) (*storage.Document, MailServer, error) {
	var s MailServer
	doc, err := readDocument(ctx, a.DB, postKind, postName, &s)
	if err == nil && doc.ID == "" {
		err = missing("email_provider", "No mail server was set here; mails go as configured.")
	}
	return doc, s, err
}

func (a *API) readProvider(ctx context.Context, _ *struct{ Picked }) (*body[*providerView], error) {
	_, s, err := a.providerDocument(ctx)
	return say(viewProvider(s)), err
}

func (a *API) createProvider(ctx context.Context, in *body[ProviderChange]) (*body[*providerView], error) {
	return a.putProvider(ctx, in.Body, func(context.Context) (*storage.Document, MailServer, error) {
		return &storage.Document{Kind: postKind, Name: postName}, MailServer{Port: 587}, nil
	})
}

func (a *API) patchProvider(ctx context.Context, in *body[ProviderChange]) (*body[*providerView], error) {
	return a.putProvider(ctx, in.Body, a.providerDocument)
}

func (a *API) putProvider(ctx context.Context, sent ProviderChange, now func(context.Context) (*storage.Document, MailServer, error)) (*body[*providerView], error) {
	var s MailServer
	e := storage.Event{Type: "email_provider.changed", Data: map[string]any{}}
	err := a.change(ctx, e, func(ctx context.Context) error {
		doc, before, err := now(ctx)
		if err != nil {
			return err
		}
		if s, err = sent.over(before); err != nil {
			return err
		}
		if s.Host == "" {
			return invalid("credentials.smtp_host", "is missing")
		}
		if _, err := a.Post.Open(s); err != nil {
			return invalid("credentials", err.Error())
		}
		maps.Copy(e.Data, s.told(before))
		return storeDocument(ctx, a.DB, doc, s)
	})
	if err != nil {
		return nil, err
	}
	a.Post.changed(ctx)
	return say(viewProvider(s)), nil
}

func (a *API) deleteProvider(ctx context.Context, _ *struct{}) (*struct{}, error) {
	e := storage.Event{Type: "email_provider.removed", Data: map[string]any{}}
	err := a.change(ctx, e, func(ctx context.Context) error {
		_, s, err := a.providerDocument(ctx)
		if err != nil {
			return err
		}
		before := s
		s.Password = ""
		maps.Copy(e.Data, s.told(before))
		return a.DB.DeleteDocument(ctx, postKind, postName)
	})
	if err == nil {
		a.Post.changed(ctx)
	}
	return nil, err
}
