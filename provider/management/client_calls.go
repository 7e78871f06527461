package management

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/storage"
)

// clients are the applications.
func (a *API) clients() {
	read := []string{"read:clients", "read:client_keys", "read:client_summary"}
	op(a, operation{method: http.MethodGet, path: "/clients", scopes: read, summary: "Applications, by name"}, a.listClients)
	op(a, operation{method: http.MethodPost, path: "/clients", scopes: []string{"create:clients"}, status: http.StatusCreated, summary: "Register an application", conflict: true}, a.createClient)
	op(a, operation{method: http.MethodGet, path: "/clients/{id}", scopes: read, summary: "One application", missing: true}, a.client)
	op(a, operation{method: http.MethodPatch, path: "/clients/{id}", scopes: []string{"update:clients", "update:client_keys"}, summary: "Change an application", missing: true, conflict: true}, a.updateClient)
	op(a, operation{method: http.MethodDelete, path: "/clients/{id}", scopes: []string{"delete:clients"}, status: http.StatusNoContent, summary: "Remove an application and all its tokens"}, a.deleteClient)
	op(a, operation{method: http.MethodPost, path: "/clients/{id}/rotate-secret", scopes: []string{"update:client_keys"}, summary: "Make a new secret; the old one ends", missing: true, conflict: true}, a.rotateClient)
}

// A ClientPath names a client.
type ClientPath struct {
	ID string `path:"id" maxLength:"128"`
}

type oneClient struct{ Body *clientView }

func (a *API) listClients(ctx context.Context, in *struct {
	Paging
	Checkpoint
	Picked
	Global     bool     `query:"is_global" doc:"true: none, there is no global client"`
	FirstParty string   `query:"is_first_party" enum:"true,false"`
	AppType    []string `query:"app_type" maxItems:"10"`
},
) (*listed[*clientView], error) {
	all, err := a.DB.Clients(ctx)
	if err != nil {
		return nil, err
	}
	views := []*clientView{}
	for _, c := range all {
		v := viewClient(c, "")
		if in.Global || in.FirstParty != "" && v.FirstParty != (in.FirstParty == "true") || len(in.AppType) > 0 && !slices.Contains(in.AppType, v.AppType) {
			continue
		}
		views = append(views, v)
	}
	if in.asked() {
		return after("clients", views, in.Checkpoint, func(v *clientView) string { return v.ClientID })
	}
	return pageOf("clients", views, in.Paging), nil
}

func (a *API) client(ctx context.Context, in *struct {
	ClientPath
	Picked
},
) (*oneClient, error) {
	c, err := a.clientByID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &oneClient{viewClient(c, "")}, nil
}

// clientByID finds a client. Errors: a 404.
func (a *API) clientByID(ctx context.Context, id string) (*storage.Client, error) {
	c, err := a.DB.ClientByID(ctx, id)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, missing("client", "The client does not exist")
	}
	return c, err
}

func (a *API) createClient(ctx context.Context, in *struct{ Body clientBody }) (*oneClient, error) {
	if !in.Body.Name.Set || in.Body.Name.Null {
		return nil, invalid("name", "is missing; give the application one that people recognise")
	}
	c := &storage.Client{ID: storage.NewID("cli")}
	if !in.Body.FirstParty.Set {
		c.Settings.FirstParty = true // as Auth0's are; consent is for other people's applications
	}
	if err := in.Body.apply(c); err != nil {
		return nil, err
	}
	auth0Defaults(c)
	ClientDefaults(c)
	if err := ValidateClient(c); err != nil {
		return nil, err
	}
	secret := a.newSecret(c)
	err := a.change(ctx, storage.Event{Type: "client.created", ClientID: c.ID}, func(ctx context.Context) error { return a.DB.CreateClient(ctx, c) })
	if err != nil {
		return nil, err
	}
	return &oneClient{viewClient(c, secret)}, nil
}

