package rules

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

func runner(t *testing.T, o Options) *Runner {
	t.Helper()
	o.Command = []string{built}
	r, err := NewRunner(o)
	if err != nil {
		t.Fatal(err)
	}
	r.Warm()
	t.Cleanup(r.Close)
	return r
}

// slack is what a limit may be overrun by.
const slack = 100 * time.Millisecond

// Whatever a script does to its runtime or its process, it is stopped within slack of its
// limit (in one of eight attempts, as the machine may be busy), and the next login is none
// the worse.
func TestSandbox(t *testing.T) {
	const limit = 200 * time.Millisecond
	r := runner(t, Options{Timeout: limit})
	good := job(rule(`context.multifactor = { provider: "any" }; callback(null, user, context)`))
	good.Timeout = 5 * time.Second
	stopped := func(name string, s Script) {
		t.Helper()
		var took time.Duration
		for range 8 {
			begun := time.Now()
			v, err := r.Run(t.Context(), Job{Scripts: []Script{s}, Now: noon, Event: good.Event})
			took = time.Since(begun)
			var f *Fault
			if !errors.As(err, &f) || v != nil || f.Script == "" || f.Why == "" {
				t.Errorf("%s: %+v, %v", name, v, err)
			}
			if v, err := r.Run(t.Context(), good); err != nil || v.Multifactor == nil {
				t.Errorf("the login after %s: %+v, %v", name, v, err)
			}
			if took <= limit+slack {
				return
			}
		}
		t.Errorf("%s: stopped after %s", name, took)
	}
	for name, body := range inRules {
		stopped(name, rule(body))
	}
	for name, body := range inActions {
		stopped(name+", in an action", action(body))
	}
}

// What TestSandbox tries in either kind of script.
var inRules = map[string]string{
	"an endless loop":              `for (;;) {}`,
	"a loop that catches all":      `for (;;) { try { for (;;) {} } catch (e) {} finally { continue } }`,
	"deep recursion":               `const f = () => f() + 1; f();`,
	"recursion through natives":    `const f = () => [1].map(f); f();`,
	"a gigabyte of text":           `const s = "a".repeat(2 ** 30); callback(null, { s }, context);`,
	"padding to a gigabyte":        `"".padStart(2 ** 30, "ab"); for (;;) {}`,
	"doubling text":                `let s = "aaaaaaaaaaaaaaaa"; for (;;) s += s;`,
	"a huge array":                 `Array(1e8).fill(0);`,
	"a growing array":              `const a = []; for (;;) a.push(new Array(1000).fill(1));`,
	"a huge buffer":                `const all = []; for (;;) all.push(new ArrayBuffer(2 ** 26));`,
	"a huge number":                `2n ** (2n ** 30n); for (;;) {}`,
	"a catastrophic expression":    `/^(a+)+$/.test("a".repeat(50) + "!"); for (;;) /(x+x+)+y/.test("x".repeat(40));`,
	"a back reference":             `/^(a|aa)+\1$/.test("a".repeat(60) + "b"); for (;;) {}`,
	"a promise that never settles": `return new Promise(() => {});`,
	"a chain of promises":          `const again = () => Promise.resolve().then(again); return again();`,
	"a sort that never ends":       `[1, 2, 3].sort(() => { for (;;) {} });`,
	"a console that floods":        `for (;;) console.log("x".repeat(1000), { a: [1, 2, 3] });`,
	"a console with a loop inside": `console.log({ toJSON() { for (;;) {} } });`,
	"too much said":                `context.idToken = { x: "a".repeat(1 << 20) }; callback(null, user, context);`,
	"too much said by catching":    `for (;;) { try { auth0.users.updateAppMetadata(user.user_id, { x: "a".repeat(1000) }) } catch (e) {} }`,
	"a nest that nothing unwinds":  `let a = []; for (let i = 0; i < 3e5; i++) a = [a]; context.idToken = { a }; callback(null, user, context); for (;;) {}`,
	// What is read once the rule has returned.
	"a getter that throws":              `callback(null, user, { get multifactor() { throw new Error("x"); } });`,
	"a getter that loops":               `callback(null, user, { get multifactor() { for (;;) {} } });`,
	"a getter deeper down that loops":   `context.multifactor = { provider: "any", get allowRememberBrowser() { for (;;) {} } }; callback(null, user, context);`,
	"a getter among the claims":         `context.idToken = { get x() { for (;;) {} } }; callback(null, user, context);`,
	"a proxy that loops":                `callback(null, user, new Proxy({}, { get() { for (;;) {} } }));`,
	"a proxy whose keys loop":           `context.idToken = new Proxy({}, { ownKeys() { for (;;) {} } }); callback(null, user, context);`,
	"a proxy that is revoked":           `const p = Proxy.revocable({}, {}); p.revoke(); callback(null, user, p.proxy);`,
	"toPrimitive in the place of text":  `context.multifactor = { provider: { [Symbol.toPrimitive]() { for (;;) {} } } }; callback(null, user, context);`,
	"toJSON that loops":                 `context.idToken = { toJSON() { for (;;) {} } }; callback(null, user, context);`,
	"toJSON for all that loops":         `Object.prototype.toJSON = () => { for (;;) {} }; context.idToken = {}; callback(null, user, context);`,
	"an error whose text loops":         `throw { toString() { for (;;) {} } };`,
	"an error whose name loops":         `callback({ get name() { for (;;) {} } });`,
	"an error whose message loops":      `const e = new UnauthorizedError("x"); Object.defineProperty(e, "message", { get() { for (;;) {} } }); callback(e);`,
	"an error whose stack loops":        `const e = new Error("x"); Object.defineProperty(e, "stack", { get() { for (;;) {} } }); throw e;`,
	"an error that is no text":          `throw Object.create(null);`,
	"a thenable that loops":             `return { get then() { for (;;) {} } };`,
	"a provider that there is not":      `context.multifactor = { provider: "trust-me" }; callback(null, user, context);`,
	"a redirect to a script":            `context.redirect = { url: "javascript:alert(1)" }; callback(null, user, context);`,
	"a redirect with a password in it":  `context.redirect = { url: "https://bank.example@evil.example/" }; callback(null, user, context);`,
	"the file system":                   `require("fs").readFileSync("/etc/passwd");`,
	"a module by its path":              `require("../../../etc/passwd");`,
	"a process":                         `require("child_process").execSync("id");`,
	"the process":                       `process.exit(0);`,
	"the network by fetch":              `fetch("http://127.0.0.1/");`,
	"the network by request":            `request.get("http://127.0.0.1/", callback);`,
	"an import":                         `import("fs");`,
	"a module of the machinery":         `require("prelude");`,
	"a property of all objects as name": `require("constructor");`,
}

