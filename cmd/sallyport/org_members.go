package main

import (
	"context"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/storage"
)

// memberView is a membership with who it is.
type memberView struct {
	*storage.Member
	Username string `json:"username"`
}

func (c *cli) orgAddMember() *cobra.Command {
	var roles []string
	cmd := &cobra.Command{
		Use: "add-member ORG USER", Short: "Make a person a member, or give a member other roles", Args: takes("ORG", "USER"),
		Long:    "Roles hold where the person signs in to this organization, beside those of the tenant (user roles).",
		Example: "  sallyport org add-member acme anna --roles admin,billing",
	}
	cmd.Flags().StringSliceVar(&roles, "roles", nil, "`roles` in it, separated by commas")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.withOrg(cmd, args[0], func(ctx context.Context, h *house, o *storage.Organization) error {
			u, err := h.user(ctx, args[1])
			if err != nil {
				return err
			}
			m := &storage.Member{OrganizationID: o.ID, UserID: u.ID, Roles: tidy(roles)}
			e := event{Type: "organization.member_added", UserID: u.ID, Data: map[string]any{"organization": o.ID, "roles": m.Roles}}
			if err := h.change(ctx, e, func(ctx context.Context) error { return h.db.PutMember(ctx, m) }); err != nil {
				return err
			}
			return c.showMembers(ctx, h, o)
		})
	}
	return cmd
}

func (c *cli) orgRemoveMember() *cobra.Command {
	return &cobra.Command{
		Use: "remove-member ORG USER", Short: "End a person's membership", Args: takes("ORG", "USER"),
		Long: "Tokens of sign-ins to the organization live on until they end; `user sessions end` ends them at once.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withOrg(cmd, args[0], func(ctx context.Context, h *house, o *storage.Organization) error {
				u, err := h.user(ctx, args[1])
				if err != nil {
					return err
				}
				e := event{Type: "organization.member_removed", UserID: u.ID, Data: map[string]any{"organization": o.ID}}
				err = h.change(ctx, e, func(ctx context.Context) error {
					return named(h.db.DeleteMember(ctx, o.ID, u.ID), "org member", u.Username)
				})
				if err != nil {
					return err
				}
				return c.showMembers(ctx, h, o)
			})
		},
	}
}

func (c *cli) orgMembers() *cobra.Command {
	return &cobra.Command{
		Use: "members ORG", Short: "List the members", Args: takes("ORG"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withOrg(cmd, args[0], c.showMembers)
		},
	}
}

func (c *cli) showMembers(ctx context.Context, h *house, o *storage.Organization) error {
	list, err := h.db.Members(ctx, o.ID)
	if err != nil {
		return err
	}
	views := []memberView{}
	for _, m := range list {
		u, err := h.db.UserByID(ctx, m.UserID)
		if err != nil {
			return named(err, "user", m.UserID)
		}
		views = append(views, memberView{m, u.Username})
	}
	return c.show(views, func(w io.Writer) {
		row(w, "USER_ID", "USERNAME", "ROLES", "SINCE")
		for _, v := range views {
			row(w, v.UserID, v.Username, strings.Join(v.Roles, " "), day(v.CreatedAt))
		}
	})
}
