package account

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/storage"
)

// Base is the path of the JSON API below the issuer's; its audience is the issuer's with
// "me/".
const Base = "/me/v1"

// A call is one operation of the API.
type call struct {
	method, path string // below Base
	scope        string
	status       int // of success; 0: 200
	summary      string
	change       bool // it takes a fresh proof
	missing      bool // it may be about what is not there
}

// A caller is who called, with the program that did for them.
type caller struct {
	*flows.Caller
	*flows.Owner
}

type callerKey struct{}

func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// mountAPI adds the API to mux.
func (p *Provider) mountAPI(mux *http.ServeMux) {
	config := huma.DefaultConfig("Sallyport My Account API", "1")
	config.DocsPath, config.SchemasPath, config.CreateHooks = "", "", nil
	config.OpenAPIPath = Base + "/openapi"
	config.RejectUnknownQueryParameters = true
	config.Servers = []*huma.Server{{URL: strings.TrimSuffix(p.issuer, "/")}}
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token": {Type: "http", Scheme: "bearer", Description: "An access token of a person whose audience is " + p.audience() + "."},
	}
	config.Transformers = []huma.Transformer{spell}
	api := humago.New(mux, config)
	p.document = api.OpenAPI()
	api.UseMiddleware(asProblems, p.admit)
	p.mountFactors(api)
	p.mountMethods(api)
	p.mountPlaces(api)
}

// OpenAPI is the document of the API, once Mount has added it.
func (p *Provider) OpenAPI() *huma.OpenAPI { return p.document }

// audience is that of access tokens for the API.
func (p *Provider) audience() string { return strings.TrimSuffix(p.issuer, "/") + "/me/" }

// on registers an operation.
func on[I, O any](p *Provider, api huma.API, c call, do func(context.Context, caller, *I) (*O, error)) {
	if c.status == 0 {
		c.status = http.StatusOK
	}
	parts := strings.FieldsFunc(c.path, func(r rune) bool { return strings.ContainsRune("/{}-", r) })
	described := huma.Operation{
		OperationID: strings.ToLower(c.method) + "_" + strings.Join(parts, "_"), Method: c.method, Path: Base + c.path, DefaultStatus: c.status,
		Summary: c.summary, Tags: parts[:1], Security: []map[string][]string{{"token": {c.scope}}},
		Responses: problems(api, c), Metadata: map[string]any{"call": c},
	}
	huma.Register(api, described, func(ctx context.Context, in *I) (*O, error) {
		out, err := do(ctx, callerOf(ctx), in)
		if err != nil {
			return nil, p.refuse(ctx, err)
		}
		return out, nil
	})
}

// admit lets nobody through without a token of a person that has the operation's scope
// and, where something is changed, comes of a sign-in that was full and fresh.
func (p *Provider) admit(ctx huma.Context, next func(huma.Context)) {
	r, _ := humago.Unwrap(ctx)
	by, err := p.bearer(r, p.audience())
	if err == nil && by.UserID == "" {
		err = flows.ErrNoCaller // a client for itself
	}
	if err != nil {
		answer(ctx, p.refuse(ctx.Context(), err))
		return
	}
	c, _ := ctx.Operation().Metadata["call"].(call)
	if !by.May(c.scope) {
		answer(ctx, problem(http.StatusForbidden, "insufficient_scope", "The token lacks the scope "+c.scope+"."))
		return
	}
	o, err := p.flows.Owner(r, by.UserID, by.SessionID)
	if errors.Is(err, flows.ErrGone) {
		err = flows.ErrNoCaller
	}
	if err == nil && c.change {
		err = o.May(by)
	}
	if err != nil {
		answer(ctx, p.refuse(ctx.Context(), err))
		return
	}
	o.ClientID = by.ClientID
	next(huma.WithValue(ctx, callerKey{}, caller{by, o}))
}

// A listed is one line of GET /factors.
type listed struct {
	Type  string   `json:"type"`
	Usage []string `json:"usage"`
}

type factorList struct {
	Body struct {
		Factors []listed `json:"factors"`
	}
}