var inActions = map[string]string{
	"an endless loop":              `for (;;) {}`,
	"a loop after an await":        `await null; for (;;) {}`,
	"a promise that never settles": `await new Promise(() => {});`,
	"a handler that is a thenable": `return { then() {} };`,
	"commands without end":         `for (;;) { try { api.authentication.challengeWith({ type: "otp" }) } catch (e) {} }`,
	"metadata without end":         `for (let i = 0; ; i++) { try { api.user.setAppMetadata("k" + i, "a".repeat(1000)) } catch (e) {} }`,
	"a cache that is filled":       `for (let i = 0; ; i++) { api.cache.set("k" + i % 5, "a".repeat(1000 + i % 7)) }`,
	"a factor with a loop inside":  `api.authentication.challengeWith({ type: "otp", options: { get x() { for (;;) {} } } });`,
	"a list that never ends":       `api.authentication.challengeWithAny({ length: 1, *[Symbol.iterator]() { for (;;) yield { type: "otp" } } });`,
	"more factors without end":     `api.authentication.challengeWith({ type: "otp" }, { additionalFactors: { *[Symbol.iterator]() { for (;;) yield { type: "otp" } } } });`,
	"a session that is revoked":    `api.session.revoke();`,
	"another person's account":     `api.authentication.setPrimaryUser("usr_2");`,
	"a network that is not there":  `await fetch("http://169.254.169.254/");`,
	"a file by fetch":              `await fetch("file:///etc/passwd");`,
	"exports that loop":            `} ; module.exports = { get onExecutePostLogin() { for (;;) {} } }; const f = async () => {`,
}

