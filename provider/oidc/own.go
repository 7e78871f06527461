package oidc

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ory/fosite"

	"github.com/sallyport-id/sallyport/flows"
)

// own are claims that scripts put into tokens.
type own struct {
	ID     map[string]any `json:"i,omitempty"`
	Access map[string]any `json:"a,omitempty"`
}

// ownOf are the claims of a sign-in, nil for none.
func ownOf(c flows.Claims) *own {
	o := &own{ID: unreserved(c.IDToken), Access: unreserved(c.AccessToken)}
	if len(o.ID)+len(o.Access) == 0 {
		return nil
	}
	return o
}

// reserved are claims with a meaning in protocols, which no script sets: what a token says
// of the sign-in is true (RFC 7519, RFC 9068, OpenID Connect Core §2, and kin).
var reserved = []string{
	"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "azp", "nonce", "auth_time", "at_hash", "c_hash", "s_hash", "acr", "amr", "sid", "sub_jwk",
	"act", "may_act", "cnf", "scope", "client_id", "org_id", "org_name", "events", "gty", "authorization_details", "active", "token_type", "username",
}

func unreserved(claims map[string]any) map[string]any {
	kept := maps.Clone(claims)
	maps.DeleteFunc(kept, func(name string, value any) bool {
		return value == nil || slices.ContainsFunc(reserved, func(one string) bool { return strings.EqualFold(one, name) })
	})
	return kept
}

// with adds claims to those of a token, which stay as they are.
func with(token any, more map[string]any) (any, error) {
	if len(more) == 0 {
		return token, nil
	}
	b, err := json.Marshal(token)
	if err != nil {
		return nil, err
	}
	all := maps.Clone(more)
	return all, json.Unmarshal(b, &all)
}

// grantScopes gives a code the scopes that were asked for, but for what scripts took or
// added. They add none that the client could not have asked for.
func (q *request) grantScopes(c flows.Claims) {
	for _, scope := range q.first.GetRequestedScopes() {
		if !slices.Contains(c.Remove, scope) || scope == "openid" {
			q.first.GrantScope(scope)
		}
	}
	for _, scope := range c.Add {
		if slices.Contains(q.client.scopes, scope) && !q.first.GetGrantedScopes().Has(scope) {
			q.first.GrantScope(scope)
		}
	}
}

// renew asks scripts about a refresh.
func (p *Provider) renew(ctx context.Context, r *http.Request, job *work, access fosite.AccessRequester, form url.Values) error {
	s, ok := access.GetSession().(*session)
	if !ok || job.user == nil {
		return nil
	}
	asked := url.Values{"grant_type": {grantRefresh}, "client_id": {job.client.ID}, "audience": {s.Audience}, "scope": {form.Get("scope")}}
	claims, err := p.flows.Renew(ctx, r, flows.Renewal{
		ID: access.GetID(), User: job.user, ClientID: job.client.ID, Organization: s.Org, AMR: s.AMR, AuthTime: time.Unix(s.AuthTime, 0).UTC(), Parameters: asked,
		Origin: job.grant.Key,
	})
	if err != nil || claims == nil {
		return err
	}
	s.Own = ownOf(*claims)
	if r, ok := access.(*fosite.AccessRequest); ok { // scopes are taken, and none is added to what was granted
		r.GrantedScope = slices.DeleteFunc(r.GrantedScope, func(scope string) bool { return scope != "openid" && slices.Contains(claims.Remove, scope) })
	}
	return nil
}
