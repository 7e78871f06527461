package management

import (
	"context"
	"net/http"
	"slices"

	"github.com/sallyport-id/sallyport/flows"
)

// connections are where people come from. There is one: our own register.
func (a *API) connections() {
	read := []string{"read:connections"}
	op(a, operation{method: http.MethodGet, path: "/connections", scopes: read, summary: "Registers of people: the one that there is"}, a.listConnections)
	op(a, operation{method: http.MethodGet, path: "/connections/{id}", scopes: read, summary: "One register", missing: true}, a.oneConnection)
	op(a, operation{method: http.MethodPost, path: "/connections", scopes: []string{"create:connections"}, status: http.StatusCreated, summary: "Not done here", conflict: true}, a.createConnection)
	op(a, operation{method: http.MethodPatch, path: "/connections/{id}", scopes: []string{"update:connections"}, summary: "Accepts what is so already", missing: true}, a.updateConnection)
	op(a, operation{method: http.MethodDelete, path: "/connections/{id}", scopes: []string{"delete:connections"}, status: http.StatusNoContent, summary: "Not done here", missing: true}, a.deleteConnection)
	op(a, operation{method: http.MethodDelete, path: "/connections/{id}/users", scopes: []string{"delete:users"}, status: http.StatusNoContent, summary: "Remove a user by e-mail address", missing: true}, a.deleteConnectionUser)
}

// connectionID is the id of the one connection, in scripts too.
const connectionID = flows.ConnectionID

type connectionView struct {
	ID             string            `json:"id"`
	Name           string            `json:"name"`
	DisplayName    string            `json:"display_name,omitempty"`
	Strategy       string            `json:"strategy"`
	Options        connectionOptions `json:"options"`
	Realms         []string          `json:"realms"`
	EnabledClients []string          `json:"enabled_clients"`
	DomainLevel    bool              `json:"is_domain_connection"`
	Metadata       map[string]string `json:"metadata"`
}

type connectionOptions struct {
	RequiresUsername bool   `json:"requires_username"`
	BruteForce       bool   `json:"brute_force_protection"`
	DisableSignup    bool   `json:"disable_signup"`
	ImportMode       bool   `json:"import_mode"`
	PasswordPolicy   string `json:"passwordPolicy,omitempty"`
}

type oneConnection struct{ Body *connectionView }

// A ConnectionPath names a connection.
type ConnectionPath struct {
	ID string `path:"id" maxLength:"128"`
}

func (a *API) viewConnection(ctx context.Context) (*connectionView, error) {
	clients, err := a.DB.Clients(ctx)
	if err != nil {
		return nil, err
	}
	ids := []string{}
	for _, c := range clients {
		if slices.Contains(c.Metadata.GrantTypes, "authorization_code") {
			ids = append(ids, c.ID)
		}
	}
	return &connectionView{
		ID: connectionID, Name: a.Connection, Strategy: "auth0", Realms: []string{a.Connection}, EnabledClients: ids, Metadata: map[string]string{},
		Options: connectionOptions{RequiresUsername: true, BruteForce: true},
	}, nil
}

func (a *API) listConnections(ctx context.Context, in *struct {
	Paging
	Checkpoint
	Picked
	Strategy []string `query:"strategy" maxItems:"50"`
	Name     string   `query:"name" maxLength:"128"`
},
) (*listed[*connectionView], error) {
	views := []*connectionView{}
	if (in.Name == "" || in.Name == a.Connection) && (len(in.Strategy) == 0 || slices.Contains(in.Strategy, "auth0")) {
		v, err := a.viewConnection(ctx)
		if err != nil {
			return nil, err
		}
		views = append(views, v)
	}
	if in.asked() {
		return after("connections", views, in.Checkpoint, func(v *connectionView) string { return v.ID })
	}
	return pageOf("connections", views, in.Paging), nil
}

func (p ConnectionPath) check() error {
	if p.ID != connectionID {
		return missing("connection", "The connection does not exist")
	}
	return nil
}

func (a *API) oneConnection(ctx context.Context, in *struct {
	ConnectionPath
	Picked
},
) (*oneConnection, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	v, err := a.viewConnection(ctx)
	return &oneConnection{v}, err
}

type connectionBody struct {
	Name           string             `json:"name,omitempty" maxLength:"128"`
	DisplayName    string             `json:"display_name,omitempty" maxLength:"128"`
	Strategy       string             `json:"strategy,omitempty" maxLength:"64"`
	Options        *connectionOptions `json:"options,omitempty"`
	Realms         []string           `json:"realms,omitempty" maxItems:"100"`
	EnabledClients []string           `json:"enabled_clients,omitempty" maxItems:"10000"`
	DomainLevel    bool               `json:"is_domain_connection,omitempty"`
	Metadata       map[string]string  `json:"metadata,omitempty"`
}

func (a *API) createConnection(_ context.Context, in *struct{ Body connectionBody }) (*oneConnection, error) {
	if in.Body.Name == a.Connection {
		return nil, refusal(http.StatusConflict, "", "A connection with this name already exists")
	}
	return nil, impossible("There is one register of people, " + a.Connection + ", and no other identity providers.")
}

func (a *API) updateConnection(ctx context.Context, in *struct {
	ConnectionPath
	Body connectionBody
},
) (*oneConnection, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	now, err := a.viewConnection(ctx)
	if err != nil {
		return nil, err
	}
	b := in.Body
	switch {
	case b.DisplayName != "" || b.DomainLevel || len(b.Metadata) > 0 || b.Options != nil && *b.Options != now.Options:
		return nil, impossible("The register of people has no such settings; rules of passwords are in the configuration, factors.password.")
	case b.EnabledClients != nil && !sameSet(b.EnabledClients, now.EnabledClients):
		return nil, impossible(everyClient)
	}
	return &oneConnection{now}, nil
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Compact(slices.Sorted(slices.Values(a))), slices.Compact(slices.Sorted(slices.Values(b))))
}

func (a *API) deleteConnection(_ context.Context, in *ConnectionPath) (*struct{}, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	return nil, impossible("This is where all people are; remove them one by one.")
}

func (a *API) deleteConnectionUser(ctx context.Context, in *struct {
	ConnectionPath
	Email string `query:"email" required:"true" minLength:"1" maxLength:"320"`
},
) (*struct{}, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	u, err := a.userByEmail(ctx, in.Email)
	return nil, a.remove(ctx, u, err)
}
