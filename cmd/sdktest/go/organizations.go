package main

import (
	"context"
	"net/http"

	"github.com/auth0/go-auth0"
	"github.com/auth0/go-auth0/management"
)

func (p *program) organizations(ctx context.Context, m *management.Management) {
	p.topic = "Organization"
	o := &management.Organization{Name: auth0.String("walkers"), DisplayName: auth0.String("Walkers"), Metadata: &map[string]string{"a": "b"}}
	p.works("Organization.Create", func() error { return m.Organization.Create(ctx, o) })
	id := o.GetID()
	p.works("Organization.Read", func() error {
		return see(m.Organization.Read(ctx, id))(func(o *management.Organization) bool { return o.GetDisplayName() == "Walkers" })
	})
	p.works("Organization.ReadByName", func() error {
		return see(m.Organization.ReadByName(ctx, "walkers"))(func(o *management.Organization) bool { return o.GetID() == id })
	})
	p.works("Organization.Update", func() error {
		return m.Organization.Update(ctx, id, &management.Organization{DisplayName: auth0.String("We walk")})
	})
	p.works("Organization.List", func() error {
		return see(m.Organization.List(ctx))(func(l *management.OrganizationList) bool { return len(l.Organizations) > 0 })
	})
	p.members(ctx, m, id)
	p.invitations(ctx, m, id)
	p.organizationConnections(ctx, m, id)
	p.works("Organization.Delete", func() error { return m.Organization.Delete(ctx, id) })
}

func (p *program) members(ctx context.Context, m *management.Management, id string) {
	u, _ := somebody(ctx, m, "go-member") // where there is none, the calls tell
	r := &management.Role{Name: auth0.String("Member")}
	_ = m.Role.Create(ctx, r) // as above
	p.works("Organization.AddMembers", func() error { return m.Organization.AddMembers(ctx, id, []string{u.GetID()}) })
	p.works("Organization.Members", func() error {
		return see(m.Organization.Members(ctx, id))(func(l *management.OrganizationMemberList) bool {
			return len(l.Members) == 1 && l.Members[0].GetUserID() == u.GetID()
		})
	})
	p.works("Organization.AssignMemberRoles", func() error { return m.Organization.AssignMemberRoles(ctx, id, u.GetID(), []string{r.GetID()}) })
	p.works("Organization.MemberRoles", func() error {
		return see(m.Organization.MemberRoles(ctx, id, u.GetID()))(func(l *management.OrganizationMemberRoleList) bool { return len(l.Roles) == 1 })
	})
	p.works("Organization.DeleteMemberRoles", func() error { return m.Organization.DeleteMemberRoles(ctx, id, u.GetID(), []string{r.GetID()}) })
	p.works("Organization.DeleteMembers", func() error { return m.Organization.DeleteMembers(ctx, id, []string{u.GetID()}) })
}

func (p *program) invitations(ctx context.Context, m *management.Management, id string) {
	i := &management.OrganizationInvitation{
		Inviter: &management.OrganizationInvitationInviter{Name: auth0.String("Ada")}, Invitee: &management.OrganizationInvitationInvitee{Email: auth0.String("new@walk.example")},
		ClientID: auth0.String(p.Clients["web"].ID), SendInvitationEmail: auth0.Bool(false),
	}
	p.works("Organization.CreateInvitation", func() error { return m.Organization.CreateInvitation(ctx, id, i) })
	p.works("Organization.Invitation", func() error {
		return see(m.Organization.Invitation(ctx, id, i.GetID()))(func(i *management.OrganizationInvitation) bool { return i.Invitee.GetEmail() == "new@walk.example" })
	})
	p.works("Organization.Invitations", func() error {
		return see(m.Organization.Invitations(ctx, id))(func(l *management.OrganizationInvitationList) bool { return len(l.OrganizationInvitations) == 1 })
	})
	p.works("Organization.DeleteInvitation", func() error { return m.Organization.DeleteInvitation(ctx, id, i.GetID()) })
}

func (p *program) organizationConnections(ctx context.Context, m *management.Management, id string) {
	var one *management.OrganizationConnection
	p.works("Organization.Connections", func() error {
		return see(m.Organization.Connections(ctx, id))(func(l *management.OrganizationConnectionList) bool {
			if len(l.OrganizationConnections) > 0 {
				one = l.OrganizationConnections[0]
			}
			return one.GetConnectionID() != ""
		})
	})
	p.works("Organization.Connection", func() error { _, err := m.Organization.Connection(ctx, id, one.GetConnectionID()); return err })
	p.works("Organization.AddConnection", func() error {
		return m.Organization.AddConnection(ctx, id, &management.OrganizationConnection{ConnectionID: auth0.String(one.GetConnectionID())})
	})
	const all = "every organization has the one connection, and nobody becomes a member by signing in"
	p.missing("Organization.UpdateConnection", http.StatusForbidden, all, func() error {
		return m.Organization.UpdateConnection(ctx, id, one.GetConnectionID(), &management.OrganizationConnection{AssignMembershipOnLogin: auth0.Bool(true)})
	})
	p.missing("Organization.DeleteConnection", http.StatusForbidden, all, func() error { return m.Organization.DeleteConnection(ctx, id, one.GetConnectionID()) })
	p.missing("Organization.ClientGrants", http.StatusForbidden, "clients have no grants of their own in organizations", func() error { _, err := m.Organization.ClientGrants(ctx, id); return err })
}
