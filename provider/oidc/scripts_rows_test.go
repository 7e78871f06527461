package oidc_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/sallyport-id/sallyport/factors"
)

// Rows 11, 84 to 87: what actions demand of factors, one after the other.
func TestRow84_87_Commands(t *testing.T) {
	all := []string{factors.OTP, factors.SMS, factors.Voice, factors.RecoveryCode}
	for name, c := range map[string]struct {
		factors []string
		user    string
		bodies  []string // of actions, in order
		steps   []string // words of the pages' titles that follow the password
		denied  string   // reason of the record
	}{
		"row 11: challengeWith comes before enable": {all, "grace", []string{`api.multifactor.enable("none"); api.authentication.challengeWith({ type: "otp" })`}, []string{"otp"}, ""},
		"row 84: the second action sees the first one's factor": {all, "grace", []string{
			`api.authentication.challengeWith({ type: "otp" })`,
			`if (!event.authentication.methods.some(m => m.name === "mfa" && m.type === "otp")) api.access.deny("not seen: " + JSON.stringify(event.authentication.methods))`,
		}, []string{"otp"}, ""},
		"done already counts": {all, "grace", []string{
			`api.authentication.challengeWith({ type: "otp" }); api.authentication.challengeWith({ type: "otp" })`,
		}, []string{"otp"}, ""},
		"row 85: five are too many": {all, "grace", []string{
			`for (const t of ["otp", "otp", "otp", "otp", "otp"]) api.authentication.challengeWith({ type: t })`,
		}, nil, "rule_failed"},
		"row 86: enrol on an account that has a factor, unasked": {all, "grace", []string{`api.authentication.enrollWith({ type: "phone" })`}, nil, "enroll_needs_challenge"},
		"enrol after a challenge": {all, "grace", []string{
			`api.authentication.challengeWith({ type: "otp" })`, `api.authentication.enrollWith({ type: "phone", options: { preferredMethod: "sms" } })`,
		}, []string{"otp", "sms"}, ""},
		"row 87: one of two is unusable":   {[]string{factors.OTP, factors.RecoveryCode}, "grace", []string{`api.authentication.challengeWithAny([{ type: "webauthn-roaming" }, { type: "otp" }])`}, []string{"otp"}, ""},
		"row 87: all are unusable":         {[]string{factors.OTP, factors.RecoveryCode}, "grace", []string{`api.authentication.challengeWith({ type: "webauthn-roaming" })`}, nil, "mfa_not_set_up"},
		"a factor that the person has not": {all, "ada", []string{`api.authentication.challengeWith({ type: "otp" })`}, nil, "mfa_not_set_up"},
		"enrol for who has none":           {all, "ada", []string{`api.authentication.enrollWith({ type: "otp" })`}, []string{"otp"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := build(t, plan{rules: true, factors: c.factors})
			for i, body := range c.bodies {
				h.action("action "+string(rune('1'+i)), body)
			}
			b := h.browser()
			_, p := b.asked(t, c.user, "web")
			if c.denied != "" {
				if p.home {
					t.Fatalf("the application got %v", p.answer())
				}
				row, r := h.record(c.user)
				if row.Outcome != "denied" || r.Final.Reason != c.denied {
					t.Errorf("outcome %s, reason %q, want %q (%s)", row.Outcome, r.Final.Reason, c.denied, p.title())
				}
				return
			}
			for _, factor := range c.steps {
				if p.home {
					t.Fatalf("the application before %s: %v", factor, p.at)
				}
				p = p.show(c.user, factor)
			}
			if q := p.answer(); q.Get("code") == "" {
				t.Errorf("%v", q)
			}
		})
	}
}

// show answers the page of one factor, or sets it up.
func (p *page) show(name, factor string) *page {
	p.b.h.t.Helper()
	u := p.b.h.users[name]
	switch factor {
	case factors.OTP:
		if p.has("code") {
			if uri := otpauth.FindString(unescape(p.body)); uri != "" {
				at, err := url.Parse(uri)
				p.b.h.must(err)
				u.key = at.Query().Get("secret")
			}
			p = p.press("answer", "code", p.b.h.code(u))
		}
	case factors.SMS:
		if p.has("phone_number") {
			p = p.press("enroll", "factor", factors.SMS, "phone_number", "+49 151 23456789")
		}
		p = p.press("answer", "code", p.b.h.texted())
	}
	if p.has("saved") {
		p = p.press("done", "saved", "1")
	}
	return p
}

// link is the address of a link on the page, by its id.
func (p *page) link(t *testing.T, id string) string {
	t.Helper()
	m := regexp.MustCompile(`id="` + id + `" href="([^"]*)"`).FindStringSubmatch(p.body)
	if m == nil {
		t.Fatalf("at %s: no link %s (%s)", p.at, id, p.title())
	}
	return unescape(m[1])
}

