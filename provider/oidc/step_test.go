package oidc_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
)

func essential(values ...string) string {
	b, _ := json.Marshal(map[string]any{"id_token": map[string]any{"acr": map[string]any{"essential": true, "values": values}}})
	return string(b)
}

func TestSTEP01_OnlyTheSecondFactor(t *testing.T) {
	h := open(t)
	b := h.browser()
	first := b.tokens("grace", h.ask("web")).id()
	if first["acr"] != single || !slices.Equal(texts(first["amr"]), []string{"pwd"}) {
		t.Errorf("%v", first)
	}
	h.wait(time.Minute)
	a := h.ask("web", "acr_values", multi)
	p := b.begin(a).says("Enter your code") // no password
	id := a.redeem(p.signIn("grace").answer()).id()
	if id["acr"] != multi || !slices.Equal(texts(id["amr"]), []string{"pwd", "otp", "mfa"}) || id["auth_time"].(float64) <= first["auth_time"].(float64) {
		t.Errorf("%v", id)
	}
}

func TestSTEP02_PromptNone(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.begin(h.ask("web")).signIn("grace").answer()
	b.begin(h.ask("web", "acr_values", multi, "prompt", "none")).fails("interaction_required")
}

func TestSTEP03_FirstThatCanBeMet(t *testing.T) {
	h := open(t)
	a := h.ask("web", "acr_values", "phr "+multi)
	p := h.browser().begin(a)
	if id := a.redeem(p.signIn("grace").answer()).id(); id["acr"] != multi {
		t.Errorf("acr %v", id["acr"])
	}
}

func TestSTEP04_VoluntaryImpossible(t *testing.T) {
	h := open(t)
	loose, strict := false, true
	h.register("loose", "client_secret_basic", func(c *storage.Client) { c.Settings.StrictACR = &loose })
	h.register("strict", "client_secret_basic", func(c *storage.Client) { c.Settings.StrictACR = &strict })
	if id := h.browser().tokens("grace", h.ask("loose", "acr_values", "phr")).id(); id["acr"] != single {
		t.Errorf("acr %v", id["acr"])
	}
	h.browser().begin(h.ask("strict", "acr_values", "phr")).signIn("grace").fails("unmet_authentication_requirements")
	// By default strict where all values are ones that we advertise.
	h.browser().begin(h.ask("web", "acr_values", "phr")).signIn("grace").fails("unmet_authentication_requirements")
	if id := h.browser().tokens("grace", h.ask("web", "acr_values", "phr urn:nobody")).id(); id["acr"] != single {
		t.Errorf("acr %v", id["acr"])
	}
}

func TestSTEP05_EssentialImpossible(t *testing.T) {
	h := open(t)
	q := h.browser().begin(h.ask("web", "claims", essential("phr"))).signIn("grace").fails("unmet_authentication_requirements")
	if q.Get("state") != "s-web" {
		t.Errorf("state %q", q.Get("state"))
	}
	h.browser().begin(h.ask("web", "claims", essential("urn:unknown"))).signIn("grace").fails("unmet_authentication_requirements")
	// Possible by enrolment: that needs a fresh proof of what there is.
	a := h.ask("web", "claims", essential(multi))
	p := h.browser().begin(a)
	p = p.press("answer", "username", "ada", "password", h.users["ada"].password).says("Set up your authenticator app")
	if id := a.redeem(p.signIn("ada").answer()).id(); id["acr"] != multi {
		t.Errorf("acr %v", id["acr"])
	}
	if id := h.browser().tokens("grace", h.ask("web", "claims", essential("https://refeds.org/profile/mfa"))).id(); id["acr"] != "https://refeds.org/profile/mfa" {
		t.Errorf("acr %v", id["acr"])
	}
}

func TestSTEP06_EssentialAndPromptNone(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.begin(h.ask("web", "claims", essential(multi), "prompt", "none")).fails("login_required")
	b.begin(h.ask("web")).signIn("grace").answer()
	b.begin(h.ask("web", "claims", essential(multi), "prompt", "none")).fails("unmet_authentication_requirements")
}

func TestSTEP07_MaxAgeAtTheAskedLevel(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.begin(h.ask("mfa")).signIn("grace").answer()
	h.wait(10 * time.Minute)
	a := h.ask("mfa", "max_age", "300")
	p := b.begin(a).says("Enter your password").press("answer", "password", h.users["grace"].password).says("Enter your code")
	if id := a.redeem(p.signIn("grace").answer()).id(); id["acr"] != multi || h.now().Unix()-int64(id["auth_time"].(float64)) > 60 {
		t.Errorf("%v", id)
	}
}

