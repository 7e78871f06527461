package management

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/storage"
)

const (
	invitationLife = 7 * 24 * time.Hour
	maxInvitations = 1000 // of an organization at a time
)

// organizationInvitations are links by which people become members.
func (a *API) organizationInvitations() {
	read := []string{"read:organization_invitations"}
	op(a, operation{method: http.MethodGet, path: "/organizations/{id}/invitations", scopes: read, summary: "Invitations that still work", missing: true}, a.invitations)
	op(a, operation{method: http.MethodPost, path: "/organizations/{id}/invitations", scopes: []string{"create:organization_invitations"}, summary: "Invite somebody", missing: true}, a.invite)
	op(a, operation{method: http.MethodGet, path: "/organizations/{id}/invitations/{invitation_id}", scopes: read, summary: "One invitation", missing: true}, a.invitation)
	op(a, operation{method: http.MethodDelete, path: "/organizations/{id}/invitations/{invitation_id}", scopes: []string{"delete:organization_invitations"}, summary: "Take an invitation back", status: http.StatusNoContent, missing: true}, a.deleteInvitation)
}

// An invitationView is an invitation as the API shows one.
type invitationView struct {
	ID             string          `json:"id"`
	OrganizationID string          `json:"organization_id"`
	Inviter        inviter         `json:"inviter"`
	Invitee        invitee         `json:"invitee"`
	InvitationURL  string          `json:"invitation_url"`
	TicketID       string          `json:"ticket_id"`
	ClientID       string          `json:"client_id"`
	ConnectionID   string          `json:"connection_id"`
	CreatedAt      time.Time       `json:"created_at"`
	ExpiresAt      time.Time       `json:"expires_at"`
	UserMetadata   json.RawMessage `json:"user_metadata,omitempty"`
	AppMetadata    json.RawMessage `json:"app_metadata,omitempty"`
	Roles          []string        `json:"roles,omitempty" doc:"ids"`
}

type inviter struct {
	Name string `json:"name" minLength:"1" maxLength:"300"`
}

type invitee struct {
	Email string `json:"email" minLength:"3" maxLength:"320"`
}

func (a *API) viewInvitation(ctx context.Context, j *flows.Joining) (*invitationView, error) {
	link, err := a.Flows.JoinLink(ctx, j)
	if err != nil {
		return nil, err
	}
	v := &invitationView{
		ID: j.ID, OrganizationID: j.OrganizationID, Inviter: inviter{j.Inviter}, Invitee: invitee{j.Email}, InvitationURL: link, TicketID: j.Ticket,
		ClientID: j.ClientID, ConnectionID: connectionID, CreatedAt: j.CreatedAt, ExpiresAt: j.ExpiresAt, UserMetadata: j.UserMetadata, AppMetadata: j.AppMetadata,
	}
	if len(j.Roles) == 0 {
		return v, nil
	}
	roles, err := a.describe(ctx, j.Roles)
	for _, r := range roles {
		v.Roles = append(v.Roles, r.ID)
	}
	return v, err
}

type oneInvitation struct{ Body *invitationView }

func (a *API) oneInvitation(ctx context.Context, j *flows.Joining) (*oneInvitation, error) {
	v, err := a.viewInvitation(ctx, j)
	return &oneInvitation{v}, err
}