// signed is a token of a site that people are sent to.
func (h *house) signed(secret string, claims map[string]any) string {
	h.t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: []byte(fmt.Sprintf("%-32s", secret))}, nil)
	h.must(err)
	payload, err := json.Marshal(claims)
	h.must(err)
	jws, err := signer.Sign(payload)
	h.must(err)
	text, err := jws.CompactSerialize()
	h.must(err)
	return text
}

// Row 68: a rule that says nothing of it lets a browser be remembered, an action does not.
func TestRow68_RememberDefaults(t *testing.T) {
	for name, c := range map[string]struct {
		script func(h *house)
		offers bool
	}{
		"rule": {func(h *house) {
			h.rule("r", `context.multifactor = { provider: "any" }; callback(null, user, context)`)
		}, true},
		"rule that forbids": {func(h *house) {
			h.rule("r", `context.multifactor = { provider: "any", allowRememberBrowser: false }; callback(null, user, context)`)
		}, false},
		"rule, old switch": {func(h *house) {
			h.rule("r", `context.multifactor = { provider: "any", ignoreCookie: true }; callback(null, user, context)`)
		}, false},
		"action":           {func(h *house) { h.action("a", `api.multifactor.enable("any")`) }, false},
		"action that lets": {func(h *house) { h.action("a", `api.multifactor.enable("any", { allowRememberBrowser: true })`) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			h := build(t, plan{rules: true})
			c.script(h)
			b := h.browser()
			_, p := b.asked(t, "grace", "web")
			if p.has("remember") != c.offers {
				t.Fatalf("offered: %v", p.has("remember"))
			}
			p.press("answer", "code", h.code(h.users["grace"]), "remember", "1").answer()
			b.signOut()
			if again, _ := b.asked(t, "grace", "web"); again == c.offers {
				t.Errorf("asked again: %v", again)
			}
		})
	}
}

// Row 88: a person is sent elsewhere and comes back; only in their browser, only once.
func TestRow88_Redirect(t *testing.T) {
	h := build(t, plan{rules: true})
	away := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(away.Close)
	h.script("terms", "action", `
exports.onExecutePostLogin = async (event, api) => {
  const token = api.redirect.encodeToken({ secret: event.secrets.KEY, payload: { asks: "terms" } });
  if (event.user.app_metadata.terms || !api.redirect.canRedirect()) return;
  api.redirect.sendUserTo("`+away.URL+`/terms", { query: { session_token: token } });
};
exports.onContinuePostLogin = async (event, api) => {
  const said = api.redirect.validateToken({ secret: event.secrets.KEY, tokenParameterName: "token" });
  if (said.accepted !== "yes") return api.access.deny("terms were not accepted");
  api.user.setAppMetadata("terms", said.accepted);
  api.authentication.recordMethod("https://terms.example/accepted");
  api.idToken.setCustomClaim("https://app.example/terms", said.accepted);
};`, "KEY", fmt.Sprintf("%-32s", "s3cret of the site"))
	h.action("zz after", `if (event.transaction.metadata.x) api.access.deny("x"); api.idToken.setCustomClaim("https://app.example/after", true);`)
	answer := func(h *house, from, said string) string {
		t.Helper()
		u, err := url.Parse(from)
		h.must(err)
		return h.signed("s3cret of the site", map[string]any{"sub": h.users["ada"].ID, "state": u.Query().Get("state"), "accepted": said, "exp": h.now().Add(time.Minute).Unix()})
	}
	b := h.browser()
	_, p := b.asked(t, "ada", "web")
	to := p.link(t, "continue")
	if !strings.HasPrefix(to, away.URL+"/terms?") || !strings.Contains(to, "session_token=") || !strings.Contains(to, "state=") {
		t.Fatalf("sent to %s", to)
	}
	u, _ := url.Parse(to)
	state := u.Query().Get("state")
	if p := b.get(h.at("/continue?state=wrong")); p.status != http.StatusBadRequest || !strings.Contains(p.body, "invalid_request") {
		t.Errorf("a wrong state: %d", p.status)
	}
	if p := h.browser().get(h.at("/continue?state=" + state)); p.status != http.StatusBadRequest {
		t.Errorf("another browser: %d", p.status)
	}
	p = b.get(h.at("/continue?state=" + state + "&token=" + url.QueryEscape(answer(h, to, "yes"))))
	got := h.ask("web").redeem(p.answer()).is(200, "")
	if id := got.id(); id["https://app.example/terms"] != "yes" || id["https://app.example/after"] != true {
		t.Errorf("%v", id)
	}
	fresh, err := h.db.UserByID(t.Context(), h.users["ada"].ID)
	h.must(err)
	if string(fresh.AppMetadata) != `{"terms":"yes"}` {
		t.Errorf("app_metadata %s", fresh.AppMetadata)
	}
	if p := b.get(h.at("/continue?state=" + state)); p.home && p.at.Query().Has("code") {
		t.Error("a second return got a code")
	}
	// A forged answer is a fault: nobody gets in by it. prompt=none cannot be sent anywhere.
	h.rule("forget", `callback(null, user, context)`)
	fresh.AppMetadata = nil
	h.must(h.db.UpdateUser(t.Context(), fresh))
	stranger := h.browser()
	_, p = stranger.asked(t, "ada", "web")
	to = p.link(t, "continue")
	u, _ = url.Parse(to)
	forged := h.signed("another secret", map[string]any{"sub": h.users["ada"].ID, "state": u.Query().Get("state"), "accepted": "yes", "exp": h.now().Add(time.Minute).Unix()})
	if p = stranger.get(h.at("/continue?state=" + u.Query().Get("state") + "&token=" + forged)); p.home {
		t.Errorf("a forged answer: %v", p.at)
	}
	h.script("always", "rule", `function (user, context, callback) { context.redirect = { url: "`+away.URL+`/rule" }; callback(null, user, context) }`)
	b.begin(h.ask("web", "prompt", "none")).fails("interaction_required")
}

