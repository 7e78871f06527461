package account

import (
	"errors"
	"net/http"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/storage"
	"github.com/sallyport-id/sallyport/themes"
)

// askName is the page on which an authenticator gets another name.
func (p *Provider) askName(w http.ResponseWriter, r *http.Request) {
	if o := p.owner(w, r); o != nil {
		p.renderName(w, r, o, nil, "")
	}
}

func (p *Provider) renderName(w http.ResponseWriter, r *http.Request, o *flows.Owner, refused *themes.Notice, typed string) {
	a, _, err := find(r.Context(), o, r.PathValue("id"))
	if err == nil && !p.flows.Named(a.Factor) {
		err = storage.ErrNotFound
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	v := themes.AccountName{Frame: p.frame(w, r, o), Home: p.home, Holding: p.holding(a, nil), Value: a.Label, Max: flows.NameMax}
	status := http.StatusOK
	if refused != nil {
		v.Notice, v.Value, status = refused, typed, http.StatusUnprocessableEntity
	}
	p.themes.Render(w, status, v)
}

func (p *Provider) rename(w http.ResponseWriter, r *http.Request) {
	o := p.owner(w, r)
	if o == nil {
		return
	}
	typed := r.PostFormValue("name")
	err := o.Rename(r.Context(), r.PathValue("id"), typed)
	var rejected *factors.Rejection
	switch {
	case errors.As(err, &rejected):
		p.renderName(w, r, o, &themes.Notice{Kind: "error", ID: rejected.Message, Data: rejected.Data, Field: rejected.Field}, typed)
	case errors.Is(err, flows.ErrFixed):
		p.fail(w, r, storage.ErrNotFound)
	case err != nil:
		p.fail(w, r, err)
	default:
		p.finish(w, r, "renamed")
	}
}
