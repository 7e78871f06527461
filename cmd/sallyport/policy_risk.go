package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/flows/risk"
	"github.com/sallyport-id/sallyport/storage"
)

func (c *cli) policyRisk() *cobra.Command {
	var monitor, askAt string
	cmd := &cobra.Command{
		Use: "risk", Short: "Say what follows from a sign-in that looks unlike the person's own", Args: takes(),
		Long: `Each sign-in under the policy adaptive is assessed: how sure is it that this is the person? At a
low confidence it asks for a second factor; --ask-at medium makes it ask at a medium one as well.
--monitor on assesses every sign-in and writes it into its record, and nothing follows from that:
to see what adaptive would do before it does.`,
		Example: `  sallyport policy risk --monitor on
  sallyport policy risk --ask-at medium`,
	}
	cmd.Flags().StringVar(&monitor, "monitor", "", "`on` or off")
	cmd.Flags().StringVar(&askAt, "ask-at", "", "`low` or medium")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		switch {
		case monitor == "" && askAt == "":
			return &misuse{what: "nothing is said", mend: "give --monitor or --ask-at"}
		case !oneOf(monitor, "", "on", "off"):
			return &misuse{what: fmt.Sprintf("--monitor %q is neither on nor off", monitor), mend: "use one of them"}
		case !oneOf(askAt, "", risk.Low, risk.Medium):
			return &misuse{what: fmt.Sprintf("--ask-at %q is neither %s nor %s", askAt, risk.Low, risk.Medium), mend: "use one of them"}
		}
		data := map[string]any{}
		if monitor != "" {
			data["monitor"] = monitor == "on"
		}
		if askAt != "" {
			data["ask_at"] = askAt
		}
		return c.changeSettings(cmd, "policy.changed", data,
			func(_ *house, s *storage.Settings) error {
				if monitor != "" {
					s.Assess = monitor == "on"
				}
				s.AskAt = or(askAt, s.AskAt)
				return nil
			},
			func(h *house, _ *storage.Settings) error { return c.showPolicy(cmd.Context(), h) })
	}
	return cmd
}