// What one login does to its runtime is not there in the next.
func TestNoPollution(t *testing.T) {
	r := runner(t, Options{Workers: 1})
	spoil := job(rule(`Object.prototype.multifactor = { provider: "none" }; Array.prototype.includes = () => true; globalThis.leak = user.email;
	UnauthorizedError.prototype.name = "x"; JSON.stringify = () => "{}"; Promise.prototype.then = null; global.leak = 1; Symbol.for("leak").description; RegExp.prototype.test = () => true;
	Function.prototype.call = null; Date.now = () => 0; console.log = null; require("ipaddr.js").parse = null; crypto.createHash = null; callback(null, user, context);`))
	if _, err := r.Run(t.Context(), spoil); err != nil {
		t.Fatal(err)
	}
	look := job(rule(`context.idToken = { found: [typeof leak, typeof ({}).multifactor, [].includes(1), typeof global.leak, JSON.stringify([1]), /a/.test("b"), Date.now() > 0, typeof console.log,
	typeof require("ipaddr.js").parse, typeof crypto.createHash].join() }; callback(null, user, context);`))
	v, err := r.Run(t.Context(), look)
	if err != nil || v.IDToken["found"] != "undefined,undefined,false,undefined,[1],false,true,function,function,function" {
		t.Errorf("%+v, %v", v, err)
	}
	// Compiled programs are shared by logins; what they hold is not.
	same := job(rule(`const tag = s => { const was = s[0]; try { s[0] = "leak"; s.raw[0] = "leak"; } catch (e) {} return was; };
	const re = /a/g; re.lastIndex = re.lastIndex + 1; context.idToken = { found: tag` + "`plain`" + ` + re.lastIndex }; callback(null, user, context);`))
	for range 2 {
		if v, err := r.Run(t.Context(), same); err != nil || v.IDToken["found"] != "plain1" {
			t.Errorf("%+v, %v", v, err)
		}
	}
}

// Rules of one login share a runtime, but what was said is with Go: no rule unsays a
// denial, nor does it speak for the next one or for an action.
func TestNoForgery(t *testing.T) {
	spoil := `Object.prototype.toJSON = () => ({ provider: "none" }); JSON.stringify = () => "{}"; JSON.parse = () => ({}); Array.prototype.push = () => 0; String = () => "none"; Object.assign = a => a;
	Object.defineProperty(Error, Symbol.hasInstance, { value: () => false }); UnauthorizedError.prototype.name = "x"; Promise.prototype.then = null; Promise.resolve = null;
	Object.defineProperty(Object.prototype, "denial", { get: () => undefined, set() {} }); Array.prototype[Symbol.iterator] = function* () {}; Function.prototype.call = () => undefined; Function.prototype.apply = () => undefined;
	Array.prototype.some = () => false; callback(null, user, context);`
	for name, c := range map[string]struct {
		scripts []Script
		want    string
	}{
		"a later rule's denial":      {[]Script{rule(spoil), rule(`callback(new UnauthorizedError("no"));`)}, "deny: no"},
		"a later rule's second step": {[]Script{rule(spoil), rule(`context.multifactor = { provider: "any", allowRememberBrowser: false }; callback(null, user, context);`)}, "any"},
		"a later action":             {[]Script{rule(spoil), action(`if ([1].some(x => x) && JSON.stringify({ a: 1 }) === '{"a":1}') api.access.deny("no");`)}, "deny: no"},
		"an action after an action":  {[]Script{action(`Array.prototype.some = () => false; globalThis.leak = 1; api.access.deny = () => 0;`), action(`if ([1].some(x => x) && typeof leak === "undefined") api.access.deny("no");`)}, "deny: no"},
		"its own denial":             {[]Script{action(`api.access.deny("no"); api.access.deny("yes"); api.multifactor.enable("none"); api.access.deny = null;`)}, "deny: no; none"},
		"a denial called back over":  {[]Script{rule(`callback(new UnauthorizedError("no")); callback(null, user, context);`)}, "deny: no"},
		"a denial called back late":  {[]Script{rule(`callback(null, user, context); callback(new UnauthorizedError("no"));`)}, "deny: no"},
		"another rule's callback":    {[]Script{rule(`globalThis.late = callback; callback(null, user, context);`), rule(`late(null, user, context);`)}, "fault: a rule: Error: callback was never called"},
		"a denied login's next rule": {[]Script{rule(`callback(new UnauthorizedError("no"));`), rule(`callback(null, user, context);`)}, "deny: no"},
		"somebody else's metadata":   {[]Script{rule(`user.user_id = "usr_2"; auth0.users.updateAppMetadata("usr_2", { admin: true }).then(() => callback(null, user, context), callback);`)}, "fault: a rule, line 2: Error: only the person who signs in can be changed"},
		"a claim with a setter":      {[]Script{rule(`Object.defineProperty(Object.prototype, "provider", { get: () => "none", set() {} }); callback(null, user, context);`), rule(`context.multifactor = { provider: "any" }; callback(null, user, context);`)}, "any, remembered"},
	} {
		if got := inShort(Execute(job(c.scripts...), nil)); got != c.want {
			t.Errorf("%s: %q instead of %q", name, got, c.want)
		}
	}
}

