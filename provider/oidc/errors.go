package oidc

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/ory/fosite"

	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/storage"
)

// An oauthError is an answer of RFC 6749 §5.2 or §4.1.2.1. Its description is a
// sentence for developers that says the mend, made of our own words only: nothing
// that was sent, and nothing about a client that is not proven to be asking.
type oauthError struct {
	Code        string `json:"error"`
	Description string `json:"error_description,omitempty"`
	// Of mfa_required.
	MFAToken     string        `json:"mfa_token,omitempty"`
	Requirements *requirements `json:"mfa_requirements,omitempty"`
	Recovery     string        `json:"recovery_code,omitempty"`

	status int
	basic  bool // answered with WWW-Authenticate: Basic
	cause  error
	wait   time.Duration // before the next try, 0: not said
}

func (e *oauthError) Error() string { return e.Code + ": " + e.Description }

func (e *oauthError) Unwrap() error { return e.cause }

func fault(code, description string) *oauthError {
	return &oauthError{Code: code, Description: description, status: http.StatusBadRequest}
}

func invalidRequest(description string) *oauthError { return fault("invalid_request", description) }

func invalidClient(basic bool) *oauthError {
	return &oauthError{
		Code: "invalid_client", status: http.StatusUnauthorized, basic: basic,
		Description: "Client authentication failed: check client_id, its credentials, and that they are sent by the registered token_endpoint_auth_method.",
	}
}

// ours are the descriptions of what fosite refuses, by its code. fosite's own hints
// tell facts about clients and are dropped (hole 16).
var ours = map[string]string{
	"invalid_request":           "A parameter is missing, stands twice or has a value that is not allowed.",
	"invalid_grant":             "The code or refresh token is not valid: it has expired, was used or revoked, belongs to another client, or redirect_uri or code_verifier do not fit it.",
	"invalid_scope":             "The scope has a value that this client may not ask for.",
	"unauthorized_client":       "This client may not use this grant_type or response_type.",
	"unsupported_grant_type":    "Use one of the grant_types_supported of our metadata.",
	"unsupported_response_type": "Use response_type=code.",
	"unsupported_response_mode": "Use response_mode=query, fragment, form_post or web_message.",
	"login_required":            "Login required",
	"consent_required":          "Consent required",
	"invalid_target":            "This client may not ask for tokens for this audience.",
	"server_error":              "Something broke on our side; the log has it.",
	"temporarily_unavailable":   "Try again in a few seconds.",
}

// renamed are fosite's private codes by the standard's names.
var renamed = map[string]string{
	"invalid_state": "invalid_request", "insufficient_entropy": "invalid_request", "scope_not_granted": "invalid_scope",
	"token_inactive": "invalid_grant", "token_signature_mismatch": "invalid_grant", "token_claim": "invalid_grant",
	"token_expired": "invalid_grant", "request_unauthorized": "invalid_grant", "jti_known": "invalid_client",
	"not_found": "server_error", "misconfiguration": "server_error", "error": "server_error",
	"redirect_insecure": "invalid_request",
}

// translate is the one place where errors of other rooms become OAuth's.
func translate(err error) *oauthError {
	var own *oauthError
	var refusal *flows.Refusal
	var foreign *fosite.RFC6749Error
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &refusal):
		e := fault(refusal.Code, refusal.Description)
		if refusal.Code == "mfa_required" {
			e.status = http.StatusForbidden
		}
		return e
	case errors.Is(err, storage.ErrUnavailable):
		return &oauthError{Code: "temporarily_unavailable", Description: ours["temporarily_unavailable"], status: http.StatusServiceUnavailable, cause: err}
	case errors.As(err, &foreign):
		return fromFosite(foreign, err)
	}
	return &oauthError{Code: "server_error", Description: ours["server_error"], status: http.StatusInternalServerError, cause: err}
}

func fromFosite(foreign *fosite.RFC6749Error, err error) *oauthError {
	code := foreign.ErrorField
	if known, ok := renamed[code]; ok {
		code = known
	}
	e := &oauthError{Code: code, Description: ours[code], status: http.StatusBadRequest, cause: err}
	switch code {
	case "server_error":
		e.status = http.StatusInternalServerError
	case "invalid_client":
		return invalidClient(false)
	}
	return e
}

// refuse answers a program with an error in JSON.
func (p *Provider) refuse(w http.ResponseWriter, r *http.Request, err error) {
	e := spelled(r, translate(err))
	p.note(r, e)
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	if e.wait > 0 {
		flows.RetryAfter(h, e.wait)
	}
	if e.status == http.StatusUnauthorized && e.Code == "invalid_client" {
		h.Set("WWW-Authenticate", `Basic realm="`+p.realm+`", charset="UTF-8"`)
	}
	if e.status == http.StatusServiceUnavailable && h.Get("Retry-After") == "" {
		flows.RetryAfter(h, flows.BusyWait)
	}
	writeJSON(w, e.status, e)
}

// note logs what an operator has to know. A client's mistake is none of it.
func (p *Provider) note(r *http.Request, e *oauthError) {
	if e.status < http.StatusInternalServerError {
		p.log.DebugContext(r.Context(), "request refused", "error", e.Code)
		return
	}
	p.log.ErrorContext(r.Context(), "request failed", "error", e.Code, "cause", e.cause)
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		panic(err) // every body is of strings, numbers and lists of them
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(b) // the client has gone; the log line says so
}

// printable reports whether s has only the characters that RFC 6749 appendix A
// allows in most parameters.
func printable(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return c < 0x20 || c > 0x7e })
}
