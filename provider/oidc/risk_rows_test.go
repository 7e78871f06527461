package oidc_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/flows/risk"
	"github.com/sallyport-id/sallyport/storage"
)

// adaptive is a house whose policy asks where a sign-in looks strange.
func adaptive(t *testing.T, change ...func(*plan)) *house {
	t.Helper()
	p := plan{rules: true, policy: policy.Adaptive, factors: []string{factors.OTP, factors.Email, factors.RecoveryCode}}
	for _, f := range change {
		f(&p)
	}
	return build(t, p)
}

// atHome signs grace in from Germany, twice, so that her device and place are known, and
// out again.
func (h *house) atHome(name string) *browser {
	h.t.Helper()
	b := h.browserAt(germany)
	for range 2 {
		if asked, p := b.asked(h.t, name, "web"); asked {
			p.press("answer", "code", h.code(h.users[name])).answer()
		}
		b.signOut()
		h.wait(time.Hour)
	}
	return b
}

// at moves a browser to another address.
func (b *browser) at(address string) *browser {
	b.h.t.Helper()
	elsewhere := b.h.browserAt(address)
	elsewhere.http.Jar = b.http.Jar
	return elsewhere
}

func (h *house) assessed(name string) *risk.Report {
	h.t.Helper()
	_, r := h.record(name)
	if r.Risk == nil {
		h.t.Fatal("nobody assessed the sign-in")
	}
	return r.Risk
}

// Rows 70 to 74: the adaptive policy asks where confidence is low, and only there.
func TestRow70_74_Adaptive(t *testing.T) {
	for name, c := range map[string]struct {
		browser  func(h *house, b *browser) *browser
		wait     time.Duration
		asked    bool
		assessor string
		code     string
	}{
		"row 70: known device, known place":      {func(_ *house, b *browser) *browser { return b }, 0, false, risk.NewDevice, "match"},
		"row 70: another browser":                {func(h *house, _ *browser) *browser { return h.browserAt(germany) }, 0, true, risk.NewDevice, "unknown_device"},
		"row 70: after remember_for":             {func(_ *house, b *browser) *browser { return b }, 31 * 24 * time.Hour, true, risk.NewDevice, "no_device_history"},
		"row 71: Berlin to Sydney in an hour":    {func(_ *house, b *browser) *browser { return b.at(australia) }, 0, true, risk.ImpossibleTravel, "impossible_travel_from_last_login"},
		"row 71: Berlin to Sydney in three days": {func(_ *house, b *browser) *browser { return b.at(australia) }, 72 * time.Hour, false, risk.ImpossibleTravel, "travel_from_last_login"},
		"row 71: from nowhere known":             {func(_ *house, b *browser) *browser { return b.at(nowhere) }, 0, false, risk.ImpossibleTravel, "missing_geoip"},
		"row 72: a listed network":               {func(_ *house, b *browser) *browser { return b.at(listed) }, 0, true, risk.UntrustedIP, "found_on_deny_list"},
	} {
		t.Run(name, func(t *testing.T) {
			h := adaptive(t)
			b := h.atHome("grace")
			h.wait(c.wait)
			asked, p := c.browser(h, b).asked(t, "grace", "web")
			if asked != c.asked {
				t.Errorf("asked: %v, want %v (%+v)", asked, c.asked, h.assessed("grace"))
			}
			if got := h.assessed("grace").Assessments[c.assessor]; got.Code != c.code {
				t.Errorf("%s: %+v, want %s", c.assessor, got, c.code)
			}
			if asked {
				p.press("answer", "code", h.code(h.users["grace"])).answer()
			}
		})
	}
}

// Row 74: medium asks only where the admin says so.
func TestRow74_AskAt(t *testing.T) {
	h := adaptive(t)
	b := h.atHome("grace")
	b.agent("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0") // the same device by its mark: partial_match, medium
	if asked, _ := b.asked(t, "grace", "web"); asked {
		t.Fatalf("asked at medium: %+v", h.assessed("grace"))
	}
	b.signOut()
	h.settings(func(s *storage.Settings) { s.AskAt = "medium" })
	b.agent("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36")
	if asked, _ := b.asked(t, "grace", "web"); !asked {
		t.Fatalf("not asked at medium: %+v", h.assessed("grace"))
	}
}

// agent makes the browser another one by its name.
func (b *browser) agent(name string) {
	if n, ok := b.http.Transport.(named); ok {
		b.http.Transport = n.RoundTripper
	}
	b.http.Transport = named{b.http.Transport, name}
}

