package flows

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
	"github.com/sallyport-id/sallyport/themes"
)

// show is GET /login/{id}: the page of what is needed now. It changes nothing.
func (e *Engine) show(w http.ResponseWriter, r *http.Request) {
	l, err := e.open(r, r.PathValue("id"))
	if err != nil {
		e.fail(w, r, err)
		return
	}
	d, err := e.decide(r.Context(), l)
	if err != nil {
		e.fail(w, r, err)
		return
	}
	if l.over(d) {
		http.Redirect(w, r, l.resume(), http.StatusSeeOther)
		return
	}
	if l.trouble, err = e.trouble(r, l); err != nil {
		e.fail(w, r, err)
		return
	}
	if l.trouble != "" {
		l.state.Notice = &themes.Notice{Kind: "warn", ID: l.trouble}
	}
	gone, err := e.superseded(r.Context(), l)
	if err != nil {
		e.fail(w, r, err)
		return
	}
	if gone {
		l.close()
		l.state.Notice = &themes.Notice{Kind: "warn", ID: noticeSuperseded}
	}
	status := http.StatusOK
	if wait := max(l.state.LockedUntil.Sub(e.now()), l.state.HeldUntil.Sub(e.now())); wait > 0 {
		retryAfter(w, wait)
		status = http.StatusTooManyRequests
	}
	e.themes.Render(w, status, e.view(w, r, l, d))
}

// view is the page for a decision.
func (e *Engine) view(w http.ResponseWriter, r *http.Request, l *login, d policy.Decision) themes.View {
	f := e.frame(w, r, l)
	locked := l.state.LockedUntil.After(e.now())
	switch {
	case locked:
		f.Notice = limited(l.state.LockedUntil)
	case l.state.HeldUntil.After(e.now()):
		f.Notice = e.held(l)
	}
	switch {
	case l.state.Shown != nil:
		return themes.RecoveryCodes{Frame: f, Codes: l.state.Shown.Codes}
	case l.state.Offer != "" && l.state.Challenge != nil:
		return e.keyView(f, l)
	case d.Need == policy.Identify:
		f.Account = ""
		return themes.Identify{Frame: f, Username: l.state.Typed, CanReset: e.canReset(), Passkey: l.passkey()}
	case d.Need == policy.ProveFirst:
		return themes.Password{Frame: f, CanReset: e.canReset(), Passkey: l.passkey()}
	case d.Need == policy.Reset:
		return themes.SetPassword{Frame: f, Why: "expired", MinLength: e.minLength(r.Context(), e.subject(l, factors.Password))}
	case d.Need == policy.ProveSecond:
		return e.secondView(f, l, d)
	case d.Need == policy.Enroll:
		return e.enrollView(f, l, d)
	case d.Need == policy.Consent:
		return themes.Consent{Frame: f, Scopes: consentLines(l.state.Ask.Scopes)}
	case d.Need == policy.Deny:
		f.CanCancel, f.CanSwitch = false, false
		return themes.Denied{Frame: f, Reason: "denied." + d.Reason, ReturnTo: e.absolute(l.resume())}
	}
	// Everything is met, but the session that would say so is gone: begin again.
	return themes.Expired{Frame: f}
}

// held says that a factor is used no more for a while.
func (e *Engine) held(l *login) *themes.Notice {
	id := noticeHeld
	if len(e.unapproved(l, l.state.Held)) > 0 {
		id = noticeWaitHeld
	}
	return &themes.Notice{Kind: "warn", ID: id, Data: map[string]any{"Until": l.state.HeldUntil}}
}

// secondView asks for the open challenge, or which one to open.
func (e *Engine) secondView(f themes.Frame, l *login, d policy.Decision) themes.View {
	c := l.state.Challenge
	f.CanChooseOther = len(d.Offers) > 1
	if c == nil || l.state.Picking || l.state.Pending != "" || !slices.Contains(d.Offers, c.Factor) {
		f.CanChooseOther = false
		return themes.Picker{Frame: f, Choices: e.choices(l, d.Offers)}
	}
	switch c.Prompt.Kind {
	case factors.PromptPublicKey:
		v := e.keyView(f, l)
		v.Remember = e.remembering(l, d)
		return v
	case factors.PromptRedirect:
		return themes.Vendor{Frame: f, Factor: c.Factor, Location: c.Prompt.Location}
	case factors.PromptWait:
		v := e.waitView(f, l)
		v.Remember = e.remembering(l, d)
		return v
	}
	v := e.codeView(f, l)
	v.Remember = e.remembering(l, d)
	return v
}

