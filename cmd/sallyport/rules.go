package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/flows/rules"
	"github.com/sallyport-id/sallyport/provider/management"
	"github.com/sallyport-id/sallyport/storage"
)

func (c *cli) rulesCommand() *cobra.Command {
	return group("rules", "JavaScript that decides about sign-ins: rules and actions",
		`A rule is one function (user, context, callback); an action exports onExecutePostLogin
(event, api). They run in every sign-in after the password: the rules by their position, then the
actions by theirs. They can refuse, ask for a factor, send a person elsewhere and add claims. One
that fails refuses the sign-in, so try it first: sallyport rules run FILE --user U.

Every text that is put is kept as a version, the newest hundred beside the one that is live. A NAME
with spaces is quoted.`,
		c.rulesList(), c.rulesShow(), c.rulesVersions(), c.rulesPut(), c.rulesDeploy(), c.rulesRollback(),
		c.rulesSwitch("enable", "Let it run", true), c.rulesSwitch("disable", "Keep it, but do not run it", false),
		c.rulesMove(), c.rulesSecret(), c.rulesConfig(), c.rulesDelete(), c.rulesRun(), c.rulesTest(), c.rulesLogs())
}

// scriptView is a script as the command line shows it: of secrets, the names.
type scriptView struct {
	*storage.Script
	Secrets []string               `json:"secrets"`
	Text    *storage.ScriptVersion `json:"text,omitempty"`
}

func viewOf(s *storage.Script) scriptView {
	names := slices.AppendSeq([]string{}, maps.Keys(s.Secrets))
	slices.Sort(names)
	return scriptView{Script: s, Secrets: names}
}

// state is whether a script runs, in words.
func (v scriptView) state() string {
	switch {
	case v.Deployed == 0:
		return "nothing deployed"
	case !v.Enabled:
		return fmt.Sprintf("version %d, disabled", v.Deployed)
	}
	return fmt.Sprintf("version %d runs", v.Deployed)
}

func (c *cli) rulesList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List rules and actions in the order in which they run", Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withHouse(cmd, func(ctx context.Context, h *house) error { return c.listScripts(ctx, h) })
		},
	}
}

func (c *cli) listScripts(ctx context.Context, h *house) error {
	list, err := h.db.Scripts(ctx)
	if err != nil {
		return err
	}
	views := []scriptView{}
	for _, s := range list {
		views = append(views, viewOf(s))
	}
	return c.show(views, func(w io.Writer) {
		row(w, "KIND", "POSITION", "NAME", "STATE", "SECRETS", "CHANGED")
		for _, v := range views {
			row(w, v.Kind, v.Position, v.Name, v.state(), strings.Join(v.Secrets, " "), day(v.UpdatedAt))
		}
	})
}

func (c *cli) rulesShow() *cobra.Command {
	var number int64
	cmd := &cobra.Command{
		Use: "show NAME", Short: "Show a rule or action with its text", Args: takes("NAME"),
		Long: "Show a rule or action with the text that is deployed, the newest one where none is, or that of --version.",
	}
	cmd.Flags().Int64Var(&number, "version", 0, "the text of this `version`")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.withScript(cmd, args[0], func(ctx context.Context, h *house, s *storage.Script) error {
			if number == 0 {
				number = s.Deployed
			}
			v, err := h.version(ctx, s, number)
			if err != nil {
				return err
			}
			view := viewOf(s)
			view.Text = v
			return c.show(view, func(w io.Writer) {
				showScript(w, view)
				row(w, fmt.Sprintf("\nversion %d:\n%s", v.Number, strings.TrimRight(v.Source, "\n")))
			})
		})
	}
	return cmd
}

func showScript(w io.Writer, v scriptView) {
	row(w, "name", v.Name)
	row(w, "kind", v.Kind)
	row(w, "position", v.Position)
	row(w, "state", v.state())
	if len(v.Secrets) > 0 {
		row(w, "secrets", strings.Join(v.Secrets, " "))
	}
	row(w, "changed", day(v.UpdatedAt))
}

func (c *cli) rulesVersions() *cobra.Command {
	return &cobra.Command{
		Use: "versions NAME", Short: "List the texts that a rule or action had, the newest first", Args: takes("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withScript(cmd, args[0], func(ctx context.Context, h *house, s *storage.Script) error {
				list, err := h.db.ScriptVersions(ctx, s.ID)
				if err != nil {
					return err
				}
				return c.show(list, func(w io.Writer) {
					row(w, "VERSION", "", "PUT", "BY", "BYTES", "SHA-256")
					for _, v := range list {
						row(w, v.Number, map[bool]string{true: "deployed"}[v.Number == s.Deployed], day(v.CreatedAt), v.By, len(v.Source), management.ScriptHash(v.Source))
					}
				})
			})
		},
	}
}

// withScript opens the register and finds the script called name.
func (c *cli) withScript(cmd *cobra.Command, name string, do func(context.Context, *house, *storage.Script) error) error {
	return c.withHouse(cmd, func(ctx context.Context, h *house) error {
		s, err := h.db.ScriptByName(ctx, name)
		if err != nil {
			return ofScript(err, name)
		}
		return do(ctx, h, s)
	})
}

// version is one text of s; 0: the newest.
func (h *house) version(ctx context.Context, s *storage.Script, number int64) (*storage.ScriptVersion, error) {
	if number != 0 {
		v, err := h.db.ScriptVersion(ctx, s.ID, number)
		if errors.Is(err, storage.ErrNotFound) {
			return nil, fmt.Errorf("the %s %q has no version %d; see `sallyport rules versions`%w", s.Kind, s.Name, number, quiet{err})
		}
		return v, err
	}
	v, err := h.db.LastScriptVersion(ctx, s.ID)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, fmt.Errorf("the %s %q has no text; use `sallyport rules put`%w", s.Kind, s.Name, quiet{err})
	}
	return v, err
}

// editScript changes s, as management.Desk does.
func (h *house) editScript(ctx context.Context, s *storage.Script, edit management.ScriptEdit) (*storage.ScriptVersion, error) {
	name := s.Name
	v, err := h.desk(false).EditScript(ctx, s, edit)
	return v, ofScript(err, name)
}

// compileScript says what is wrong with a text, in this process: whoever has this machine
// may let it do what they like.
func compileScript(_ context.Context, kind, name, source string) error {
	return rules.Check(rules.Script{Kind: kind, Name: name, Source: source})
}

// ofScript says what is wrong with the script called name, with the mend.
func ofScript(err error, name string) error {
	var fault *rules.Fault
	switch {
	case errors.As(err, &fault):
		return &misuse{what: fault.Error(), mend: "mend it and put it again; nothing was stored"}
	case errors.Is(err, storage.ErrInvalid):
		what, mend, _ := strings.Cut(strings.TrimPrefix(err.Error(), storage.ErrInvalid.Error()+": "), "; ")
		return &misuse{what: what, mend: or(mend, "mend it and try again")}
	case errors.Is(err, storage.ErrNotFound):
		return fmt.Errorf("there is no rule or action %q; see `sallyport rules list`%w", name, quiet{err})
	}
	return named(err, "rule or action", name)
}
