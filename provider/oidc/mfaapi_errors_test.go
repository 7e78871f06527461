package oidc_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
)

// TestErrorCatalogue has a case for each row of the catalogue of errors.
func TestErrorCatalogue(t *testing.T) {
	h := apps(t, func(p *plan) { p.rules = true; p.factors = append([]string{factors.Roaming}, p.factors...) })
	grace := h.users["grace"]
	row := func(name string, status int, code, description string, try func() *reply) {
		t.Run(name, func(t *testing.T) {
			got := try().is(status, code)
			if description != "" && got.text("error_description") != description {
				t.Errorf("%q, want %q", got.text("error_description"), description)
			}
		})
	}
	otp := func(client, token, code string) *reply {
		return h.token(client, "grant_type", byOTP, "mfa_token", token, "otp", code)
	}
	oob := func(token, oobCode, code string) *reply {
		return h.token("app", "grant_type", byOOB, "mfa_token", token, "oob_code", oobCode, "binding_code", code)
	}
	mailed := func(token string) string {
		return h.challenge(token, map[string]any{"challenge_type": "oob"}).text("oob_code")
	}
	row("mfa_required", 403, "mfa_required", "Multifactor authentication required", func() *reply { return h.password("app", "grace") })
	pairing := h.needs("ada")
	picture := h.associate(pairing, map[string]any{"authenticator_types": []string{"oob"}, "oob_channels": []string{"auth0"}}).text("oob_code")
	row("authorization_pending", 400, "authorization_pending", "Authorization pending: please repeat the request in a few seconds.", func() *reply { return oob(pairing, picture, "") })
	row("slow_down", http.StatusTooManyRequests, "slow_down", "", func() *reply {
		for range 11 {
			oob(pairing, picture, "").is(400, "authorization_pending")
		}
		got := oob(pairing, picture, "")
		if got.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		return got
	})
	row("rejected", 403, "invalid_grant", "MFA Authorization rejected.", func() *reply {
		return h.token("app", "grant_type", byRecovery, "mfa_token", h.needs("grace"), "recovery_code", "AAAAAAAAAAAAAAAAAAAAAAAA")
	})
	row("wrong otp", 403, "invalid_grant", "Invalid otp_code.", func() *reply { return otp("app", h.needs("grace"), "000000") })
	row("wrong binding code", 403, "invalid_grant", "Invalid binding_code.", func() *reply {
		token := h.needs("grace")
		return oob(token, mailed(token), "00000")
	})
	row("malformed mfa_token", 403, "invalid_grant", "Malformed mfa_token", func() *reply { return otp("app", "Fe26.nonsense", "000000") })
	row("oob_code is expired", 403, "expired_token", "oob_code is expired", func() *reply {
		token := h.needs("grace")
		code := mailed(token)
		h.wait(5*time.Minute + time.Second)
		return oob(token, code, "000000")
	})
	row("mfa_token is expired", 403, "expired_token", "mfa_token is expired", func() *reply {
		token := h.needs("grace")
		h.wait(10*time.Minute + time.Second)
		return otp("app", token, "000000")
	})
	row("binding code missing", 400, "invalid_request", "Missing required parameter: binding_code", func() *reply {
		token := h.needs("grace")
		return oob(token, mailed(token), "")
	})
	row("another client", 400, "invalid_request", "mfa_token not issued to this client", func() *reply { return otp("other", h.needs("grace"), "000000") })
	row("another sign-in", 400, "invalid_request", "The oob_code doesn't match the mfa_token", func() *reply {
		return oob(h.needs("grace"), mailed(h.needs("grace")), "000000")
	})
	row("unsupported type", 401, "unsupported_challenge_type", "The user does not support the requested challenge type (oob). Supported type: otp", func() *reply {
		h.amend("app", func(c *storage.Client) { c.Settings.Factors = []string{factors.OTP} })
		return h.challenge(h.needs("grace"), map[string]any{"challenge_type": "oob"})
	})
	h.amend("app", func(c *storage.Client) { c.Settings.Factors = nil })
	row("nothing supported", 401, "unsupported_challenge_type", "The user does not support the requested challenge type (oob otp). Currently there is no supported challenge available.", func() *reply {
		h.settings(func(s *storage.Settings) { s.Factors = []string{factors.Roaming} })
		h.withKeyOnly("ada")
		return h.challenge(h.needs("ada"), nil)
	})
	h.settings(func(s *storage.Settings) { s.Factors = h.plan.factors })
	row("not enrolled", 403, "association_required", "", func() *reply {
		h.person("newcomer")
		return h.challenge(h.needs("newcomer"), nil)
	})
	row("unmet requirements", 403, "unmet_authentication_requirements", "", func() *reply {
		got := h.password("app", "grace", "audience", h.issuer+"mfa/", "scope", "enroll offline_access")
		fresh := otp("app", got.text("mfa_token"), h.code(grace))
		h.wait(10*time.Minute + time.Second)
		return h.associate(h.refresh("app", fresh.text("refresh_token")).text("access_token"), map[string]any{"authenticator_types": []string{"otp"}})
	})
	row("too many wrong codes", 429, "invalid_request", "Too many failed codes. Wait for some minutes before retrying.", func() *reply {
		h.wait(2 * time.Hour)
		token := h.needs("grace")
		for range 10 {
			otp("app", token, "000000").is(403, "invalid_grant")
		}
		got := otp("app", token, h.code(grace))
		if got.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		return got
	})
	row("too many texts", 429, "invalid_request", "Too many SMS sent by the user. Wait for some minutes before retrying.", func() *reply {
		h.person("texted")
		h.withNumber("texted")
		got := &reply{}
		for range 10 {
			got = h.challenge(h.needs("texted"), map[string]any{"challenge_type": "oob", "oob_channel": "sms"})
		}
		return got
	})
	row("unsupported provider", 400, "invalid_request", `Unsupported multifactor provider: "nobody"`, func() *reply {
		h.rule("provider", `context.multifactor = { provider: "nobody" }; callback(null, user, context)`)
		return h.password("app", "grace")
	})
}

// withKeyOnly gives a person a security key and nothing beside.
func (h *house) withKeyOnly(name string) {
	h.t.Helper()
	h.amend("web", func(c *storage.Client) { c.Settings.Policy = policy.Always })
	k := h.key()
	p := h.browser().begin(h.ask("web")).press("answer", "username", name, "password", h.users[name].password).says("Add a security key")
	p.press("answer", "credential", p.create(k))
}
