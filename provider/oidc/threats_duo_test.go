package oidc_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/factors/duo"
	"github.com/sallyport-id/sallyport/factors/standin"
	"github.com/sallyport-id/sallyport/flows/policy"
)

// withDuo is a house where everyone is asked by Duo, and ada's browser, signed out.
func withDuo(t *testing.T, change func(*duo.Config)) (*house, *browser) {
	t.Helper()
	h := build(t, plan{policy: policy.Always, factors: []string{factors.Duo}, duo: change})
	b := h.browser()
	p := b.begin(h.ask("web")).name(h, "ada").press("enroll", "factor", factors.Duo)
	b.get(p.atDuo("duo_push")).answer()
	b.signOut()
	return h, b
}

// T-27 beside B-22, which plays foreign states and codes and repeated ones.
func threatT27(t *testing.T) {
	t.Run("an answer about somebody else", func(t *testing.T) {
		h, b := withDuo(t, nil)
		back, err := url.Parse(b.begin(h.ask("web")).name(h, "ada").atDuo("duo_push"))
		h.must(err)
		q := back.Query()
		q.Set("duo_code", h.duo.Grant("grace", h.at("/login/callback"), "duo_push", "user_approved", "allow"))
		back.RawQuery = q.Encode()
		if p := b.get(back.String()); p.home || len(h.events("proof.refused")) != 1 {
			t.Errorf("%d %s", p.status, p.title())
		}
		if p := b.get(b.begin(h.ask("web")).name(h, "ada").atDuo("deny")); p.home {
			t.Error("no was taken for yes")
		}
		for _, forged := range []string{"?state=x&duo_code=x", "?state=" + url.QueryEscape(back.Query().Get("state")), "", "?state=" + strings.Repeat("x", 5000)} {
			if p := b.get(h.at("/login/callback") + forged); p.home {
				t.Errorf("%.60s let somebody in", forged)
			}
		}
	})
	for name, fault := range map[string]standin.Fault{"refuses": {Status: http.StatusServiceUnavailable}, "drops": {Drop: true}} {
		t.Run("Duo "+name+": nobody gets in", func(t *testing.T) {
			h, b := withDuo(t, nil)
			h.duo.Faults.Always(fault)
			p := b.begin(h.ask("web")).name(h, "ada")
			if p.home || leaves.MatchString(p.body) || !strings.Contains(p.body, "notice") {
				t.Errorf("%d %s", p.status, p.title())
			}
			if q := b.begin(h.ask("web", "prompt", "none")); q.home && q.answer().Has("code") {
				t.Error("half a login signs in silently")
			}
			h.duo.Faults.None()
			back := b.begin(h.ask("web")).name(h, "ada").atDuo("duo_push")
			h.duo.Faults.Always(fault) // while the person is there
			if p := b.get(back); p.home {
				t.Error("an answer that nobody could check let somebody in")
			}
		})
		t.Run("Duo "+name+": where that is wished people get in, with nothing proven", func(t *testing.T) {
			h, b := withDuo(t, func(c *duo.Config) { c.FailMode = "open" })
			h.duo.Faults.Always(fault)
			a := h.ask("web")
			p := b.begin(a).name(h, "ada")
			m := leaves.FindStringSubmatch(p.body)
			if m == nil || !strings.HasPrefix(unescape(m[1]), h.at("/login/callback")) {
				t.Fatalf("%v at %s", m, p.title())
			}
			if q := h.browser().get(unescape(m[1])); q.home {
				t.Error("another browser came through")
			}
			got := a.redeem(b.get(unescape(m[1])).answer()).id()
			if !slices.Equal(amrOf(got), []string{"pwd"}) || got["acr"] != single {
				t.Errorf("amr %v, acr %v", got["amr"], got["acr"])
			}
			if q := b.begin(h.ask("web", "acr_values", multi, "prompt", "none")); q.answer().Has("code") {
				t.Error("it meets a demand")
			}
		})
	}
}
