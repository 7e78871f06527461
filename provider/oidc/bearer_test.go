package oidc_test

import (
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/storage"
)

// called is what the room behind audience learns of a request with token.
func (h *house) called(audience, token string) (*flows.Caller, error) {
	h.t.Helper()
	r, err := http.NewRequest(http.MethodGet, h.at("/"), nil)
	h.must(err)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return h.oidc.Bearer(r, h.issuer+audience)
}

func (h *house) refusesCall(why, audience, token string) {
	h.t.Helper()
	if c, err := h.called(audience, token); !errors.Is(err, flows.ErrNoCaller) {
		h.t.Errorf("%s: %+v, %v; want flows.ErrNoCaller", why, c, err)
	}
}

func TestBearer_Person(t *testing.T) {
	h := open(t)
	got := h.browser().tokens("grace", h.ask("web", "scope", "openid read:me:factors transfer:funds", "audience", h.issuer+"me/"))
	token := got.text("access_token")
	c, err := h.called("me/", token)
	h.must(err)
	if c.UserID != h.users["grace"].ID || c.ClientID != "web" || c.SessionID == "" || c.ACR == "" || !slices.Contains(c.AMR, "pwd") {
		t.Errorf("%+v", c)
	}
	if !c.May("read:me:factors") || c.May("transfer:funds") || c.May("delete:me:sessions") {
		t.Errorf("scopes %v", c.Scopes)
	}
	if age := h.now().Sub(c.AuthTime); age < 0 || age > time.Minute || c.IssuedAt.Before(c.AuthTime) {
		t.Errorf("signed in at %s, token of %s", c.AuthTime, c.IssuedAt)
	}
	h.refusesCall("no token", "me/", "")
	h.refusesCall("another API", "mfa/", token)
	h.refusesCall("an ID token", "me/", got.text("id_token"))
	h.refusesCall("garbage", "me/", token+"x")
	h.wait(11 * time.Minute)
	h.refusesCall("expired", "me/", token)
	token = h.browser().tokens("grace", h.ask("web", "scope", "openid read:me:factors", "audience", h.issuer+"me/")).text("access_token")
	h.must(h.flows.SignOutEverywhere(t.Context(), h.users["grace"].ID, ""))
	h.refusesCall("signed out", "me/", token)
}

func TestBearer_Machine(t *testing.T) {
	h := open(t)
	management := h.issuer + "api/v2/"
	h.amend("machine", func(c *storage.Client) {
		c.Settings.Audiences[management] = []string{"read:users", "update:users"}
	})
	token := h.token("machine", "grant_type", "client_credentials", "audience", management).is(http.StatusOK, "").text("access_token")
	c, err := h.called("api/v2/", token)
	h.must(err)
	if c.UserID != "" || c.ClientID != "machine" || !slices.Equal(c.Scopes, []string{"read:users", "update:users"}) || c.IssuedAt.IsZero() {
		t.Errorf("%+v", c)
	}
	h.amend("machine", func(c *storage.Client) { c.Settings.Audiences[management] = []string{"read:users"} })
	if c, err = h.called("api/v2/", token); err != nil || !slices.Equal(c.Scopes, []string{"read:users"}) {
		t.Errorf("a scope that was taken still counts: %+v, %v", c, err)
	}
	h.amend("machine", func(c *storage.Client) { c.Disabled = true })
	h.refusesCall("disabled client", "api/v2/", token)
}

// TestHouseAPIs_WhoGetsTokens: people none for the Management API, machines none for those
// of people, and nobody by a client that has nothing to do with them.
func TestHouseAPIs_WhoGetsTokens(t *testing.T) {
	h := open(t)
	h.amend("web", func(c *storage.Client) { c.Settings.Audiences[h.issuer+"api/v2/"] = []string{"read:users"} })
	h.amend("machine", func(c *storage.Client) { c.Settings.Audiences[h.issuer+"me/"] = []string{"read:me:factors"} })
	for client, audience := range map[string]string{"web": "api/v2/", "partner": "me/"} {
		q := h.browser().begin(h.ask(client, "audience", h.issuer+audience)).answer()
		if q.Get("error") != "invalid_target" {
			t.Errorf("%s for %s: %v", client, audience, q)
		}
	}
	for _, audience := range []string{"me/", "mfa/", "api/v2/"} {
		h.token("machine", "grant_type", "client_credentials", "audience", h.issuer+audience).is(http.StatusBadRequest, "invalid_target")
	}
	h.amend("partner", func(c *storage.Client) { c.Settings.Audiences[h.issuer+"me/"] = nil })
	if got := h.browser().tokens("ada", h.ask("partner", "scope", "openid read:me:factors", "audience", h.issuer+"me/")); got.text("access_token") == "" {
		t.Error("a client that was granted the API gets no token")
	}
}
