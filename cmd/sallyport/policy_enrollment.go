package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/storage"
)

// Who may set up their first factor.
const (
	enrollmentOpen    = "open"
	enrollmentInvited = "invited"
)

func (c *cli) policyEnrollment() *cobra.Command {
	return forceFlag(&cobra.Command{
		Use: "enrollment open|invited", Short: "Say who may set up their first factor", Args: takes("open|invited"),
		Long: `open, the default, lets a person set up their first factor with their password: whoever stole
that could be first. invited takes the link of an invitation as well (sallyport user invite), which
goes to the mailbox on file. Who has a factor is not concerned: adding another always takes it.`,
		Example: "  sallyport policy enrollment invited",
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[0] != enrollmentOpen && args[0] != enrollmentInvited {
				return &misuse{what: fmt.Sprintf("%q is neither %s nor %s", args[0], enrollmentOpen, enrollmentInvited), mend: "write `" + cmd.UseLine() + "`"}
			}
			return c.changeSettings(cmd, "policy.changed", map[string]any{"enrollment": args[0]},
				func(_ *house, s *storage.Settings) error { s.InvitedOnly = args[0] == enrollmentInvited; return nil },
				func(h *house, _ *storage.Settings) error { return c.showPolicy(cmd.Context(), h) })
		},
	})
}

func enrollmentOf(s *storage.Settings) string {
	if s.InvitedOnly {
		return enrollmentInvited
	}
	return enrollmentOpen
}
