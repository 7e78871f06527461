package account

import (
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/sallyport-id/sallyport/flows"
)

// A Problem is the body of an error, as Auth0's My Account API spells it.
type Problem struct {
	Type   string        `json:"type" doc:"a stable word for programs"`
	Status int           `json:"status" doc:"as the answer's"`
	Title  string        `json:"title" doc:"the status in words"`
	Detail string        `json:"detail" doc:"what is wrong and, where we know it, the mend"`
	Faults []Fault       `json:"validation_errors,omitempty"`
	wait   time.Duration // until the next try makes sense
}

// A Fault says which member is wrong.
type Fault struct {
	Detail  string `json:"detail"`
	Field   string `json:"field,omitempty"`
	Pointer string `json:"pointer,omitempty" doc:"JSON pointer into the body"`
	Source  string `json:"source,omitempty" doc:"body, query or path"`
}

var problemType = reflect.TypeFor[Problem]()

func (p *Problem) Error() string { return p.Detail }

// GetStatus is for the framework.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders is likewise.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	switch {
	case p.Status == http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Bearer realm="me", error="invalid_token"`)
	case p.Status == http.StatusTooManyRequests:
		flows.RetryAfter(h, p.wait)
	case p.Status == http.StatusServiceUnavailable:
		flows.RetryAfter(h, flows.BusyWait)
	case p.Type == "insufficient_scope":
		h.Set("WWW-Authenticate", `Bearer realm="me", error="insufficient_scope"`)
	}
	return h
}

func problem(status int, word, detail string) *Problem {
	return &Problem{Type: word, Status: status, Title: http.StatusText(status), Detail: detail}
}

// invalid is the 400 of a body's member, "" for none in particular.
func invalid(field, why string) *Problem {
	p := problem(http.StatusBadRequest, "invalid_request", "The request does not fit.")
	f := Fault{Detail: why, Field: field, Source: "body"}
	if field != "" {
		f.Pointer = "/" + field
	}
	p.Faults = []Fault{f}
	return p
}

func late(wait time.Duration) *Problem {
	p := problem(http.StatusTooManyRequests, "too_many_requests", "Too many tries. Wait, then try again.")
	p.wait = wait
	return p
}

// answer writes err where no handler ran.
func answer(ctx huma.Context, err error) {
	var p *Problem
	if !errors.As(err, &p) {
		p = problem(http.StatusInternalServerError, "internal_error", "Something broke on our side.")
	}
	body, marshalErr := json.Marshal(p)
	if marshalErr != nil {
		panic(marshalErr) // texts and a number
	}
	for name, values := range p.GetHeaders() {
		ctx.SetHeader(name, values[0])
	}
	ctx.SetHeader("Content-Type", "application/json")
	ctx.SetStatus(p.Status)
	_, _ = ctx.BodyWriter().Write(body) // the caller has gone
}

// plain is a context whose answers to input that does not fit are 400.
type plain struct{ inner }

// inner is huma.Context under a name that is none of its methods'.
type inner = huma.Context

func (c plain) SetStatus(status int) {
	if status == http.StatusUnprocessableEntity {
		status = http.StatusBadRequest
	}
	c.inner.SetStatus(status)
}

// Unwrap is for humago.
func (c plain) Unwrap() huma.Context { return c.inner }

func asProblems(ctx huma.Context, next func(huma.Context)) {
	ctx.SetHeader("Cache-Control", "no-store")
	next(plain{ctx})
}

// spell puts what the framework says of input into this API's words.
func spell(ctx huma.Context, _ string, v any) (any, error) {
	switch said := v.(type) {
	case *Problem:
		ctx.SetHeader("Content-Type", "application/json")
	case *huma.ErrorModel:
		ctx.SetHeader("Content-Type", "application/json")
		status := said.Status
		if status == http.StatusUnprocessableEntity {
			status = http.StatusBadRequest
		}
		p := problem(status, "invalid_request", said.Detail)
		for _, d := range said.Errors {
			source, at, _ := strings.Cut(d.Location, ".")
			f := Fault{Detail: d.Message, Field: at, Source: source}
			if source == "body" {
				f.Pointer = "/" + strings.ReplaceAll(at, ".", "/")
			}
			p.Faults = append(p.Faults, f)
		}
		return p, nil
	}
	return v, nil
}

// problems are the errors that an operation may answer.
func problems(api huma.API, c call) map[string]*huma.Response {
	schema := api.OpenAPI().Components.Schemas.Schema(problemType, true, "Problem")
	all := map[string]string{
		"400": "The request does not fit, or the answer is wrong.", "401": "The token is missing, expired or not for this API.",
		"403": "The token lacks the scope.", "429": "Too many tries; see Retry-After.", "500": "Something broke on our side.", "503": "Come again soon.",
	}
	if c.change {
		all["403"] = "The token lacks the scope, or its sign-in is too old or too weak for a change (unmet_authentication_requirements)."
		all["409"] = "Something else stands in the way."
	}
	if c.method == http.MethodPost || c.method == http.MethodPatch {
		all["413"], all["415"] = "The body is too large.", "The body is not JSON."
	}
	if c.missing {
		all["404"] = "There is no such thing."
	}
	responses := map[string]*huma.Response{}
	for status, why := range all {
		responses[status] = &huma.Response{Description: why, Content: map[string]*huma.MediaType{"application/json": {Schema: schema}}}
	}
	return responses
}
