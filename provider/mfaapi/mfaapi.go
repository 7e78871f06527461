package mfaapi

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/storage"
)

// Scopes of an access token for this API.
const (
	scopeEnroll = "enroll"
	scopeRead   = "read:authenticators"
	scopeRemove = "remove:authenticators"
)

// Options are what an API is made of; all are required.
type Options struct {
	Issuer string // as applications are configured with it
	Flows  *flows.Engine
	// Bearer says whose access token for an audience came with a request.
	Bearer func(r *http.Request, audience string) (*flows.Caller, error)
	// Calling finds out which client calls, and is the request as it counts for limits.
	Calling func(r *http.Request, form url.Values) (*storage.Client, *http.Request, error)
	// Refuse answers with an outcome of package flows.
	Refuse func(w http.ResponseWriter, r *http.Request, err error)
}

// An API serves applications.
type API struct {
	Options
	audience string
}

// New makes an API.
func New(o Options) *API {
	return &API{Options: o, audience: strings.TrimSuffix(o.Issuer, "/") + "/mfa/"}
}

// A visitor shows an mfa_token, or an access token.
type visitor struct {
	token  string
	direct *flows.Direct // of an mfa_token, else nil
	caller *flows.Caller
}

// visitor finds out who calls. An access token has to have scope. Where nobody does, or
// may, the answer is written.
func (a *API) visitor(w http.ResponseWriter, r *http.Request, scope string) *visitor {
	kind, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	v := &visitor{token: strings.TrimSpace(token)}
	if !strings.EqualFold(kind, "Bearer") || v.token == "" {
		w.Header().Set("WWW-Authenticate", "Bearer")
		refuse(w, http.StatusUnauthorized, "invalid_token", "Send an mfa_token or an access token in the header Authorization.")
		return nil
	}
	var err error
	v.direct, err = a.Flows.Direct(r, v.token, "")
	if errors.Is(err, flows.ErrMalformed) {
		v.caller, err = a.Bearer(r, a.audience)
	}
	switch {
	case errors.Is(err, flows.ErrNoCaller):
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		refuse(w, http.StatusUnauthorized, "invalid_grant", "Malformed mfa_token")
	case errors.Is(err, flows.ErrGone):
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		refuse(w, http.StatusUnauthorized, "expired_token", "mfa_token is expired")
	case err != nil:
		a.Refuse(w, r, err)
	case v.caller != nil && (v.caller.UserID == "" || !v.caller.May(scope)):
		insufficient(w, scope)
	default:
		return v
	}
	return nil
}

func insufficient(w http.ResponseWriter, scope string) {
	w.Header().Set("WWW-Authenticate", `Bearer error="insufficient_scope", scope="`+scope+`"`)
	refuse(w, http.StatusForbidden, "insufficient_scope", "Insufficient scope, expected: "+scope)
}

// list is GET /mfa/authenticators.
func (a *API) list(w http.ResponseWriter, r *http.Request) {
	v := a.visitor(w, r, scopeRead)
	if v == nil {
		return
	}
	var held []flows.Held
	var err error
	if v.direct != nil {
		held = v.direct.Held()
	} else if held, err = a.Flows.HeldBy(r, v.caller); err != nil {
		a.Refuse(w, r, err)
		return
	}
	all := []authenticator{}
	for _, one := range held {
		all = append(all, shown(one))
	}
	reply(w, all)
}

// remove is DELETE /mfa/authenticators/{id}.
func (a *API) remove(w http.ResponseWriter, r *http.Request) {
	v := a.visitor(w, r, scopeRemove)
	if v == nil {
		return
	}
	if v.caller == nil { // a sign-in that is not over changes nothing
		insufficient(w, scopeRemove)
		return
	}
	factor, id := read(r.PathValue("id"))
	err := storage.ErrNotFound
	if id != "" {
		err = a.Flows.RemoveHeld(r, v.caller, factor, id)
	}
	switch {
	case errors.Is(err, storage.ErrNotFound):
		refuse(w, http.StatusNotFound, "not_found", "There is no such authenticator.")
	case err != nil:
		a.Refuse(w, r, err)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

const maxBody = 32 << 10 // bytes

// body reads a JSON object. Where it is none, the answer is written.
func body(w http.ResponseWriter, r *http.Request, into any) bool {
	b, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err == nil {
		err = json.Unmarshal(b, into)
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, "invalid_request", "Send a JSON object, with values as the documentation says.")
	}
	return err == nil
}

func missing(w http.ResponseWriter, name string) {
	refuse(w, http.StatusBadRequest, "invalid_request", "Missing required parameter: "+name)
}

// A refusal is the body of what was not done.
type refusal struct {
	Code        string `json:"error"`
	Description string `json:"error_description"`
}

func refuse(w http.ResponseWriter, status int, code, description string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(refusal{code, description}) // the client has gone
}

func reply(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(body) // the client has gone
}

// tooMany says that somebody was sent enough.
func tooMany(w http.ResponseWriter, l *flows.Limited) {
	flows.RetryAfter(w.Header(), l.Wait)
	refuse(w, http.StatusTooManyRequests, "invalid_request", "Too many "+floods[l.Factor]+". Wait for some minutes before retrying.")
}
