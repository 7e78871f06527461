package mfaapi

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// Base is the path of the API below the issuer's.
const Base = "/mfa"

// A call is one of the API: what serves it, and what its document says of it.
type call struct {
	method, path, id, summary string
	scope                     string       // of an access token; "": the body says who calls
	in, out                   reflect.Type // of the JSON, nil for none
	statuses                  []int        // beside 400, 413 and 429
	serve                     func(*API, http.ResponseWriter, *http.Request)
}

var calls = []call{
	{
		http.MethodGet, "/authenticators", "get_authenticators", "What the person can be asked for", scopeRead,
		nil, reflect.TypeFor[[]authenticator](), []int{200, 401, 403}, (*API).list,
	},
	{
		http.MethodPost, "/associate", "post_associate", "Begin to set a factor up; the first right answer confirms it", scopeEnroll,
		reflect.TypeFor[association](), reflect.TypeFor[associated](), []int{200, 401, 403}, (*API).associate,
	},
	{
		http.MethodPost, "/challenge", "post_challenge", "Ask for the second factor, and send what that takes", "",
		reflect.TypeFor[question](), reflect.TypeFor[challenged](), []int{200, 401, 403}, (*API).challenge,
	},
	{
		http.MethodDelete, "/authenticators/{id}", "delete_authenticator", "Remove an authenticator, with an access token", scopeRemove,
		nil, nil, []int{204, 401, 403, 404}, (*API).remove,
	},
}

// Mount adds the endpoints to api, and the document that tells of them.
func (a *API) Mount(_, api *http.ServeMux) {
	for _, c := range calls {
		api.HandleFunc(c.method+" "+Base+c.path, func(w http.ResponseWriter, r *http.Request) { c.serve(a, w, r) })
	}
	api.HandleFunc("GET "+Base+"/openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/vnd.oai.openapi+json;version=3.1")
		_ = json.NewEncoder(w).Encode(a.OpenAPI()) // the client has gone
	})
}

// meanings are what statuses say; 401 is, as at Auth0, also for factors that cannot be used.
var meanings = map[int]string{
	200: "OK", 204: "It is gone.", 400: "The request does not fit.", 401: "The token is missing or expired, or the factor cannot be used.",
	403: "The token lacks the scope, or this is not for the person to do.", 404: "There is no such authenticator.", 413: "The body is too large.",
	429: "Too many requests, or messages; see Retry-After.",
}

// OpenAPI is the document of the API.
func (a *API) OpenAPI() *huma.OpenAPI {
	schemas := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	of := func(t reflect.Type) map[string]*huma.MediaType {
		if t == nil {
			return nil
		}
		return map[string]*huma.MediaType{"application/json": {Schema: schemas.Schema(t, true, "")}}
	}
	doc := &huma.OpenAPI{
		OpenAPI: "3.1.0", Info: &huma.Info{Title: "Sallyport MFA API", Version: "1"}, Paths: map[string]*huma.PathItem{},
		Servers: []*huma.Server{{URL: strings.TrimSuffix(a.Issuer, "/")}},
		Components: &huma.Components{Schemas: schemas, SecuritySchemes: map[string]*huma.SecurityScheme{"token": {
			Type: "http", Scheme: "bearer", Description: "The mfa_token of a sign-in that waits for its second factor, or an access token whose audience is " + a.audience + ".",
		}}},
	}
	for _, c := range calls {
		o := &huma.Operation{OperationID: c.id, Method: c.method, Path: Base + c.path, Summary: c.summary, Tags: []string{"mfa"}, Responses: map[string]*huma.Response{}}
		for _, status := range append([]int{400, 413, 429}, c.statuses...) {
			t := reflect.TypeFor[refusal]()
			if status < http.StatusBadRequest {
				t = c.out
			}
			o.Responses[strconv.Itoa(status)] = &huma.Response{Description: meanings[status], Content: of(t)}
		}
		if c.scope != "" {
			o.Security = []map[string][]string{{"token": {c.scope}}}
		}
		if c.in != nil {
			o.RequestBody = &huma.RequestBody{Required: true, Content: of(c.in)}
		}
		if strings.Contains(c.path, "{id}") {
			o.Parameters = []*huma.Param{{Name: "id", In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}, Description: "as GET " + Base + "/authenticators names it"}}
		}
		doc.AddOperation(o)
	}
	return doc
}
