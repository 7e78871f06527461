package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
)

func (c *cli) userAuthenticators() *cobra.Command {
	return group("authenticators", "What a person proves themselves with",
		`Removing one helps a person who lost it: at their next sign-in that needs a second factor they
set up another. The running provider tells them by mail, and browsers that were remembered ask
again. A verified mailbox is one by itself: removing it switches it off. All of it is
written to the audit log.`,
		c.authenticatorList(), c.authenticatorRemove())
}

// authenticatorView is an authenticator without its secret.
type authenticatorView struct {
	ID          string    `json:"id"`
	Factor      string    `json:"factor"`
	Label       string    `json:"label,omitempty"`
	Failures    int       `json:"failures"`
	CreatedAt   time.Time `json:"created_at"`
	ConfirmedAt time.Time `json:"confirmed_at,omitzero"`
	DisabledAt  time.Time `json:"disabled_at,omitzero"`
	LastUsedAt  time.Time `json:"last_used_at,omitzero"`
}

func (a authenticatorView) state() string {
	switch {
	case !a.DisabledAt.IsZero():
		return "disabled"
	case a.ConfirmedAt.IsZero():
		return "not confirmed"
	}
	return "in use"
}

func authenticatorViews(list []*storage.Authenticator) []authenticatorView {
	views := []authenticatorView{}
	for _, a := range list {
		views = append(views, authenticatorView{
			ID: a.ID, Factor: a.Factor, Label: a.Label, Failures: a.Failures, CreatedAt: a.CreatedAt,
			ConfirmedAt: a.ConfirmedAt, DisabledAt: a.DisabledAt, LastUsedAt: a.LastUsedAt,
		})
	}
	return views
}

func (c *cli) authenticatorList() *cobra.Command {
	return &cobra.Command{
		Use: "list USER", Short: "List them", Args: takes("USER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withUser(cmd, args[0], func(ctx context.Context, h *house, u *storage.User) error {
				list, err := h.db.Authenticators(ctx, u.ID)
				if err != nil {
					return err
				}
				views := authenticatorViews(list)
				return c.show(views, func(w io.Writer) {
					row(w, "ID", "FACTOR", "LABEL", "STATE", "LAST USED")
					for _, v := range views {
						row(w, v.ID, v.Factor, v.Label, v.state(), day(v.LastUsedAt))
					}
				})
			})
		},
	}
}

func (c *cli) authenticatorRemove() *cobra.Command {
	var all, yes bool
	cmd := &cobra.Command{
		Use: "remove USER [ID]", Short: "Remove one, or all second factors with --all",
		Example: `  sallyport user authenticators remove anna aut_…
  sallyport user authenticators remove anna --all`,
	}
	cmd.Flags().BoolVar(&all, "all", false, "all but the password")
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) != 2 && !(all && len(args) == 1) {
			return &misuse{what: "say which", mend: "write `" + cmd.UseLine() + "` with an ID, or --all"}
		}
		return c.withUser(cmd, args[0], func(ctx context.Context, h *house, u *storage.User) error {
			list, err := h.db.Authenticators(ctx, u.ID)
			if err != nil {
				return err
			}
			list = slices.DeleteFunc(list, func(a *storage.Authenticator) bool {
				return all && (a.Factor == factors.Password || h.implied(a)) || !all && a.ID != args[1]
			})
			if len(list) == 0 && !all {
				return named(storage.ErrNotFound, "authenticator", args[1])
			}
			if err := c.confirm(yes, fmt.Sprintf("Remove %d authenticator(s) of %s?", len(list), u.Username)); err != nil {
				return err
			}
			engine, err := h.engine(ctx)
			if err != nil {
				return err
			}
			for _, a := range list {
				e := &storage.Event{
					ID: storage.NewID("evt"), At: h.now(), Type: "authenticator.removed", Actor: administrator, UserID: u.ID,
					Data: map[string]any{"factor": a.Factor, "authenticator_id": a.ID},
				}
				if err := engine.RemoveAuthenticator(ctx, u, a, e); err != nil {
					return err
				}
			}
			return c.show(authenticatorViews(list), func(w io.Writer) { row(w, "removed", len(list)) })
		})
	}
	return cmd
}

// implied reports whether a person has an authenticator by what is known of them: a
// mailbox. Removing all leaves it, because it is not theirs to lose.
func (h *house) implied(a *storage.Authenticator) bool {
	_, ok := h.factors.Get(a.Factor).(factors.Implier)
	return ok && len(a.Secret) == 0
}

func (c *cli) userSessions() *cobra.Command {
	return group("sessions", "Where a person is signed in", "", c.sessionList(), c.sessionEnd())
}

// sessionView is a session without what finds it.
type sessionView struct {
	ID         string    `json:"session_id"`
	Address    string    `json:"address"`
	UserAgent  string    `json:"user_agent"`
	Clients    []string  `json:"clients"`
	AuthTime   time.Time `json:"auth_time"`
	LastSeenAt time.Time `json:"last_seen_at"`
	ExpiresAt  time.Time `json:"expires_at"`
}

func (c *cli) sessionList() *cobra.Command {
	return &cobra.Command{
		Use: "list USER", Short: "List their sessions", Args: takes("USER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withUser(cmd, args[0], func(ctx context.Context, h *house, u *storage.User) error {
				sessions, err := h.db.Sessions(ctx, u.ID)
				if err != nil {
					return err
				}
				views := []sessionView{}
				for _, s := range sessions {
					views = append(views, sessionView{s.ID, s.Address, s.UserAgent, s.Clients, s.AuthTime, s.LastSeenAt, s.ExpiresAt})
				}
				return c.show(views, func(w io.Writer) {
					row(w, "SESSION_ID", "ADDRESS", "LAST SEEN", "CLIENTS", "BROWSER")
					for _, v := range views {
						row(w, v.ID, v.Address, day(v.LastSeenAt), len(v.Clients), v.UserAgent)
					}
				})
			})
		},
	}
}

func (c *cli) sessionEnd() *cobra.Command {
	return &cobra.Command{
		Use: "end USER", Short: "Sign a person out everywhere and revoke their tokens", Args: takes("USER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withUser(cmd, args[0], func(ctx context.Context, h *house, u *storage.User) error {
				err := h.change(ctx, event{Type: "session.ended", UserID: u.ID, Data: map[string]any{"all": true}},
					func(ctx context.Context) error { return h.signOutEverywhere(ctx, u.ID) })
				if err != nil {
					return err
				}
				return c.show(map[string]string{"user_id": u.ID}, func(w io.Writer) { row(w, u.Username+" is signed out everywhere") })
			})
		},
	}
}
