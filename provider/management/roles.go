package management

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/storage"
)

// Roles have an id, a description and permissions here. Users and members hold them by
// name, which policies and scripts ask for: so a name means the same whether it came by
// this API or by `sallyport user roles`.
const (
	roleKind     = "role"      // by id
	roleNameKind = "role_name" // by name: one role for each

	// roleUsers bounds the users and memberships that a change of a role writes at once.
	roleUsers = 1000
)

func (a *API) roles() {
	op(a, operation{method: http.MethodGet, path: "/roles", scopes: []string{"read:roles"}, summary: "Roles"}, a.listRoles)
	op(a, operation{method: http.MethodPost, path: "/roles", scopes: []string{"create:roles"}, summary: "Add a role", conflict: true}, a.createRole)
	op(a, operation{method: http.MethodGet, path: "/roles/{id}", scopes: []string{"read:roles"}, summary: "One role", missing: true}, a.role)
	op(a, operation{method: http.MethodPatch, path: "/roles/{id}", scopes: []string{"update:roles"}, summary: "Change a role, at all who have it", missing: true, conflict: true}, a.patchRole)
	op(a, operation{method: http.MethodDelete, path: "/roles/{id}", scopes: []string{"delete:roles"}, summary: "Remove a role, from all who have it", missing: true, conflict: true}, a.deleteRole)
	op(a, operation{method: http.MethodGet, path: "/roles/{id}/permissions", scopes: []string{"read:roles"}, summary: "Permissions of a role", missing: true}, a.permissions)
	op(a, operation{method: http.MethodPost, path: "/roles/{id}/permissions", scopes: []string{"update:roles"}, summary: "Add permissions to a role", status: http.StatusCreated, missing: true, conflict: true}, a.addPermissions)
	op(a, operation{method: http.MethodDelete, path: "/roles/{id}/permissions", scopes: []string{"update:roles"}, summary: "Take permissions from a role", missing: true, conflict: true}, a.removePermissions)
	op(a, operation{method: http.MethodGet, path: "/roles/{id}/users", scopes: []string{"read:roles", "read:users", "read:role_members"}, summary: "Users who have a role", missing: true}, a.usersOfRole)
	op(a, operation{method: http.MethodPost, path: "/roles/{id}/users", scopes: []string{"update:roles", "create:role_members"}, summary: "Give a role to users", missing: true, conflict: true}, a.giveRole)
}

// A role is as it is stored.
type role struct {
	ID          string       `json:"id"`
	Name        string       `json:"name"`
	Description string       `json:"description,omitempty"`
	Permissions []Permission `json:"permissions,omitempty"`
}

// A roleView is a role as the API shows one.
type roleView struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
}

func viewRole(r *role) *roleView { return &roleView{r.ID, r.Name, r.Description} }

// A Permission is a scope at an API, by name only: what tokens say follows from clients
// and consents.
type Permission struct {
	API  string `json:"resource_server_identifier" minLength:"1" maxLength:"600"`
	Name string `json:"permission_name" minLength:"1" maxLength:"280"`
}

// A roleRecord is a role with the row that it is in.
type roleRecord struct {
	role
	row *storage.Document
}

// roleID is the id of a role that nobody has described yet: made of its name, so that it
// is the same wherever it is shown.
func roleID(name string) string {
	sum := sha256.Sum256([]byte(name))
	return "rol_" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:20])
}

func readRole(row *storage.Document) (*roleRecord, error) {
	r := &roleRecord{row: row}
	return r, json.Unmarshal(row.Body, &r.role)
}

// roleByID finds a role. Errors: a 404.
func (a *API) roleByID(ctx context.Context, id string) (*roleRecord, error) {
	row, err := a.DB.Document(ctx, roleKind, id)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, missing("role", "The role does not exist.")
	}
	if err != nil {
		return nil, err
	}
	return readRole(row)
}

