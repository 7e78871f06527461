package oidc_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/storage"
)

func (h *house) v2logout(pairs ...string) string {
	return strings.Replace(h.logout(pairs...), "/oidc/logout", "/v2/logout", 1)
}

// signedIn reports whether the browser has a session.
func (b *browser) signedIn() bool {
	b.h.t.Helper()
	return b.begin(b.h.ask("web", "prompt", "none")).answer().Get("code") != ""
}

func TestV2LogoutEndsTheSessionAndReturns(t *testing.T) {
	h := open(t)
	b := h.browser()
	for _, address := range []string{
		h.v2logout("client_id", "web", "returnTo", bye), h.v2logout("client_id", "web", "returnTo", bye) + "&federated",
		h.v2logout("client_id", "web"), h.v2logout("client_id", "web", "returnTo", bye, "unknown", "x", "state", "s"),
	} {
		b.begin(h.ask("web")).signIn("ada").answer()
		if p := b.get(address); !p.home || p.at.String() != bye {
			t.Errorf("%s: %d at %s", address, p.status, p.at)
		}
		if b.signedIn() {
			t.Errorf("%s: the session lives on", address)
		}
	}
	b.begin(h.ask("web")).signIn("ada").answer()
	b.get(h.v2logout()).says("You’re signed out")
	if b.signedIn() {
		t.Error("the session lives on")
	}
	if p := b.get(h.v2logout("client_id", "web", "returnTo", bye)); !p.home {
		t.Error("who is not signed in is not sent back")
	}
}

func TestV2LogoutLeadsNowhereElse(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.begin(h.ask("web")).signIn("ada").answer()
	evil := []string{
		"https://evil.example/", "//evil.example", "https:evil.example", `https:\\evil.example`, "javascript:alert(1)", "data:text/html,x", bye + "@evil.example", bye + ".evil.example",
		bye + "?to=https://evil.example", bye + "#x", bye + "/", "https://app.example/BYE", "https://app.example%2f@evil.example/bye", " " + bye, "/authorize", "https://app.example",
	}
	for _, to := range evil {
		for _, address := range []string{h.v2logout("client_id", "web", "returnTo", to), h.v2logout("returnTo", to)} {
			if p := b.get(address); p.home || p.status != http.StatusBadRequest || strings.Contains(p.body, `href="`+to) {
				t.Errorf("%s: %d at %s", address, p.status, p.at)
			}
		}
	}
	twice := h.v2logout("client_id", "web", "returnTo", bye) + "&" + url.Values{"returnTo": {"https://evil.example/"}}.Encode()
	for _, address := range []string{h.v2logout("returnTo", bye), h.v2logout("client_id", "nobody", "returnTo", bye), h.v2logout("client_id", "machine", "returnTo", callback), twice} {
		if p := b.get(address); p.home || p.status != http.StatusBadRequest {
			t.Errorf("%s: %d at %s", address, p.status, p.at)
		}
	}
	if !b.signedIn() {
		t.Error("a refused request ended the session")
	}
	s, err := h.db.Settings(t.Context())
	h.must(err)
	s.AllowedLogoutURLs = []string{"https://www.example/", bye}
	h.must(h.db.PutSettings(t.Context(), s))
	if p := b.get(h.v2logout("returnTo", bye)); !p.home || p.at.String() != bye {
		t.Errorf("listed by the tenant: %d at %s", p.status, p.at)
	}
	h.register("quiet", "none", func(c *storage.Client) { c.Metadata.PostLogoutRedirectURIs = nil })
	if p := b.get(h.v2logout("client_id", "quiet", "returnTo", bye)); p.home {
		t.Error("the tenant's list counts for a client")
	}
}
