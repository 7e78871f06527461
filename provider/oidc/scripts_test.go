package oidc_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"

	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/flows/risk"
	"github.com/sallyport-id/sallyport/flows/rules"
	"github.com/sallyport-id/sallyport/storage"
)

// worker builds the program that scripts run in, once.
var worker = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "worker")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "worker")
	out, err := exec.Command("go", "build", "-o", path, "../../flows/rules/testdata/worker").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

// runner is what runs the scripts of a house.
func (h *house) runner() *rules.Runner {
	h.t.Helper()
	path, err := worker()
	h.must(err)
	r, err := rules.NewRunner(rules.Options{Command: []string{path}, Fetch: h.plan.fetch})
	h.must(err)
	h.t.Cleanup(r.Close)
	return r
}

// script deploys a rule or an action, in place of an older one of that name.
func (h *house) script(name, kind, source string, secrets ...string) {
	h.t.Helper()
	ctx := h.t.Context()
	h.must(rules.Check(rules.Script{Name: name, Kind: kind, Source: source}))
	s, err := h.db.ScriptByName(ctx, name)
	if err != nil {
		s = &storage.Script{Name: name, Kind: kind, Enabled: true, Secrets: map[string]string{}}
		for i := 0; i+1 < len(secrets); i += 2 {
			s.Secrets[secrets[i]] = secrets[i+1]
		}
		h.must(h.db.CreateScript(ctx, s))
	}
	v := &storage.ScriptVersion{ScriptID: s.ID, Source: source, By: "test"}
	h.must(h.db.AddScriptVersion(ctx, v))
	s.Deployed = v.Number
	h.must(h.db.UpdateScript(ctx, s))
}

// rule is a script from the body of a rule.
func (h *house) rule(name, body string) {
	h.t.Helper()
	h.script(name, rules.Rule, "function (user, context, callback) {\n"+body+"\n}")
}

// action is a script from the body of onExecutePostLogin, and, where there is one, that of
// onContinuePostLogin.
func (h *house) action(name, body string, continued ...string) {
	h.t.Helper()
	source := "exports.onExecutePostLogin = async (event, api) => {\n" + body + "\n};"
	if len(continued) > 0 {
		source += "\nexports.onContinuePostLogin = async (event, api) => {\n" + continued[0] + "\n};"
	}
	h.script(name, rules.Action, source)
}

// settings changes the tenant's.
func (h *house) settings(change func(*storage.Settings)) {
	h.t.Helper()
	s, err := h.db.Settings(h.t.Context())
	h.must(err)
	change(s)
	h.must(h.db.PutSettings(h.t.Context(), s))
}

// record is the record of the newest sign-in of a person.
func (h *house) record(name string) (*storage.Decision, *flows.Record) {
	h.t.Helper()
	row, err := h.db.LatestDecision(h.t.Context(), h.users[name].ID)
	h.must(err)
	r, err := flows.ReadRecord(row)
	h.must(err)
	return row, r
}

// The places of the tests: this machine has all of 127.0.0.0/8, and each country a part of
// it.
const (
	germany   = "127.49.0.1"
	france    = "127.33.0.1"
	australia = "127.61.0.1"
	america   = "127.1.0.1"
	nowhere   = "127.200.0.1"
	listed    = "127.66.6.6" // in Germany, and on the operator's list
)

