package main

import "github.com/spf13/cobra"

func (c *cli) importCommand() *cobra.Command {
	return group("import", "Take over people and configuration from elsewhere", "", c.importAuth0())
}
