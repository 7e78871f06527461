package oidc_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
)

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// tv registers a client without a browser.
func (h *house) tv(name string, change func(*storage.Client)) {
	h.t.Helper()
	h.register(name, "none", func(c *storage.Client) {
		c.Metadata.GrantTypes, c.Metadata.ResponseTypes, c.Metadata.RedirectURIs = []string{deviceGrant, "refresh_token"}, nil, nil
		if change != nil {
			change(c)
		}
	})
}

// show has a device ask for its codes.
func (h *house) show(client string, pairs ...string) *reply {
	h.t.Helper()
	return h.call(client, "/oauth/device/code", append([]string{"scope", "openid profile offline_access"}, pairs...)...).is(http.StatusOK, "")
}

// poll asks whether the device is allowed, as often as it may.
func (h *house) poll(client string, codes *reply) *reply {
	h.t.Helper()
	h.wait(5 * time.Second)
	return h.token(client, "grant_type", deviceGrant, "device_code", codes.text("device_code"))
}

// typing types a code at the address that the device shows.
func (b *browser) typing(code string) *page {
	b.h.t.Helper()
	return b.get(b.h.at("/activate")).says("Connect a device").press("answer", "user_code", code)
}

func TestDeviceSignsIn(t *testing.T) {
	h := open(t)
	h.tv("tv", nil)
	codes := h.show("tv")
	if codes.text("verification_uri") != h.at("/activate") || codes.body["interval"] != 5.0 || codes.body["expires_in"] != 900.0 {
		t.Errorf("%s", codes.raw)
	}
	h.poll("tv", codes).is(http.StatusBadRequest, "authorization_pending")
	b := h.browser()
	complete := b.get(codes.text("verification_uri_complete")).says("Connect a device")
	if !strings.Contains(complete.body, `value="`+codes.text("user_code")+`"`) {
		t.Error("the code in the address is not in the form")
	}
	p := complete.press("answer", "user_code", strings.ToLower(strings.ReplaceAll(codes.text("user_code"), "-", " "))).says("Connect this device?")
	for _, words := range []string{codes.text("user_code"), "tv application", "Go on only if you started this yourself"} {
		if !strings.Contains(p.body, words) {
			t.Errorf("the page does not say %q", words)
		}
	}
	h.poll("tv", codes).is(http.StatusBadRequest, "authorization_pending")
	p.press("allow").says("Sign in").signIn("ada").says("Your device is connected")
	got := h.poll("tv", codes).is(http.StatusOK, "")
	if got.id()["sub"] != h.users["ada"].ID || got.text("scope") != "openid profile offline_access" {
		t.Errorf("%s", got.raw)
	}
	h.userinfo(got.text("access_token")).is(http.StatusOK, "")
	h.refresh("tv", got.text("refresh_token")).is(http.StatusOK, "")
	h.poll("tv", codes).is(http.StatusBadRequest, "invalid_grant") // once
	b.typing(codes.text("user_code")).says("Error: Connect a device")
	if e := h.events("device.allowed"); len(e) != 1 || e[0].UserID != h.users["ada"].ID || e[0].ClientID != "tv" {
		t.Errorf("events %v", e)
	}
	// Who is signed in sees the question all the same, and nobody's sign-out ends the device.
	codes = h.show("tv")
	b.typing(codes.text("user_code")).says("Connect this device?").press("allow").says("Your device is connected")
	b.get(h.v2logout())
	h.userinfo(h.poll("tv", codes).is(http.StatusOK, "").text("access_token")).is(http.StatusOK, "")
}

func TestDeviceThatNobodyAllows(t *testing.T) {
	h := open(t)
	h.tv("tv", nil)
	h.tv("other", nil)
	codes := h.show("tv")
	h.poll("other", codes).is(http.StatusBadRequest, "invalid_grant")
	h.browser().typing(codes.text("user_code")).press("deny").says("The device is not connected")
	h.poll("tv", codes).is(http.StatusBadRequest, "access_denied")
	h.wait(5 * time.Second)
	form := url.Values{"client_id": {"tv"}, "grant_type": {deviceGrant}, "device_code": {codes.text("device_code")}}
	h.sdk("/oauth/token", form).is(http.StatusForbidden, "access_denied")

	codes = h.show("tv")
	h.browser().typing(codes.text("user_code")).press("allow").press("cancel").says("The device is not connected")
	h.poll("tv", codes).is(http.StatusBadRequest, "access_denied")

	codes = h.show("tv")
	h.wait(16 * time.Minute)
	h.browser().typing(codes.text("user_code")).says("Error: Connect a device")
	h.poll("tv", codes).is(http.StatusBadRequest, "expired_token")
	h.poll("tv", codes).is(http.StatusBadRequest, "invalid_grant")
	h.token("tv", "grant_type", deviceGrant, "device_code", "dc_x").is(http.StatusBadRequest, "invalid_grant")
	h.token("tv", "grant_type", deviceGrant).is(http.StatusBadRequest, "invalid_request")
	h.token("spa", "grant_type", deviceGrant, "device_code", "dc_x").is(http.StatusBadRequest, "unauthorized_client")
	h.call("spa", "/oauth/device/code").is(http.StatusBadRequest, "unauthorized_client")
}

