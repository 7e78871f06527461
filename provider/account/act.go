package account

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/storage"
	"github.com/sallyport-id/sallyport/themes"
)

// An act changes the account. Its page shows what it is about before it is done.
type act struct {
	about bool // one thing, by its id
	show  func(p *Provider, ctx context.Context, o *flows.Owner, id string, v *themes.AccountAct) error
	do    func(o *flows.Owner, ctx context.Context, id string) error
	done  string // what the page says then
}

var acts = map[string]act{
	"remove":     {true, (*Provider).showRemoval, (*flows.Owner).Remove, "removed"},
	"enable":     {true, (*Provider).showHolding, (*flows.Owner).Enable, "enabled"},
	"end":        {true, (*Provider).showSession, (*flows.Owner).EndSession, "ended"},
	"forget":     {true, (*Provider).showBrowser, (*flows.Owner).Forget, "forgotten"},
	"revoke":     {true, (*Provider).showApp, (*flows.Owner).Revoke, "revoked"},
	"end-others": {false, nil, func(o *flows.Owner, ctx context.Context, _ string) error { return o.EndOthers(ctx) }, "ended_others"},
	"forget-all": {false, nil, func(o *flows.Owner, ctx context.Context, _ string) error { return o.ForgetAll(ctx) }, "forgotten"},
}

// ask is the GET of an act.
func (p *Provider) ask(name string, a act) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		o := p.owner(w, r)
		if o == nil {
			return
		}
		v := themes.AccountAct{Frame: p.frame(w, r, o), Home: p.home, Act: name}
		if a.show != nil {
			if err := a.show(p, r.Context(), o, r.PathValue("id"), &v); err != nil {
				p.fail(w, r, err)
				return
			}
		}
		p.themes.Render(w, http.StatusOK, v)
	}
}

// act is the POST of an act.
func (p *Provider) act(name string, a act) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		o := p.owner(w, r)
		if o == nil {
			return
		}
		done := a.done
		if name == "remove" && p.automatic(r.Context(), o, r.PathValue("id")) {
			done = "disabled"
		}
		err := a.do(o, r.Context(), r.PathValue("id"))
		if errors.Is(err, flows.ErrLastSecond) || errors.Is(err, flows.ErrLastWay) {
			http.Redirect(w, r, p.address(r), http.StatusSeeOther) //nolint:gosec // a path of ours; the page says why not
			return
		}
		if errors.Is(err, flows.ErrFixed) {
			err = storage.ErrNotFound
		}
		if err != nil {
			p.fail(w, r, err)
			return
		}
		p.finish(w, r, done)
	}
}

// find is one of the person's authenticators.
func find(ctx context.Context, o *flows.Owner, id string) (*factors.Authenticator, []*factors.Authenticator, error) {
	all, err := o.Authenticators(ctx)
	if err != nil {
		return nil, nil, err
	}
	at := slices.IndexFunc(all, func(a *factors.Authenticator) bool { return a.ID == id && a.Factor != factors.Password })
	if at < 0 {
		return nil, nil, storage.ErrNotFound
	}
	return all[at], all, nil
}

func (p *Provider) automatic(ctx context.Context, o *flows.Owner, id string) bool {
	a, _, err := find(ctx, o, id)
	return err == nil && p.flows.Automatic(a)
}

func (p *Provider) showHolding(ctx context.Context, o *flows.Owner, id string, v *themes.AccountAct) error {
	a, _, err := find(ctx, o, id)
	if err != nil {
		return err
	}
	h := p.holding(a, nil)
	v.Holding = &h
	return nil
}

// showRemoval shows what goes with an authenticator, or why it has to stay.
func (p *Provider) showRemoval(ctx context.Context, o *flows.Owner, id string, v *themes.AccountAct) error {
	a, all, err := find(ctx, o, id)
	if err != nil {
		return err
	}
	h := p.holding(a, nil)
	v.Holding = &h
	if p.flows.Automatic(a) {
		v.Act = "disable"
	}
	for _, other := range all {
		if other.ID != a.ID && a.Link != "" && other.Link == a.Link {
			v.With = append(v.With, p.holding(other, nil))
		}
	}
	switch err := o.Removable(ctx, id); {
	case errors.Is(err, flows.ErrLastSecond):
		v.Kept = "account.kept.last_second"
	case errors.Is(err, flows.ErrLastWay):
		v.Kept = "account.kept.last_way"
	case errors.Is(err, flows.ErrFixed):
		return storage.ErrNotFound
	default:
		return err
	}
	return nil
}

func (p *Provider) showSession(ctx context.Context, o *flows.Owner, id string, v *themes.AccountAct) error {
	sessions, err := o.Sessions(ctx)
	if err != nil {
		return err
	}
	for _, s := range sessions {
		if s.ID == id {
			v.Spot = new(p.session(o, s))
			return nil
		}
	}
	return storage.ErrNotFound
}

func (p *Provider) showBrowser(ctx context.Context, o *flows.Owner, id string, v *themes.AccountAct) error {
	browsers, err := o.Browsers(ctx)
	if err != nil {
		return err
	}
	for _, b := range browsers {
		if b.ID == id {
			v.Spot = new(p.browser(b))
			return nil
		}
	}
	return storage.ErrNotFound
}

func (p *Provider) showApp(ctx context.Context, o *flows.Owner, id string, v *themes.AccountAct) error {
	apps, err := o.Connected(ctx)
	if err != nil {
		return err
	}
	for _, c := range apps {
		if c.ClientID == id {
			v.App = c.Name
			return nil
		}
	}
	return storage.ErrNotFound
}