func TestSTEP09_InTokensAndIntrospection(t *testing.T) {
	h := open(t)
	got := h.browser().tokens("grace", h.ask("mfa", "scope", "openid offline_access read", "audience", ledgerAPI))
	h.wait(5 * time.Minute)
	next := h.refresh("mfa", got.text("refresh_token"))
	a, b := h.introspect("mfa", got.text("access_token")).body, h.introspect("mfa", next.text("access_token")).body
	if a["acr"] != multi || a["acr"] != b["acr"] || a["auth_time"] != b["auth_time"] || !slices.Equal(texts(a["amr"]), texts(b["amr"])) {
		t.Errorf("%v, then %v", a, b)
	}
}

func TestSTEP10_DefaultACRValues(t *testing.T) {
	h := open(t)
	h.register("levelled", "client_secret_basic", func(c *storage.Client) { c.Metadata.DefaultACRValues = []string{multi} })
	if id := h.browser().tokens("grace", h.ask("levelled")).id(); id["acr"] != multi {
		t.Errorf("acr %v", id["acr"])
	}
	if id := h.browser().tokens("grace", h.ask("levelled", "acr_values", single)).id(); id["acr"] != single {
		t.Errorf("acr %v", id["acr"])
	}
}

func TestSTEP12_ParallelTab(t *testing.T) {
	h := open(t)
	b := h.browser()
	a := h.ask("web", "claims", essential(multi))
	first := b.begin(a)
	b.begin(h.ask("web")).signIn("grace").answer() // the other tab, password only
	p := b.get(first.at.String())
	if p.home {
		t.Fatal("the first tab came through with a password")
	}
	if id := a.redeem(p.signIn("grace").answer()).id(); id["acr"] != multi {
		t.Errorf("acr %v", id["acr"])
	}
}

func TestSTEP13_HugeACRValues(t *testing.T) {
	h := open(t)
	b := h.browser()
	for _, values := range []string{strings.Repeat("a", 9000), strings.Repeat("v ", 1000), "a\nb", "a\x00b", "é"} {
		p := b.begin(h.ask("web", "acr_values", values))
		if !p.home && p.status != 400 || p.home && p.answer().Get("error") != "invalid_request" {
			t.Errorf("%.20q: %d at %s", values, p.status, p.at)
		}
	}
	h.browser().begin(h.ask("web", "acr_values", strings.Repeat("x", 100<<10))).fails("invalid_request")
	if strings.Contains(h.log.String(), "aaaaaaaaaaaa") {
		t.Error("the values are in the log")
	}
}

func TestSTEP14_NeverLower(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.begin(h.ask("mfa")).signIn("grace").answer()
	a := h.ask("web", "acr_values", single)
	if id := a.redeem(b.begin(a).answer()).id(); id["acr"] != multi {
		t.Errorf("acr %v", id["acr"])
	}
}

// A recovery code lets a person through and raises nothing.
func TestAMR_RecoveryCode(t *testing.T) {
	h := open(t)
	b := h.browser()
	a := h.ask("mfa")
	p := b.begin(a).press("answer", "username", "grace", "password", h.users["grace"].password).says("Enter your code")
	p = p.press("other").says("Choose how").press("choose", "factor", factors.RecoveryCode).says("Use a recovery code")
	id := a.redeem(p.press("answer", "code", strings.ToLower(h.users["grace"].codes[0])).answer()).id()
	if id["acr"] != single || !slices.Equal(texts(id["amr"]), []string{"pwd", "rc"}) {
		t.Errorf("%v", id)
	}
	b.begin(h.ask("web", "acr_values", multi)).says("Enter your code")
	if mails := h.arrived(); len(mails) != 1 || mails[0].to != "grace@example.com" || !strings.Contains(mails[0].text, "9") {
		t.Errorf("mails: %+v", mails)
	}
}

// The application asks for nothing, or for less than its policy does: the person is
// asked all the same, and the tokens say what was proven.
func TestSTEP15_PolicyAsksForMore(t *testing.T) {
	h := open(t)
	for _, less := range []string{"", single} {
		b := h.browser()
		a := h.ask("mfa")
		if less != "" {
			a = h.ask("mfa", "acr_values", less)
		}
		p := b.begin(a).press("answer", "username", "grace", "password", h.users["grace"].password).says("Enter your code")
		id := a.redeem(p.signIn("grace").answer()).id()
		if id["acr"] != multi || !slices.Equal(texts(id["amr"]), []string{"pwd", "otp", "mfa"}) {
			t.Errorf("asked for %q: %v", less, id)
		}
		a = h.ask("web", "acr_values", single) // another application, which needs no more than a password
		if id := a.redeem(b.begin(a).answer()).id(); id["acr"] != multi {
			t.Errorf("asked for %q, then elsewhere: %v", less, id["acr"])
		}
		h.wait(time.Minute)
	}
}
