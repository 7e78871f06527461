package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// What a picture may hold, and what is said of anything else without repeating the
// ticket.
func TestTarget(t *testing.T) {
	const site = "https://id.example.com/appliance-mfa"
	for _, c := range [][3]string{ // address, --base, what it is
		{"https://id.example.com/authenticator#HUSH", "", site},
		{" https://id.example.com/authenticator#HUSH\n", "", site},
		{"https://example.com/id/authenticator#HUSH", "", "https://example.com/id/appliance-mfa"},
		{"http://localhost:8080/authenticator#HUSH", "", "http://localhost:8080/appliance-mfa"},
		{"http://[::1]:8080/authenticator#HUSH", "", "http://[::1]:8080/appliance-mfa"},
		{"otpauth://totp/x:ada?enrollment_tx_id=HUSH&issuer=x&base_url=https%3A%2F%2Fid.example.com%2Fappliance-mfa", "", site},
		{"otpauth://totp/x:ada?enrollment_tx_id=HUSH&issuer=x", "https://id.example.com/", site},
		{"HUSH", "https://id.example.com", site},
		{"HUSH", "https://id.example.com/guardian/", "https://id.example.com/guardian"},
		{"https://id.example.com/authenticator#HUSH", "http://127.0.0.1:8080", "http://127.0.0.1:8080/appliance-mfa"},
	} {
		base, ticket, err := target(c[0], c[1])
		if base != c[2] || ticket != "HUSH" || err != nil {
			t.Errorf("%q --base %q: %q %q %v", c[0], c[1], base, ticket, err)
		}
	}
	for _, c := range [][3]string{ // address, --base, what is said
		{"HUSH", "", "--base"}, {"otpauth://totp/x?enrollment_tx_id=HUSH", "", "--base"},
		{"https://id.example.com/authenticator", "", "no ticket"}, {"otpauth://totp/x?secret=HUSH", "", "no ticket"}, {"", "https://id.example.com", "no ticket"},
		{"https://id.example.com/login/HUSH#HUSH", "", "Set up this device instead"}, {"https://id.example.com/%zz#HUSH", "", "Set up this device instead"},
		{"http://id.example.com/authenticator#HUSH", "", "not https"}, {"HUSH", "id.example.com", "not https"}, {"HUSH", "ftp://localhost", "not https"},
		{"http://localhost.evil.example/authenticator#HUSH", "", "not https"}, {"https:///authenticator#HUSH", "", "not https"},
	} {
		_, _, err := target(c[0], c[1])
		if err == nil || !strings.Contains(err.Error(), c[2]) || strings.Contains(err.Error(), "HUSH") {
			t.Errorf("%q --base %q: %v", c[0], c[1], err)
		}
	}
}

// Servers that are not what is looked for are said to be that.
func TestEnrollElsewhere(t *testing.T) {
	d := newDevice(t)
	for _, c := range []struct {
		status         int
		kind, body     string
		location, want string
	}{
		{http.StatusNotFound, "text/html", "<html>", "", "does not speak with devices"},
		{http.StatusFound, "text/html", "", "https://evil.example/", "does not speak with devices"},
		{http.StatusBadGateway, "text/html", "<html>", "", "answers 502"},
		{http.StatusOK, "text/html", "<html>", "", "cannot read"},
		{http.StatusCreated, "application/json", `{"id":"x"}`, "", "cannot read"},
		{http.StatusBadRequest, "application/json", `{"statusCode":400,"errorCode":"invalid_body","message":"name: \u001b[2J"}`, "", "name: \ufffd[2J"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", c.kind)
			if c.location != "" {
				w.Header().Set("Location", c.location)
			}
			w.WriteHeader(c.status)
			_, _ = w.Write([]byte(c.body))
		}))
		if r := d.does(statusFailed, c.want, "enroll", "HUSH", "--base", server.URL); strings.Contains(r.err, "HUSH") {
			t.Errorf("the ticket is said: %s", r.err)
		}
		server.Close()
	}
	if len(d.kept()) != 0 {
		t.Error("something was kept")
	}
}

// The exit status says who has to act.
func TestStatus(t *testing.T) {
	d := newDevice(t)
	for _, c := range []struct {
		status int
		words  string
		args   []string
	}{
		{statusDone, "enroll 'ADDRESS'", nil}, {statusDone, "--timeout", []string{"wait", "--help"}}, {statusDone, "ISSUER", []string{"list"}},
		{statusMisused, "see `authenticator --help`", []string{"frobnicate"}}, {statusMisused, "ADDRESS is missing", []string{"enroll"}},
		{statusMisused, "one argument too many", []string{"code", "a", "b"}}, {statusMisused, "see `authenticator wait --help`", []string{"wait", "--frobnicate"}},
		{statusMisused, "--approve is not a number", []string{"wait", "--approve", "forty-two"}}, {statusMisused, "--approve is not a number", []string{"wait", "--approve", ""}},
		{statusMisused, "give one of", []string{"wait", "--deny", "--report"}}, {statusMisused, "give one of", []string{"wait", "--deny", "--approve", "42"}}, {statusMisused, "--timeout is below 0", []string{"wait", "--timeout", "-1s"}},
		{statusNotFound, "begin with `authenticator enroll", []string{"wait"}}, {statusNotFound, "see `authenticator list`", []string{"code", "ada"}},
		{statusFailed, "cannot be reached", []string{"enroll", "T", "--base", "https://127.0.0.1:1"}},
	} {
		d.does(c.status, c.words, c.args...)
	}
	r := d.run("", "list", "--json")
	if r.out != "[]\n" || r.status != statusDone {
		t.Errorf("%+v", r)
	}
}
