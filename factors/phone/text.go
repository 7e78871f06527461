package phone

import (
	"fmt"
	"strings"

	"github.com/osteele/liquid"

	"github.com/sallyport-id/sallyport/factors"
)

// own are our words by language. A voice reads its text twice.
var own = map[Channel]map[string]string{
	Text: {
		"en": "{{ code }} is your code for {{ tenant.friendlyName }}. We never ask you for it on the phone.",
		"de": "{{ code }} ist Ihr Code für {{ tenant.friendlyName }}. Wir fragen Sie nie am Telefon danach.",
		"es": "{{ code }} es tu código para {{ tenant.friendlyName }}. Nunca te lo pediremos por teléfono.",
	},
	Call: {
		"en": "Hello. Your code for {{ tenant.friendlyName }} is: {{ pause }} {{ code }}.",
		"de": "Guten Tag. Ihr Code für {{ tenant.friendlyName }} lautet: {{ pause }} {{ code }}.",
		"es": "Hola. Tu código para {{ tenant.friendlyName }} es: {{ pause }} {{ code }}.",
	},
}

// pause is what a template's {{ pause }} becomes until a vendor says it in its own
// way.
const pause = "\u2003"

// texts are the operator's templates by purpose, nil where ours are used.
type texts map[string]*liquid.Template

// texts reads the templates, which have to show the code.
func (c *Config) texts() (texts, error) {
	engine, all := liquid.NewEngine(), texts{}
	for _, one := range []struct{ key, purpose, source string }{
		{"enrollment_message", factors.PurposeEnroll, c.EnrollmentMessage},
		{"verification_message", factors.PurposeVerify, c.VerificationMessage},
	} {
		if one.source == "" {
			continue
		}
		t, fault := engine.ParseString(one.source)
		if fault != nil {
			return nil, fmt.Errorf("%s: %w", one.key, fault)
		}
		all[one.purpose] = t
		text, err := all.render(Text, factors.Message{Purpose: one.purpose, Code: "314159", Locale: "en"})
		if err != nil || !strings.Contains(text, "314159") {
			return nil, fmt.Errorf("%s: the code is not in it; write {{ code }}", one.key)
		}
	}
	return all, nil
}

// render is the text of a message. In a call the digits stand apart, to be read one
// by one; a text ends in the line that lets browsers fill the code in on our pages
// only (Sending one-time codes over SMS, W3C).
func (all texts) render(channel Channel, m factors.Message) (string, error) {
	kind, code := "sms", m.Code
	if channel == Call {
		kind, code = "voice", strings.Join(strings.Split(m.Code, ""), ".")
	}
	values := map[string]any{
		"code": code, "message_type": kind, "locale": m.Locale, "pause": pause,
		"requestInfo":   map[string]any{"lang": m.Locale},
		"tenant":        map[string]any{"friendlyName": m.Issuer, "friendly_name": m.Issuer},
		"application":   map[string]any{"name": m.Client},
		"custom_domain": map[string]any{"domain": m.Host},
	}
	t := all[m.Purpose]
	if t == nil {
		var fault liquid.SourceError
		if t, fault = liquid.NewEngine().ParseString(inLanguage(own[channel], m.Locale)); fault != nil {
			return "", fault
		}
	}
	text, fault := t.RenderString(values)
	if fault != nil {
		return "", fault
	}
	text = strings.TrimSpace(text)
	if channel == Text && m.Host != "" {
		text += "\n\n@" + m.Host + " #" + m.Code
	}
	return text, nil
}

// inLanguage finds the words for a language tag, English where there are none.
func inLanguage(words map[string]string, tag string) string {
	base, _, _ := strings.Cut(strings.ToLower(tag), "-")
	if text, ok := words[base]; ok {
		return text
	}
	return words["en"]
}
