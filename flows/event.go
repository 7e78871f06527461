package flows

import (
	"context"
	"encoding/json"
	"fmt"
	"math/bits"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/risk"
	"github.com/sallyport-id/sallyport/storage"
)

// An about is what scripts see of a login: user and context of rules, event of actions,
// by Auth0's contracts.
type about struct{ user, context, event json.RawMessage }

// Protocols, in Auth0's words.
const (
	protocolCode     = "oidc-basic-profile"
	protocolRefresh  = "oauth2-refresh-token"
	protocolReturned = "redirect-callback"
	protocolPassword = "oauth2-password"
)

// about tells scripts of l. back is what the person brought with them from where a script
// had sent them, nil where none had.
func (e *Engine) about(ctx context.Context, r *http.Request, l *login, back url.Values) (*about, error) {
	h, err := e.remind(ctx, l)
	if err != nil {
		return nil, err
	}
	request := e.requestOf(r, l, back)
	a := &about{}
	if a.user, err = json.Marshal(e.profile(l)); err != nil {
		return nil, fmt.Errorf("scripts: user: %w", err)
	}
	if a.context, err = json.Marshal(e.ruleContext(l, h, request, back != nil)); err != nil {
		return nil, fmt.Errorf("scripts: context: %w", err)
	}
	enrolled, err := json.Marshal(e.enrolledFactors(l))
	if err != nil {
		return nil, fmt.Errorf("scripts: user: %w", err)
	}
	if a.event, err = json.Marshal(e.actionEvent(l, h, request)); err != nil {
		return nil, fmt.Errorf("scripts: event: %w", err)
	}
	a.event = attach(a.event, "user", attach(a.user, "enrolledFactors", enrolled))
	return a, nil
}

// attach is a JSON object with a member more. json.Marshal would read the member through.
func attach(object json.RawMessage, name string, member json.RawMessage) json.RawMessage {
	separator := `,"`
	if len(object) == len("{}") {
		separator = `"`
	}
	return slices.Concat(object[:len(object)-1], []byte(separator+name+`":`), member, []byte("}"))
}

// profile is the person, as rules and actions have them.
func (e *Engine) profile(l *login) seenUser {
	u := l.user
	p := seenUser{
		ID: u.ID, Username: u.Username, Email: u.Email, EmailVerified: u.EmailVerified, PhoneNumber: u.PhoneNumber, PhoneVerified: u.PhoneNumberVerified,
		Name: u.Name, GivenName: u.GivenName, FamilyName: u.FamilyName, Nickname: u.Nickname, Picture: u.Picture, Locale: u.Locale,
		CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt, Blocked: u.Blocked,
		Identities:  []seenIdentity{{Connection: e.config.Connection, Provider: connectionStrategy, UserID: u.ID}},
		AppMetadata: object(u.AppMetadata), UserMetadata: object(u.UserMetadata), Multifactor: e.multifactor(l),
	}
	for _, a := range l.usable(factors.Password) {
		p.LastPasswordReset = &a.CreatedAt
	}
	return p
}

func object(text json.RawMessage) json.RawMessage {
	if len(text) == 0 || string(text) == "null" {
		return json.RawMessage("{}")
	}
	return text
}

// multifactor are the kinds of second factors that the person has, e-mail excluded.
func (e *Engine) multifactor(l *login) []string {
	all := []string{}
	for _, a := range l.auths {
		info := e.factors.Info(a.Factor)
		if a.Usable() && info.Second && info.Traits&factors.Weak == 0 && !slices.Contains(all, providerOf(a.Factor)) {
			all = append(all, providerOf(a.Factor))
		}
	}
	return all
}

func (e *Engine) enrolledFactors(l *login) []any {
	all := []any{}
	for _, name := range e.factors.Names() {
		if e.factors.Info(name).Second && len(l.usable(name)) > 0 {
			all = append(all, factorType(name))
		}
	}
	return all
}

// methods are what was proven, in the words of scripts.
func (e *Engine) methods(l *login, stamp func(time.Time) any) []seenMethod {
	all := []seenMethod{}
	for _, p := range l.proofs() {
		m := seenMethod{Name: p.Factor, Timestamp: stamp(p.At)}
		switch info := e.factors.Info(p.Factor); {
		case p.Factor == factors.Password:
			m.Name = "pwd"
		case isCustom(p), !info.Second:
		case e.passkey(p):
			m.Name = "passkey"
		default:
			m.Name, m.Type = "mfa", TypeOf(p.Factor)
		}
		all = append(all, m)
	}
	return all
}

// passkey reports whether a proof opened a login by itself.
func (e *Engine) passkey(p factors.Proof) bool {
	return e.factors.Info(p.Factor).First && bits.OnesCount8(uint8(p.Kinds)) > 1
}

