package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/storage"
)

// TestManagement is what holds for every operation: who may call it, and how it answers.
func TestManagement(t *testing.T) {
	x := newTenant(t, nil)
	u := &storage.User{ID: "auth0|5f7c8ec7c33c6c004bbafe82", Username: "ada", Email: "ada@example.com"}
	if err := x.house.db.CreateUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	const path = "/users/auth0%7C5f7c8ec7c33c6c004bbafe82"

	if got := x.call("", http.MethodGet, "/api/v2"+path, nil); got.status != 401 || got.object(t)["message"] != "Invalid token" {
		t.Errorf("without a token: %+v", got)
	}
	if got := x.call("eyJhbGciOiJub25lIn0.e30.", http.MethodGet, "/api/v2"+path, nil); got.status != 401 {
		t.Errorf("with a token of nobody: %+v", got)
	}
	got := x.admin("read:clients", http.MethodGet, path, nil)
	if o := got.object(t); got.status != 403 || o["errorCode"] != "insufficient_scope" || o["message"] != "Insufficient scope, expected any of: read:users" || o["error"] != "Forbidden" {
		t.Errorf("without the scope: %+v", got)
	}
	if got := x.admin("read:clients", http.MethodGet, "/users/none", nil); got.status != 403 {
		t.Errorf("without the scope, of nobody: %+v", got)
	}

	got = x.admin("read:users", http.MethodGet, path+"?fields=user_id,email", nil)
	if o := got.object(t); got.status != 200 || fieldsOf(o) != "email user_id" || o["user_id"] != u.ID {
		t.Errorf("two members: %+v", got)
	}
	got = x.admin("read:users", http.MethodGet, path+"?fields=identities&include_fields=false", nil)
	if o := got.object(t); o["email"] != u.Email || o["identities"] != nil {
		t.Errorf("all but one: %+v", got)
	}
	got = x.admin("read:users", http.MethodGet, path+"?colour=red", nil)
	if o := got.object(t); got.status != 400 || o["errorCode"] != "invalid_query_string" || !strings.Contains(o["message"].(string), "colour") {
		t.Errorf("an unknown parameter: %+v", got)
	}
	got = x.admin("read:users", http.MethodGet, "/users/none", nil)
	if o := got.object(t); got.status != 404 || o["errorCode"] != "inexistent_user" || o["message"] != "The user does not exist." || o["statusCode"] != 404.0 {
		t.Errorf("nobody: %+v", got)
	}

	if got := x.admin("delete:users", http.MethodDelete, path, nil); got.status != 204 || got.body != nil {
		t.Errorf("delete: %+v", got)
	}
	events := x.events("user.deleted")
	if len(events) != 1 || events[0].UserID != u.ID || !strings.HasPrefix(events[0].Actor, "client:admin") {
		t.Errorf("the log has %+v", events)
	}
}

// TestManagementRate is the limit of calls, which every answer tells of.
func TestManagementRate(t *testing.T) {
	x := newTenant(t, nil)
	token, refused := x.token("read:users"), 0
	for range 300 {
		if got := x.call(token, http.MethodGet, "/api/v2/users/none", nil); got.status == 429 {
			refused++
		}
	}
	if refused == 0 {
		t.Error("300 calls in a row were let through")
	}
}

// TestReference: the pages about the APIs show their calls.
func TestReference(t *testing.T) {
	x := newTenant(t, nil)
	for path, want := range map[string]string{"/api/v2/docs": `<code>/api/v2/users/{id}/authentication-methods</code>`, "/mfa/docs": `<code>/mfa/challenge</code>`, "/me/v1/docs": `<code>/me/v1/authentication-methods/{id}/verify</code>`} {
		b := newBrowser(t)
		b.get(x.url + path)
		if b.status != http.StatusOK || !strings.Contains(b.body, want) {
			t.Errorf("%s: %d, without %s", path, b.status, want)
		}
	}
}

// TestConnectionClients: every application that signs anybody in does so from the one register.
func TestConnectionClients(t *testing.T) {
	x := newTenant(t, nil)
	x.shop()
	x.client("batch", func(c *storage.Client) { c.Metadata.GrantTypes = []string{"client_credentials"} })
	for id, want := range map[string]int{"shop": 1, "batch": 0} {
		got := x.admin("read:connections", http.MethodGet, "/clients/"+id+"/connections", nil)
		if list, _ := got.object(t)["connections"].([]any); got.status != 200 || len(list) != want {
			t.Errorf("%s: %+v, want %d", id, got, want)
		}
	}
	if got := x.admin("read:connections", http.MethodGet, "/clients/none/connections", nil); got.status != 404 {
		t.Errorf("of none: %+v", got)
	}
	for _, c := range []struct {
		id     string
		on     bool
		status int
	}{{"shop", true, 204}, {"shop", false, 403}, {"batch", false, 204}, {"batch", true, 403}} {
		if got := x.admin("update:connections", http.MethodPatch, "/connections/con_default/clients", []object{{"client_id": c.id, "status": c.on}}); got.status != c.status {
			t.Errorf("%s to %t: %+v", c.id, c.on, got)
		}
	}
}

