package oidc_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
)

// Row 99: a password alone is answered with what is needed beside it.
func TestRow99_MFARequired(t *testing.T) {
	h := apps(t)
	got := h.password("app", "grace", "scope", "openid").is(http.StatusForbidden, "mfa_required").tells("Multifactor authentication required")
	got.only("error", "error_description", "mfa_token", "mfa_requirements")
	if types := got.kinds("challenge"); !slices.Equal(types, []string{"otp", "email", "recovery-code"}) {
		t.Errorf("challenge %v", types)
	}
	if types := h.password("app", "ada").is(http.StatusForbidden, "mfa_required").kinds("enroll"); !slices.Equal(types, []string{"otp", "phone", "push-notification"}) {
		t.Errorf("enroll %v", types)
	}
	h.token("app", "grant_type", byRealm, "realm", "Username-Password-Authentication", "username", "grace", "password", h.users["grace"].password).is(http.StatusForbidden, "mfa_required")
	h.token("app", "grant_type", byRealm, "realm", "another", "username", "grace", "password", h.users["grace"].password).is(http.StatusBadRequest, "invalid_request")
	wrong := h.token("app", "grant_type", byPassword, "username", "grace", "password", "no").is(http.StatusForbidden, "invalid_grant").tells("Wrong email or password.")
	if nobody := h.token("app", "grant_type", byPassword, "username", "nobody", "password", "no"); nobody.raw != wrong.raw || nobody.status != wrong.status {
		t.Errorf("a name that nobody has: %s", nobody.raw)
	}
	h.settings(func(s *storage.Settings) { s.Policy = policy.Never })
	tokens := h.password("app", "ada", "scope", "openid offline_access read", "audience", testAPI).is(http.StatusOK, "")
	tokens.only("access_token", "id_token", "refresh_token", "scope", "expires_in", "token_type")
	if id := tokens.id(); id["sub"] != h.users["ada"].ID || !slices.Equal(amrOf(id), []string{"pwd"}) || id["sid"] != nil || id["auth_time"] == nil {
		t.Errorf("%v", id)
	}
	if claims, _ := h.claims(tokens.text("access_token")); claims["scope"] != tokens.text("scope") || tokens.text("scope") != "openid offline_access read" {
		t.Errorf("%v", claims)
	}
	h.refresh("app", tokens.text("refresh_token")).is(http.StatusOK, "")
	h.must(h.flows.SignOutEverywhere(t.Context(), h.users["ada"].ID, ""))
	h.userinfo(tokens.text("access_token")).is(http.StatusUnauthorized, "invalid_token")
	h.refresh("app", tokens.text("refresh_token")).is(http.StatusBadRequest, "invalid_grant")
}

// Row 100: an mfa_token is of one client, for ten minutes.
func TestRow100_TokenBinding(t *testing.T) {
	h := apps(t)
	token := h.needs("grace", "scope", "openid")
	h.token("other", "grant_type", byOTP, "mfa_token", token, "otp", h.code(h.users["grace"])).is(http.StatusBadRequest, "invalid_request").tells("mfa_token not issued to this client")
	if len(h.events("login.refused")) != 1 {
		t.Error("nothing in the log")
	}
	h.token("app", "grant_type", byOTP, "mfa_token", token[:len(token)-1]+"!", "otp", "123456").is(http.StatusForbidden, "invalid_grant").tells("Malformed mfa_token")
	h.token("app", "grant_type", byOTP, "mfa_token", token, "otp", h.code(h.users["grace"])).is(http.StatusOK, "")
	h.token("app", "grant_type", byOTP, "mfa_token", token, "otp", h.code(h.users["grace"])).is(http.StatusForbidden, "expired_token").tells("mfa_token is expired")
	token = h.needs("grace")
	h.wait(10*time.Minute + time.Second)
	h.token("app", "grant_type", byOTP, "mfa_token", token, "otp", h.code(h.users["grace"])).is(http.StatusForbidden, "expired_token").tells("mfa_token is expired")
	h.challenge(token, nil).is(http.StatusForbidden, "expired_token")
	h.api(http.MethodGet, "/mfa/authenticators", token, nil).is(http.StatusUnauthorized, "expired_token")
	h.api(http.MethodGet, "/mfa/authenticators", "nonsense", nil).is(http.StatusUnauthorized, "invalid_grant").tells("Malformed mfa_token")
	h.api(http.MethodGet, "/mfa/authenticators", "", nil).is(http.StatusUnauthorized, "invalid_token")
}

