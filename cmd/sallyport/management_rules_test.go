package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// TestManagementRules is the life of a rule: it decides from the next sign-in on, and one
// that does not compile changes nothing.
func TestManagementRules(t *testing.T) {
	x, secret := scripted(t)
	const all = "create:rules read:rules update:rules delete:rules read:rules_configs update:rules_configs delete:rules_configs"
	do := func(method, path string, body any) reply { t.Helper(); return x.admin(all, method, path, body) }
	decides := func(want string) {
		t.Helper()
		if got := x.signsIn(secret); !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("the sign-in says %q, want %q", got, want)
		}
	}
	decides("")
	got := do(http.MethodPost, "/rules", object{"name": "gate", "script": refuses(`"closed " + configuration.SINCE`)})
	id, _ := got.object(t)["id"].(string)
	if got.status != 201 || !strings.HasPrefix(id, "rul_") || fieldsOf(got.object(t)) != "enabled id name order script stage" || got.object(t)["stage"] != "login_success" || got.object(t)["enabled"] != true {
		t.Fatalf("created: %+v", got)
	}
	decides("closed undefined")
	for name, c := range map[string]struct {
		method, path string
		body         object
		status       int
		says         string
	}{
		"broken, new":     {http.MethodPost, "/rules", object{"name": "b", "script": "function (user) {\n\n  oops(;\n}"}, 400, "script: b, line 3: SyntaxError"},
		"broken, there":   {http.MethodPatch, "/rules/" + id, object{"script": "function (user {", "name": "other"}, 400, "line 1: SyntaxError"},
		"an action":       {http.MethodPatch, "/rules/" + id, object{"script": denies("1")}, 400, "a rule is one function"},
		"the name again":  {http.MethodPost, "/rules", object{"name": "gate", "script": refuses("1")}, 409, "already"},
		"the order again": {http.MethodPost, "/rules", object{"name": "b", "script": refuses("1"), "order": 1}, 409, "same order is there already: gate"},
		"a name of space": {http.MethodPatch, "/rules/" + id, object{"name": " gate"}, 400, "name:"},
		"a NUL":           {http.MethodPatch, "/rules/" + id, object{"script": refuses("'\x00'")}, 400, "NUL"},
		"another stage":   {http.MethodPost, "/rules", object{"name": "b", "script": refuses("1"), "stage": "user_registration"}, 400, "stage"},
		"none":            {http.MethodPatch, "/rules/rul_none", object{"enabled": false}, 404, "The rule does not exist"},
	} {
		got := do(c.method, c.path, c.body)
		if message, _ := got.object(t)["message"].(string); got.status != c.status || !strings.Contains(message, c.says) {
			t.Errorf("%s: %+v, want %d %q", name, got, c.status, c.says)
		}
	}
	if got := do(http.MethodGet, "/rules/none", nil); got.status != 404 || got.object(t)["errorCode"] != "inexistent_rule" {
		t.Errorf("none: %+v", got)
	}
	decides("closed undefined")

	if got := do(http.MethodPut, "/rules-configs/SINCE", object{"value": "s3cret noon"}); got.status != 200 || got.object(t)["value"] != "s3cret noon" {
		t.Errorf("configuration: %+v", got)
	}
	decides("closed s3cret noon")
	if got := do(http.MethodGet, "/rules-configs", nil); len(got.body.([]any)) != 1 || fieldsOf(got.body.([]any)[0].(object)) != "key" {
		t.Errorf("the value is readable: %+v", got)
	}
	for range 2 {
		if got := do(http.MethodDelete, "/rules-configs/SINCE", nil); got.status != 204 {
			t.Errorf("removed: %+v", got)
		}
	}
	decides("closed undefined")
	if got := do(http.MethodPut, "/rules-configs/two%20words", object{"value": "x"}); got.status != 400 || !strings.Contains(got.object(t)["message"].(string), "key: ") {
		t.Errorf("a key of two words: %+v", got)
	}

	if got := do(http.MethodPatch, "/rules/"+id, object{"script": refuses(`"closed " + configuration.SINCE`)}); got.status != 200 {
		t.Errorf("the same text: %+v", got)
	}
	if n, err := x.house.db.CountScriptVersions(t.Context(), id); err != nil || n != 1 {
		t.Errorf("the text that runs was kept again: %d, %v", n, err)
	}
	if got := do(http.MethodPatch, "/rules/"+id, object{"script": refuses(`"ajar"`), "name": "door", "order": 7}); got.status != 200 || got.object(t)["order"] != 7.0 || got.object(t)["name"] != "door" {
		t.Errorf("changed: %+v", got)
	}
	decides("ajar")
	if got := do(http.MethodPost, "/rules", object{"name": "first", "script": refuses(`"first"`), "order": 3, "enabled": false}); got.status != 201 {
		t.Errorf("another: %+v", got)
	}
	if got := do(http.MethodGet, "/rules?fields=name&include_totals=true", nil); got.object(t)["total"] != 2.0 || got.object(t)["rules"].([]any)[0].(object)["name"] != "first" {
		t.Errorf("list: %+v", got)
	}
	if got := do(http.MethodGet, "/rules?enabled=false", nil); idsOf(t, got, "name") != "first" {
		t.Errorf("those that do not run: %+v", got)
	}
	if got := do(http.MethodPatch, "/rules/"+id, object{"enabled": false}); got.object(t)["enabled"] != false {
		t.Errorf("switched off: %+v", got)
	}
	decides("")
	for range 2 {
		if got := do(http.MethodDelete, "/rules/"+id, nil); got.status != 204 {
			t.Errorf("removed: %+v", got)
		}
	}
	for kind, n := range map[string]int{"created": 2, "changed": 1, "renamed": 1, "moved": 1, "disabled": 1, "deleted": 1, "configuration_set": 1, "configuration_removed": 1} {
		if got := x.events("rule." + kind); len(got) != n || !strings.HasPrefix(got[0].Actor, "client:admin") || strings.Contains(string(asJSON(t, got[0].Data)), "s3cret") {
			t.Errorf("rule.%s: %+v, want %d", kind, got, n)
		}
	}
	for path, scope := range map[string]string{"/rules": "read:rules_configs", "/rules-configs": "read:rules"} {
		if got := x.admin(scope, http.MethodGet, path, nil); got.status != 403 {
			t.Errorf("%s with %s: %+v", path, scope, got)
		}
	}
}

