package account

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/storage"
	"github.com/sallyport-id/sallyport/themes"
)

// deeds is how many lines of the log the page shows, of so many that are read.
const (
	deeds     = 15
	deedsRead = 100
)

// show is GET /account. It changes nothing, so it is for whoever is signed in.
func (p *Provider) show(w http.ResponseWriter, r *http.Request) {
	o := p.guest(w, r)
	if o == nil {
		return
	}
	v := themes.Account{Frame: p.frame(w, r, o), Home: p.home}
	v.Notice = noticed[r.URL.Query().Get("done")]
	for _, read := range []func(context.Context, *flows.Owner, *themes.Account) error{p.ways, p.places, p.past} {
		if err := read(r.Context(), o, &v); err != nil {
			p.fail(w, r, err)
			return
		}
	}
	p.themes.Render(w, http.StatusOK, v)
}

// ways fills in what the person can show.
func (p *Provider) ways(ctx context.Context, o *flows.Owner, v *themes.Account) error {
	on, err := o.Allowed(ctx)
	if err != nil {
		return err
	}
	settable, err := o.Settable(ctx)
	if err != nil {
		return err
	}
	v.CanAdd = len(settable) > 0
	all, err := o.Authenticators(ctx)
	if err != nil {
		return err
	}
	strong := false
	for _, a := range all {
		info := p.factors.Info(a.Factor)
		switch {
		case a.Factor == factors.Password:
			v.Password = a.CreatedAt
			continue
		case info.Companion:
			left, _ := strconv.Atoi(a.Label)
			v.Codes.Have, v.Codes.Left, v.Codes.Made = true, left, a.ConfirmedAt
			continue
		case info.First:
			v.Keys = append(v.Keys, p.holding(a, on))
		default:
			v.Seconds = append(v.Seconds, p.holding(a, on))
		}
		strong = strong || a.Usable() && info.Traits&factors.Weak == 0
	}
	v.Codes.CanRenew = strong && slices.Contains(on, factors.RecoveryCode)
	return nil
}

// holding is an authenticator as its row shows it; on are the factors that are switched
// on, nil where that is no question.
func (p *Provider) holding(a *factors.Authenticator, on []string) themes.Holding {
	automatic := p.flows.Automatic(a)
	return themes.Holding{
		ID: a.ID, Factor: a.Factor, Label: a.Label, Added: a.CreatedAt, Used: a.LastUsedAt,
		Automatic: automatic, Off: automatic && !a.DisabledAt.IsZero(), Locked: !automatic && !a.DisabledAt.IsZero(),
		Dormant: on != nil && !slices.Contains(on, a.Factor), CanRename: p.flows.Named(a.Factor),
	}
}

// places fills in where the person is signed in or remembered, and what they allowed.
func (p *Provider) places(ctx context.Context, o *flows.Owner, v *themes.Account) error {
	sessions, err := o.Sessions(ctx)
	if err != nil {
		return err
	}
	for _, s := range sessions {
		spot := p.session(o, s)
		if spot.This {
			v.Sessions = slices.Insert(v.Sessions, 0, spot)
		} else {
			v.Sessions = append(v.Sessions, spot)
		}
	}
	browsers, err := o.Browsers(ctx)
	if err != nil {
		return err
	}
	for _, b := range browsers {
		v.Browsers = append(v.Browsers, p.browser(b))
	}
	apps, err := o.Connected(ctx)
	if err != nil {
		return err
	}
	for _, c := range apps {
		v.Apps = append(v.Apps, themes.Granted{ID: c.ClientID, Name: c.Name, Scopes: scopes(c.Scopes), Since: c.CreatedAt})
	}
	return nil
}

func (p *Provider) session(o *flows.Owner, s *storage.Session) themes.Spot {
	browser, system := flows.BrowserOf(s.UserAgent)
	return themes.Spot{
		ID: s.ID, Browser: browser, System: system, Place: p.flows.Place(s.Address), Address: s.Address,
		Since: s.CreatedAt, Seen: s.LastSeenAt, This: s.ID == o.SessionID,
	}
}

func (p *Provider) browser(b *storage.Browser) themes.Spot {
	browser, system := flows.BrowserOf(b.UserAgent)
	return themes.Spot{ID: b.ID, Browser: browser, System: system, Place: p.flows.Place(b.Address), Address: b.Address, Since: b.CreatedAt, Seen: b.LastUsedAt}
}

// scopes are what was allowed, ours by our words; an API's stand behind its audience.
func scopes(values []string) []themes.Scope {
	var list []themes.Scope
	for _, value := range values {
		_, name, ofAPI := strings.Cut(value, " ")
		if !ofAPI {
			name = value
		}
		if name != "openid" {
			list = append(list, themes.Scope{Value: name, Known: !ofAPI})
		}
	}
	return list
}

// past fills in what happened, as far as there are words for people.
func (p *Provider) past(ctx context.Context, o *flows.Owner, v *themes.Account) error {
	events, err := o.Activity(ctx, deedsRead)
	if err != nil {
		return err
	}
	known := themes.DeedIDs()
	for _, e := range events {
		id := "deed." + e.Type
		if !slices.Contains(known, id) {
			continue
		}
		factor, _ := e.Data["factor"].(string)
		v.Activity = append(v.Activity, themes.Deed{
			ID: id, Factor: factor, At: e.At, Place: p.flows.Place(e.Address), Address: e.Address,
			Admin: e.Actor != "" && e.Actor != "user:"+o.User.ID,
		})
		if len(v.Activity) == deeds {
			break
		}
	}
	return nil
}