// Row 101: the list has the fields and the masks of the contract.
func TestRow101_Authenticators(t *testing.T) {
	h := apps(t)
	if all := h.list(h.needs("ada")); len(all) != 0 {
		t.Errorf("of who has none: %v", all)
	}
	h.withNumber("ada")
	all := h.list(h.needs("ada"))
	ids := regexp.MustCompile(`^(sms|voice|email|recovery-code)\|dev_[0-9a-z]{16,}$`)
	seen := map[string]map[string]any{}
	for _, one := range all {
		id, _ := one["id"].(string)
		if !ids.MatchString(id) || one["active"] != true || one["oob_channels"] != nil || one["type"] == "" || one["created_at"] == nil {
			t.Errorf("%v", one)
		}
		prefix, _, _ := strings.Cut(id, "|")
		seen[prefix] = one
	}
	for prefix, want := range map[string][3]string{
		"sms": {"phone", "sms", "XXXXXXXXXX6789"}, "voice": {"phone", "voice", "XXXXXXXXXX6789"}, "email": {"email", "email", "****@exam*******"},
	} {
		if got := seen[prefix]; got["type"] != want[0] || got["oob_channel"] != want[1] || got["name"] != want[2] || got["authenticator_type"] != "oob" {
			t.Errorf("%s: %v", prefix, got)
		}
	}
	if got := seen["recovery-code"]; got["authenticator_type"] != "recovery-code" || got["type"] != "recovery-code" || got["name"] != nil {
		t.Errorf("recovery code: %v", got)
	}
	for _, one := range h.list(h.needs("grace")) {
		if id, _ := one["id"].(string); strings.HasPrefix(id, "totp|") && (one["authenticator_type"] != "otp" || one["type"] != "otp" || one["oob_channel"] != nil) {
			t.Errorf("%v", one)
		}
	}
}

// withNumber has a person's first factor be their number.
func (h *house) withNumber(name string) {
	h.t.Helper()
	token := h.needs(name, "scope", "openid")
	made := h.associate(token, map[string]any{"authenticator_types": []string{"oob"}, "oob_channels": []string{"sms"}, "phone_number": "+4915123456789"}).is(http.StatusOK, "")
	h.token("app", "grant_type", byOOB, "mfa_token", token, "oob_code", made.text("oob_code"), "binding_code", h.texted()).is(http.StatusOK, "")
}

