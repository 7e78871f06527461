package management

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/sallyport-id/sallyport/storage"
)

// organizationMembers are the people of organizations, with their roles in them.
func (a *API) organizationMembers() {
	op(a, operation{method: http.MethodGet, path: "/organizations/{id}/members", scopes: []string{"read:organization_members"}, summary: "Members", missing: true}, a.members)
	op(a, operation{method: http.MethodPost, path: "/organizations/{id}/members", scopes: []string{"create:organization_members"}, summary: "Add members", status: http.StatusNoContent, missing: true}, a.addMembers)
	op(a, operation{method: http.MethodDelete, path: "/organizations/{id}/members", scopes: []string{"delete:organization_members"}, summary: "Remove members", status: http.StatusNoContent, missing: true}, a.removeMembers)
	op(a, operation{method: http.MethodGet, path: "/organizations/{id}/members/{user_id}/roles", scopes: []string{"read:organization_member_roles"}, summary: "A member's roles", missing: true}, a.memberRoles)
	op(a, operation{method: http.MethodPost, path: "/organizations/{id}/members/{user_id}/roles", scopes: []string{"create:organization_member_roles"}, summary: "Give roles to a member", status: http.StatusNoContent, missing: true, conflict: true}, a.addMemberRoles)
	op(a, operation{method: http.MethodDelete, path: "/organizations/{id}/members/{user_id}/roles", scopes: []string{"delete:organization_member_roles"}, summary: "Take roles from a member", status: http.StatusNoContent, missing: true, conflict: true}, a.removeMemberRoles)
}

// A memberView is a member as the API shows one.
type memberView struct {
	UserID  string      `json:"user_id"`
	Picture string      `json:"picture,omitempty"`
	Name    string      `json:"name,omitempty"`
	Email   string      `json:"email,omitempty"`
	Roles   []*roleView `json:"roles,omitempty"`
}

func (a *API) members(ctx context.Context, in *struct {
	OrganizationPath
	Paging
	Checkpoint
	Picked
},
) (*listed[*memberView], error) {
	if _, err := a.organizationByID(ctx, in.ID); err != nil {
		return nil, err
	}
	all, err := a.DB.Members(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	var page *listed[*storage.Member]
	if in.asked() {
		page = checkpointOf("members", all, in.Checkpoint, func(m *storage.Member) string { return m.UserID })
	} else {
		page = pageOf("members", all, in.Paging)
	}
	views, err := a.viewMembers(ctx, page.Body.Items)
	b := page.Body
	return &listed[*memberView]{&List[*memberView]{Items: views, Key: b.Key, Paging: b.Paging, Total: b.Total, Checkpoint: b.Checkpoint, Next: b.Next}}, err
}

func (a *API) viewMembers(ctx context.Context, all []*storage.Member) ([]*memberView, error) {
	ids := make([]string, len(all))
	for i, m := range all {
		ids[i] = m.UserID
	}
	users, err := a.DB.UsersByID(ctx, ids...)
	if err != nil {
		return nil, err
	}
	var views []*memberView
	for _, m := range all {
		u := users[m.UserID]
		if u == nil { // deleted in this moment
			continue
		}
		v := &memberView{UserID: u.ID, Picture: u.Picture, Name: u.Name, Email: u.Email}
		if len(m.Roles) > 0 {
			if v.Roles, err = a.describe(ctx, m.Roles); err != nil {
				return nil, err
			}
		}
		views = append(views, v)
	}
	return views, nil
}

// A MemberIDs is a body that lists users.
type MemberIDs struct {
	Body struct {
		Members []string `json:"members" minItems:"1" maxItems:"100"`
	}
}

func (a *API) addMembers(ctx context.Context, in *struct {
	OrganizationPath
	MemberIDs
},
) (*struct{}, error) {
	if _, err := a.organizationByID(ctx, in.ID); err != nil {
		return nil, err
	}
	return nil, a.DB.Tx(ctx, func(ctx context.Context) error {
		for _, id := range in.Body.Members {
			if _, err := a.userByID(ctx, id); err != nil {
				return err
			}
			e := storage.Event{Type: "organization.member_added", UserID: id, Data: map[string]any{"organization": in.ID}}
			err := a.change(ctx, e, func(ctx context.Context) error {
				return a.DB.AddMember(ctx, &storage.Member{OrganizationID: in.ID, UserID: id})
			})
			if err != nil && !errors.Is(err, storage.ErrConflict) { // who is a member keeps the roles
				return err
			}
		}
		return nil
	})
}

func (a *API) removeMembers(ctx context.Context, in *struct {
	OrganizationPath
	MemberIDs
},
) (*struct{}, error) {
	if _, err := a.organizationByID(ctx, in.ID); err != nil {
		return nil, err
	}
	return nil, a.DB.Tx(ctx, func(ctx context.Context) error {
		for _, id := range in.Body.Members {
			e := storage.Event{Type: "organization.member_removed", UserID: id, Data: map[string]any{"organization": in.ID}}
			err := a.change(ctx, e, func(ctx context.Context) error { return a.DB.DeleteMember(ctx, in.ID, id) })
			if err != nil && !errors.Is(err, storage.ErrNotFound) {
				return err
			}
		}
		return nil
	})
}

// A MemberPath names a member.
type MemberPath struct {
	OrganizationPath
	UserID string `path:"user_id" maxLength:"256"`
}

// member finds a member. Errors: a 404.
func (a *API) member(ctx context.Context, p MemberPath) (*storage.Member, error) {
	if _, err := a.organizationByID(ctx, p.ID); err != nil {
		return nil, err
	}
	m, err := a.DB.Membership(ctx, p.ID, p.UserID)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, missing("member", "The user does not belong to the organization.")
	}
	return m, err
}

func (a *API) memberRoles(ctx context.Context, in *struct {
	MemberPath
	Paging
},
) (*listed[*roleView], error) {
	m, err := a.member(ctx, in.MemberPath)
	if err != nil {
		return nil, err
	}
	views, err := a.describe(ctx, m.Roles)
	return pageOf("roles", views, in.Paging), err
}

func (a *API) addMemberRoles(ctx context.Context, in *struct {
	MemberPath
	RoleIDs
},
) (*struct{}, error) {
	return nil, a.changeMemberRoles(ctx, in.MemberPath, in.Body.Roles, func(has, names []string) []string {
		return swapped(append(slices.Clone(has), names...), "", "")
	})
}

func (a *API) removeMemberRoles(ctx context.Context, in *struct {
	MemberPath
	RoleIDs
},
) (*struct{}, error) {
	return nil, a.changeMemberRoles(ctx, in.MemberPath, in.Body.Roles, without)
}

func (a *API) changeMemberRoles(ctx context.Context, p MemberPath, ids []string, do func(has, names []string) []string) error {
	return a.DB.Tx(ctx, func(ctx context.Context) error {
		m, err := a.member(ctx, p)
		if err != nil {
			return err
		}
		names, err := a.roleNames(ctx, ids, m.Roles)
		if err != nil {
			return err
		}
		m.Roles = do(m.Roles, names)
		e := storage.Event{Type: "organization.member_roles", UserID: m.UserID, Data: map[string]any{"organization": m.OrganizationID, "roles": m.Roles}}
		return a.change(ctx, e, func(ctx context.Context) error { return a.DB.PutMember(ctx, m) })
	})
}
