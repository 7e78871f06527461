package management

import (
	"cmp"
	"context"
	"encoding/base64"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport-id/sallyport/storage"
)

// clientGrants are which APIs a client may use on its own behalf, and its scopes there.
// They are kept in the client; a grant's id is made of the client's and the audience.
func (a *API) clientGrants() {
	read := []string{"read:client_grants"}
	op(a, operation{method: http.MethodGet, path: "/client-grants", scopes: read, summary: "What clients may do at APIs"}, a.listGrants)
	op(a, operation{method: http.MethodPost, path: "/client-grants", scopes: []string{"create:client_grants"}, status: http.StatusCreated, summary: "Let a client use an API", missing: true, conflict: true}, a.createGrant)
	op(a, operation{method: http.MethodGet, path: "/client-grants/{id}", scopes: read, summary: "One grant", missing: true}, a.grant)
	op(a, operation{method: http.MethodPatch, path: "/client-grants/{id}", scopes: []string{"update:client_grants"}, summary: "Change a client's scopes", missing: true, conflict: true}, a.updateGrant)
	op(a, operation{method: http.MethodDelete, path: "/client-grants/{id}", scopes: []string{"delete:client_grants"}, status: http.StatusNoContent, summary: "Take an API from a client", conflict: true}, a.deleteGrant)
}

type grantView struct {
	ID           string   `json:"id"`
	ClientID     string   `json:"client_id"`
	Audience     string   `json:"audience"`
	Scope        []string `json:"scope"`
	SubjectType  string   `json:"subject_type"`
	Organization string   `json:"organization_usage"`
	AnyOrg       bool     `json:"allow_any_organization"`
}

type oneGrant struct{ Body *grantView }

// A GrantPath names a grant.
type GrantPath struct {
	ID string `path:"id" maxLength:"4096"`
}

const grantPrefix = "cgr_"

func grantID(clientID, audience string) string {
	return grantPrefix + base64.RawURLEncoding.EncodeToString([]byte(clientID+"\n"+audience))
}

// grantOf is the client and the audience that an id is made of.
func (p GrantPath) grantOf() (clientID, audience string, ok bool) {
	text, isOurs := strings.CutPrefix(p.ID, grantPrefix)
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if !isOurs || err != nil {
		return "", "", false
	}
	return strings.Cut(string(raw), "\n")
}

func viewGrant(c *storage.Client, audience string) *grantView {
	return &grantView{
		ID: grantID(c.ID, audience), ClientID: c.ID, Audience: audience, Scope: listOf(c.Settings.Audiences[audience]),
		SubjectType: "client", Organization: "deny",
	}
}

func (a *API) listGrants(ctx context.Context, in *struct {
	Paging
	Checkpoint
	Audience    string `query:"audience" maxLength:"600"`
	ClientID    string `query:"client_id" maxLength:"128"`
	SubjectType string `query:"subject_type" enum:"client,user"`
},
) (*listed[*grantView], error) {
	clients, err := a.DB.Clients(ctx)
	if err != nil {
		return nil, err
	}
	views := []*grantView{}
	for _, c := range clients {
		for _, audience := range slices.Sorted(maps.Keys(c.Settings.Audiences)) {
			if (in.ClientID == "" || in.ClientID == c.ID) && (in.Audience == "" || in.Audience == audience) && in.SubjectType != "user" {
				views = append(views, viewGrant(c, audience))
			}
		}
	}
	slices.SortFunc(views, func(a, b *grantView) int {
		return cmp.Or(cmp.Compare(a.ClientID, b.ClientID), cmp.Compare(a.Audience, b.Audience))
	})
	if in.asked() {
		return after("client_grants", views, in.Checkpoint, func(v *grantView) string { return v.ID })
	}
	return pageOf("client_grants", views, in.Paging), nil
}

// granted finds the client of a grant. Errors: a 404.
func (a *API) granted(ctx context.Context, p GrantPath) (*storage.Client, string, error) {
	gone := missing("client_grant", "The grant does not exist.")
	id, audience, ok := p.grantOf()
	if !ok {
		return nil, "", gone
	}
	c, err := a.clientByID(ctx, id)
	if err != nil {
		return nil, "", err
	}
	if _, has := c.Settings.Audiences[audience]; !has {
		return nil, "", gone
	}
	return c, audience, nil
}

