package account

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/sallyport-id/sallyport/themes"
)

// A Place is a browser, as programs see it. These calls are ours; Auth0 has none like them.
type Place struct {
	ID        string    `json:"id"`
	Browser   string    `json:"browser,omitempty"`
	System    string    `json:"system,omitempty"`
	Place     string    `json:"place,omitempty"`
	Address   string    `json:"ip,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	LastUsed  time.Time `json:"last_used_at"`
	Current   bool      `json:"current" doc:"the one that the token comes from"`
}

// A Happened is a line of what happened.
type Happened struct {
	ID      string    `json:"id"`
	Type    string    `json:"type"`
	At      time.Time `json:"date"`
	Factor  string    `json:"factor,omitempty"`
	Client  string    `json:"client_id,omitempty"`
	Address string    `json:"ip,omitempty"`
	Place   string    `json:"place,omitempty"`
}

type (
	sessionList struct {
		Body struct {
			Sessions []Place `json:"sessions"`
		}
	}
	browserList struct {
		Body struct {
			Browsers []Place `json:"remembered_browsers"`
		}
	}
	activityList struct {
		Body struct {
			Activity []Happened `json:"activity"`
		}
	}
)

func (p *Provider) mountPlaces(api huma.API) {
	on(p, api, call{method: http.MethodGet, path: "/sessions", scope: "read:me:sessions", summary: "Where the person is signed in"},
		func(ctx context.Context, by caller, _ *struct{}) (*sessionList, error) {
			all, err := by.Sessions(ctx)
			out := &sessionList{}
			out.Body.Sessions = []Place{}
			for _, s := range all {
				out.Body.Sessions = append(out.Body.Sessions, place(p.session(by.Owner, s)))
			}
			return out, err
		})
	on(p, api, call{method: http.MethodDelete, path: "/sessions/{id}", scope: "delete:me:sessions", status: http.StatusNoContent, change: true, missing: true, summary: "Sign out there"},
		func(ctx context.Context, by caller, in *ByID) (*struct{}, error) {
			return nil, by.EndSession(ctx, in.ID)
		})
	on(p, api, call{method: http.MethodGet, path: "/remembered-browsers", scope: "read:me:remembered_browsers", summary: "Where no second step is asked"},
		func(ctx context.Context, by caller, _ *struct{}) (*browserList, error) {
			all, err := by.Browsers(ctx)
			out := &browserList{}
			out.Body.Browsers = []Place{}
			for _, b := range all {
				out.Body.Browsers = append(out.Body.Browsers, place(p.browser(b)))
			}
			return out, err
		})
	on(p, api, call{method: http.MethodDelete, path: "/remembered-browsers/{id}", scope: "delete:me:remembered_browsers", status: http.StatusNoContent, change: true, missing: true, summary: "Forget one"},
		func(ctx context.Context, by caller, in *ByID) (*struct{}, error) { return nil, by.Forget(ctx, in.ID) })
	on(p, api, call{method: http.MethodGet, path: "/activity", scope: "read:me:activity", summary: "What happened lately"}, p.listActivity)
}

func place(s themes.Spot) Place {
	return Place{ID: s.ID, Browser: s.Browser, System: s.System, Place: s.Place, Address: s.Address, CreatedAt: s.Since, LastUsed: s.Seen, Current: s.This}
}

func (p *Provider) listActivity(ctx context.Context, by caller, _ *struct{}) (*activityList, error) {
	events, err := by.Activity(ctx, deedsRead)
	if err != nil {
		return nil, err
	}
	out, known := &activityList{}, themes.DeedIDs()
	out.Body.Activity = []Happened{}
	for _, e := range events {
		if !slices.Contains(known, "deed."+e.Type) {
			continue
		}
		factor, _ := e.Data["factor"].(string)
		out.Body.Activity = append(out.Body.Activity, Happened{e.ID, e.Type, e.At, factor, e.ClientID, e.Address, p.flows.Place(e.Address)})
	}
	return out, nil
}
