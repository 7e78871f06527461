package management

import (
	"context"
	"net/http"
)

// organizationConnections are the ways into organizations: the one register, for all.
func (a *API) organizationConnections() {
	read, change := []string{"read:organization_connections"}, "not done here: every organization has the one connection"
	op(a, operation{method: http.MethodGet, path: "/organizations/{id}/enabled_connections", scopes: read, summary: "Connections of an organization", missing: true}, a.enabledConnections)
	op(a, operation{method: http.MethodPost, path: "/organizations/{id}/enabled_connections", scopes: []string{"create:organization_connections"}, summary: "Enable a connection: the one is enabled", status: http.StatusCreated, missing: true}, a.enableConnection)
	op(a, operation{method: http.MethodGet, path: "/organizations/{id}/enabled_connections/{connection_id}", scopes: read, summary: "A connection of an organization", missing: true}, a.enabledConnection)
	op(a, operation{method: http.MethodPatch, path: "/organizations/{id}/enabled_connections/{connection_id}", scopes: []string{"update:organization_connections"}, summary: "Change a connection: " + change, missing: true}, a.changeConnection)
	op(a, operation{method: http.MethodDelete, path: "/organizations/{id}/enabled_connections/{connection_id}", scopes: []string{"delete:organization_connections"}, summary: "Disable a connection: " + change, status: http.StatusNoContent, missing: true}, a.disableConnection)
	op(a, operation{method: http.MethodGet, path: "/organizations/{id}/client-grants", scopes: []string{"read:organization_client_grants"}, summary: "Client grants of an organization: not done here", missing: true}, a.organizationGrants)
}

// enabled is a connection of an organization: membership is never given by signing in.
type enabled struct {
	ConnectionID string         `json:"connection_id" minLength:"1" maxLength:"100"`
	Assign       bool           `json:"assign_membership_on_login,omitempty"`
	Button       *bool          `json:"show_as_button,omitempty"`
	Signup       bool           `json:"is_signup_enabled,omitempty"`
	Connection   *connectionRef `json:"connection,omitempty" readOnly:"true"`
}

type connectionRef struct {
	Name     string `json:"name"`
	Strategy string `json:"strategy"`
}

func (a *API) theConnection() *enabled {
	return &enabled{ConnectionID: connectionID, Connection: &connectionRef{a.Connection, "auth0"}}
}

// checkEnabled refuses what is not as it always is.
func (a *API) checkEnabled(c *enabled) error {
	switch {
	case c.ConnectionID != connectionID:
		return refusal(http.StatusBadRequest, "inexistent_connection", "The connection does not exist.")
	case c.Assign:
		return impossible("nobody becomes a member by signing in; add members, or invite them")
	case c.Signup:
		return impossible("nobody signs up to an organization; invite people")
	}
	return nil
}

type oneEnabled struct{ Body *enabled }

func (a *API) enabledConnections(ctx context.Context, in *struct {
	OrganizationPath
	Paging
},
) (*listed[*enabled], error) {
	if _, err := a.organizationByID(ctx, in.ID); err != nil {
		return nil, err
	}
	return pageOf("enabled_connections", []*enabled{a.theConnection()}, in.Paging), nil
}

func (a *API) enableConnection(ctx context.Context, in *struct {
	OrganizationPath
	Body enabled
},
) (*oneEnabled, error) {
	if _, err := a.organizationByID(ctx, in.ID); err != nil {
		return nil, err
	}
	if err := a.checkEnabled(&in.Body); err != nil {
		return nil, err
	}
	return &oneEnabled{a.theConnection()}, nil
}

// An EnabledPath names a connection of an organization.
type EnabledPath struct {
	OrganizationPath
	ConnectionID string `path:"connection_id" maxLength:"100"`
}

// checkPath finds what p names. Errors: a 404.
func (a *API) checkPath(ctx context.Context, p EnabledPath) error {
	if _, err := a.organizationByID(ctx, p.ID); err != nil {
		return err
	}
	if p.ConnectionID != connectionID {
		return missing("connection", "The connection does not exist")
	}
	return nil
}

func (a *API) enabledConnection(ctx context.Context, in *EnabledPath) (*oneEnabled, error) {
	return &oneEnabled{a.theConnection()}, a.checkPath(ctx, *in)
}

func (a *API) changeConnection(ctx context.Context, in *struct {
	EnabledPath
	Body struct {
		Assign bool  `json:"assign_membership_on_login,omitempty"`
		Button *bool `json:"show_as_button,omitempty"`
		Signup bool  `json:"is_signup_enabled,omitempty"`
	}
},
) (*oneEnabled, error) {
	if err := a.checkPath(ctx, in.EnabledPath); err != nil {
		return nil, err
	}
	if err := a.checkEnabled(&enabled{ConnectionID: connectionID, Assign: in.Body.Assign, Signup: in.Body.Signup}); err != nil {
		return nil, err
	}
	return &oneEnabled{a.theConnection()}, nil
}

func (a *API) disableConnection(ctx context.Context, in *EnabledPath) (*struct{}, error) {
	if err := a.checkPath(ctx, *in); err != nil {
		return nil, err
	}
	return nil, impossible("there is one connection, and every organization has it")
}

func (a *API) organizationGrants(ctx context.Context, in *struct {
	OrganizationPath
	Paging
},
) (*struct{}, error) {
	if _, err := a.organizationByID(ctx, in.ID); err != nil {
		return nil, err
	}
	return nil, impossible("clients have no grants of their own in organizations")
}
