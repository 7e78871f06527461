package rules

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// login is a job with documents as large as real ones: 1 kB of user, 3 kB of context, 4 kB
// of event.
func login(tb testing.TB, scripts ...Script) Job {
	tb.Helper()
	j := Job{Scripts: scripts, Now: noon, Timeout: 5 * time.Second, Issuer: "https://id.example.com/"}
	for name, into := range map[string]*json.RawMessage{"user": &j.User, "context": &j.Context, "event": &j.Event} {
		b, err := os.ReadFile(filepath.Join("testdata", "login", name+".json"))
		if err != nil {
			tb.Fatal(err)
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, b); err != nil {
			tb.Fatal(err)
		}
		*into = compact.Bytes()
	}
	return j
}

// facts are what a situation has otherwise than testdata/login; each goes where rules and
// where actions look for it.
type facts map[string]any

// places are where a fact is: in user, context and event.
var places = map[string][]string{
	"client": {"context.clientID", "event.client.client_id"}, "ip": {"context.request.ip", "event.request.ip"},
	"country": {"context.request.geoip.country_code", "event.request.geoip.countryCode"}, "continent": {"context.request.geoip.continent_code", "event.request.geoip.continentCode"},
	"connection": {"context.connection", "event.connection.name"}, "protocol": {"context.protocol", "event.transaction.protocol"},
	"acr": {"context.request.query.acr_values", "event.request.query.acr_values"}, "acrs": {"event.transaction.acr_values"},
	"scope": {"context.request.query.scope"}, "scopes": {"event.transaction.requested_scopes"}, "roles": {"context.authorization.roles", "event.authorization.roles"},
	"confidence": {"context.riskAssessment.confidence", "event.authentication.riskAssessment.confidence"}, "methods": {"context.authentication.methods", "event.authentication.methods"},
	"device":  {"event.authentication.riskAssessment.assessments.NewDevice.confidence"},
	"travel":  {"context.riskAssessment.assessments.ImpossibleTravel.code", "event.authentication.riskAssessment.assessments.ImpossibleTravel.code"},
	"badIP":   {"context.riskAssessment.assessments.UntrustedIP.code", "event.authentication.riskAssessment.assessments.UntrustedIP.code"},
	"factors": {"context.organization.metadata.factors", "event.organization.metadata.factors"}, "organization": {"context.organization", "event.organization"},
	"multifactor": {"user.multifactor", "event.user.multifactor"}, "enrolled": {"event.user.enrolledFactors"},
	"app_metadata": {"user.app_metadata", "event.user.app_metadata"}, "user_metadata": {"user.user_metadata", "event.user.user_metadata"},
	"query": {"context.request.query", "event.request.query"}, "asn": {"event.request.asn"}, "ja4": {"event.security_context.ja4"},
	"clientName": {"context.clientName", "event.client.name"}, "reset": {"user.last_password_reset", "event.user.last_password_reset"},
}

func situation(t *testing.T, s Script, f facts) Job {
	t.Helper()
	j := login(t, s)
	j.CanRedirect = f["cannotRedirect"] == nil
	j.Continue = f["continue"] != nil
	if now, ok := f["now"].(time.Time); ok {
		j.Now = now
	}
	documents := map[string]any{}
	for name, text := range map[string]json.RawMessage{"user": j.User, "context": j.Context, "event": j.Event} {
		var m map[string]any
		if err := json.Unmarshal(text, &m); err != nil {
			t.Fatal(err)
		}
		documents[name] = m
	}
	for fact, value := range f {
		if places[fact] == nil && !slices.Contains([]string{"now", "continue", "cannotRedirect"}, fact) {
			t.Fatalf("%q is no fact", fact)
		}
		for _, place := range places[fact] {
			path := strings.Split(place, ".")
			in := documents
			for _, step := range path[:len(path)-1] {
				in = in[step].(map[string]any)
			}
			in[path[len(path)-1]] = value
		}
	}
	for name, into := range map[string]*json.RawMessage{"user": &j.User, "context": &j.Context, "event": &j.Event} {
		b, err := json.Marshal(documents[name])
		if err != nil {
			t.Fatal(err)
		}
		*into = b
	}
	return j
}

