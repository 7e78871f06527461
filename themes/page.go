package themes

import (
	"fmt"
	"html/template"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// page is what a template sees: the Frame's fields, the View, and these methods.
type page struct {
	Frame
	View any // a View or a Mail
	stem string
	r    *Renderer
}

func (r *Renderer) page(v any, stem string) *page {
	p := &page{Frame: frameOf(v), View: v, stem: stem, r: r}
	p.Lang = r.words.known(p.Lang)
	return p
}

// in turns p into the same page in another language.
func (p *page) in(lang string) *page {
	p.Lang = lang
	return p
}

// frameOf finds the Frame that v embeds, or the zero Frame.
func frameOf(v any) Frame {
	if f, ok := v.(interface{ frame() Frame }); ok {
		return f.frame()
	}
	return Frame{}
}

func (f Frame) frame() Frame { return f }

// T says id with pairs of name and value; App, Brand and Account are always there. An
// id without words is an error, which New finds.
func (p *page) T(id string, pairs ...any) (string, error) { return p.say(id, id, pairs) }

// say says an administrator's text for screenID where there is one, else our words for id.
func (p *page) say(screenID, id string, pairs []any) (string, error) {
	data := p.values()
	for i := 0; i+1 < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return "", fmt.Errorf("message %q: values come as name and value", id)
		}
		data[name] = pairs[i+1]
	}
	if segs, ok := p.custom(screenID, data); ok {
		return text(segs), nil
	}
	segs, ok := p.r.words.segments(p.Lang, id, data, p.r.now())
	if !ok {
		return "", fmt.Errorf("no words for message %q; add it to locales/%s.json", id, fallback)
	}
	return text(segs), nil
}

// values are what every message may name: the application, the operator, the person,
// and what the view adds.
func (p *page) values() map[string]any {
	data := map[string]any{"App": p.App(), "Brand": p.Brand(), "Account": p.Account}
	if v, ok := p.View.(interface{ values() map[string]any }); ok {
		for name, value := range v.values() {
			data[name] = value
		}
	}
	return data
}

// Say is T for the page's own words: "<page>.<variant>.<id>" where that exists, else
// "<page>.<id>". The variant is the factor, the reason, the kind of the view.
func (p *page) Say(id string, pairs ...any) (string, error) {
	return p.say(p.stem+"."+id, p.own(id), pairs)
}

// Has reports whether the page's own words have id.
func (p *page) Has(id string) bool {
	_, ok := p.text(p.stem + "." + id)
	return ok || p.r.words.has(p.Lang, p.own(id))
}

func (p *page) own(id string) string {
	if v := p.variant(); v != "" && p.r.words.has(p.Lang, p.stem+"."+v+"."+id) {
		return p.stem + "." + v + "." + id
	}
	return p.stem + "." + id
}

func (p *page) variant() string {
	if v, ok := p.View.(interface{ variant() string }); ok {
		return v.variant()
	}
	return ""
}

// Sentence says id in segments, for messages whose values may be moments. Where
// "<id>.<variant>" has words, it says those. An unknown id gives the general sentence.
func (p *page) Sentence(id string, data map[string]any) []Segment {
	all := p.values()
	for name, value := range data {
		all[name] = value
	}
	if segs, ok := p.custom(id, all); ok {
		return segs
	}
	if v := p.variant(); v != "" && p.r.words.has(p.Lang, id+"."+v) {
		id += "." + v
	}
	return p.r.sentence(p.Lang, id, all)
}

// Until says id with the moment t as Until.
func (p *page) Until(id string, t time.Time) []Segment {
	return p.Sentence(id, map[string]any{"Until": t})
}

// Left is the time until t in whole seconds, rounded up, at least 0.
func (p *page) Left(t time.Time) int {
	return max(0, int((t.Sub(p.r.now())+time.Second-1)/time.Second))
}

// Date is t in full.
func (p *page) Date(t time.Time) string { return p.r.words.date(p.Lang, t) }

// Scope says what a scope allows: our words for a standard scope, else the admin's
// sentence, else its bare name.
func (p *page) Scope(s Scope) (string, error) {
	if id := "scope." + s.Value; s.Known && p.r.words.has(p.Lang, id) {
		return p.T(id)
	}
	if s.Description != "" {
		return s.Description, nil
	}
	return p.T("scope.other", "Scope", s.Value)
}

