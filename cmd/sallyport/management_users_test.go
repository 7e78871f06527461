package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
)

const connection = "Username-Password-Authentication"

type object = map[string]any

// TestManagementUsers is the life of a user.
func TestManagementUsers(t *testing.T) {
	x := newTenant(t, nil)
	ada := object{
		"connection": connection, "email": "Ada@example.com", "user_id": "ada", "name": "Ada Lovelace", "password": "correct horse battery staple",
		"user_metadata": object{"colour": "red", "n": 9007199254740993}, "app_metadata": object{"plan": "gold", "tags": []string{"a", "b"}, "on": true},
		"email_verified": true,
	}
	got := x.admin("create:users", http.MethodPost, "/users", ada)
	o := got.object(t)
	if got.status != 201 || o["user_id"] != "auth0|ada" || o["email_verified"] != true || o["username"] != nil || o["name"] != "Ada Lovelace" {
		t.Fatalf("created %+v", got)
	}
	if id := o["identities"].([]any)[0].(object); id["user_id"] != "ada" || id["connection"] != connection || id["isSocial"] != false {
		t.Errorf("identities %v", id)
	}
	if got := x.admin("create:users", http.MethodPost, "/users", ada); got.status != 409 || got.object(t)["message"] != "The user already exists." {
		t.Errorf("once more: %+v", got)
	}
	for name, c := range map[string]struct {
		body object
		want string
	}{
		"another connection": {object{"connection": "google", "email": "b@example.com"}, "The connection does not exist."},
		"no name at all":     {object{"connection": connection}, "email: is missing"},
		"no address":         {object{"connection": connection, "email": "nobody"}, "email: is not a mail address"},
		"no number":          {object{"connection": connection, "phone_number": "030 1234"}, "phone_number: is not a number"},
		"a weak password":    {object{"connection": connection, "email": "b@example.com", "password": "b"}, "PasswordStrengthError: Password is too weak"},
		"an unknown member":  {object{"connection": connection, "email": "b@example.com", "colour": "red"}, "Payload validation error"},
		"a long id":          {object{"connection": connection, "email": "b@example.com", "user_id": strings.Repeat("b", 59)}, "Payload validation error"},
		"a NUL character":    {object{"connection": connection, "email": "b@example.com", "name": "b\x00"}, "characters that no text may have"},
		"NUL in metadata":    {object{"connection": connection, "email": "b@example.com", "app_metadata": object{"a": "\x00"}}, "characters that no text may have"},
		"large metadata":     {object{"connection": connection, "email": "b@example.com", "app_metadata": object{"a": strings.Repeat("x", 66<<10)}}, "more than 64 KiB"},
	} {
		if got := x.admin("create:users", http.MethodPost, "/users", c.body); got.status != 400 || !strings.Contains(got.object(t)["message"].(string), c.want) {
			t.Errorf("%s: %+v", name, got)
		}
	}

	const path = "/users/auth0%7Cada"
	got = x.admin("update:users", http.MethodPatch, path, object{
		"user_metadata": object{"colour": nil, "size": "L"}, "app_metadata": object{"plan": "silver"}, "email": "ada@acme.example", "nickname": "Countess",
	})
	o = got.object(t)
	meta, app := o["user_metadata"].(object), o["app_metadata"].(object)
	if got.status != 200 || o["email"] != "ada@acme.example" || o["email_verified"] != false || o["username"] != nil || fieldsOf(meta) != "n size" || app["plan"] != "silver" || len(app) != 3 {
		t.Errorf("changed: %+v", got)
	}
	u, err := x.house.db.UserByID(t.Context(), "auth0|ada")
	if err != nil || !strings.Contains(string(u.UserMetadata), "9007199254740993") {
		t.Errorf("%s, %v", u.UserMetadata, err)
	}
	if e := x.events("user.changed"); len(e) != 1 || e[0].Data["fields"] != "app_metadata email nickname user_metadata" {
		t.Errorf("the log: %+v", e)
	}
	if got := x.admin("update:users", http.MethodPatch, path, object{"verify_phone_number": true}); got.status != 403 {
		t.Errorf("what there is not: %+v", got)
	}
	if got := x.admin("update:users_app_metadata", http.MethodPatch, path, object{"blocked": true}); got.status != 403 {
		t.Errorf("beyond the scope: %+v", got)
	}
	if got := x.admin("update:users_app_metadata", http.MethodPatch, path, object{"app_metadata": object{}}); got.status != 200 || got.object(t)["app_metadata"] != nil {
		t.Errorf("cleared: %+v", got)
	}
	if got := x.admin("update:current_user_metadata", http.MethodPatch, path, object{"user_metadata": object{"a": "b"}}); got.status != 403 {
		t.Errorf("for somebody else: %+v", got)
	}
	if got := x.admin("update:users", http.MethodPatch, "/users/none", object{}); got.status != 404 {
		t.Errorf("of nobody: %+v", got)
	}

	x.session("auth0|ada", "ses_1")
	if got := x.admin("update:users", http.MethodPatch, path, object{"blocked": true}); got.status != 200 || got.object(t)["blocked"] != true {
		t.Errorf("blocked: %+v", got)
	}
	if left, err := x.house.db.Sessions(t.Context(), "auth0|ada"); err != nil || len(left) != 0 || len(x.events("user.blocked")) != 1 {
		t.Errorf("after the block there are %d sessions, %v", len(left), err)
	}
	before, err := x.house.db.Authenticators(t.Context(), "auth0|ada")
	if err != nil {
		t.Fatal(err)
	}
	if got := x.admin("update:users", http.MethodPatch, path, object{"blocked": false, "password": "another horse battery staple"}); got.status != 200 {
		t.Errorf("a password: %+v", got)
	}
	after, err := x.house.db.Authenticators(t.Context(), "auth0|ada")
	if err != nil || len(before) != 1 || len(after) != 1 || before[0].ID == after[0].ID || len(x.events("password.changed")) != 1 {
		t.Errorf("authenticators %+v, then %+v, %v", before, after, err)
	}
}