// inShort is a verdict as the tables below write it.
func inShort(v *Verdict, err error) string {
	if err != nil {
		return "fault: " + err.Error()
	}
	var all []string
	if d := v.Denial; d != nil {
		all = append(all, "deny: "+d.Reason)
	}
	if m := v.Multifactor; m != nil {
		all = append(all, m.Provider+map[bool]string{true: ", remembered", false: ""}[m.AllowRememberBrowser])
	}
	for _, c := range v.Commands {
		var types []string
		for _, f := range c.Factors {
			types = append(types, f.Type)
		}
		all = append(all, c.Verb+map[bool]string{true: " any", false: ""}[c.Any]+" "+strings.Join(types, ","))
	}
	if v.Redirect != nil {
		address, _, _ := strings.Cut(v.Redirect.URL, "session_token=")
		all = append(all, "to "+address)
	}
	for _, m := range v.Methods {
		all = append(all, "did "+m)
	}
	for _, name := range slices.Sorted(maps.Keys(v.AppMetadata)) {
		all = append(all, fmt.Sprintf("%s=%v", name, v.AppMetadata[name]))
	}
	return strings.Join(all, "; ")
}

// script reads one of testdata, with what it finds configured.
func script(t *testing.T, path string) Script {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", path))
	if err != nil {
		t.Fatal(err)
	}
	kind := Rule
	if strings.HasSuffix(path, ".action.js") {
		kind = Action
	}
	return Script{Name: filepath.Base(path), Kind: kind, Source: string(b), Secrets: map[string]string{
		"CORPORATE_NETWORK": "198.51.100.0/24", "MFA_SECRET": "s3cret", "SCORE_KEY": "k", "SECOND_FACTOR_CLIENTS": "payroll, ledger", "DUO_IKEY": "i", "DUO_SKEY": "s", "DUO_HOST": "h",
	}}
}

// scores is the site that recipe 23 asks: the score is the address's last number.
func scores(_ context.Context, request string) string {
	var q struct{ URL, Body string }
	var b struct{ IP string }
	if json.Unmarshal([]byte(request), &q) != nil || json.Unmarshal([]byte(q.Body), &b) != nil || q.URL != "https://score.example.com/v1/ip" {
		return `{"error":"not allowed"}`
	}
	return fmt.Sprintf(`{"status":200,"body":"{\"risk_score\":%s}"}`, b.IP[strings.LastIndexByte(b.IP, '.')+1:])
}

type want struct {
	facts        facts
	rule, action string
}

// both is where the two say the same.
func both(f facts, w string) want { return want{f, w, w} }

func method(name string, more ...string) map[string]any {
	m := map[string]any{"name": name, "timestamp": noon.Add(-10 * time.Second).UnixMilli()}
	if len(more) > 0 {
		m["type"] = more[0]
	}
	return m
}

func factorsOf(types ...string) (all []any) {
	for _, t := range types {
		all = append(all, map[string]any{"type": t})
	}
	return all
}

// TestRecipes runs the recipes of contextual second factors, each as a rule and as an
// action, in a worker.
func TestRecipes(t *testing.T) {
	r := runner(t, Options{Fetch: scores})
	seen := map[string]bool{}
	for name, wants := range recipes(t) {
		for _, kind := range []string{Rule, Action} {
			path := "recipes/" + name + "." + kind + ".js"
			seen[filepath.Base(path)] = true
			s := script(t, path)
			if len(wants) < 2 {
				t.Errorf("%s: one situation shows nothing", name)
			}
			said := map[string]bool{}
			for i, w := range wants {
				expected := map[string]string{Rule: w.rule, Action: w.action}[kind]
				if expected == "-" {
					continue // it is of the other kind
				}
				if got := inShort(r.Run(t.Context(), situation(t, s, w.facts))); got != expected {
					t.Errorf("%s, situation %d: %q instead of %q", s.Name, i, got, expected)
				}
				said[expected] = true
			}
			if len(said) < 2 {
				t.Errorf("%s: it always says the same", s.Name)
			}
		}
	}
	files, err := filepath.Glob("testdata/recipes/*.js")
	if err != nil || len(files) != 48 {
		t.Fatalf("%d recipes, %v", len(files), err)
	}
	for _, f := range files {
		if !seen[filepath.Base(f)] {
			t.Errorf("%s is in no table", f)
		}
	}
}