// world writes the database of those places.
func world(t *testing.T, path string) {
	t.Helper()
	w, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "GeoLite2-City", IncludeReservedNetworks: true})
	if err != nil {
		t.Fatal(err)
	}
	for network, p := range map[string]struct {
		country, continent, city string
		lat, lon                 float64
	}{
		"127.49.0.0/16": {"DE", "EU", "Berlin", 52.52, 13.405}, "127.33.0.0/16": {"FR", "EU", "Paris", 48.8566, 2.3522},
		"127.61.0.0/16": {"AU", "OC", "Sydney", -33.8688, 151.2093}, "127.1.0.0/16": {"US", "NA", "New York", 40.71, -74.0},
		"127.66.0.0/16": {"DE", "EU", "Berlin", 52.52, 13.405},
	} {
		_, n, err := net.ParseCIDR(network)
		if err != nil {
			t.Fatal(err)
		}
		names := func(text string) mmdbtype.Map { return mmdbtype.Map{"en": mmdbtype.String(text)} }
		if err := w.Insert(n, mmdbtype.Map{
			"country":   mmdbtype.Map{"iso_code": mmdbtype.String(p.country), "names": names(p.country)},
			"continent": mmdbtype.Map{"code": mmdbtype.String(p.continent)},
			"city":      mmdbtype.Map{"names": names(p.city)},
			"location":  mmdbtype.Map{"latitude": mmdbtype.Float64(p.lat), "longitude": mmdbtype.Float64(p.lon), "time_zone": mmdbtype.String("Europe/Berlin")},
		}); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.WriteTo(f); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// files are the operator's: places, and networks that are not to be trusted.
func (h *house) files() (*risk.Atlas, *risk.Lists) {
	h.t.Helper()
	dir := h.t.TempDir()
	world(h.t, filepath.Join(dir, "city.mmdb"))
	h.must(os.WriteFile(filepath.Join(dir, "feed.txt"), []byte(listed+" bots\n"), 0o600))
	places, err := risk.OpenAtlas(filepath.Join(dir, "city.mmdb"))
	h.must(err)
	lists, err := risk.OpenLists(filepath.Join(dir, "feed.txt"))
	h.must(err)
	return places, lists
}

// asked reports whether a sign-in stops at a second factor; it then shows it.
func (b *browser) asked(t *testing.T, name, client string, pairs ...string) (asked bool, p *page) {
	t.Helper()
	p = b.begin(b.h.ask(client, pairs...))
	for !p.home && (p.has("username") || p.has("password")) {
		u := b.h.users[name]
		p = p.press("answer", "username", name, "password", u.password)
	}
	return !p.home && p.status == 200 && strings.Contains(p.body, "<form"), p
}

// TestRules: what rules and actions say holds, by the acceptance rows of auth0-mfa.md §10.
func TestRules(t *testing.T) {
	h := build(t, plan{rules: true})
	for name, c := range map[string]struct {
		policy, kind, body string
		client, user       string
		asked              bool
		refused            string // description that the application gets
		denied             bool   // a neutral page
	}{
		"row 8: never, and a rule that wants any":           {"never", "rule", `context.multifactor = { provider: "any" }; callback(null, user, context)`, "web", "grace", true, "", false},
		"row 8: the rule does not look at others":           {"never", "rule", `if (context.clientID === "mfa") context.multifactor = { provider: "any" }; callback(null, user, context)`, "web", "grace", false, "", false},
		"row 9: always, and an action that wants none":      {"always", "action", `api.multifactor.enable("none")`, "web", "grace", false, "", false},
		"row 9: none does not lower the client's own floor": {"always", "action", `api.multifactor.enable("none")`, "strict", "grace", true, "", false},
		"row 10: deny beats all":                            {"always", "action", `api.multifactor.enable("any"); api.access.deny("not today")`, "web", "grace", false, "not today", false},
		"row 80: UnauthorizedError":                         {"never", "rule", `callback(new UnauthorizedError("x"))`, "web", "grace", false, "x", false},
		"row 7: always, nothing said":                       {"always", "rule", `callback(null, user, context)`, "web", "grace", true, "", false},
		"row 25: a rule that throws":                        {"never", "rule", `null.x`, "web", "grace", false, "", true},
		"row 25: a rule that never calls back":              {"never", "rule", ``, "web", "grace", false, "", true},
		"row 25: an action that rejects":                    {"never", "action", `throw new Error("secret detail")`, "web", "grace", false, "", true},
		"enrolment for who has none":                        {"never", "action", `api.multifactor.enable("any")`, "web", "ada", true, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			h.t = t
			h.settings(func(s *storage.Settings) { s.Policy = c.policy })
			h.clear()
			if c.kind == "rule" {
				h.rule("the rule", c.body)
			} else {
				h.action("the action", c.body)
			}
			pairs := []string{}
			client := c.client
			if client == "strict" {
				client, pairs = "web", []string{"acr_values", multi}
			}
			asked, p := h.browser().asked(t, c.user, client, pairs...)
			switch {
			case c.refused != "":
				if q := p.fails("access_denied"); q.Get("error_description") != c.refused {
					t.Errorf("said %q", q.Get("error_description"))
				}
			case c.denied:
				p.says("You can’t sign in here")
				if strings.Contains(p.body, "secret detail") {
					t.Error("the page tells what went wrong in the script")
				}
				if _, r := h.record(c.user); r.Denial == nil || !r.Denial.Fault || !strings.HasPrefix(r.Denial.Script, "the ") {
					t.Errorf("the record does not name the script: %+v", r.Denial)
				}
			case asked != c.asked:
				t.Errorf("asked: %v, want %v\n%.300s", asked, c.asked, p.body)
			case !asked:
				p.answer()
			}
		})
	}
}