func (p *Provider) mountFactors(api huma.API) {
	on(p, api, call{method: http.MethodGet, path: "/factors", scope: "read:me:factors", summary: "What can be set up"},
		func(ctx context.Context, by caller, _ *struct{}) (*factorList, error) {
			names, err := by.Settable(ctx)
			if err != nil {
				return nil, err
			}
			allowed, err := by.Allowed(ctx)
			if err != nil {
				return nil, err
			}
			list := &factorList{}
			list.Body.Factors = []listed{{Type: typePassword, Usage: []string{"primary"}}}
			if slices.Contains(allowed, factors.RecoveryCode) {
				names = append(names, factors.RecoveryCode)
			}
			for _, name := range names {
				one := listed{typeOf(name), p.usage(name)}
				known := slices.ContainsFunc(list.Body.Factors, func(l listed) bool { return l.Type == one.Type })
				if one.Type != "" && !known {
					list.Body.Factors = append(list.Body.Factors, one)
				}
			}
			return list, nil
		})
}

// usage is whether a factor opens a sign-in, follows in one, or both.
func (p *Provider) usage(factor string) []string {
	usage, info := []string{}, p.factors.Info(factor)
	if info.First {
		usage = append(usage, "primary")
	}
	if info.Second {
		usage = append(usage, "secondary")
	}
	return usage
}

// refuse makes an answer of an error. What is not a caller's doing goes to the log, and
// nothing of it to the caller.
func (p *Provider) refuse(ctx context.Context, err error) error {
	var said *Problem
	var rejected *factors.Rejection
	var limited *flows.Limited
	var refusal *flows.Refusal
	var unfit *flows.Unfit
	switch {
	case errors.As(err, &said):
		return said
	case errors.Is(err, flows.ErrNoCaller):
		return problem(http.StatusUnauthorized, "invalid_token", "The token is missing, has expired or is not for this API.")
	case errors.Is(err, flows.ErrStale):
		return problem(http.StatusForbidden, "unmet_authentication_requirements",
			"To change how the person signs in, ask for a new token with max_age, and with every factor that the account has.")
	case errors.Is(err, storage.ErrNotFound), errors.Is(err, flows.ErrGone), errors.Is(err, flows.ErrMalformed):
		return problem(http.StatusNotFound, "not_found", "There is no such thing.")
	case errors.Is(err, flows.ErrLastSecond):
		return problem(http.StatusConflict, "last_second_factor", "A sign-in asks for a second factor, and this is the last one.")
	case errors.Is(err, flows.ErrLastWay):
		return problem(http.StatusConflict, "last_way_to_sign_in", "Nothing else opens a sign-in.")
	case errors.Is(err, flows.ErrFixed):
		return problem(http.StatusConflict, "not_to_be_changed", "This kind of authentication method cannot be changed like that.")
	case errors.Is(err, storage.ErrConflict):
		return problem(http.StatusConflict, "conflict", "It was changed at the same moment. Look and try again.")
	case errors.As(err, &rejected):
		return invalid(rejected.Field, p.themes.T("en", rejected.Message, rejected.Data))
	case errors.As(err, &limited):
		return late(limited.Wait)
	case errors.As(err, &unfit):
		return invalid("type", "this cannot be set up by this person now")
	case errors.As(err, &refusal):
		return problem(http.StatusForbidden, refusal.Code, refusal.Description)
	}
	return p.answered(ctx, err)
}

// answered is refuse for what is said of an answer.
func (p *Provider) answered(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, factors.ErrPending):
		return problem(http.StatusConflict, "authorization_pending", "The device has not answered yet.")
	case errors.Is(err, flows.ErrSlowDown):
		return problem(http.StatusTooManyRequests, "slow_down", "The device was asked for too often.")
	case errors.Is(err, flows.ErrNoCode):
		return invalid("otp_code", "this takes the code that the person was sent")
	case errors.Is(err, factors.ErrExpired), errors.Is(err, factors.ErrSpent), errors.Is(err, flows.ErrForeign), errors.Is(err, flows.ErrAnswered):
		return problem(http.StatusBadRequest, "expired", "That is over. Begin again.")
	case errors.Is(err, factors.ErrWrong):
		return problem(http.StatusBadRequest, "invalid_answer", "The answer is wrong.")
	case errors.Is(err, storage.ErrUnavailable), errors.Is(err, factors.ErrBusy):
		p.log.ErrorContext(ctx, "account", "error", err)
		return problem(http.StatusServiceUnavailable, "unavailable", "Come again soon.")
	}
	p.log.ErrorContext(ctx, "account", "error", err)
	return problem(http.StatusInternalServerError, "internal_error", "Something broke on our side.")
}
