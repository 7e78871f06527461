package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/sallyport-id/sallyport/provider/management"
	"github.com/sallyport-id/sallyport/storage"
)

func (c *cli) rulesSwitch(verb, short string, on bool) *cobra.Command {
	return &cobra.Command{
		Use: verb + " NAME", Short: short, Args: takes("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withScript(cmd, args[0], func(ctx context.Context, h *house, s *storage.Script) error {
				if _, err := h.editScript(ctx, s, management.ScriptEdit{Enabled: &on}); err != nil {
					return err
				}
				return c.listScripts(ctx, h)
			})
		},
	}
}

func (c *cli) rulesMove() *cobra.Command {
	var position int
	cmd := &cobra.Command{
		Use: "move NAME", Short: "Let it run earlier or later", Args: takes("NAME"),
		Long:    "Give a rule another place among the rules, or an action among the actions; the others make room.",
		Example: "  sallyport rules move \"outside the office\" --position 1",
	}
	cmd.Flags().IntVar(&position, "position", 0, "the `place`, 1 is the first")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if position < 1 {
			return &misuse{what: "--position is missing or less than 1", mend: "write `" + cmd.UseLine() + " --position N`"}
		}
		return c.withScript(cmd, args[0], func(ctx context.Context, h *house, s *storage.Script) error {
			if err := h.desk(false).MoveScript(ctx, s, position); err != nil {
				return ofScript(err, s.Name)
			}
			return c.listScripts(ctx, h)
		})
	}
	return cmd
}

func (c *cli) rulesSecret() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use: "secret NAME KEY", Short: "Set or remove a secret that it finds in event.secrets or configuration", Args: takes("NAME", "KEY"),
		Long: `Set a secret: an action finds it in event.secrets, a rule in configuration. The value is read from
standard input or --value-file; an empty one removes the secret. No verb shows it again.`,
		Example: `  sallyport rules secret "risk score" API_KEY --value-file key.txt
  printf %s "$KEY" | sallyport rules secret "risk score" API_KEY`,
	}
	cmd.Flags().StringVar(&file, "value-file", "-", "`file` with the value; -: standard input")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		value, err := c.readValue(file)
		if err != nil {
			return err
		}
		return c.withScript(cmd, args[0], func(ctx context.Context, h *house, s *storage.Script) error {
			secrets := maps.Clone(s.Secrets)
			if secrets == nil {
				secrets = map[string]string{}
			}
			if value == "" {
				if _, ok := s.Secrets[args[1]]; !ok {
					return fmt.Errorf("the %s %q has no secret %q; see `sallyport rules show`%w", s.Kind, s.Name, args[1], quiet{storage.ErrNotFound})
				}
				delete(secrets, args[1])
			} else {
				secrets[args[1]] = value
			}
			if _, err := h.editScript(ctx, s, management.ScriptEdit{Secrets: secrets}); err != nil {
				return err
			}
			return c.show(viewOf(s), func(w io.Writer) { showScript(w, viewOf(s)) })
		})
	}
	return cmd
}

// readValue reads a secret from a file, or asks for it on a terminal.
func (c *cli) readValue(path string) (string, error) {
	if f, ok := c.in.(*os.File); ok && path == "-" && term.IsTerminal(int(f.Fd())) {
		return c.ask(f, "Value: ")
	}
	in, err := c.openInput(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = in.Close() }() // read only
	b, err := io.ReadAll(io.LimitReader(bufio.NewReader(in), maxScriptFile))
	if err != nil {
		return "", &misuse{what: err.Error(), mend: "name a readable file, or - for standard input"}
	}
	return string(bytes.TrimRight(b, "\r\n")), nil
}

func (c *cli) rulesDelete() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "delete NAME", Short: "Remove a rule or action with all its versions and secrets", Args: takes("NAME"),
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.withScript(cmd, args[0], func(ctx context.Context, h *house, s *storage.Script) error {
			if err := c.confirm(yes, "Remove the "+s.Kind+" "+s.Name+" with all its versions and secrets?"); err != nil {
				return err
			}
			return ofScript(h.desk(false).DeleteScript(ctx, s), s.Name)
		})
	}
	return cmd
}