func TestDeviceThatPollsTooFast(t *testing.T) {
	h := open(t)
	h.tv("tv", nil)
	codes := h.show("tv")
	h.poll("tv", codes).is(http.StatusBadRequest, "authorization_pending")
	h.token("tv", "grant_type", deviceGrant, "device_code", codes.text("device_code")).is(http.StatusBadRequest, "slow_down")
	form := url.Values{"client_id": {"tv"}, "grant_type": {deviceGrant}, "device_code": {codes.text("device_code")}}
	h.sdk("/oauth/token", form).is(http.StatusTooManyRequests, "slow_down")
	h.wait(5 * time.Second)
	h.sdk("/oauth/token", form).is(http.StatusForbidden, "authorization_pending")
}

func TestDeviceCodesCannotBeGuessed(t *testing.T) {
	h := open(t)
	h.tv("tv", nil)
	codes := h.show("tv")
	thief := h.browserAt("127.0.0.7")
	for range 10 {
		thief.get(h.at("/activate/confirm?user_code=BBBB-BBBB")).says("Error: Connect a device")
	}
	limited := thief.get(h.at("/activate/confirm?user_code=" + codes.text("user_code")))
	if limited.status != http.StatusTooManyRequests || limited.header.Get("Retry-After") == "" {
		t.Errorf("the eleventh guess: %d", limited.status)
	}
	if p := thief.get(h.at("/activate")).press("answer", "user_code", codes.text("user_code")); p.status != http.StatusTooManyRequests {
		t.Errorf("by the form: %d", p.status)
	}
	b := h.browserAt("127.0.0.8")
	for range 12 { // a code that is right costs nothing
		b.get(h.at("/activate/confirm?user_code=" + codes.text("user_code"))).says("Connect this device?")
	}
	if p := b.postFrom("https://evil.example", h.at("/activate/confirm?user_code="+codes.text("user_code")), url.Values{"act": {"allow"}}); p.status != http.StatusForbidden {
		t.Errorf("from another site: %d", p.status)
	}
	h.poll("tv", codes).is(http.StatusBadRequest, "authorization_pending")
}

func TestDeviceMeetsThePolicy(t *testing.T) {
	h := open(t)
	h.tv("strict", func(c *storage.Client) { c.Settings.Policy = policy.Always })
	codes := h.show("strict", "audience", testAPI)
	h.browser().typing(codes.text("user_code")).press("allow").signIn("grace").says("Your device is connected")
	got := h.poll("strict", codes).is(http.StatusOK, "")
	if amr, ok := got.id()["amr"].([]any); !ok || len(amr) < 2 {
		t.Errorf("amr %v", got.id()["amr"])
	}
	codes = h.show("strict")
	b := h.browser()
	b.typing(codes.text("user_code")).press("allow").signIn("grace").says("Your device is connected")
	block(h, "grace", true)
	h.poll("strict", codes).is(http.StatusBadRequest, "invalid_grant")
}

// A device that asks for the MFA API is let in by what the account has, as every other way.
func TestDeviceAsksForTheMFAAPI(t *testing.T) {
	h := apps(t, func(p *plan) { p.policy = policy.Never })
	h.tv("tv", func(c *storage.Client) { c.Settings.FirstParty = true })
	b := h.browser()
	b.begin(h.ask("web")).press("answer", "username", "grace", "password", h.users["grace"].password).answer()
	codes := h.call("tv", "/oauth/device/code", "scope", "openid read:authenticators", "audience", h.issuer+"mfa/").is(http.StatusOK, "")
	b.typing(codes.text("user_code")).press("allow").says("Enter your code")
	h.poll("tv", codes).is(http.StatusBadRequest, "authorization_pending")
}
