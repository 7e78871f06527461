package oidc_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/factors/standin"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
)

// Rows 20 and 21 over the API: ten wrong codes of one person, whichever way and address they
// come from; then one more after six minutes. A right one gives nothing back.
func TestRow20_21_WrongCodesOverAPI(t *testing.T) {
	h := apps(t)
	grace := h.users["grace"]
	h.amend("app", func(c *storage.Client) { c.Settings.TrustForwardedFor = true })
	p := h.browser().begin(h.ask("mfa")).press("answer", "username", "grace", "password", grace.password)
	for range 4 {
		p = p.press("answer", "code", "000000")
	}
	token := h.needs("grace")
	h.token("app", "grant_type", byOTP, "mfa_token", h.needs("grace"), "otp", h.code(grace)).is(http.StatusOK, "")
	for range 6 {
		h.token("app", "grant_type", byOTP, "mfa_token", token, "otp", "000000").is(http.StatusForbidden, "invalid_grant")
	}
	h.token("app", "grant_type", byOTP, "mfa_token", token, "otp", h.code(grace)).is(http.StatusTooManyRequests, "invalid_request")
	if p = p.press("answer", "code", h.code(grace)); p.home {
		t.Error("the browser has tries of its own")
	}
	h.wait(6 * time.Minute)
	h.token("app", "grant_type", byOTP, "mfa_token", h.needs("grace"), "otp", "000000").is(http.StatusForbidden, "invalid_grant")
	h.token("app", "grant_type", byOTP, "mfa_token", h.needs("grace"), "otp", "000000").is(http.StatusTooManyRequests, "invalid_request")
}

// Row 33: messages are in the language that the application names.
func TestRow33_RequestLanguage(t *testing.T) {
	h := apps(t)
	h.withNumber("ada")
	text := func(language string) string {
		h.challenge(h.needs("ada"), map[string]any{"challenge_type": "oob", "oob_channel": "sms"}, "x-request-language", language).is(http.StatusOK, "")
		all := h.phoned()
		return sixDigits.ReplaceAllString(all[len(all)-1].Text, "")
	}
	english, spanish := text("en"), text("es")
	if english == spanish || !strings.Contains(strings.ToLower(spanish), "código") {
		t.Errorf("%q and %q", english, spanish)
	}
}

// Row 98, second half: an MFA grant finishes a refresh that wanted a second factor, and
// spends the token that was refreshed.
func TestRow98_RefreshIsFinished(t *testing.T) {
	h := apps(t, func(p *plan) { p.rules = true; p.policy = policy.Never })
	first := h.password("app", "grace", "scope", "openid offline_access read", "audience", testAPI).is(http.StatusOK, "")
	h.rule("any", `if (!context.authentication.methods.find(m => m.name === "mfa")) context.multifactor = { provider: "any" }; callback(null, user, context)`)
	needed := h.refresh("app", first.text("refresh_token"), "scope", "openid read").is(http.StatusForbidden, "mfa_required")
	if types := needed.kinds("challenge"); types[0] != "otp" {
		t.Errorf("%v", types)
	}
	token := needed.text("mfa_token")
	h.token("app", "grant_type", byOTP, "mfa_token", token, "otp", "000000").is(http.StatusForbidden, "invalid_grant")
	got := h.token("app", "grant_type", byOTP, "mfa_token", token, "otp", h.code(h.users["grace"])).is(http.StatusOK, "")
	if claims, _ := h.claims(got.text("access_token")); claims["scope"] != "openid read" || claims["acr"] != multi || got.text("scope") != "openid read" {
		t.Errorf("%v", claims)
	}
	if got.id()["acr"] != multi {
		t.Errorf("%v", got.id())
	}
	again := h.refresh("app", got.text("refresh_token")).is(http.StatusOK, "")
	if claims, _ := h.claims(again.text("access_token")); claims["scope"] != "openid offline_access read" {
		t.Errorf("the chain has lost scopes: %v", claims)
	}
	h.wait(time.Minute)
	h.refresh("app", first.text("refresh_token")).is(http.StatusBadRequest, "invalid_grant")
	h.refresh("app", again.text("refresh_token")).is(http.StatusBadRequest, "invalid_grant") // it was used twice: all of it ends
}

