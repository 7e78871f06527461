package themes

import (
	"bytes"
	"fmt"
	"strings"
	"time"
)

// A Mail is what one mail says. The set is closed: ResetMail, InviteMail, JoinMail,
// VerifyMail, CodeMail and NoticeMail.
type Mail interface {
	mail() string
	// to is whom it is for, and holds what a template may name beside.
	to() Person
	holds() map[string]any
}

// ResetMail carries the link to set a new password.
type ResetMail struct {
	Frame
	Name string // how the person is greeted; empty: without a name
	To   Person
	// Link has to be made from the configured issuer, never from a request.
	Link      string
	ExpiresIn time.Duration
}

// VerifyMail carries the link by which a new person shows that the address is theirs.
type VerifyMail struct {
	Frame
	Name      string
	To        Person
	Link      string // as in ResetMail
	ExpiresIn time.Duration
}

// InviteMail carries the link to set up an authenticator.
type InviteMail struct {
	Frame
	Name string // how the person is greeted
	To   Person
	// Link has to be made from the configured issuer, never from a request.
	Link      string
	ExpiresIn time.Duration
}

// JoinMail carries the link to join an organization. Its names are other people's words.
type JoinMail struct {
	Frame
	To           Person
	Inviter      string
	Organization string
	Name         string // of the organization, in addresses
	Link         string // as in InviteMail
	ExpiresIn    time.Duration
}

// CodeMail carries a code to sign in with.
type CodeMail struct {
	Frame
	Name      string // how the person is greeted
	To        Person
	Code      string
	App       string // name of the application, or empty
	ExpiresIn time.Duration
}

// NoticeMail tells a person about a change to their account.
type NoticeMail struct {
	Frame
	// Kind is one of MailKinds.
	Kind    string
	Name    string
	To      Person
	At      time.Time
	Address string // IP address it came from, or empty
	Factor  string // what was added or removed, or empty
	Left    int    // recovery codes left, for recovery_code_used
}

// MailKinds are the changes that a NoticeMail can tell of.
func MailKinds() []string {
	return []string{
		"password_changed", "authenticator_added", "authenticator_removed", "new_device", "recovery_code_used",
		"recovery_codes_new", "authenticator_renamed", "session_ended", "sessions_ended", "browser_forgotten", "consent_revoked", "locked", "reset_of_unknown", "sign_in_reported", "sign_in_unapproved",
	}
}

func (ResetMail) mail() string  { return "reset" }
func (VerifyMail) mail() string { return "verify" }
func (InviteMail) mail() string { return "invite" }
func (JoinMail) mail() string   { return "join" }
func (CodeMail) mail() string   { return "code" }
func (NoticeMail) mail() string { return "notice" }

// Mail renders m in lang as a subject of one line and the same text twice, plain and
// as HTML, of which an administrator's template replaces subject and HTML. An unknown Kind
// is an error.
func (r *Renderer) Mail(lang string, m Mail) (subject, text, html string, err error) {
	stem := m.mail()
	p := r.page(m, "mail."+stem)
	p.Lang = r.words.known(lang)
	if v := p.variant(); stem == "notice" && !r.words.has(p.Lang, "mail.notice."+v+".subject") {
		return "", "", "", fmt.Errorf("themes: mail: unknown kind %q", v)
	}
	if subject, err = p.Say("subject"); err != nil {
		return "", "", "", fmt.Errorf("themes: mail %s: %w", stem, err)
	}
	var plain, rich bytes.Buffer
	if err := r.plain.ExecuteTemplate(&plain, "mail/"+stem+".txt", p); err != nil {
		return "", "", "", fmt.Errorf("themes: mail: %w", err)
	}
	if err := r.pages.ExecuteTemplate(&rich, "mail/"+stem+".html", p); err != nil {
		return "", "", "", fmt.Errorf("themes: mail: %w", err)
	}
	subject, html = r.edited(p, m, subject, rich.String())
	// Names come from people: a line break in one must not start a new header.
	subject = strings.Join(strings.Fields(subject), " ")
	return subject, strings.TrimSpace(plain.String()) + "\n", html, nil
}

// Greeting greets by name, where that is one.
func (p *page) Greeting(name string) (string, error) {
	if name = plainName(name); name == "" {
		return p.T("mail.hello")
	}
	return p.T("mail.hello.name", "Name", name)
}

// plainName is a name on one line, "" where it reads like an address: people sign others
// up, or invite them, under such names to have us mail their advertisement.
func plainName(name string) string {
	name = strings.Join(strings.Fields(name), " ")
	if len(name) > 80 || strings.ContainsAny(name, "/:<>@") || strings.Contains(strings.ToLower(name), "www.") {
		return ""
	}
	return name
}
