package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/flows"
)

func (c *cli) policyTest() *cobra.Command {
	var flags backtestFlags
	var where scopeFlags
	cmd := &cobra.Command{
		Use: "test FILE", Short: "Try a draft of a policy on the sign-ins of the past", Args: takes("FILE"),
		Long: `Decide the recorded sign-ins of the past anew under the policy document in FILE, in place of
the tenant's or, with --client or --organization, of one of theirs, and say who would have been
challenged, refused or let in instead. Nothing else happens.`,
		Example: `  sallyport policy test draft.yaml --since 30d
  sallyport policy test draft.yaml --client cli_…`,
	}
	flags.register(cmd)
	where.register(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		text, err := c.readAll(args[0])
		if err != nil {
			return err
		}
		return c.withHouse(cmd, func(ctx context.Context, h *house) error {
			d, err := h.parseDocument(args[0], text)
			if err != nil {
				return err
			}
			s, err := h.scope(ctx, where)
			if err != nil {
				return err
			}
			b := &flows.Backtest{Factors: h.factors, Ladder: h.settings.ladder()}
			switch {
			case s.Client != nil:
				b.Client, b.ClientID, flags.client = &d, s.ID, s.ID
			case s.Organization != nil:
				b.Organization, b.OrganizationID = &d, s.ID
			default:
				b.Tenant = &d
			}
			return c.backtest(ctx, h, b, &flags)
		})
	}
	return cmd
}
