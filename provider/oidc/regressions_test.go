package oidc_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
)

// Bypasses that were found in products like this one, played against it.
func TestRegressions(t *testing.T) {
	for name, test := range map[string]func(*testing.T){
		"B-01-regression: one factor is not enough because the user has two":         regressionB01,
		"B-02-regression: wrong codes are counted wherever they come from":           regressionB02,
		"B-03-regression: nobody is locked out by somebody else's guesses":           regressionB03,
		"B-04-regression: a password alone changes no factor":                        regressionB04,
		"B-05-regression: the steps of a reset have an order":                        regressionB05,
		"B-06-regression: consent given before skips no factor":                      regressionB06,
		"B-07-regression: a login belongs to one browser":                            regressionB07,
		"B-08-regression: step-up offers no enrolment to who has a factor":           regressionB08,
		"B-09-regression: enrolment needs a fresh first proof and is told":           regressionB09,
		"B-10-regression: two people never share a session":                          regressionB10,
		"B-11-regression: parallel guesses do not pass the counter":                  regressionB11,
		"B-13-regression: PKCE cannot be left away":                                  regressionB13,
		"B-14-regression: redirect addresses are no patterns":                        regressionB14,
		"B-15-regression: one person has one counter, however they are spelled":      regressionB15,
		"B-16-regression: every way to a token goes through the same decision":       regressionB16,
		"B-18-regression: a remembered browser is one person's, and meets no demand": regressionB18,
		"B-19-regression: a pending authenticator belongs to its login":              regressionB19,
		"B-20-regression: a recovery code is no first proof, and works once":         regressionB20,
		"B-21-regression: a user who is gone has no tokens":                          regressionB21,
		"B-22-regression: what Duo sends back belongs to one login and one person":   regressionB22,
		"B-23-regression: a yes belongs to one sign-in":                              regressionB23,
		"B-24-regression: links in mails come from the configuration":                regressionB24,
	} {
		t.Run(name, test)
	}
}

func (p *page) name(h *house, who string) *page {
	return p.press("answer", "username", who, "password", h.users[who].password)
}

func regressionB01(t *testing.T) {
	h := open(t)
	b := h.browser()
	q := b.begin(h.ask("web", "acr_values", multi)).name(h, "grace").says("Enter your code")
	b.get(h.at("/authorize/resume?login=" + q.loginID())).says("Enter your code") // the end is not reached by its address
	if got := b.begin(h.ask("web", "prompt", "none")); got.home && got.answer().Has("code") {
		t.Error("half a login signs in silently")
	}
	if got := b.tokens("grace", h.ask("web")).id(); got["acr"] != single {
		t.Errorf("acr %v", got["acr"])
	}
	b.begin(h.ask("web", "acr_values", multi, "prompt", "none")).fails("interaction_required")
}

func (p *page) loginID() string { return p.at.Path[strings.LastIndexByte(p.at.Path, '/')+1:] }

