package flows

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

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
		RetryAfter(w.Header(), wait)
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
	case d.Need == policy.Redirect:
		f.CanSwitch = false
		return themes.Vendor{Frame: f, Location: l.away()}
	case d.Need == policy.Consent:
		return themes.Consent{Frame: f, Scopes: consentLines(l.state.Ask.Scopes)}
	case d.Need == policy.Deny:
		f.CanCancel, f.CanSwitch = false, false
		return themes.Denied{Frame: f, Reason: "denied." + d.Reason, ReturnTo: e.absolute(l.resume())}
	}
	// Everything is met, but the session that would say so is gone: begin again.
	return themes.Expired{Frame: f}
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
	f.FormAction, f.Popup = l.state.Ask.FormAction, l.state.Ask.Popup
	f.CanCancel, f.CanSkip = l.client != nil || l.state.Ask.Own, false
	if l.user != nil {
		f.Account, f.CanSwitch = l.user.Username, l.state.Session == "" && l.state.Shown == nil && !l.state.Ask.Own
	}
	if l.client != nil {
		f.Client = e.application(l.client, l.state.Ask.FormAction)
	}
	return f
}

// bare is the frame of a page that belongs to no application.
func (e *Engine) bare(w http.ResponseWriter, r *http.Request) themes.Frame {
	return themes.Frame{
		Lang: e.language(r, nil, nil), RequestID: w.Header().Get("X-Request-Id"),
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

func (e *Engine) canReset() bool { return e.mails() }

// mails reports whether there is a mail server. A mailer whose server may come and go says
// so itself.
func (e *Engine) mails() bool {
	if changing, ok := e.outbox.mailer.(interface{ Ready() bool }); ok {
		return changing.Ready()
	}
	return e.outbox.mailer != nil
}

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
		RetryAfter(w.Header(), BusyWait)
	}
	e.failWith(w, r, status, description)
}

func (e *Engine) failWith(w http.ResponseWriter, r *http.Request, status int, description string) {
	e.themes.Render(w, status, themes.Failure{Frame: e.bare(w, r), Status: status, Description: description})
}
