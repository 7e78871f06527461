package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/storage"
)

func (c *cli) factorPicker() *cobra.Command {
	return &cobra.Command{
		Use: "picker on|off", Short: "Say whether people choose among several ways first", Args: takes("on|off"),
		Long: `off, the default, asks at once for what comes first: what the person used last in that browser,
else the first one in the order. on shows the list first, at a sign-in and when something is set
up. The others are one press away in both.`,
		Example: "  sallyport factor picker on",
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[0] != "on" && args[0] != "off" {
				return &misuse{what: fmt.Sprintf("%q is neither on nor off", args[0]), mend: "write `" + cmd.UseLine() + "`"}
			}
			on := args[0] == "on"
			return c.changeSettings(cmd, "factor.picker", map[string]any{"on": on},
				func(_ *house, s *storage.Settings) error { s.Picker = on; return nil },
				func(h *house, _ *storage.Settings) error { return c.showPolicy(cmd.Context(), h) })
		},
	}
}