// auth0Defaults are what its SDKs rely on in an application that says nothing else. One
// with a secret may do without PKCE, as most of Auth0's server SDKs do.
func auth0Defaults(c *storage.Client) {
	m := &c.Metadata
	setDefault(&m.TokenEndpointAuthMethod, "client_secret_post")
	if len(m.GrantTypes) == 0 {
		m.GrantTypes = []string{"authorization_code", "refresh_token", "client_credentials"}
		if c.Public() {
			m.GrantTypes = m.GrantTypes[:2]
		}
		if len(m.RedirectURIs) == 0 {
			m.GrantTypes = slices.DeleteFunc(m.GrantTypes, func(g string) bool { return g != "client_credentials" })
		}
	}
	if len(m.GrantTypes) == 0 {
		m.GrantTypes = []string{"authorization_code"}
	}
	if !c.Public() && c.Settings.RequirePKCE == nil {
		no := false
		c.Settings.RequirePKCE = &no
	}
}

// newSecret gives c a secret where it needs one, in place of those that it had.
func (a *API) newSecret(c *storage.Client) string {
	c.Secrets = nil
	if !strings.HasPrefix(c.Metadata.TokenEndpointAuthMethod, "client_secret_") {
		return ""
	}
	secret, kept := a.NewSecret()
	c.Secrets = []storage.ClientSecret{kept}
	return secret
}

func (a *API) updateClient(ctx context.Context, in *struct {
	ClientPath
	Body clientBody
},
) (*oneClient, error) {
	if err := mayChange(callerOf(ctx), &in.Body); err != nil {
		return nil, err
	}
	c, err := a.clientByID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	before := viewClient(c, "")
	if in.Body.Name.Set && in.Body.Name.Null {
		return nil, invalid("name", "is null; give the application one that people recognise")
	}
	if err := in.Body.apply(c); err != nil {
		return nil, err
	}
	ClientDefaults(c)
	if err := ValidateClient(c); err != nil {
		return nil, err
	}
	after := viewClient(c, "")
	events := []storage.Event{{Type: "client.updated", ClientID: c.ID, Data: map[string]any{"fields": before.changed(after)}}}
	if needs := strings.HasPrefix(c.Metadata.TokenEndpointAuthMethod, "client_secret_"); in.Body.AuthMethod.Set && needs != (len(c.Secrets) > 0) {
		if after.Secret = a.newSecret(c); needs {
			events = append(events, storage.Event{Type: "client.secret_rotated", ClientID: c.ID})
		}
	}
	if err := a.putClient(ctx, c, events...); err != nil {
		return nil, err
	}
	return &oneClient{after}, nil
}

// mayChange holds a caller to what their scope is about: of who has update:client_keys
// alone, that is how the client shows who it is.
func mayChange(caller *flows.Caller, b *clientBody) error {
	rest := *b // the other members
	rest.AuthMethod, rest.JWKSURI = Optional[string]{}, Optional[string]{}
	if caller.May("update:clients") || reflect.ValueOf(rest).IsZero() {
		return nil
	}
	return refusal(http.StatusForbidden, "insufficient_scope", "Insufficient scope, expected any of: update:clients")
}

// putClient stores a changed client with what the audit log says of it.
func (a *API) putClient(ctx context.Context, c *storage.Client, events ...storage.Event) error {
	return a.DB.Tx(ctx, func(ctx context.Context) error {
		if err := a.DB.UpdateClient(ctx, c); err != nil {
			return err
		}
		for _, e := range events {
			a.desk(ctx).sign(&e)
			if err := a.DB.AddEvents(ctx, &e); err != nil {
				return err
			}
		}
		return nil
	})
}

func (a *API) deleteClient(ctx context.Context, in *ClientPath) (*struct{}, error) {
	if in.ID == callerOf(ctx).ClientID {
		return nil, impossible("A client does not remove itself: this token would be the last. Use another client.")
	}
	c, err := a.clientByID(ctx, in.ID)
	if isMissing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return nil, a.change(ctx, storage.Event{Type: "client.deleted", ClientID: c.ID}, func(ctx context.Context) error { return a.DB.DeleteClient(ctx, c.ID) })
}

func (a *API) rotateClient(ctx context.Context, in *ClientPath) (*oneClient, error) {
	c, err := a.clientByID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	secret := a.newSecret(c)
	if secret == "" {
		return nil, invalid("token_endpoint_auth_method", "this client has no secret; it authenticates with "+c.Metadata.TokenEndpointAuthMethod)
	}
	if err := a.putClient(ctx, c, storage.Event{Type: "client.secret_rotated", ClientID: c.ID}); err != nil {
		return nil, err
	}
	return &oneClient{viewClient(c, secret)}, nil
}
