package themes

import (
	"fmt"
	"html"
	"maps"
	"strings"
)

// A MailTemplate stands in place of the subject and the HTML of one of our mails, in Liquid.
// The plain text stays ours.
type MailTemplate struct {
	subject, body *liquid // subject nil: ours
}

// keys are what a mail is sent for: its template has to have one of each mail's own.
var keys = []string{"url", "link", "code"}

// MailTemplate reads a template for a mail, "verify", "reset", "invite", "join", "code" or a
// notice as "notice.locked", and fills it with two people, one of
// whom nothing is known. An empty subject has ours.
//
// Errors: *TemplateFault.
func (r *Renderer) MailTemplate(name, subject, body string) (*MailTemplate, error) {
	t := &MailTemplate{}
	var err error
	if strings.TrimSpace(subject) != "" {
		if t.subject, err = readLiquid(subject, lastInLine); err != nil {
			return nil, &TemplateFault{"subject", err.Error()}
		}
	}
	if t.body, err = readLiquid(body, lastInHTML); err != nil {
		return nil, &TemplateFault{"body", err.Error()}
	}
	found := false
	for _, m := range mailPreviews(r.now()) {
		p := r.page(m, "mail."+m.mail())
		if p.mailName() != name {
			continue
		}
		found = true
		for _, to := range []Person{m.to(), {}} {
			if err := t.try(p, m, to); err != nil {
				return nil, err
			}
		}
	}
	if !found {
		return nil, &TemplateFault{"body", fmt.Sprintf("there is no mail %q", name)}
	}
	return t, nil
}

// SetMailTemplates has mails say what the templates do, by name, from now on. The map must
// not be modified after.
func (r *Renderer) SetMailTemplates(all map[string]*MailTemplate) { r.mails.Store(&all) }

// try is what is wrong with the mail m to somebody by t.
func (t *MailTemplate) try(p *page, m Mail, to Person) error {
	const strange = "no-such-thing-in-this-mail"
	values := p.liquid(m, to)
	for _, key := range keys {
		if values[key] == nil {
			values[key] = strange
		}
	}
	_, rich, err := t.fill(values, m)
	if err != nil {
		return err
	}
	if strings.Contains(rich, strange) {
		return &TemplateFault{"body", "it puts out a url, link or code that this mail does not have"}
	}
	return nil
}

// fill gives the subject, "" for ours, and the HTML. Errors: *TemplateFault.
func (t *MailTemplate) fill(values map[string]any, m Mail) (subject, rich string, err error) {
	if t.subject != nil {
		if subject, err = t.subject.fill(maps.Clone(values)); err != nil {
			return "", "", &TemplateFault{"subject", err.Error()}
		}
		if cut := []rune(subject); len(cut) > maxSubject {
			subject = string(cut[:maxSubject])
		}
	}
	if rich, err = t.body.fill(values); err != nil {
		return "", "", &TemplateFault{"body", err.Error()}
	}
	for _, key := range keys {
		if own, ok := m.holds()[key].(string); ok {
			if !strings.Contains(rich, own) && !strings.Contains(rich, html.EscapeString(own)) {
				return "", "", &TemplateFault{"body", "what the mail is sent for is not in it; write {{ " + key + " }}"}
			}
			break
		}
	}
	return subject, rich, nil
}

// maxSubject is in characters.
const maxSubject = 250

// edited is the subject and HTML of the template for the mail, or ours where there is none
// or it cannot be filled: a mail goes out whatever was written.
func (r *Renderer) edited(p *page, m Mail, subject, rich string) (string, string) {
	all := r.mails.Load()
	if all == nil || (*all)[p.mailName()] == nil {
		return subject, rich
	}
	theirs, body, err := (*all)[p.mailName()].fill(p.liquid(m, m.to()), m)
	if err != nil {
		r.log.Error("the template of a mail cannot be filled, and ours goes out; see /api/v2/email-templates", "mail", p.mailName(), "error", err)
		return subject, rich
	}
	if strings.TrimSpace(theirs) != "" {
		subject = theirs
	}
	return subject, body
}

// mailName is the mail's name for templates.
func (p *page) mailName() string {
	name := strings.TrimPrefix(p.stem, "mail.")
	if v := p.variant(); v != "" {
		name += "." + v
	}
	return name
}

// A house is the service in templates: its name, with properties.
type house struct {
	Name string `liquid:"friendly_name"`
}

func (h house) String() string { return h.Name }

// liquid are the values that the template of m may name, in a map of its own. What is not
// known is not there, so that {% if %} finds out.
func (p *page) liquid(m Mail, to Person) map[string]any {
	look := p.r.look.Load()
	user := to.values()
	values := map[string]any{
		"application":      map[string]any{"name": p.App()},
		"tenant":           house{look.name},
		"friendly_name":    look.name,
		"request_language": p.Lang,
		"user":             user,
	}
	for key, value := range map[string]string{"support_email": look.supportEmail, "support_url": look.supportURL} {
		if value != "" {
			values[key] = value
		}
	}
	for key, value := range m.holds() {
		switch key {
		case "application":
			values[key] = map[string]any{"name": value}
		case "source_ip":
			user[key] = value
		default:
			values[key] = value
		}
	}
	return values
}

func (v ResetMail) to() Person  { return v.To }
func (v VerifyMail) to() Person { return v.To }
func (v InviteMail) to() Person { return v.To }
func (v JoinMail) to() Person   { return v.To }
func (v CodeMail) to() Person   { return v.To }
func (v NoticeMail) to() Person { return v.To }

func (v ResetMail) holds() map[string]any  { return linked(v.Link) }
func (v VerifyMail) holds() map[string]any { return linked(v.Link) }
func (v InviteMail) holds() map[string]any { return linked(v.Link) }

func (v JoinMail) holds() map[string]any {
	held, says := linked(v.Link), v.values()
	held["inviter"] = map[string]any{"name": says["Inviter"]}
	held["organization"] = map[string]any{"name": v.Name, "display_name": says["Organization"]}
	return held
}

func linked(link string) map[string]any { return map[string]any{"url": link, "link": link} }

func (v CodeMail) holds() map[string]any {
	held := map[string]any{"code": v.Code}
	if v.App != "" {
		held["application"] = v.App
	}
	return held
}

func (v NoticeMail) holds() map[string]any {
	if v.Address == "" {
		return nil
	}
	return map[string]any{"source_ip": v.Address}
}
