package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/auth0/go-auth0"
	"github.com/auth0/go-auth0/management"
)

// somebody is a new user for one walk.
func somebody(ctx context.Context, m *management.Management, name string) (*management.User, error) {
	u := &management.User{
		Connection: auth0.String(connection), Email: auth0.String(name + "@walk.example"), Password: auth0.String("Passwords hide their chuck"),
		EmailVerified: auth0.Bool(true), Name: auth0.String(name), UserMetadata: &map[string]any{"colour": "blue"}, AppMetadata: &map[string]any{"plan": "gold"},
	}
	return u, m.User.Create(ctx, u)
}

func (p *program) users(ctx context.Context, m *management.Management) {
	p.topic = "User"
	var u *management.User
	p.differs("User.Create", "a new user_id is `usr_…`, with no `auth0|` before it; imported ones keep theirs", func() (err error) {
		if u, err = somebody(ctx, m, "go-user"); err != nil {
			return err
		}
		return want(strings.HasPrefix(u.GetID(), "usr_"), "an ID of ours", u)
	})
	id := u.GetID()
	p.works("User.Read", func() error {
		return see(m.User.Read(ctx, id))(func(found *management.User) bool {
			return found.GetEmail() == "go-user@walk.example" && (*found.AppMetadata)["plan"] == "gold" && len(found.Identities) == 1
		})
	})
	p.works("User.Update", func() error {
		return m.User.Update(ctx, id, &management.User{Nickname: auth0.String("Goo"), AppMetadata: &map[string]any{"plan": "silver"}})
	})
	p.works("User.List", func() error {
		return see(m.User.List(ctx, management.PerPage(1), management.IncludeTotals(true)))(func(l *management.UserList) bool { return len(l.Users) == 1 && l.Total > 1 })
	})
	p.works("User.Search", func() error {
		return see(m.User.Search(ctx, management.Query(`email:"go-user@walk.example"`)))(func(l *management.UserList) bool { return len(l.Users) == 1 && l.Users[0].GetNickname() == "Goo" })
	})
	p.works("User.ListByEmail", func() error {
		return see(m.User.ListByEmail(ctx, "go-user@walk.example"))(func(l []*management.User) bool { return len(l) == 1 })
	})
	p.works("User.Blocks", func() error { _, err := m.User.Blocks(ctx, id); return err })
	p.works("User.BlocksByIdentifier", func() error { _, err := m.User.BlocksByIdentifier(ctx, "go-user@walk.example"); return err })
	p.works("User.Unblock", func() error { return m.User.Unblock(ctx, id) })
	p.works("User.UnblockByIdentifier", func() error { return m.User.UnblockByIdentifier(ctx, "go-user@walk.example") })
	p.works("User.Permissions", func() error { _, err := m.User.Permissions(ctx, id); return err })
	p.works("User.ListUserSessions", func() error { _, err := m.User.ListUserSessions(ctx, id); return err })
	p.works("User.DeleteUserSessions", func() error { return m.User.DeleteUserSessions(ctx, id) })
	p.works("User.ListRefreshTokens", func() error { _, err := m.User.ListRefreshTokens(ctx, id); return err })
	p.works("User.DeleteRefreshTokens", func() error { return m.User.DeleteRefreshTokens(ctx, id) })
	p.works("User.GetUserLogs", func() error { _, err := m.User.GetUserLogs(ctx, id); return err })
	p.works("User.Organizations", func() error { _, err := m.User.Organizations(ctx, id); return err })
	p.works("User.Delete", func() error {
		if err := m.User.Delete(ctx, id); err != nil {
			return err
		}
		_, err := m.User.Read(ctx, id)
		var refused management.Error
		return want(errors.As(err, &refused) && refused.Status() == 404, "404 afterwards", err)
	})
}

func (p *program) userFactors(ctx context.Context, m *management.Management) {
	u, err := somebody(ctx, m, "go-factors")
	id := u.GetID()
	if err != nil {
		id = "usr_nobody"
	}
	phone := &management.AuthenticationMethod{Type: auth0.String("phone"), PhoneNumber: auth0.String("+15005550012"), PreferredAuthenticationMethod: auth0.String("sms")}
	p.works("User.CreateAuthenticationMethod", func() error {
		if err := m.User.CreateAuthenticationMethod(ctx, id, phone); err != nil {
			return err
		}
		return want(phone.GetID() != "", "an ID", phone)
	})
	p.works("User.ListAuthenticationMethods", func() error {
		return see(m.User.ListAuthenticationMethods(ctx, id))(func(l *management.AuthenticationMethodList) bool { return len(l.Authenticators) > 0 })
	})
	p.works("User.GetAuthenticationMethodByID", func() error {
		return see(m.User.GetAuthenticationMethodByID(ctx, id, phone.GetID()))(func(a *management.AuthenticationMethod) bool { return a.GetType() == "phone" })
	})
	p.works("User.UpdateAuthenticationMethod", func() error {
		return m.User.UpdateAuthenticationMethod(ctx, id, phone.GetID(), &management.AuthenticationMethod{PreferredAuthenticationMethod: auth0.String("sms")})
	})
	p.works("User.Enrollments", func() error { _, err := m.User.Enrollments(ctx, id); return err })
	p.works("User.DeleteAuthenticationMethod", func() error { return m.User.DeleteAuthenticationMethod(ctx, id, phone.GetID()) })
	p.works("User.UpdateAllAuthenticationMethods", func() error {
		return m.User.UpdateAllAuthenticationMethods(ctx, id, &[]management.AuthenticationMethod{{Type: auth0.String("totp"), TOTPSecret: auth0.String("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")}})
	})
	p.works("User.RegenerateRecoveryCode", func() error {
		return see(m.User.RegenerateRecoveryCode(ctx, id))(func(r *management.UserRecoveryCode) bool { return len(r.GetRecoveryCode()) == 24 })
	})
	p.works("User.InvalidateRememberBrowser", func() error { return m.User.InvalidateRememberBrowser(ctx, id) })
	p.works("User.ClearRiskAssessmentAssessors", func() error {
		return m.User.ClearRiskAssessmentAssessors(ctx, id, &management.UserRiskAssessmentAssessor{Connection: auth0.String(connection), Assessors: []string{"new-device"}})
	})
	p.works("User.DeleteAllAuthenticationMethods", func() error { return m.User.DeleteAllAuthenticationMethods(ctx, id) })
}

