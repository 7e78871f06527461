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

	"github.com/sallyport-id/sallyport/storage"
)

const (
	grantCode    = "authorization_code"
	grantRefresh = "refresh_token"
	grantMachine = "client_credentials"
	grantDevice  = "urn:ietf:params:oauth:grant-type:device_code"

	// Auth0's names of the grants by which a person signs in without our pages.
	auth0Grants   = "http://auth0.com/oauth/grant-type/"
	grantPassword = "password"
	grantRealm    = auth0Grants + "password-realm"
	grantOTP      = auth0Grants + "mfa-otp"
	grantOOB      = auth0Grants + "mfa-oob"
	grantRecovery = auth0Grants + "mfa-recovery-code"
)

func isMFAGrant(kind string) bool {
	return kind == grantOTP || kind == grantOOB || kind == grantRecovery
}

// token is POST /oauth/token (RFC 6749 §3.2).
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	body, err := p.exchange(r)
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Pragma", "no-cache")
	writeJSON(w, http.StatusOK, body)
}

// exchange redeems what the client shows. Nothing is answered before it is written.
func (p *Provider) exchange(r *http.Request) (map[string]any, error) {
	form, err := postForm(r)
	if err != nil {
		return nil, err
	}
	c, err := p.authenticate(r, form)
	if err != nil {
		return nil, err
	}
	if isDirect(form.Get("grant_type")) {
		return p.exchangeDirect(r, c, form)
	}
	if form.Get("grant_type") == grantDevice {
		return p.exchangeDevice(r.Context(), c, form)
	}
	job := &work{now: p.now(), client: c}
	ctx := withWork(r.Context(), job)
	s, err := p.prepare(ctx, c, form)
	if err != nil {
		return nil, err
	}
	r = r.WithContext(ctx)
	r.Form, r.PostForm = form, form
	access, err := p.fosite.NewAccessRequest(ctx, r, s)
	if err != nil {
		return nil, err
	}
	if err := settle(job, access, form); err != nil {
		return nil, err
	}
	if form.Get("grant_type") == grantRefresh {
		if err := p.renew(ctx, r, job, access, form); err != nil {
			return nil, p.plainly(err, grantRefresh)
		}
	}
	response, err := p.fosite.NewAccessResponse(ctx, access)
	if err != nil {
		return nil, err
	}
	if err := p.finish(ctx, job); err != nil {
		return nil, err
	}
	body := response.ToMap()
	body["token_type"] = "Bearer"
	body["expires_in"] = int64(job.until(storage.GrantAccess, s).Sub(job.now) / time.Second)
	return body, nil
}

// prepare checks what fosite does not, and points the client at its API.
func (p *Provider) prepare(ctx context.Context, c *client, form url.Values) (*session, error) {
	kind := form.Get("grant_type")
	switch {
	case kind == "":
		return nil, invalidRequest("grant_type is missing.")
	case kind != grantCode && kind != grantRefresh && kind != grantMachine:
		return nil, fault("unsupported_grant_type", ours["unsupported_grant_type"])
	case !slices.Contains(c.Metadata.GrantTypes, kind):
		return nil, fault("unauthorized_client", "This client is not registered for this grant_type.")
	}
	for name, of := range map[string]string{"code": grantCode, "refresh_token": grantRefresh} {
		if kind == of && !form.Has(name) {
			return nil, invalidRequest(name + " is missing.")
		}
	}
	if verifier := form.Get("code_verifier"); kind == grantCode && verifier != "" && !verifierFits(verifier) {
		return nil, fault("invalid_grant", "code_verifier has to be 43 to 128 letters, digits and - . _ ~ (RFC 7636 4.1).")
	}
	if kind != grantMachine {
		return &session{}, nil
	}
	return p.prepareMachine(ctx, c, form)
}

// verifierFits is the form of RFC 7636 §4.1.
func verifierFits(v string) bool {
	const unreserved = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-._~"
	return len(v) >= 43 && len(v) <= 128 && strings.Trim(v, unreserved) == ""
}

// prepareMachine finds the API that a client asks for on its own behalf; where it has
// one only, that is meant.
func (p *Provider) prepareMachine(ctx context.Context, c *client, form url.Values) (*session, error) {
	audience, err := audienceOf(form.Get)
	if err != nil {
		return nil, err
	}
	if audience == "" && len(c.Settings.Audiences) == 1 {
		for only := range c.Settings.Audiences {
			audience = only
		}
	}
	if audience == "" && len(c.Settings.Audiences) > 1 {
		return nil, fault("invalid_target", "This client may use several APIs: name one as audience.")
	}
	if err := p.aimMachine(ctx, c, audience); err != nil {
		return nil, err
	}
	c.scopes = c.machineScopes()
	if audience != "" {
		form.Set("audience", audience)
	}
	if !form.Has("scope") && len(c.scopes) > 0 {
		form.Set("scope", strings.Join(c.scopes, " "))
	}
	return &session{ClientID: c.ID, Audience: audience}, nil
}

// settle grants what was asked for: to a machine its scopes, to a refresh those that
// it names of the ones it has (RFC 6749 §6).
func settle(job *work, access fosite.AccessRequester, form url.Values) error {
	switch form.Get("grant_type") {
	case grantMachine:
		for _, s := range access.GetRequestedScopes() {
			access.GrantScope(s)
		}
		for _, a := range access.GetRequestedAudience() {
			access.GrantAudience(a)
		}
		if s, ok := access.GetSession().(*session); ok {
			s.Scopes = slices.Clone(access.GetGrantedScopes())
		}
	case grantRefresh:
		return narrow(job, access, strings.Fields(form.Get("scope")))
	}
	return nil
}

func narrow(job *work, access fosite.AccessRequester, asked []string) error {
	if len(asked) == 0 {
		return nil
	}
	for _, s := range asked {
		if !slices.Contains(job.record.Session.Scopes, s) {
			return fault("invalid_scope", "scope may only name what was granted at the sign-in.")
		}
	}
	r, ok := access.(*fosite.AccessRequest)
	if !ok {
		return errUnused
	}
	r.GrantedScope = slices.Compact(slices.Sorted(slices.Values(asked)))
	return nil
}

// finish writes the work. Who loses a race for a grant gets nothing.
func (p *Provider) finish(ctx context.Context, job *work) error {
	err := job.flush(ctx, p.db)
	spent, replayed := errors.Is(err, storage.ErrSpent), errors.Is(err, storage.ErrConflict)
	switch {
	case !spent && !replayed:
		return err
	case replayed && job.again, spent && job.grant.Kind == storage.GrantCode:
		if err := p.endFamily(ctx, job, job.grant.RequestID); err != nil {
			return err
		}
	case !spent:
		return err
	}
	return fault("invalid_grant", ours["invalid_grant"])
}

// endFamily ends all that came from one authorization, because a code or refresh
// token of it was used twice (RFC 9700 §4.14.2).
func (p *Provider) endFamily(ctx context.Context, job *work, requestID string) error {
	return p.db.Tx(ctx, func(ctx context.Context) error {
		n, err := p.db.RevokeFamily(ctx, requestID)
		if err != nil || n == 0 {
			return err
		}
		e := &storage.Event{
			ID: storage.NewID("evt"), At: job.now, Type: "grant.reused", Actor: "client:" + job.client.ID, ClientID: job.client.ID,
			Data: map[string]any{"kind": job.grant.Kind, "revoked": n},
		}
		if job.user != nil {
			e.UserID = job.user.ID
		}
		return p.db.AddEvents(ctx, e)
	})
}
