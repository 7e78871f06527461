package account

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/storage"
	"github.com/sallyport-id/sallyport/themes"
)

// Options are what a Provider is made of; all are required but Bearer and Logger.
type Options struct {
	Issuer  *url.URL // public address, exactly as applications are configured with it
	Name    string   // of the site
	Flows   *flows.Engine
	Factors *factors.Registry
	Themes  *themes.Renderer
	// Bearer says whose access token for an audience came with r; nil: there is no JSON API.
	//
	// Errors: flows.ErrNoCaller.
	Bearer func(r *http.Request, audience string) (*flows.Caller, error)
	Logger *slog.Logger // nil: silence
}

// A Provider serves people who look after their account.
type Provider struct {
	site    string // its origin
	home    string // path of the page as browsers address it
	prefix  string
	name    string
	flows   *flows.Engine
	factors *factors.Registry
	themes  *themes.Renderer
	log     *slog.Logger
	issuer  string
	bearer  func(*http.Request, string) (*flows.Caller, error)

	document *huma.OpenAPI // of the API, once it is mounted
}

// New makes a Provider.
func New(o Options) *Provider {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	prefix := strings.TrimSuffix(o.Issuer.Path, "/")
	return &Provider{
		site: o.Issuer.Scheme + "://" + o.Issuer.Host, home: prefix + "/account", prefix: prefix, name: o.Name, flows: o.Flows, factors: o.Factors, themes: o.Themes, log: o.Logger,
		issuer: o.Issuer.String(), bearer: o.Bearer,
	}
}

// Mount adds the pages to browser, and the JSON API to api.
func (p *Provider) Mount(browser, api *http.ServeMux) {
	if p.bearer != nil {
		p.mountAPI(api)
	}
	browser.HandleFunc("GET /account", p.show)
	browser.HandleFunc("GET /account/added", p.arrive("added"))
	browser.HandleFunc("GET /account/renewed", p.arrive("codes"))
	browser.HandleFunc("GET /account/add", p.choose)
	browser.HandleFunc("POST /account/add", p.add)
	browser.HandleFunc("POST /account/codes", p.renew)
	for name, a := range acts {
		pattern := "/account/" + name
		if a.about {
			pattern += "/{id}"
		}
		browser.HandleFunc("GET "+pattern, p.ask(name, a))
		browser.HandleFunc("POST "+pattern, p.act(name, a))
	}
	browser.HandleFunc("GET /account/rename/{id}", p.askName)
	browser.HandleFunc("POST /account/rename/{id}", p.rename)
}

// frame is what the pages have in common.
func (p *Provider) frame(w http.ResponseWriter, r *http.Request, o *flows.Owner) themes.Frame {
	f := themes.Frame{Client: themes.Client{Name: p.name}, RequestID: w.Header().Get("X-Request-Id"), Action: p.address(r)}
	locale := ""
	if o != nil {
		locale, f.Account = o.User.Locale, o.User.Username
	}
	f.Lang = p.themes.Match(nil, locale, r.Header.Get("Accept-Language"))
	return f
}

// address is the path of r as the browser addresses it, without its query.
func (p *Provider) address(r *http.Request) string {
	return (&url.URL{Path: p.prefix + r.URL.Path}).EscapedPath()
}

// finish leads back to the page, which says what was done.
func (p *Provider) finish(w http.ResponseWriter, r *http.Request, done string) {
	address := p.home
	if done != "" {
		address += "?" + url.Values{"done": {done}}.Encode()
	}
	http.Redirect(w, r, address, http.StatusSeeOther)
}

// fail says what went wrong: that there is no such thing, or a fault of ours, which is
// logged and said without its cause.
func (p *Provider) fail(w http.ResponseWriter, r *http.Request, err error) {
	f, status, description := p.frame(w, r, nil), http.StatusInternalServerError, "an internal error"
	var refusal *flows.Refusal
	switch {
	case errors.As(err, &refusal):
		p.themes.Render(w, http.StatusForbidden, themes.Denied{Frame: f, Reason: "denied." + reason(refusal)})
		return
	case errors.Is(err, storage.ErrNotFound):
		p.themes.Render(w, http.StatusNotFound, themes.Failure{Frame: f, Status: http.StatusNotFound, ReturnTo: p.site + p.home})
		return
	case errors.Is(err, storage.ErrConflict):
		p.finish(w, r, "gone")
		return
	case errors.Is(err, storage.ErrUnavailable), errors.Is(err, factors.ErrBusy):
		flows.RetryAfter(w.Header(), flows.BusyWait)
		status, description = http.StatusServiceUnavailable, "too much to do at once"
	}
	p.log.ErrorContext(r.Context(), "account not served", "request_id", f.RequestID, "error", err)
	p.themes.Render(w, status, themes.Failure{Frame: f, Status: status, Description: description})
}

// reason is why somebody is refused, as far as the page has words for it.
func reason(refusal *flows.Refusal) string {
	switch refusal.Reason {
	case "blocked", "full", "uninvited", "policy_denied", "no_mailbox":
		return refusal.Reason
	case "":
		return "rule_failed"
	}
	return "not_enough"
}

// noticed is what the page says after a change; nothing but these words is taken from the
// address.
var noticed = map[string]*themes.Notice{}

func init() {
	for _, done := range []string{"added", "codes", "renamed", "removed", "disabled", "enabled", "ended", "ended_others", "forgotten", "revoked"} {
		noticed[done] = &themes.Notice{Kind: "good", ID: "account.done." + done}
	}
	noticed["gone"] = &themes.Notice{Kind: "info", ID: "account.gone"}
}
