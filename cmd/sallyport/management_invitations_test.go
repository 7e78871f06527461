package main

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/storage"
)

const invitationScopes = "create:organization_invitations read:organization_invitations delete:organization_invitations create:organization_member_roles"

// An inviting is an organization that people are invited to.
type inviting struct {
	*tenant
	t  *testing.T
	id string // of the organization
	// at are its invitations; role is the id of one that they give.
	at, role string
}

const invitedPassword = "correct horse battery staple"

func newInviting(t *testing.T) *inviting {
	t.Helper()
	x := &inviting{tenant: newTenant(t, nil), t: t}
	x.may("update:mfa_policies", 200, "PUT", "/guardian/policies", `[]`)
	x.id, _ = x.may("create:organizations", 201, "POST", "/organizations", `{"name":"acme","display_name":"Acme"}`).object(t)["id"].(string)
	x.at = "/organizations/" + x.id + "/invitations"
	x.role, _ = x.may("create:roles", 200, "POST", "/roles", `{"name":"buyer"}`).object(t)["id"].(string)
	for id, start := range map[string]string{"app": "https://app.example/login?from=mail", "plain": ""} {
		x.client(id, func(c *storage.Client) {
			c.Metadata.RedirectURIs, c.Metadata.InitiateLoginURI = []string{"https://app.example/callback"}, start
			c.Metadata.GrantTypes, c.Metadata.TokenEndpointAuthMethod = []string{"authorization_code"}, "client_secret_basic"
			c.Settings.FirstParty = true
		})
	}
	for _, name := range []string{"ada", "bob"} {
		x.may("create:users", 201, "POST", "/users", `{"connection":"Username-Password-Authentication","user_id":"`+name+`","email":"`+name+`@example.com","verify_email":false,"password":"`+invitedPassword+`"}`)
	}
	return x
}

// invite is an invitation to a client.
func (x *inviting) invite(client, email, more string) object {
	x.t.Helper()
	return x.may(invitationScopes, 200, "POST", x.at, `{"inviter":{"name":"Grace"},"invitee":{"email":"`+email+`"},"client_id":"`+client+`"`+more+`}`).object(x.t)
}

// authorize is the request that the application makes of the link of an invitation.
func (x *inviting) authorize(invitation object, pairs ...string) string {
	link, err := url.Parse(invitation["invitation_url"].(string))
	if err != nil {
		x.t.Fatal(err)
	}
	q := link.Query()
	for name, value := range map[string]string{"client_id": "app", "redirect_uri": "https://app.example/callback", "response_type": "code", "scope": "openid", "state": "s",
		"code_challenge": strings.Repeat("A", 43), "code_challenge_method": "S256"} {
		q.Set(name, value)
	}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return x.url + "/authorize?" + q.Encode()
}

func (x *inviting) browser() *browser {
	b := newBrowser(x.t)
	b.stop = "https://app.example/"
	return b
}

// answers follows a request and signs in where that is asked.
func (b *browser) answers(request, username string) url.Values {
	b.t.Helper()
	if b.get(request); b.landed == nil {
		b.fill(map[string]string{"username": username + "@example.com", "password": invitedPassword}).submit("")
	}
	if b.landed == nil {
		return url.Values{}
	}
	return b.landed.Query()
}

func (x *inviting) roles(user string) []string {
	x.t.Helper()
	m, err := x.house.db.Membership(x.t.Context(), x.id, user)
	if err != nil {
		return nil
	}
	return m.Roles
}

