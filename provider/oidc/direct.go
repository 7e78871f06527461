package oidc

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ory/fosite"

	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/storage"
)

// The grants in this file sign a person in without our pages: the client takes the
// password, and the second factor, and hands them over (RFC 6749 §4.3, and Auth0's). A
// client may use them only where it is registered for them.

func isDirect(kind string) bool {
	return kind == grantPassword || kind == grantRealm || isMFAGrant(kind)
}

// exchangeDirect redeems a password, or a second factor.
func (p *Provider) exchangeDirect(r *http.Request, c *client, form url.Values) (map[string]any, error) {
	kind := form.Get("grant_type")
	if !slices.Contains(c.Metadata.GrantTypes, kind) {
		return nil, &oauthError{Code: "unauthorized_client", Description: "Grant type '" + kind + "' not allowed for the client.", status: http.StatusForbidden}
	}
	r = p.onBehalf(r, c)
	var body map[string]any
	var err error
	if isMFAGrant(kind) {
		body, err = p.redeemFactor(r, c, form)
	} else {
		body, err = p.redeemPassword(r, c, form)
	}
	return body, p.plainly(err, kind)
}

func missing(form url.Values, names ...string) error {
	for _, name := range names {
		if !form.Has(name) {
			return invalidRequest("Missing required parameter: " + name)
		}
	}
	return nil
}

func (p *Provider) redeemPassword(r *http.Request, c *client, form url.Values) (map[string]any, error) {
	if !c.Settings.FirstParty { // it was once, and was registered for the grant then
		return nil, &oauthError{Code: "unauthorized_client", Description: "Only the site's own clients may take people's passwords.", status: http.StatusForbidden}
	}
	if err := missing(form, "username", "password"); err != nil {
		return nil, err
	}
	if form.Get("grant_type") == grantRealm {
		if err := missing(form, "realm"); err != nil {
			return nil, err
		}
		if form.Get("realm") != p.flows.Connection() {
			return nil, invalidRequest("There is no connection with the name that realm has.")
		}
	}
	ask, err := p.directAsk(r.Context(), c, form)
	if err != nil {
		return nil, err
	}
	res, err := p.flows.SignIn(r, ask, form.Get("username"), form.Get("password"))
	if err != nil {
		return nil, err
	}
	return p.issue(r.Context(), c, res)
}

// directAsk reads what a password is to be good for. What the sign-in was begun for is kept
// with it: who brings the second factor names neither scope nor API.
func (p *Provider) directAsk(ctx context.Context, c *client, form url.Values) (flows.Ask, error) {
	audience, err := audienceOf(form.Get)
	if err != nil {
		return flows.Ask{}, err
	}
	if !printable(form.Get("scope")) {
		return flows.Ask{}, fault("invalid_scope", "scope has characters that no scope has.")
	}
	if err := p.aim(ctx, c, audience); err != nil {
		return flows.Ask{}, err
	}
	kept := url.Values{"client_id": {c.ID}}
	for _, name := range []string{"grant_type", "scope", "username", "realm"} {
		if form.Has(name) {
			kept.Set(name, form.Get(name))
		}
	}
	if audience != "" {
		kept.Set("audience", audience)
	}
	ask := flows.Ask{ClientID: c.ID, Scopes: c.asks(c.allowed(form.Get("scope"))), Request: []byte(kept.Encode())}
	p.guard(c, &ask)
	return ask, nil
}

// allowed are those of the scopes asked for that c may have, each once.
func (c *client) allowed(asked string) []string {
	scopes := []string{}
	for _, s := range strings.Fields(asked) {
		if slices.Contains(c.scopes, s) && !slices.Contains(scopes, s) {
			scopes = append(scopes, s)
		}
	}
	return scopes
}

// redeemFactor takes the second factor of a sign-in that began with a password or a
// refresh token, or the first code of one that was set up.
func (p *Provider) redeemFactor(r *http.Request, c *client, form url.Values) (map[string]any, error) {
	if err := missing(form, "mfa_token"); err != nil {
		return nil, err
	}
	d, err := p.sought(r, c, form.Get("mfa_token"))
	if err != nil {
		return nil, err
	}
	var res *flows.Result
	next := ""
	switch form.Get("grant_type") {
	case grantOTP:
		if err = missing(form, "otp"); err == nil {
			res, err = d.OTP(form.Get("otp"))
		}
	case grantOOB:
		if err = missing(form, "oob_code"); err == nil {
			res, err = d.Answer(form.Get("oob_code"), form.Get("binding_code"))
		}
	case grantRecovery:
		if err = missing(form, "recovery_code"); err == nil {
			res, next, err = d.Recovery(form.Get("recovery_code"))
		}
	}
	if err != nil {
		return nil, err
	}
	body, err := p.issue(r.Context(), c, res)
	if err == nil && next != "" {
		body["recovery_code"] = next
	}
	return body, err
}

