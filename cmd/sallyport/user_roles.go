package main

import (
	"context"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/storage"
)

// rolesView is what a person is to policies and scripts.
type rolesView struct {
	UserID string   `json:"user_id"`
	Roles  []string `json:"roles"`
	Groups []string `json:"groups"`
}

func (c *cli) userRoles() *cobra.Command {
	var roles, groups []string
	cmd := &cobra.Command{
		Use: "roles USER", Short: "Show or set a person's roles and groups", Args: takes("USER"),
		Long: `Policies and scripts ask for them. They hold for the whole tenant; roles in one organization are
its members' (org add-member). Who has the role admin is looked after: a policy that would lock
all of them out is refused. A list replaces the one before; "" clears it.`,
		Example: `  sallyport user roles anna
  sallyport user roles anna --set admin,billing --groups staff`,
	}
	cmd.Flags().StringSliceVar(&roles, "set", nil, "`roles`, separated by commas")
	cmd.Flags().StringSliceVar(&groups, "groups", nil, "`groups`, likewise")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.withUser(cmd, args[0], func(ctx context.Context, h *house, u *storage.User) error {
			data := map[string]any{}
			if cmd.Flags().Changed("set") {
				u.Roles = tidy(roles)
				data["roles"] = u.Roles
			}
			if cmd.Flags().Changed("groups") {
				u.Groups = tidy(groups)
				data["groups"] = u.Groups
			}
			if len(data) > 0 {
				err := h.change(ctx, event{Type: "user.roles", UserID: u.ID, Data: data}, func(ctx context.Context) error {
					return named(h.db.UpdateUser(ctx, u), "user", u.Username)
				})
				if err != nil {
					return err
				}
			}
			view := rolesView{UserID: u.ID, Roles: append([]string{}, u.Roles...), Groups: append([]string{}, u.Groups...)}
			return c.show(view, func(w io.Writer) {
				row(w, "roles", strings.Join(view.Roles, ", "))
				row(w, "groups", strings.Join(view.Groups, ", "))
			})
		})
	}
	return cmd
}

// tidy is a list as it is stored: each value once and without space around it, none as nil.
func tidy(values []string) []string {
	var kept []string
	for _, v := range values {
		if v = strings.TrimSpace(v); v != "" && !oneOf(v, kept...) {
			kept = append(kept, v)
		}
	}
	return kept
}
