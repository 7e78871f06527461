package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/provider/management"
	"github.com/sallyport-id/sallyport/storage"
)

func (c *cli) factorCommand() *cobra.Command {
	return group("factor", "Factors that people may use",
		`Factors are compiled in and set up in the settings; here they are switched on and off for
everybody, put in the order in which they are offered, and set up anew while the provider runs
(set). A client may narrow the list further (sallyport client update --factor …).`,
		c.factorList(), c.factorSwitch("enable", "Let people use a factor"), forceFlag(c.factorSwitch("disable", "Take a factor away")), c.factorOrder(), c.factorPicker(),
		c.factorShow(), c.factorSet(), c.factorReset())
}

// factorView is a factor as the command line shows it.
type factorView struct {
	Name      string `json:"name"`
	Enabled   bool   `json:"enabled"`
	First     bool   `json:"first"`
	Second    bool   `json:"second"`
	Dependent bool   `json:"dependent"`
}

func (c *cli) factorList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the factors in the order in which they are offered", Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withHouse(cmd, func(ctx context.Context, h *house) error {
				s, err := h.db.Settings(ctx)
				if err != nil {
					return err
				}
				return c.showFactors(h.factorViews(s))
			})
		},
	}
}

// factorViews lists the enabled ones in their order, then the others.
func (h *house) factorViews(s *storage.Settings) []factorView {
	names := slices.Clone(s.Factors)
	for _, name := range h.factors.Names() {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	views := []factorView{}
	for _, name := range names {
		info := h.factors.Info(name)
		views = append(views, factorView{
			Name: name, Enabled: slices.Contains(s.Factors, name), First: info.First, Second: info.Second, Dependent: info.Dependent,
		})
	}
	return views
}

func (c *cli) showFactors(views []factorView) error {
	return c.show(views, func(w io.Writer) {
		row(w, "FACTOR", "ENABLED", "ROLE")
		for _, v := range views {
			var roles []string
			if v.First {
				roles = append(roles, "first")
			}
			if v.Second {
				roles = append(roles, "second")
			}
			if v.Dependent {
				roles = append(roles, "beside another one only")
			}
			row(w, v.Name, yesNo(v.Enabled), strings.Join(roles, ", "))
		}
	})
}

func (c *cli) factorSwitch(verb, short string) *cobra.Command {
	return &cobra.Command{
		Use: verb + " FACTOR", Short: short, Args: takes("FACTOR"), Example: "  sallyport factor " + verb + " otp",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.changeSettings(cmd, "factor."+verb+"d", map[string]any{"factor": args[0]}, func(h *house, s *storage.Settings) error {
				if err := h.checkFactor(args[0]); err != nil {
					return err
				}
				if verb == "disable" {
					management.SwitchOff(s, args[0])
					return nil
				}
				if lacks := h.factors.Info(args[0]).Missing; lacks != "" {
					return &misuse{what: args[0] + " cannot work: " + lacks + " is not set", mend: "see `sallyport factor set --help`"}
				}
				return h.desk(false).SwitchOn(s, args[0])
			}, func(h *house, s *storage.Settings) error { return c.showFactors(h.factorViews(s)) })
		},
	}
}

func (c *cli) factorOrder() *cobra.Command {
	return &cobra.Command{
		Use: "order FACTOR…", Short: "Put the enabled factors in the order in which they are offered",
		Long:    "Factors that are not named follow in their old order.",
		Example: "  sallyport factor order otp recovery-code",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.changeSettings(cmd, "factor.ordered", map[string]any{"factors": args}, func(h *house, s *storage.Settings) error {
				for _, name := range args {
					if err := h.checkFactor(name); err != nil {
						return err
					}
					if !slices.Contains(s.Factors, name) {
						return &misuse{what: name + " is not enabled", mend: "run `sallyport factor enable " + name + "` first"}
					}
				}
				rest := slices.DeleteFunc(s.Factors, func(name string) bool { return slices.Contains(args, name) })
				s.Factors = append(slices.Clone(args), rest...)
				return nil
			}, func(h *house, s *storage.Settings) error { return c.showFactors(h.factorViews(s)) })
		},
	}
}

// checkFactor says whether name is one of the house's factors.
func (h *house) checkFactor(name string) error {
	if h.factors.Get(name) == nil {
		return &misuse{what: fmt.Sprintf("there is no factor %q", name), mend: "use one of " + strings.Join(h.factors.Names(), ", ")}
	}
	return nil
}

// changeSettings changes the tenant's settings with their audit event and shows what
// they are now.
func (c *cli) changeSettings(cmd *cobra.Command, kind string, data map[string]any,
	edit, show func(*house, *storage.Settings) error,
) error {
	return c.withHouse(cmd, func(ctx context.Context, h *house) error {
		var s *storage.Settings
		err := h.change(ctx, event{Type: kind, Data: data}, func(ctx context.Context) (err error) {
			s, err = h.editSettings(ctx, forced(cmd), data, func(s *storage.Settings) error { return edit(h, s) })
			return err
		})
		if err != nil {
			return err
		}
		return show(h, s)
	})
}
