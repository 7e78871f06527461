package management

import (
	"encoding/json"
	"fmt"

	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
)

// A PolicyScope is what a policy is of: a tenant, an organization or a client.
type PolicyScope struct {
	ID           string // as in storage.PolicyVersion
	Settings     *storage.Settings
	Organization *storage.Organization
	Client       *storage.Client
}

// OfTenant is the scope of the tenant with settings s.
func OfTenant(s *storage.Settings) *PolicyScope {
	return &PolicyScope{ID: storage.ScopeTenant, Settings: s}
}

// OfOrganization is the scope of an organization.
func OfOrganization(o *storage.Organization) *PolicyScope {
	return &PolicyScope{ID: o.ID, Organization: o}
}

// OfClient is the scope of a client.
func OfClient(c *storage.Client) *PolicyScope { return &PolicyScope{ID: c.ID, Client: c} }

// fields are where a scope keeps its document: what is asked for often in the open, the
// rest as JSON.
func (s *PolicyScope) fields() (base *string, allowed *[]string, rest *json.RawMessage) {
	switch {
	case s.Client != nil:
		c := &s.Client.Settings
		return &c.Policy, &c.Factors, &c.Document
	case s.Organization != nil:
		return &s.Organization.Policy, &s.Organization.Factors, &s.Organization.Document
	}
	return &s.Settings.Policy, &s.Settings.Factors, &s.Settings.Document
}

// Document is the policy as a whole.
func (s *PolicyScope) Document() (policy.Document, error) {
	base, allowed, rest := s.fields()
	var d policy.Document
	if len(*rest) > 0 {
		if err := json.Unmarshal(*rest, &d); err != nil {
			return d, fmt.Errorf("policy of %s: %w", s.ID, err)
		}
	}
	d.Policy, d.Factors = *base, *allowed
	return d, nil
}

// Put replaces the policy. The tenant has no next scope: without a word of its own no
// factor is asked for, and those stay enabled that are.
func (s *PolicyScope) Put(d policy.Document) error {
	base, allowed, rest := s.fields()
	if s.Settings != nil {
		if d.Policy == "" {
			d.Policy = policy.Never
		}
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