// Row 75: who has no second factor shows their mailbox first, and then sets one up.
func TestRow75_AdaptiveUnenrolled(t *testing.T) {
	h := adaptive(t)
	h.atHome("ada")
	h.arrived()
	stranger := h.browserAt(america)
	_, p := stranger.asked(t, "ada", "web")
	if _, r := h.record("ada"); r.Final.Need == policy.Deny {
		t.Fatalf("denied: %+v %+v", r.Final, r.Facts.Factors)
	}
	p = p.says("Enter your code").press("answer", "code", h.mailed())
	if p.home || otpauth.FindString(unescape(p.body)) == "" {
		t.Fatalf("no enrolment after the mailbox: %s", p.title())
	}
	p.show("ada", factors.OTP).answer()

	u := h.person("eve")
	u.Email, u.EmailVerified = "", false
	h.must(h.db.UpdateUser(t.Context(), u.User))
	h.users["eve"] = u
	h.atHome("eve")
	_, p = h.browserAt(america).asked(t, "eve", "web")
	p.says("You can’t sign in here")
	if row, r := h.record("eve"); row.Outcome != "denied" || r.Final.Reason != "no_mailbox" {
		t.Errorf("%s %s", row.Outcome, r.Final.Reason)
	}
}

// Row 76 and B-17: a second step that failed makes no device and no place known.
func TestRow76_B17_FailedStep(t *testing.T) {
	t.Run("B-17-regression: the risk history", func(t *testing.T) {
		h := adaptive(t)
		h.atHome("grace")
		thief := h.browserAt(australia)
		for range 3 {
			asked, p := thief.asked(t, "grace", "web")
			if !asked {
				t.Fatal("let in")
			}
			p.press("answer", "code", "000000")
		}
	})
	t.Run("B-17-regression: last country in app_metadata", func(t *testing.T) {
		h := build(t, plan{rules: true})
		h.rule("country changed", `
user.app_metadata = user.app_metadata || {};
var country = context.request.geoip.country_code;
if (user.app_metadata.last_location && user.app_metadata.last_location !== country) context.multifactor = { provider: "any", allowRememberBrowser: false };
auth0.users.updateAppMetadata(user.user_id, { last_location: country }).then(function () { callback(null, user, context); }).catch(callback);`)
		home := h.browserAt(germany)
		if asked, p := home.asked(t, "grace", "web"); asked {
			t.Fatalf("asked at home: %s", p.title())
		}
		thief := h.browserAt(france)
		for range 3 {
			asked, p := thief.asked(t, "grace", "web")
			if !asked {
				t.Fatal("let in")
			}
			p.press("answer", "code", "000000")
		}
		asked, p := thief.asked(t, "grace", "web")
		if !asked {
			t.Fatal("let in")
		}
		p.press("answer", "code", h.code(h.users["grace"])).answer()
		thief.signOut()
		if asked, _ := thief.asked(t, "grace", "web"); asked {
			t.Error("asked again where she has signed in since")
		}
	})
}

// Row 77: policy never, and the tenant looks on: the record has the assessment, nobody is
// asked.
func TestRow77_Monitor(t *testing.T) {
	h := adaptive(t, func(p *plan) { p.policy = policy.Never })
	h.settings(func(s *storage.Settings) { s.Assess = true })
	h.atHome("grace")
	if asked, _ := h.browserAt(australia).asked(t, "grace", "web"); asked {
		t.Error("asked")
	}
	if r := h.assessed("grace"); r.Confidence != risk.Low {
		t.Errorf("%+v", r)
	}
}

// Row 78: what is known of a person's devices can be forgotten.
func TestRow78_Clear(t *testing.T) {
	h := adaptive(t)
	b := h.atHome("grace")
	h.must(h.db.ForgetHistory(t.Context(), h.users["grace"].ID))
	if asked, _ := b.asked(t, "grace", "web"); !asked {
		t.Errorf("not asked: %+v", h.assessed("grace"))
	}
}

// Row 67: a remembered browser does not meet the adaptive policy's low, nor a rule that
// forbids remembering.
func TestRow67_RememberedAndStrange(t *testing.T) {
	h := build(t, plan{rules: true, policy: policy.Always})
	b := h.browserAt(germany)
	_, p := b.asked(t, "grace", "web")
	p.press("answer", "code", h.code(h.users["grace"]), "remember", "1").answer()
	b.signOut()
	if asked, _ := b.asked(t, "grace", "web"); asked {
		t.Fatal("the browser is not remembered")
	}
	b.signOut()
	h.settings(func(s *storage.Settings) { s.Policy = policy.Adaptive })
	if asked, _ := b.at(australia).asked(t, "grace", "web"); !asked {
		t.Error("adaptive low: not asked")
	}
	h.settings(func(s *storage.Settings) { s.Policy = policy.Always })
	h.action("no remembering", `api.multifactor.enable("any", { allowRememberBrowser: false })`)
	if asked, _ := b.asked(t, "grace", "web"); !asked {
		t.Error("allowRememberBrowser false: not asked")
	}
}

