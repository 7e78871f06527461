package management

import (
	"context"
	"encoding/base64"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/storage"
)

// resourceServers are the APIs that tokens are made for. Their id is made of the
// audience, which may stand in its place.
func (a *API) resourceServers() {
	read := []string{"read:resource_servers"}
	op(a, operation{method: http.MethodGet, path: "/resource-servers", scopes: read, summary: "APIs, ours first"}, a.listAPIs)
	op(a, operation{method: http.MethodPost, path: "/resource-servers", scopes: []string{"create:resource_servers"}, status: http.StatusCreated, summary: "Register an API", conflict: true}, a.createAPI)
	op(a, operation{method: http.MethodGet, path: "/resource-servers/{id}", scopes: read, summary: "One API", missing: true}, a.oneAPI)
	op(a, operation{method: http.MethodPatch, path: "/resource-servers/{id}", scopes: []string{"update:resource_servers"}, summary: "Change an API", missing: true, conflict: true}, a.updateAPI)
	op(a, operation{method: http.MethodDelete, path: "/resource-servers/{id}", scopes: []string{"delete:resource_servers"}, status: http.StatusNoContent, summary: "Remove an API"}, a.deleteAPI)
}

type apiView struct {
	ID               string          `json:"id"`
	Name             string          `json:"name"`
	Identifier       string          `json:"identifier"`
	Scopes           []storage.Scope `json:"scopes"`
	System           bool            `json:"is_system"`
	Alg              string          `json:"signing_alg"`
	Offline          bool            `json:"allow_offline_access"`
	SkipConsent      bool            `json:"skip_consent_for_verifiable_first_party_clients"`
	Lifetime         int64           `json:"token_lifetime,omitempty" doc:"seconds; absent: the tenant's"`
	Dialect          string          `json:"token_dialect"`
	EnforcePolicies  bool            `json:"enforce_policies"`
	TokenFormat      string          `json:"token_format" doc:"ours: jwt or opaque"`
	LifetimeForWeb   int64           `json:"token_lifetime_for_web,omitempty"`
	SubjectAuthority *struct{}       `json:"subject_type_authorization,omitempty"`
}

type oneAPI struct{ Body *apiView }

// An APIPath names an API by its id or its audience.
type APIPath struct {
	ID string `path:"id" maxLength:"2048"`
}

const apiPrefix = "rs_"

func (p APIPath) audience() string {
	if text, ok := strings.CutPrefix(p.ID, apiPrefix); ok {
		if raw, err := base64.RawURLEncoding.DecodeString(text); err == nil {
			return string(raw)
		}
	}
	return p.ID
}

func (a *API) viewAPI(api *storage.API) *apiView {
	return &apiView{
		ID: apiPrefix + base64.RawURLEncoding.EncodeToString([]byte(api.Audience)), Name: api.Name, Identifier: api.Audience,
		Scopes: append([]storage.Scope{}, api.Scopes...), System: a.house(api.Audience) != nil, Alg: "ES256", Offline: true, SkipConsent: true,
		Lifetime: api.TokenTTL, LifetimeForWeb: api.TokenTTL, Dialect: "rfc9068_profile", TokenFormat: api.TokenFormat,
	}
}

// house is an API of our own, nil for others. No administrator changes those.
func (a *API) house(audience string) *storage.API {
	base := strings.TrimSuffix(a.Issuer, "/")
	switch audience {
	case a.Audience():
		return &storage.API{Audience: audience, Name: "Management API", TokenFormat: "jwt", Scopes: a.scopes()}
	case base + "/mfa/":
		return &storage.API{Audience: audience, Name: "MFA API", TokenFormat: "opaque"}
	case base + "/me/":
		return &storage.API{Audience: audience, Name: "My Account API", TokenFormat: "opaque"}
	}
	return nil
}

// scopes are those that some operation of this API wants.
func (a *API) scopes() []storage.Scope {
	all := map[string]bool{}
	for _, path := range a.huma.OpenAPI().Paths {
		for _, one := range operationsOf(path) {
			for _, security := range one.Security {
				for _, scope := range security["token"] {
					all[scope] = true
				}
			}
		}
	}
	var list []storage.Scope
	for _, scope := range slices.Sorted(maps.Keys(all)) {
		list = append(list, storage.Scope{Value: scope})
	}
	return list
}

// resourceServer finds an API, of our own or registered. Errors: a 404.
func (a *API) resourceServer(ctx context.Context, audience string) (*storage.API, error) {
	if own := a.house(audience); own != nil {
		return own, nil
	}
	api, err := a.DB.APIByAudience(ctx, audience)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, missing("resource_server", "The resource server does not exist")
	}
	return api, err
}

func (a *API) listAPIs(ctx context.Context, in *struct {
	Paging
	Picked
	Identifiers []string `query:"identifiers" maxItems:"50"`
},
) (*listed[*apiView], error) {
	all, err := a.DB.APIs(ctx)
	if err != nil {
		return nil, err
	}
	all = append([]*storage.API{a.house(a.Audience())}, all...)
	views := []*apiView{}
	for _, api := range all {
		if len(in.Identifiers) == 0 || slices.Contains(in.Identifiers, api.Audience) {
			views = append(views, a.viewAPI(api))
		}
	}
	return pageOf("resource_servers", views, in.Paging), nil
}

