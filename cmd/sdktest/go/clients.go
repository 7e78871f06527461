package main

import (
	"context"
	"net/http"

	"github.com/auth0/go-auth0"
	"github.com/auth0/go-auth0/management"
)

const walkAPI = "https://walk.example/"

func (p *program) clients(ctx context.Context, m *management.Management) {
	p.topic = "ResourceServer"
	rs := &management.ResourceServer{Name: auth0.String("Walk"), Identifier: auth0.String(walkAPI), Scopes: &[]management.ResourceServerScope{{Value: auth0.String("read"), Description: auth0.String("Read")}}}
	p.works("ResourceServer.Create", func() error { return m.ResourceServer.Create(ctx, rs) })
	p.works("ResourceServer.Read", func() error {
		return see(m.ResourceServer.Read(ctx, rs.GetID()))(func(r *management.ResourceServer) bool {
			return r.GetIdentifier() == walkAPI && len(r.GetScopes()) == 1
		})
	})
	p.works("ResourceServer.Update", func() error {
		return m.ResourceServer.Update(ctx, rs.GetID(), &management.ResourceServer{TokenLifetime: auth0.Int(600)})
	})
	p.works("ResourceServer.List", func() error {
		return see(m.ResourceServer.List(ctx))(func(l *management.ResourceServerList) bool { return len(l.ResourceServers) > 1 })
	})

	p.topic = "Client"
	c := &management.Client{Name: auth0.String("Walk"), AppType: auth0.String("regular_web"), Callbacks: &[]string{"https://walk.example/callback"}, GrantTypes: &[]string{"authorization_code", "refresh_token", "client_credentials"}}
	p.works("Client.Create", func() error {
		if err := m.Client.Create(ctx, c); err != nil {
			return err
		}
		return want(c.GetClientID() != "" && c.GetClientSecret() != "", "an ID and a secret", c)
	})
	id := c.GetClientID()
	p.works("Client.Read", func() error {
		return see(m.Client.Read(ctx, id))(func(c *management.Client) bool { return c.GetName() == "Walk" && len(c.GetCallbacks()) == 1 })
	})
	p.works("Client.Update", func() error {
		return m.Client.Update(ctx, id, &management.Client{Name: auth0.String("Walked"), AllowedLogoutURLs: &[]string{"https://walk.example/"}})
	})
	p.works("Client.List", func() error {
		return see(m.Client.List(ctx, management.PerPage(2)))(func(l *management.ClientList) bool { return len(l.Clients) == 2 && l.Total > 2 })
	})
	p.works("Client.ListWithCheckpointPagination", func() error {
		return see(m.Client.ListWithCheckpointPagination(ctx, management.Take(2)))(func(l *management.ClientList) bool { return len(l.Clients) == 2 })
	})
	p.works("Client.RotateSecret", func() error {
		return see(m.Client.RotateSecret(ctx, id))(func(fresh *management.Client) bool {
			return fresh.GetClientSecret() != "" && fresh.GetClientSecret() != c.GetClientSecret()
		})
	})
	p.works("Client.ReadEnabledConnections", func() error { _, err := m.Client.ReadEnabledConnections(ctx, id); return err })

	p.topic = "ClientGrant"
	g := &management.ClientGrant{ClientID: &id, Audience: auth0.String(walkAPI), Scope: &[]string{"read"}}
	p.works("ClientGrant.Create", func() error { return m.ClientGrant.Create(ctx, g) })
	p.works("ClientGrant.Read", func() error {
		return see(m.ClientGrant.Read(ctx, g.GetID()))(func(g *management.ClientGrant) bool { return g.GetAudience() == walkAPI })
	})
	p.works("ClientGrant.Update", func() error { return m.ClientGrant.Update(ctx, g.GetID(), &management.ClientGrant{Scope: &[]string{}}) })
	p.works("ClientGrant.List", func() error {
		return see(m.ClientGrant.List(ctx, management.Parameter("client_id", id)))(func(l *management.ClientGrantList) bool { return len(l.ClientGrants) == 1 })
	})
	p.works("ClientGrant.Delete", func() error { return m.ClientGrant.Delete(ctx, g.GetID()) })

	p.topic = "Client"
	p.works("Client.Delete", func() error { return m.Client.Delete(ctx, id) })
	p.topic = "ResourceServer"
	p.works("ResourceServer.Delete", func() error { return m.ResourceServer.Delete(ctx, rs.GetID()) })
}

