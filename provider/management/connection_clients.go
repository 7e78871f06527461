package management

import (
	"context"
	"net/http"
	"slices"
)

// connectionClients are which applications sign people in from where: all that may sign
// anybody in, from the one register.
func (a *API) connectionClients() {
	read := []string{"read:connections"}
	op(a, operation{method: http.MethodGet, path: "/connections/{id}/clients", scopes: read, summary: "The applications that sign in from it: all", missing: true}, a.listConnectionClients)
	op(a, operation{method: http.MethodPatch, path: "/connections/{id}/clients", scopes: []string{"update:connections"}, summary: "Accepts what is so already", status: http.StatusNoContent, missing: true}, a.patchConnectionClients)
	op(a, operation{
		method: http.MethodGet, path: "/clients/{id}/connections", scopes: []string{"read:connections", "read:clients", "read:client_summary"},
		summary: "Where an application's people come from", missing: true,
	}, a.clientConnections)
}

type connectionClients struct {
	Clients []connectionClient `json:"clients"`
}

type connectionClient struct {
	ClientID string `json:"client_id"`
}

func (a *API) listConnectionClients(ctx context.Context, in *struct {
	ConnectionPath
	Checkpoint
},
) (*struct{ Body connectionClients }, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	v, err := a.viewConnection(ctx)
	if err != nil {
		return nil, err
	}
	body := connectionClients{Clients: []connectionClient{}}
	for _, id := range v.EnabledClients {
		body.Clients = append(body.Clients, connectionClient{id})
	}
	return &struct{ Body connectionClients }{body}, nil
}

func (a *API) patchConnectionClients(ctx context.Context, in *struct {
	ConnectionPath
	Body []struct {
		ClientID string `json:"client_id" minLength:"1" maxLength:"128"`
		Status   bool   `json:"status"`
	} `minItems:"1" maxItems:"50"`
},
) (*struct{}, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	v, err := a.viewConnection(ctx)
	if err != nil {
		return nil, err
	}
	for _, one := range in.Body {
		if one.Status != slices.Contains(v.EnabledClients, one.ClientID) {
			return nil, impossible(everyClient)
		}
	}
	return nil, nil
}

// everyClient is why nothing can be changed here.
const everyClient = "Every application with the grant authorization_code signs people in from here; change its grant_types."

type clientConnections struct {
	Connections []*connectionView `json:"connections"`
	Next        string            `json:"next,omitempty"`
}

func (a *API) clientConnections(ctx context.Context, in *struct {
	ClientPath
	Picked
	Strategy []string `query:"strategy" maxItems:"50"`
	From     string   `query:"from" maxLength:"200" doc:"there is one page"`
	Take     int      `query:"take" minimum:"1" maximum:"100"`
},
) (*struct{ Body clientConnections }, error) {
	if _, err := a.clientByID(ctx, in.ID); err != nil {
		return nil, err
	}
	v, err := a.viewConnection(ctx)
	if err != nil {
		return nil, err
	}
	body := clientConnections{Connections: []*connectionView{}}
	if slices.Contains(v.EnabledClients, in.ID) && (len(in.Strategy) == 0 || slices.Contains(in.Strategy, v.Strategy)) {
		body.Connections = append(body.Connections, v)
	}
	return &struct{ Body clientConnections }{body}, nil
}