// Row 102: every kind of association has its fields; the second one with an mfa_token is
// refused.
func TestRow102_Associate(t *testing.T) {
	h := apps(t)
	code := regexp.MustCompile(`^[0-9A-Z]{24}$`)
	recovery := func(r *reply) string {
		list, _ := r.body["recovery_codes"].([]any)
		if len(list) != 1 || !code.MatchString(list[0].(string)) {
			t.Fatalf("recovery_codes %v", r.body["recovery_codes"])
		}
		return list[0].(string)
	}
	token := h.needs("ada", "scope", "openid")
	// go-auth0 proves its client in the body, beside the token.
	proven := map[string]any{"authenticator_types": []string{"otp"}, "client_id": "app", "client_secret": h.secret["app"]}
	h.associate(token, map[string]any{"authenticator_types": []string{"otp"}, "client_id": "app", "client_secret": "wrong"}).is(http.StatusUnauthorized, "invalid_client")
	otp := h.associate(token, proven).is(http.StatusOK, "").only("authenticator_type", "secret", "barcode_uri", "recovery_codes")
	if uri := "otpauth://totp/Test:ada?secret=" + otp.text("secret") + "&issuer=Test&algorithm=SHA1&digits=6&period=30"; otp.text("barcode_uri") != uri {
		t.Errorf("%s, want %s", otp.text("barcode_uri"), uri)
	}
	recovery(otp)
	if all := h.list(token); len(all) != 1 || all[0]["active"] != false {
		t.Errorf("what is not confirmed: %v", all)
	}
	sms := h.associate(token, map[string]any{"authenticator_types": []string{"oob"}, "oob_channels": []string{"sms"}, "phone_number": "+4915123456789"}).is(http.StatusOK, "")
	sms.only("authenticator_type", "binding_method", "oob_channel", "oob_code", "recovery_codes")
	voice := h.associate(token, map[string]any{"authenticator_types": []string{"oob"}, "oob_channels": []string{"voice"}, "phone_number": "+4915123456789"}).is(http.StatusOK, "")
	voice.only("authenticator_type", "binding_method", "oob_channel", "oob_code", "recovery_codes")
	for channel, r := range map[string]*reply{"sms": sms, "voice": voice} {
		if r.text("authenticator_type") != "oob" || r.text("binding_method") != "prompt" || r.text("oob_channel") != channel {
			t.Errorf("%s: %s", channel, r.raw)
		}
	}
	push := h.associate(token, map[string]any{"authenticator_types": []string{"oob"}, "oob_channels": []string{"auth0"}}).is(http.StatusOK, "")
	push.only("authenticator_type", "oob_channel", "barcode_uri", "oob_code", "recovery_codes")
	if len(h.list(token)) != 1 {
		t.Errorf("what is set up in vain stays: %v", h.list(token))
	}
	h.associate(token, map[string]any{"authenticator_types": []string{"oob"}, "oob_channels": []string{"email"}, "email": "x@example.com"}).is(http.StatusUnauthorized, "unsupported_challenge_type")
	h.token("app", "grant_type", byOOB, "mfa_token", token, "oob_code", sms.text("oob_code"), "binding_code", "000000").is(http.StatusForbidden, "expired_token")

	otp = h.associate(token, map[string]any{"authenticator_types": []string{"otp"}}).is(http.StatusOK, "")
	spare := recovery(otp)
	h.users["ada"].key = otp.text("secret")
	got := h.token("app", "grant_type", byOTP, "mfa_token", token, "otp", h.code(h.users["ada"])).is(http.StatusOK, "")
	if id := got.id(); !slices.Equal(amrOf(id), []string{"mfa", "otp", "pwd"}) || id["acr"] != multi {
		t.Errorf("%v", id)
	}
	again := h.needs("ada")
	h.associate(again, map[string]any{"authenticator_types": []string{"otp"}}).is(http.StatusForbidden, "access_denied").tells("User is already enrolled.")
	if got := h.token("app", "grant_type", byRecovery, "mfa_token", again, "recovery_code", spare).is(http.StatusOK, ""); !code.MatchString(got.text("recovery_code")) || got.text("recovery_code") == spare {
		t.Errorf("%s", got.raw)
	}
	for _, body := range []map[string]any{
		{}, {"authenticator_types": []string{"oob"}}, {"authenticator_types": []string{"oob"}, "oob_channels": []string{"sms"}}, {"authenticator_types": "otp"},
	} {
		h.associate(h.needs("ada"), body).is(http.StatusBadRequest, "invalid_request")
	}
	if len(h.events("authenticator.added")) < 2 || !slices.ContainsFunc(h.arrived(), func(m mailed) bool { return m.to == "ada@example.com" }) {
		t.Error("no event, or no mail, about the new factor")
	}
}

// Row 103: a challenge says how to answer, or why there is none.
func TestRow103_Challenge(t *testing.T) {
	h := apps(t)
	token := h.needs("grace")
	h.challenge(token, map[string]any{"challenge_type": "otp"}).is(http.StatusOK, "").only("challenge_type")
	if got := h.challenge(token, nil).is(http.StatusOK, ""); got.text("challenge_type") != "otp" {
		t.Errorf("%s", got.raw)
	}
	mail := h.challenge(token, map[string]any{"challenge_type": "oob"}).is(http.StatusOK, "").only("challenge_type", "oob_code", "binding_method")
	if mail.text("challenge_type") != "oob" || mail.text("binding_method") != "prompt" || mail.text("oob_code") == "" {
		t.Errorf("%s", mail.raw)
	}
	h.challenge(token, map[string]any{"challenge_type": "oob", "oob_channel": "sms"}).is(http.StatusUnauthorized, "unsupported_challenge_type").
		tells("The user does not support the requested challenge type (oob). Supported type: otp, oob")
	h.challenge(h.needs("ada"), nil).is(http.StatusForbidden, "association_required")
	h.withNumber("ada")
	token = h.needs("ada")
	for _, one := range h.list(token) {
		if one["oob_channel"] == "voice" {
			h.challenge(token, map[string]any{"authenticator_id": one["id"], "challenge_type": "oob"}).is(http.StatusOK, "").only("challenge_type", "oob_code", "binding_method")
		}
	}
	h.challenge(token, map[string]any{"authenticator_id": "sms|dev_0123456789abcdef"}).is(http.StatusBadRequest, "invalid_request")
	h.api(http.MethodPost, "/mfa/challenge", "", map[string]any{"mfa_token": token}).is(http.StatusBadRequest, "invalid_request").tells("Missing required parameter: client_id")
	h.api(http.MethodPost, "/mfa/challenge", "", map[string]any{"client_id": "app", "client_secret": h.secret["app"]}).tells("Missing required parameter: mfa_token")
	h.api(http.MethodPost, "/mfa/challenge", "", map[string]any{"client_id": "app", "mfa_token": token}).is(http.StatusUnauthorized, "invalid_client")
}