// remembering is how long a browser would be remembered after the open question, 0
// where that is not for the person to say.
func (e *Engine) remembering(l *login, d policy.Decision) time.Duration {
	if !e.canRemember(l, d, l.state.Challenge.Factor) {
		return 0
	}
	absolute, _ := l.remembers()
	return absolute
}

// keyView asks for a security key or the device's lock, or sets one up.
func (e *Engine) keyView(f themes.Frame, l *login) themes.PublicKey {
	c := l.state.Challenge
	v := themes.PublicKey{Frame: f, Factor: c.Factor, Options: c.Prompt.Options, Enroll: l.state.Pending != "", Offer: l.state.Offer != ""}
	if a := l.authenticator(l.state.Pending); a != nil && !v.Offer {
		v.Label = a.Label
	}
	if v.Offer {
		v.CanSwitch, v.CanCancel = false, false
	}
	return v
}

// passkey are the options for whoever has a passkey, "" where none is asked for.
func (l *login) passkey() string {
	if l.state.Passkey == nil {
		return ""
	}
	return l.state.Passkey.Prompt.Options
}

// codeView asks for the code of the open challenge, whether it is typed from an app
// or was sent.
func (e *Engine) codeView(f themes.Frame, l *login) themes.Code {
	c := l.state.Challenge
	v := themes.Code{Frame: f, Factor: c.Factor, Digits: c.Prompt.Digits, Destination: c.Prompt.Destination, Enroll: l.state.Pending != ""}
	if l.state.LockedUntil.After(e.now()) {
		v.LockedUntil, v.Notice = l.state.LockedUntil, nil
	}
	v.Instead = e.twins(l)
	if l.state.Message != "" {
		v.CanResend, v.ResendAt, v.Watch = true, l.state.ResendAt, e.watch(l)
	}
	return v
}

// waitView asks the person to answer on their device.
func (e *Engine) waitView(f themes.Frame, l *login) themes.Wait {
	c := l.state.Challenge
	return themes.Wait{
		Frame: f, Factor: c.Factor, Number: c.Prompt.Number, Destination: c.Prompt.Destination, Expired: !e.now().Before(c.ExpiresAt),
		ResendAt: l.state.ResendAt, Instead: e.twins(l), Watch: e.watch(l),
	}
}

// twins are the other ways in which what is asked can answer: a number that takes calls
// too, a phone that shows codes too.
func (e *Engine) twins(l *login) []themes.Choice {
	a := l.authenticator(l.state.Challenge.AuthenticatorID)
	if a == nil || a.Link == "" {
		return nil
	}
	var list []themes.Choice
	for _, twin := range l.auths {
		if twin.Link == a.Link && twin.ID != a.ID && slices.Contains(e.allowed(l), twin.Factor) {
			list = append(list, themes.Choice{Factor: twin.Factor, Value: twin.Factor + " " + twin.ID})
		}
	}
	return list
}

// enrollView shows what is being set up, or what there is to choose from.
func (e *Engine) enrollView(f themes.Frame, l *login, d policy.Decision) themes.View {
	c, pending := l.state.Challenge, l.authenticator(l.state.Pending)
	f.CanChooseOther = len(d.Offers) > 1
	if asking := l.state.Asking; asking != "" && slices.Contains(d.Offers, asking) && !l.state.Picking {
		return themes.EnrollTo{Frame: f, Factor: asking, Field: e.factors.Info(asking).Asks, Value: l.state.Asked}
	}
	if c == nil || pending == nil || l.state.Picking || !slices.Contains(d.Offers, pending.Factor) {
		f.CanChooseOther = false
		return themes.Picker{Frame: f, Enroll: true, Choices: e.choices(l, d.Offers)}
	}
	switch {
	case c.Prompt.Kind == factors.PromptRedirect:
		return themes.Vendor{Frame: f, Factor: c.Factor, Location: c.Prompt.Location}
	case c.Prompt.Kind == factors.PromptPublicKey:
		return e.keyView(f, l)
	case c.Prompt.Kind == factors.PromptWait:
		return themes.EnrollDevice{Frame: f, Factor: c.Factor, URI: c.Prompt.URI, App: themes.App(c.Prompt.App), Watch: e.watch(l)}
	case c.Prompt.URI == "":
		return e.codeView(f, l)
	}
	return themes.EnrollCode{Frame: f, Factor: c.Factor, URI: c.Prompt.URI, Key: c.Prompt.Key, Digits: c.Prompt.Digits, Handheld: l.handheld}
}

