package oidc

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/storage"
)

// Auth0's API by which an application's own page makes an account or asks for a reset
// mail. Nothing here signs anybody in.

// A dbError is an error in the shape of these endpoints.
type dbError struct {
	Name        string `json:"name"`
	Code        string `json:"code"`
	Description string `json:"description"`
	Policy      string `json:"policy,omitempty"` // of passwords, where that is what was broken
	Status      int    `json:"statusCode"`
}

func (e *dbError) Error() string { return e.Code + ": " + e.Description }

func badRequest(code, description string) *dbError {
	return &dbError{Name: "BadRequestError", Code: code, Description: description, Status: http.StatusBadRequest}
}

// signup is POST /dbconnections/signup.
func (p *Provider) signup(w http.ResponseWriter, r *http.Request) {
	form, c, err := p.database(r)
	if err != nil {
		p.refuseDB(w, r, err)
		return
	}
	n := flows.Newcomer{
		ClientID: c.ID, Email: form.Get("email"), Username: form.Get("username"), Password: form.Get("password"), Name: form.Get("name"),
		GivenName: form.Get("given_name"), FamilyName: form.Get("family_name"), Nickname: form.Get("nickname"), Picture: form.Get("picture"),
		Metadata: json.RawMessage(form.Get("user_metadata")),
	}
	u, err := p.flows.SignUp(r, n)
	if err != nil {
		p.refuseDB(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, newcomer(u, n.Username != ""))
}

// newcomer is a new person as these endpoints show them: what they said themselves.
func newcomer(u *storage.User, named bool) map[string]any {
	body := map[string]any{"_id": u.ID, "email": u.Email, "email_verified": u.EmailVerified}
	for name, value := range map[string]string{
		"name": u.Name, "given_name": u.GivenName, "family_name": u.FamilyName, "nickname": u.Nickname, "picture": u.Picture,
	} {
		if value != "" {
			body[name] = value
		}
	}
	if named {
		body["username"] = u.Username
	}
	if len(u.UserMetadata) > 0 {
		body["user_metadata"] = u.UserMetadata
	}
	return body
}

// changePassword is POST /dbconnections/change_password: the mail of /reset, and the same
// answer for everybody.
func (p *Provider) changePassword(w http.ResponseWriter, r *http.Request) {
	form, _, err := p.database(r)
	if err == nil {
		err = p.flows.MailReset(r, firstOf(form.Get("email"), form.Get("username")))
	}
	if err != nil {
		p.refuseDB(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte("We've just sent you an email to reset your password.")) // the client has gone; the log line says so
}

// database reads a request about the people of our own. A page may send it from where its
// client lives only.
func (p *Provider) database(r *http.Request) (url.Values, *client, error) {
	form, err := postForm(r)
	if err != nil {
		return nil, nil, err
	}
	c, err := p.client(r.Context(), form.Get("client_id"))
	var e *oauthError
	switch {
	case errors.As(err, &e), err == nil && c.Disabled:
		return nil, nil, badRequest("invalid_request", "There is no client with this client_id.")
	case err != nil:
		return nil, nil, err
	case form.Get("connection") != p.flows.Connection():
		return nil, nil, badRequest("invalid_request", "There is no connection with this name.")
	case firstOf(form.Get("email"), form.Get("username")) == "":
		return nil, nil, badRequest("invalid_request", "Missing required parameter: email")
	}
	if from := r.Header.Get("Origin"); from != "" && !c.callsFrom(from) {
		return nil, nil, &dbError{Name: "ForbiddenError", Code: "access_denied", Description: "This origin is none of the client's web origins.", Status: http.StatusForbidden}
	}
	return form, c, nil
}

// refuseDB answers in the shape of these endpoints.
func (p *Provider) refuseDB(w http.ResponseWriter, r *http.Request, err error) {
	var known *dbError
	var weak *factors.Rejection
	var limited *flows.Limited
	switch {
	case errors.As(err, &known):
	case errors.Is(err, flows.ErrNoSignUp):
		known = badRequest("invalid_signup", "Public signup is disabled")
	case errors.Is(err, flows.ErrNotTaken):
		known = badRequest("invalid_signup", "Invalid sign up")
	case errors.Is(err, flows.ErrNoMail):
		known = badRequest("invalid_request", "This provider sends no mail.")
	case errors.As(err, &weak):
		known = &dbError{Name: "PasswordStrengthError", Code: "invalid_password", Description: "Password is too weak", Policy: rule(weak), Status: http.StatusBadRequest}
	case errors.As(err, &limited):
		flows.RetryAfter(w.Header(), limited.Wait)
		known = &dbError{Name: "TooManyRequestsError", Code: "too_many_requests", Description: "Too many requests from this address. Try again later.", Status: http.StatusTooManyRequests}
	default:
		e := translate(err)
		p.note(r, e)
		known = &dbError{Name: "Error", Code: e.Code, Description: e.Description, Status: e.status}
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, known.Status, known)
}

// rule says which rule of passwords was broken, to a page that shows it.
func rule(weak *factors.Rejection) string {
	switch weak.Message {
	case "password.too_short":
		return fmt.Sprintf("* At least %v characters in length", weak.Data["Min"])
	case "password.too_long":
		return fmt.Sprintf("* At most %v characters in length", weak.Data["Max"])
	case "password.context":
		return "* No part of the name, the address or the site"
	}
	return "* None of the passwords that many people use"
}
