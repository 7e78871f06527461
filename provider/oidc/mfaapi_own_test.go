package oidc_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
)

// stepsToken is an access token for the MFA API, with all of its scopes, by app.
func (h *house) stepsToken(name string, pairs ...string) string {
	h.t.Helper()
	asked := []string{"audience", h.issuer + "mfa/", "scope", "openid offline_access enroll read:authenticators remove:authenticators"}
	got := h.password("app", name, append(asked, pairs...)...)
	if got.text("error") == "mfa_required" {
		got = h.token("app", "grant_type", byOTP, "mfa_token", got.text("mfa_token"), "otp", h.code(h.users[name]))
	}
	return got.is(http.StatusOK, "").text("access_token")
}

// The MFA API's audience asks for the second factor of who has one, though no policy does;
// who has none, or a mailbox only, gets a token without.
func TestMFAAudience(t *testing.T) {
	h := apps(t, func(p *plan) { p.policy = policy.Never })
	mfa := []string{"audience", h.issuer + "mfa/", "scope", "openid enroll"}
	h.password("app", "grace").is(http.StatusOK, "")
	if types := h.password("app", "grace", mfa...).is(http.StatusForbidden, "mfa_required").kinds("challenge"); !slices.Equal(types, []string{"otp"}) {
		t.Errorf("a weak factor opens the MFA API: %v", types)
	}
	got := h.password("app", "ada", mfa...).is(http.StatusOK, "")
	if got.body["expires_in"] != 600.0 {
		t.Errorf("expires_in %v", got.body["expires_in"])
	}
	h.amend("app", func(c *storage.Client) { long := int64(7200); c.Settings.AccessTokenTTL = &long })
	if got = h.password("app", "ada", mfa...); got.body["expires_in"] != 600.0 {
		t.Errorf("expires_in %v where the client's tokens live for two hours", got.body["expires_in"])
	}
	b := h.browser()
	h.amend("web", func(c *storage.Client) { c.Settings.Policy = policy.Always })
	p := b.begin(h.ask("web")).press("answer", "username", "grace", "password", h.users["grace"].password)
	p.press("answer", "code", h.code(h.users["grace"]), "remember", "1").answer()
	h.amend("web", func(c *storage.Client) { c.Settings.Policy = "" })
	b.begin(h.ask("web", mfa...)).answer() // shown a moment ago
	b.signOut()
	b.begin(h.ask("web")).press("answer", "username", "grace", "password", h.users["grace"].password).answer()
	if q := b.begin(h.ask("web", append(mfa, "prompt", "none")...)).fails("login_required"); q.Get("error_description") != "Multifactor authentication required" {
		t.Errorf("%v", q)
	}
	b.begin(h.ask("web", mfa...)).says("Enter your code") // though the browser is remembered
}

// Row 106: only an access token removes, and linked authenticators fall together.
func TestRow106_Delete(t *testing.T) {
	h := apps(t, func(p *plan) { p.policy = policy.Never })
	token := h.stepsToken("grace")
	sms := h.associate(token, map[string]any{"authenticator_types": []string{"oob"}, "oob_channels": []string{"sms"}, "phone_number": "+4915123456789"}).is(http.StatusOK, "").
		only("authenticator_type", "binding_method", "oob_channel", "oob_code")
	confirmed := h.token("app", "grant_type", byOOB, "mfa_token", token, "oob_code", sms.text("oob_code"), "binding_code", h.texted()).is(http.StatusOK, "")
	if !strings.Contains(confirmed.text("scope"), "enroll") || confirmed.body["expires_in"] != 600.0 {
		t.Errorf("%s", confirmed.raw)
	}
	mail := h.associate(token, map[string]any{"authenticator_types": []string{"oob"}, "oob_channels": []string{"email"}, "email": "second@example.com"}).is(http.StatusOK, "").
		only("authenticator_type", "binding_method", "oob_channel", "oob_code")
	mails := h.arrived()
	sent := mails[len(mails)-1]
	if sent.to != "second@example.com" {
		t.Fatalf("mail to %s", sent.to)
	}
	h.token("app", "grant_type", byOOB, "mfa_token", token, "oob_code", mail.text("oob_code"), "binding_code", sixDigits.FindString(sent.text)).is(http.StatusOK, "")
	ids := map[string]string{}
	for _, one := range h.list(token) {
		name, _ := one["name"].(string)
		prefix, _, _ := strings.Cut(one["id"].(string), "|")
		ids[prefix+" "+name] = one["id"].(string)
	}
	if len(ids) != 6 { // totp, recovery codes, sms, voice and two mailboxes
		t.Fatalf("%v", ids)
	}
	remove := func(token, id string) *reply {
		return h.api(http.MethodDelete, "/mfa/authenticators/"+url.PathEscape(id), token, nil)
	}
	remove(h.password("app", "grace", "audience", h.issuer+"mfa/").text("mfa_token"), ids["totp "]).is(http.StatusForbidden, "insufficient_scope")
	remove(token, ids["email grac*@exam*******"]).is(http.StatusForbidden, "access_denied")
	remove(token, ids["recovery-code "]).is(http.StatusForbidden, "access_denied")
	remove(token, "totp|dev_0123456789abcdef").is(http.StatusNotFound, "not_found")
	remove(token, strings.Replace(ids["totp "], "totp", "sms", 1)).is(http.StatusNotFound, "not_found")
	remove(token, "nonsense").is(http.StatusNotFound, "not_found")
	if got := remove(token, ids["voice XXXXXXXXXX6789"]).is(http.StatusNoContent, ""); got.raw != "" {
		t.Errorf("body %q", got.raw)
	}
	for _, one := range h.list(token) {
		if one["oob_channel"] == "sms" || one["oob_channel"] == "voice" {
			t.Errorf("the other one of the pair is left: %v", one)
		}
	}
	remove(token, ids["sms XXXXXXXXXX6789"]).is(http.StatusNotFound, "not_found")
	removed := h.events("authenticator.removed")
	if len(removed) != 1 || removed[0].Data["by"] != "client:app" || !slices.ContainsFunc(h.arrived(), func(m mailed) bool { return m.to == "grace@example.com" && strings.Contains(m.subject, "removed") }) {
		t.Errorf("events %v, mails %v", removed, h.arrived())
	}
}

