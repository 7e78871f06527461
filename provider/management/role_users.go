package management

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/storage"
)

// userRoles are the roles that users have in the whole tenant.
func (a *API) userRoles() {
	op(a, operation{method: http.MethodGet, path: "/users/{id}/roles", scopes: []string{"read:users", "read:roles", "read:role_members"}, summary: "A user's roles", missing: true}, a.rolesOfUser)
	op(a, operation{method: http.MethodPost, path: "/users/{id}/roles", scopes: []string{"update:users", "create:role_members"}, summary: "Give roles to a user", status: http.StatusNoContent, missing: true, conflict: true}, a.addUserRoles)
	op(a, operation{method: http.MethodDelete, path: "/users/{id}/roles", scopes: []string{"update:users", "delete:role_members"}, summary: "Take roles from a user", status: http.StatusNoContent, missing: true, conflict: true}, a.removeUserRoles)
	op(a, operation{method: http.MethodGet, path: "/users/{id}/permissions", scopes: []string{"read:users"}, summary: "Permissions of a user's roles", missing: true}, a.userPermissions)
}

// A personView is a user in a list of users.
type personView struct {
	UserID  string `json:"user_id"`
	Picture string `json:"picture,omitempty"`
	Name    string `json:"name,omitempty"`
	Email   string `json:"email,omitempty"`
}

func viewPerson(u *storage.User) *personView {
	return &personView{UserID: u.ID, Picture: u.Picture, Name: u.Name, Email: u.Email}
}

func (a *API) usersOfRole(ctx context.Context, in *struct {
	RolePath
	Paging
	Checkpoint
},
) (*listed[*personView], error) {
	r, err := a.roleByID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	users, err := a.DB.UsersWithRole(ctx, r.Name)
	if err != nil {
		return nil, err
	}
	views := make([]*personView, len(users))
	for i, u := range users {
		views[i] = viewPerson(u)
	}
	if in.asked() {
		return checkpointOf("users", views, in.Checkpoint, func(v *personView) string { return v.UserID }), nil
	}
	return pageOf("users", views, in.Paging), nil
}

func (a *API) giveRole(ctx context.Context, in *struct {
	RolePath
	Body struct {
		Users []string `json:"users" minItems:"1" maxItems:"100"`
	}
},
) (*struct{}, error) {
	r, err := a.roleByID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	users := map[string]*storage.User{}
	for _, id := range in.Body.Users {
		if users[id], err = a.userByID(ctx, id); err != nil {
			return nil, err
		}
	}
	return nil, a.DB.Tx(ctx, func(ctx context.Context) error {
		for _, u := range users {
			if err := a.setRoles(ctx, u, swapped(append(slices.Clone(u.Roles), r.Name), "", "")); err != nil {
				return err
			}
		}
		return nil
	})
}

// setRoles gives a user roles, with a line in the log where that changes something.
func (a *API) setRoles(ctx context.Context, u *storage.User, names []string) error {
	if slices.Equal(u.Roles, names) {
		return nil
	}
	row := *u
	row.Roles = names
	return a.change(ctx, storage.Event{Type: "user.roles", UserID: u.ID, Data: map[string]any{"roles": names}}, func(ctx context.Context) error {
		return a.DB.UpdateUser(ctx, &row)
	})
}

func (a *API) rolesOfUser(ctx context.Context, in *struct {
	UserPath
	Paging
},
) (*listed[*roleView], error) {
	u, err := a.userByID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	views, err := a.describe(ctx, u.Roles)
	return pageOf("roles", views, in.Paging), err
}

// A RoleIDs is a body that lists roles.
type RoleIDs struct {
	Body struct {
		Roles []string `json:"roles" minItems:"1" maxItems:"50"`
	}
}

func (a *API) addUserRoles(ctx context.Context, in *struct {
	UserPath
	RoleIDs
},
) (*struct{}, error) {
	u, names, err := a.userAndRoles(ctx, in.ID, in.Body.Roles)
	if err != nil {
		return nil, err
	}
	return nil, a.setRoles(ctx, u, swapped(append(slices.Clone(u.Roles), names...), "", ""))
}

func (a *API) removeUserRoles(ctx context.Context, in *struct {
	UserPath
	RoleIDs
},
) (*struct{}, error) {
	u, names, err := a.userAndRoles(ctx, in.ID, in.Body.Roles)
	if err != nil {
		return nil, err
	}
	return nil, a.setRoles(ctx, u, without(u.Roles, names))
}

// without is list without names, nil where none is left.
func without(list, names []string) []string {
	var kept []string
	for _, name := range list {
		if !slices.Contains(names, name) {
			kept = append(kept, name)
		}
	}
	return kept
}

func (a *API) userAndRoles(ctx context.Context, id string, roles []string) (*storage.User, []string, error) {
	u, err := a.userByID(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	names, err := a.roleNames(ctx, roles, u.Roles)
	return u, names, err
}

// A heldPermission is a permission with the roles that a user has it from.
type heldPermission struct {
	PermissionView
	Sources []source `json:"sources"`
}

// A source is the role that gives a permission.
type source struct {
	ID   string `json:"source_id"`
	Name string `json:"source_name"`
	Type string `json:"source_type"`
}

func (a *API) userPermissions(ctx context.Context, in *struct {
	UserPath
	Paging
},
) (*listed[heldPermission], error) {
	u, err := a.userByID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	all, err := a.allRoles(ctx)
	if err != nil {
		return nil, err
	}
	from := map[Permission][]source{}
	var held []Permission
	for _, r := range all {
		if !slices.Contains(u.Roles, r.Name) {
			continue
		}
		for _, p := range r.role.Permissions {
			if len(from[p]) == 0 {
				held = append(held, p)
			}
			from[p] = append(from[p], source{r.ID, r.Name, "ROLE"})
		}
	}
	slices.SortFunc(held, func(p, q Permission) int { return strings.Compare(p.API+" "+p.Name, q.API+" "+q.Name) })
	views, err := a.viewPermissions(ctx, held)
	list := make([]heldPermission, len(views))
	for i, v := range views {
		list[i] = heldPermission{v, from[v.Permission]}
	}
	return pageOf("permissions", list, in.Paging), err
}
