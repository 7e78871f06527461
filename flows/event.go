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
	user := e.profile(l)
	request := e.requestOf(r, l, back)
	user["multifactor"] = e.multifactor(l)
	a := &about{}
	if a.user, err = json.Marshal(user); err != nil {
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
func (e *Engine) profile(l *login) map[string]any {
	u := l.user
	p := map[string]any{
		"user_id": u.ID, "username": u.Username, "email_verified": u.EmailVerified, "phone_verified": u.PhoneNumberVerified,
		"created_at": u.CreatedAt, "updated_at": u.UpdatedAt, "blocked": u.Blocked,
		"identities":   []any{map[string]any{"connection": e.config.Connection, "provider": connectionStrategy, "user_id": u.ID, "isSocial": false}},
		"app_metadata": object(u.AppMetadata), "user_metadata": object(u.UserMetadata),
	}
	for name, text := range map[string]string{
		"email": u.Email, "name": u.Name, "given_name": u.GivenName, "family_name": u.FamilyName, "nickname": u.Nickname,
		"picture": u.Picture, "phone_number": u.PhoneNumber, "locale": u.Locale,
	} {
		if text != "" {
			p[name] = text
		}
	}
	for _, a := range l.usable(factors.Password) {
		p["last_password_reset"] = a.CreatedAt
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
func (e *Engine) methods(l *login, stamp func(time.Time) any) []any {
	all := []any{}
	for _, p := range l.proofs() {
		m := map[string]any{"timestamp": stamp(p.At)}
		switch info := e.factors.Info(p.Factor); {
		case p.Factor == factors.Password:
			m["name"] = "pwd"
		case isCustom(p):
			m["name"] = p.Factor
		case !info.Second:
			m["name"] = p.Factor
		case e.passkey(p):
			m["name"] = "passkey"
		default:
			m["name"], m["type"] = "mfa", factorType(p.Factor)["type"]
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
func (e *Engine) ruleContext(l *login, h *history, q happening, returned bool) map[string]any {
	c := map[string]any{
		"tenant": e.tenant(), "connection": e.config.Connection, "connectionID": "con_default", "connectionStrategy": connectionStrategy,
		"connectionOptions": map[string]any{}, "connectionMetadata": map[string]any{},
		"protocol": l.protocol(returned),
		"request": map[string]any{
			"userAgent": q.agent, "ip": q.ip, "hostname": q.host, "query": q.query, "body": q.body, "geoip": snake(q.place),
		},
		"authentication": map[string]any{"methods": e.methods(l, func(at time.Time) any { return at.UnixMilli() })},
		"authorization":  map[string]any{"roles": orEmpty(l.roles())},
		"stats":          map[string]any{"loginsCount": h.Logins + 1},
		"sso":            map[string]any{"with_auth0": l.live() != nil, "with_dbconn": l.live() != nil, "current_clients": l.clients()},
		"idToken":        map[string]any{}, "accessToken": map[string]any{},
	}
	if l.client != nil {
		c["clientID"], c["clientName"], c["clientMetadata"] = l.client.ID, l.client.Name, metadata(l.client)
	}
	if s := l.live(); s != nil {
		c["sessionID"] = s.ID
	}
	if o := l.organizationSeen(); o != nil {
		c["organization"] = o
	}
	if l.state.Risk != nil {
		c["riskAssessment"] = l.state.Risk
	}
	return c
}

// actionEvent is event of actions, but for the user.
func (e *Engine) actionEvent(l *login, h *history, q happening) map[string]any {
	iso := func(at time.Time) any { return at.UTC().Format("2006-01-02T15:04:05.000Z") }
	authentication := map[string]any{"methods": e.methods(l, iso)}
	if l.state.Risk != nil {
		authentication["riskAssessment"] = l.state.Risk
	}
	request := map[string]any{
		"ip": q.ip, "hostname": q.host, "method": q.method, "query": q.query, "body": q.body, "language": q.language, "user_agent": q.agent,
		"geoip": map[string]any{},
	}
	if q.place != nil {
		request["geoip"] = q.place
	}
	ev := map[string]any{
		"authentication": authentication, "authorization": map[string]any{"roles": orEmpty(l.roles())},
		"connection": map[string]any{"id": "con_default", "name": e.config.Connection, "strategy": connectionStrategy, "metadata": map[string]any{}},
		"request":    request, "stats": map[string]any{"logins_count": h.Logins + 1}, "tenant": map[string]any{"id": e.tenant()},
		"transaction": e.transaction(l), "security_context": map[string]any{},
	}
	if l.client != nil {
		ev["client"] = map[string]any{"client_id": l.client.ID, "name": l.client.Name, "metadata": metadata(l.client)}
	}
	if s := l.live(); s != nil {
		ev["session"] = map[string]any{
			"id": s.ID, "created_at": iso(s.CreatedAt), "authenticated_at": iso(s.AuthTime), "last_interacted_at": iso(s.LastSeenAt), "expires_at": iso(s.ExpiresAt),
			"clients": l.clients(), "device": map[string]any{"last_ip": s.Address, "last_user_agent": s.UserAgent},
		}
	}
	if o := l.organizationSeen(); o != nil {
		ev["organization"] = o
	}
	if audience := l.parameters().Get("audience"); audience != "" {
		ev["resource_server"] = map[string]any{"identifier": audience}
	}
	return ev
}

// transaction is event.transaction.
func (e *Engine) transaction(l *login) map[string]any {
	ask, q := l.state.Ask, l.parameters()
	metadata := map[string]any{}
	if s := l.state.Scripted; s != nil && s.Transaction != nil {
		metadata = s.Transaction
	}
	return map[string]any{
		"id": l.row.ID, "acr_values": orEmpty(ask.ACRValues), "requested_scopes": strings.Fields(q.Get("scope")), "protocol": l.protocol(false),
		"prompt": orEmpty(ask.Prompt), "ui_locales": orEmpty(ask.UILocales), "locale": "en", "redirect_uri": q.Get("redirect_uri"),
		"login_hint": ask.LoginHint, "response_type": strings.Fields(q.Get("response_type")), "response_mode": q.Get("response_mode"),
		"state": l.row.ID, "metadata": metadata,
	}
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

func (l *login) organizationSeen() map[string]any {
	o := l.scene.organization
	if o == nil {
		return nil
	}
	return map[string]any{"id": o.ID, "name": o.Name, "display_name": o.DisplayName, "metadata": o.Metadata}
}

// snake is a place in the spelling of rules; an unknown one has nothing.
func snake(p *risk.Place) map[string]any {
	all := map[string]any{}
	if p == nil {
		return all
	}
	for name, text := range map[string]string{
		"country_code": p.CountryCode, "country_code3": p.CountryCode3, "country_name": p.CountryName, "city_name": p.CityName,
		"time_zone": p.TimeZone, "continent_code": p.ContinentCode, "subdivision_code": p.SubdivisionCode, "subdivision_name": p.SubdivisionName,
	} {
		if text != "" {
			all[name] = text
		}
	}
	if p.Located() {
		all["latitude"], all["longitude"] = p.Latitude, p.Longitude
	}
	return all
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