// Row 93: a sensitive scope steps the sign-in up, by an action.
func TestRow93_StepUpByScope(t *testing.T) {
	h := build(t, plan{rules: true})
	h.action("step up", `if (event.transaction.requested_scopes.includes("write")) api.multifactor.enable("any", { allowRememberBrowser: false })`)
	b := h.browser()
	asked, p := b.asked(t, "grace", "web", "audience", testAPI, "scope", "openid read")
	if asked {
		t.Fatalf("asked for reading: %s", p.title())
	}
	asked, p = b.asked(t, "grace", "web", "audience", testAPI, "scope", "openid read write")
	if !asked {
		t.Fatal("not asked for writing")
	}
	got := h.ask("web", "audience", testAPI).redeem(p.press("answer", "code", h.code(h.users["grace"])).answer()).is(200, "")
	if claims, _ := h.claims(got.text("access_token")); claims["scope"] != "openid read write" || !strings.Contains(claims["acr"].(string), "multi-factor") {
		t.Errorf("%v", claims)
	}
}

// Rows 97 and 98: silent sign-in and refresh follow what scripts want.
func TestRow97_98_WithoutAPage(t *testing.T) {
	h := build(t, plan{rules: true})
	b := h.browser()
	weak := b.tokens("grace", h.ask("web", "scope", "openid offline_access"))
	h.rule("any", `if (!context.authentication.methods.find(m => m.name === "mfa")) context.multifactor = { provider: "any" }; context.idToken["https://app.example/protocol"] = context.protocol; callback(null, user, context)`)
	if q := b.begin(h.ask("web", "prompt", "none")).fails("login_required"); q.Get("error_description") != "Multifactor authentication required" {
		t.Errorf("%v", q)
	}
	if got := h.refresh("web", weak.text("refresh_token")).is(http.StatusForbidden, "mfa_required"); got.text("error_description") != "Multifactor authentication required" {
		t.Errorf("%v", got.body)
	}
	strong := b.tokens("grace", h.ask("web", "scope", "openid offline_access"))
	if strong.id()["https://app.example/protocol"] != "oidc-basic-profile" {
		t.Errorf("%v", strong.id())
	}
	silent := h.ask("web", "prompt", "none")
	silent.redeem(b.begin(silent).answer()).is(200, "")
	again := h.refresh("web", strong.text("refresh_token")).is(200, "")
	if again.id()["https://app.example/protocol"] != "oauth2-refresh-token" {
		t.Errorf("%v", again.id())
	}
	h.rule("any", `if (context.protocol === "oauth2-refresh-token") return callback(new UnauthorizedError("no longer")); callback(null, user, context)`)
	if got := h.refresh("web", again.text("refresh_token")).is(http.StatusBadRequest, "access_denied"); got.text("error_description") != "no longer" {
		t.Errorf("%v", got.body)
	}
	h.clear()
	h.refresh("web", again.text("refresh_token")).is(200, "") // what was refused was not used up
}