// TestManagementActions is the life of an action: draft, deployed, bound, rolled back.
func TestManagementActions(t *testing.T) {
	x, secret := scripted(t)
	const all = "create:actions read:actions update:actions delete:actions"
	do := func(method, path string, body any) reply { t.Helper(); return x.admin(all, method, path, body) }
	decides := func(want string) {
		t.Helper()
		if got := x.signsIn(secret); !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("the sign-in says %q, want %q", got, want)
		}
	}
	trigger := []object{{"id": "post-login", "version": "v3"}}
	got := do(http.MethodPost, "/actions/actions", object{"name": "gate", "supported_triggers": trigger, "code": denies(`"one " + event.secrets.KEY`), "secrets": []object{{"name": "KEY", "value": "s3cret"}}})
	id, _ := got.object(t)["id"].(string)
	if got.status != 201 || !strings.HasPrefix(id, "act_") || got.object(t)["all_changes_deployed"] != false || got.object(t)["deployed_version"] != nil || strings.Contains(string(asJSON(t, got.object(t)["secrets"])), "s3cret") {
		t.Fatalf("created: %+v", got)
	}
	path, bindings := "/actions/actions/"+id, "/actions/triggers/post-login/bindings"
	bind := []object{{"ref": object{"type": "action_id", "value": id}, "display_name": "The gate"}}
	if got := do(http.MethodPatch, bindings, object{"bindings": bind}); got.status != 400 || !strings.Contains(got.object(t)["message"].(string), "deploy it first") {
		t.Errorf("a draft bound: %+v", got)
	}
	first := do(http.MethodPost, path+"/deploy", nil)
	if first.status != 202 || first.object(t)["deployed"] != true || first.object(t)["number"] != 1.0 || first.object(t)["action"].(object)["all_changes_deployed"] != true {
		t.Errorf("deployed: %+v", first)
	}
	decides("") // it is not bound
	got = do(http.MethodPatch, bindings, object{"bindings": bind})
	if one := got.object(t)["bindings"].([]any)[0].(object); got.status != 200 || one["display_name"] != "The gate" || one["action"].(object)["id"] != id || one["trigger_id"] != "post-login" {
		t.Errorf("bound: %+v", got)
	}
	decides("one s3cret")

	if got := do(http.MethodPatch, path, object{"name": nil, "supported_triggers": nil, "code": denies(`"two"`)}); got.status != 200 || got.object(t)["all_changes_deployed"] != false || !strings.Contains(got.object(t)["deployed_version"].(object)["code"].(string), "one") {
		t.Errorf("another draft: %+v", got)
	}
	decides("one s3cret")
	if got := do(http.MethodPatch, path, object{"code": "exports.onExecutePostLogin = async (event, api) => {\n oops(;\n};"}); got.status != 400 || !strings.Contains(got.object(t)["message"].(string), "code: gate, line 2") {
		t.Errorf("broken: %+v", got)
	}
	second := do(http.MethodPost, path+"/deploy", nil)
	decides("two")
	if got := do(http.MethodPost, path+"/versions/"+first.object(t)["id"].(string)+"/deploy", object{}); got.status != 202 || got.object(t)["action"].(object)["all_changes_deployed"] != false {
		t.Errorf("rolled back: %+v", got)
	}
	decides("one s3cret")
	if got := do(http.MethodGet, path+"/versions", nil); idsOf(t, reply{200, got.object(t)["versions"]}, "id") != second.object(t)["id"].(string)+" "+first.object(t)["id"].(string) || got.object(t)["total"] != 2.0 {
		t.Errorf("versions: %+v", got)
	}
	if got := do(http.MethodGet, path+"/versions/"+second.object(t)["id"].(string), nil); got.object(t)["deployed"] != false {
		t.Errorf("a version: %+v", got)
	}
	if got := do(http.MethodPost, path+"/versions/"+first.object(t)["id"].(string)+"/deploy", object{"update_draft": true}); got.object(t)["number"] != 3.0 || got.object(t)["action"].(object)["all_changes_deployed"] != true {
		t.Errorf("rolled back with the draft: %+v", got)
	}
	if got := do(http.MethodPost, path+"/versions/"+first.object(t)["id"].(string)+"/deploy", object{"update_draft": true}); got.object(t)["number"] != 3.0 || got.object(t)["action"].(object)["all_changes_deployed"] != true {
		t.Errorf("rolled back with the draft that is the same: %+v", got)
	}
	if got := do(http.MethodGet, path+"/versions?per_page=1&page=2", nil); idsOf(t, reply{200, got.object(t)["versions"]}, "id") != first.object(t)["id"].(string) || got.object(t)["total"] != 3.0 || got.object(t)["length"] != 1.0 {
		t.Errorf("the third page of versions: %+v", got)
	}

	if got := do(http.MethodPatch, path, object{"secrets": []object{{"name": "KEY"}, {"name": "MORE", "value": "x"}}}); got.status != 200 || len(got.object(t)["secrets"].([]any)) != 2 {
		t.Errorf("secrets: %+v", got)
	}
	decides("one s3cret")
	if got := do(http.MethodPatch, path, object{"secrets": []object{}}); len(got.object(t)["secrets"].([]any)) != 0 {
		t.Errorf("no secrets: %+v", got)
	}
	decides("one undefined")

	code := "exports.onExecutePostLogin = async (event, api) => {\n  console.log(event.user.email, event.secrets.KEY);\n  try { await fetch('http://127.0.0.1/'); } catch (error) { console.log(error.message); }\n  api.user.setAppMetadata('seen', event.request.ip);\n};"
	tried := do(http.MethodPost, "/actions/actions", object{"name": "tried", "supported_triggers": trigger, "code": code, "secrets": []object{{"name": "KEY", "value": "s3cret"}}}).object(t)["id"].(string)
	got = do(http.MethodPost, "/actions/actions/"+tried+"/test", object{"payload": object{"event": object{"user": object{"email": "x@walk.example"}, "request": object{"ip": "203.0.113.7"}}}})
	text := string(asJSON(t, got.body))
	if got.status != 200 || !strings.Contains(text, `x@walk.example undefined`) || !strings.Contains(text, "a trial reaches nothing") || !strings.Contains(text, `"seen":"203.0.113.7"`) || strings.Contains(text, "s3cret") {
		t.Errorf("a trial: %s", text)
	}
	x.admin("update:actions", http.MethodPatch, "/actions/actions/"+tried, object{"code": "exports.onExecutePostLogin = async (event, api) => {\n  event.none.at.all;\n};"})
	if got := do(http.MethodPost, "/actions/actions/"+tried+"/test", object{"payload": object{}}); got.status != 200 || !strings.Contains(string(asJSON(t, got.body)), `"line":2`) {
		t.Errorf("a trial that fails: %+v", got)
	}

	for name, c := range map[string]struct {
		body   object
		status int
	}{
		"the name again":    {object{"name": "gate", "supported_triggers": trigger}, 409},
		"another trigger":   {object{"name": "b", "supported_triggers": []object{{"id": "credentials-exchange"}}}, 403},
		"another version":   {object{"name": "b", "supported_triggers": []object{{"id": "post-login", "version": "v2"}}}, 403},
		"another runtime":   {object{"name": "b", "supported_triggers": trigger, "runtime": "node12"}, 403},
		"a package":         {object{"name": "b", "supported_triggers": trigger, "dependencies": []object{{"name": "lodash", "version": "4.0.0"}}}, 400},
		"a module":          {object{"name": "b", "supported_triggers": trigger, "modules": []object{{"module_id": "m"}}}, 403},
		"a secret of none":  {object{"name": "b", "supported_triggers": trigger, "secrets": []object{{"name": "KEY"}}}, 400},
		"no trigger":        {object{"name": "b"}, 400},
		"a rule's function": {object{"name": "b", "supported_triggers": trigger, "code": refuses("1")}, 400},
	} {
		if got := do(http.MethodPost, "/actions/actions", c.body); got.status != c.status {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := do(http.MethodGet, "/actions/actions?actionName=gate&deployed=true&triggerId=post-login", nil); got.object(t)["total"] != 1.0 {
		t.Errorf("list: %+v", got)
	}
	if got := do(http.MethodGet, "/actions/triggers", nil); got.object(t)["triggers"].([]any)[0].(object)["id"] != "post-login" {
		t.Errorf("triggers: %+v", got)
	}

	// the order is that of the bindings
	if got := do(http.MethodPatch, "/actions/actions/"+tried, object{"code": denies(`"earlier"`), "deploy": true}); got.status != 400 || !strings.Contains(got.object(t)["message"].(string), "deploy") {
		t.Errorf("deployed by who may only change it: %+v", got)
	}
	do(http.MethodPatch, "/actions/actions/"+tried, object{"code": denies(`"earlier"`)})
	do(http.MethodPost, "/actions/actions/"+tried+"/deploy", nil)
	both := []object{{"ref": object{"type": "action_name", "value": "tried"}}, bind[0]}
	if got := do(http.MethodPatch, bindings, object{"bindings": both}); len(got.object(t)["bindings"].([]any)) != 2 {
		t.Errorf("both: %+v", got)
	}
	decides("earlier")
	if got := do(http.MethodPatch, bindings, object{"bindings": []object{bind[0], bind[0]}}); got.status != 400 {
		t.Errorf("twice: %+v", got)
	}
	if got := do(http.MethodPatch, "/actions/triggers/credentials-exchange/bindings", object{"bindings": both}); got.status != 403 {
		t.Errorf("another trigger: %+v", got)
	}
	if got := do(http.MethodGet, "/actions/triggers/credentials-exchange/bindings", nil); got.object(t)["total"] != 0.0 {
		t.Errorf("another trigger's: %+v", got)
	}
	if got := do(http.MethodDelete, path, nil); got.status != 409 {
		t.Errorf("removed while it is bound: %+v", got)
	}
	if got := do(http.MethodPatch, bindings, object{"bindings": []object{}}); len(got.object(t)["bindings"].([]any)) != 0 {
		t.Errorf("none: %+v", got)
	}
	decides("")
	do(http.MethodPatch, bindings, object{"bindings": bind})
	if got := do(http.MethodDelete, path+"?force=true", nil); got.status != 204 {
		t.Errorf("removed: %+v", got)
	}
	decides("")
	if got := do(http.MethodGet, path, nil); got.status != 404 || got.object(t)["message"] != "The action does not exist" {
		t.Errorf("gone: %+v", got)
	}
	if got := x.events("rule.bound"); len(got) != 4 || strings.Contains(string(asJSON(t, x.events(""))), "s3cret") {
		t.Errorf("events: %+v", got)
	}
	if got := x.admin("read:actions", http.MethodPost, "/actions/actions/"+tried+"/deploy", nil); got.status != 403 {
		t.Errorf("without the scope: %+v", got)
	}
}

// asJSON is a value as JSON.
func asJSON(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