// Row 105: a client polls until the phone has answered.
func TestRow105_Polling(t *testing.T) {
	h := apps(t)
	token := h.needs("ada", "scope", "openid")
	phone := h.phone("Ada's")
	made := h.associate(token, map[string]any{"authenticator_types": []string{"oob"}, "oob_channels": []string{"auth0"}}).is(http.StatusOK, "")
	poll := func(token, code string) *reply {
		return h.token("app", "grant_type", byOOB, "mfa_token", token, "oob_code", code)
	}
	poll(token, made.text("oob_code")).is(http.StatusBadRequest, "authorization_pending")
	base, ticket, err := standin.Scan(made.text("barcode_uri"))
	h.must(err)
	h.must(phone.Enroll(t.Context(), base, ticket))
	poll(token, made.text("oob_code")).is(http.StatusOK, "")
	for _, approve := range []bool{true, false} {
		token = h.needs("ada", "scope", "openid")
		asked := h.challenge(token, map[string]any{"challenge_type": "oob", "oob_channel": "auth0"}).is(http.StatusOK, "").only("challenge_type", "oob_code", "number")
		poll(token, asked.text("oob_code")).is(http.StatusBadRequest, "authorization_pending")
		if approve {
			h.must(phone.Approve(t.Context(), h.asks(phone), asked.text("number")))
			poll(token, asked.text("oob_code")).is(http.StatusOK, "")
			continue
		}
		h.must(phone.Deny(t.Context(), h.asks(phone), ""))
		poll(token, asked.text("oob_code")).is(http.StatusForbidden, "invalid_grant").tells("MFA Authorization rejected.")
	}
}

// B-07-regression: nothing of one sign-in opens another.
func TestMFAAPI_B07_OtherSignIns(t *testing.T) {
	h := apps(t)
	grace := h.users["grace"]
	token := h.needs("grace", "scope", "openid")
	code := h.code(grace)
	h.token("app", "grant_type", byOTP, "mfa_token", token, "otp", code).is(http.StatusOK, "")
	h.token("app", "grant_type", byOTP, "mfa_token", h.needs("grace"), "otp", code).is(http.StatusForbidden, "invalid_grant").tells("Invalid otp_code.")
	p := h.browser().begin(h.ask("mfa")).press("answer", "username", "grace", "password", grace.password)
	if p = p.press("answer", "code", code); p.home {
		t.Error("a code that was used over the API opens a browser's sign-in")
	}
	code = h.code(grace)
	p.press("answer", "code", code).answer()
	h.token("app", "grant_type", byOTP, "mfa_token", h.needs("grace"), "otp", code).is(http.StatusForbidden, "invalid_grant")
	h.associate(h.needs("grace"), map[string]any{"authenticator_types": []string{"otp"}}, "x-request-language", "en").is(http.StatusForbidden, "access_denied")
	h.associate(h.needs("grace"), map[string]any{"authenticator_types": []string{"otp"}, "client_id": "other"}).is(http.StatusBadRequest, "invalid_request").tells("mfa_token not issued to this client")
}

// B-11-regression: of parallel answers with one code one is right, and wrong passwords count
// over the API as in browsers.
func TestMFAAPI_B11_Parallel(t *testing.T) {
	h := apps(t)
	token, code := h.needs("grace"), h.code(h.users["grace"])
	var all sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for range 8 {
		all.Go(func() {
			if got := h.token("app", "grant_type", byOTP, "mfa_token", token, "otp", code); got.status == http.StatusOK {
				mu.Lock()
				won++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if won != 1 {
		t.Errorf("%d of 8 got tokens for one code", won)
	}
	b := h.browser()
	p := b.begin(h.ask("mfa"))
	for range 5 {
		p = p.press("answer", "username", "grace", "password", "wrong")
	}
	for range 5 {
		h.token("app", "grant_type", byPassword, "username", "grace@example.com", "password", "wrong").is(http.StatusForbidden, "invalid_grant")
	}
	got := h.password("app", "grace").is(http.StatusTooManyRequests, "too_many_attempts")
	if got.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

// TestMFAAPI_AuthenticatorGoneMeanwhile: a code for an authenticator that was removed since
// it was asked for lets nobody in, opens no session, and sends nothing more.
func TestMFAAPI_AuthenticatorGoneMeanwhile(t *testing.T) {
	h := apps(t)
	h.withNumber("ada")
	ada := h.users["ada"].ID
	token := h.needs("ada", "scope", "openid")
	asked := h.challenge(token, map[string]any{"challenge_type": "oob", "oob_channel": "sms"}).is(http.StatusOK, "")
	code, sent := h.texted(), len(h.phoned())
	list, err := h.db.Authenticators(t.Context(), ada)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range list {
		if a.Factor == "sms" || a.Factor == "voice" {
			if err := h.db.DeleteAuthenticator(t.Context(), a.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	h.token("app", "grant_type", byOOB, "mfa_token", token, "oob_code", asked.text("oob_code"), "binding_code", code).is(http.StatusForbidden, "expired_token")
	sessions, err := h.db.Sessions(t.Context(), ada)
	if err != nil || len(sessions) != 0 || len(h.phoned()) != sent {
		t.Errorf("%d sessions (%v), %d messages more", len(sessions), err, len(h.phoned())-sent)
	}
}
