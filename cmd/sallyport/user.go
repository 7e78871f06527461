package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/storage"
)

func (c *cli) userCommand() *cobra.Command {
	return group("user", "People who can sign in",
		`A USER is named by user name, e-mail address or id.`,
		c.userCreate(), c.userList(), c.userShow(), c.userBlock("block", "Keep a person out and end their sessions", true),
		c.userBlock("unblock", "Let a person in again", false), c.userSetPassword(), c.userDelete(), c.userImport(),
		c.userAuthenticators(), c.userSessions(), c.userBrowsers(), c.userInvite(), c.userRoles())
}

// userFlags are the claims that an operator may set on the command line. The rest
// comes by import.
func userFlags(cmd *cobra.Command, u *storage.User) {
	f := cmd.Flags()
	f.StringVar(&u.Email, "email", "", "e-mail `address`")
	f.BoolVar(&u.EmailVerified, "email-verified", false, "the address is known to be theirs")
	f.StringVar(&u.Name, "name", "", "full `name`")
	f.StringVar(&u.GivenName, "given-name", "", "`name`")
	f.StringVar(&u.FamilyName, "family-name", "", "`name`")
	f.StringVar(&u.PhoneNumber, "phone", "", "phone `number` with country code, +49…")
	f.StringVar(&u.Locale, "locale", "", "`language` of their mails, such as de")
	f.StringVar(&u.Zoneinfo, "zoneinfo", "", "time `zone`, Europe/Berlin")
	f.BoolVar(&u.PasswordExpired, "must-change-password", false, "ask for a new password at the first sign-in")
}

func (c *cli) userCreate() *cobra.Command {
	u := &storage.User{}
	var p passwordFlags
	cmd := &cobra.Command{
		Use: "create USERNAME", Short: "Add a person", Args: takes("USERNAME"),
		Long: "Add a person. Their password is asked for, read with --password-stdin, or made with --generate.",
		Example: `  sallyport user create anna --email anna@example.com --name "Anna Berg"
  sallyport user create bob --generate --must-change-password
  echo "correct horse battery staple" | sallyport user create carl --password-stdin`,
	}
	userFlags(cmd, u)
	p.register(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.withHouse(cmd, func(ctx context.Context, h *house) error {
			u.ID, u.Username = storage.NewID("usr"), args[0]
			password, err := c.newPassword(&p)
			if err != nil {
				return err
			}
			err = h.change(ctx, event{Type: "user.created", UserID: u.ID}, func(ctx context.Context) error {
				if err := h.db.CreateUser(ctx, u); err != nil {
					return named(err, "user", u.Username)
				}
				return h.setPassword(ctx, u, password)
			})
			if err != nil {
				return err
			}
			return c.showUser(userView{User: u, Password: p.shown(password)})
		})
	}
	return cmd
}

// userView is a person as the command line shows them.
type userView struct {
	*storage.User
	Password       string              `json:"password,omitempty"` // where it was just made
	Authenticators []authenticatorView `json:"authenticators,omitempty"`
}

func (c *cli) userList() *cobra.Command {
	var filter storage.UserFilter
	cmd := &cobra.Command{
		Use: "list [TEXT]", Short: "List people", Example: "  sallyport user list anna --limit 20",
		Long: "List people, all or those whose user name or e-mail address begins with TEXT.",
	}
	cmd.Flags().IntVar(&filter.Limit, "limit", 100, "at most this `many`")
	cmd.Flags().StringVar(&filter.After, "after", "", "go on after this user `id`")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) > 1 {
			return &misuse{what: "there is more than one TEXT", mend: "quote it"}
		}
		filter.Query = strings.Join(args, "")
		return c.withHouse(cmd, func(ctx context.Context, h *house) error {
			users, err := h.db.Users(ctx, filter)
			if err != nil {
				return err
			}
			return c.show(users, func(w io.Writer) {
				row(w, "USER_ID", "USERNAME", "E-MAIL", "NAME", "SINCE")
				for _, u := range users {
					row(w, u.ID, u.Username+blockedMark(u.Blocked), u.Email, u.Name, u.CreatedAt.Format(time.DateOnly))
				}
			})
		})
	}
	return cmd
}

func blockedMark(blocked bool) string {
	if blocked {
		return " (blocked)"
	}
	return ""
}

func (c *cli) userShow() *cobra.Command {
	return &cobra.Command{
		Use: "show USER", Short: "Show a person and what they can prove themselves with", Args: takes("USER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withUser(cmd, args[0], func(ctx context.Context, h *house, u *storage.User) error {
				list, err := h.db.Authenticators(ctx, u.ID)
				if err != nil {
					return err
				}
				return c.showUser(userView{User: u, Authenticators: authenticatorViews(list)})
			})
		},
	}
}

func (c *cli) userBlock(verb, short string, blocked bool) *cobra.Command {
	return &cobra.Command{
		Use: verb + " USER", Short: short, Args: takes("USER"), Example: "  sallyport user " + verb + " anna@example.com",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withUser(cmd, args[0], func(ctx context.Context, h *house, u *storage.User) error {
				u.Blocked = blocked
				err := h.change(ctx, event{Type: "user." + verb + "ed", UserID: u.ID}, func(ctx context.Context) error {
					if err := h.db.UpdateUser(ctx, u); err != nil || !blocked {
						return named(err, "user", u.Username)
					}
					return h.signOutEverywhere(ctx, u.ID)
				})
				if err != nil {
					return err
				}
				return c.showUser(userView{User: u})
			})
		},
	}
}

// signOutEverywhere ends what a person has open: sessions and tokens.
func (h *house) signOutEverywhere(ctx context.Context, userID string) error {
	return errors.Join(h.db.EndSessions(ctx, userID, ""), h.db.RevokeUserGrants(ctx, userID))
}

func (c *cli) userDelete() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "delete USER", Short: "Remove a person with everything that is theirs", Args: takes("USER"),
		Long: "Remove a person with their authenticators, sessions, tokens and consents. The audit log stays; the id is never used again.",
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.withUser(cmd, args[0], func(ctx context.Context, h *house, u *storage.User) error {
			if err := c.confirm(yes, "Remove "+u.Username+" and everything that is theirs?"); err != nil {
				return err
			}
			return h.change(ctx, event{Type: "user.deleted", UserID: u.ID}, func(ctx context.Context) error {
				return h.db.DeleteUser(ctx, u.ID)
			})
		})
	}
	return cmd
}

// user finds a person by id, user name or e-mail address.
func (h *house) user(ctx context.Context, ref string) (*storage.User, error) {
	u, err := h.db.UserByID(ctx, ref)
	if errors.Is(err, storage.ErrNotFound) {
		u, err = h.db.UserByLogin(ctx, ref)
	}
	return u, named(err, "user", ref)
}

func (c *cli) withUser(cmd *cobra.Command, ref string, do func(context.Context, *house, *storage.User) error) error {
	return c.withHouse(cmd, func(ctx context.Context, h *house) error {
		u, err := h.user(ctx, ref)
		if err != nil {
			return err
		}
		return do(ctx, h, u)
	})
}

func (c *cli) showUser(v userView) error {
	return c.show(v, func(w io.Writer) {
		if v.Password != "" {
			row(w, "password", v.Password+"   (shown this once)")
		}
		for _, line := range plainFields(v.User) {
			row(w, line.name, line.value)
		}
		for _, a := range v.Authenticators {
			row(w, "authenticator", fmt.Sprintf("%s %s %s, last used %s", a.ID, a.Factor, a.state(), day(a.LastUsedAt)))
		}
	})
}