// sought is the sign-in that an mfa_token stands for. Whoever sets a factor up with an
// access token for the MFA API shows that in its place.
func (p *Provider) sought(r *http.Request, c *client, token string) (*flows.Direct, error) {
	d, err := p.flows.Direct(r, token, c.ID)
	if !errors.Is(err, flows.ErrMalformed) {
		return d, err
	}
	by, failed := p.caller(r.Context(), token, p.at(pathMFA))
	switch {
	case errors.Is(failed, flows.ErrNoCaller), failed == nil && (by.UserID == "" || !by.May("enroll")):
		return nil, err
	case failed != nil:
		return nil, failed
	case by.ClientID != c.ID:
		return nil, flows.ErrOtherClient
	}
	return p.flows.Adding(r, by, token, flows.Ask{}, false)
}

// issue makes the tokens of a sign-in without a browser.
func (p *Provider) issue(ctx context.Context, c *client, res *flows.Result) (map[string]any, error) {
	form, err := url.ParseQuery(string(res.Ask.Request))
	if err != nil {
		return nil, err
	}
	job := &work{now: p.now(), client: c}
	if len(res.Ask.Origin) > 0 {
		return p.reissue(ctx, job, form, res)
	}
	if err := p.aim(ctx, c, form.Get("audience")); err != nil {
		return nil, err
	}
	if c.auth0 {
		if job.user, err = p.db.UserByID(ctx, res.UserID); err != nil {
			return nil, err
		}
	}
	s := &session{
		UserID: res.UserID, ClientID: c.ID, ACR: res.ACR, AMR: res.AMR, AuthTime: res.AuthTime.Unix(), RequestedAt: res.Ask.RequestedAt.Unix(),
		Until: job.now.Add(c.refreshAbsolute()).Unix(), Audience: form.Get("audience"), Own: ownOf(res.Claims),
		Scopes: c.granted(form.Get("scope"), res.Claims),
	}
	return p.hand(ctx, job, storage.NewID("req"), s, s.Scopes)
}

// granted are the scopes of a sign-in, but for what scripts took or added.
func (c *client) granted(asked string, say flows.Claims) []string {
	scopes := slices.DeleteFunc(c.allowed(asked), func(s string) bool { return s != "openid" && slices.Contains(say.Remove, s) })
	for _, s := range say.Add {
		if slices.Contains(c.scopes, s) && !slices.Contains(scopes, s) {
			scopes = append(scopes, s)
		}
	}
	return scopes
}

// reissue spends the refresh token that could not be renewed without a second factor. The
// chain ends when it would have.
func (p *Provider) reissue(ctx context.Context, job *work, form url.Values, res *flows.Result) (map[string]any, error) {
	ctx = withWork(ctx, job)
	err := (&store{p}).load(ctx, storage.GrantRefresh, string(res.Ask.Origin))
	if errors.Is(err, fosite.ErrNotFound) || err == nil && (!job.grant.Active || !job.grant.UsedAt.IsZero() || !job.now.Before(job.grant.ExpiresAt)) {
		return nil, fault("invalid_grant", ours["invalid_grant"])
	}
	if err != nil {
		return nil, err
	}
	s := job.record.Session
	s.ACR, s.AMR, s.AuthTime, s.Own = res.ACR, res.AMR, res.AuthTime.Unix(), ownOf(res.Claims)
	scopes := slices.Clone(s.Scopes)
	if asked := strings.Fields(form.Get("scope")); len(asked) > 0 {
		scopes = slices.DeleteFunc(scopes, func(one string) bool { return !slices.Contains(asked, one) })
	}
	scopes = slices.DeleteFunc(scopes, func(one string) bool { return one != "openid" && slices.Contains(res.Claims.Remove, one) })
	job.spend = true
	return p.hand(ctx, job, job.grant.RequestID, s, scopes)
}

// hand makes the tokens of an authorization, stores them and is the answer.
func (p *Provider) hand(ctx context.Context, job *work, family string, s *session, scopes []string) (map[string]any, error) {
	ctx = withWork(ctx, job)
	r := &fosite.Request{
		ID: family, RequestedAt: job.now, Client: job.client, Session: s, RequestedScope: scopes, GrantedScope: scopes,
		RequestedAudience: audiences(s), GrantedAudience: audiences(s),
	}
	tokens, rows := &strategy{p}, &store{p}
	access, key, err := tokens.GenerateAccessToken(ctx, r)
	if err == nil {
		err = rows.CreateAccessTokenSession(ctx, key, r)
	}
	body := map[string]any{"access_token": access, "token_type": "Bearer", "scope": strings.Join(scopes, " ")}
	if err == nil && s.offline() {
		var refresh string
		if refresh, key, err = tokens.GenerateRefreshToken(ctx, r); err == nil {
			body["refresh_token"] = refresh
			err = rows.CreateRefreshTokenSession(ctx, key, "", r)
		}
	}
	if err == nil && slices.Contains(scopes, "openid") {
		body["id_token"], err = tokens.GenerateIDToken(ctx, job.client.GetEffectiveLifespan("", fosite.IDToken, p.config.IDTokenTTL), r)
	}
	if err == nil {
		err = p.finish(ctx, job)
	}
	if err != nil {
		return nil, err
	}
	body["expires_in"] = int64(job.until(storage.GrantAccess, s).Sub(job.now) / time.Second)
	return body, nil
}
