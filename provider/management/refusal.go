package management

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/sallyport-id/sallyport/storage"
)

// A Refusal is the body of an error, as Auth0 spells it.
type Refusal struct {
	StatusCode int    `json:"statusCode" doc:"as the answer's"`
	Title      string `json:"error" doc:"the status in words"`
	Message    string `json:"message" doc:"what is wrong and, where we know it, the mend"`
	Code       string `json:"errorCode,omitempty" doc:"a stable word for programs"`
}

var refusalType = reflect.TypeFor[Refusal]()

func (r *Refusal) Error() string { return r.Message }

// GetStatus is for the framework.
func (r *Refusal) GetStatus() int { return r.StatusCode }

func refusal(status int, code, message string) *Refusal {
	return &Refusal{StatusCode: status, Title: http.StatusText(status), Message: message, Code: code}
}

// missing is the 404 of a noun: "user", "The user does not exist.".
func missing(noun, message string) *Refusal {
	return refusal(http.StatusNotFound, "inexistent_"+noun, message)
}

// invalid is the 400 of a body's member.
func invalid(field, why string) *Refusal {
	return refusal(http.StatusBadRequest, "invalid_body", "Payload validation error: "+field+": "+why)
}

// impossible is the answer to what Auth0 has and this product has not: never silence.
func impossible(why string) *Refusal {
	return refusal(http.StatusForbidden, "operation_not_supported", why)
}

// refuse makes an answer of an error. What is not a caller's doing goes to the log, and
// nothing of it to the caller.
func (a *API) refuse(ctx context.Context, err error) error {
	var said huma.StatusError
	var faulty *Invalid
	var out *LockOut
	switch {
	case errors.As(err, &said):
		return err
	case errors.As(err, &faulty):
		return refusal(http.StatusBadRequest, "invalid_body", "Payload validation error: "+strings.ReplaceAll(faulty.Error(), "\n", "; "))
	case errors.As(err, &out):
		return refusal(http.StatusBadRequest, "administrators_locked_out", "Payload validation error: "+out.Error()+"; change it, or do it on the command line with --force")
	case errors.Is(err, storage.ErrNotFound):
		return refusal(http.StatusNotFound, "", "There is no such thing.")
	case errors.Is(err, storage.ErrConflict):
		return refusal(http.StatusConflict, "", "It is there already, or was changed at the same moment.")
	case errors.Is(err, storage.ErrInvalid):
		return refusal(http.StatusBadRequest, "invalid_body", "Payload validation error: a text has characters that no text may have")
	case errors.Is(err, storage.ErrUnavailable):
		a.Logger.ErrorContext(ctx, "management", "error", err)
		return refusal(http.StatusServiceUnavailable, "", "Come again soon.")
	}
	a.Logger.ErrorContext(ctx, "management", "error", err)
	return refusal(http.StatusInternalServerError, "", "Something broke on our side.")
}

// answer writes err where no handler ran.
func (a *API) answer(ctx huma.Context, err error) {
	var said huma.StatusError
	if !errors.As(err, &said) {
		said = refusal(http.StatusInternalServerError, "", "Something broke on our side.")
	}
	body, marshalErr := json.Marshal(said)
	if marshalErr != nil {
		panic(marshalErr) // texts and a number
	}
	ctx.SetHeader("Content-Type", "application/json")
	ctx.SetStatus(said.GetStatus())
	_, _ = ctx.BodyWriter().Write(body) // the caller has gone
}

// auth0 is a context whose answers to input that does not fit are 400.
type auth0 struct{ inner }

// inner is huma.Context under a name that is none of its methods'.
type inner = huma.Context

func (c auth0) SetStatus(status int) {
	if status == http.StatusUnprocessableEntity {
		status = http.StatusBadRequest
	}
	c.inner.SetStatus(status)
}

// Unwrap is for humago.
func (c auth0) Unwrap() huma.Context { return c.inner }

func asAuth0(ctx huma.Context, next func(huma.Context)) { next(auth0{ctx}) }

// spell puts what the framework says of input into Auth0's words.
func spell(ctx huma.Context, _ string, v any) (any, error) {
	model, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	ctx.SetHeader("Content-Type", "application/json")
	status := model.Status
	if status == http.StatusUnprocessableEntity {
		status = http.StatusBadRequest
	}
	code, message := "", model.Detail
	for _, d := range model.Errors {
		kind, at, _ := strings.Cut(d.Location, ".")
		switch kind {
		case "query":
			code, message = "invalid_query_string", "Query validation error: "+at+": "+d.Message
		case "path":
			code, message = "invalid_uri", "Path validation error: "+at+": "+d.Message
		default:
			code, message = "invalid_body", "Payload validation error: "+strings.TrimPrefix(at+": ", ": ")+d.Message
		}
		break //nolint:staticcheck // the first says enough, as Auth0's does
	}
	if status == http.StatusBadRequest && code == "" {
		code = "invalid_body"
	}
	return refusal(status, code, message), nil
}

// isMissing reports whether err is a 404.
func isMissing(err error) bool {
	var said huma.StatusError
	return errors.As(err, &said) && said.GetStatus() == http.StatusNotFound
}

// ignoreMissing is err where it says more than that something is not there: removing that
// is no error.
func ignoreMissing(err error) error {
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	return err
}