// A member of that name in a document is a member, and nobody's prototype.
func TestProtoInDocuments(t *testing.T) {
	j := job(rule(`context.idToken = { found: [typeof ({}).admin, typeof user.admin, user.__proto__.admin, Object.keys(user).join(";")].join() }; callback(null, user, context);`))
	j.User = json.RawMessage(`{"user_id":"usr_1","__proto__":{"admin":true}}`)
	if v := said(t, j); v.IDToken["found"] != "undefined,undefined,true,user_id;__proto__" {
		t.Errorf("%+v", v)
	}
}

// No value of Go's is reachable, nor anything of the machine.
func TestOutOfReach(t *testing.T) {
	for expression, want := range map[string]string{
		`[typeof process, typeof setTimeout, typeof XMLHttpRequest, typeof fetch, typeof Deno, typeof host, typeof WebAssembly, typeof module, typeof exports].join()`: "undefined,undefined,undefined,undefined,undefined,undefined,undefined,undefined,undefined",
		`constructor.constructor("return typeof process")()`:                                                                                   "undefined",
		`Function("return typeof host + typeof load + typeof own")()`:                                                                          "undefinedundefinedundefined",
		`require.constructor("return Object.keys(this).includes('host')")()`:                                                                   "false",
		`(() => { try { return String(callback.caller) } catch (e) { return e.name } })()`:                                                     "TypeError",
		`(function () { try { return String(arguments.callee.caller) } catch (e) { return e.name } })()`:                                       "undefined",
		`(() => { try { rangeCheck.inRange("1.1.1.1", "x") } catch (e) { return [e.name, typeof e.value, Object.keys(e).length].join() } })()`: "TypeError,undefined,0",
		`(() => { try { require("fs") } catch (e) { return Object.getOwnPropertyNames(e).join() } })()`:                                        "stack,message",
		`Object.getOwnPropertyNames(configuration).join() + typeof configuration.constructor`:                                                  "KEYundefined",
		`[console.log, require, callback].map(f => f.toString().includes("func(")).join()`:                                                     "false,false,false",
	} {
		s := rule(`context.idToken = { found: String(` + expression + `) }; callback(null, user, context)`)
		s.Secrets = map[string]string{"KEY": "x"}
		v, err := Execute(job(s), nil)
		if err != nil || v.IDToken["found"] != want {
			t.Errorf("%s\nfound %v, %v", expression, v, err)
		}
	}
}

// A fetch goes through the parent, which knows what may be reached.
func TestFetch(t *testing.T) {
	var asked []string
	r := runner(t, Options{Fetch: func(_ context.Context, request string) string {
		asked = append(asked, request)
		return `{"status":200,"headers":{"Content-Type":"application/json"},"body":"{\"score\":90}"}`
	}})
	v, err := r.Run(t.Context(), job(action(`const res = await fetch("https://risk.example/", { method: "POST", body: "x" });
	const { score } = await res.json();
	if (res.ok && res.headers.get("content-type") && score > 80) api.access.deny("score " + score);`)))
	if err != nil || v.Denial == nil || v.Denial.Reason != "score 90" || len(asked) != 1 || !strings.Contains(asked[0], `"method":"POST"`) {
		t.Errorf("%+v, %v, %v", v, err, asked)
	}
	closed := runner(t, Options{})
	_, err = closed.Run(t.Context(), job(action(`await fetch("https://risk.example/");`)))
	if err == nil || !strings.Contains(err.Error(), "network") {
		t.Errorf("%v", err)
	}
}
