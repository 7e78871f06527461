package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/flows/risk"
	"github.com/sallyport-id/sallyport/provider/management"
	"github.com/sallyport-id/sallyport/storage"
)

func (c *cli) policyCommand() *cobra.Command {
	return group("policy", "When a second factor is asked for",
		`never asks for one only where an application demands it (acr_values); always asks at every
sign-in; adaptive where a sign-in looks unlike the person's own. A document (policy apply) says
it under conditions, for networks, countries, hours, roles and more. The policy of the
organization that people sign in to comes first, then the application's, then the tenant's. What
an application demands is never lowered by a policy. Every change is a version, to look at and
to roll back to.`,
		c.policyShow(), c.policySet(), c.policyApply(), c.policyHistory(), c.policyDiff(), c.policyRollback(), c.policyTest(),
		c.policyRemember(), c.policyEnrollment(), c.policyRisk())
}

// policyView is the tenant's policy and those of the organizations and clients that have
// their own.
type policyView struct {
	Tenant        string            `json:"tenant"`
	Organizations map[string]string `json:"organizations"` // by name
	Clients       map[string]string `json:"clients"`
	RememberFor   *int64            `json:"remember_for,omitempty"` // seconds
	RememberIdle  *int64            `json:"remember_idle,omitempty"`
	Enrollment    string            `json:"enrollment"`
	Picker        bool              `json:"picker"`
	Monitor       bool              `json:"monitor"`
	AskAt         string            `json:"ask_at"`
}

func (c *cli) policyShow() *cobra.Command {
	var where scopeFlags
	var whole bool
	cmd := &cobra.Command{
		Use: "show", Short: "Show the tenant's policy and those of their own, or one as a document", Args: takes(),
		Example: `  sallyport policy show
  sallyport policy show --document --organization acme > acme.json`,
	}
	where.register(cmd)
	cmd.Flags().BoolVar(&whole, "document", false, "show one scope's document, as policy apply takes it")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return c.withHouse(cmd, func(ctx context.Context, h *house) error {
			if !whole && where == (scopeFlags{}) {
				return c.showPolicy(ctx, h)
			}
			s, err := h.scope(ctx, where)
			if err != nil {
				return err
			}
			d, err := s.Document()
			if err != nil {
				return err
			}
			return c.showDocument(d)
		})
	}
	return cmd
}

func (c *cli) showPolicy(ctx context.Context, h *house) error {
	s, err := h.db.Settings(ctx)
	if err != nil {
		return err
	}
	view := policyView{
		Tenant: plainPolicy(s.Policy, s.Document), Organizations: map[string]string{}, Clients: map[string]string{},
		RememberFor: s.RememberFor, RememberIdle: s.RememberIdle,
		Enrollment: enrollmentOf(s), Picker: s.Picker, Monitor: s.Assess, AskAt: or(s.AskAt, risk.Low),
	}
	organizations, err := h.db.Organizations(ctx)
	if err != nil {
		return err
	}
	clients, err := h.db.Clients(ctx)
	if err != nil {
		return err
	}
	for _, one := range organizations {
		if one.Policy != "" || len(one.Document) > 0 {
			view.Organizations[one.Name] = plainPolicy(one.Policy, one.Document)
		}
	}
	clients = slices.DeleteFunc(clients, func(one *storage.Client) bool { return one.Settings.Policy == "" && len(one.Settings.Document) == 0 })
	for _, one := range clients {
		view.Clients[one.ID] = plainPolicy(one.Settings.Policy, one.Settings.Document)
	}
	return c.show(view, func(w io.Writer) {
		row(w, "tenant", view.Tenant)
		if view.RememberFor != nil {
			row(w, "browsers are remembered for", time.Duration(*view.RememberFor)*time.Second)
		}
		row(w, "a first factor is set up by", map[bool]string{false: "everybody", true: "who is invited"}[s.InvitedOnly])
		row(w, "people choose a way first", yesNo(view.Picker))
		row(w, "risk is assessed at every sign-in", yesNo(view.Monitor))
		row(w, "adaptive asks at a confidence of", view.AskAt+" or less")
		for _, one := range organizations {
			if kind, ok := view.Organizations[one.Name]; ok {
				row(w, one.ID, kind, one.Name)
			}
		}
		for _, one := range clients {
			row(w, one.ID, view.Clients[one.ID], one.Name)
		}
	})
}

// plainPolicy is a policy in a word or two.
func plainPolicy(kind string, rest []byte) string {
	switch {
	case kind == "" && len(rest) == 0:
		return policy.Never
	case len(rest) == 0:
		return kind
	case kind == "":
		return "by document"
	}
	return kind + ", and by document"
}

func (c *cli) policySet() *cobra.Command {
	var where scopeFlags
	cmd := forceFlag(&cobra.Command{
		Use: "set POLICY", Short: "Set the tenant's policy, or an organization's or a client's own", Args: takes("POLICY"),
		Long: "Set the policy that holds where no row of a document does. The rows stay.",
		Example: `  sallyport policy set always
  sallyport policy set never --client cli_…
  sallyport policy set adaptive --organization acme
  sallyport policy set tenant --client cli_…     # no policy of its own again`,
	})
	where.register(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		allowed := []string{policy.Never, policy.Always, policy.Adaptive}
		if where != (scopeFlags{}) {
			allowed = append(allowed, storage.ScopeTenant)
		}
		if !slices.Contains(allowed, args[0]) {
			return &misuse{what: fmt.Sprintf("there is no policy %q here", args[0]), mend: fmt.Sprintf("use one of %v", allowed)}
		}
		return c.withHouse(cmd, func(ctx context.Context, h *house) error {
			err := h.changePolicy(ctx, cmd, where, map[string]any{"policy": args[0]}, func(_ context.Context, _ *management.PolicyScope, d *policy.Document) error {
				d.Policy = args[0]
				if args[0] == storage.ScopeTenant {
					d.Policy = ""
				}
				return nil
			})
			if err != nil {
				return err
			}
			return c.showPolicy(ctx, h)
		})
	}
	return cmd
}

func (c *cli) policyRemember() *cobra.Command {
	var idle time.Duration
	cmd := &cobra.Command{
		Use: "remember DURATION", Short: "Say how long a browser is remembered after a second factor", Args: takes("DURATION"),
		Long: `In a browser where a person showed a second factor and wished not to be asked again, the
policy's factor is not asked for. What an application demands is asked for all the same. 0
switches it off for everybody at once; a client may have its own (client update --remember-for).`,
		Example: `  sallyport policy remember 720h --idle 168h
  sallyport policy remember 0`,
	}
	cmd.Flags().DurationVar(&idle, "idle", 7*24*time.Hour, "and this `duration` without a sign-in")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		life, err := time.ParseDuration(args[0])
		if err != nil || life < 0 || idle < 0 {
			return &misuse{what: fmt.Sprintf("%q is no duration", args[0]), mend: "write 720h, or 0 to remember none"}
		}
		seconds, quiet := int64(life/time.Second), int64(idle/time.Second)
		return c.changeSettings(cmd, "policy.changed", map[string]any{"remember_for": seconds, "remember_idle": quiet},
			func(_ *house, s *storage.Settings) error {
				s.RememberFor, s.RememberIdle = &seconds, &quiet
				return nil
			},
			func(h *house, _ *storage.Settings) error { return c.showPolicy(cmd.Context(), h) })
	}
	return cmd
}