func (a *API) grant(ctx context.Context, in *GrantPath) (*oneGrant, error) {
	c, audience, err := a.granted(ctx, *in)
	if err != nil {
		return nil, err
	}
	return &oneGrant{viewGrant(c, audience)}, nil
}

// GrantBody is what there is to change of a grant.
type GrantBody struct {
	Scope        []string `json:"scope,omitempty" maxItems:"1000"`
	Organization string   `json:"organization_usage,omitempty" enum:"deny"`
	AnyOrg       *bool    `json:"allow_any_organization,omitempty"`
	SubjectType  string   `json:"subject_type,omitempty" enum:"client" doc:"people's applications need no grant of scopes: they ask the person"`
	AllScopes    *bool    `json:"allow_all_scopes,omitempty"`
}

func (a *API) createGrant(ctx context.Context, in *struct {
	Body struct {
		GrantNames
		GrantBody
	}
},
) (*oneGrant, error) {
	c, err := a.clientByID(ctx, in.Body.ClientID)
	if err != nil {
		return nil, err
	}
	if _, has := c.Settings.Audiences[in.Body.Audience]; has {
		return nil, refusal(http.StatusConflict, "", "A resource with the same identifier already exists.")
	}
	return a.putGrant(ctx, c, in.Body.Audience, in.Body.GrantBody, "client_grant.created")
}

// GrantNames is what a grant is of.
type GrantNames struct {
	ClientID string `json:"client_id" maxLength:"128"`
	Audience string `json:"audience" maxLength:"600"`
}

func (a *API) updateGrant(ctx context.Context, in *struct {
	GrantPath
	Body GrantBody
},
) (*oneGrant, error) {
	c, audience, err := a.granted(ctx, in.GrantPath)
	if err != nil {
		return nil, err
	}
	if in.Body.Scope == nil && in.Body.AllScopes == nil {
		return &oneGrant{viewGrant(c, audience)}, nil
	}
	return a.putGrant(ctx, c, audience, in.Body, "client_grant.updated")
}

func (a *API) putGrant(ctx context.Context, c *storage.Client, audience string, b GrantBody, event string) (*oneGrant, error) {
	if isTrue(b.AnyOrg) {
		return nil, impossible("Clients do not act for organizations; use allow_any_organization false.")
	}
	api, err := a.resourceServer(ctx, audience)
	if err != nil {
		return nil, err
	}
	scopes := b.Scope
	if isTrue(b.AllScopes) {
		scopes = nil
		for _, s := range api.Scopes {
			scopes = append(scopes, s.Value)
		}
	}
	for _, s := range scopes {
		if !slices.ContainsFunc(api.Scopes, func(known storage.Scope) bool { return known.Value == s }) {
			return nil, invalid("scope", "the API has no scope "+strconv.Quote(s)+"; add it there first")
		}
	}
	kept := maps.Clone(c.Settings.Audiences)
	if kept == nil {
		kept = map[string][]string{}
	}
	kept[audience] = append([]string{}, scopes...)
	c.Settings.Audiences = kept
	if err := ValidateClient(c); err != nil {
		return nil, err
	}
	e := storage.Event{Type: event, ClientID: c.ID, Data: map[string]any{"audience": audience, "scope": strings.Join(scopes, " ")}}
	if err := a.putClient(ctx, c, e); err != nil {
		return nil, err
	}
	return &oneGrant{viewGrant(c, audience)}, nil
}

func (a *API) deleteGrant(ctx context.Context, in *GrantPath) (*struct{}, error) {
	c, audience, err := a.granted(ctx, *in)
	if isMissing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c.Settings.Audiences = maps.Clone(c.Settings.Audiences)
	delete(c.Settings.Audiences, audience)
	e := storage.Event{Type: "client_grant.deleted", ClientID: c.ID, Data: map[string]any{"audience": audience}}
	return nil, a.putClient(ctx, c, e)
}
