package management

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/storage"
)

func (a *API) organizations() {
	op(a, operation{method: http.MethodGet, path: "/organizations", scopes: []string{"read:organizations", "read:organizations_summary"}, summary: "Organizations"}, a.listOrganizations)
	op(a, operation{method: http.MethodPost, path: "/organizations", scopes: []string{"create:organizations", "create:organization_connections"}, summary: "Add an organization", status: http.StatusCreated, conflict: true}, a.createOrganization)
	op(a, operation{method: http.MethodGet, path: "/organizations/{by}/{name}", scopes: []string{"read:organizations"}, summary: "The organization of a name", missing: true}, a.organizationByName)
	op(a, operation{method: http.MethodGet, path: "/organizations/{id}", scopes: []string{"read:organizations", "read:organizations_summary"}, summary: "One organization", missing: true}, a.organization)
	op(a, operation{method: http.MethodPatch, path: "/organizations/{id}", scopes: []string{"update:organizations"}, summary: "Change an organization", missing: true, conflict: true}, a.patchOrganization)
	op(a, operation{method: http.MethodDelete, path: "/organizations/{id}", scopes: []string{"delete:organizations"}, summary: "Remove an organization; its people stay", status: http.StatusNoContent, missing: true}, a.deleteOrganization)
	op(a, operation{method: http.MethodGet, path: "/users/{id}/organizations", scopes: []string{"read:organizations"}, summary: "Organizations of a user", missing: true}, a.organizationsOfUser)
}

// An organizationView is an organization as the API shows one.
type organizationView struct {
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	DisplayName string            `json:"display_name,omitempty"`
	Metadata    map[string]string `json:"metadata,omitempty"`
	Connections []enabled         `json:"enabled_connections,omitempty" doc:"of a new organization only"`
}

func viewOrganization(o *storage.Organization) *organizationView {
	return &organizationView{ID: o.ID, Name: o.Name, DisplayName: o.DisplayName, Metadata: o.Metadata}
}

func viewOrganizations(all []*storage.Organization) []*organizationView {
	views := make([]*organizationView, len(all))
	for i, o := range all {
		views[i] = viewOrganization(o)
	}
	return views
}

func (a *API) listOrganizations(ctx context.Context, in *struct {
	Paging
	Checkpoint
	Sort string `query:"sort" maxLength:"100" pattern:"^(name|display_name|created_at|updated_at):-?1$" patternDescription:"field:1 or field:-1"`
},
) (*listed[*organizationView], error) {
	all, err := a.DB.Organizations(ctx)
	if err != nil {
		return nil, err
	}
	if field, order, ok := strings.Cut(in.Sort, ":"); ok {
		slices.SortStableFunc(all, byOrganizationField[field])
		if order == "-1" {
			slices.Reverse(all)
		}
	}
	if in.asked() {
		return checkpointOf("organizations", viewOrganizations(all), in.Checkpoint, func(v *organizationView) string { return v.ID }), nil
	}
	return pageOf("organizations", viewOrganizations(all), in.Paging), nil
}

var byOrganizationField = map[string]func(a, b *storage.Organization) int{
	"name":         func(a, b *storage.Organization) int { return strings.Compare(a.Name, b.Name) },
	"display_name": func(a, b *storage.Organization) int { return strings.Compare(a.DisplayName, b.DisplayName) },
	"created_at":   func(a, b *storage.Organization) int { return a.CreatedAt.Compare(b.CreatedAt) },
	"updated_at":   func(a, b *storage.Organization) int { return a.UpdatedAt.Compare(b.UpdatedAt) },
}

// An OrganizationPath names an organization.
type OrganizationPath struct {
	ID string `path:"id" maxLength:"100"`
}

const noOrganization = "No organization found by that id or name"

// organizationByID finds an organization. Errors: a 404.
func (a *API) organizationByID(ctx context.Context, id string) (*storage.Organization, error) {
	o, err := a.DB.OrganizationByID(ctx, id)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, refusal(http.StatusNotFound, "", noOrganization)
	}
	return o, err
}

type oneOrganization struct{ Body *organizationView }

func (a *API) organization(ctx context.Context, in *OrganizationPath) (*oneOrganization, error) {
	o, err := a.organizationByID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &oneOrganization{viewOrganization(o)}, nil
}

// organizationByName is at /organizations/name/{name}. The router has no path with a word
// where others have an id, so the word is a parameter with one value.
func (a *API) organizationByName(ctx context.Context, in *struct {
	By   string `path:"by" enum:"name"`
	Name string `path:"name" maxLength:"100"`
},
) (*oneOrganization, error) {
	o, err := a.DB.OrganizationByName(ctx, in.Name)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, refusal(http.StatusNotFound, "", noOrganization)
	}
	if err != nil {
		return nil, err
	}
	return &oneOrganization{viewOrganization(o)}, nil
}

