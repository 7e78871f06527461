package rules

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// built is the worker's program.
var built string

// TestMain builds the worker.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "rules")
	if err != nil {
		panic(err)
	}
	built = filepath.Join(dir, "worker")
	if out, err := exec.Command("go", "build", "-o", built, "./testdata/worker").CombinedOutput(); err != nil {
		panic(fmt.Sprintf("%v: %s", err, out))
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) // a Monday

func job(scripts ...Script) Job {
	return Job{
		Scripts: scripts, Now: noon, Timeout: time.Second, Issuer: "https://id.example.com/", CanRedirect: true,
		User:    json.RawMessage(`{"user_id":"usr_1","email":"ada@example.com","app_metadata":{"groups":["admin"]},"user_metadata":{"use_mfa":true}}`),
		Context: json.RawMessage(`{"clientID":"shop","request":{"ip":"203.0.113.7","geoip":{"country_code":"DE","continent_code":"EU"},"query":{"scope":"openid transfer"}},"authentication":{"methods":[{"name":"pwd","timestamp":1}]}}`),
		Event:   json.RawMessage(`{"user":{"user_id":"usr_1","user_metadata":{"use_mfa":true}},"client":{"client_id":"shop"},"request":{"ip":"203.0.113.7","geoip":{"countryCode":"DE"},"query":{}},"transaction":{"state":"s1"}}`),
	}
}

func rule(body string) Script {
	return Script{Name: "a rule", Kind: Rule, Source: "function (user, context, callback) {\n" + body + "\n}"}
}

func action(body string) Script {
	return Script{Name: "an action", Kind: Action, Source: "exports.onExecutePostLogin = async (event, api) => {\n" + body + "\n};", Secrets: map[string]string{"KEY": "s3cret"}}
}