// choices are the rows of the picker. What a companion factor says of itself is how
// often it can still be used.
func (e *Engine) choices(l *login, offers []string) []themes.Choice {
	list := make([]themes.Choice, 0, len(offers))
	for _, name := range offers {
		auths, info := l.usable(name), e.factors.Info(name)
		if name == l.state.Held && l.state.HeldUntil.After(e.now()) && len(offers) > 1 {
			continue
		}
		if len(auths) > 1 && info.Sends {
			for _, a := range auths {
				list = append(list, themes.Choice{Factor: name, Detail: a.Label, Value: name + " " + a.ID})
			}
			continue
		}
		choice := themes.Choice{Factor: name}
		switch {
		case len(auths) != 1:
		case info.Companion:
			choice.Left, _ = strconv.Atoi(auths[0].Label)
		default:
			choice.Detail = auths[0].Label
		}
		list = append(list, choice)
	}
	return list
}

// frame is what all pages of a login have in common.
func (e *Engine) frame(w http.ResponseWriter, r *http.Request, l *login) themes.Frame {
	f := e.bare(w, r)
	f.Lang = e.language(r, l.state.Ask.UILocales, l.user)
	f.Action = e.LoginPath(l.row.ID)
	f.Notice = l.state.Notice
	f.FormAction = l.state.Ask.FormAction
	f.CanCancel = l.client != nil
	if l.user != nil {
		f.Account, f.CanSwitch = l.user.Username, l.state.Session == "" && l.state.Shown == nil
	}
	if l.client != nil {
		f.Client = e.application(l.client, l.state.Ask.FormAction)
	}
	return f
}

// bare is the frame of a page that belongs to no application.
func (e *Engine) bare(w http.ResponseWriter, r *http.Request) themes.Frame {
	return themes.Frame{
		Lang: e.language(r, nil, nil), Client: themes.Client{Name: e.name}, RequestID: w.Header().Get("X-Request-Id"),
	}
}

func (e *Engine) application(c *storage.Client, origin string) themes.Client {
	m := c.Metadata
	app := themes.Client{Name: c.Name, URI: m.ClientURI, LogoURI: m.LogoURI, PolicyURI: m.PolicyURI, TosURI: m.TosURI}
	if u, err := url.Parse(origin); err == nil {
		app.RedirectHost = u.Host
	}
	return app
}

// consentLines are the scopes as a person reads them: ours by our words, an API's by
// the admin's.
func consentLines(asked []ScopeAsk) []themes.Scope {
	lines := make([]themes.Scope, 0, len(asked))
	for _, s := range asked {
		name := s.Value
		if i := strings.LastIndexByte(name, ' '); i >= 0 {
			name = name[i+1:]
		}
		lines = append(lines, themes.Scope{Value: name, Description: s.Description, Known: name == s.Value})
	}
	return lines
}

// absolute is a path of this site as an address.
func (e *Engine) absolute(path string) string {
	return (&url.URL{Scheme: e.issuer.Scheme, Host: e.issuer.Host}).String() + path
}

func (e *Engine) canReset() bool { return e.mails }

// fail answers what went wrong: a login that is not for this browser, or a fault of
// ours, which is logged and said without its cause.
func (e *Engine) fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, ErrGone) {
		e.themes.Render(w, http.StatusGone, themes.Expired{Frame: e.bare(w, r)})
		return
	}
	status, description := causeOf(err)
	e.log.ErrorContext(r.Context(), "request failed", "request_id", w.Header().Get("X-Request-Id"), "error", err)
	if status == http.StatusServiceUnavailable {
		retryAfter(w, 5*time.Second)
	}
	e.failWith(w, r, status, description)
}

func (e *Engine) failWith(w http.ResponseWriter, r *http.Request, status int, description string) {
	e.themes.Render(w, status, themes.Failure{Frame: e.bare(w, r), Status: status, Description: description})
}
