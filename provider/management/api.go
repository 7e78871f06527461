package management

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/storage"
)

// Base is the path of the API below the issuer's.
const Base = "/api/v2"

// Options are what an API is made of. Name, Streams, ACRValues, Logger and Now may be left
// out; Address may be where nobody downloads exports.
type Options struct {
	Issuer  string // exactly as applications are configured with it
	Name    string // of the service
	DB      *storage.DB
	Flows   *flows.Engine
	Factors *factors.Registry
	Setup   *Setup // of Factors
	Looks   *Looks // of the pages
	Post    *Post  // that mails go by
	// Bearer says whose access token for an audience came with r.
	//
	// Errors: flows.ErrNoCaller.
	Bearer func(r *http.Request, audience string) (*flows.Caller, error)
	// Address is where a request comes from.
	Address func(*http.Request) netip.Addr
	Streams Streams
	// Connection is the name of the one register of people that there is.
	Connection string
	// ACRValues are those that applications may ask for.
	ACRValues []string
	// NewSecret makes a client secret, and what is kept of it.
	NewSecret func() (string, storage.ClientSecret)
	Keys      Ring
	Logger    *slog.Logger
	Now       func() time.Time
}

// API is the Management API. It is safe for concurrent use.
type API struct {
	Options
	huma huma.API
}

// nouns are all that the API is about: each adds its operations.
var nouns = []func(*API){
	(*API).actionVersions,
	(*API).actions,
	(*API).attackProtection,
	(*API).branding,
	(*API).clientGrants,
	(*API).clients,
	(*API).connectionClients,
	(*API).connections,
	(*API).emailProvider,
	(*API).emailTemplates,
	(*API).grants,
	(*API).guardianDuo,
	(*API).guardianEnrollments,
	(*API).guardianFactors,
	(*API).guardianPhone,
	(*API).guardianPolicies,
	(*API).guardianPush,
	(*API).guardianWebAuthn,
	(*API).jobs,
	(*API).keys,
	(*API).logStreams,
	(*API).logs,
	(*API).organizationConnections,
	(*API).organizationInvitations,
	(*API).organizationMembers,
	(*API).organizations,
	(*API).prompts,
	(*API).refreshTokens,
	(*API).resourceServers,
	(*API).roles,
	(*API).rules,
	(*API).rulesConfigs,
	(*API).sessions,
	(*API).stats,
	(*API).tenantSettings,
	(*API).tickets,
	(*API).triggers,
	(*API).userBlocks,
	(*API).userMFA,
	(*API).userMethods,
	(*API).userRoles,
	(*API).users,
}

// New makes an API. Its error names the option to mend.
func New(o Options) (*API, error) {
	if o.Issuer == "" || o.DB == nil || o.Flows == nil || o.Factors == nil || o.Setup == nil || o.Looks == nil || o.Post == nil || o.Bearer == nil || o.NewSecret == nil || o.Keys == nil {
		return nil, errors.New("management: Options.Issuer, DB, Flows, Factors, Setup, Looks, Post, Bearer, NewSecret and Keys are required")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &API{Options: o}, nil
}

// Mount adds the operations.
func (a *API) Mount(_, mux *http.ServeMux) {
	config := huma.DefaultConfig("Sallyport Management API", "2")
	config.DocsPath, config.SchemasPath, config.CreateHooks = "", "", nil
	config.OpenAPIPath = Base + "/openapi"
	config.RejectUnknownQueryParameters = true
	config.Servers = []*huma.Server{{URL: strings.TrimSuffix(a.Issuer, "/")}}
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token": {Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: "An access token whose audience is " + a.Audience() + "."},
	}
	config.Transformers = []huma.Transformer{spell, pick}
	a.huma = humago.New(mux, config)
	a.huma.UseMiddleware(asAuth0, a.admit)
	for _, add := range nouns {
		add(a)
	}
	mux.HandleFunc("GET "+Base+"/exports/{link}", a.download)
}

// OpenAPI is the document of the operations, once Mount has added them.
func (a *API) OpenAPI() *huma.OpenAPI { return a.huma.OpenAPI() }

// Audience is that of access tokens for the API.
func (a *API) Audience() string { return strings.TrimSuffix(a.Issuer, "/") + Base + "/" }

// An operation is one call of the API.
type operation struct {
	method, path string // the path below Base
	scopes       []string
	status       int // of success; 0: 200
	summary      string
	// missing is true where there is a 404, conflict where there is a 409.
	missing  bool
	conflict bool
	empty    bool // 204 is an answer, too: there is nothing
	// body is of what is not JSON, with at most so many bytes; its handler reads it.
	body *huma.RequestBody
	most int64
}

// op registers an operation. Its handler runs for callers who have one of its scopes, and
// input that fits I: bodies with members that I does not have are refused.
func op[I, O any](a *API, o operation, do func(context.Context, *I) (*O, error)) {
	if o.status == 0 {
		o.status = http.StatusOK
	}
	described := huma.Operation{
		OperationID: operationID(o), Method: o.method, Path: Base + o.path, DefaultStatus: o.status, Summary: o.summary,
		Tags: []string{strings.SplitN(strings.TrimPrefix(o.path, "/"), "/", 2)[0]}, Security: []map[string][]string{{"token": o.scopes}},
		Responses: a.responses(o), Metadata: map[string]any{"scopes": o.scopes},
		RequestBody: o.body, MaxBodyBytes: o.most, SkipValidateBody: o.body != nil,
	}
	huma.Register(a.huma, described, func(ctx context.Context, in *I) (*O, error) {
		out, err := do(ctx, in)
		if err != nil {
			return nil, a.refuse(ctx, err)
		}
		return out, nil
	})
}

// operationID is made of what a call is: "patch_users_id_enrollments".
func operationID(o operation) string {
	parts := strings.FieldsFunc(o.path, func(r rune) bool { return strings.ContainsRune("/{}-", r) })
	return strings.ToLower(o.method) + "_" + strings.Join(parts, "_")
}

// responses are the errors that an operation may answer.
func (a *API) responses(o operation) map[string]*huma.Response {
	schema := a.huma.OpenAPI().Components.Schemas.Schema(refusalType, true, "Refusal")
	all := map[string]string{
		"400": "The request does not fit.", "401": "The token is missing, expired or not for this API.", "403": "The token lacks the scope, or this is not done here.",
		"413": "The body is too large.", "415": "The body is not JSON.", "429": "Too many requests; see X-RateLimit-Reset.", "500": "Something broke on our side.", "503": "Come again soon.",
	}
	if o.missing {
		all["404"] = "There is no such thing."
	}
	if o.conflict {
		all["409"] = "It is there already, or was changed at the same moment."
	}
	responses := map[string]*huma.Response{}
	for status, why := range all {
		responses[status] = &huma.Response{Description: why, Content: map[string]*huma.MediaType{"application/json": {Schema: schema}}}
	}
	if o.empty {
		responses["204"] = &huma.Response{Description: "There is nothing."}
	}
	return responses
}

// operationsOf are the operations at a path.
func operationsOf(p *huma.PathItem) []*huma.Operation {
	var all []*huma.Operation
	for _, one := range []*huma.Operation{p.Get, p.Put, p.Post, p.Patch, p.Delete} {
		if one != nil {
			all = append(all, one)
		}
	}
	return all
}
