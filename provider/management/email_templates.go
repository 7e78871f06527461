package management

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/mail"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/sallyport-id/sallyport/storage"
	"github.com/sallyport-id/sallyport/themes"
)

// emailTemplates are mails in an administrator's words.
func (a *API) emailTemplates() {
	const path, one = "/email-templates", "/email-templates/{templateName}"
	op(a, operation{method: http.MethodPost, path: path, scopes: []string{"create:email_templates"}, summary: "Have a mail say what a template does", conflict: true}, a.createTemplate)
	op(a, operation{method: http.MethodGet, path: one, scopes: []string{"read:email_templates"}, summary: "The template of a mail", missing: true}, a.readTemplate)
	op(a, operation{method: http.MethodPut, path: one, scopes: []string{"update:email_templates"}, summary: "Replace the template of a mail", missing: true, conflict: true}, a.putTemplate)
	op(a, operation{method: http.MethodPatch, path: one, scopes: []string{"update:email_templates"}, summary: "Change the template of a mail", missing: true, conflict: true}, a.patchTemplate)
}

// letterKind is the kind of the documents that keep templates, named as Auth0 names mails.
const letterKind = "email_template"

// letterNames are themes' names of the mails that we send, by Auth0's.
var letterNames = map[letterName]string{
	"verify_email": "verify", "reset_email": "reset", "enrollment_email": "invite", "mfa_oob_code": "code", "user_invitation": "join",
	"blocked_account": "notice.locked",
}

// A mailText is what a template's document says.
type mailText struct {
	Subject string `json:"subject,omitempty"`
	Body    string `json:"body"`
	Enabled bool   `json:"enabled"`
}

// A letterName is one of Auth0's names for mails, also of those that we do not send.
type letterName string

// Schema is that of the names.
func (letterName) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: "string", Examples: []any{"mfa_oob_code"}, Enum: []any{
		"verify_email", "verify_email_by_code", "reset_email", "reset_email_by_code", "welcome_email", "blocked_account", "stolen_credentials",
		"enrollment_email", "mfa_oob_code", "user_invitation", "change_password", "password_reset", "async_approval", "auth_email_by_code",
	}}
}

// EmailTemplateName is the name in a path.
type EmailTemplateName struct {
	Name letterName `path:"templateName"`
}

// An EmailTemplate is a whole one.
type EmailTemplate struct {
	Template  letterName        `json:"template"`
	Body      Optional[string]  `json:"body" maxLength:"65536" doc:"HTML in Liquid; every value is escaped"`
	From      Optional[string]  `json:"from" maxLength:"400" doc:"empty, or the sender of the mail server"`
	Subject   Optional[string]  `json:"subject" maxLength:"2000" doc:"a line in Liquid; empty: ours"`
	Syntax    Optional[string]  `json:"syntax" maxLength:"20" doc:"liquid"`
	ResultURL Optional[string]  `json:"resultUrl,omitempty" maxLength:"2000" doc:"empty"`
	Lifetime  Optional[float64] `json:"urlLifetimeInSeconds,omitempty" minimum:"0" doc:"as it is"`
	InURL     Optional[bool]    `json:"includeEmailInRedirect,omitempty" doc:"false"`
	Enabled   Optional[bool]    `json:"enabled" doc:"false: kept, and the mail is ours"`
}

// An EmailTemplateChange are the members that may be set.
type EmailTemplateChange struct {
	Template  letterName        `json:"template,omitempty" doc:"that of the path"`
	Body      Optional[string]  `json:"body,omitempty" maxLength:"65536" doc:"HTML in Liquid; every value is escaped"`
	From      Optional[string]  `json:"from,omitempty" maxLength:"400" doc:"empty, or the sender of the mail server"`
	Subject   Optional[string]  `json:"subject,omitempty" maxLength:"2000" doc:"a line in Liquid; empty: ours"`
	Syntax    Optional[string]  `json:"syntax,omitempty" maxLength:"20" doc:"liquid"`
	ResultURL Optional[string]  `json:"resultUrl,omitempty" maxLength:"2000" doc:"empty"`
	Lifetime  Optional[float64] `json:"urlLifetimeInSeconds,omitempty" minimum:"0" doc:"as it is"`
	InURL     Optional[bool]    `json:"includeEmailInRedirect,omitempty" doc:"false"`
	Enabled   Optional[bool]    `json:"enabled,omitempty" doc:"false: kept, and the mail is ours"`
}

// An emailTemplateView is a template as the API shows it.
type emailTemplateView struct {
	Template letterName `json:"template"`
	Body     string     `json:"body"`
	From     string     `json:"from" doc:"the sender of the mail server"`
	Subject  string     `json:"subject"`
	Syntax   string     `json:"syntax"`
	InURL    bool       `json:"includeEmailInRedirect"`
	Lifetime float64    `json:"urlLifetimeInSeconds,omitempty" doc:"of the link in this mail"`
	Enabled  bool       `json:"enabled"`
}

func (a *API) viewTemplate(name letterName, t mailText) *body[emailTemplateView] {
	return say(emailTemplateView{
		Template: name, Body: t.Body, From: a.Post.From(), Subject: t.Subject, Syntax: "liquid", Lifetime: a.linkLifetime(name), Enabled: t.Enabled,
	})
}

