package management

import (
	"context"
	"net/http"

	"github.com/sallyport-id/sallyport/factors"
)

// guardianWebAuthn is how keys are asked. Auth0 spells these two in another way than the
// rest, and its documents leave them out.
func (a *API) guardianWebAuthn() {
	const roaming, platform = "/guardian/factors/webauthn-roaming/settings", "/guardian/factors/webauthn-platform/settings"
	op(a, operation{method: http.MethodGet, path: roaming, scopes: readFactors, summary: "How security keys are asked"},
		func(context.Context, *struct{}) (*body[roamingKeys], error) {
			verify := a.Setup.Settings(factors.Roaming)["user_verification"].Text()
			return say(roamingKeys{verify, a.relyingParty(factors.Roaming)}), nil
		})
	op(a, operation{method: http.MethodPut, path: roaming, scopes: updateFactors, summary: "Say how security keys are asked", conflict: true},
		func(ctx context.Context, in *body[roamingKeys]) (*body[roamingKeys], error) {
			return in, a.setKeys(ctx, factors.Roaming, in.Body.RelyingParty, map[string]any{"user_verification": in.Body.UserVerification})
		})
	op(a, operation{method: http.MethodGet, path: platform, scopes: readFactors, summary: "How a device's own lock is asked"},
		func(context.Context, *struct{}) (*body[RelyingParty], error) {
			return say(a.relyingParty(factors.Platform)), nil
		})
	op(a, operation{method: http.MethodPut, path: platform, scopes: updateFactors, summary: "Say how a device's own lock is asked", conflict: true},
		func(ctx context.Context, in *body[RelyingParty]) (*body[RelyingParty], error) {
			return in, a.setKeys(ctx, factors.Platform, in.Body, map[string]any{})
		})
}

// RelyingParty is the domain that keys are made for.
type RelyingParty struct {
	Override   bool   `json:"overrideRelyingParty" required:"false" doc:"whether it is another than the site's host"`
	Identifier string `json:"relyingPartyIdentifier,omitempty" maxLength:"253" doc:"a parent of the site's host; another one makes all keys useless that there are"`
}

type roamingKeys struct {
	UserVerification string `json:"userVerification,omitempty" enum:"required,preferred,discouraged" default:"discouraged"`
	RelyingParty
}

func (a *API) relyingParty(factor string) RelyingParty {
	id := a.Setup.Settings(factor)["rp_id"].Text()
	return RelyingParty{id != "", id}
}

func (a *API) setKeys(ctx context.Context, factor string, party RelyingParty, values map[string]any) error {
	switch {
	case party.Override && party.Identifier == "":
		return invalid("relyingPartyIdentifier", "is missing beside overrideRelyingParty; name a parent of the site's host")
	case party.Override:
		values["rp_id"] = party.Identifier
	default:
		values["rp_id"] = ""
	}
	return a.Setup.Set(ctx, a.desk(ctx), FactorEdit{factor, func(map[string]Setting) map[string]any { return values }})
}