// Rows 81 and 89: the place in both spellings; networks, times and countries without code.
func TestRow81_89_Places(t *testing.T) {
	h := build(t, plan{rules: true})
	h.rule("rule", `context.idToken["https://app.example/rule"] = [context.request.geoip.country_code, context.request.geoip.continent_code, context.request.geoip.city_name]; callback(null, user, context)`)
	h.action("action", `api.idToken.setCustomClaim("https://app.example/action", [event.request.geoip.countryCode, event.request.geoip.continentCode, event.request.geoip.cityName])`)
	got := h.browserAt(germany).tokens("grace", h.ask("web"))
	for _, name := range []string{"rule", "action"} {
		if list, _ := got.id()["https://app.example/"+name].([]any); !slices.Equal(list, []any{"DE", "EU", "Berlin"}) {
			t.Errorf("%s: %v", name, list)
		}
	}
	h.clear()
	h.settings(func(s *storage.Settings) {
		s.Document = []byte(`{"rows": [
			{"name": "abroad", "when": {"countries": {"not": "DE"}}, "policy": "always"},
			{"name": "weekend", "when": {"time": {"days": ["sat", "sun"], "zone": "Europe/Berlin"}}, "policy": "always"},
			{"name": "outside", "when": {"networks": {"not": "127.49.0.0/24"}}, "policy": "always"}]}`)
	})
	h.weekday(time.Wednesday)
	for name, c := range map[string]struct {
		from  string
		asked bool
		by    string
	}{
		"at home":           {germany, false, "tenant"},
		"abroad":            {france, true, "tenant: abroad"},
		"nowhere is abroad": {nowhere, true, "tenant: abroad"},
		"another network":   {"127.49.7.7", true, "tenant: outside"},
	} {
		asked, _ := h.browserAt(c.from).asked(t, "grace", "web")
		if _, r := h.record("grace"); asked != c.asked || r.Asked.Source != c.by {
			t.Errorf("%s: asked %v by %q, want %v by %q", name, asked, r.Asked.Source, c.asked, c.by)
		}
	}
	h.weekday(time.Saturday)
	if asked, _ := h.browserAt(germany).asked(t, "grace", "web"); !asked {
		t.Error("not asked on a Saturday")
	}
}

// weekday moves the clock to the next noon of a day.
func (h *house) weekday(day time.Weekday) {
	h.t.Helper()
	now := h.now()
	noon := time.Date(now.Year(), now.Month(), now.Day(), 12, 0, 0, 0, time.UTC)
	for noon.Before(now) || noon.Weekday() != day {
		noon = noon.Add(24 * time.Hour)
	}
	h.wait(noon.Sub(now))
}

// Row 91: a first factor may be put off three times, and then not.
func TestRow91_Grace(t *testing.T) {
	h := build(t, plan{rules: true, policy: policy.Always})
	h.settings(func(s *storage.Settings) { s.Document = []byte(`{"grace": {"for": "14d", "sign_ins": 3}}`) })
	b := h.browser()
	for i := range 3 {
		_, p := b.asked(t, "ada", "web")
		if !strings.Contains(p.body, `value="skip"`) {
			t.Fatalf("%d: it cannot be put off: %s", i, p.title())
		}
		p.press("skip").answer()
		b.signOut()
	}
	_, p := b.asked(t, "ada", "web")
	if strings.Contains(p.body, `value="skip"`) {
		t.Error("put off a fourth time")
	}
	if p = p.press("skip"); p.home {
		t.Error("skipped without the button")
	}
	h.person("bob")
	_, p = b.asked(t, "bob", "web")
	p.press("skip").answer()
	b.signOut()
	h.wait(15 * 24 * time.Hour)
	if _, p = b.asked(t, "bob", "web"); strings.Contains(p.body, `value="skip"`) {
		t.Error("put off after two weeks")
	}
	_, p = b.asked(t, "ada", "web", "acr_values", multi)
	if strings.Contains(p.body, `value="skip"`) {
		t.Error("what an application demands is put off")
	}
}

// B-12: an address that cannot be believed is unknown, and unknown fails closed.
func TestB12_ForwardedHeaders(t *testing.T) {
	h := build(t, plan{rules: true})
	h.settings(func(s *storage.Settings) {
		s.Document = []byte(`{"rows": [{"name": "office", "when": {"networks": "10.0.0.0/8"}, "policy": "never"}, {"name": "elsewhere", "when": {"networks": {"not": "10.0.0.0/8"}}, "policy": "always"}]}`)
	})
	h.rule("ip", `context.idToken["https://app.example/ip"] = context.request.ip; callback(null, user, context)`)
	for _, value := range []string{"10.0.0.1", "10.0.0.1, 10.0.0.2", "fe80::1%eth0", "garbage", strings.Repeat("10.0.0.1,", 2000), "10.0.0.1:443", "[::ffff:10.0.0.1]"} {
		t.Run("B-12-regression: "+value[:min(len(value), 30)], func(t *testing.T) {
			h.t = t
			b := h.browserAt(germany)
			b.http.Transport = forwarded{b.http.Transport, value}
			asked, p := b.asked(t, "grace", "web")
			if !asked {
				t.Fatalf("let in: %s", p.at)
			}
			if _, r := h.record("grace"); r.Facts.Scene.Address != germany {
				t.Errorf("the address is %q", r.Facts.Scene.Address)
			}
		})
	}
}
