package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/provider/management"
	"github.com/sallyport-id/sallyport/storage"
)

func (c *cli) orgCommand() *cobra.Command {
	return group("org", "Organizations that people sign in to",
		`An organization is a customer of your business with its people. An application names it in the
parameter organization of its request, by name or id: then only members come in, its policy comes
before all others (sallyport policy apply --organization), and tokens say org_id. An ORG is named
by name or id.`,
		c.orgCreate(), c.orgList(), c.orgShow(), c.orgUpdate(), c.orgDelete(),
		c.orgAddMember(), c.orgRemoveMember(), c.orgMembers())
}

// orgFlags registers what an operator may set and returns what applies the given ones.
func orgFlags(cmd *cobra.Command) func(*house, *storage.Organization) error {
	f := cmd.Flags()
	display := f.String("display-name", "", "`name` that people see")
	metadata := f.StringToString("metadata", nil, "`key=value` for scripts (repeatable); replaces all")
	allowed := f.StringArray("factor", nil, "second `factor` its members may use, in this order (repeatable); none: the client's")
	return func(h *house, o *storage.Organization) error {
		f.Visit(func(flag *pflag.Flag) {
			switch flag.Name {
			case "display-name":
				o.DisplayName = *display
			case "metadata":
				o.Metadata = *metadata
			case "factor":
				o.Factors = withoutEmpty(*allowed)
			}
		})
		for _, name := range o.Factors {
			if err := h.checkFactor(name); err != nil {
				return err
			}
		}
		return nil
	}
}

func (c *cli) orgCreate() *cobra.Command {
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Add an organization", Args: takes("NAME"),
		Long:    "NAME is for addresses: small letters, digits, - and _.",
		Example: `  sallyport org create acme --display-name "Acme Inc." --metadata plan=gold --factor webauthn-roaming --factor otp`,
	}
	apply := orgFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.withHouse(cmd, func(ctx context.Context, h *house) error {
			o := &storage.Organization{ID: storage.NewID("org"), Name: args[0], DisplayName: args[0]}
			if err := apply(h, o); err != nil {
				return err
			}
			err := h.change(ctx, event{Type: "organization.created", Data: map[string]any{"organization": o.ID, "name": o.Name}}, func(ctx context.Context) error {
				if err := h.db.CreateOrganization(ctx, o); err != nil {
					return orgFault(err, args[0])
				}
				return h.noteVersion(ctx, management.OfOrganization(o), policy.Document{}, nil)
			})
			if err != nil {
				return err
			}
			return c.showOrg(o)
		})
	}
	return cmd
}

// orgFault says what storage thinks of an organization.
func orgFault(err error, name string) error {
	if errors.Is(err, storage.ErrInvalid) {
		return &misuse{what: fmt.Sprintf("%q is no name for an organization", name), mend: "use 1 to 50 of a to z, 0 to 9, - and _, and do not begin with org_, - or _"}
	}
	return named(err, "org", name)
}

// organization finds one by id or name.
func (h *house) organization(ctx context.Context, ref string) (*storage.Organization, error) {
	o, err := h.db.OrganizationByID(ctx, ref)
	if errors.Is(err, storage.ErrNotFound) {
		o, err = h.db.OrganizationByName(ctx, ref)
	}
	return o, named(err, "org", ref)
}

func (c *cli) withOrg(cmd *cobra.Command, ref string, do func(context.Context, *house, *storage.Organization) error) error {
	return c.withHouse(cmd, func(ctx context.Context, h *house) error {
		o, err := h.organization(ctx, ref)
		if err != nil {
			return err
		}
		return do(ctx, h, o)
	})
}

func (c *cli) orgList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the organizations", Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withHouse(cmd, func(ctx context.Context, h *house) error {
				list, err := h.db.Organizations(ctx)
				if err != nil {
					return err
				}
				return c.show(list, func(w io.Writer) {
					row(w, "ORGANIZATION_ID", "NAME", "DISPLAY NAME", "SECOND FACTOR", "FACTORS")
					for _, o := range list {
						kind := "as the client"
						if o.Policy != "" || len(o.Document) > 0 {
							kind = plainPolicy(o.Policy, o.Document)
						}
						row(w, o.ID, o.Name, o.DisplayName, kind, strings.Join(o.Factors, " "))
					}
				})
			})
		},
	}
}

func (c *cli) orgShow() *cobra.Command {
	return &cobra.Command{
		Use: "show ORG", Short: "Show all of an organization", Args: takes("ORG"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withOrg(cmd, args[0], func(_ context.Context, _ *house, o *storage.Organization) error { return c.showOrg(o) })
		},
	}
}

func (c *cli) showOrg(o *storage.Organization) error {
	return c.show(o, func(w io.Writer) {
		for _, line := range plainFields(o) {
			row(w, line.name, line.value)
		}
	})
}

func (c *cli) orgUpdate() *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use: "update ORG", Short: "Change an organization", Args: takes("ORG"),
		Long:    "Change the fields that are given. A list is replaced as a whole; --factor=\"\" clears it.",
		Example: "  sallyport org update acme --name acme-inc",
	}
	apply := orgFlags(cmd)
	cmd.Flags().StringVar(&name, "name", "", "new `name`")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.withOrg(cmd, args[0], func(ctx context.Context, h *house, o *storage.Organization) error {
			scope := management.OfOrganization(o)
			before, err := scope.Document()
			if err == nil {
				err = apply(h, o)
			}
			if err != nil {
				return err
			}
			o.Name = or(name, o.Name)
			err = h.change(ctx, event{Type: "organization.updated", Data: map[string]any{"organization": o.ID, "name": o.Name}}, func(ctx context.Context) error {
				if err := h.noteVersion(ctx, scope, before, nil); err != nil {
					return err
				}
				return orgFault(h.db.UpdateOrganization(ctx, o), o.Name)
			})
			if err != nil {
				return err
			}
			return c.showOrg(o)
		})
	}
	return cmd
}

func (c *cli) orgDelete() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "delete ORG", Short: "Remove an organization; its people stay", Args: takes("ORG"),
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.withOrg(cmd, args[0], func(ctx context.Context, h *house, o *storage.Organization) error {
			if err := c.confirm(yes, "Remove the organization "+o.Name+" with all memberships?"); err != nil {
				return err
			}
			return h.desk(false).DeleteOrganization(ctx, o)
		})
	}
	return cmd
}
