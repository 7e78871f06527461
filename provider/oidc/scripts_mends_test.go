package oidc_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/sallyport-id/sallyport/storage"
)

// What is deployed while a person is elsewhere runs from its beginning: nothing of it is
// taken for what sent them, and nothing is left out.
func TestDeployedWhileAway(t *testing.T) {
	h := build(t, plan{rules: true})
	h.action("away", `api.redirect.sendUserTo("https://terms.example/accept")`, `api.idToken.setCustomClaim("https://app.example/back", true)`)
	b := h.browser()
	_, p := b.asked(t, "ada", "web")
	to, err := url.Parse(p.link(t, "continue"))
	h.must(err)
	h.clear()
	h.action("guard", `api.access.deny("guarded")`)
	p = b.get(h.at("/continue?state=" + to.Query().Get("state")))
	if q := p.fails("access_denied"); q.Get("error_description") != "guarded" {
		t.Errorf("%v", q)
	}
}

// Scripts that are deleted in the middle of a sign-in want nothing more of it.
func TestDeletedInTheMiddle(t *testing.T) {
	h := build(t, plan{rules: true})
	h.action("1 asks", `api.authentication.challengeWith({ type: "otp" })`)
	h.action("2 refuses", `api.access.deny("never reached")`)
	_, p := h.browser().asked(t, "grace", "web")
	h.clear()
	if q := p.press("answer", "code", h.code(h.users["grace"])).answer(); q.Get("code") == "" {
		t.Errorf("%v", q)
	}
}

// A claim of the protocol is set by no script in any spelling that a decoder takes for it.
func TestReservedInAnySpelling(t *testing.T) {
	h := build(t, plan{rules: true})
	h.action("claims", `for (const name of ["ACR", "Sub", "\u017fub", "\u017fcope", "AMR"]) { api.idToken.setCustomClaim(name, "forged"); api.accessToken.setCustomClaim(name, "forged"); }`)
	got := h.browser().tokens("grace", h.ask("web", "audience", testAPI, "scope", "openid read"))
	access, _ := h.claims(got.text("access_token"))
	for _, claims := range []map[string]any{got.id(), access} {
		for name, value := range claims {
			if value == "forged" {
				t.Errorf("%q was forged", name)
			}
		}
	}
	if about := h.introspect("web", got.text("access_token")); about.text("acr") == "forged" || about.text("sub") != h.users["grace"].ID || about.text("scope") != "openid read" {
		t.Errorf("%v", about.body)
	}
}

// A rule takes a scope away at a refresh as it does at a sign-in.
func TestScopesAtRefresh(t *testing.T) {
	h := build(t, plan{rules: true})
	got := h.browser().tokens("grace", h.ask("web", "audience", testAPI, "scope", "openid read write offline_access"))
	h.action("narrow", `api.accessToken.removeScope("write")`)
	got = h.refresh("web", got.text("refresh_token")).is(200, "")
	if claims, _ := h.claims(got.text("access_token")); claims["scope"] != "openid read offline_access" {
		t.Errorf("%v", claims["scope"])
	}
}

// Who has left an organization refreshes no token of it, whether scripts run or not.
func TestLeftTheOrganization(t *testing.T) {
	h := build(t, plan{rules: true})
	o := &storage.Organization{ID: "org_acme", Name: "acme"}
	h.must(h.db.CreateOrganization(t.Context(), o))
	h.must(h.db.PutMember(t.Context(), &storage.Member{OrganizationID: o.ID, UserID: h.users["ada"].ID}))
	got := h.browser().tokens("ada", h.ask("web", "organization", "acme", "scope", "openid offline_access"))
	got = h.refresh("web", got.text("refresh_token")).is(200, "")
	h.must(h.db.DeleteMember(t.Context(), o.ID, h.users["ada"].ID))
	h.refresh("web", got.text("refresh_token")).is(http.StatusBadRequest, "access_denied")
}

// A document that this version does not understand is the strict one, and keeps its list.
func TestUnreadablePolicy(t *testing.T) {
	h := build(t, plan{rules: true})
	h.settings(func(s *storage.Settings) {
		s.Document = []byte(`{"rows": [{"name": "newer", "when": {"asn": "64500"}, "policy": "never"}]}`)
	})
	if asked, p := h.browser().asked(t, "grace", "web"); !asked {
		t.Errorf("let in: %s", p.at)
	}
}