// TestManagementGrants: what somebody allowed is shown, and taken back with its tokens.
func TestManagementGrants(t *testing.T) {
	x := newTenant(t, nil)
	for _, id := range []string{"ada", "eve"} {
		x.admin("create:users", http.MethodPost, "/users", object{"connection": connection, "email": id + "@example.com", "user_id": id})
	}
	for _, id := range []string{"shop", "mail"} {
		x.client(id, func(c *storage.Client) {
			c.Metadata.RedirectURIs, c.Metadata.TokenEndpointAuthMethod, c.Metadata.ApplicationType = []string{shopCallback}, "none", "native"
		})
		for _, u := range []string{"ada", "eve"} {
			if err := x.house.db.PutConsent(t.Context(), &storage.Consent{UserID: "auth0|" + u, ClientID: id, Scopes: []string{"openid", "read"}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	list := func(of string) []any {
		t.Helper()
		all, _ := x.admin("read:grants", http.MethodGet, "/grants?user_id="+of, nil).body.([]any)
		return all
	}
	all := list("auth0%7Cada")
	if len(all) != 2 || all[1].(object)["clientID"] != "shop" || len(all[1].(object)["scope"].([]any)) != 2 {
		t.Fatalf("ada's: %v", all)
	}
	path := "/grants/" + all[0].(object)["id"].(string)
	for i, want := range []int{204, 404} {
		if got := x.admin("delete:grants", http.MethodDelete, path, nil); got.status != want {
			t.Errorf("time %d: %+v", i, got)
		}
	}
	if got := x.admin("delete:grants", http.MethodDelete, "/grants?user_id=auth0%7Ceve", nil); got.status != 204 || len(list("auth0%7Cada")) != 1 || len(list("auth0%7Ceve")) != 0 {
		t.Errorf("eve's: %+v", got)
	}
	for path, want := range map[string]int{"/grants": 400, "/grants?user_id=none": 404} {
		if got := x.admin("delete:grants", http.MethodDelete, path, nil); got.status != want {
			t.Errorf("%s: %+v", path, got)
		}
	}
	if n := len(x.events("consent.revoked")); n != 3 {
		t.Errorf("%d lines in the log, want 3", n)
	}
}

// TestManagementStats are counts of the log by day.
func TestManagementStats(t *testing.T) {
	x := newTenant(t, nil)
	day := x.clock.now().UTC().Truncate(24 * time.Hour)
	for kind, at := range map[string]time.Time{"login.done": day, "login.denied": day, "user.created": day.Add(-time.Hour)} {
		if err := x.house.db.AddEvents(t.Context(), &storage.Event{Type: kind, At: at, Data: map[string]any{"signup": true}}); err != nil {
			t.Fatal(err)
		}
	}
	days, _ := x.admin("read:stats", http.MethodGet, "/stats/daily", nil).body.([]any)
	if len(days) != 30 {
		t.Fatalf("%d days", len(days))
	}
	today, before := days[29].(object), days[28].(object)
	if today["logins"] != 1.0 || today["signups"] != 0.0 || before["logins"] != 0.0 || before["signups"] != 1.0 || today["date"] != day.Format(time.RFC3339) {
		t.Errorf("%v and %v", before, today)
	}
	one := day.Format("20060102")
	if days, _ := x.admin("read:stats", http.MethodGet, "/stats/daily?from="+one+"&to="+one, nil).body.([]any); len(days) != 1 {
		t.Errorf("one day: %v", days)
	}
	for _, q := range []string{"from=20269999", "from=20200101&to=20260101", "from=20260102&to=20260101"} {
		if got := x.admin("read:stats", http.MethodGet, "/stats/daily?"+q, nil); got.status != 400 {
			t.Errorf("%s: %+v", q, got)
		}
	}
	if got := x.admin("read:stats", http.MethodGet, "/stats/active-users", nil); got.status != 200 || got.body != 0.0 {
		t.Errorf("active: %+v", got)
	}
}
