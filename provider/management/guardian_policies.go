package management

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
)

// Auth0's words for the policies.
const (
	policyAll      = "all-applications"
	policyAdaptive = "confidence-score"
)

// guardianPolicies say when everybody is asked for a second factor. Rows of a policy
// document are not of their language: they stay.
func (a *API) guardianPolicies() {
	op(a, operation{method: http.MethodGet, path: "/guardian/policies", scopes: []string{"read:mfa_policies"}, summary: "The tenant's policy"}, a.readPolicies)
	op(a, operation{method: http.MethodPut, path: "/guardian/policies", scopes: []string{"update:mfa_policies"}, summary: "Set the tenant's policy", conflict: true}, a.putPolicies)
}

// policyNames are none of Auth0's words for never, or one of them.
type policyNames []string

// Schema is for the OpenAPI document, which checks input too.
func (policyNames) Schema(huma.Registry) *huma.Schema {
	most := 1
	s := &huma.Schema{
		Type: huma.TypeArray, MaxItems: &most, Description: "none: never; all-applications: always; confidence-score: adaptive",
		Items: &huma.Schema{Type: huma.TypeString, Enum: []any{policyAll, policyAdaptive}},
	}
	s.Items.PrecomputeMessages()
	s.PrecomputeMessages()
	return s
}

func (a *API) readPolicies(ctx context.Context, _ *struct{}) (*body[policyNames], error) {
	s, err := a.DB.Settings(ctx)
	if err != nil {
		return nil, err
	}
	switch s.Policy {
	case policy.Always:
		return say(policyNames{policyAll}), nil
	case policy.Adaptive:
		return say(policyNames{policyAdaptive}), nil
	}
	return say(policyNames{}), nil
}

func (a *API) putPolicies(ctx context.Context, in *body[policyNames]) (*body[policyNames], error) {
	kind := policy.Never
	for _, name := range in.Body {
		kind = map[string]string{policyAll: policy.Always, policyAdaptive: policy.Adaptive}[name]
	}
	d := a.desk(ctx)
	err := a.DB.Tx(ctx, func(ctx context.Context) error {
		_, err := d.EditSettings(ctx, map[string]any{"policy": kind}, func(s *storage.Settings) error {
			if kind == policy.Always && !anyIndependent(d, s.Factors) {
				return unwise("policies", "no factor is enabled that everybody could be asked for", "enable one such as otp first")
			}
			s.Policy = kind
			return nil
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	return a.readPolicies(ctx, nil)
}

func anyIndependent(d Desk, enabled []string) bool {
	for _, name := range enabled {
		if d.independent(name) {
			return true
		}
	}
	return false
}
