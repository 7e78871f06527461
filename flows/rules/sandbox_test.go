package rules

import (
	"context"
	"errors"
	"slices"
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
	t.Cleanup(r.Close)
	return r
}

// Whatever a script does to its runtime or its process, it is stopped at its limit (give or
// take what a busy machine adds), and the next login is none the worse.
func TestSandbox(t *testing.T) {
	const limit = 300 * time.Millisecond
	r := runner(t, Options{Timeout: limit})
	good := job(rule(`context.multifactor = { provider: "any" }; callback(null, user, context)`))
	good.Timeout = 5 * time.Second
	for name, body := range map[string]string{
		"an endless loop":           `for (;;) {}`,
		"deep recursion":            `const f = () => f() + 1; f();`,
		"a gigabyte of text":        `const s = "a".repeat(2 ** 30); callback(null, { s }, context);`,
		"doubling text":             `let s = "aaaaaaaaaaaaaaaa"; for (;;) s += s;`,
		"a huge array":              `Array(1e8).fill(0);`,
		"a growing array":           `const a = []; for (;;) a.push(new Array(1000).fill(1));`,
		"a huge buffer":             `const all = []; for (;;) all.push(new ArrayBuffer(2 ** 26));`,
		"a catastrophic expression": `/^(a+)+$/.test("a".repeat(50) + "!"); for (;;) /(x+x+)+y/.test("x".repeat(40));`,
		"a back reference":          `/^(a|aa)+\1$/.test("a".repeat(60) + "b"); for (;;) {}`,
		"a promise that never ends": `return new Promise(() => {});`,
		"a chain of promises":       `const again = () => Promise.resolve().then(again); return again();`,
		"a sort that never ends":    `[1, 2, 3].sort(() => { for (;;) {} });`,
		"a getter that throws":      `callback(null, user, { get multifactor() { throw new Error("x"); } });`,
		"a proxy that loops":        `callback(null, user, new Proxy({}, { get() { for (;;) {} } }));`,
		"toJSON that loops":         `context.idToken = { toJSON() { for (;;) {} } }; callback(null, user, context);`,
		"too much said":             `context.idToken = { x: "a".repeat(1 << 20) }; callback(null, user, context);`,
		"the file system":           `require("fs").readFileSync("/etc/passwd");`,
		"a process":                 `require("child_process").execSync("id");`,
		"the network from a rule":   `fetch("http://127.0.0.1/");`,
		"an import":                 `import("fs");`,
	} {
		begun := time.Now()
		v, err := r.Run(t.Context(), Job{Scripts: []Script{rule(body)}, Now: noon})
		took := time.Since(begun)
		var f *Fault
		if !errors.As(err, &f) || v != nil {
			t.Errorf("%s: %+v, %v", name, v, err)
		}
		if took > limit+2*time.Second {
			t.Errorf("%s: stopped after %s", name, took)
		}
		if v, err := r.Run(t.Context(), good); err != nil || v.Multifactor == nil {
			t.Errorf("the login after %s: %+v, %v", name, v, err)
		}
	}
}

// What one login does to its globals is not there in the next.
func TestNoPollution(t *testing.T) {
	r := runner(t, Options{Workers: 1})
	spoil := job(rule(`Object.prototype.multifactor = { provider: "none" }; Array.prototype.includes = () => true; globalThis.leak = user.email;
	UnauthorizedError.prototype.name = "x"; JSON.stringify = () => "{}"; Promise.prototype.then = null; global.leak = 1; callback(null, user, context);`))
	if _, err := r.Run(t.Context(), spoil); err != nil {
		t.Fatal(err)
	}
	look := job(rule(`context.idToken = { found: [typeof leak, typeof ({}).multifactor, [].includes(1), typeof global.leak, JSON.stringify([1])].join() }; callback(null, user, context);`))
	v, err := r.Run(t.Context(), look)
	if err != nil || v.IDToken["found"] != "undefined,undefined,false,undefined,[1]" {
		t.Errorf("%+v, %v", v, err)
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

// A worker that is killed between two jobs is replaced.
func TestKilled(t *testing.T) {
	r := runner(t, Options{Workers: 1})
	r.mu.Lock()
	idle := slices.Clone(r.idle)
	r.mu.Unlock()
	for _, w := range idle {
		if err := w.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.Run(t.Context(), job(rule(`callback(null, user, context)`))); err == nil {
		t.Error("a dead worker gave a verdict")
	}
	if _, err := r.Run(t.Context(), job(rule(`callback(null, user, context)`))); err != nil {
		t.Error(err)
	}
}
