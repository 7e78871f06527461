package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
)

func (c *cli) policyCommand() *cobra.Command {
	return group("policy", "When a second factor is asked for",
		`never asks for one only where an application demands it (acr_values); always asks at every
sign-in. The tenant's policy holds for every client that has none of its own. What an
application demands is never lowered by a policy.`,
		c.policyShow(), c.policySet(), c.policyRemember(), c.policyEnrollment())
}

// policyView is the tenant's policy and those of the clients that have their own.
type policyView struct {
	Tenant       string            `json:"tenant"`
	Clients      map[string]string `json:"clients"`
	RememberFor  *int64            `json:"remember_for,omitempty"` // seconds
	RememberIdle *int64            `json:"remember_idle,omitempty"`
	Enrollment   string            `json:"enrollment"`
	Picker       bool              `json:"picker"`
}

func (c *cli) policyShow() *cobra.Command {
	return &cobra.Command{
		Use: "show", Short: "Show the tenant's policy and the clients' own", Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withHouse(cmd, func(ctx context.Context, h *house) error { return c.showPolicy(ctx, h) })
		},
	}
}

func (c *cli) showPolicy(ctx context.Context, h *house) error {
	s, err := h.db.Settings(ctx)
	if err != nil {
		return err
	}
	clients, err := h.db.Clients(ctx)
	if err != nil {
		return err
	}
	view := policyView{
		Tenant: or(s.Policy, policy.Never), Clients: map[string]string{}, RememberFor: s.RememberFor, RememberIdle: s.RememberIdle,
		Enrollment: enrollmentOf(s), Picker: s.Picker,
	}
	for _, one := range clients {
		if one.Settings.Policy != "" {
			view.Clients[one.ID] = one.Settings.Policy
		}
	}
	return c.show(view, func(w io.Writer) {
		row(w, "tenant", view.Tenant)
		if view.RememberFor != nil {
			row(w, "browsers are remembered for", time.Duration(*view.RememberFor)*time.Second)
		}
		row(w, "a first factor is set up by", map[bool]string{false: "everybody", true: "who is invited"}[s.InvitedOnly])
		row(w, "people choose a way first", yesNo(view.Picker))
		for _, one := range clients {
			if one.Settings.Policy != "" {
				row(w, one.ID, one.Settings.Policy, one.Name)
			}
		}
	})
}

func (c *cli) policySet() *cobra.Command {
	var client string
	cmd := &cobra.Command{
		Use: "set POLICY", Short: "Set the tenant's policy, or with --client a client's own", Args: takes("POLICY"),
		Example: `  sallyport policy set always
  sallyport policy set never --client cli_…
  sallyport policy set tenant --client cli_…     # as the tenant again`,
	}
	cmd.Flags().StringVar(&client, "client", "", "`client_id`")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		allowed := []string{policy.Never, policy.Always}
		if client != "" {
			allowed = append(allowed, "tenant")
		}
		if !slices.Contains(allowed, args[0]) {
			return &misuse{what: fmt.Sprintf("there is no policy %q here", args[0]), mend: fmt.Sprintf("use one of %v", allowed)}
		}
		if client == "" {
			return c.changeSettings(cmd, "policy.changed", map[string]any{"policy": args[0]},
				func(_ *house, s *storage.Settings) error { s.Policy = args[0]; return nil },
				func(h *house, _ *storage.Settings) error { return c.showPolicy(cmd.Context(), h) })
		}
		return c.withHouse(cmd, func(ctx context.Context, h *house) error {
			one, err := h.db.ClientByID(ctx, client)
			if err != nil {
				return named(err, "client", client)
			}
			one.Settings.Policy = args[0]
			if args[0] == "tenant" {
				one.Settings.Policy = ""
			}
			e := event{Type: "policy.changed", ClientID: client, Data: map[string]any{"policy": args[0]}}
			if err := h.change(ctx, e, func(ctx context.Context) error { return h.db.UpdateClient(ctx, one) }); err != nil {
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