// Row 104: each grant ends the sign-in; a wrong code does not.
func TestRow104_Grants(t *testing.T) {
	h := apps(t)
	grace := h.users["grace"]
	token := h.needs("grace", "scope", "openid offline_access read", "audience", testAPI)
	h.token("app", "grant_type", byOTP, "mfa_token", token, "otp", "000000").is(http.StatusForbidden, "invalid_grant").tells("Invalid otp_code.")
	h.token("app", "grant_type", byOTP, "mfa_token", token, "otp", "12").is(http.StatusForbidden, "invalid_grant").tells("Invalid otp_code.")
	got := h.token("app", "grant_type", byOTP, "mfa_token", token, "otp", h.code(grace)).is(http.StatusOK, "").
		only("access_token", "id_token", "refresh_token", "scope", "expires_in", "token_type")
	if claims, _ := h.claims(got.text("access_token")); claims["scope"] != "openid offline_access read" || claims["acr"] != multi {
		t.Errorf("what was asked with the password is lost: %v", claims)
	}
	token = h.needs("grace", "scope", "openid")
	asked := h.challenge(token, map[string]any{"challenge_type": "oob"})
	mails := h.arrived()
	sent := sixDigits.FindString(mails[len(mails)-1].text)
	h.token("app", "grant_type", byOOB, "mfa_token", token, "oob_code", asked.text("oob_code"), "binding_code", wrongOf(sent)).is(http.StatusForbidden, "invalid_grant").tells("Invalid binding_code.")
	weak := h.token("app", "grant_type", byOOB, "mfa_token", token, "oob_code", asked.text("oob_code"), "binding_code", sent).is(http.StatusOK, "")
	if id := weak.id(); id["acr"] == multi {
		t.Errorf("a mailbox raised acr: %v", id)
	}
	token = h.needs("grace", "scope", "openid")
	rc := h.token("app", "grant_type", byRecovery, "mfa_token", token, "recovery_code", grace.codes[0]).is(http.StatusOK, "").
		only("access_token", "id_token", "scope", "expires_in", "token_type", "recovery_code")
	h.token("app", "grant_type", byRecovery, "mfa_token", h.needs("grace"), "recovery_code", grace.codes[0]).is(http.StatusForbidden, "invalid_grant")
	h.token("app", "grant_type", byRecovery, "mfa_token", h.needs("grace"), "recovery_code", rc.text("recovery_code")).is(http.StatusOK, "")
	if len(h.events("recovery_code.used")) != 2 || len(h.events("login.done")) != 4 {
		t.Error("events are missing")
	}
}

// Row 107: a client that is not registered for the MFA grants has none.
func TestRow107_GrantTypes(t *testing.T) {
	h := apps(t)
	token := h.password("plain", "grace").is(http.StatusForbidden, "mfa_required").text("mfa_token")
	for _, kind := range []string{byOTP, byOOB, byRecovery} {
		h.token("plain", "grant_type", kind, "mfa_token", token, "otp", "123456", "oob_code", "x", "recovery_code", "x").is(http.StatusForbidden, "unauthorized_client").
			tells("Grant type '" + kind + "' not allowed for the client.")
	}
	h.token("web", "grant_type", byPassword, "username", "ada", "password", h.users["ada"].password).is(http.StatusForbidden, "unauthorized_client")
	h.amend("app", func(c *storage.Client) { c.Settings.FirstParty = false })
	h.password("app", "ada").is(http.StatusForbidden, "unauthorized_client")
}
