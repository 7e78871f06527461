package oidc_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

const register = "Username-Password-Authentication"

// signUps lets strangers make an account.
func (h *house) signUps() {
	h.t.Helper()
	s, err := h.db.Settings(h.t.Context())
	h.must(err)
	s.SignUp = true
	h.must(h.db.PutSettings(h.t.Context(), s))
}

func (r *reply) refused(status int, name, code string) *reply {
	r.h.t.Helper()
	if r.status != status || r.text("name") != name || r.text("code") != code || r.body["statusCode"] != float64(status) || r.text("description") == "" {
		r.h.t.Errorf("%d %s, want %d %s %s", r.status, r.raw, status, name, code)
	}
	return r
}

var verifyLink = regexp.MustCompile(`http://\S+/verify/\S+`)

func TestSignUp(t *testing.T) {
	h := open(t)
	body := map[string]any{"client_id": "spa", "connection": register, "email": "new@example.com", "password": "eleven blue horses", "given_name": "Nel", "user_metadata": map[string]string{"plan": "free"}}
	with := func(name string, value any) map[string]any {
		other := map[string]any{}
		for k, v := range body {
			other[k] = v
		}
		other[name] = value
		return other
	}
	h.sdk("/dbconnections/signup", body).refused(http.StatusBadRequest, "BadRequestError", "invalid_signup") // off unless switched on
	h.signUps()
	got := h.sdk("/dbconnections/signup", body)
	if meta, _ := got.body["user_metadata"].(map[string]any); got.status != http.StatusOK || got.text("_id") == "" || got.text("email") != "new@example.com" || got.body["email_verified"] != false || meta["plan"] != "free" || got.text("given_name") != "Nel" {
		t.Fatalf("%d %s", got.status, got.raw)
	}
	if got.body["username"] != nil || strings.Contains(got.raw, "horses") {
		t.Errorf("%s", got.raw)
	}
	// That an address is taken is not told apart from any other reason.
	taken := h.sdk("/dbconnections/signup", with("email", "ADA@example.com")).refused(http.StatusBadRequest, "BadRequestError", "invalid_signup")
	for name, value := range map[string]string{"email": "not an address", "username": "grace@example.com"} {
		if other := h.sdk("/dbconnections/signup", with(name, value)); other.raw != taken.raw {
			t.Errorf("%s %q: %s and %s", name, value, other.raw, taken.raw)
		}
	}
	weak := h.sdk("/dbconnections/signup", with("password", "short")).refused(http.StatusBadRequest, "PasswordStrengthError", "invalid_password")
	if !strings.HasPrefix(weak.text("policy"), "* At least ") {
		t.Errorf("policy %q", weak.text("policy"))
	}
	h.sdk("/dbconnections/signup", with("client_id", "nobody")).refused(http.StatusBadRequest, "BadRequestError", "invalid_request")
	h.sdk("/dbconnections/signup", with("connection", "google-oauth2")).refused(http.StatusBadRequest, "BadRequestError", "invalid_request")

	var link string
	for _, m := range h.arrived() {
		if m.to == "new@example.com" {
			link = verifyLink.FindString(m.text)
		}
	}
	b := h.browser()
	if link == "" {
		t.Fatal("no mail with a link")
	}
	b.get(link).says("Confirm your e-mail address")
	if u, err := h.db.UserByID(t.Context(), got.text("_id")); err != nil || u.EmailVerified {
		t.Errorf("a mail server that follows the link has confirmed it: %v", err)
	}
	b.get(link).press("answer").says("Your address is confirmed")
	if u, err := h.db.UserByID(t.Context(), got.text("_id")); err != nil || !u.EmailVerified {
		t.Errorf("not confirmed: %v", err)
	}
	if again := b.get(link); again.status != http.StatusGone {
		t.Errorf("the link works twice: %d", again.status)
	}
	if len(h.events("user.created")) != 1 || len(h.events("user.email_verified")) != 1 {
		t.Error("the audit log has not one line of each")
	}
	h.users["new@example.com"] = &user{password: "eleven blue horses"}
	if q := b.begin(h.ask("spa")).signIn("new@example.com").answer(); q.Get("code") == "" {
		t.Errorf("%v", q)
	}
}

func TestSignUpIsLimitedAndForTheClientsOrigins(t *testing.T) {
	h := open(t)
	h.signUps()
	body := map[string]any{"client_id": "spa", "connection": register, "email": "not an address", "password": "x"}
	r := h.sdkRequest("/dbconnections/signup", body)
	r.Header.Set("Origin", "https://evil.example")
	h.do(r).refused(http.StatusForbidden, "ForbiddenError", "access_denied")
	r = h.sdkRequest("/dbconnections/signup", body)
	r.Header.Set("Origin", "https://app.example")
	own := h.do(r).refused(http.StatusBadRequest, "BadRequestError", "invalid_signup")
	if own.header.Get("Access-Control-Allow-Origin") == "" {
		t.Error("the client's page cannot read the answer")
	}
	for range 19 {
		h.sdk("/dbconnections/signup", body)
	}
	if got := h.sdk("/dbconnections/signup", body).refused(http.StatusTooManyRequests, "TooManyRequestsError", "too_many_requests"); got.header.Get("Retry-After") == "" {
		t.Error("nothing says when to come again")
	}
}

func TestChangePasswordMailsAndTellsNothing(t *testing.T) {
	h := open(t)
	ask := func(mail string) *reply {
		return h.sdk("/dbconnections/change_password", map[string]string{"client_id": "spa", "connection": register, "email": mail})
	}
	known, unknown := ask("ada@example.com"), ask("nobody@example.com")
	if known.status != http.StatusOK || known.raw != "We've just sent you an email to reset your password." || !strings.HasPrefix(known.header.Get("Content-Type"), "text/html") {
		t.Errorf("%d %s", known.status, known.raw)
	}
	if unknown.status != known.status || unknown.raw != known.raw {
		t.Errorf("an unknown address is told apart: %s", unknown.raw)
	}
	var links int
	for _, m := range h.arrived() {
		if m.to == "ada@example.com" && strings.Contains(m.text, "/reset/") {
			links++
		}
	}
	if links != 1 || len(h.events("password.reset_mailed")) != 1 {
		t.Errorf("%d mails", links)
	}
	h.sdk("/dbconnections/change_password", map[string]string{"client_id": "spa", "connection": register}).refused(http.StatusBadRequest, "BadRequestError", "invalid_request")
}