// session gives a user a session.
func (x *tenant) session(userID, id string) {
	x.t.Helper()
	now := time.Now().UTC()
	s := &storage.Session{
		ID: id, Key: []byte(id), UserID: userID, AuthTime: now, Proofs: []factors.Proof{{Factor: factors.Password, At: now}},
		Clients: []string{"shop"}, Address: "203.0.113.7", UserAgent: "Firefox", ExpiresAt: now.Add(time.Hour),
	}
	if err := x.house.db.CreateSession(x.t.Context(), s); err != nil {
		x.t.Fatal(err)
	}
}

// TestManagementUserSearch is what q, sort and pages find.
func TestManagementUserSearch(t *testing.T) {
	x := newTenant(t, nil)
	day := func(d int) time.Time { return time.Date(2026, 1, d, 12, 0, 0, 0, time.UTC) }
	for _, u := range []*storage.User{
		{ID: "auth0|1", Username: "ada", Email: "ada@example.com", EmailVerified: true, Name: "Ada Lovelace", GivenName: "Ada", AppMetadata: []byte(`{"plan":"gold","tags":["a","b c"],"deep":{"n":7,"on":true}}`), CreatedAt: day(1)},
		{ID: "auth0|2", Username: "bob", Email: "bob@acme.example", Name: "Bob 100%", Blocked: true, AppMetadata: []byte(`{"plan":"Silver"}`), CreatedAt: day(2)},
		{ID: "auth0|3", Username: "carl", PhoneNumber: "+4930123456", Name: "Carl (the \"Great\")", UserMetadata: []byte(`{"plan":"gold"}`), CreatedAt: day(3)},
	} {
		if err := x.house.db.CreateUser(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	if err := x.house.db.PutHistory(t.Context(), &storage.History{UserID: "auth0|2"}); err != nil {
		t.Fatal(err)
	}
	for q, want := range map[string]string{
		"":                                    "1 2 3",
		`email:"ADA@example.com"`:             "1",
		"email:*@example.com":                 "1",
		"email.domain:acme.example":           "2",
		"email:(ada@example.com OR bob*)":     "1 2",
		"name:*love*":                         "1",
		`name:"Bob 100%"`:                     "2",
		`name:*%*`:                            "2",
		`name:Carl\ \(*`:                      "3",
		`name:"Carl (the \"Great\")"`:         "3",
		"email_verified:true":                 "1",
		"blocked:true OR blocked:false":       "1 2 3",
		"NOT blocked:true AND _exists_:email": "1",
		"-_exists_:email":                     "3",
		"email:*":                             "1 2",
		"user_id:auth0|3":                     "3",
		`user_id:("auth0|1" OR "auth0|3")`:    "1 3",
		"identities.user_id:2":                "2",
		`identities.connection:"` + connection + `" AND name:bob*`: "2",
		"identities.connection:google":                             "",
		"app_metadata.plan:gold":                                   "1",
		"app_metadata.plan:silver":                                 "2",
		`app_metadata.tags:"b c"`:                                  "1",
		"app_metadata.tags:c":                                      "",
		"app_metadata.deep.n:7":                                    "1",
		"app_metadata.deep.on:true":                                "1",
		"_exists_:user_metadata.plan":                              "3",
		"NOT app_metadata.plan:gold":                               "2 3",
		"created_at:[2026-01-02 TO *]":                             "2 3",
		"created_at:{2026-01-01 TO 2026-01-03}":                    "2",
		"created_at:2026-01-01":                                    "1",
		"created_at:[* TO 2026-01-01T12:00]":                       "1",
		"logins_count:[1 TO *]":                                    "2",
		"logins_count:{1 TO *]":                                    "",
		"_exists_:last_login":                                      "2",
		"phone_number:+49*":                                        "3",
		`phone_number:"+4930123456"`:                               "3",
		"lovelace OR bob":                                          "2",
		"*lovelace":                                                "1",
		"(ada OR bob) AND (carl OR bob)":                           "2",
	} {
		got := x.admin("read:users", http.MethodGet, "/users?fields=user_id&q="+url.QueryEscape(q), nil)
		if q == "phone_number:+49*" { // a value that begins with + has to be quoted
			if got.status != 400 {
				t.Errorf("%s: %+v", q, got)
			}
			continue
		}
		if ids := idsOf(t, got, "user_id"); strings.ReplaceAll(ids, "auth0|", "") != want {
			t.Errorf("%s: %s; want %s (%d)", q, ids, want, got.status)
		}
	}
	for q, why := range map[string]string{
		"email:":                           "character 7: expected a value",
		"email:a name:b":                   "character 9: expected AND, OR or the end",
		"colour:red":                       `character 1: "colour" cannot be searched`,
		"name:ada AND colour:red":          "character 14:",
		"(name:a":                          "character 1: this parenthesis is not closed",
		`name:"a`:                          "character 6: this quotation does not end",
		"name:a~":                          "'~' is not understood here",
		"name:/a/":                         "'/' is not understood here",
		"name:[a TO b]":                    `"name" has no ranges`,
		"blocked:perhaps":                  `"blocked" is true or false`,
		"created_at:yesterday":             `"yesterday" is no time`,
		"logins_count:many":                `"many" is no whole number`,
		"created_at:[2026-01-01":           "expected TO",
		"name:ää AND (":                    "expected a term, found the end",
		"app_metadata.a b:c":               "character",
		`app_metadata."a":c`:               "character",
		strings.Repeat("(", 30) + "a":      "nested too deeply",
		strings.Repeat("a OR ", 300) + "b": "too long",
	} {
		got := x.admin("read:users", http.MethodGet, "/users?q="+url.QueryEscape(q), nil)
		if o := got.object(t); got.status != 400 || o["errorCode"] != "invalid_query_string" || !strings.Contains(o["message"].(string), why) {
			t.Errorf("%s: %d %v; want %s", q, got.status, o["message"], why)
		}
	}
	for _, q := range []string{"q=%00", "q=%ff", "sort=colour:1", "sort=name", "per_page=101", "page=-1"} {
		if got := x.admin("read:users", http.MethodGet, "/users?"+q, nil); got.status != 400 {
			t.Errorf("%s: %+v", q, got)
		}
	}
	got := x.admin("read:users", http.MethodGet, "/users?sort=created_at:-1&per_page=2&page=1&include_totals=true", nil)
	if o := got.object(t); o["total"] != 3.0 || o["start"] != 2.0 || len(o["users"].([]any)) != 1 || o["users"].([]any)[0].(object)["user_id"] != "auth0|1" {
		t.Errorf("a page: %+v", got)
	}
	got = x.admin("read:users", http.MethodGet, "/users-by-email?email=ADA@example.com", nil)
	if list, _ := got.body.([]any); len(list) != 1 || list[0].(object)["user_id"] != "auth0|1" {
		t.Errorf("by e-mail: %+v", got)
	}
	if got = x.admin("read:users", http.MethodGet, "/users/auth0%7C2", nil); got.object(t)["logins_count"] != 1.0 || got.object(t)["last_login"] == nil {
		t.Errorf("with a history: %+v", got)
	}
}

// idsOf are the values of a member of a list's items.
func idsOf(t *testing.T, r reply, member string) string {
	t.Helper()
	list, ok := r.body.([]any)
	if !ok {
		t.Errorf("no list: %+v", r)
	}
	var ids []string
	for _, item := range list {
		ids = append(ids, item.(object)[member].(string))
	}
	return strings.Join(ids, " ")
}
