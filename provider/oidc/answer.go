package oidc

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/themes"
)

// answer sends the parameters to the application, with state and iss (RFC 9207), in
// the way it asked for.
func (p *Provider) answer(w http.ResponseWriter, r *http.Request, q *request, params url.Values) {
	params.Set("iss", p.issuer)
	if state := q.form.Get("state"); state != "" {
		params.Set("state", state)
	}
	switch q.mode {
	case "form_post":
		p.answerByForm(w, r, q, params)
		return
	case modeMessage:
		p.answerByMessage(w, r, q, params)
		return
	}
	to, err := url.Parse(q.home)
	if err != nil {
		p.page(w, r, q, err)
		return
	}
	if q.mode == "fragment" {
		http.Redirect(w, r, q.home+"#"+params.Encode(), http.StatusSeeOther)
		return
	}
	// What the registered address has in its query stays as it is.
	if to.RawQuery != "" {
		to.RawQuery += "&"
	}
	to.RawQuery += params.Encode()
	http.Redirect(w, r, to.String(), http.StatusSeeOther)
}

// answerByForm is OAuth 2.0 Form Post Response Mode.
func (p *Provider) answerByForm(w http.ResponseWriter, r *http.Request, q *request, params url.Values) {
	f := p.frame(w, r, q)
	f.FormAction = origin(q.home)
	view := themes.FormPost{Frame: f, To: q.home}
	for name := range params {
		view.Fields = append(view.Fields, themes.Field{Name: name, Value: params.Get(name)})
	}
	slices.SortFunc(view.Fields, func(a, b themes.Field) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	p.themes.Render(w, http.StatusOK, view)
}

// answerError tells the application what went wrong, or, where it is not sure who
// asks or we are at fault, the person.
func (p *Provider) answerError(w http.ResponseWriter, r *http.Request, q *request, err error) {
	e := translate(err)
	if q == nil || q.home == "" || e.status >= http.StatusInternalServerError {
		p.page(w, r, q, err)
		return
	}
	p.note(r, e)
	params := url.Values{"error": {e.Code}}
	if e.Description != "" {
		params.Set("error_description", e.Description)
	}
	p.answer(w, r, q, params)
}

// page is the error page. It has no link to an address that was not checked.
func (p *Provider) page(w http.ResponseWriter, r *http.Request, q *request, err error) {
	e := translate(err)
	p.note(r, e)
	status := e.status
	if status == http.StatusUnauthorized {
		status = http.StatusBadRequest // a page cannot ask for credentials
	}
	if status == http.StatusServiceUnavailable {
		flows.RetryAfter(w.Header(), flows.BusyWait)
	}
	p.themes.Render(w, status, themes.Failure{Frame: p.frame(w, r, q), Status: status, Code: e.Code, Description: e.Description})
}

// expired is the page for a login that is over.
func (p *Provider) expired(w http.ResponseWriter, r *http.Request) {
	p.themes.Render(w, http.StatusGone, themes.Expired{Frame: p.frame(w, r, nil)})
}

// frame is what pages of this room have around them.
func (p *Provider) frame(w http.ResponseWriter, r *http.Request, q *request) themes.Frame {
	f := themes.Frame{RequestID: w.Header().Get("X-Request-Id")}
	var locales []string
	if q != nil {
		locales = strings.Fields(q.form.Get("ui_locales"))
		if q.client != nil {
			m := q.client.Metadata
			f.Client = themes.Client{Name: q.client.Name, URI: m.ClientURI, LogoURI: m.LogoURI, PolicyURI: m.PolicyURI, TosURI: m.TosURI}
		}
	}
	f.Lang = p.themes.Match(locales, "", r.Header.Get("Accept-Language"))
	return f
}
