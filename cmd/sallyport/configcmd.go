package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/cmd/sallyport/config"
)

func (c *cli) configCommand() *cobra.Command {
	return group("config", "The settings: print, check, list",
		`Settings come from a YAML file and from SALLYPORT_… variables, which override it. Every secret
may stand in a file of its own: its key with _file, its variable with _FILE. Everything has a
safe default but issuer and seal.keyset, which serve cannot do without.`,
		c.configPrint(), c.configCheck(), c.configKeys())
}

func (c *cli) configPrint() *cobra.Command {
	return &cobra.Command{
		Use: "print", Short: "Print the settings in force, with secrets hidden", Args: takes(),
		RunE: func(*cobra.Command, []string) error {
			s, err := c.settings()
			if err != nil {
				return err
			}
			if c.json {
				return c.show(config.Shown(s), nil)
			}
			return config.Print(c.out, s)
		},
	}
}

func (c *cli) configCheck() *cobra.Command {
	return &cobra.Command{
		Use: "check", Short: "Say everything that would keep serve from starting", Args: takes(),
		Long: "Read the settings as serve does and say all faults, one line each: key, fault and mend. Exit status 2 where there is one.",
		RunE: func(*cobra.Command, []string) error {
			if _, err := c.serveSettings(); err != nil {
				return err
			}
			return c.show(map[string]bool{"ok": true}, func(w io.Writer) { row(w, "the settings are good") })
		},
	}
}

func (c *cli) configKeys() *cobra.Command {
	return &cobra.Command{
		Use: "keys", Short: "List every setting with its variable and default", Args: takes(),
		RunE: func(*cobra.Command, []string) error {
			keys := config.Keys(defaultSettings())
			return c.show(keys, func(w io.Writer) {
				row(w, "KEY", "VARIABLE", "DEFAULT", "")
				for _, k := range keys {
					name := k.Env
					if k.Secret {
						name += fmt.Sprintf(" or %s_FILE", k.Env)
					}
					row(w, k.Name, name, k.Default, k.Doc)
				}
			})
		},
	}
}