// clear removes all scripts.
func (h *house) clear() {
	h.t.Helper()
	list, err := h.db.Scripts(h.t.Context())
	h.must(err)
	for _, s := range list {
		h.must(h.db.DeleteScript(h.t.Context(), s))
	}
}

// B-25: whatever goes wrong in a rule is a denial, written down, and the next sign-in is
// unharmed.
func TestB25_RuleErrors(t *testing.T) {
	h := build(t, plan{rules: true})
	for name, source := range map[string]string{
		"throws":             `function (user, context, callback) { throw new Error("no") }`,
		"throws nothing":     `function (user, context, callback) { throw undefined }`,
		"an error":           `function (user, context, callback) { callback(new Error("no")) }`,
		"a rejection":        `async function (user, context, callback) { await Promise.reject(new Error("no")) }`,
		"no end":             `function (user, context, callback) { for (;;); }`,
		"no callback":        `function (user, context, callback) { }`,
		"a promise for ever": `function (user, context, callback) { return new Promise(() => {}) }`,
		"a bad context":      `function (user, context, callback) { callback(null, user, null) }`,
		"a bad provider":     `function (user, context, callback) { context.multifactor = { provider: {} }; callback(null, user, context) }`,
		"an unknown one":     `function (user, context, callback) { context.multifactor = { provider: "nobody" }; callback(null, user, context) }`,
		"a killed worker":    `function (user, context, callback) { const all = []; for (;;) all.push("x".repeat(1 << 28)) }`,
	} {
		t.Run("B-25-regression: "+name, func(t *testing.T) {
			h.t = t
			h.clear()
			h.script("the rule", rules.Rule, source)
			b := h.browser()
			asked, p := b.asked(t, "grace", "web")
			if p.home || !strings.HasPrefix(p.title(), "You can’t sign in here") {
				t.Fatalf("asked %v, at %s: %s", asked, p.at, p.title())
			}
			row, r := h.record("grace")
			if row.Outcome != "denied" || r.Denial == nil || !r.Denial.Fault || r.Denial.Script != "the rule" {
				t.Errorf("%s %+v", row.Outcome, r.Denial)
			}
			events, err := h.db.Events(t.Context(), storage.EventFilter{Type: "login.denied", Limit: 1})
			h.must(err)
			if len(events) != 1 || events[0].Data["rule"] != "the rule" || events[0].Data["reason"] != "rule_failed" {
				t.Errorf("the audit log says %+v", events)
			}
			h.clear()
			if asked, p := h.browser().asked(t, "grace", "web"); asked || !p.home {
				t.Errorf("the next sign-in: %s", p.title())
			}
		})
	}
	t.Run("B-25-regression: no worker can be started", func(t *testing.T) {
		h := build(t, plan{})
		h.rule("the rule", `callback(null, user, context)`)
		if _, p := h.browser().asked(t, "grace", "web"); p.home {
			t.Errorf("let in: %s", p.at)
		}
	})
}