// TestOrganizationInvitation: who has an account and comes by the application, once.
func TestOrganizationInvitation(t *testing.T) {
	x := newInviting(t)
	for body, status := range map[string]int{
		`{"inviter":{"name":"Grace"},"invitee":{"email":"no address"},"client_id":"app"}`:                                  400,
		`{"inviter":{"name":"Gra\nce"},"invitee":{"email":"ada@example.com"},"client_id":"app"}`:                           400,
		`{"inviter":{"name":"Grace"},"invitee":{"email":"ada@example.com"}}`:                                               400,
		`{"inviter":{"name":"Grace"},"invitee":{"email":"ada@example.com"},"client_id":"app","ttl_sec":2592001}`:           400,
		`{"inviter":{"name":"Grace"},"invitee":{"email":"ada@example.com"},"client_id":"app","connection_id":"con_other"}`: 400,
		`{"inviter":{"name":"Grace"},"invitee":{"email":"ada@example.com"},"client_id":"none"}`:                            404,
		`{"inviter":{"name":"Grace"},"invitee":{"email":"ada@example.com"},"client_id":"app","roles":["rol_none"]}`:        404,
	} {
		x.may(invitationScopes, status, "POST", x.at, body)
	}
	x.may(invitationScopes, 404, "POST", "/organizations/org_none/invitations", `{"inviter":{"name":"G"},"invitee":{"email":"ada@example.com"},"client_id":"app"}`)
	x.may("read:organizations", 403, "GET", x.at, "")
	x.may("create:organization_invitations", 403, "POST", x.at, `{"inviter":{"name":"Grace"},"invitee":{"email":"ada@example.com"},"client_id":"app","roles":["`+x.role+`"]}`)

	made := x.invite("app", "Ada@example.com", `,"roles":["`+x.role+`"],"connection_id":"con_default"`)
	link, _ := made["invitation_url"].(string)
	if fieldsOf(made) != "client_id connection_id created_at expires_at id invitation_url invitee inviter organization_id roles ticket_id" ||
		!strings.HasPrefix(made["id"].(string), "uinv_") || !strings.HasPrefix(link, "https://app.example/login?from=mail&invitation="+made["ticket_id"].(string)) ||
		!strings.HasSuffix(link, "&organization="+x.id+"&organization_name=acme") {
		t.Errorf("%v", made)
	}
	if err := x.flows.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if mails := x.mails.all(); len(mails) != 1 || mails[0].to != "Ada@example.com" || !strings.Contains(mails[0].text, link) || !strings.Contains(mails[0].text, "Grace invites you to join Acme") {
		t.Errorf("%+v", mails)
	}
	x.may(invitationScopes, 200, "GET", x.at+"/"+made["id"].(string), "")
	x.may(invitationScopes, 404, "GET", x.at+"/uinv_none", "")
	if got := x.may(invitationScopes, 200, "GET", x.at+"?include_totals=true&fields=id", "").object(t); got["total"] != 1.0 || fieldsOf(got["invitations"].([]any)[0].(object)) != "id" {
		t.Errorf("%v", got)
	}

	bob := x.browser()
	if got := bob.answers(x.authorize(made), "bob"); got.Has("code") || !strings.Contains(bob.text(), "another account") || x.roles("auth0|bob") != nil {
		t.Errorf("another person: %v %s", got, bob.text())
	}
	if got := x.browser().answers(x.authorize(made, "client_id", "plain"), "ada"); got.Get("error") != "invalid_request" {
		t.Errorf("another client: %v", got)
	}
	if got := x.browser().answers(x.authorize(made, "organization", "none"), "ada"); got.Get("error") != "invalid_request" {
		t.Errorf("another organization: %v", got)
	}
	forged := made["ticket_id"].(string)[:32] + strings.Repeat("A", 52)
	if got := x.browser().answers(x.authorize(made, "invitation", forged), "ada"); got.Get("error") != "invalid_request" {
		t.Errorf("a ticket that was guessed: %v", got)
	}
	if got := x.browser().answers(x.authorize(made, "prompt", "none"), "ada"); got.Get("error") != "login_required" {
		t.Errorf("without a page: %v", got)
	}

	ada := x.browser()
	if got := ada.answers(x.authorize(made), "ada"); !got.Has("code") {
		t.Fatalf("%v: %s", got, ada.text())
	}
	u, err := x.house.db.UserByID(t.Context(), "auth0|ada")
	if err != nil || !u.EmailVerified || !slices.Equal(x.roles("auth0|ada"), []string{"buyer"}) {
		t.Errorf("%+v, %v, %v", u, err, x.roles("auth0|ada"))
	}
	if e := x.events("organization.joined"); len(e) != 1 || e[0].UserID != "auth0|ada" || e[0].Data["invitation"] != made["id"] {
		t.Errorf("%+v", e)
	}
	x.may(invitationScopes, 404, "GET", x.at+"/"+made["id"].(string), "")
	if got := ada.answers(x.authorize(made), "ada"); got.Get("error") != "invalid_request" {
		t.Errorf("twice: %v", got)
	}

	// Who is signed in and a member gets more roles, without a page.
	more, _ := x.may("create:roles", 200, "POST", "/roles", `{"name":"admin"}`).object(t)["id"].(string)
	if got := ada.answers(x.authorize(x.invite("app", "ada@example.com", `,"roles":["`+more+`"]`)), "ada"); !got.Has("code") || !slices.Equal(x.roles("auth0|ada"), []string{"admin", "buyer"}) {
		t.Errorf("%v, %v", got, x.roles("auth0|ada"))
	}
	// Another person's session does not stand in the way, and is not taken for theirs.
	if got := ada.answers(x.authorize(x.invite("app", "bob@example.com", "")), "bob"); !got.Has("code") || len(x.events("organization.joined")) != 3 {
		t.Errorf("%v: %s", got, ada.text())
	}
	if _, err := x.house.db.Membership(t.Context(), x.id, "auth0|bob"); err != nil {
		t.Error(err)
	}
	// It opens no account, not even one that has no password yet.
	x.people("auth0|eve")
	if eve := x.browser().get(x.authorize(x.invite("app", "eve@example.com", ""))); !strings.HasPrefix(eve.at.Path, "/login/") {
		t.Errorf("at %s: %s", eve.at, eve.text())
	}
}

