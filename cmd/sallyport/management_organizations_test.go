package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/storage"
)

// people are users of a tenant by id, with e-mail addresses.
func (x *tenant) people(ids ...string) {
	x.t.Helper()
	for _, id := range ids {
		name := strings.TrimPrefix(id, "auth0|")
		if err := x.house.db.CreateUser(x.t.Context(), &storage.User{ID: id, Username: name, Name: strings.ToUpper(name), Email: name + "@example.com", EmailVerified: true}); err != nil {
			x.t.Fatal(err)
		}
	}
}

// TestManagementRoles is the life of a role, at users and members by name.
func TestManagementRoles(t *testing.T) {
	x := newTenant(t, nil)
	x.people("auth0|ada", "auth0|bob")
	if err := x.house.db.CreateAPI(t.Context(), &storage.API{Audience: "https://api.example", Name: "Orders", Scopes: []storage.Scope{{Value: "read:orders", Description: "Read"}}}); err != nil {
		t.Fatal(err)
	}
	const all = "create:roles read:roles update:roles delete:roles read:users update:users"
	do := func(method, path string, body any) reply { t.Helper(); return x.admin(all, method, path, body) }

	got := do(http.MethodPost, "/roles", object{"name": "billing", "description": "Sees invoices"})
	id, _ := got.object(t)["id"].(string)
	if got.status != 200 || !strings.HasPrefix(id, "rol_") {
		t.Fatalf("created: %+v", got)
	}
	if got := do(http.MethodPost, "/roles", object{"name": "billing"}); got.status != 409 {
		t.Errorf("once more: %+v", got)
	}
	if got := do(http.MethodPost, "/roles", object{"name": "a,b"}); got.status != 400 {
		t.Errorf("a comma: %+v", got)
	}
	if got := do(http.MethodPost, "/roles/"+id+"/users", object{"users": []string{"auth0|ada", "auth0|bob"}}); got.status != 200 {
		t.Errorf("given: %+v", got)
	}
	if got := do(http.MethodPost, "/roles/"+id+"/users", object{"users": []string{"none"}}); got.status != 404 {
		t.Errorf("given to nobody: %+v", got)
	}
	u, err := x.house.db.UserByID(t.Context(), "auth0|ada")
	if err != nil || !slices.Equal(u.Roles, []string{"billing"}) || len(x.events("user.roles")) != 2 {
		t.Errorf("has %v, %v", u.Roles, err)
	}
	u.Roles = append(u.Roles, "admin") // as the command line does
	if err := x.house.db.UpdateUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	got = do(http.MethodGet, "/users/auth0%7Cada/roles", nil)
	if names := idsOf(t, got, "name"); names != "billing admin" {
		t.Errorf("roles %s", names)
	}
	undescribed := strings.Fields(idsOf(t, got, "id"))[1]
	if got := do(http.MethodPost, "/roles", object{"name": "admin"}); got.object(t)["id"] != undescribed {
		t.Errorf("the id of a name that was there: %+v, not %s", got, undescribed)
	}
	if got := do(http.MethodDelete, "/users/auth0%7Cada/roles", object{"roles": []string{undescribed}}); got.status != 204 {
		t.Errorf("taken: %+v", got)
	}
	if got := do(http.MethodPost, "/users/auth0%7Cada/roles", object{"roles": []string{"rol_none"}}); got.status != 404 {
		t.Errorf("a role that is not there: %+v", got)
	}

	orders := object{"resource_server_identifier": "https://api.example", "permission_name": "read:orders"}
	if got := do(http.MethodPost, "/roles/"+id+"/permissions", object{"permissions": []object{orders}}); got.status != 201 {
		t.Errorf("permissions: %+v", got)
	}
	if got := do(http.MethodPost, "/roles/"+id+"/permissions", object{"permissions": []object{{"resource_server_identifier": "https://api.example", "permission_name": "x"}}}); got.status != 404 {
		t.Errorf("a scope that is not there: %+v", got)
	}
	got = do(http.MethodGet, "/users/auth0%7Cada/permissions?include_totals=true", nil)
	p := got.object(t)["permissions"].([]any)[0].(object)
	if p["permission_name"] != "read:orders" || p["resource_server_name"] != "Orders" || p["sources"].([]any)[0].(object)["source_name"] != "billing" {
		t.Errorf("a user's permissions: %+v", got)
	}
	if got := do(http.MethodDelete, "/roles/"+id+"/permissions", object{"permissions": []object{orders}}); got.status != 200 {
		t.Errorf("taken: %+v", got)
	}
	if got := do(http.MethodGet, "/roles/"+id+"/permissions", nil); len(got.body.([]any)) != 0 {
		t.Errorf("left: %+v", got)
	}

	if got := do(http.MethodPatch, "/roles/"+id, object{"name": "admin"}); got.status != 409 {
		t.Errorf("a name that is another's: %+v", got)
	}
	if got := do(http.MethodPatch, "/roles/"+id, object{"name": "accounts"}); got.status != 200 || got.object(t)["description"] != "Sees invoices" {
		t.Errorf("renamed: %+v", got)
	}
	if got := do(http.MethodGet, "/roles/"+id+"/users?take=1", nil); len(got.object(t)["users"].([]any)) != 1 || got.object(t)["next"] != "auth0|ada" {
		t.Errorf("users: %+v", got)
	}
	if got := do(http.MethodGet, "/roles/"+id+"/users?take=1&from=auth0%7Cada", nil); got.object(t)["next"] != nil || got.object(t)["users"].([]any)[0].(object)["user_id"] != "auth0|bob" {
		t.Errorf("more users: %+v", got)
	}
	if got := do(http.MethodPost, "/roles", object{"name": "billing"}); got.status != 200 || got.object(t)["id"] == id {
		t.Errorf("the old name for another: %+v", got)
	}
	if got := do(http.MethodGet, "/roles?name_filter=ACC", nil); idsOf(t, got, "id") != id {
		t.Errorf("by name: %+v", got)
	}
	if got := do(http.MethodDelete, "/roles/"+id, nil); got.status != 200 {
		t.Errorf("removed: %+v", got)
	}
	if u, err = x.house.db.UserByID(t.Context(), "auth0|bob"); err != nil || u.Roles != nil {
		t.Errorf("still has %v, %v", u.Roles, err)
	}
	if got := do(http.MethodGet, "/roles/"+id, nil); got.status != 404 || got.object(t)["message"] != "The role does not exist." {
		t.Errorf("gone: %+v", got)
	}
}