func regressionB02(t *testing.T) {
	h := open(t)
	refused := 0
	for range 14 { // a new browser each time, and the right password before each
		p := h.browser().begin(h.ask("mfa")).name(h, "grace")
		if p.status == http.StatusTooManyRequests {
			refused++
			continue
		}
		if p = p.press("answer", "code", wrongCode(h)); p.status == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused != 4 {
		t.Errorf("%d of 14 wrong codes were refused unseen, want 4", refused)
	}
	p := h.browser().begin(h.ask("mfa")).name(h, "grace").press("answer", "code", rightCode(h))
	if p.home || p.status != http.StatusTooManyRequests || p.header.Get("Retry-After") == "" {
		t.Errorf("a right code passed the limit: %d at %s", p.status, p.at)
	}
	h.wait(6 * time.Minute) // one more each six minutes
	if p = h.browser().begin(h.ask("mfa")).name(h, "grace").press("answer", "code", rightCode(h)); !p.home {
		t.Errorf("after six minutes: %d %s", p.status, p.title())
	}
}

func wrongCode(h *house) string {
	right := rightCode(h)
	return string('0'+(right[0]-'0'+1)%10) + right[1:]
}

// rightCode is the code of now; it may have been used.
func rightCode(h *house) string {
	h.t.Helper()
	c, err := totp.GenerateCode(h.users["grace"].key, h.now())
	h.must(err)
	return c
}

func regressionB03(t *testing.T) {
	h := open(t)
	known := h.browser()
	known.begin(h.ask("web")).signIn("grace").answer()
	// An attacker from the same address uses all tries up.
	attacker := h.browser()
	p := attacker.begin(h.ask("web"))
	for range 60 {
		p = p.press("answer", "username", "grace", "password", "a guess")
	}
	if p.status != http.StatusTooManyRequests {
		t.Fatalf("the attacker is not slowed down: %d", p.status)
	}
	// The browser that she has used before gets in, and her second factor is untouched.
	known.get(h.at("/oidc/logout")).press("logout-yes")
	p = known.begin(h.ask("mfa")).name(h, "grace").says("Enter your code")
	for range 12 {
		p = p.press("answer", "code", wrongCode(h))
	}
	if p.status != http.StatusTooManyRequests {
		t.Fatalf("wrong codes are not limited: %d", p.status)
	}
	// A right password gives no new tries at the code.
	again := known.begin(h.ask("mfa")).name(h, "grace").press("answer", "code", wrongCode(h))
	if again.status != http.StatusTooManyRequests {
		t.Errorf("the password reset the code's limit: %d", again.status)
	}
}

func regressionB04(t *testing.T) {
	h := build(t, plan{policy: policy.Always})
	b := h.browser()
	b.begin(h.ask("web", "prompt", "login")).name(h, "grace").says("Enter your code")
	// With the password alone: the page that changes it asks for the code as well.
	p := b.get(h.at("/password"))
	if p.has("password_new") {
		t.Fatal("the password can be changed with a password alone")
	}
	for _, act := range []string{"enroll", "skip", "done", "allow", "switch-factor"} {
		p = b.begin(h.ask("web")).name(h, "grace").press(act, "factor", factors.OTP, "saved", "1")
		if p.home || p.has("password_new") || strings.Contains(p.body, "otpauth:") {
			t.Errorf("act %s led to %s (%s)", act, p.at, p.title())
		}
	}
	list, err := h.db.Authenticators(t.Context(), h.users["grace"].ID)
	h.must(err)
	if len(list) != 3 {
		t.Errorf("%d authenticators, want 3", len(list))
	}
}

func regressionB05(t *testing.T) {
	h := open(t)
	link := resetLink(h, "grace")
	other := resetLink(h, "ada")
	for _, address := range []string{h.at("/reset/x"), h.at("/reset/" + strings.Repeat("A", 52)), link[:len(link)-1] + "x"} {
		p := h.browser().post(address, url.Values{"password_new": {"a new one for the wrong person"}, "password_again": {"a new one for the wrong person"}})
		if p.status != http.StatusGone {
			t.Errorf("%s: %d", address, p.status)
		}
	}
	b := h.browser()
	p := b.get(link).says("Choose a new password").press("answer", "password_new", "seven lighthouses in a row", "password_again", "seven lighthouses in a row")
	p.says("Password changed")
	if p := b.get(link); p.status != http.StatusGone {
		t.Errorf("the link works twice: %d", p.status)
	}
	if b.begin(h.ask("web", "prompt", "none")).answer().Get("error") != "login_required" {
		t.Error("the reset signed in")
	}
	h.users["grace"].password = "seven lighthouses in a row"
	b.begin(h.ask("mfa")).name(h, "grace").says("Enter your code") // the factor is still there
	if p := b.get(other); p.status != 200 || strings.Contains(p.body, "grace") {
		t.Error("a link leads to somebody else")
	}
	h.wait(2 * time.Hour)
	if p := b.get(other); p.status != http.StatusGone {
		t.Errorf("an old link works: %d", p.status)
	}
}

// resetLink asks for a reset and returns the link that was mailed.
func resetLink(h *house, who string) string {
	h.t.Helper()
	h.browser().get(h.at("/reset")).press("answer", "username", who).says("Check your mail")
	mails := h.arrived()
	for i := len(mails) - 1; i >= 0; i-- {
		if mails[i].to == who+"@example.com" {
			if at := strings.Index(mails[i].text, h.at("/reset/")); at >= 0 {
				return strings.Fields(mails[i].text[at:])[0]
			}
		}
	}
	h.t.Fatalf("no reset mail to %s: %+v", who, mails)
	return ""
}

func regressionB06(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.begin(h.ask("partner")).signIn("grace").answer()
	b.begin(h.ask("partner", "prompt", "none")).answer()
	h.amend("partner", func(c *storage.Client) { c.Settings.Policy = policy.Always })
	b.begin(h.ask("partner")).says("Enter your code")
	b.begin(h.ask("partner", "prompt", "none")).fails("login_required")
}

func regressionB07(t *testing.T) {
	h := open(t)
	mine, theirs := h.browser(), h.browser()
	p := mine.begin(h.ask("mfa")).name(h, "grace").says("Enter your code")
	other := theirs.begin(h.ask("mfa")).says("Sign in")
	for _, q := range []*page{
		theirs.get(p.at.String()),
		theirs.post(p.at.String(), url.Values{"act": {"answer"}, "code": {rightCode(h)}}),
		theirs.get(h.at("/authorize/resume?login=" + p.loginID())),
	} {
		if q.home || q.status != http.StatusGone {
			t.Errorf("another browser: %d at %s", q.status, q.at)
		}
	}
	if other.press("answer", "username", "ada", "password", h.users["ada"].password); len(h.events("proof.accepted")) != 2 {
		t.Errorf("%d proofs", len(h.events("proof.accepted")))
	}
	// The cookie of before the proof is worth nothing after it.
	fixed := h.browser()
	q := fixed.begin(h.ask("mfa"))
	before := fixed.cookies()
	q.name(h, "grace").says("Enter your code")
	planted := h.browser()
	planted.setCookies(before)
	if r := planted.get(q.at.String()); r.status != http.StatusGone {
		t.Errorf("a planted cookie: %d %s", r.status, r.title())
	}
}

func regressionB08(t *testing.T) {
	h := open(t)
	b := h.browser()
	p := b.begin(h.ask("web", "acr_values", multi)).name(h, "grace").says("Enter your code")
	for _, act := range []string{"enroll", "other"} {
		if q := p.press(act, "factor", factors.OTP); strings.Contains(q.body, "otpauth:") {
			t.Errorf("%s offers enrolment", act)
		}
	}
	// Nor where the factor that she has is switched off here.
	h.amend("web", func(c *storage.Client) { c.Settings.Factors = []string{factors.RecoveryCode} })
	if q := b.begin(h.ask("mfa")); strings.Contains(q.body, "otpauth:") {
		t.Error("enrolment where the factor is switched off")
	}
}

func regressionB09(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.begin(h.ask("web")).signIn("ada").answer()
	h.wait(time.Hour)
	p := b.begin(h.ask("mfa", "prompt", "login")).says("Enter your password") // not on yesterday's proof
	p.signIn("ada").answer()
	mails := h.arrived()
	if len(mails) != 1 || mails[0].to != "ada@example.com" || !strings.Contains(mails[0].subject, "was added") {
		t.Errorf("%+v", mails)
	}
}

func regressionB10(t *testing.T) {
	h := open(t)
	b := h.browser()
	first := b.tokens("grace", h.ask("mfa"))
	// Cancelled re-authentication leaves the session as it was.
	b.begin(h.ask("mfa", "prompt", "login")).press("cancel").fails("access_denied")
	same := b.tokens("grace", h.ask("mfa", "prompt", "none")).id()
	if same["sub"] != h.users["grace"].ID || same["auth_time"] != first.id()["auth_time"] {
		t.Errorf("%v", same)
	}
	// Another person in the same browser gets nothing of hers.
	p := b.begin(h.ask("web", "prompt", "login")).press("switch").says("Sign in")
	p.name(h, "ada").answer()
	a := h.ask("web")
	id := a.redeem(b.begin(a).answer()).id()
	if id["sub"] != h.users["ada"].ID || id["acr"] != single {
		t.Errorf("%v", id)
	}
	if b.begin(h.ask("mfa", "prompt", "none")).answer().Get("code") != "" {
		t.Error("ada has grace's second factor")
	}
	h.userinfo(first.text("access_token")).is(401, "invalid_token") // grace's session is over
}

func regressionB11(t *testing.T) {
	engines(t, func(t *testing.T, engine string) {
		h := build(t, plan{engine: engine})
		var pages []*page
		for range 40 { // each guess in a login of its own, all at once
			pages = append(pages, h.browser().begin(h.ask("mfa")).name(h, "grace").says("Enter your code"))
		}
		code := wrongCode(h)
		together(len(pages), pagesPress(pages, code))
		if n := len(h.events("proof.refused")); n > 10 {
			t.Errorf("%d of 40 parallel codes were looked at, want at most 10", n)
		}
	})
}

// pagesPress answers each page once, whoever calls.
func pagesPress(pages []*page, code string) func() bool {
	next := make(chan *page, len(pages))
	for _, p := range pages {
		next <- p
	}
	return func() bool {
		return (<-next).press("answer", "code", code).home
	}
}

func regressionB13(t *testing.T) {
	h := open(t)
	b := h.browser()
	a := h.ask("pkce")
	q := b.begin(a).signIn("ada").answer()
	h.token("pkce", "grant_type", "authorization_code", "code", q.Get("code"), "redirect_uri", callback, "code_verifier", strings.Repeat("w", 43)).is(400, "invalid_grant")
	h.token("pkce", "grant_type", "authorization_code", "code", q.Get("code"), "redirect_uri", callback).is(400, "invalid_grant")
}

func regressionB14(t *testing.T) {
	h := open(t)
	for _, uri := range []string{"https://appXexample/callback", "https://app.example/callback2", "https://app.example/callback/..", "xhttps://app.example/callback", "https://app%2eexample/callback", "https://u:p@app.example/callback"} {
		if p := h.browser().begin(h.ask("web", "redirect_uri", uri)); p.home || p.status != 400 {
			t.Errorf("%s: %d", uri, p.status)
		}
	}
}

func regressionB15(t *testing.T) {
	h := open(t)
	spellings := []string{"grace", "GRACE", "grace@example.com", "Grace@Example.COM", " grace ", "ｇｒａｃｅ"}
	looked := 0
	p := h.browser().begin(h.ask("web"))
	for i := range 30 {
		p = p.press("answer", "username", spellings[i%len(spellings)], "password", "a guess")
		if p.status == http.StatusOK {
			looked++
		}
	}
	if looked != 10 {
		t.Errorf("%d guesses were looked at, want 10", looked)
	}
}

func regressionB16(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.begin(h.ask("web")).signIn("grace").answer() // a session of a password
	_, pushed := h.ask("mfa").push()
	ways := map[string]func() *page{
		"GET /authorize":        func() *page { return b.begin(h.ask("mfa")) },
		"POST /authorize":       func() *page { return b.postFrom("https://app.example", h.at("/authorize"), h.ask("mfa").form) },
		"pushed request":        func() *page { return b.get(pushed) },
		"form_post":             func() *page { return b.begin(h.ask("mfa", "response_mode", "form_post")) },
		"with an id_token_hint": func() *page { return b.begin(h.ask("mfa", "login_hint", "grace")) },
		"with max_age":          func() *page { return b.begin(h.ask("mfa", "max_age", "1000")) },
	}
	for name, way := range ways {
		if p := way(); p.home || !strings.HasPrefix(p.title(), "Enter your code") {
			t.Errorf("%s: %s at %s", name, p.title(), p.at)
		}
	}
	b.begin(h.ask("mfa", "prompt", "none")).fails("login_required")
	// The ways without a person have none to ask, and give no person's token.
	got := h.token("machine", "grant_type", "client_credentials", "audience", ledgerAPI).text("access_token")
	if info := h.introspect("machine", got).body; info["acr"] != nil || info["sub"] != "machine" {
		t.Errorf("%v", info)
	}
	// Nobody has a grant that was not given to them.
	for _, grant := range []string{"password", "http://auth0.com/oauth/grant-type/password-realm"} {
		h.token("mfa", "grant_type", grant, "username", "grace", "password", h.users["grace"].password).is(403, "unauthorized_client")
	}
	h.token("mfa", "grant_type", "urn:ietf:params:oauth:grant-type:device_code", "device_code", "x").is(400, "unauthorized_client")
	h.token("mfa", "grant_type", "urn:ietf:params:oauth:grant-type:token-exchange").is(400, "unsupported_grant_type")
}

func regressionB19(t *testing.T) {
	h := open(t)
	attacker, owner := h.browser(), h.browser()
	theirs := attacker.begin(h.ask("mfa")).name(h, "ada").says("Set up")
	mine := owner.begin(h.ask("mfa")).name(h, "ada").says("Set up")
	key := func(p *page) string {
		at, err := url.Parse(unescape(otpauth.FindString(unescape(p.body))))
		h.must(err)
		return at.Query().Get("secret")
	}
	if key(theirs) == key(mine) {
		t.Fatal("two logins set up one key")
	}
	// The attacker's pending key confirms nothing in the owner's login.
	code, err := totp.GenerateCode(key(theirs), h.now())
	h.must(err)
	if p := mine.press("answer", "code", code); p.home || !strings.Contains(p.body, "otpauth:") {
		t.Errorf("at %s", p.at)
	}
	mine.b.get(mine.at.String()).signIn("ada").answer()
	// Now she has a factor: the attacker's tab has to ask for that one.
	code, err = totp.GenerateCode(key(theirs), h.now())
	h.must(err)
	if p := theirs.press("answer", "code", code); p.home {
		t.Fatal("a pending authenticator was confirmed after the account had a factor")
	}
	list, err := h.db.Authenticators(t.Context(), h.users["ada"].ID)
	h.must(err)
	confirmed := 0
	for _, a := range list {
		if a.Factor == factors.OTP && a.Usable() {
			confirmed++
		}
	}
	if confirmed != 1 {
		t.Errorf("%d confirmed authenticators", confirmed)
	}
}

func regressionB20(t *testing.T) {
	h := open(t)
	p := h.browser().begin(h.ask("web"))
	p = p.press("answer", "username", "grace", "password", h.users["grace"].codes[0])
	if p.home {
		t.Fatal("a recovery code was a password")
	}
	p = p.press("answer", "code", h.users["grace"].codes[0], "username", "grace")
	if p.home || p.title() == "" {
		t.Fatal("a recovery code came first")
	}
}

func regressionB21(t *testing.T) {
	h := open(t)
	type way struct {
		name string
		do   func()
		undo func()
	}
	for _, w := range []way{
		{"disabled", func() { block(h, "ada", true) }, func() { block(h, "ada", false) }},
		{"signed out everywhere", func() { h.must(h.flows.SignOutEverywhere(t.Context(), h.users["ada"].ID, "")) }, nil},
		{"password reset", func() {
			h.browser().get(resetLink(h, "ada")).press("answer", "password_new", "new moon over the harbour", "password_again", "new moon over the harbour").says("Password changed")
			h.users["ada"].password = "new moon over the harbour"
		}, nil},
		{"deleted", func() { h.must(h.db.DeleteUser(t.Context(), h.users["ada"].ID)) }, nil},
	} {
		b := h.browser()
		got := b.tokens("ada", h.ask("web", "scope", "openid offline_access"))
		w.do()
		h.refresh("web", got.text("refresh_token")).is(400, "invalid_grant")
		h.userinfo(got.text("access_token")).is(401, "invalid_token")
		if b.begin(h.ask("web", "prompt", "none")).answer().Get("code") != "" {
			t.Errorf("%s: the session lives", w.name)
		}
		if w.undo != nil {
			w.undo()
		}
	}
}

func regressionB24(t *testing.T) {
	h := open(t)
	r, err := http.NewRequest(http.MethodPost, h.at("/reset"), strings.NewReader(url.Values{"username": {"ada"}}.Encode()))
	h.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Host = "evil.example"
	r.Header.Set("X-Forwarded-Host", "evil.example")
	r.Header.Set("X-Forwarded-Proto", "https")
	r.Header.Set("Forwarded", "host=evil.example")
	h.do(r)
	for _, m := range h.arrived() {
		if strings.Contains(m.text, "evil.example") || !strings.Contains(m.text, h.at("/reset/")) {
			t.Errorf("%s", m.text)
		}
	}
}
