package main

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/factors/standin"
)

func (c *cli) enrollCommand() *cobra.Command {
	var name, base string
	cmd := &cobra.Command{
		Use: "enroll ADDRESS", Short: "Set this device up for an account", Args: takes("ADDRESS"),
		Long: `Set this device up for an account. ADDRESS is what the picture on the site holds: the address
behind "Set up this device instead", with all that stands after its #; an otpauth:// address; or
the bare ticket, with --base. It works once and for a few minutes. Quote it for your shell.`,
		Example: `  authenticator enroll 'https://id.example.com/authenticator#TICKET'
  authenticator enroll TICKET --base https://id.example.com --name 'Office terminal'`,
	}
	cmd.Flags().StringVar(&name, "name", defaultName(), "what the site calls this device")
	cmd.Flags().StringVar(&base, "base", "", "`address` of the site, for a bare ticket or in place of the one in ADDRESS")
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return c.enroll(cmd.Context(), args[0], base, name) }
	return cmd
}

func defaultName() string {
	host, err := os.Hostname()
	if err != nil || host == "" {
		return "Terminal"
	}
	return "Terminal on " + host
}

func (c *cli) enroll(ctx context.Context, address, base, name string) error {
	base, ticket, err := target(address, base)
	if err != nil {
		return err
	}
	s, err := c.store()
	if err != nil {
		return err
	}
	phone, err := standin.NewPhone(name)
	if err != nil {
		return err
	}
	phone.Agent, phone.HTTP = agent, client
	a := &account{Phone: *phone, Key: jose.JSONWebKey{Key: phone.Key, Algorithm: string(jose.RS256), Use: "sig"}}
	// The ticket is good for one try, so the file is locked, and with that known to be
	// ours, before it is used.
	err = s.change(func(all []*account) ([]*account, error) {
		if err := a.Enroll(ctx, base, ticket); err != nil {
			return nil, explain(err, base)
		}
		a.Issuer, a.Account = plain(a.Issuer), plain(a.Account)
		return append(all, a), nil
	})
	if err != nil && a.ID != "" {
		return fmt.Errorf("%w; the site knows this device, but its key was not kept: do not go on in the browser, show a new picture there", err)
	}
	if err != nil {
		return err
	}
	if c.json {
		return c.show(a.view(), nil)
	}
	c.say("This device now answers for %s. Go on in the browser.\n", a)
	return nil
}

// target is where the site's protocol is, and the ticket. Errors do not repeat the
// ticket.
func target(address, base string) (string, string, error) {
	found, ticket, err := standin.Scan(strings.TrimSpace(address))
	if err != nil {
		return "", "", &misuse{what: "ADDRESS is not one that sets a device up", mend: "copy the link \"Set up this device instead\" of the page with the picture"}
	}
	if ticket == "" {
		return "", "", &misuse{what: "there is no ticket in ADDRESS", mend: "copy all of it, with what stands after the #, and quote it for your shell"}
	}
	if base == "" {
		base = found
	}
	if base == "" {
		return "", "", &misuse{what: "a bare ticket does not say which site it is for", mend: "add --base https://id.example.com"}
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())) {
		return "", "", &misuse{what: "the address of the site is not https", mend: "use https://…; http is for this machine alone"}
	}
	u.Path, u.RawQuery, u.Fragment = strings.TrimSuffix(u.Path, "/"), "", ""
	if !strings.HasSuffix(u.Path, "/appliance-mfa") && !strings.HasSuffix(u.Path, "/guardian") {
		u.Path += "/appliance-mfa" // as the SDKs do
	}
	return u.String(), ticket, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