func (p *program) connections(ctx context.Context, m *management.Management) {
	p.topic = "Connection"
	var c *management.Connection
	p.works("Connection.List", func() error {
		return see(m.Connection.List(ctx))(func(l *management.ConnectionList) bool {
			if len(l.Connections) > 0 {
				c = l.Connections[0]
			}
			return len(l.Connections) == 1 && c.GetStrategy() == "auth0"
		})
	})
	p.works("Connection.Read", func() error {
		return see(m.Connection.Read(ctx, c.GetID()))(func(c *management.Connection) bool { return c.GetName() == connection })
	})
	p.works("Connection.ReadByName", func() error {
		return see(m.Connection.ReadByName(ctx, connection))(func(found *management.Connection) bool { return found.GetID() == c.GetID() })
	})
	p.works("Connection.ReadEnabledClients", func() error { _, err := m.Connection.ReadEnabledClients(ctx, c.GetID()); return err })
	p.missing("Connection.Update", http.StatusForbidden, "the register has no settings of its own; rules of passwords are in the configuration", func() error {
		return m.Connection.Update(ctx, c.GetID(), &management.Connection{DisplayName: auth0.String("People")})
	})
	const one = "there is one connection, the database of people, and every client has it"
	p.missing("Connection.Create", http.StatusForbidden, one, func() error {
		return m.Connection.Create(ctx, &management.Connection{Name: auth0.String("Another"), Strategy: auth0.String("auth0")})
	})
	p.missing("Connection.Delete", http.StatusForbidden, one, func() error { return m.Connection.Delete(ctx, c.GetID()) })
	p.works("Connection.UpdateEnabledClients", func() error {
		return m.Connection.UpdateEnabledClients(ctx, c.GetID(), []management.ConnectionEnabledClient{{ClientID: auth0.String(p.Clients["web"].ID), Status: auth0.Bool(true)}})
	})
}

func (p *program) roles(ctx context.Context, m *management.Management) {
	p.topic = "Role"
	u, _ := somebody(ctx, m, "go-role") // where there is none, the calls tell
	r := &management.Role{Name: auth0.String("Walker"), Description: auth0.String("Walks")}
	p.works("Role.Create", func() error { return m.Role.Create(ctx, r) })
	p.works("Role.Read", func() error {
		return see(m.Role.Read(ctx, r.GetID()))(func(r *management.Role) bool { return r.GetName() == "Walker" })
	})
	p.works("Role.Update", func() error {
		return m.Role.Update(ctx, r.GetID(), &management.Role{Description: auth0.String("Walks on")})
	})
	p.works("Role.List", func() error {
		return see(m.Role.List(ctx, management.Parameter("name_filter", "Walk")))(func(l *management.RoleList) bool { return len(l.Roles) == 1 })
	})
	p.works("Role.AssignUsers", func() error { return m.Role.AssignUsers(ctx, r.GetID(), []*management.User{u}) })
	p.works("Role.Users", func() error {
		return see(m.Role.Users(ctx, r.GetID()))(func(l *management.UserList) bool { return len(l.Users) == 1 })
	})
	p.works("User.Roles", func() error {
		return see(m.User.Roles(ctx, u.GetID()))(func(l *management.RoleList) bool { return len(l.Roles) == 1 })
	})
	p.works("User.RemoveRoles", func() error { return m.User.RemoveRoles(ctx, u.GetID(), []*management.Role{r}) })
	p.works("User.AssignRoles", func() error { return m.User.AssignRoles(ctx, u.GetID(), []*management.Role{r}) })
	all := []*management.Permission{{ResourceServerIdentifier: auth0.String(p.API), Name: auth0.String("read")}}
	p.works("Role.AssociatePermissions", func() error { return m.Role.AssociatePermissions(ctx, r.GetID(), all) })
	p.works("Role.Permissions", func() error {
		return see(m.Role.Permissions(ctx, r.GetID()))(func(l *management.PermissionList) bool { return len(l.Permissions) == 1 })
	})
	p.works("Role.RemovePermissions", func() error { return m.Role.RemovePermissions(ctx, r.GetID(), all) })
	p.works("User.AssignPermissions", func() error { return m.User.AssignPermissions(ctx, u.GetID(), all) })
	p.works("User.RemovePermissions", func() error { return m.User.RemovePermissions(ctx, u.GetID(), all) })
	p.works("Role.Delete", func() error { return m.Role.Delete(ctx, r.GetID()) })
}
