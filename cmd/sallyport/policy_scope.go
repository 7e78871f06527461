package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/provider/management"
)

// scopeFlags say whose policy is meant; none: the tenant's.
type scopeFlags struct{ client, organization string }

func (f *scopeFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.client, "client", "", "of this `client_id`")
	cmd.Flags().StringVar(&f.organization, "organization", "", "of this `organization`, by name or id")
}

// scope reads the scope that f names.
func (h *house) scope(ctx context.Context, f scopeFlags) (*management.PolicyScope, error) {
	switch {
	case f.client != "" && f.organization != "":
		return nil, &misuse{what: "--client and --organization are two scopes", mend: "name one"}
	case f.client != "":
		one, err := h.db.ClientByID(ctx, f.client)
		if err != nil {
			return nil, named(err, "client", f.client)
		}
		return management.OfClient(one), nil
	case f.organization != "":
		one, err := h.organization(ctx, f.organization)
		if err != nil {
			return nil, err
		}
		return management.OfOrganization(one), nil
	}
	s, err := h.db.Settings(ctx)
	return management.OfTenant(s), err
}

// store writes the scope back.
func (h *house) store(ctx context.Context, s *management.PolicyScope) error {
	switch {
	case s.Client != nil:
		return named(h.db.UpdateClient(ctx, s.Client), "client", s.ID)
	case s.Organization != nil:
		return named(h.db.UpdateOrganization(ctx, s.Organization), "org", s.Organization.Name)
	}
	return h.db.PutSettings(ctx, s.Settings)
}
