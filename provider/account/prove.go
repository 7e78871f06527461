package account

import (
	"errors"
	"net/http"

	"github.com/sallyport-id/sallyport/flows"
)

// visitor is whoever is signed in and has shown what ask wants, nil where the answer is
// written: they were sent through a sign-in, which ends at the same address.
func (p *Provider) visitor(w http.ResponseWriter, r *http.Request, ask flows.Ask) *flows.Owner {
	if id := r.URL.Query().Get("login"); id != "" && r.Method == http.MethodGet {
		p.returned(w, r, id)
		return nil
	}
	id, done, err := p.flows.Begin(r.Context(), w, r, ask)
	switch {
	case err != nil:
		p.fail(w, r, err)
		return nil
	case done == nil:
		http.Redirect(w, r, p.flows.LoginPath(id), http.StatusSeeOther) //nolint:gosec // a path of ours
		return nil
	}
	o, err := p.flows.Owner(r, done.UserID, done.SessionID)
	if err != nil {
		p.fail(w, r, err)
		return nil
	}
	return o
}

// returned takes somebody back who was sent through a sign-in. Whether that was enough is
// seen by the next request, which asks anew.
func (p *Provider) returned(w http.ResponseWriter, r *http.Request, id string) {
	_, err := p.flows.Result(r.Context(), w, r, id)
	var refusal *flows.Refusal
	switch {
	case errors.Is(err, flows.ErrNotDone):
		http.Redirect(w, r, p.flows.LoginPath(id), http.StatusSeeOther) //nolint:gosec // a path of ours
	case errors.As(err, &refusal) && p.address(r) != p.home:
		p.finish(w, r, "")
	case errors.As(err, &refusal), err != nil && !errors.Is(err, flows.ErrGone):
		p.fail(w, r, err)
	default: // a login that is gone was taken back before
		http.Redirect(w, r, p.address(r), http.StatusSeeOther) //nolint:gosec // a path of ours
	}
}

// guest is whoever is signed in, to look only.
func (p *Provider) guest(w http.ResponseWriter, r *http.Request) *flows.Owner {
	return p.visitor(w, r, flows.Ask{Resume: p.address(r)})
}

// owner is whoever is signed in and has just shown the strongest that the account has.
func (p *Provider) owner(w http.ResponseWriter, r *http.Request) *flows.Owner {
	return p.visitor(w, r, p.flows.OwnAsk(p.address(r)))
}