func (a *API) invitations(ctx context.Context, in *struct {
	OrganizationPath
	Paging
	Picked
	Sort string `query:"sort" maxLength:"100" pattern:"^created_at:-?1$" patternDescription:"created_at:1 or created_at:-1"`
},
) (*listed[*invitationView], error) {
	if _, err := a.organizationByID(ctx, in.ID); err != nil {
		return nil, err
	}
	all, err := a.Flows.Joinings(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if in.Sort != "created_at:1" { // the newest first, as at Auth0
		slices.Reverse(all)
	}
	page := pageOf("invitations", all, in.Paging).Body
	views := &List[*invitationView]{Key: page.Key, Paging: page.Paging, Total: page.Total}
	for _, j := range page.Items {
		v, err := a.viewInvitation(ctx, j)
		if err != nil {
			return nil, err
		}
		views.Items = append(views.Items, v)
	}
	return &listed[*invitationView]{views}, nil
}

// An InvitationPath names an invitation.
type InvitationPath struct {
	OrganizationPath
	InvitationID string `path:"invitation_id" maxLength:"100"`
}

// invitationAt finds an invitation that still works. Errors: a 404.
func (a *API) invitationAt(ctx context.Context, p InvitationPath) (*flows.Joining, error) {
	if _, err := a.organizationByID(ctx, p.ID); err != nil {
		return nil, err
	}
	all, err := a.Flows.Joinings(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(j *flows.Joining) bool { return j.ID == p.InvitationID })
	if i < 0 {
		return nil, missing("invitation", "The invitation does not exist")
	}
	return all[i], nil
}

func (a *API) invitation(ctx context.Context, in *struct {
	InvitationPath
	Picked
},
) (*oneInvitation, error) {
	j, err := a.invitationAt(ctx, in.InvitationPath)
	if err != nil {
		return nil, err
	}
	return a.oneInvitation(ctx, j)
}

func (a *API) deleteInvitation(ctx context.Context, in *InvitationPath) (*struct{}, error) {
	j, err := a.invitationAt(ctx, *in)
	if err != nil {
		return nil, err
	}
	e := storage.Event{Type: "organization.invitation_revoked", Data: map[string]any{"organization": j.OrganizationID, "invitation": j.ID}}
	return nil, a.change(ctx, e, func(ctx context.Context) error {
		return flows.RevokeJoinings(ctx, a.DB, a.Now(), j.OrganizationID, func(id string) bool { return id == j.ID })
	})
}

// An invitationBody is what is asked of an invitation.
type invitationBody struct {
	Inviter      inviter        `json:"inviter"`
	Invitee      invitee        `json:"invitee"`
	ClientID     string         `json:"client_id" minLength:"1" maxLength:"128" doc:"whose initiate_login_uri the link leads to; without one it leads to a page of ours"`
	ConnectionID string         `json:"connection_id,omitempty" maxLength:"100"`
	AppMetadata  map[string]any `json:"app_metadata,omitempty" doc:"of who has no account yet"`
	UserMetadata map[string]any `json:"user_metadata,omitempty" doc:"of who has no account yet"`
	TTL          int            `json:"ttl_sec,omitempty" minimum:"0" maximum:"2592000" doc:"seconds that it works; 0: a week"`
	Roles        []string       `json:"roles,omitempty" maxItems:"50" doc:"ids, of roles in the organization; takes create:organization_member_roles"`
	Mail         *bool          `json:"send_invitation_email,omitempty" doc:"default true"`
}

func (a *API) invite(ctx context.Context, in *struct {
	OrganizationPath
	Body invitationBody
},
) (*oneInvitation, error) {
	j, err := a.wishedInvitation(ctx, in.ID, &in.Body)
	if err != nil {
		return nil, err
	}
	e := &storage.Event{Type: "organization.invited", Data: map[string]any{"organization": j.OrganizationID, "roles": j.Roles}}
	a.desk(ctx).sign(e)
	err = a.Flows.InviteToOrganization(ctx, j, in.Body.Mail == nil || *in.Body.Mail, e)
	if errors.Is(err, flows.ErrNoMail) {
		return nil, impossible("this provider has no mail server; set send_invitation_email to false and hand invitation_url over")
	}
	if err != nil {
		return nil, err
	}
	return a.oneInvitation(ctx, j)
}

// wishedInvitation checks what is asked for. Errors: a 400, 403 or 404.
func (a *API) wishedInvitation(ctx context.Context, organization string, b *invitationBody) (*flows.Joining, error) {
	if _, err := a.organizationByID(ctx, organization); err != nil {
		return nil, err
	}
	if _, err := a.clientByID(ctx, b.ClientID); err != nil {
		return nil, err
	}
	life := time.Duration(b.TTL) * time.Second
	if life == 0 {
		life = invitationLife
	}
	now := a.Now().UTC()
	j := &flows.Joining{OrganizationID: organization, ClientID: b.ClientID, Inviter: b.Inviter.Name, Email: b.Invitee.Email, CreatedAt: now, ExpiresAt: now.Add(life)}
	switch {
	case b.ConnectionID != "" && b.ConnectionID != connectionID:
		return nil, refusal(http.StatusBadRequest, "inexistent_connection", "The connection does not exist.")
	case strings.ContainsFunc(b.Inviter.Name, unicode.IsControl):
		return nil, invalid("inviter.name", "is no name on one line")
	case len(b.Roles) > 0 && !callerOf(ctx).May("create:organization_member_roles"):
		return nil, refusal(http.StatusForbidden, "insufficient_scope", "Insufficient scope, expected: create:organization_member_roles, because the invitation gives roles")
	case !mailAddress(b.Invitee.Email):
		return nil, invalid("invitee.email", "is no e-mail address")
	}
	for path, member := range map[string]struct {
		value map[string]any
		into  *json.RawMessage
	}{"app_metadata": {b.AppMetadata, &j.AppMetadata}, "user_metadata": {b.UserMetadata, &j.UserMetadata}} {
		if len(member.value) == 0 {
			continue
		}
		text, err := json.Marshal(member.value)
		if err != nil || len(text) > 16<<10 {
			return nil, invalid(path, "has more than 16 KiB")
		}
		*member.into = text
	}
	var err error
	if j.Roles, err = a.roleNames(ctx, b.Roles, nil); err != nil {
		return nil, err
	}
	live, err := a.Flows.Joinings(ctx, organization)
	if err != nil {
		return nil, err
	}
	if len(live) >= maxInvitations {
		return nil, impossible("a thousand invitations to this organization wait to be taken up; delete some")
	}
	return j, flows.RevokeJoinings(ctx, a.DB, a.Now(), organization, func(string) bool { return false })
}
