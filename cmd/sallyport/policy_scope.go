package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
)

// scopeFlags say whose policy is meant; none: the tenant's.
type scopeFlags struct{ client, organization string }

func (f *scopeFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.client, "client", "", "of this `client_id`")
	cmd.Flags().StringVar(&f.organization, "organization", "", "of this `organization`, by name or id")
}

// A policyScope is what a policy is of: a tenant, an organization or a client.
type policyScope struct {
	id           string // as in storage.PolicyVersion
	settings     *storage.Settings
	organization *storage.Organization
	client       *storage.Client
}

// scope reads the scope that f names.
func (h *house) scope(ctx context.Context, f scopeFlags) (*policyScope, error) {
	switch {
	case f.client != "" && f.organization != "":
		return nil, &misuse{what: "--client and --organization are two scopes", mend: "name one"}
	case f.client != "":
		one, err := h.db.ClientByID(ctx, f.client)
		if err != nil {
			return nil, named(err, "client", f.client)
		}
		return &policyScope{id: one.ID, client: one}, nil
	case f.organization != "":
		one, err := h.organization(ctx, f.organization)
		if err != nil {
			return nil, err
		}
		return &policyScope{id: one.ID, organization: one}, nil
	}
	s, err := h.db.Settings(ctx)
	return tenantScope(s), err
}

func tenantScope(s *storage.Settings) *policyScope {
	return &policyScope{id: storage.ScopeTenant, settings: s}
}

// store writes the scope back.
func (h *house) store(ctx context.Context, s *policyScope) error {
	switch {
	case s.client != nil:
		return named(h.db.UpdateClient(ctx, s.client), "client", s.id)
	case s.organization != nil:
		return named(h.db.UpdateOrganization(ctx, s.organization), "org", s.organization.Name)
	}
	return h.db.PutSettings(ctx, s.settings)
}

// fields are where a scope keeps its document: what is asked for often in the open, the
// rest as JSON.
func (s *policyScope) fields() (base *string, allowed *[]string, rest *json.RawMessage) {
	switch {
	case s.client != nil:
		c := &s.client.Settings
		return &c.Policy, &c.Factors, &c.Document
	case s.organization != nil:
		return &s.organization.Policy, &s.organization.Factors, &s.organization.Document
	}
	return &s.settings.Policy, &s.settings.Factors, &s.settings.Document
}

// document is the policy as a whole.
func (s *policyScope) document() (policy.Document, error) {
	base, allowed, rest := s.fields()
	var d policy.Document
	if len(*rest) > 0 {
		if err := json.Unmarshal(*rest, &d); err != nil {
			return d, fmt.Errorf("policy of %s: %w", s.id, err)
		}
	}
	d.Policy, d.Factors = *base, *allowed
	return d, nil
}

// put replaces the policy. The tenant has no next scope: without a word of its own no
// factor is asked for, and those stay enabled that are.
func (s *policyScope) put(d policy.Document) error {
	base, allowed, rest := s.fields()
	if s.settings != nil {
		d.Policy = or(d.Policy, policy.Never)
		if d.Factors == nil {
			d.Factors = *allowed
		}
	}
	*base, *allowed, *rest = d.Policy, d.Factors, nil
	d.Policy, d.Factors = "", nil
	if d.Interval == nil && d.Grace == nil && len(d.Rows) == 0 {
		return nil
	}
	b, err := json.Marshal(d)
	*rest = b
	return err
}