// An access token is as good for changes as what its sign-in proved, and for as long.
func TestMFAAPI_FreshProof(t *testing.T) {
	h := apps(t, func(p *plan) { p.policy = policy.Never })
	before := h.stepsToken("ada") // who has nothing yet
	h.settings(func(s *storage.Settings) { s.Policy = policy.Always })
	token := h.needs("ada")
	otp := h.associate(token, map[string]any{"authenticator_types": []string{"otp"}}).is(http.StatusOK, "")
	h.users["ada"].key = otp.text("secret")
	h.token("app", "grant_type", byOTP, "mfa_token", token, "otp", h.code(h.users["ada"])).is(http.StatusOK, "")
	h.settings(func(s *storage.Settings) { s.Policy = policy.Never })
	body := map[string]any{"authenticator_types": []string{"otp"}}
	h.associate(before, body).is(http.StatusForbidden, "unmet_authentication_requirements") // it knows the password alone
	id := h.list(before)[0]["id"].(string)
	h.api(http.MethodDelete, "/mfa/authenticators/"+url.PathEscape(id), before, nil).is(http.StatusForbidden, "unmet_authentication_requirements")

	asked := []string{"audience", h.issuer + "mfa/", "scope", "openid offline_access enroll read:authenticators"}
	full := h.token("app", "grant_type", byOTP, "mfa_token", h.needs("ada", asked...), "otp", h.code(h.users["ada"])).is(http.StatusOK, "")
	h.associate(full.text("access_token"), body).is(http.StatusOK, "")
	narrow := h.refresh("app", full.text("refresh_token"), "scope", "read:authenticators").is(http.StatusOK, "")
	h.associate(narrow.text("access_token"), body).is(http.StatusForbidden, "insufficient_scope")
	h.wait(11 * time.Minute)
	late := h.refresh("app", narrow.text("refresh_token")).is(http.StatusOK, "").text("access_token")
	if len(h.list(late)) == 0 {
		t.Error("a refreshed token does not even read")
	}
	h.associate(late, body).is(http.StatusForbidden, "unmet_authentication_requirements")
}

// TestMFAAPI_LastFactorStays: what policy wants is not removed by this door either.
func TestMFAAPI_LastFactorStays(t *testing.T) {
	h := apps(t)
	token := h.stepsToken("grace")
	for _, one := range h.list(token) {
		id, _ := one["id"].(string)
		if strings.HasPrefix(id, "totp|") {
			h.api(http.MethodDelete, "/mfa/authenticators/"+url.PathEscape(id), token, nil).is(http.StatusForbidden, "access_denied")
		}
	}
	if left := h.list(token); !slices.ContainsFunc(left, func(one map[string]any) bool { return one["authenticator_type"] == "otp" }) {
		t.Errorf("%v", left)
	}
}