// TestManagementOrganizations is the life of an organization and its members.
func TestManagementOrganizations(t *testing.T) {
	x := newTenant(t, nil)
	x.people("auth0|ada", "auth0|bob", "auth0|carl")
	const all = "create:organizations read:organizations update:organizations delete:organizations read:organization_members create:organization_members delete:organization_members " +
		"read:organization_member_roles create:organization_member_roles delete:organization_member_roles read:organization_connections create:organization_connections " +
		"update:organization_connections delete:organization_connections read:organization_client_grants create:roles"
	do := func(method, path string, body any) reply { t.Helper(); return x.admin(all, method, path, body) }

	got := do(http.MethodPost, "/organizations", object{"name": "acme", "display_name": "Acme Inc.", "metadata": object{"plan": "gold"}, "enabled_connections": []object{{"connection_id": "con_default"}}})
	id, _ := got.object(t)["id"].(string)
	if got.status != 201 || !strings.HasPrefix(id, "org_") || got.object(t)["enabled_connections"] == nil {
		t.Fatalf("created: %+v", got)
	}
	for name, c := range map[string]struct {
		body   object
		status int
	}{
		"once more": {object{"name": "acme"}, 409}, "a bad name": {object{"name": "Acme Inc"}, 400}, "branding": {object{"name": "b", "branding": object{"logo_url": "https://a.example"}}, 403},
		"membership by signing in": {object{"name": "b", "enabled_connections": []object{{"connection_id": "con_default", "assign_membership_on_login": true}}}, 403},
		"another connection":       {object{"name": "b", "enabled_connections": []object{{"connection_id": "con_x"}}}, 400},
	} {
		if got := do(http.MethodPost, "/organizations", c.body); got.status != c.status {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := do(http.MethodGet, "/organizations/name/acme", nil); got.object(t)["id"] != id {
		t.Errorf("by name: %+v", got)
	}
	if got := do(http.MethodGet, "/organizations/org_none", nil); got.status != 404 || got.object(t)["message"] != "No organization found by that id or name" {
		t.Errorf("none: %+v", got)
	}
	if got := do(http.MethodPatch, "/organizations/"+id, object{"display_name": "Acme", "metadata": object{}}); got.status != 200 || fieldsOf(got.object(t)) != "display_name id name" {
		t.Errorf("changed: %+v", got)
	}

	path := "/organizations/" + id
	if got := do(http.MethodPost, path+"/members", object{"members": []string{"auth0|ada", "auth0|bob", "auth0|carl"}}); got.status != 204 {
		t.Errorf("members: %+v", got)
	}
	if got := do(http.MethodPost, path+"/members", object{"members": []string{"none"}}); got.status != 404 {
		t.Errorf("nobody: %+v", got)
	}
	role, _ := do(http.MethodPost, "/roles", object{"name": "owner"}).object(t)["id"].(string)
	if got := do(http.MethodPost, path+"/members/auth0%7Cada/roles", object{"roles": []string{role}}); got.status != 204 {
		t.Errorf("roles: %+v", got)
	}
	if got := do(http.MethodPost, path+"/members", object{"members": []string{"auth0|ada"}}); got.status != 204 {
		t.Errorf("a member again: %+v", got)
	}
	if got := do(http.MethodGet, path+"/members/auth0%7Cada/roles", nil); idsOf(t, got, "name") != "owner" {
		t.Errorf("a member's roles: %+v", got)
	}
	got = do(http.MethodGet, path+"/members?fields=user_id,roles&take=2", nil)
	if list := got.object(t)["members"].([]any); len(list) != 2 || fieldsOf(list[0].(object)) != "roles user_id" || got.object(t)["next"] != "auth0|bob" {
		t.Errorf("members: %+v", got)
	}
	if got := do(http.MethodGet, "/users/auth0%7Cada/organizations", nil); got.status != 200 || idsOf(t, got, "id") != id {
		t.Errorf("organizations of a user: %+v", got)
	}
	if got := do(http.MethodDelete, path+"/members/auth0%7Cada/roles", object{"roles": []string{role}}); got.status != 204 {
		t.Errorf("roles taken: %+v", got)
	}
	if got := do(http.MethodDelete, path+"/members", object{"members": []string{"auth0|ada", "none"}}); got.status != 204 {
		t.Errorf("removed: %+v", got)
	}
	if got := do(http.MethodGet, path+"/members/auth0%7Cada/roles", nil); got.status != 404 {
		t.Errorf("of who has gone: %+v", got)
	}

	if got := do(http.MethodGet, path+"/enabled_connections?include_totals=true", nil); got.object(t)["total"] != 1.0 {
		t.Errorf("connections: %+v", got)
	}
	if got := do(http.MethodPost, path+"/enabled_connections", object{"connection_id": "con_default"}); got.status != 201 {
		t.Errorf("enabled: %+v", got)
	}
	if got := do(http.MethodPatch, path+"/enabled_connections/con_default", object{"is_signup_enabled": true}); got.status != 403 {
		t.Errorf("sign-up: %+v", got)
	}
	if got := do(http.MethodDelete, path+"/enabled_connections/con_default", nil); got.status != 403 || got.object(t)["errorCode"] != "operation_not_supported" {
		t.Errorf("disabled: %+v", got)
	}
	if got := do(http.MethodGet, path+"/enabled_connections/con_x", nil); got.status != 404 {
		t.Errorf("another: %+v", got)
	}
	if got := do(http.MethodGet, path+"/client-grants", nil); got.status != 403 {
		t.Errorf("client grants: %+v", got)
	}
	if got := do(http.MethodDelete, path, nil); got.status != 204 || len(x.events("organization.deleted")) != 1 {
		t.Errorf("removed: %+v", got)
	}
}
