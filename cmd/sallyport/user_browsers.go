package main

import (
	"context"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/storage"
)

func (c *cli) userBrowsers() *cobra.Command {
	return group("browsers", "Browsers in which a person is remembered",
		"In these the policy's second factor is not asked for.", c.browserList(), c.browserForget())
}

// browserView is a browser without what finds it.
type browserView struct {
	ID         string    `json:"browser_id"`
	UserAgent  string    `json:"user_agent"`
	Address    string    `json:"address"`
	CreatedAt  time.Time `json:"created_at"`
	LastUsedAt time.Time `json:"last_used_at"`
	ExpiresAt  time.Time `json:"expires_at"`
}

func (c *cli) browserList() *cobra.Command {
	return &cobra.Command{
		Use: "list USER", Short: "List them", Args: takes("USER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withUser(cmd, args[0], func(ctx context.Context, h *house, u *storage.User) error {
				list, err := h.db.Browsers(ctx, u.ID)
				if err != nil {
					return err
				}
				views := []browserView{}
				for _, b := range list {
					views = append(views, browserView{b.ID, b.UserAgent, b.Address, b.CreatedAt, b.LastUsedAt, b.ExpiresAt})
				}
				return c.show(views, func(w io.Writer) {
					row(w, "BROWSER_ID", "ADDRESS", "LAST USED", "UNTIL", "BROWSER")
					for _, v := range views {
						row(w, v.ID, v.Address, day(v.LastUsedAt), day(v.ExpiresAt), v.UserAgent)
					}
				})
			})
		},
	}
}

func (c *cli) browserForget() *cobra.Command {
	return &cobra.Command{
		Use: "forget USER [ID]", Short: "Ask again in one of them, or in all", Example: "  sallyport user browsers forget anna",
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withUser(cmd, args[0], func(ctx context.Context, h *house, u *storage.User) error {
				list, err := h.db.Browsers(ctx, u.ID)
				if err != nil {
					return err
				}
				if len(args) == 2 {
					list = slices.DeleteFunc(list, func(b *storage.Browser) bool { return b.ID != args[1] })
					if len(list) == 0 {
						return named(storage.ErrNotFound, "browser", args[1])
					}
				}
				for _, b := range list {
					e := event{Type: "browser.revoked", UserID: u.ID, Data: map[string]any{"browser_id": b.ID}}
					if err := h.change(ctx, e, func(ctx context.Context) error { return h.db.DeleteBrowser(ctx, b.ID) }); err != nil {
						return err
					}
				}
				return c.show(map[string]int{"forgotten": len(list)}, func(w io.Writer) { row(w, "forgotten", len(list)) })
			})
		},
	}
}