func said(t *testing.T, j Job) *Verdict {
	t.Helper()
	v, err := Execute(j, func(string) string { return `{"error":"no"}` })
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestRule(t *testing.T) {
	r := rule(`if (context.clientID === "shop" && user.user_metadata.use_mfa) context.multifactor = { provider: "any", allowRememberBrowser: false };
	context.idToken = { "https://shop.example/groups": user.app_metadata.groups };
	console.log("seen", user.email, { a: 1 });
	callback(null, user, context);`)
	v := said(t, job(r))
	if m := v.Multifactor; m == nil || m.Provider != "any" || m.AllowRememberBrowser || m.Script != "a rule" {
		t.Errorf("%+v", v)
	}
	if len(v.Steps) != 1 || v.Steps[0].Console[0] != `seen ada@example.com {"a":1}` || v.Steps[0].Said[0] != "multifactor" || v.IDToken["https://shop.example/groups"] == nil || v.Next != 1 {
		t.Errorf("%+v", v)
	}
	// One after the other, on the same user and context; a refusal ends it.
	v = said(t, job(rule(`user.app_metadata.seen = true; callback(null, user, context);`),
		rule(`if (user.app_metadata.seen) return callback(new UnauthorizedError("not today")); callback(null, user, context);`), rule(`throw new Error("never")`)))
	if v.Denial == nil || v.Denial.Reason != "not today" || v.Denial.Line != 2 || v.Denial.Fault || len(v.Steps) != 2 {
		t.Errorf("%+v", v)
	}
	v = said(t, job(Script{Name: "async", Kind: Rule, Source: `async function r(user, context, callback) { await null; context.redirect = { url: "https://mfa.example/" }; callback(null, user, context); };`}))
	if v.Redirect == nil || v.Redirect.URL != "https://mfa.example/" || v.Multifactor != nil {
		t.Errorf("%+v", v)
	}
}

func TestAction(t *testing.T) {
	v := said(t, job(action(`if (event.request.geoip.countryCode === "DE" && event.secrets.KEY === "s3cret") api.multifactor.enable("any", { allowRememberBrowser: true });
	api.idToken.setCustomClaim("https://x/y", 1); api.user.setAppMetadata("last", "DE"); api.cache.set("k", { v: 1 });
	await Promise.resolve();
	api.accessToken.addScope("read");`)))
	if m := v.Multifactor; m == nil || !m.AllowRememberBrowser || v.AppMetadata["last"] != "DE" || v.Cache["k"].Value != `{"v":1}` || v.Scopes.Add[0] != "read" {
		t.Errorf("%+v", v)
	}
	v = said(t, job(action(`api.authentication.challengeWith({ type: "otp" }, { additionalFactors: [{ type: "phone", options: { preferredMethod: "sms" } }] });`), action(`throw new Error("not yet")`)))
	if len(v.Commands) != 1 || v.Commands[0].Verb != "challenge" || len(v.Commands[0].Factors) != 2 || v.Next != 1 {
		t.Errorf("%+v", v)
	}
	v = said(t, job(action(`api.access.deny("no"); api.multifactor.enable("any")`)))
	if v.Denial == nil || v.Denial.Reason != "no" || v.Denial.Line != 2 {
		t.Errorf("%+v", v)
	}
}

// A redirect goes out with a token, and comes back with one.
func TestRedirect(t *testing.T) {
	s := Script{Name: "external", Kind: Action, Source: `exports.onExecutePostLogin = async (event, api) => {
		const token = api.redirect.encodeToken({ secret: "k", payload: { level: 2 } });
		api.redirect.sendUserTo("https://mfa.example/start?a=1", { query: { session_token: token } });
	};
	exports.onContinuePostLogin = async (event, api) => {
		const said = api.redirect.validateToken({ secret: "k" });
		if (said.done) api.authentication.recordMethod("https://mfa.example/");
	};`}
	v := said(t, job(s))
	if v.Redirect == nil || !strings.Contains(v.Redirect.URL, "session_token=ey") || v.Next != 0 {
		t.Fatalf("%+v", v)
	}
	back := func(subject, payload string, now time.Time) (*Verdict, error) {
		token, err := sign("k", payload, "60", claims{Sub: subject, Iss: "https://mfa.example/"}, now)
		if err != nil {
			t.Fatal(err)
		}
		j := job(s)
		j.Continue = true
		j.Event = json.RawMessage(`{"user":{"user_id":"usr_1"},"request":{"query":{"session_token":"` + token + `"}},"transaction":{"state":"s1"}}`)
		return Execute(j, nil)
	}
	if v, err := back("usr_1", `{"state":"s1","done":true}`, noon); err != nil || len(v.Methods) != 1 || v.Next != 1 {
		t.Errorf("%+v, %v", v, err)
	}
	for name, c := range map[string][2]string{"another person": {"usr_2", `{"state":"s1"}`}, "another sign-in": {"usr_1", `{"state":"s2"}`}, "no sign-in": {"usr_1", `{}`}} {
		if _, err := back(c[0], c[1], noon); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if _, err := back("usr_1", `{"state":"s1"}`, noon.Add(-time.Hour)); err == nil {
		t.Error("an old token was taken")
	}
}

// Whatever a script does wrong is said with its name, the line and why.
func TestFaults(t *testing.T) {
	for name, c := range map[string]struct {
		script Script
		line   int
		why    string
	}{
		"syntax":               {Script{Name: "s", Kind: Rule, Source: "function (user, context, callback) {\n  if (\n}"}, 3, "SyntaxError"},
		"throws":               {rule(`const x = null;` + "\n" + `x.y;`), 3, "TypeError"},
		"hands an error":       {rule("\n" + `callback(new Error("boom"));`), 3, "boom"},
		"says nothing":         {rule(``), 0, "never called"},
		"rejects":              {action("\n" + `await null; throw new Error("late");`), 3, "late"},
		"waits for ever":       {action(`await new Promise(() => {});`), 0, "never settled"},
		"unknown factor":       {action(`api.authentication.challengeWith({ type: "duo" });`), 2, "is no factor"},
		"unknown module":       {rule(`require("fs");`), 2, "not available"},
		"no handler":           {Script{Name: "s", Kind: Action, Source: `exports.other = 1;`}, 0, "onExecutePostLogin"},
		"a throwing getter":    {action(`api.authentication.challengeWith({ get type() { throw new Error("got") } });`), 2, "got"},
		"a range that is none": {rule(`rangeCheck.inRange(context.request.ip, "10.0.0.0/99"); callback(null, user, context)`), 2, "no address range"},
	} {
		_, err := Execute(job(c.script), nil)
		var f *Fault
		if !errors.As(err, &f) || f.Line != c.line && c.line > 0 || !strings.Contains(f.Why, c.why) || f.Script != c.script.Name {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestModules(t *testing.T) {
	v := said(t, job(rule(`const ipaddr = require("ipaddr.js@1.9.1"), crypto = require("node:crypto");
	const net = ipaddr.parseCIDR("203.0.113.0/24");
	const all = [
	  ipaddr.parse(context.request.ip).match(net), ipaddr.parse("10.0.0.1").match(ipaddr.parseCIDR("10.0.0.0/8")), ipaddr.parse("::1").match(net),
	  ipaddr.isValid("300.1.1.1"), ipaddr.parse("::ffff:10.0.0.1").kind(), ipaddr.parse("10.1.1.1").range(),
	  crypto.createHash("sha256").update("a").update("bc").digest("hex"), crypto.createHmac("sha1", "key").update("The quick brown fox jumps over the lazy dog").digest("hex"),
	  crypto.timingSafeEqual("a", "b"), crypto.randomUUID().length, rangeCheck.inRange("10.2.3.4", ["192.168.0.0/16", "10.0.0.0/8"]), new Date().getDay(),
	];
	console.log(JSON.stringify(all)); callback(null, user, context);`)))
	want := `[true,true,false,false,"ipv4","private","ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","de7c9b85b8b78aa6bc8a7a36f70a90701c9db4d9",false,36,true,1]`
	if got := v.Steps[0].Console[0]; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestModulesOtherwise is what rules do with them that is less usual.
func TestModulesOtherwise(t *testing.T) {
	v := said(t, job(rule(`const ipaddr = require("ipaddr.js"), one = ipaddr.parse("10.2.3.4");
	const tell = f => { try { return String(f()); } catch (error) { return error.message; } };
	const http = request
	console.log(tell(() => rangeCheck.inRange("10.2.3.4", one)));
	console.log(tell(() => rangeCheck.inRange("10.2.3.4", configuration.NOT_SET)));
	console.log(tell(() => new one.constructor({ includes() { return true; } }) instanceof one.constructor.constructor));
	console.log(tell(() => http("https://example.com")));
	callback(null, user, context);`)))
	want := []string{"true", `"undefined" is no address range`, "false", "request is not available here"}
	for i, line := range v.Steps[0].Console {
		if !strings.HasPrefix(line, want[i]) {
			t.Errorf("%q, want %q", line, want[i])
		}
	}
	if len(v.Steps[0].Console) != len(want) {
		t.Errorf("%q", v.Steps[0].Console)
	}
}

// A worker that is killed between two jobs is replaced, and nobody is denied for it.
func TestKilled(t *testing.T) {
	r := runner(t, Options{Workers: 1})
	for range 3 {
		r.mu.Lock()
		idle := slices.Clone(r.idle)
		r.mu.Unlock()
		for _, w := range idle {
			// One that was killed in an earlier round may still be idle: nobody has needed it.
			if err := w.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
				t.Fatal(err)
			}
			_, _ = w.cmd.Process.Wait() // replace waits again, in vain
		}
		if _, err := r.Run(t.Context(), job(rule(`callback(null, user, context)`))); err != nil {
			t.Error(err)
		}
	}
}

// A worker that has forgotten a program asks for it again.
func TestForgotten(t *testing.T) {
	r := runner(t, Options{Workers: 1})
	first := job(rule(`context.idToken = { first: true }; callback(null, user, context)`))
	for i := range maxPrograms + 5 {
		if _, err := r.Run(t.Context(), job(rule(fmt.Sprintf(`callback(null, user, context) // %d`, i)))); err != nil {
			t.Fatal(err)
		}
		if i == 0 || i == maxPrograms+4 {
			if v, err := r.Run(t.Context(), first); err != nil || v.IDToken["first"] != true {
				t.Errorf("after %d: %+v, %v", i, v, err)
			}
		}
	}
	broken := job(Script{Name: "broken", Kind: Rule, Source: "function ("}, rule(``))
	for range 2 {
		if _, err := r.Run(t.Context(), broken); err == nil || !strings.Contains(err.Error(), "broken, line 1: SyntaxError") {
			t.Errorf("%v", err)
		}
	}
}

// Logins at the same time get their own answers, also where one of them kills its worker,
// and one that cannot wait for a worker is told so.
func TestManyAtOnce(t *testing.T) {
	r := runner(t, Options{Workers: 3, Timeout: 5 * time.Second})
	var all sync.WaitGroup
	for n := range 12 {
		all.Go(func() {
			for i := range 10 {
				if n == 0 && i%5 == 0 {
					greedy := job(rule(`const a = []; for (;;) a.push(new Array(1000).fill(1));`))
					if _, err := r.Run(t.Context(), greedy); err == nil {
						t.Error("it got by")
					}
				}
				mark := fmt.Sprintf("%d-%d", n, i)
				j := job(rule(`context.idToken = { mark: user.email }; callback(null, user, context)`))
				j.User, j.Timeout = json.RawMessage(`{"user_id":"u","email":"`+mark+`"}`), 5*time.Second
				if v, err := r.Run(t.Context(), j); err != nil || v.IDToken["mark"] != mark {
					t.Errorf("%s: %+v, %v", mark, v, err)
				}
			}
		})
	}
	all.Wait()
	for range cap(r.slots) {
		r.slots <- struct{}{}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := r.Run(ctx, job(rule(`callback(null)`))); !errors.Is(err, ErrBusy) {
		t.Errorf("%v", err)
	}
}
