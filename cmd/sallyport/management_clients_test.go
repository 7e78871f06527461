package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/storage"
)

// TestManagementClients is who may change what of an application, and what is written down.
func TestManagementClients(t *testing.T) {
	x := newTenant(t, nil)
	x.client("shop", func(c *storage.Client) {
		c.Metadata.RedirectURIs, c.Metadata.TokenEndpointAuthMethod = []string{"https://shop.example/callback"}, "none"
	})
	const keys, all, path = "update:client_keys", "update:clients", "/clients/shop"
	for name, body := range map[string]object{
		"callbacks": {"callbacks": []string{"https://evil.example/"}}, "both": {"token_endpoint_auth_method": "client_secret_post", "name": "Evil"},
	} {
		if got := x.admin(keys, http.MethodPatch, path, body); got.status != 403 || got.object(t)["errorCode"] != "insufficient_scope" {
			t.Errorf("%s with the scope of keys: %+v", name, got)
		}
	}
	if n := len(x.events("client.updated")); n != 0 {
		t.Errorf("%d changes are in the log", n)
	}
	got := x.admin(keys, http.MethodPatch, path, object{"token_endpoint_auth_method": "client_secret_post"})
	if secret, _ := got.object(t)["client_secret"].(string); got.status != 200 || secret == "" {
		t.Errorf("how it authenticates: %+v", got)
	}
	if e := x.events("client.updated"); len(e) != 1 || e[0].Data["fields"] != "app_type token_endpoint_auth_method" || e[0].ClientID != "shop" {
		t.Errorf("the log: %+v", e)
	}
	if e := x.events("client.secret_rotated"); len(e) != 1 || e[0].ClientID != "shop" || e[0].Actor == "" {
		t.Errorf("the log of the secret: %+v", e)
	}
	if got := x.admin(all, http.MethodPatch, path, object{"name": "Shop & Co", "callbacks": []string{"https://shop.example/"}}); got.status != 200 || got.object(t)["client_secret"] != nil {
		t.Errorf("all the rest: %+v", got)
	}
	if e := x.events("client.updated"); len(e) != 2 || e[0].Data["fields"] != "callbacks name" || len(x.events("client.secret_rotated")) != 1 {
		t.Errorf("the log: %+v", e)
	}
}

// TestManagementDeletesNothing is that removing what is not there is no error, as at Auth0,
// and that the log does not tell of it.
func TestManagementDeletesNothing(t *testing.T) {
	x := newTenant(t, nil)
	for path, scope := range map[string]string{
		"/clients/none": "delete:clients", "/users/none": "delete:users", "/resource-servers/none": "delete:resource_servers",
		"/connections/con_default/users?email=none@example.com": "delete:users", "/client-grants/none": "delete:client_grants",
	} {
		if got := x.admin(scope, http.MethodDelete, path, nil); got.status != 204 {
			t.Errorf("%s: %+v", path, got)
		}
	}
	list, err := x.house.db.Events(t.Context(), storage.EventFilter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if strings.HasSuffix(e.Type, ".deleted") {
			t.Errorf("the log has %s of %+v", e.Type, e)
		}
	}
}

// TestManagementSessionRevoked is which tokens end with a session.
func TestManagementSessionRevoked(t *testing.T) {
	x := newTenant(t, nil)
	x.people("auth0|ada")
	for _, id := range []string{"shop", "other"} {
		x.client(id, func(c *storage.Client) {
			c.Metadata.RedirectURIs, c.Metadata.TokenEndpointAuthMethod = []string{"https://shop.example/callback"}, "none"
		})
	}
	x.session("auth0|ada", "ses_1")
	x.session("auth0|ada", "ses_2")
	now := time.Now().UTC()
	var grants []*storage.Grant
	for family, of := range map[string][2]string{"own": {"shop", "ses_1"}, "elsewhere": {"shop", "ses_2"}, "offline": {"shop", ""}, "others": {"other", ""}} {
		grants = append(grants, &storage.Grant{
			Key: []byte(family), Kind: storage.GrantRefresh, RequestID: family, ClientID: of[0], SessionID: of[1], UserID: "auth0|ada", Active: true, ExpiresAt: now.Add(time.Hour), Data: []byte("{}"),
		})
	}
	if err := x.house.db.PutGrants(t.Context(), grants...); err != nil {
		t.Fatal(err)
	}
	if got := x.admin("delete:sessions", http.MethodPost, "/sessions/ses_1/revoke", nil); got.status != 202 {
		t.Errorf("revoked: %+v", got)
	}
	left, err := x.house.db.RefreshTokens(t.Context(), storage.RefreshFilter{UserID: "auth0|ada"})
	if err != nil || len(left) != 2 || left[0].RequestID != "elsewhere" || left[1].RequestID != "others" {
		t.Errorf("left are %+v, %v", left, err)
	}
}
