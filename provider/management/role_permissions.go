package management

import (
	"context"
	"net/http"
	"slices"

	"github.com/sallyport-id/sallyport/storage"
)

// rolePermissions bounds the permissions of one role.
const rolePermissions = 1000

// A PermissionView is a permission with the words of its API, where that knows it.
type PermissionView struct {
	Permission
	Description string `json:"description"`
	APIName     string `json:"resource_server_name"`
}

// A Permissions is a body that lists permissions.
type Permissions struct {
	Body struct {
		Permissions []Permission `json:"permissions" minItems:"1" maxItems:"100"`
	}
}

func (a *API) permissions(ctx context.Context, in *struct {
	RolePath
	Paging
},
) (*listed[PermissionView], error) {
	r, err := a.roleByID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	views, err := a.viewPermissions(ctx, r.Permissions)
	return pageOf("permissions", views, in.Paging), err
}

func (a *API) viewPermissions(ctx context.Context, all []Permission) ([]PermissionView, error) {
	apis, err := a.DB.APIs(ctx)
	if err != nil {
		return nil, err
	}
	views := make([]PermissionView, len(all))
	for i, p := range all {
		views[i].Permission = p
		at := slices.IndexFunc(apis, func(api *storage.API) bool { return api.Audience == p.API })
		if at < 0 {
			continue
		}
		views[i].APIName = apis[at].Name
		for _, s := range apis[at].Scopes {
			if s.Value == p.Name {
				views[i].Description = s.Description
			}
		}
	}
	return views, nil
}

func (a *API) addPermissions(ctx context.Context, in *struct {
	RolePath
	Permissions
},
) (*struct{}, error) {
	apis, err := a.DB.APIs(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range in.Body.Permissions {
		if !slices.ContainsFunc(apis, func(api *storage.API) bool {
			return api.Audience == p.API && slices.ContainsFunc(api.Scopes, func(s storage.Scope) bool { return s.Value == p.Name })
		}) {
			return nil, refusal(http.StatusNotFound, "inexistent_permission", "The API "+p.API+" has no scope "+p.Name+"; add it there first")
		}
	}
	return nil, a.changePermissions(ctx, in.ID, func(all []Permission) []Permission {
		for _, p := range in.Body.Permissions {
			if !slices.Contains(all, p) {
				all = append(all, p)
			}
		}
		return all
	})
}

func (a *API) removePermissions(ctx context.Context, in *struct {
	RolePath
	Permissions
},
) (*struct{}, error) {
	return nil, a.changePermissions(ctx, in.ID, func(all []Permission) []Permission {
		return slices.DeleteFunc(all, func(p Permission) bool { return slices.Contains(in.Body.Permissions, p) })
	})
}

func (a *API) changePermissions(ctx context.Context, id string, do func([]Permission) []Permission) error {
	r, err := a.roleByID(ctx, id)
	if err != nil {
		return err
	}
	if r.role.Permissions = do(r.role.Permissions); len(r.role.Permissions) > rolePermissions {
		return invalid("permissions", "a role has at most 1000")
	}
	e := storage.Event{Type: "role.changed", Data: map[string]any{"role_id": r.ID, "name": r.Name, "permissions": len(r.role.Permissions)}}
	return a.change(ctx, e, func(ctx context.Context) error { return r.put(ctx, a.DB) })
}
