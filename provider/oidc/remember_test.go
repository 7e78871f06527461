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

// remembered signs grace in with a code and the wish to be remembered, and out again.
func remembered(t *testing.T, change ...func(*plan)) (*house, *browser) {
	t.Helper()
	p := plan{policy: policy.Always}
	for _, f := range change {
		f(&p)
	}
	h := build(t, p)
	b := h.browser()
	q := b.begin(h.ask("web")).name(h, "grace").says("Enter your code")
	if !strings.Contains(q.body, `name="remember"`) || !strings.Contains(q.body, "30 days") {
		t.Fatalf("no wish can be made: %s", q.body)
	}
	q.press("answer", "code", h.code(h.users["grace"]), "remember", "1").answer()
	b.signOut()
	return h, b
}

// signOut ends the session and nothing else.
func (b *browser) signOut() {
	b.h.t.Helper()
	b.drop("session")
}

// drop takes cookies away whose name has a part.
func (b *browser) drop(part string) {
	b.h.t.Helper()
	at, err := url.Parse(b.h.issuer)
	b.h.must(err)
	for _, c := range b.http.Jar.Cookies(at) {
		if strings.Contains(c.Name, part) {
			b.http.Jar.SetCookies(at, []*http.Cookie{{Name: c.Name, Value: "", MaxAge: -1, Path: "/"}})
		}
	}
}

// copies gives another browser the cookies whose name has a part.
func (b *browser) copies(to *browser, part string) {
	b.h.t.Helper()
	at, err := url.Parse(b.h.issuer)
	b.h.must(err)
	for _, c := range b.http.Jar.Cookies(at) {
		if strings.Contains(c.Name, part) {
			to.http.Jar.SetCookies(at, []*http.Cookie{{Name: c.Name, Value: c.Value, Path: "/"}})
		}
	}
}

// Row 65: the same browser is not asked again, another one is. The tokens say that
// nothing but the password was shown.
func TestRow65_Remembered(t *testing.T) {
	h, b := remembered(t)
	a := h.ask("web")
	got := a.redeem(b.begin(a).name(h, "grace").answer()).is(http.StatusOK, "").id()
	if !slices.Equal(amrOf(got), []string{"pwd", "rmb"}) || got["acr"] != single {
		t.Errorf("amr %v, acr %v", got["amr"], got["acr"])
	}
	again := h.ask("web", "prompt", "none")
	if got := again.redeem(b.begin(again).answer()).id(); got["acr"] != single {
		t.Errorf("silent: %v", got)
	}
	h.browser().begin(h.ask("web")).name(h, "grace").says("Enter your code")
}

// Row 66: thirty days since the factor, seven without a sign-in, or what is configured.
func TestRow66_RememberLimits(t *testing.T) {
	day := 24 * time.Hour
	h, b := remembered(t)
	for range 4 { // every six days: the 30th day comes
		h.wait(6 * day)
		b.begin(h.ask("web")).name(h, "grace").answer()
		b.signOut()
	}
	h.wait(5 * day) // 29
	b.begin(h.ask("web")).name(h, "grace").answer()
	b.signOut()
	h.wait(2 * day) // 31
	b.begin(h.ask("web")).name(h, "grace").says("Enter your code")

	h, b = remembered(t)
	h.wait(7*day + time.Minute)
	b.begin(h.ask("web")).name(h, "grace").says("Enter your code")

	h, b = remembered(t)
	hour := int64(3600)
	h.must(h.db.PutSettings(t.Context(), &storage.Settings{Policy: policy.Always, Factors: []string{"otp"}, RememberFor: &hour}))
	h.wait(59 * time.Minute)
	b.begin(h.ask("web")).name(h, "grace").answer()
	b.signOut()
	h.wait(2 * time.Minute)
	b.begin(h.ask("web")).name(h, "grace").says("Enter your code")
}

// Row 67, STEP-11: what an application demands is asked for all the same.
func TestRow67_STEP11_RememberedMeetsNoDemand(t *testing.T) {
	for name, ask := range map[string][]string{
		"acr_values":    {"acr_values", multi},
		"essential acr": {"claims", `{"id_token":{"acr":{"essential":true,"values":["` + multi + `"]}}}`},
		"max_age":       {"max_age", "60"},
		"prompt=login":  {"prompt", "login"},
	} {
		t.Run(name, func(t *testing.T) {
			h, b := remembered(t)
			b.begin(h.ask("web", ask...)).name(h, "grace").says("Enter your code")
			b.begin(h.ask("web")).name(h, "grace").answer()
			silent := b.begin(h.ask("web", append(ask, "prompt", "none")...))
			if silent.home && silent.answer().Has("code") && name != "max_age" && name != "prompt=login" {
				t.Error("a silent sign-in meets the demand")
			}
		})
	}
}

// Row 67: an application that remembers no browser asks, and offers no wish, whatever the
// others do.
func TestRow67_ApplicationThatRemembersNone(t *testing.T) {
	h, b := remembered(t)
	none := int64(0)
	h.amend("web", func(c *storage.Client) { c.Settings.RememberFor = &none })
	if p := b.begin(h.ask("web")).name(h, "grace").says("Enter your code"); p.has("remember") {
		t.Error("the wish is offered")
	}
	b.begin(h.ask("mfa")).name(h, "grace").answer()
}

// Row 69: an admin takes it back, everywhere.
func TestRow69_Revoked(t *testing.T) {
	h, b := remembered(t)
	h.must(h.db.DeleteBrowsers(t.Context(), h.users["grace"].ID))
	b.begin(h.ask("web")).name(h, "grace").says("Enter your code")
}

func regressionB18(t *testing.T) {
	t.Run("a copied cookie is of no use in another browser", func(t *testing.T) {
		h, b := remembered(t)
		thief := h.browser()
		b.copies(thief, "remember")
		thief.begin(h.ask("web")).name(h, "grace").says("Enter your code")
	})
	t.Run("a whole copied jar works until the owner signs in, and then for nobody", func(t *testing.T) {
		h, b := remembered(t)
		thief := h.browser()
		b.copies(thief, "remember")
		b.copies(thief, "device")
		b.begin(h.ask("web")).name(h, "grace").answer() // the value changes
		b.signOut()
		h.wait(time.Minute)
		thief.begin(h.ask("web")).name(h, "grace").says("Enter your code")
		b.begin(h.ask("web")).name(h, "grace").says("Enter your code")
	})
	t.Run("another person is asked in the same browser", func(t *testing.T) {
		h, b := remembered(t)
		h.giveOTP(h.users["ada"])
		b.begin(h.ask("web")).name(h, "ada").says("Enter your code")
	})
	t.Run("after a change of password it asks again", func(t *testing.T) {
		h, b := remembered(t)
		h.must(h.flows.SignOutEverywhere(t.Context(), h.users["grace"].ID, ""))
		b.begin(h.ask("web")).name(h, "grace").says("Enter your code")
	})
	t.Run("a recovery code is not remembered", func(t *testing.T) {
		h := build(t, plan{policy: policy.Always})
		b := h.browser()
		p := b.begin(h.ask("web")).name(h, "grace").press("other").press("choose", "factor", "recovery-code")
		if strings.Contains(p.body, `name="remember"`) {
			t.Error("the wish is offered")
		}
		p.press("answer", "code", h.users["grace"].codes[0], "remember", "1").answer()
		b.signOut()
		b.begin(h.ask("web")).name(h, "grace").says("Enter your code")
	})
}