// ruleContext is context of rules.
func (e *Engine) ruleContext(l *login, h *history, q happening, returned bool) *seenContext {
	c := &seenContext{
		Tenant: e.tenant(), Connection: e.config.Connection, ConnectionID: ConnectionID, ConnectionStrategy: connectionStrategy,
		Protocol: l.protocol(returned), Authorization: seenRoles{orEmpty(l.roles())}, Organization: l.organizationSeen(), RiskAssessment: l.state.Risk,
	}
	r := &c.Request
	r.UserAgent, r.IP, r.Hostname, r.Query, r.Body, r.GeoIP = q.agent, q.ip, q.host, q.query, q.body, snake(q.place)
	c.Authentication.Methods = e.methods(l, func(at time.Time) any { return at.UnixMilli() })
	c.Stats.LoginsCount = h.Logins + 1
	c.SSO.CurrentClients = l.clients()
	if l.client != nil {
		c.seenRuleClient = &seenRuleClient{l.client.ID, l.client.Name, metadata(l.client)}
	}
	if s := l.live(); s != nil {
		c.SessionID, c.SSO.WithAuth0, c.SSO.WithDBConn = s.ID, true, true
	}
	return c
}

// actionEvent is event of actions, but for the user.
func (e *Engine) actionEvent(l *login, h *history, q happening) *seenEvent {
	iso := func(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }
	ev := &seenEvent{Authorization: seenRoles{orEmpty(l.roles())}, Organization: l.organizationSeen(), Transaction: e.transaction(l)}
	ev.Authentication.Methods, ev.Authentication.RiskAssessment = e.methods(l, func(at time.Time) any { return iso(at) }), l.state.Risk
	ev.Connection.ID, ev.Connection.Name, ev.Connection.Strategy = ConnectionID, e.config.Connection, connectionStrategy
	ev.Stats.LoginsCount, ev.Tenant.ID = h.Logins+1, e.tenant()
	r := &ev.Request
	r.IP, r.Hostname, r.Method, r.Query, r.Body, r.Language, r.UserAgent = q.ip, q.host, q.method, q.query, q.body, q.language, q.agent
	if q.place != nil {
		r.GeoIP = *q.place
	}
	if l.client != nil {
		ev.Client = &seenActionClient{l.client.ID, l.client.Name, metadata(l.client)}
	}
	if s := l.live(); s != nil {
		ev.Session = &seenSession{
			ID: s.ID, CreatedAt: iso(s.CreatedAt), AuthenticatedAt: iso(s.AuthTime), LastInteractedAt: iso(s.LastSeenAt), ExpiresAt: iso(s.ExpiresAt),
			Clients: l.clients(),
		}
		ev.Session.Device.LastIP, ev.Session.Device.LastUserAgent = s.Address, s.UserAgent
	}
	if audience := l.parameters().Get("audience"); audience != "" {
		ev.ResourceServer = &seenResourceServer{audience}
	}
	return ev
}

// transaction is event.transaction.
func (e *Engine) transaction(l *login) seenTransaction {
	ask, q := l.state.Ask, l.parameters()
	t := seenTransaction{
		ID: l.row.ID, ACRValues: orEmpty(ask.ACRValues), RequestedScopes: strings.Fields(q.Get("scope")), Protocol: l.protocol(false),
		Prompt: orEmpty(ask.Prompt), UILocales: orEmpty(ask.UILocales), Locale: "en", RedirectURI: q.Get("redirect_uri"),
		LoginHint: ask.LoginHint, ResponseType: strings.Fields(q.Get("response_type")), ResponseMode: q.Get("response_mode"),
		State: l.row.ID, Metadata: map[string]any{},
	}
	if s := l.state.Scripted; s != nil && s.Transaction != nil {
		t.Metadata = s.Transaction
	}
	return t
}

func (l *login) protocol(returned bool) string {
	switch {
	case l.tokenOnly:
		return protocolRefresh
	case returned:
		return protocolReturned
	case l.state.Ask.Direct != "":
		return protocolPassword
	}
	return protocolCode
}

// clients are the applications that the session was used for.
func (l *login) clients() []string {
	if s := l.live(); s != nil {
		return orEmpty(s.Clients)
	}
	return []string{}
}

func (l *login) organizationSeen() *seenOrganization {
	o := l.scene.organization
	if o == nil {
		return nil
	}
	return &seenOrganization{o.ID, o.Name, o.DisplayName, o.Metadata}
}

// snake is a place in the spelling of rules.
func snake(p *risk.Place) seenPlace {
	if p == nil {
		return seenPlace{}
	}
	s := seenPlace{
		CountryCode: p.CountryCode, CountryCode3: p.CountryCode3, CountryName: p.CountryName, CityName: p.CityName, TimeZone: p.TimeZone,
		ContinentCode: p.ContinentCode, SubdivisionCode: p.SubdivisionCode, SubdivisionName: p.SubdivisionName,
	}
	if p.Located() {
		s.Latitude, s.Longitude = &p.Latitude, &p.Longitude
	}
	return s
}

// tenant is the first word of the site's name.
func (e *Engine) tenant() string {
	name, _, _ := strings.Cut(e.issuer.Hostname(), ".")
	return name
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// metadata are a client's own words about itself.
func metadata(c *storage.Client) map[string]string {
	if c.Settings.Metadata == nil {
		return map[string]string{}
	}
	return c.Settings.Metadata
}
