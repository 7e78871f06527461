package oidc_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/storage"
)

// organization makes one, with people of the house as its members.
func (h *house) organization(name string, members ...string) *storage.Organization {
	h.t.Helper()
	o := &storage.Organization{Name: name, DisplayName: name + " Inc."}
	h.must(h.db.CreateOrganization(h.t.Context(), o))
	for _, name := range members {
		h.must(h.db.PutMember(h.t.Context(), &storage.Member{OrganizationID: o.ID, UserID: h.users[name].ID}))
	}
	return o
}

// Tokens say which organization the person signed in to, refreshed or not, whatever form
// they have; without one they say nothing.
func TestOrganization_InTokens(t *testing.T) {
	engines(t, func(t *testing.T, engine string) {
		h := build(t, plan{engine: engine})
		acme := h.organization("acme", "ada")
		for name, c := range map[string]struct {
			ref  string
			want any
		}{"by id": {acme.ID, acme.ID}, "by name": {"acme", acme.ID}, "by another spelling": {"ACME", acme.ID}, "none": {"", nil}} {
			for _, api := range []string{testAPI, ledgerAPI} {
				a := h.ask("web", "scope", "openid offline_access read", "audience", api)
				if c.ref != "" {
					a.with("organization", c.ref)
				}
				got := h.browser().tokens("ada", a)
				for when, r := range map[string]*reply{"at first": got, "refreshed": h.refresh("web", got.text("refresh_token"))} {
					if id := r.id()["org_id"]; id != c.want {
						t.Errorf("%s, %s: the ID token says %v", name, when, id)
					}
					token := r.text("access_token")
					if api == testAPI {
						claims, _ := h.claims(token)
						if claims["org_id"] != c.want {
							t.Errorf("%s, %s: the access token says %v", name, when, claims["org_id"])
						}
					}
					if said := h.introspect("web", token).body; said["org_id"] != c.want || said["active"] != true {
						t.Errorf("%s, %s: introspection says %v", name, when, said)
					}
				}
			}
		}
	})
}

// An organization is the request's: the next one in the same browser has its own.
func TestOrganization_IsOfTheRequest(t *testing.T) {
	h := open(t)
	acme, beta := h.organization("acme", "ada"), h.organization("beta", "ada")
	b := h.browser()
	b.begin(h.ask("web", "organization", "acme")).signIn("ada").answer()
	for ref, want := range map[string]any{"acme": acme.ID, "beta": beta.ID, "": nil} {
		a := h.ask("web", "prompt", "none")
		if ref != "" {
			a.with("organization", ref)
		}
		if got := a.redeem(b.begin(a).answer()).id()["org_id"]; got != want {
			t.Errorf("%q: %v", ref, got)
		}
	}
}

func TestOrganization_Unknown(t *testing.T) {
	h := open(t)
	acme := h.organization("acme", "ada")
	for _, ref := range []string{"beta", "org_none", "acme x", "%", strings.Repeat("a", 5000), strings.TrimPrefix(acme.ID, "org_")} {
		q := h.browser().begin(h.ask("web", "organization", ref)).fails("invalid_request")
		if q.Get("error_description") != "There is no such organization." || q.Get("state") != "s-web" {
			t.Errorf("%.20s: %v", ref, q)
		}
	}
	got, _ := h.ask("pushing", "organization", "beta").push()
	got.is(http.StatusBadRequest, "invalid_request")
	a := h.ask("pushing", "organization", "acme")
	_, address := a.push()
	if id := a.redeem(h.browser().get(address + "&organization=beta").signIn("ada").answer()).id(); id["org_id"] != acme.ID {
		t.Errorf("pushed: %v", id)
	}
	// One that goes while people sign in to it gives nobody a code.
	a = h.ask("web", "organization", "acme")
	p := h.browser().begin(a)
	h.must(h.db.DeleteOrganization(t.Context(), acme.ID))
	p = p.press("answer", "username", "ada", "password", h.users["ada"].password)
	if p.home && p.at.Query().Has("code") {
		t.Errorf("a code for what is gone: %v", p.at)
	}
}
