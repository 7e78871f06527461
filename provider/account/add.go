package account

import (
	"net/http"
	"slices"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/storage"
	"github.com/sallyport-id/sallyport/themes"
)

// choose is the page with what can be set up.
func (p *Provider) choose(w http.ResponseWriter, r *http.Request) {
	o := p.guest(w, r)
	if o == nil {
		return
	}
	names, err := o.Settable(r.Context())
	if err != nil {
		p.fail(w, r, err)
		return
	}
	if len(names) == 0 {
		p.finish(w, r, "")
		return
	}
	f := p.frame(w, r, o)
	f.CanCancel = true
	v := themes.Picker{Frame: f, Enroll: true}
	for _, name := range names {
		v.Choices = append(v.Choices, themes.Choice{Factor: name})
	}
	p.themes.Render(w, http.StatusOK, v)
}

// add begins the sign-in in which one of them is set up.
func (p *Provider) add(w http.ResponseWriter, r *http.Request) {
	factor := r.PostFormValue("factor")
	if r.PostFormValue("act") == "cancel" || factor == "" {
		p.finish(w, r, "")
		return
	}
	o := p.guest(w, r)
	if o == nil {
		return
	}
	names, err := o.Settable(r.Context())
	if err == nil && !slices.Contains(names, factor) {
		err = storage.ErrNotFound
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	p.begin(w, r, o, factor, "/account/added")
}

// renew begins the sign-in in which new recovery codes are made.
func (p *Provider) renew(w http.ResponseWriter, r *http.Request) {
	if o := p.guest(w, r); o != nil {
		p.begin(w, r, o, factors.RecoveryCode, "/account/renewed")
	}
}

// begin sends the person through a sign-in that sets factor up and ends at resume.
func (p *Provider) begin(w http.ResponseWriter, r *http.Request, o *flows.Owner, factor, resume string) {
	ask := p.flows.OwnAsk(p.prefix + resume)
	ask.Subject, ask.LoginHint, ask.Enroll = o.User.ID, o.User.Username, []string{factor}
	id, done, err := p.flows.Begin(r.Context(), w, r, ask)
	switch {
	case err != nil:
		p.fail(w, r, err)
	case done != nil:
		p.finish(w, r, "")
	default:
		http.Redirect(w, r, p.flows.LoginPath(id), http.StatusSeeOther) //nolint:gosec // a path of ours
	}
}

// arrive is where such a sign-in ends.
func (p *Provider) arrive(done string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if id := r.URL.Query().Get("login"); id != "" {
			p.returned(w, r, id)
			return
		}
		p.finish(w, r, done)
	}
}
