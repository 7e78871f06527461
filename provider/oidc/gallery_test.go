package oidc_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/storage"
)

// Row 79: the shapes of the published rule templates run unmodified and do what they say.
// Those that are not below are recipes of their own.
func TestRow79_Gallery(t *testing.T) {
	h := build(t, plan{rules: true})
	for name, cases := range map[string][]struct {
		when   string
		set    func(*house)
		config []string
		want   string // in, asked, refused: …, failed
	}{
		"access-on-weekdays-only-for-an-app": {
			{"a Wednesday", func(h *house) { h.weekday(time.Wednesday) }, nil, "in"},
			{"a Saturday", func(h *house) { h.weekday(time.Saturday) }, nil, "refused: This app is open on weekdays."},
		},
		"alt-risk-score":       {{"rules reach no network", nil, nil, "failed"}},
		"duo-multifactor":      {{"another application", nil, nil, "in"}},
		"guardian-multifactor": {{"not set up", nil, nil, "in"}, {"its client", nil, []string{"SECOND_FACTOR_CLIENTS", "x, web"}, "asked"}, {"others", nil, []string{"SECOND_FACTOR_CLIENTS", "x"}, "in"}},
		"google-authenticator": {
			{"who did not", nil, nil, "in"},
			{"who asked for it", func(h *house) { h.be("grace", noted(`{"plan": "team"}`)) }, nil, "asked"},
		},
		"ip-address-allowlist": {{"from elsewhere", nil, nil, "failed"}},
		"ip-address-blocklist": {{"from elsewhere", nil, nil, "in"}},
		"check-last-password-reset": {
			{"at once", nil, nil, "in"},
			{"after two months", func(h *house) { h.wait(61 * 24 * time.Hour) }, nil, "refused: please change your password"},
		},
	} {
		source, err := os.ReadFile("../../flows/rules/testdata/gallery/" + name + ".rule.js")
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			t.Run(name+", "+c.when, func(t *testing.T) {
				h.t = t
				h.clear()
				h.be("grace", noted("{}"))
				h.script(name, "rule", strings.ReplaceAll(string(source), "'Shop'", "'web application'"), c.config...)
				if c.set != nil {
					c.set(h)
				}
				asked, p := h.browserAt(germany).asked(t, "grace", "web")
				got := "failed"
				switch {
				case p.home && p.at.Query().Has("code"):
					got = "in"
				case p.home:
					got = "refused: " + p.answer().Get("error_description")
				case asked && p.has("code"):
					got = "asked"
				}
				if _, r := h.record("grace"); got == "failed" && (r.Denial == nil || !r.Denial.Fault || r.Denial.Script != name) {
					t.Errorf("%s, and the record says %+v", got, r.Denial)
				}
				if got != c.want {
					t.Errorf("%s, want %s (%s)", got, c.want, p.title())
				}
			})
		}
	}
}

// noted is a person with this app_metadata.
func noted(metadata string) func(*storage.User) {
	return func(u *storage.User) { u.AppMetadata = []byte(metadata) }
}
