package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/flows/rules"
	"github.com/sallyport-id/sallyport/provider/management"
	"github.com/sallyport-id/sallyport/storage"
)

// signsIn is what the password grant of ada says: "" where she gets a token, else the
// error's description. It refreshes by a rule that was stored just before.
func (x *tenant) signsIn(secret string) string {
	x.t.Helper()
	var body struct {
		Token string `json:"access_token"`
		Error string `json:"error"`
		Why   string `json:"error_description"`
	}
	x.post("/oauth/token", url.Values{"grant_type": {"password"}, "username": {"ada"}, "password": {"a long enough password 17"}, "scope": {"openid"}}, &body,
		func(r *http.Request) { r.SetBasicAuth("own", secret) })
	if body.Token != "" {
		return ""
	}
	return body.Error + " " + body.Why
}

// scripted is a tenant with ada, who can sign in, and her client's secret.
func scripted(t *testing.T) (*tenant, string) {
	t.Helper()
	x := newTenant(t, nil)
	x.people("auth0|ada")
	u, err := x.house.db.UserByID(t.Context(), "auth0|ada")
	if err != nil {
		t.Fatal(err)
	}
	if err := x.house.setPassword(t.Context(), u, "a long enough password 17"); err != nil {
		t.Fatal(err)
	}
	return x, x.client("own", func(c *storage.Client) {
		c.Metadata.GrantTypes = []string{"password"}
		c.Settings.FirstParty = true
	})
}

func refuses(why string) string {
	return "function (user, context, callback) {\n  callback(new UnauthorizedError(" + why + "));\n}"
}

func denies(why string) string {
	return "exports.onExecutePostLogin = async (event, api) => {\n  api.access.deny(" + why + ");\n};"
}

// oldScript stores a script whose text was checked by an older program: it does not compile.
func (x *tenant) oldScript(kind, name string) *storage.Script {
	x.t.Helper()
	s := &storage.Script{Name: name, Kind: kind}
	v := &storage.ScriptVersion{Source: "exports.onExecutePostLogin = oops(;"}
	err := x.house.db.CreateScript(x.t.Context(), s)
	if v.ScriptID = s.ID; err == nil {
		err = x.house.db.AddScriptVersion(x.t.Context(), v)
	}
	if s.Deployed = v.Number; err == nil {
		err = x.house.db.UpdateScript(x.t.Context(), s)
	}
	if err != nil {
		x.t.Fatal(err)
	}
	return s
}

// TestManagementScriptLimits is what scripts may not do to the provider, and what callers
// may not do to each other's.
func TestManagementScriptLimits(t *testing.T) {
	x := newTenant(t, nil)
	ctx, desk := t.Context(), x.house.desk(false)
	do := func(method, path string, body any) reply {
		t.Helper()
		return x.admin("create:rules update:rules create:actions update:actions update:rules_configs", method, path, body)
	}
	says := func(what string, got reply, status int, words string) {
		t.Helper()
		if message, _ := got.object(t)["message"].(string); got.status != status || !strings.Contains(message, words) {
			t.Errorf("%s: %+v, want %d %q", what, got, status, words)
		}
	}

	action, rule := x.oldScript(storage.ScriptAction, "old action"), x.oldScript(storage.ScriptRule, "old rule")
	bind := object{"bindings": []object{{"ref": object{"type": "action_id", "value": action.ID}}}}
	says("bound", do(http.MethodPatch, "/actions/triggers/post-login/bindings", bind), 400, "old action, line 1")
	says("enabled", do(http.MethodPatch, "/rules/"+rule.ID, object{"enabled": true}), 400, "old rule, line 1")
	on, fault := true, (*rules.Fault)(nil)
	if _, err := desk.EditScript(ctx, rule, management.ScriptEdit{Enabled: &on}); !errors.As(err, &fault) || rule.Enabled {
		t.Errorf("enabled on the command line: %v", err)
	}

	stale := *rule
	if _, err := desk.EditScript(ctx, rule, management.ScriptEdit{Secrets: map[string]string{"KEY": "x"}}); err != nil {
		t.Fatal(err)
	}
	if err := desk.DeleteScript(ctx, &stale); !errors.Is(err, storage.ErrConflict) {
		t.Errorf("one that was changed is removed: %v", err)
	}
	if _, err := x.house.db.ScriptByID(ctx, rule.ID); err != nil || len(x.events("rule.deleted")) != 0 {
		t.Errorf("it is gone: %v", err)
	}

	empty := &storage.Script{Name: "no text", Kind: storage.ScriptAction}
	if err := x.house.db.CreateScript(ctx, empty); err != nil {
		t.Fatal(err)
	}
	says("no text", do(http.MethodPost, "/actions/actions/"+empty.ID+"/deploy", nil), 400, "there is no text to deploy")

	var many []object
	for i := range 101 {
		many = append(many, object{"name": fmt.Sprint(i), "value": "x"})
		if err := x.house.db.PutConfiguration(ctx, fmt.Sprint(i), "x"); err != nil && i < 100 {
			t.Fatal(err)
		}
	}
	says("secrets", do(http.MethodPatch, "/actions/actions/"+empty.ID, object{"secrets": many}), 400, "secrets: there are 101; at most 100")
	says("configuration", do(http.MethodPut, "/rules-configs/MORE", object{"value": "x"}), 400, "remove one first")

	for i := range 11 {
		got := do(http.MethodPost, "/actions/actions/"+action.ID+"/test", object{"payload": object{}})
		if want := map[bool]int{false: 200, true: 429}[i == 10]; got.status != want {
			t.Errorf("trial %d: %+v", i+1, got)
		}
	}
}
