package main

import (
	"context"
	"runtime"
	"slices"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/flows/rules"
	"github.com/sallyport-id/sallyport/storage"
)

// theDraft is the name of a draft that takes nobody's place.
const theDraft = "the draft"

func (c *cli) rulesTest() *cobra.Command {
	var flags backtestFlags
	var name, kind string
	var alone bool
	cmd := &cobra.Command{
		Use: "test FILE", Short: "Try a draft on the sign-ins of the past", Args: takes("FILE"),
		Long: `Decide the recorded sign-ins of the past anew, as if the draft were live beside the scripts
that are, and say who would have been challenged, refused or let in instead. Nothing else happens:
nobody is written to, nothing that scripts set is kept, and fetch reaches nothing. With --name the
draft takes the place of the script of that name. Records are kept for login.record_for.`,
		Example: `  sallyport rules test draft.js --since 30d
  sallyport rules test draft.js --name "office hours" --client cli_…`,
	}
	flags.register(cmd)
	cmd.Flags().StringVar(&flags.client, "client", "", "of this `client_id` alone")
	cmd.Flags().StringVar(&name, "name", "", "take the place of the script of this `name`")
	cmd.Flags().StringVar(&kind, "kind", "", "`rule` or action; without it the text says")
	cmd.Flags().BoolVar(&alone, "alone", false, "leave the scripts out that are live")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		source, err := c.readScript(args[0])
		if err != nil {
			return err
		}
		draft := rules.Script{Name: or(name, theDraft), Kind: or(kind, kindOf(source)), Source: source}
		if err := rules.Check(draft); err != nil {
			return &misuse{what: err.Error(), mend: "mend it and try it again"}
		}
		return c.withHouse(cmd, func(ctx context.Context, h *house) error {
			o, err := rulesOptions()
			if err != nil {
				return err
			}
			o.Workers, o.Timeout = runtime.NumCPU(), h.settings.Rules.Timeout
			runner, err := rules.NewRunner(o)
			if err != nil {
				return err
			}
			defer runner.Close()
			old := &storage.Script{Kind: draft.Kind}
			if name != "" {
				if old, err = h.db.ScriptByName(ctx, name); err != nil {
					return ofScript(err, name)
				}
			}
			if draft.Secrets, err = h.db.Given(ctx, old); err != nil {
				return err
			}
			b := &flows.Backtest{Factors: h.factors, Ladder: h.settings.ladder(), Rules: runner}
			if b.Scripts, err = h.withDraft(ctx, draft, alone); err != nil {
				return err
			}
			return c.backtest(ctx, h, b, &flags)
		})
	}
	return cmd
}

// withDraft are the scripts that would run.
func (h *house) withDraft(ctx context.Context, draft rules.Script, alone bool) ([]rules.Script, error) {
	if alone {
		return []rules.Script{draft}, nil
	}
	live, err := h.db.CachedScripts(ctx)
	if err != nil {
		return nil, err
	}
	var list []rules.Script
	found := false
	for _, s := range live {
		one := rules.Script{Name: s.Name, Kind: s.Kind, Source: s.Source, Secrets: s.Secrets}
		if s.Name == draft.Name {
			one, found = draft, true
		}
		list = append(list, one)
	}
	if !found {
		at := len(list)
		if draft.Kind == rules.Rule { // rules run before actions
			if i := slices.IndexFunc(list, func(s rules.Script) bool { return s.Kind == rules.Action }); i >= 0 {
				at = i
			}
		}
		list = slices.Insert(list, at, draft)
	}
	return list, nil
}
