package oidc_test

import (
	"testing"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
)

// Row 90: two organizations, two lists of factors, one application.
func TestRow90_Organizations(t *testing.T) {
	h := build(t, plan{rules: true, factors: []string{factors.OTP, factors.SMS, factors.RecoveryCode}})
	for name, allowed := range map[string][]string{"apps": {factors.OTP}, "phones": {factors.SMS}} {
		o := &storage.Organization{ID: "org_" + name, Name: name, Policy: "always", Factors: allowed}
		h.must(h.db.CreateOrganization(t.Context(), o))
		h.must(h.db.PutMember(t.Context(), &storage.Member{OrganizationID: o.ID, UserID: h.users["ada"].ID, Roles: []string{"auditor"}}))
	}
	for name, field := range map[string]string{"apps": "code", "phones": "phone_number"} {
		asked, p := h.browser().asked(t, "ada", "web", "organization", name)
		if !asked || !p.has(field) {
			t.Errorf("%s: asked %v, no %s\n%.400s", name, asked, field, p.body)
		}
	}
	_, p := h.browser().asked(t, "grace", "web", "organization", "apps")
	p.says("You can’t sign in here")
	if row, r := h.record("grace"); row.Outcome != "denied" || r.Final.Reason != "not_member" {
		t.Errorf("%s, %s", row.Outcome, r.Final.Reason)
	}
	if asked, _ := h.browser().asked(t, "grace", "web"); asked {
		t.Error("the organization's policy holds without the organization")
	}

	// Roles in the organization are known to its policy and to scripts.
	o, err := h.db.OrganizationByID(t.Context(), "org_apps")
	h.must(err)
	o.Policy, o.Document = "never", []byte(`{"rows": [{"name": "auditors", "when": {"roles": "auditor"}, "policy": "always"}]}`)
	h.must(h.db.UpdateOrganization(t.Context(), o))
	h.action("who", `api.idToken.setCustomClaim("https://app.example/org", [event.organization.name, event.authorization.roles.join()])`)
	b := h.browser()
	_, p = b.asked(t, "ada", "web", "organization", "apps")
	if _, r := h.record("ada"); r.Asked.Source != "organization: auditors" {
		t.Errorf("decided by %q", r.Asked.Source)
	}
	got := h.ask("web").redeem(p.show("ada", factors.OTP).answer()).is(200, "")
	if list, _ := got.id()["https://app.example/org"].([]any); len(list) != 2 || list[0] != "apps" || list[1] != "auditor" || got.id()["org_id"] != "org_apps" {
		t.Errorf("%v", got.id())
	}
	// Who leaves the organization is no more let in with an old session.
	h.must(h.db.DeleteMember(t.Context(), o.ID, h.users["ada"].ID))
	b.begin(h.ask("web", "organization", "apps", "prompt", "none")).fails("access_denied")
}