func (a *API) oneAPI(ctx context.Context, in *struct {
	APIPath
	Picked
},
) (*oneAPI, error) {
	api, err := a.resourceServer(ctx, in.audience())
	if err != nil {
		return nil, err
	}
	return &oneAPI{a.viewAPI(api)}, nil
}

// APIBody is what there is to change of an API.
type APIBody struct {
	Name            *string          `json:"name,omitempty" maxLength:"200"`
	Scopes          *[]storage.Scope `json:"scopes,omitempty" maxItems:"1000"`
	Alg             string           `json:"signing_alg,omitempty" enum:"RS256,ES256,HS256,RS512,PS256" doc:"of no effect: the client's settings say how its tokens are signed"`
	Offline         *bool            `json:"allow_offline_access,omitempty" doc:"of no effect: the client's grants say"`
	SkipConsent     *bool            `json:"skip_consent_for_verifiable_first_party_clients,omitempty" doc:"of no effect: the client's is_first_party says"`
	Lifetime        *int64           `json:"token_lifetime,omitempty" minimum:"0" maximum:"2592000"`
	LifetimeForWeb  *int64           `json:"token_lifetime_for_web,omitempty" minimum:"0" maximum:"2592000" doc:"of no effect: token_lifetime is"`
	Dialect         string           `json:"token_dialect,omitempty" enum:"access_token,access_token_authz,rfc9068_profile,rfc9068_profile_authz" doc:"tokens are those of RFC 9068, whatever is said"`
	EnforcePolicies *bool            `json:"enforce_policies,omitempty"`
	TokenFormat     string           `json:"token_format,omitempty" enum:"jwt,opaque"`
}

func (b *APIBody) apply(a *storage.API) error {
	if b.Name != nil {
		a.Name = *b.Name
	}
	if b.Scopes != nil {
		a.Scopes = *b.Scopes
	}
	if b.Lifetime != nil {
		a.TokenTTL = *b.Lifetime
	}
	if b.TokenFormat != "" {
		a.TokenFormat = b.TokenFormat
	}
	switch {
	case isTrue(b.EnforcePolicies):
		return impossible("Scopes in tokens do not depend on roles here; use enforce_policies false.")
	case b.Alg == "HS256":
		return invalid("signing_alg", "an API checks tokens by our public keys; leave it out")
	}
	return ValidateAPI(a)
}

func (a *API) createAPI(ctx context.Context, in *struct {
	Body struct {
		APINames
		APIBody
	}
},
) (*oneAPI, error) {
	api := &storage.API{Audience: in.Body.Identifier, Name: in.Body.Identifier, TokenFormat: "jwt"}
	if err := in.Body.apply(api); err != nil {
		return nil, err
	}
	if a.house(api.Audience) != nil {
		return nil, refusal(http.StatusConflict, "", "This identifier is an API of our own.")
	}
	e := storage.Event{Type: "api.created", Data: map[string]any{"audience": api.Audience}}
	if err := a.change(ctx, e, func(ctx context.Context) error { return a.DB.CreateAPI(ctx, api) }); err != nil {
		return nil, err
	}
	return &oneAPI{a.viewAPI(api)}, nil
}

// APINames is what stays of an API.
type APINames struct {
	Identifier string `json:"identifier" minLength:"1" maxLength:"600" doc:"the audience, an absolute URI"`
}

func (a *API) updateAPI(ctx context.Context, in *struct {
	APIPath
	Body APIBody
},
) (*oneAPI, error) {
	api, err := a.resourceServer(ctx, in.audience())
	if err != nil {
		return nil, err
	}
	if a.house(api.Audience) != nil {
		return nil, impossible("This API is our own and stays as it is.")
	}
	if err := in.Body.apply(api); err != nil {
		return nil, err
	}
	e := storage.Event{Type: "api.updated", Data: map[string]any{"audience": api.Audience}}
	if err := a.change(ctx, e, func(ctx context.Context) error { return a.DB.UpdateAPI(ctx, api) }); err != nil {
		return nil, err
	}
	return &oneAPI{a.viewAPI(api)}, nil
}

func (a *API) deleteAPI(ctx context.Context, in *APIPath) (*struct{}, error) {
	if a.house(in.audience()) != nil {
		return nil, impossible("This API is our own and stays as it is.")
	}
	api, err := a.resourceServer(ctx, in.audience())
	if isMissing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	e := storage.Event{Type: "api.deleted", Data: map[string]any{"audience": api.Audience}}
	return nil, a.change(ctx, e, func(ctx context.Context) error { return a.DB.DeleteAPI(ctx, api.Audience) })
}

// ValidateAPI reports every field of an API that is wrong.
//
// Errors: *Invalid.
func ValidateAPI(a *storage.API) error {
	var f faults
	u, err := url.Parse(a.Audience)
	if err != nil || !u.IsAbs() || u.Fragment != "" {
		f.add("identifier", "is not an absolute URI without fragment", "use the API's address, https://api.example/")
	}
	if !slices.Contains([]string{"jwt", "opaque"}, a.TokenFormat) {
		f.add("token_format", "is unknown", "use jwt or opaque")
	}
	if a.TokenTTL < 0 {
		f.add("token_lifetime", "is negative", "use seconds, 0 for the tenant's")
	}
	for _, s := range a.Scopes {
		if s.Value == "" || strings.ContainsFunc(s.Value, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }) {
			f.add("scopes", "one is not a scope name (RFC 6749 §3.3)", `use printable ASCII without space, " and \`)
		}
	}
	return f.err()
}
