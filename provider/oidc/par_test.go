package oidc_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// push pushes an ask and returns the address that uses it.
func (a *ask) push() (*reply, string) {
	a.h.t.Helper()
	var pairs []string
	for name, values := range a.form {
		if name != "client_id" {
			pairs = append(pairs, name, values[0])
		}
	}
	got := a.h.call(a.client, "/oauth/par", pairs...)
	return got, a.h.at("/authorize") + "?" + url.Values{"client_id": {a.client}, "request_uri": {got.text("request_uri")}}.Encode()
}

func TestPAR01_Push(t *testing.T) {
	h := open(t)
	a := h.ask("pushing")
	got, address := a.push()
	got.is(http.StatusCreated, "")
	if expires, _ := got.body["expires_in"].(float64); !strings.HasPrefix(got.text("request_uri"), "urn:ietf:params:oauth:request_uri:") || expires < 5 || expires > 600 {
		t.Errorf("%v", got.body)
	}
	if len(got.text("request_uri")) < 34+43 || got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%q", got.text("request_uri"))
	}
	q := h.browser().get(address).signIn("ada").answer()
	if q.Get("state") != "s-pushing" {
		t.Errorf("state %q", q.Get("state"))
	}
	a.redeem(q).is(200, "")
	h.secret["pushing"] = "wrong"
	got, _ = a.push()
	got.is(http.StatusUnauthorized, "invalid_client")
	spa, address := h.ask("spa").push()
	spa.is(http.StatusCreated, "")
	h.browser().get(address).says("Sign in")
}

func TestPAR02_RequestURIMisuse(t *testing.T) {
	h := open(t)
	h.ask("pushing").with("request_uri", "urn:ietf:params:oauth:request_uri:x")
	got := h.call("pushing", "/oauth/par", "request_uri", "urn:ietf:params:oauth:request_uri:x", "response_type", "code", "redirect_uri", callback)
	got.is(400, "invalid_request")
	_, address := h.ask("pushing").push()
	foreign := strings.Replace(address, "client_id=pushing", "client_id=web", 1)
	if p := h.browser().get(foreign); p.home || p.status != 400 || !strings.Contains(p.body, "invalid_request_uri") {
		t.Errorf("another client's: %d", p.status)
	}
	b := h.browser()
	p := b.get(address).says("Sign in")  // and the try of the other client changed nothing
	b.get(p.at.String()).says("Sign in") // a reload before the end works
	if p := b.get(address); p.home || p.status != 400 {
		t.Errorf("used: %d", p.status)
	}
	_, address = h.ask("pushing").push()
	h.wait(2 * time.Minute)
	if p := b.get(address); p.home || p.status != 400 {
		t.Errorf("expired: %d", p.status)
	}
}

func TestPAR03_RequiredAndValidated(t *testing.T) {
	h := open(t)
	h.browser().begin(h.ask("pushing")).fails("invalid_request")
	for _, bad := range []*ask{
		h.ask("pushing", "redirect_uri", "https://evil.example/"), h.ask("pushing", "max_age", "x"), h.ask("pushing", "prompt", "none login"),
		h.ask("pushing", "claims", "{"), h.ask("pushing", "response_type", "token"), h.ask("pushing", "audience", "https://nobody.example/"),
	} {
		if got, _ := bad.push(); got.status != 400 || got.text("error") == "" {
			t.Errorf("%v: %d %s", bad.form, got.status, got.raw)
		}
	}
}

func TestPAR04_Limits(t *testing.T) {
	h := open(t)
	r, err := http.NewRequest(http.MethodGet, h.at("/oauth/par"), nil)
	h.must(err)
	if got := h.do(r); got.status != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", got.status)
	}
	if got := h.call("pushing", "/oauth/par", "state", strings.Repeat("x", 300<<10)); got.status != http.StatusRequestEntityTooLarge {
		t.Errorf("300 KiB: %d", got.status)
	}
	h.must(drain(h, "par:pushing"))
	got, _ := h.ask("pushing").push()
	if got.status != http.StatusTooManyRequests {
		t.Errorf("flood: %d", got.status)
	}
}
