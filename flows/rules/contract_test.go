package rules

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

// TestActionContract holds the calls of an action against what Auth0 says of them.
func TestActionContract(t *testing.T) {
	look := func(v *Verdict) string {
		if len(v.Steps) == 0 {
			return ""
		}
		return strings.Join(v.Steps[len(v.Steps)-1].Console, "\n")
	}
	for name, c := range map[string]struct{ body, console string }{
		"secrets are an action's own":       {`console.log(event.secrets.KEY, typeof configuration, JSON.stringify(event.configuration))`, `s3cret undefined {}`},
		"the cache gives what was set":      {`api.cache.set("a", { v: 1 }, { ttl: 5000 }); const { value, expires_at } = api.cache.get("a"); console.log(value.v, expires_at - Date.now())`, `1 5000`},
		"the cache gives what is stored":    {`console.log(api.cache.get("stored"), api.cache.get("none"), api.cache.get("__proto__"))`, `{"value":{"n":7}} undefined undefined`},
		"the cache forgets":                 {`console.log(api.cache.delete("stored"), api.cache.get("stored"))`, `{"type":"success"} undefined`},
		"the cache is small":                {`console.log(api.cache.set("a", "x".repeat(4094)).type, api.cache.set("a", "x".repeat(4095)))`, `success {"type":"error","code":"CacheValueSizeExceeded"}`},
		"the cache is small in all":         {`api.cache.set("a", "x".repeat(4000)); console.log(api.cache.set("b", "x".repeat(4000)).type, api.cache.set("c", "x".repeat(400)).code)`, `success CacheSizeExceeded`},
		"the cache has 20 entries":          {`for (let i = 0; i < 19; i++) api.cache.set("k" + i, i); console.log(api.cache.set("k19", 1).code, api.cache.set("k0", 1).type)`, `CacheSizeExceeded success`},
		"the cache holds for a day at most": {`api.cache.set("a", 1, { ttl: 1e12 }); console.log(api.cache.get("a").expires_at - Date.now(), api.cache.set("b", 1, { ttl: -1 }).code, api.cache.set("b", 1, { ttl: "x" }).code)`, `86400000 InvalidExpiry InvalidExpiry`},
		"the console is clipped":            {`for (let i = 0; i < 60; i++) console.log("é".repeat(300))`, strings.TrimSuffix(strings.Repeat(strings.Repeat("é", 256)+"…\n", 50), "\n")},
		"the console shows anything":        {`const a = {}; a.a = a; console.error("e", null, undefined, 1n, Symbol("s"), a, new Error("x"), () => 1, [1])`, `e null undefined (cannot be shown) Symbol(s) (cannot be shown) Error: x () => 1 [1]`},
		"a redirect can be asked about":     {`console.log(api.redirect.canRedirect())`, `true`},
	} {
		j := job(action(c.body))
		j.Cache = map[string]string{"stored": `{"n":7}`}
		if got := look(said(t, j)); got != c.console {
			t.Errorf("%s: %q", name, got)
		}
	}
	for name, c := range map[string]struct{ body, why string }{
		"session.revoke":             {`api.session.revoke("x")`, "session.revoke is not available here"},
		"session.setExpiresAt":       {`api.session.setExpiresAt(1)`, "session.setExpiresAt is not available here"},
		"refreshToken.revoke":        {`api.refreshToken.revoke("x")`, "refreshToken.revoke is not available here"},
		"setPrimaryUser":             {`api.authentication.setPrimaryUser("x")`, "setPrimaryUser is not available here"},
		"recordMethod out of place":  {`api.authentication.recordMethod("https://x/")`, "onContinuePostLogin"},
		"no provider":                {`api.multifactor.enable("sms")`, `"sms" is no provider; use one of any, none`},
		"enrolling e-mail":           {`api.authentication.enrollWith({ type: "email" })`, `enroll: "email" is no factor`},
		"no factors":                 {`api.authentication.challengeWithAny([])`, "name at least one factor"},
		"transaction of an object":   {`api.transaction.setMetadata("a", {})`, "use a text, a number or a boolean"},
		"transaction too large":      {`for (let i = 0; i < 5; i++) api.transaction.setMetadata("k" + i, "x".repeat(4000))`, "16384 bytes"},
		"a claim without a name":     {`api.idToken.setCustomClaim("", 1)`, "the claim's name has to be a text"},
		"lodash":                     {`require("lodash")`, `require("lodash") is not available here; there are crypto, ipaddr.js and range_check`},
		"a zone of time":             {`new Date().toLocaleString("de", { timeZone: "Europe/Berlin" })`, "the clock is UTC"},
		"an encoding":                {`require("crypto").createHash("sha256").update("a").digest("base32")`, `"base32" is not available`},
		"a token that lasts no time": {`api.redirect.encodeToken({ secret: "k", expiresInSeconds: "soon" })`, "expiresInSeconds"},
		"a token without a secret":   {`api.redirect.encodeToken({ payload: {} })`, "secret has to be a text"},
	} {
		_, err := Execute(job(action(c.body)), nil)
		var f *Fault
		if !errors.As(err, &f) || f.Line != 2 || !strings.Contains(f.Why, c.why) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What an action does shows in the event of the next, and only there.
func TestActionsInARow(t *testing.T) {
	first := Script{Name: "first", Kind: Action, Source: `exports.onContinuePostLogin = async (event, api) => {
	api.transaction.setMetadata("level", 2); api.authentication.recordMethod("https://x/"); api.cache.set("a", 1); event.user.email = "mallory@example.com"; globalThis.leak = 1;
};`}
	second := action(`console.log(event.transaction.metadata.level, event.transaction.state, event.authentication.methods.at(-1), api.cache.get("a").value, event.user.email, typeof leak);
	api.accessToken.addScope("a"); api.accessToken.addScope("a"); api.accessToken.removeScope("b"); api.accessToken.setCustomClaim("https://x/n", null); api.user.setUserMetadata("gone", undefined);`)
	j := job(first, second)
	j.Continue = true
	v := said(t, j)
	if got := v.Steps[1].Console[0]; got != `2 s1 {"name":"https://x/","timestamp":"2026-03-02T12:00:00.000Z"} 1 undefined undefined` {
		t.Error(got)
	}
	gone, there := v.UserMetadata["gone"]
	if len(v.Scopes.Add) != 1 || v.Scopes.Remove[0] != "b" || gone != nil || !there || v.Next != 2 {
		t.Errorf("%+v", v)
	}
}

// TestRuleContract holds what rules find and leave against what Auth0 says of it.
func TestRuleContract(t *testing.T) {
	for name, c := range map[string]struct {
		bodies []string
		want   string
	}{
		"the last word on the second step holds": {[]string{`context.multifactor = { provider: "any" }; callback(null, user, context)`, `context.multifactor.provider = "guardian"; callback(null, user, context)`}, "guardian, remembered"},
		"also that there is none":                {[]string{`context.multifactor = { provider: "any" }; callback(null, user, context)`, `delete context.multifactor; callback(null, user, context)`}, ""},
		"ignoreCookie asks each time":            {[]string{`context.multifactor = { provider: "any", ignoreCookie: true }; callback(null, user, context)`}, "any"},
		"without a provider it says nothing":     {[]string{`context.multifactor = {}; callback(null, user, context)`}, ""},
		"an empty callback keeps both":           {[]string{`context.multifactor = { provider: "any" }; callback(null)`}, "any, remembered"},
		"rules after a redirect run":             {[]string{`context.redirect = { url: "https://x.example/" }; callback(null, user, context)`, `callback(new UnauthorizedError("no"))`}, "deny: no; to https://x.example/"},
		"a redirect can be taken back":           {[]string{`context.redirect = { url: "https://x.example/" }; callback(null, user, context)`, `context.redirect = undefined; callback(null, user, context)`}, ""},
		"globals last for the login":             {[]string{`global.seen = 1; callback(null, user, context)`, `callback(global.seen ? new UnauthorizedError("seen") : null, user, context)`}, "deny: seen"},
		"persistent is app_metadata":             {[]string{`user.persistent.groups.push("x"); callback(user.app_metadata.groups.length === 2 && !JSON.stringify(user).includes("persistent") ? new UnauthorizedError("yes") : null)`}, "deny: yes"},
		"thrown as well as called back":          {[]string{`throw new UnauthorizedError("thrown")`}, "deny: thrown"},
		"rejected as well":                       {[]string{`return Promise.reject(new UnauthorizedError("rejected"))`}, "deny: rejected"},
		"a callback by a promise":                {[]string{`Promise.resolve().then(() => callback(null, user, Object.assign(context, { multifactor: { provider: "any" } })))`}, "any, remembered"},
		"a callback by a promise that waits on":  {[]string{`callback(null, user, context); return new Promise(() => {})`}, ""},
		"metadata by a callback":                 {[]string{`auth0.users.updateAppMetadata(user.user_id, { a: 1 }, err => callback(err, user, context))`}, "a=1"},
		"metadata that is none":                  {[]string{`auth0.users.updateAppMetadata(user.user_id, "text").then(() => callback(null, user, context)).catch(callback)`}, "fault: a rule, line 2: TypeError: app_metadata: it is no object"},
		"an error that is a text":                {[]string{`callback("went wrong")`}, "fault: a rule: went wrong"},
		"throws after its callback":              {[]string{`callback(null, user, context); null.x`}, "fault: a rule, line 2: TypeError: Cannot read property 'x' of undefined"},
		"a deny without a reason":                {[]string{`callback(new UnauthorizedError())`}, "deny: unauthorized"},
	} {
		var scripts []Script
		for _, b := range c.bodies {
			scripts = append(scripts, rule(b))
		}
		if got := inShort(Execute(job(scripts...), nil)); got != c.want {
			t.Errorf("%s: %q instead of %q", name, got, c.want)
		}
	}
	// A redirect is for all rules to come back to, before any action.
	v := said(t, job(rule(`callback(null, user, Object.assign(context, { redirect: { url: "https://x.example/" } }))`), rule(`callback(null)`), action(`throw new Error("not yet")`)))
	if v.Redirect == nil || v.Redirect.Script != "a rule" || v.Next != 0 || len(v.Steps) != 2 {
		t.Errorf("%+v", v)
	}
	// A rule behind an action is none of the rules before it.
	v = said(t, job(rule(`global.a = 1; callback(null, user, Object.assign(context, { multifactor: { provider: "any" } }))`), action(`api.multifactor.enable("guardian")`), rule(`console.log(global.a, context.multifactor); callback(null)`)))
	if v.Steps[2].Console[0] != "undefined undefined" || v.Multifactor == nil || v.Multifactor.Provider != "guardian" || v.Next != 3 {
		t.Errorf("%+v", v)
	}
	// The scope is said as what changes.
	v = said(t, job(rule(`context.accessToken = { scope: ["openid", "more"], "https://x/y": 1 }; callback(null, user, context)`)))
	if v.Scopes == nil || len(v.Scopes.Add) != 1 || v.Scopes.Add[0] != "more" || len(v.Scopes.Remove) != 1 || v.Scopes.Remove[0] != "transfer" || v.AccessToken["scope"] != nil || v.AccessToken["https://x/y"] != 1.0 {
		t.Errorf("%+v, %+v", v, v.Scopes)
	}
	// Settings are each rule's own.
	one, two := rule(`console.log(configuration.A, configuration.B); callback(null)`), rule(`console.log(configuration.A, configuration.B); callback(null)`)
	one.Secrets, two.Secrets = map[string]string{"A": "1"}, map[string]string{"B": "2"}
	v = said(t, job(one, two))
	if v.Steps[0].Console[0] != "1 undefined" || v.Steps[1].Console[0] != "undefined 2" {
		t.Errorf("%+v", v.Steps)
	}
}

// Lines are the file's, whatever stands around a rule's function and whatever it is called.
func TestLines(t *testing.T) {
	for name, c := range map[string]struct {
		script Script
		line   int
	}{
		"blank lines ahead":    {Script{Kind: Rule, Source: "\n\n\nfunction (user, context, callback) {\n  null.x;\n}"}, 5},
		"a comment ahead":      {Script{Kind: Rule, Source: "/*\n * what it does\n */\n// and why\nfunction (user, context, callback) {\n  null.x;\n}"}, 6},
		"a semicolon behind":   {Script{Kind: Rule, Source: "function (user, context, callback) {\n  null.x;\n};\n"}, 2},
		"a comment behind":     {Script{Kind: Rule, Source: "function (user, context, callback) {\n  null.x;\n}; // over\n/* and\n out */\n"}, 2},
		"a comment right away": {Script{Kind: Rule, Source: "function (user, context, callback) {\n  null.x;\n} // over"}, 2},
		"Windows' line ends":   {Script{Kind: Rule, Source: "\r\nfunction (user, context, callback) {\r\n  null.x;\r\n};\r\n"}, 3},
		"a function inside":    {Script{Kind: Rule, Source: "function (user, context, callback) {\n  function f() {\n    null.x;\n  }\n  f();\n}"}, 3},
		"a promise":            {Script{Kind: Rule, Source: "function (user, context, callback) {\n  Promise.resolve().then(function () {\n    callback(new Error('x'));\n  });\n}"}, 3},
		"no function":          {Script{Kind: Rule, Source: "({})"}, 0},
		"an action's top":      {Script{Kind: Action, Source: "const x = 1;\nconst fs = require('fs');\n"}, 2},
		"an action's helper":   {Script{Kind: Action, Source: "const f = () => {\n  null.x;\n};\nexports.onExecutePostLogin = async () => {\n  f();\n};"}, 2},
		"an action's await":    {Script{Kind: Action, Source: "exports.onExecutePostLogin = async () => {\n  await null;\n  null.x;\n};"}, 3},
		"an action's syntax":   {Script{Kind: Action, Source: "const x = 1;\n\nconst x = 2;"}, 3},
		"a loop":               {Script{Kind: Action, Source: "let n = 0;\n\nfor (;;) {\n  n++;\n}"}, 4},
		"a recursion":          {Script{Kind: Action, Source: "\nconst f = () => f() + 1;\nf();"}, 2},
	} {
		for _, called := range []string{"s", "at a:1:1", "Office hours (v2): new", "prelude"} {
			c.script.Name = called
			j := job(c.script)
			j.Timeout = 100 * time.Millisecond
			_, err := Execute(j, nil)
			var f *Fault
			if !errors.As(err, &f) || f.Line != c.line || f.Script != called {
				t.Errorf("%s, called %s: %v", name, called, err)
			}
		}
	}
	// A rule's error is its own, also where another one of the login has a line of it.
	_, err := Execute(job(Script{Name: "one", Kind: Rule, Source: "function (user, context, callback) {\nglobal.f = () => null.x;\ncallback(null);\n}"},
		Script{Name: "two", Kind: Rule, Source: "function (user, context, callback) {\n\n\nconsole.log('here');\nglobal.f();\n}"}), nil)
	var f *Fault
	if !errors.As(err, &f) || f.Script != "two" || f.Line != 5 || len(f.Steps) != 2 || f.Steps[1].Console[0] != "here" {
		t.Errorf("%+v", f)
	}
	if b, err := json.Marshal(f); err != nil || !strings.Contains(string(b), `"line":5`) {
		t.Errorf("%s, %v", b, err)
	}
}

// What is no rule or no action is refused before it is stored.
func TestCheck(t *testing.T) {
	for name, c := range map[string]struct {
		script Script
		want   string
	}{
		"a rule":                    {Script{Kind: Rule, Source: "// why\nasync function f(user, context, callback) { callback(null) }; // so"}, ""},
		"an arrow":                  {Script{Kind: Rule, Source: "(user, context, callback) => callback(null)"}, ""},
		"an action":                 {Script{Kind: Action, Source: "module.exports = { onExecutePostLogin() {} }"}, ""},
		"no function":               {Script{Kind: Rule, Source: "42"}, "s: a rule is one function"},
		"two functions":             {Script{Kind: Rule, Source: "function a() {}\nfunction b() {}"}, "s, line 2: SyntaxError"},
		"a function that is called": {Script{Kind: Rule, Source: "(function () { for (;;) {} })()"}, "s: a rule is one function"},
		"one that breaks out":       {Script{Kind: Rule, Source: "1)}); (function(){return (function () {}"}, "s: a rule is one function"},
		"an action that breaks out": {Script{Kind: Action, Source: "}); for (;;) {} (function () { // onExecutePostLogin"}, "s: it closes a bracket that it did not open"},
		"another action":            {Script{Kind: Action, Source: "exports.onExecutePreUserRegistration = async () => {}"}, "s: an action has exports.onExecutePostLogin"},
		"an action that breaks":     {Script{Kind: Action, Source: "exports.onExecutePostLogin = async () => {\n  const = 1;\n}"}, "s, line 2: SyntaxError: Unexpected token"},
		"an expression that breaks": {Script{Kind: Rule, Source: "function (user, context, callback) {\n  return /(/;\n}"}, "s, line 2: SyntaxError"},
		"no kind":                   {Script{Kind: "hook", Source: ""}, `s: "hook" is no kind of script; use rule or action`},
		"a large one":               {Script{Kind: Action, Source: strings.Repeat(" ", maxSource+1)}, "s: it has 102401 bytes; at most 102400 are allowed"},
	} {
		c.script.Name = "s"
		err := Check(c.script)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
