package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/provider/management"
	"github.com/sallyport-id/sallyport/storage"
)

// maxScriptFile is more than a script may have: what is too long is refused, not cut.
const maxScriptFile = 1 << 20 // bytes

func (c *cli) rulesPut() *cobra.Command {
	var kind string
	var draft bool
	cmd := &cobra.Command{
		Use: "put NAME FILE", Short: "Store a rule or action, new or as a new version", Args: takes("NAME", "FILE"),
		Long: `Store the text of a rule or action and deploy it at once, or with --draft only keep it. A text that
does not compile is refused with its line; what was deployed goes on running. FILE - is standard
input. Whether a new one is a rule or an action is seen from exports.onExecutePostLogin.`,
		Example: `  sallyport rules put "outside the office" office.js
  sallyport rules put "outside the office" office.js --draft
  sallyport rules deploy "outside the office"`,
	}
	cmd.Flags().StringVar(&kind, "kind", "", "`kind` of a new one, rule or action; empty: as its text is")
	cmd.Flags().BoolVar(&draft, "draft", false, "keep it, but do not deploy it")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		source, err := c.readScript(args[1])
		if err != nil {
			return err
		}
		return c.withHouse(cmd, func(ctx context.Context, h *house) error {
			s, err := h.scriptFor(ctx, args[0], kind, source)
			if err != nil {
				return err
			}
			v, err := h.editScript(ctx, s, management.ScriptEdit{Source: &source, Deploy: !draft})
			if err != nil {
				return err
			}
			view := viewOf(s)
			view.Text = v
			return c.show(view, func(w io.Writer) {
				showScript(w, view)
				row(w, "stored", fmt.Sprintf("version %d", v.Number))
			})
		})
	}
	return cmd
}

// readScript reads the text of a script.
func (c *cli) readScript(path string) (string, error) {
	in, err := c.openInput(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = in.Close() }() // read only
	b, err := io.ReadAll(io.LimitReader(in, maxScriptFile))
	if err != nil {
		return "", &misuse{what: err.Error(), mend: "name a readable file, or - for standard input"}
	}
	return string(b), nil
}

// scriptFor is the script called name, or a new one, of which source may be a text.
func (h *house) scriptFor(ctx context.Context, name, kind, source string) (*storage.Script, error) {
	s, err := h.db.ScriptByName(ctx, name)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		s = &storage.Script{Name: name, Kind: or(kind, kindOf(source)), Enabled: true}
	case err != nil:
		return nil, err
	case kind != "" && kind != s.Kind:
		return nil, &misuse{what: fmt.Sprintf("%q is already there and is of the kind %s", name, s.Kind), mend: "choose another name, or delete it first"}
	}
	return s, nil
}

// kindOf guesses what a text is.
func kindOf(source string) string {
	if strings.Contains(source, "exports.onExecutePostLogin") {
		return storage.ScriptAction
	}
	return storage.ScriptRule
}

func (c *cli) rulesDeploy() *cobra.Command {
	var number int64
	cmd := &cobra.Command{
		Use: "deploy NAME", Short: "Make a version the one that runs", Args: takes("NAME"),
		Long:    "Make a version the one that runs, the newest one unless --version names another. Running providers notice within 5 seconds.",
		Example: "  sallyport rules deploy \"outside the office\" --version 3",
	}
	cmd.Flags().Int64Var(&number, "version", 0, "this `version`; 0: the newest")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.withScript(cmd, args[0], func(ctx context.Context, h *house, s *storage.Script) error {
			v, err := h.version(ctx, s, number)
			if err != nil {
				return err
			}
			return c.deploy(ctx, h, s, v)
		})
	}
	return cmd
}

func (c *cli) rulesRollback() *cobra.Command {
	return &cobra.Command{
		Use: "rollback NAME", Short: "Go back to the version before the one that runs", Args: takes("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withScript(cmd, args[0], func(ctx context.Context, h *house, s *storage.Script) error {
				list, err := h.db.ScriptVersions(ctx, s.ID)
				if err != nil {
					return err
				}
				for _, v := range list {
					if v.Number < s.Deployed {
						return c.deploy(ctx, h, s, v)
					}
				}
				return &misuse{what: fmt.Sprintf("the %s %q has no version before the one that runs", s.Kind, s.Name), mend: "`sallyport rules disable` keeps it from running"}
			})
		},
	}
}

// deploy makes v the version of s that runs.
func (c *cli) deploy(ctx context.Context, h *house, s *storage.Script, v *storage.ScriptVersion) error {
	if _, err := h.editScript(ctx, s, management.ScriptEdit{Version: v.Number}); err != nil {
		return err
	}
	return c.listScripts(ctx, h)
}
