package main

import (
	"net/http"
	"strings"
	"testing"

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
	x.client("shop", func(c *storage.Client) {
		c.Metadata.RedirectURIs, c.Metadata.TokenEndpointAuthMethod, c.Metadata.ApplicationType = []string{shopCallback}, "none", "native"
	})
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