// linkLifetime is how long the link of a mail works, in seconds; 0 where it has none.
func (a *API) linkLifetime(name letterName) float64 {
	reset, verify, invite := a.Flows.LinksEnd()
	switch name {
	case "reset_email":
		return reset.Seconds()
	case "verify_email":
		return verify.Seconds()
	case "enrollment_email":
		return invite.Seconds()
	}
	return 0
}

var errNoTemplate = missing("email_template", "That mail has no template here; it is ours.")

// templateDocument is the document of a template and what it says. Errors: a 404.
func (a *API) templateDocument(ctx context.Context, name letterName) (*storage.Document, mailText, error) {
	var t mailText
	doc, err := readDocument(ctx, a.DB, letterKind, string(name), &t)
	if err == nil && doc.ID == "" {
		err = errNoTemplate
	}
	return doc, t, err
}

func (a *API) readTemplate(ctx context.Context, in *EmailTemplateName) (*body[emailTemplateView], error) {
	_, t, err := a.templateDocument(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	return a.viewTemplate(in.Name, t), nil
}

func (a *API) createTemplate(ctx context.Context, in *body[EmailTemplate]) (*body[emailTemplateView], error) {
	return a.changeTemplate(ctx, in.Body.Template, EmailTemplateChange(in.Body), func(context.Context) (*storage.Document, mailText, error) {
		return &storage.Document{Kind: letterKind, Name: string(in.Body.Template)}, mailText{}, nil
	})
}

func (a *API) putTemplate(ctx context.Context, in *struct {
	EmailTemplateName
	Body EmailTemplate
},
) (*body[emailTemplateView], error) {
	return a.changeTemplate(ctx, in.Name, EmailTemplateChange(in.Body), func(ctx context.Context) (*storage.Document, mailText, error) {
		doc, _, err := a.templateDocument(ctx, in.Name)
		return doc, mailText{}, err
	})
}

func (a *API) patchTemplate(ctx context.Context, in *struct {
	EmailTemplateName
	Body EmailTemplateChange
},
) (*body[emailTemplateView], error) {
	return a.changeTemplate(ctx, in.Name, in.Body, func(ctx context.Context) (*storage.Document, mailText, error) {
		return a.templateDocument(ctx, in.Name)
	})
}

// changeTemplate stores what was sent over what now gives.
func (a *API) changeTemplate(ctx context.Context, name letterName, sent EmailTemplateChange, now func(context.Context) (*storage.Document, mailText, error)) (*body[emailTemplateView], error) {
	if err := a.checkTemplate(name, sent); err != nil {
		return nil, err
	}
	var t mailText
	event := storage.Event{Type: "email_template.changed", Data: map[string]any{"template": name}}
	err := a.change(ctx, event, func(ctx context.Context) error {
		doc, before, err := now(ctx)
		if err != nil {
			return err
		}
		t = before
		sent.Subject.change(&t.Subject)
		sent.Body.change(&t.Body)
		sent.Enabled.change(&t.Enabled)
		event.Data["enabled"] = t.Enabled
		if _, err := t.read(a.Looks.pages, name); err != nil {
			return err
		}
		return storeDocument(ctx, a.DB, doc, t)
	})
	if err != nil {
		return nil, err
	}
	a.Looks.changed(ctx)
	return a.viewTemplate(name, t), nil
}

// checkTemplate refuses what Auth0 can do to a mail and we cannot.
func (a *API) checkTemplate(name letterName, sent EmailTemplateChange) error {
	lifetime := a.linkLifetime(name)
	switch {
	case letterNames[name] == "":
		return impossible("template: " + string(name) + " is not sent here; there are blocked_account, enrollment_email, mfa_oob_code, reset_email, user_invitation and verify_email")
	case sent.Template != "" && sent.Template != name:
		return invalid("template", "is not the one of the path")
	case sent.Syntax.Value != "" && sent.Syntax.Value != "liquid":
		return impossible("syntax: templates are in liquid")
	case sent.From.Value != "" && !sameSender(sent.From.Value, a.Post.From()):
		return impossible("from: all mails have the sender of the mail server; leave it empty, or change default_from_address of /emails/provider")
	case sent.ResultURL.Value != "":
		return impossible("resultUrl: a link leads on where its ticket says; see result_url of /tickets")
	case sent.Lifetime.Value != 0 && lifetime != 0 && sent.Lifetime.Value != lifetime:
		return impossible(fmt.Sprintf("urlLifetimeInSeconds: the link of this mail works for %v seconds; login.reset_lifetime sets that of reset_email, ttl_sec of /tickets that of one link", lifetime))
	case sent.InURL.Value:
		return impossible("includeEmailInRedirect: addresses of people do not go into links")
	}
	return nil
}

// sameSender reports whether from is the sender: its address, under its name or none.
func sameSender(from, sender string) bool {
	a, err := mail.ParseAddress(from)
	b, fault := mail.ParseAddress(sender)
	return err == nil && fault == nil && strings.EqualFold(a.Address, b.Address) && (a.Name == "" || a.Name == b.Name)
}

// read is the template for the pages. Errors: a 400.
func (t mailText) read(pages *themes.Renderer, name letterName) (*themes.MailTemplate, error) {
	read, err := pages.MailTemplate(letterNames[name], t.Subject, t.Body)
	var fault *themes.TemplateFault
	if errors.As(err, &fault) {
		return nil, invalid(fault.Part, fault.Why)
	}
	return read, err
}