// An OrganizationChange are the members that may be set at any time.
type OrganizationChange struct {
	DisplayName Optional[string]            `json:"display_name,omitempty" maxLength:"255"`
	Metadata    Optional[map[string]string] `json:"metadata,omitempty" doc:"at most 25 texts; replaces all"`
	Branding    Optional[map[string]any]    `json:"branding,omitempty" doc:"not done here: pages wear the tenant's"`
	TokenQuota  Optional[map[string]any]    `json:"token_quota,omitempty" doc:"not done here"`
}

func (c *OrganizationChange) apply(o *storage.Organization) error {
	switch {
	case c.Branding.Set && len(c.Branding.Value) > 0:
		return impossible("organizations have no branding of their own; leave branding out")
	case c.TokenQuota.Set && !c.TokenQuota.Null:
		return impossible("tokens have no quota here; leave token_quota out")
	case len(c.Metadata.Value) > 25:
		return invalid("metadata", "has more than 25 members")
	}
	for key, value := range c.Metadata.Value {
		if key == "" || len(key) > 255 || len(value) > 255 || strings.ContainsRune(key+value, 0) {
			return invalid("metadata", "names and values are texts of at most 255 bytes, without NUL")
		}
	}
	c.DisplayName.change(&o.DisplayName)
	c.Metadata.change(&o.Metadata)
	return nil
}

// organizationFault says what storage thinks of an organization.
func organizationFault(err error) error {
	switch {
	case errors.Is(err, storage.ErrInvalid):
		return invalid("name", "is no name; use 1 to 50 of a to z, 0 to 9, - and _, and do not begin with org_, - or _")
	case errors.Is(err, storage.ErrConflict):
		return refusal(http.StatusConflict, "organization_conflict", "An organization with this name is there already, or was changed at the same moment.")
	}
	return err
}

func (a *API) createOrganization(ctx context.Context, in *struct {
	Body struct {
		OrganizationChange
		Name        string    `json:"name" minLength:"1" maxLength:"50"`
		Connections []enabled `json:"enabled_connections,omitempty" maxItems:"10"`
	}
},
) (*oneOrganization, error) {
	o := &storage.Organization{ID: storage.NewID("org"), Name: in.Body.Name, DisplayName: in.Body.Name}
	if err := in.Body.apply(o); err != nil {
		return nil, err
	}
	for _, c := range in.Body.Connections {
		if err := a.checkEnabled(&c); err != nil {
			return nil, err
		}
	}
	e := storage.Event{Type: "organization.created", Data: map[string]any{"organization": o.ID, "name": o.Name}}
	err := a.change(ctx, e, func(ctx context.Context) error { return organizationFault(a.DB.CreateOrganization(ctx, o)) })
	if err != nil {
		return nil, err
	}
	v := viewOrganization(o)
	v.Connections = in.Body.Connections
	return &oneOrganization{v}, nil
}

func (a *API) patchOrganization(ctx context.Context, in *struct {
	OrganizationPath
	Body struct {
		OrganizationChange
		Name *string `json:"name,omitempty" minLength:"1" maxLength:"50"`
	}
},
) (*oneOrganization, error) {
	o, err := a.organizationByID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := in.Body.apply(o); err != nil {
		return nil, err
	}
	if in.Body.Name != nil {
		o.Name = *in.Body.Name
	}
	e := storage.Event{Type: "organization.updated", Data: map[string]any{"organization": o.ID, "name": o.Name}}
	err = a.change(ctx, e, func(ctx context.Context) error { return organizationFault(a.DB.UpdateOrganization(ctx, o)) })
	if err != nil {
		return nil, err
	}
	return &oneOrganization{viewOrganization(o)}, nil
}

func (a *API) deleteOrganization(ctx context.Context, in *OrganizationPath) (*struct{}, error) {
	o, err := a.organizationByID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return nil, a.desk(ctx).DeleteOrganization(ctx, o)
}

// DeleteOrganization removes an organization with its memberships and invitations.
//
// Errors: storage.ErrNotFound.
func (d Desk) DeleteOrganization(ctx context.Context, o *storage.Organization) error {
	e := storage.Event{Type: "organization.deleted", Data: map[string]any{"organization": o.ID, "name": o.Name}}
	return d.Change(ctx, e, func(ctx context.Context) error {
		if err := flows.RevokeJoinings(ctx, d.DB, d.Now(), o.ID, func(string) bool { return true }); err != nil {
			return err
		}
		return d.DB.DeleteOrganization(ctx, o.ID)
	})
}

func (a *API) organizationsOfUser(ctx context.Context, in *struct {
	UserPath
	Paging
},
) (*listed[*organizationView], error) {
	if _, err := a.userByID(ctx, in.ID); err != nil {
		return nil, err
	}
	all, err := a.DB.OrganizationsOf(ctx, in.ID)
	return pageOf("organizations", viewOrganizations(all), in.Paging), err
}