// sessions are those of the person who signed in at the Authentication API.
func (p *program) sessions(ctx context.Context, m *management.Management) {
	who, err := m.User.ListByEmail(ctx, p.People["go"].Email)
	if err != nil || len(who) == 0 {
		who = []*management.User{{}} // the calls tell
	}
	id := who[0].GetID()
	tokens, _ := m.User.ListRefreshTokens(ctx, id) // as above
	p.topic = "RefreshToken"
	p.works("RefreshToken.Read", func() error {
		return see(m.RefreshToken.Read(ctx, tokens.Tokens[0].GetID()))(func(t *management.RefreshToken) bool { return t.GetUserID() == id })
	})
	p.works("RefreshToken.Delete", func() error { return m.RefreshToken.Delete(ctx, tokens.Tokens[0].GetID()) })
	list, _ := m.User.ListUserSessions(ctx, id) // as above
	p.topic = "Session"
	p.works("Session.Read", func() error {
		return see(m.Session.Read(ctx, list.Sessions[0].GetID()))(func(s *management.Session) bool { return s.GetUserID() == id })
	})
	p.works("Session.Revoke", func() error { return m.Session.Revoke(ctx, list.Sessions[0].GetID()) })
	p.works("Session.Delete", func() error { return m.Session.Delete(ctx, list.Sessions[1].GetID()) })
}

func (p *program) tickets(ctx context.Context, m *management.Management) {
	p.topic = "Ticket"
	u, _ := somebody(ctx, m, "go-ticket") // where there is none, the calls tell
	p.works("Ticket.VerifyEmail", func() error {
		t := &management.Ticket{UserID: u.ID, ResultURL: auth0.String(p.Web + "/welcome"), TTLSec: auth0.Int(600)}
		return see(t, m.Ticket.VerifyEmail(ctx, t))(func(t *management.Ticket) bool { return t.GetTicket() != "" })
	})
	p.works("Ticket.ChangePassword", func() error {
		t := &management.Ticket{UserID: u.ID, ResultURL: auth0.String(p.Web + "/welcome"), TTLSec: auth0.Int(600)}
		return see(t, m.Ticket.ChangePassword(ctx, t))(func(t *management.Ticket) bool { return t.GetTicket() != "" })
	})
}

func (p *program) logs(ctx context.Context, m *management.Management) {
	p.topic = "Log"
	var one *management.Log
	p.works("Log.List", func() error {
		return see(m.Log.List(ctx, management.PerPage(5)))(func(l []*management.Log) bool {
			if len(l) > 0 {
				one = l[0]
			}
			return one.GetType() != "" && time.Since(one.GetDate()) < time.Hour
		})
	})
	p.works("Log.List from a checkpoint", func() error {
		_, err := m.Log.List(ctx, management.From(one.GetLogID()), management.Take(5))
		return err
	})
	p.works("Log.Search", func() error { _, err := m.Log.Search(ctx, management.Query("type:s")); return err })
	p.works("Log.Read", func() error {
		return see(m.Log.Read(ctx, one.GetLogID()))(func(l *management.Log) bool { return l.GetType() == one.GetType() })
	})
	p.topic = "LogStream"
	s := &management.LogStream{Name: auth0.String("walk"), Type: auth0.String("http"), Sink: &management.LogStreamSinkHTTP{
		Endpoint: auth0.String("https://logs.example/"), ContentFormat: auth0.String("JSONLINES"), ContentType: auth0.String("application/json"), Authorization: auth0.String("Bearer x"),
	}}
	p.works("LogStream.Create", func() error { return m.LogStream.Create(ctx, s) })
	p.works("LogStream.Read", func() error {
		return see(m.LogStream.Read(ctx, s.GetID()))(func(s *management.LogStream) bool { return s.GetName() == "walk" })
	})
	p.works("LogStream.List", func() error {
		return see(m.LogStream.List(ctx))(func(l []*management.LogStream) bool { return len(l) > 0 })
	})
	p.works("LogStream.Update", func() error {
		return m.LogStream.Update(ctx, s.GetID(), &management.LogStream{Name: auth0.String("walked")})
	})
	p.works("LogStream.Delete", func() error { return m.LogStream.Delete(ctx, s.GetID()) })
}
