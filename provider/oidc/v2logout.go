package oidc

import (
	"context"
	"errors"
	"net/http"
	"slices"
)

// v2logout is GET /v2/logout, Auth0's older way to sign out: it asks nothing and takes no
// hint, and any site may send a browser here, as at Auth0. What that can do is end a
// session; where the browser goes then is always an address that was registered. Cookies
// are SameSite=Lax, so that a picture or a frame on another site ends nothing.
// `federated` means nothing here: there is no other identity provider to sign out of.
func (p *Provider) v2logout(w http.ResponseWriter, r *http.Request) {
	f, err := p.readV2Logout(r)
	if err != nil {
		p.page(w, r, nil, err)
		return
	}
	p.signOut(w, r, f)
}

// readV2Logout finds where to go: an address of the client's, or without one of the
// tenant's; where none is asked for, the first of them.
func (p *Provider) readV2Logout(r *http.Request) (*farewell, error) {
	form, err := single(r.URL.Query())
	if err != nil {
		return nil, err
	}
	f := &farewell{form: form}
	allowed, err := p.logoutURLs(r.Context(), f)
	if err != nil {
		return nil, err
	}
	form.Del("state") // it is not given back here
	to := form.Get("returnTo")
	switch {
	case to == "" && len(allowed) > 0:
		f.home = allowed[0]
	case to == "":
	case !slices.Contains(allowed, to):
		return nil, invalidRequest("The returnTo parameter is not one of the allowed logout URLs. It has to be the same, character by character.")
	default:
		f.home = to
	}
	return f, nil
}

func (p *Provider) logoutURLs(ctx context.Context, f *farewell) ([]string, error) {
	id := f.form.Get("client_id")
	if id == "" {
		settings, err := p.db.CachedSettings(ctx)
		if err != nil {
			return nil, err
		}
		return settings.AllowedLogoutURLs, nil
	}
	c, err := p.client(ctx, id)
	var e *oauthError
	if errors.As(err, &e) {
		return nil, invalidRequest("There is no client with this client_id.")
	}
	if err != nil {
		return nil, err
	}
	f.client = c
	return c.Metadata.PostLogoutRedirectURIs, nil
}