// TestInvitationOfNewcomer: who has no account makes one, by our own pages.
func TestInvitationOfNewcomer(t *testing.T) {
	x := newInviting(t)
	made := x.invite("plain", "new@example.com", `,"roles":["`+x.role+`"],"app_metadata":{"plan":"gold"},"send_invitation_email":false,"ttl_sec":600`)
	link := made["invitation_url"].(string)
	if !strings.HasPrefix(link, x.url+"/invited/"+x.id+"/") || len(x.mails.all()) != 0 {
		t.Fatalf("%v", made)
	}
	b := newBrowser(t)
	b.get(link)
	if _, err := x.house.db.UserByLogin(t.Context(), "new@example.com"); err == nil || !strings.Contains(b.text(), "Confirm that this address is yours") {
		t.Errorf("a look made an account, or: %s", b.text())
	}
	before := newBrowser(t) // has the link to a password and keeps it
	before.get(link).submit("")
	key := x.house.db.Hash("ticket", strings.TrimPrefix(before.at.Path, "/reset/"))
	if ticket, err := x.house.db.TicketByKey(t.Context(), key); err != nil || strings.Contains(string(ticket.Data), link[strings.LastIndexByte(link, '/')+1:]) {
		t.Errorf("the invitation's own ticket is kept in the open, or: %v", err)
	}
	b.submit("").get(link).submit("") // put off, and begun again
	b.fill(map[string]string{"password_new": invitedPassword, "password_again": invitedPassword}).submit("")
	if !strings.Contains(b.body, link) {
		t.Fatalf("no way back at %s: %s", b.at, b.text())
	}
	u, err := x.house.db.UserByLogin(t.Context(), "new@example.com")
	if err != nil || !u.EmailVerified || string(u.AppMetadata) != `{"plan":"gold"}` || x.roles(u.ID) != nil {
		t.Fatalf("%+v, %v", u, err)
	}
	b.get(link).fill(map[string]string{"username": "new@example.com", "password": invitedPassword}).submit("")
	if !strings.Contains(b.text(), "You have joined the organization") || !slices.Equal(x.roles(u.ID), []string{"buyer"}) {
		t.Errorf("%v: %s", x.roles(u.ID), b.text())
	}
	if b.get(link); b.status != http.StatusGone {
		t.Errorf("twice: %d %s", b.status, b.text())
	}
	if before.fill(map[string]string{"password_new": "another password of a stranger", "password_again": "another password of a stranger"}).submit(""); before.status != http.StatusGone || len(x.events("password.changed")) != 1 {
		t.Errorf("a link to a first password that is left over: %d %s", before.status, before.text())
	}

	// At an application's request the page comes first, too.
	made = x.invite("app", "other@example.com", "")
	if b = x.browser(); b.get(x.authorize(made)).at.Path != "/invited/"+x.id+"/"+made["ticket_id"].(string) {
		t.Errorf("at %s: %s", b.at, b.text())
	}
	if got := x.browser().answers(x.authorize(made, "prompt", "none"), ""); got.Get("error") != "login_required" {
		t.Errorf("without a page: %v", got)
	}
	x.may(invitationScopes, 204, "DELETE", x.at+"/"+made["id"].(string), "")
	x.may(invitationScopes, 404, "DELETE", x.at+"/"+made["id"].(string), "")
	if b.submit(""); b.status != http.StatusGone {
		t.Errorf("taken back: %d %s", b.status, b.text())
	}
	link = x.invite("plain", "late@example.com", `,"send_invitation_email":false,"ttl_sec":600`)["invitation_url"].(string)
	x.clock.ahead += 11 * time.Minute
	if b.get(link); b.status != http.StatusGone {
		t.Errorf("too late: %d %s", b.status, b.text())
	}
	if got := x.may(invitationScopes, 200, "GET", x.at, ""); len(got.body.([]any)) != 0 {
		t.Errorf("%v", got)
	}
	x.may("delete:organizations", 204, "DELETE", "/organizations/"+x.id, "")
	if b.get(link); b.status != http.StatusGone {
		t.Errorf("without the organization: %d", b.status)
	}
}
