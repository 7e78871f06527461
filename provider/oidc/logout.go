package oidc

import (
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/sallyport-id/sallyport/storage"
	"github.com/sallyport-id/sallyport/themes"
)

// A farewell is a request of OpenID Connect RP-Initiated Logout §2 that was checked.
type farewell struct {
	form   url.Values
	client *client     // nil: nobody said
	hint   *hintClaims // nil: none
	home   string      // registered address to go back to, "" for none
}

// postLogout is POST /oidc/logout, from a relying party's own site: made a GET, so
// that the browser brings the session.
func (p *Provider) postLogout(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		p.page(w, r, nil, invalidRequest("The body cannot be read as a form."))
		return
	}
	p.again(w, r, "/oidc/logout")
}

// logout is GET /oidc/logout. Without asking it signs out only who the hint is about;
// anyone could send the browser here.
func (p *Provider) logout(w http.ResponseWriter, r *http.Request) {
	f, err := p.farewell(r)
	if err != nil {
		p.page(w, r, nil, err)
		return
	}
	view, err := p.flows.Session(r.Context(), r)
	switch {
	case err != nil:
		p.page(w, r, nil, err)
	case view == nil:
		p.depart(w, r, f)
	case f.about(view):
		p.signOut(w, r, f)
	default:
		p.confirm(w, r, f, nil)
	}
}

// about reports whether the hint names the session of this browser.
func (f *farewell) about(view *storage.SessionView) bool {
	return f.hint != nil && f.hint.Subject == view.User.ID && (f.hint.SID == "" || f.hint.SID == view.Session.ID)
}

// confirmLogout is POST /oidc/logout/confirm, the answer of our own page.
func (p *Provider) confirmLogout(w http.ResponseWriter, r *http.Request) {
	f, err := p.farewell(r)
	if err == nil {
		err = r.ParseForm()
	}
	switch {
	case err != nil:
		p.page(w, r, nil, err)
	case r.PostFormValue("act") == "logout-yes":
		p.signOut(w, r, f)
	default:
		p.confirm(w, r, f, &themes.Notice{Kind: "good", ID: "logout.kept"})
	}
}

// farewell checks the parameters. A redirect goes to a registered address of the
// client that asks, which has to be named by hint or client_id (RPL-03, RPL-04).
func (p *Provider) farewell(r *http.Request) (*farewell, error) {
	form, err := single(r.URL.Query())
	if err != nil {
		return nil, err
	}
	f := &farewell{form: form}
	id := form.Get("client_id")
	if token := form.Get("id_token_hint"); token != "" {
		if f.hint, err = p.hint(token); err != nil {
			return nil, invalidRequest("id_token_hint is not an ID token of ours.")
		}
		if id != "" && id != f.hint.Audience {
			return nil, invalidRequest("client_id is not the client that the id_token_hint was made for.")
		}
		id = f.hint.Audience
	}
	if id != "" {
		if f.client, err = p.client(r.Context(), id); err != nil {
			var e *oauthError
			if errors.As(err, &e) {
				err = invalidRequest("There is no client with this client_id.")
			}
			return nil, err
		}
	}
	uri := form.Get("post_logout_redirect_uri")
	switch {
	case uri == "":
	case f.client == nil:
		return nil, invalidRequest("post_logout_redirect_uri needs an id_token_hint or a client_id that it is registered for.")
	case !slices.Contains(f.client.Metadata.PostLogoutRedirectURIs, uri):
		return nil, invalidRequest("post_logout_redirect_uri is not one that this client has registered. It has to be the same, character by character.")
	default:
		f.home = uri
	}
	return f, nil
}

func (p *Provider) signOut(w http.ResponseWriter, r *http.Request, f *farewell) {
	if err := p.flows.SignOut(r.Context(), w, r); err != nil {
		p.page(w, r, nil, err)
		return
	}
	p.depart(w, r, f)
}

// depart goes back to the application, or says that it is done.
func (p *Provider) depart(w http.ResponseWriter, r *http.Request, f *farewell) {
	if f.home == "" {
		view := themes.SignedOut{Frame: p.frame(w, r, f.request())}
		if f.client != nil {
			view.ReturnTo = f.client.Metadata.ClientURI
		}
		p.themes.Render(w, http.StatusOK, view)
		return
	}
	to, err := url.Parse(f.home)
	if err != nil {
		p.page(w, r, nil, err)
		return
	}
	if state := f.form.Get("state"); state != "" {
		if to.RawQuery != "" {
			to.RawQuery += "&"
		}
		to.RawQuery += url.Values{"state": {state}}.Encode()
	}
	http.Redirect(w, r, to.String(), http.StatusSeeOther)
}

func (p *Provider) confirm(w http.ResponseWriter, r *http.Request, f *farewell, n *themes.Notice) {
	frame := p.frame(w, r, f.request())
	frame.Action, frame.Notice = p.path("/oidc/logout/confirm")+"?"+f.form.Encode(), n
	if f.home != "" {
		frame.FormAction = origin(f.home)
	}
	p.themes.Render(w, http.StatusOK, themes.Logout{Frame: frame})
}

// request lends the frame what it shows of a client.
func (f *farewell) request() *request { return &request{form: f.form, client: f.client} }