// What tokens say of the sign-in is true, whatever scripts set; what they add stays through
// a refresh without scripts.
func TestScriptsClaims(t *testing.T) {
	h := build(t, plan{rules: true})
	h.action("claims", `
for (const name of ["sub", "acr", "amr", "auth_time", "iss", "org_id", "scope"]) { api.idToken.setCustomClaim(name, "forged"); api.accessToken.setCustomClaim(name, "forged"); }
api.idToken.setCustomClaim("https://app.example/roles", event.authorization.roles);
api.accessToken.setCustomClaim("https://app.example/tier", { name: "gold" });
api.accessToken.removeScope("write"); api.accessToken.addScope("nonsense");`)
	b := h.browser()
	got := b.tokens("grace", h.ask("web", "audience", testAPI, "scope", "openid read write offline_access"))
	check := func(got *reply) {
		t.Helper()
		id := got.id()
		access, _ := h.claims(got.text("access_token"))
		for _, claims := range []map[string]any{id, access} {
			for name, value := range claims {
				if value == "forged" {
					t.Errorf("%s was forged", name)
				}
			}
		}
		if _, ok := id["https://app.example/roles"].([]any); !ok {
			t.Errorf("%v", id)
		}
		if tier, _ := access["https://app.example/tier"].(map[string]any); tier["name"] != "gold" || access["scope"] != "openid read offline_access" {
			t.Errorf("%v", access)
		}
	}
	check(got)
	h.clear()
	check(h.refresh("web", got.text("refresh_token")).is(200, ""))
}

// Row 5: Duo stands alone, but a script may force it for one sign-in beside other factors.
func TestRow5_DuoForced(t *testing.T) {
	h := build(t, plan{rules: true, factors: []string{factors.OTP, factors.RecoveryCode}})
	h.rule("duo", `if (context.request.query.login_hint === "duo") context.multifactor = { provider: "duo" }; callback(null, user, context)`)
	asked, p := h.browser().asked(t, "ada", "web", "login_hint", "duo")
	if _, r := h.record("ada"); !asked || r.Asked.Source != "rule duo" || !slices.Equal(r.Asked.Offers, []string{factors.Duo}) {
		t.Errorf("asked %v: %s offers %v (%s)", asked, r.Asked.Source, r.Asked.Offers, p.title())
	}
	// Who has a factor shows it before Duo is set up.
	_, p = h.browser().asked(t, "grace", "web", "login_hint", "duo")
	if p = p.press("answer", "code", h.code(h.users["grace"])); p.home || !leaves.MatchString(p.body) {
		t.Errorf("not led to Duo: %s", p.title())
	}
	if asked, p = h.browser().asked(t, "grace", "web"); asked {
		t.Errorf("asked without the rule: %s", p.title())
	}
}

// Rows 92, 94 and 95: a web application steps up by acr_values, whatever browser is
// remembered, and refreshed tokens still say so.
func TestRow92_94_95_StepUpByValue(t *testing.T) {
	h := build(t, plan{rules: true})
	h.rule("step up", `
var asked = context.request.query.acr_values === "`+multi+`";
var done = context.authentication.methods.find(function (m) { return m.name === "mfa"; });
if (asked && !done) context.multifactor = { provider: "any" };
callback(null, user, context)`)
	b := h.browser()
	first := b.tokens("grace", h.ask("web", "scope", "openid offline_access"))
	if slices.Contains(amrOf(first.id()), "mfa") {
		t.Fatalf("%v", first.id())
	}
	_, p := b.asked(t, "grace", "web", "acr_values", multi, "scope", "openid offline_access")
	got := h.ask("web").redeem(p.press("answer", "code", h.code(h.users["grace"]), "remember", "1").answer()).is(200, "")
	check := func(got *reply) {
		t.Helper()
		if id := got.id(); id["acr"] != multi || !slices.Contains(amrOf(id), "mfa") || id["auth_time"] == nil {
			t.Errorf("%v", id)
		}
	}
	check(got)
	h.wait(time.Hour)
	check(h.refresh("web", got.text("refresh_token")).is(200, ""))
	b.signOut()
	if asked, _ := b.asked(t, "grace", "web", "acr_values", multi); !asked {
		t.Error("row 94: a remembered browser met acr_values")
	}
}

// Row 82: a rule that does not end is ended in time, and the login fails closed.
func TestRow82_EndlessLoop(t *testing.T) {
	h := build(t, plan{rules: true})
	h.rule("loop", `for (;;);`)
	begun := time.Now()
	_, p := h.browser().asked(t, "grace", "web")
	p.says("You can’t sign in here")
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
	if _, r := h.record("grace"); r.Denial == nil || r.Denial.Script != "loop" || !strings.Contains(r.Denial.Reason, "longer than") {
		t.Errorf("%+v", r.Denial)
	}
}
