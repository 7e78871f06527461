package main

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/sallyport-id/sallyport/cmd/sallyport/demo"
	"github.com/sallyport-id/sallyport/flows/policy"
)

// TestExplainTen: an administrator is told of each kind of sign-in which row or rule
// decided.
func TestExplainTen(t *testing.T) {
	h := openReasons(t)
	for _, c := range []struct {
		name    string
		sign    func(*reasons, *person) *person // the person whose latest sign-in is meant
		decided string
		outcome string
	}{
		{"tenant never", through("plain", "password"), "the policy of the tenant: never", "done"},
		{"row of a client", through("office", "password code"), `the policy of the client, row "this machine": always`, "done"},
		{"another row of it", through("archive", "password"), `the policy of the client, row "elsewhere": deny; refused: policy_denied`, "denied"},
		{"organization", member, "the policy of the organization: always", "done"},
		{"rule that asks", through("ruled", "password code"), `rule "ask here"`, "done"},
		{"rule that refuses", through("closed", "password"), `rule "closing time", line 3, which refused: The shop is closed.`, "denied"},
		{"rule that fails", through("broken", "password"), `rule "broken", line 4, which failed: TypeError`, "denied"},
		{"action with a command", through("commanded", "password code"), `action "second step"`, "done"},
		{"adaptive", stranger, "the policy of the client: adaptive at a confidence of low (NewDevice ", "done"},
		{"acr_values", demanding, "the application, which asked for " + policy.MultiFactor, "done"},
		{"remembered browser", remembered, "the policy of the client: always; the browser is remembered", "done"},
		{"shown before", again, "the policy of the client: always; what it wants was shown before", "done"},
		{"grace", putOff, "the policy of the client: always; put off by the person, within the grace", "done"},
		{"tenant always", tenantAlways, "the policy of the tenant: always", "done"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.t, h.process.t, h.silent = t, t, false
			one := c.sign(h, h.somebody())
			said := h.run("explain", h.login(one.user.Username))
			t.Logf("\n%s", said)
			for name, want := range map[string]string{"decided by": c.decided, "outcome": c.outcome} {
				if got := lineOf(said, name); !strings.HasPrefix(got, want) {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
		})
	}
}

// reasons is a demo with one application for each reason to ask or not to ask.
type reasons struct {
	*process
	t      *testing.T
	people []crashed
	silent bool // the latest sign-in showed no page
}

func openReasons(t *testing.T) *reasons {
	t.Helper()
	h := &reasons{process: startDev(t), t: t}
	h.people = importPeople(t, h.process, 15)
	for client, policy := range map[string]string{
		"plain": "", "ruled": "", "closed": "", "broken": "", "commanded": "", "members": "never", "careful": "adaptive", "steady": "always",
		"office":  `{"rows": [{"name": "this machine", "when": {"networks": "127.0.0.0/8"}, "policy": "always"}]}`,
		"archive": `{"rows": [{"name": "vault", "when": {"networks": "10.0.0.0/8"}, "policy": "never"}, {"name": "elsewhere", "when": {"networks": {"not": "10.0.0.0/8"}}, "policy": "deny"}]}`,
		"patient": `{"policy": "always", "grace": {"for": "14d", "sign_ins": 5}}`,
	} {
		h.run("client", "create", "--id", client, "--name", client, "--type", "native", "--auth-method", "none", "--first-party", "--redirect-uri", "http://127.0.0.1/callback")
		switch {
		case strings.HasPrefix(policy, "{"):
			h.run("policy", "apply", h.file(client+".json", policy), "--client", client)
		case policy != "":
			h.run("policy", "set", policy, "--client", client)
		}
	}
	h.run("org", "create", "acme")
	h.run("policy", "set", "always", "--organization", "acme")
	for name, source := range map[string]string{
		"ask here":     "function (user, context, callback) {\n  if (context.clientID === 'ruled') { context.multifactor = { provider: 'any' }; }\n  callback(null, user, context);\n}",
		"closing time": "function (user, context, callback) {\n  if (context.clientID === 'closed') {\n    return callback(new UnauthorizedError('The shop is closed.'));\n  }\n  callback(null, user, context);\n}",
		"broken":       "function (user, context, callback) {\n  if (context.clientID === 'broken') {\n    console.log('looking at', user.username);\n    user.app_metadata.plan.name.trim();\n  }\n  callback(null, user, context);\n}",
		"second step":  "exports.onExecutePostLogin = async (event, api) => {\n  if (event.client.client_id === 'commanded') { api.authentication.challengeWith({ type: 'otp' }); }\n};",
	} {
		h.run("rules", "put", name, h.file("script.js", source))
	}
	return h
}

func (h *reasons) file(name, text string) string {
	h.t.Helper()
	path := filepath.Join(h.t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
	return path
}

// somebody is a person with an app who never signed in before.
func (h *reasons) somebody() *person {
	h.t.Helper()
	one := h.people[0]
	h.people = h.people[1:]
	return &person{
		browser: newBrowser(h.t), t: h.t, user: demo.User{Username: one.name, Password: crashPassword},
		phone: &phone{t: h.t, secret: one.secret},
	}
}

// request is a client's, with more parameters.
func (h *reasons) request(client string, pairs ...string) string {
	q := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(crashVerifier)}
	for i := 0; i+1 < len(pairs); i += 2 {
		q = append(q, oauth2.SetAuthURLParam(pairs[i], pairs[i+1]))
	}
	config := &oauth2.Config{ClientID: client, RedirectURL: callback, Scopes: []string{"openid"}, Endpoint: oauth2.Endpoint{AuthURL: h.ready.Issuer + "authorize"}}
	return config.AuthCodeURL("s", q...)
}

// begins opens a client's request and gives name and password.
func (h *reasons) begins(one *person, client string, pairs ...string) {
	h.t.Helper()
	one.asked, one.stop = nil, callback
	one.get(h.request(client, pairs...))
	if !one.act() {
		h.t.Fatalf("no sign-in page: %s", one.text())
	}
}

// ends does what is asked for and fails the test unless it is this, and all of it.
func (h *reasons) ends(one *person, asked string) url.Values {
	h.t.Helper()
	for range 5 {
		if one.landed != nil || !one.act() {
			break
		}
	}
	if got := strings.Join(one.asked, " "); got != asked {
		h.t.Errorf("asked %q, want %q: %s", got, asked, one.text())
	}
	if one.landed == nil {
		return nil
	}
	return one.landed.Query()
}

// through signs in to a client where these pages are shown.
func through(client, asked string) func(*reasons, *person) *person {
	return func(h *reasons, one *person) *person {
		h.begins(one, client)
		h.ends(one, asked)
		return one
	}
}

func member(h *reasons, one *person) *person {
	h.run("org", "add-member", "acme", one.user.Username)
	h.begins(one, "members", "organization", "acme")
	h.ends(one, "password code")
	return one
}

func demanding(h *reasons, one *person) *person {
	h.begins(one, "plain", "acr_values", policy.MultiFactor)
	h.ends(one, "password code")
	return one
}

// stranger signs in at home, and then somebody does with a browser that was never seen.
func stranger(h *reasons, one *person) *person {
	through("careful", "password")(h, one)
	one.browser = newBrowser(h.t)
	return through("careful", "password code")(h, one)
}

func remembered(h *reasons, one *person) *person {
	h.begins(one, "steady")
	one.fill(map[string]string{"code": one.phone.code(), "remember": "1"}).submit("")
	one.get(h.ready.Issuer + "oidc/logout").submit("logout-yes")
	return through("steady", "password")(h, one)
}

// again is a second sign-in of a session, without a page.
func again(h *reasons, one *person) *person {
	through("steady", "password code")(h, one)
	if answer := one.visit(h.request("steady"), callback); answer.Get("code") == "" || len(one.asked) > 0 {
		h.t.Errorf("%v after %v", answer, one.asked)
	}
	h.silent = true
	return one
}

func putOff(h *reasons, _ *person) *person {
	ada := h.meet("ada") // has no second factor
	h.begins(ada, "patient")
	ada.submit("skip")
	if ada.landed == nil || ada.landed.Query().Get("code") == "" {
		h.t.Errorf("not let in: %s", ada.text())
	}
	return ada
}

// tenantAlways changes the policy of the running provider, which notices within seconds.
func tenantAlways(h *reasons, one *person) *person {
	h.run("policy", "set", "always")
	for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); time.Sleep(time.Second) {
		one.browser = newBrowser(h.t)
		h.begins(one, "plain")
		if one.landed == nil {
			break
		}
	}
	h.ends(one, "password code")
	return one
}

// login is what the audit log calls somebody's latest sign-in. One without a page is no
// event: it is found by the person.
func (h *reasons) login(username string) string {
	h.t.Helper()
	if h.silent {
		var e explanation
		if err := json.Unmarshal([]byte(h.run("explain", "--json", "--user", username)), &e); err != nil {
			h.t.Fatal(err)
		}
		return e.Login
	}
	var events []struct {
		Data struct {
			LoginID string `json:"login_id"`
		}
	}
	if err := json.Unmarshal([]byte(h.run("audit", "list", "--json", "--type", "login.", "--user", username, "--limit", "1")), &events); err != nil {
		h.t.Fatal(err)
	}
	if len(events) != 1 || events[0].Data.LoginID == "" {
		h.t.Fatalf("no sign-in of %s in the audit log: %+v", username, events)
	}
	return events[0].Data.LoginID
}

// lineOf is the value of a line of a table.
func lineOf(table, name string) string {
	for _, line := range strings.Split(table, "\n") {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
