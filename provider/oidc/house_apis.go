package oidc

import (
	"context"
	"errors"
	"slices"

	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/storage"
)

// A houseAPI is one that this site has itself. No administrator registers it.
type houseAPI struct {
	*storage.API
	people bool // who ask for tokens: people through clients, or clients for themselves
}

// Paths of our own APIs; their audience is the issuer's address with the path.
const (
	pathMFA        = "/mfa/"
	pathManagement = "/api/v2/"
	pathAccount    = "/me/"
)

// mfaTokenTTL is how long a token for the MFA API works, in seconds, whatever the client's
// or the tenant's tokens do: Auth0's is as long.
const mfaTokenTTL = 600

// houseAPIs are ours. What a client may do at the Management API is what its settings say
// and no list of ours; people get no token for it.
func (p *Provider) houseAPIs() map[string]*houseAPI {
	list := []*houseAPI{
		{people: true, API: &storage.API{Audience: p.at(pathMFA), Name: "MFA API", TokenFormat: "opaque", TokenTTL: mfaTokenTTL, Scopes: []storage.Scope{
			{Value: "enroll", Description: "Set up a second step for signing in"},
			{Value: "read:authenticators", Description: "See your second steps"},
			{Value: "remove:authenticators", Description: "Remove your second steps"},
		}}},
		{people: true, API: &storage.API{Audience: p.at(pathAccount), Name: "My Account API", TokenFormat: "opaque", Scopes: []storage.Scope{
			{Value: "read:me:factors", Description: "See which ways to sign in there are"},
			{Value: "read:me:authentication_methods", Description: "See how you sign in"},
			{Value: "create:me:authentication_methods", Description: "Add ways to sign in"},
			{Value: "update:me:authentication_methods", Description: "Change how you sign in"},
			{Value: "delete:me:authentication_methods", Description: "Remove ways to sign in"},
			{Value: "read:me:sessions", Description: "See where you are signed in"},
			{Value: "delete:me:sessions", Description: "Sign you out elsewhere"},
			{Value: "read:me:activity", Description: "See your recent sign-ins"},
			{Value: "read:me:remembered_browsers", Description: "See the browsers that remember you"},
			{Value: "delete:me:remembered_browsers", Description: "Have browsers forget you"},
		}}},
		{API: &storage.API{Audience: p.at(pathManagement), Name: "Management API", TokenFormat: "jwt"}},
	}
	own := map[string]*houseAPI{}
	for _, api := range list {
		own[api.Audience] = api
	}
	return own
}

// mayUse reports whether people get tokens for a house API by c: it is the operator's own,
// or was granted the API, or, for the MFA API, does without our pages.
func (c *client) mayUse(api *houseAPI, mfa bool) bool {
	_, granted := c.Settings.Audiences[api.Audience]
	return api.people && (granted || c.Settings.FirstParty || mfa && slices.ContainsFunc(c.Metadata.GrantTypes, isMFAGrant))
}

// apiFor is the API that people get tokens for by c.
//
// Errors: invalid_target; a fault of the database.
func (p *Provider) apiFor(ctx context.Context, c *client, audience string) (*storage.API, error) {
	refused := fault("invalid_target", ours["invalid_target"])
	if own, ok := p.house[audience]; ok {
		if !c.mayUse(own, audience == p.at(pathMFA)) {
			return nil, refused
		}
		return own.API, nil
	}
	if _, ok := c.Settings.Audiences[audience]; !ok {
		return nil, refused
	}
	api, err := p.db.CachedAPI(ctx, audience)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, refused
	}
	return api, err
}

// guard has who asks for a token with which their factors can be changed show what the
// account has, and of late, whatever policies and browsers say.
func (p *Provider) guard(c *client, a *flows.Ask) {
	if c.api == nil || c.api.Audience != p.at(pathMFA) {
		return
	}
	fresh := p.flows.FreshFor()
	if a.Own = true; a.MaxAge == nil || *a.MaxAge > fresh {
		a.MaxAge = &fresh
	}
}

// aimMachine points c at an API that it calls for itself, "" for none.
func (p *Provider) aimMachine(ctx context.Context, c *client, audience string) error {
	own, ok := p.house[audience]
	if !ok {
		return p.aim(ctx, c, audience)
	}
	scopes, granted := c.Settings.Audiences[audience]
	if own.people || !granted {
		return fault("invalid_target", ours["invalid_target"])
	}
	api := *own.API
	for _, s := range scopes {
		api.Scopes = append(api.Scopes, storage.Scope{Value: s})
	}
	c.api = &api
	return nil
}