func (a *API) allRoles(ctx context.Context) ([]*roleRecord, error) {
	rows, err := a.DB.Documents(ctx, roleKind)
	if err != nil {
		return nil, err
	}
	all := make([]*roleRecord, len(rows))
	for i, row := range rows {
		if all[i], err = readRole(row); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// describe are the roles behind names. A name that nobody has described has an id all the
// same.
func (a *API) describe(ctx context.Context, names []string) ([]*roleView, error) {
	all, err := a.allRoles(ctx)
	if err != nil {
		return nil, err
	}
	views := make([]*roleView, len(names))
	for i, name := range names {
		views[i] = &roleView{ID: roleID(name), Name: name}
		if at := slices.IndexFunc(all, func(r *roleRecord) bool { return r.Name == name }); at >= 0 {
			views[i] = viewRole(&all[at].role)
		}
	}
	return views, nil
}

// roleNames are the names behind ids, of which has may be without a description.
// Errors: a 404.
func (a *API) roleNames(ctx context.Context, ids, has []string) ([]string, error) {
	all, err := a.allRoles(ctx)
	if err != nil {
		return nil, err
	}
	byID := map[string]string{}
	for _, name := range has {
		byID[roleID(name)] = name
	}
	for _, r := range all {
		byID[r.ID] = r.Name
	}
	names := make([]string, len(ids))
	for i, id := range ids {
		if names[i] = byID[id]; names[i] == "" {
			return nil, missing("role", "The role does not exist: "+id)
		}
	}
	return names, nil
}

// put writes a role.
func (r *roleRecord) put(ctx context.Context, db *storage.DB) error {
	body, err := json.Marshal(r.role)
	if err != nil {
		return err
	}
	r.row.Body = body
	return db.PutDocument(ctx, r.row)
}

func (a *API) listRoles(ctx context.Context, in *struct {
	Paging
	Name string `query:"name_filter" maxLength:"255" doc:"part of the name, in any case"`
},
) (*listed[*roleView], error) {
	all, err := a.allRoles(ctx)
	if err != nil {
		return nil, err
	}
	var views []*roleView
	for _, r := range all {
		if strings.Contains(strings.ToLower(r.Name), strings.ToLower(in.Name)) {
			views = append(views, viewRole(&r.role))
		}
	}
	return pageOf("roles", views, in.Paging), nil
}

// A RolePath names a role.
type RolePath struct {
	ID string `path:"id" maxLength:"100"`
}

func (a *API) role(ctx context.Context, in *RolePath) (*struct{ Body *roleView }, error) {
	r, err := a.roleByID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &struct{ Body *roleView }{viewRole(&r.role)}, nil
}

// takenRole says that a name is another role's.
func takenRole(err error, name string) error {
	if errors.Is(err, storage.ErrConflict) {
		return refusal(http.StatusConflict, "role_conflict", "A role named "+name+" is there already, or was changed at the same moment.")
	}
	return err
}

func (a *API) createRole(ctx context.Context, in *struct {
	Body struct {
		Name        string `json:"name" minLength:"1" maxLength:"255"`
		Description string `json:"description,omitempty" maxLength:"1000"`
	}
},
) (*struct{ Body *roleView }, error) {
	b := in.Body
	if err := validateRole(b.Name); err != nil {
		return nil, err
	}
	r := &roleRecord{role: role{ID: roleID(b.Name), Name: b.Name, Description: b.Description}}
	if _, err := a.DB.Document(ctx, roleKind, r.ID); err == nil { // it was called so once
		r.ID = storage.NewID("rol")
	}
	r.row = &storage.Document{Kind: roleKind, Name: r.ID}
	err := a.change(ctx, storage.Event{Type: "role.created", Data: map[string]any{"role_id": r.ID, "name": r.Name}}, func(ctx context.Context) error {
		if err := a.nameRole(ctx, &r.role); err != nil {
			return err
		}
		return takenRole(r.put(ctx, a.DB), r.Name)
	})
	if err != nil {
		return nil, err
	}
	return &struct{ Body *roleView }{viewRole(&r.role)}, nil
}

// nameRole makes a name a role's, and no other's.
func (a *API) nameRole(ctx context.Context, r *role) error {
	body, err := json.Marshal(r.ID)
	if err != nil {
		return err
	}
	return takenRole(a.DB.PutDocument(ctx, &storage.Document{Kind: roleNameKind, Name: r.Name, Body: body}), r.Name)
}

func validateRole(name string) error {
	if strings.TrimSpace(name) != name || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == ',' || r == '\uFFFD' }) {
		return invalid("name", "has controls, a comma, or space at an end; leave them out")
	}
	return nil
}

func (a *API) patchRole(ctx context.Context, in *struct {
	RolePath
	Body struct {
		Name        *string `json:"name,omitempty" minLength:"1" maxLength:"255"`
		Description *string `json:"description,omitempty" maxLength:"1000"`
	}
},
) (*struct{ Body *roleView }, error) {
	r, err := a.roleByID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	before := r.Name
	if d := in.Body.Description; d != nil {
		r.Description = *d
	}
	if n := in.Body.Name; n != nil {
		r.Name = *n
	}
	if err := validateRole(r.Name); err != nil {
		return nil, err
	}
	e := storage.Event{Type: "role.changed", Data: map[string]any{"role_id": r.ID, "name": r.Name, "was": before}}
	err = a.change(ctx, e, func(ctx context.Context) error {
		if r.Name != before {
			if err := a.DB.DeleteDocument(ctx, roleNameKind, before); err != nil {
				return err
			}
			if err := a.nameRole(ctx, &r.role); err != nil {
				return err
			}
			if err := a.replaceRole(ctx, before, r.Name); err != nil {
				return err
			}
		}
		return takenRole(r.put(ctx, a.DB), r.Name)
	})
	if err != nil {
		return nil, err
	}
	return &struct{ Body *roleView }{viewRole(&r.role)}, nil
}

func (a *API) deleteRole(ctx context.Context, in *RolePath) (*struct{}, error) {
	r, err := a.roleByID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return nil, a.change(ctx, storage.Event{Type: "role.deleted", Data: map[string]any{"role_id": r.ID, "name": r.Name}}, func(ctx context.Context) error {
		if err := a.DB.DeleteDocument(ctx, roleNameKind, r.Name); err != nil {
			return err
		}
		if err := a.DB.DeleteDocument(ctx, roleKind, r.ID); err != nil {
			return err
		}
		return a.replaceRole(ctx, r.Name, "")
	})
}

// replaceRole gives all who have the role from the role to in its place, "" for none.
func (a *API) replaceRole(ctx context.Context, from, to string) error {
	users, err := a.DB.UsersWithRole(ctx, from)
	if err != nil {
		return err
	}
	members, err := a.DB.MembersWithRole(ctx, from)
	if err != nil {
		return err
	}
	if n := len(users) + len(members); n > roleUsers {
		return refusal(http.StatusConflict, "role_in_use", "More than a thousand users and members have the role "+from+"; take it from them first")
	}
	for _, u := range users {
		u.Roles = swapped(u.Roles, from, to)
		if err := a.DB.UpdateUser(ctx, u); err != nil {
			return err
		}
	}
	for _, m := range members {
		m.Roles = swapped(m.Roles, from, to)
		if err := a.DB.PutMember(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// swapped is list with to in the place of from, each once.
func swapped(list []string, from, to string) []string {
	var kept []string
	for _, name := range list {
		if name == from {
			name = to
		}
		if name != "" && !slices.Contains(kept, name) {
			kept = append(kept, name)
		}
	}
	return kept
}
