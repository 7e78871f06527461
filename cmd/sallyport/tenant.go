package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/provider/management"
	"github.com/sallyport-id/sallyport/storage"
)

func (c *cli) tenantCommand() *cobra.Command {
	return group("tenant", "What holds for the whole site beside its policy",
		`Whether strangers may make an account by POST /dbconnections/signup, and where /v2/logout may
send people who signed out without naming an application.`,
		c.tenantShow(), c.tenantSignUp(), c.tenantLogoutURLs())
}

// tenantView is what `tenant show` prints.
type tenantView struct {
	SignUp            bool     `json:"signup"`
	AllowedLogoutURLs []string `json:"allowed_logout_urls"`
}

func (c *cli) showTenant(s *storage.Settings) error {
	view := tenantView{SignUp: s.SignUp, AllowedLogoutURLs: append([]string{}, s.AllowedLogoutURLs...)}
	return c.show(view, func(w io.Writer) {
		row(w, "strangers may make an account", map[bool]string{false: "no", true: "yes"}[view.SignUp])
		row(w, "addresses after /v2/logout", or(strings.Join(view.AllowedLogoutURLs, " "), "those of the application that is named"))
	})
}

func (c *cli) tenantShow() *cobra.Command {
	return &cobra.Command{
		Use: "show", Short: "Show them", Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withHouse(cmd, func(ctx context.Context, h *house) error {
				s, err := h.db.Settings(ctx)
				if err != nil {
					return err
				}
				return c.showTenant(s)
			})
		},
	}
}

func (c *cli) tenantSignUp() *cobra.Command {
	return &cobra.Command{
		Use: "signup on|off", Short: "Say whether strangers may make an account", Args: takes("on|off"),
		Long: `off, the default, has accounts made by administrators only. on lets any page that one of your
applications names make one with a mail address that nobody has, a few from one address.`,
		Example: "  sallyport tenant signup on",
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[0] != "on" && args[0] != "off" {
				return &misuse{what: fmt.Sprintf("%q is neither on nor off", args[0]), mend: "write `" + cmd.UseLine() + "`"}
			}
			return c.changeTenant(cmd, map[string]any{"signup": args[0] == "on"}, func(s *storage.Settings) { s.SignUp = args[0] == "on" })
		},
	}
}

func (c *cli) tenantLogoutURLs() *cobra.Command {
	return &cobra.Command{
		Use: "logout-urls [ADDRESS...]", Short: "Say where /v2/logout may lead without a client_id; none: nowhere",
		Example: "  sallyport tenant logout-urls https://www.acme.example/bye",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.changeTenant(cmd, map[string]any{"allowed_logout_urls": args}, func(s *storage.Settings) { s.AllowedLogoutURLs = args })
		},
	}
}

func (c *cli) changeTenant(cmd *cobra.Command, data map[string]any, edit func(*storage.Settings)) error {
	return c.changeSettings(cmd, "tenant.changed", data,
		func(_ *house, s *storage.Settings) error { edit(s); return management.ValidateTenant(s) },
		func(_ *house, s *storage.Settings) error { return c.showTenant(s) })
}