// TestGallery runs rules in the shapes of the published gallery that no recipe has.
func TestGallery(t *testing.T) {
	r := runner(t, Options{})
	saturday := noon.AddDate(0, 0, 5)
	for name, wants := range map[string][]want{
		"guardian-multifactor":               {{facts{"client": "ledger"}, "guardian", ""}, {nil, "", ""}},
		"duo-multifactor":                    {{facts{"client": "payroll"}, "duo, remembered", ""}, {nil, "", ""}},
		"google-authenticator":               {{nil, "google-authenticator", ""}, {facts{"app_metadata": map[string]any{}}, "", ""}},
		"access-on-weekdays-only-for-an-app": {{facts{"now": saturday}, "deny: This app is open on weekdays.", ""}, {facts{"now": saturday, "clientName": "Wiki"}, "", ""}, {nil, "", ""}},
		"ip-address-allowlist":               {{nil, "", ""}, {facts{"ip": "203.0.113.8"}, "fault: ip-address-allowlist.rule.js, line 6: Error: Access denied from this IP address.", ""}},
		"ip-address-blocklist":               {{nil, "", ""}, {facts{"ip": "192.0.2.99"}, "deny: Access denied from this IP address.", ""}},
		"check-last-password-reset":          {{nil, "", ""}, {facts{"reset": "2025-12-01T00:00:00Z"}, "deny: please change your password", ""}, {facts{"reset": nil}, "deny: please change your password", ""}},
		"alt-risk-score":                     {{nil, "fault: alt-risk-score.rule.js, line 3: Error: request is not available here: rules reach no network; use fetch in an action", ""}},
		"../recipes/11-acr":                  {{facts{"acr": "urn:other"}, "", ""}},
		"../recipes/16-enrollment":           {{facts{"multifactor": nil}, "any", ""}},
		"../recipes/12-once-per-session":     {{facts{"methods": nil}, "any", ""}},
		"../recipes/03-network":              {{facts{"ip": "2001:db8::1"}, "guardian", ""}},
		"../recipes/14-confidence":           {{facts{"multifactor": nil}, "", ""}},
		"../recipes/08-groups":               {{facts{"app_metadata": nil}, "", ""}},
		"../recipes/01-applications":         {{facts{"client": "PAYROLL"}, "", ""}},
		"../recipes/18-organization-factors": {{facts{"organization": nil}, "", ""}},
		"../recipes/22-external":             {{facts{"protocol": "redirect-callback"}, "deny: The second factor was not given.", ""}},
		"../recipes/07-office-hours":         {{facts{"now": saturday}, "any", ""}},
		"../recipes/24-interval":             {{facts{"connection": "email", "app_metadata": nil}, "any", ""}},
		"../recipes/05-country-changed":      {{facts{"app_metadata": nil, "country": nil}, "any; last_location=<nil>", ""}},
		"../recipes/10-scope":                {{facts{"query": nil}, "", ""}},
		"../recipes/20-sequence":             {{facts{"methods": []any{method("mfa", "phone"), method("mfa", "otp")}}, "", ""}},
		"../recipes/06-device-changed":       {{facts{"app_metadata": map[string]any{"device": "x"}}, "any; device=" + device, ""}},
	} {
		s := script(t, "gallery/"+name+".rule.js")
		for i, w := range wants {
			if got := inShort(r.Run(t.Context(), situation(t, s, w.facts))); got != w.rule {
				t.Errorf("%s, situation %d: %q instead of %q", name, i, got, w.rule)
			}
		}
	}
}