// Factor says what a person calls a factor: part is "name", "hint" (how to use it) or
// "setup" (what setting it up means).
func (p *page) Factor(name, part string) (string, error) {
	if id := "factor." + name + "." + part; p.r.words.has(p.Lang, id) {
		return p.T(id)
	}
	return p.T("factor.unknown." + part)
}

// Field is the message id of a field's label.
func (p *page) Field(name string) string { return "field." + name }

// Brand is the operator's name.
func (p *page) Brand() string { return p.r.look.Load().name }

// App is the application's name, or the brand's where there is none.
func (p *page) App() string {
	if p.Client.Name != "" {
		return p.Client.Name
	}
	return p.Brand()
}

// Stem is the page in one word, as in pages/<stem>.html.
func (p *page) Stem() string { return p.stem }

// Initial is the letter that stands for an application without a logo.
func (p *page) Initial() string {
	for _, c := range p.App() {
		if unicode.IsLetter(c) || unicode.IsDigit(c) {
			return string(unicode.ToUpper(c))
		}
	}
	return "·"
}

// Dir is the direction of the page's script, "ltr" or "rtl".
func (p *page) Dir() string { return direction(p.Lang) }

// Script is the page's only script.
func (p *page) Script() string {
	if v, ok := p.View.(interface{ script() string }); ok {
		return v.script()
	}
	return "login.js"
}

// Manifest is the address of the Web App Manifest of a page that can be installed,
// empty for others.
func (p *page) Manifest() string {
	if _, ok := p.View.(Authenticator); ok {
		return p.r.Path("/authenticator/manifest.webmanifest")
	}
	return ""
}

// Worker is the address of the service worker of the page that can be notified.
func (p *page) Worker() string { return p.r.Path("/authenticator/worker.js") }

// Asset is the address of a file of assets/.
func (p *page) Asset(name string) (string, error) {
	path, err := p.r.look.Load().assets.path(name)
	return p.r.base + path, err
}

// Logo is the address of the operator's logo, empty without one.
func (p *page) Logo() string {
	logo := p.r.look.Load().assets.logo
	if logo == "" {
		return ""
	}
	path, err := p.Asset(logo)
	if err != nil {
		return ""
	}
	return path
}

// AppLogo is the application's logo if this site serves it, else empty: pages load
// nothing from elsewhere (the policy img-src 'self'), so that no other site learns
// who signs in where.
func (p *page) AppLogo() string {
	if s := p.Client.LogoURI; strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "//") {
		return s
	}
	return ""
}

// Link is uri where a person may safely be sent: http, https, or an app's own scheme
// in reverse-domain form (RFC 8252 §7.1). Anything else is empty.
func (p *page) Link(uri string) template.URL {
	u, err := url.Parse(uri)
	if err != nil || !utf8.ValidString(uri) {
		return ""
	}
	web := (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
	if !web && !strings.Contains(u.Scheme, ".") {
		return ""
	}
	return template.URL(uri) //nolint:gosec // the scheme was checked above
}

// Failed reports whether the page answers a mistake.
func (p *page) Failed() bool { return p.Notice != nil && p.Notice.Kind == "error" }

// Invalid reports whether the page's error belongs to field.
func (p *page) Invalid(field string) bool { return p.Failed() && p.Notice.Field == field }

// Focus reports whether field ("title" for the heading) is where the person should
// start: the field that was wrong, else the first one to fill, else the heading.
func (p *page) Focus(field string) bool {
	if p.Failed() && p.Notice.Field != "" {
		return p.Notice.Field == field
	}
	if v, ok := p.View.(interface{ focus() string }); ok {
		return v.focus() == field
	}
	return field == "title"
}

// Tone is the kind of the notice, one of the closed set that the style knows.
func (p *page) Tone() string {
	switch p.Notice.Kind {
	case "error", "good", "warn":
		return p.Notice.Kind
	}
	return "info"
}

// Input is one password field for parts/password.html.
type Input struct {
	*page
	Name         string // also its id; its label is the message "field.<name>"
	Autocomplete string
	MinLength    int // shown as a hint where above 0
}

// Input describes a password field.
func (p *page) Input(name, autocomplete string, minLength int) Input {
	return Input{page: p, Name: name, Autocomplete: autocomplete, MinLength: minLength}
}
