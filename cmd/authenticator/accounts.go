package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// A view is an account without what only this device may know.
type view struct {
	ID      string `json:"id"`
	Account string `json:"account"`
	Issuer  string `json:"issuer"`
	Name    string `json:"name"` // of this device at the site
	Base    string `json:"base"`
}

// view has texts that are safe on a terminal: most of them are the site's.
func (a *account) view() view {
	v := view{ID: plain(a.ID), Account: plain(a.Account), Issuer: plain(a.Issuer), Name: plain(a.Name), Base: a.Base}
	if v.Account == "" {
		v.Account = plain(a.UserID) // other servers of this protocol send no name
	}
	return v
}

// String is how people tell the account from others.
func (a *account) String() string {
	v := a.view()
	return v.Account + " at " + v.Issuer
}

// is reports whether name means a: the account, the issuer and the account as
// authenticator apps write them, or the ID.
func (a *account) is(name string) bool {
	v := a.view()
	return name == v.ID || name == v.Account || name == v.Issuer+":"+v.Account
}

// pick finds the one account that name means.
func pick(all []*account, name string) (*account, error) {
	var found []*account
	var ways []string
	for _, a := range all {
		if a.is(name) {
			found = append(found, a)
			ways = append(ways, a.view().ID+" ("+a.String()+")")
		}
	}
	switch len(found) {
	case 0:
		return nil, &missing{fmt.Sprintf("there is no account %q on this device", name), "see `authenticator list`"}
	case 1:
		return found[0], nil
	}
	return nil, &misuse{fmt.Sprintf("%q is more than one account", name), "say which by its ID: " + strings.Join(ways, ", ")}
}

// accounts are those that args mean, all for none. There is at least one.
func (c *cli) accounts(args []string) ([]*account, error) {
	s, err := c.store()
	if err != nil {
		return nil, err
	}
	all, err := s.read()
	if err != nil {
		return nil, err
	}
	if len(args) > 0 {
		a, err := pick(all, args[0])
		return []*account{a}, err
	}
	if len(all) == 0 {
		return nil, &missing{"this device is not set up for any account", "begin with `authenticator enroll ADDRESS`"}
	}
	return all, nil
}

func (c *cli) listCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "The accounts of this device", Args: takes(),
		RunE: func(*cobra.Command, []string) error {
			s, err := c.store()
			if err != nil {
				return err
			}
			all, err := s.read()
			if err != nil {
				return err
			}
			views := []view{}
			for _, a := range all {
				views = append(views, a.view())
			}
			return c.show(views, func(w io.Writer) {
				fmt.Fprintln(w, "ACCOUNT\tISSUER\tSITE\tTHIS DEVICE\tID")
				for _, v := range views {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", v.Account, v.Issuer, siteOf(v.Base), v.Name, v.ID)
				}
			})
		},
	}
}

func (c *cli) removeCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "remove ACCOUNT", Short: "Forget an account, here and at its site", Args: takes("ACCOUNT"),
		Long: `Forget an account, here and at its site. It will no longer be asked, and its codes stop working:
make sure that you can sign in another way.`,
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return c.remove(cmd.Context(), args[0], yes) }
	return cmd
}

func (c *cli) remove(ctx context.Context, name string, yes bool) error {
	found, err := c.accounts([]string{name})
	if err != nil {
		return err
	}
	a := found[0]
	if err := c.confirm(yes, "Remove "+a.String()+"? This device will no longer be asked."); err != nil {
		return err
	}
	err = a.Remove(ctx)
	known := !gone(err)
	if err != nil && known {
		return explain(err, a.Base)
	}
	s, err := c.store()
	if err != nil {
		return err
	}
	err = s.change(func(all []*account) ([]*account, error) {
		kept := all[:0]
		for _, one := range all {
			if one.ID != a.ID || one.Base != a.Base {
				kept = append(kept, one)
			}
		}
		return kept, nil
	})
	if err != nil {
		return err
	}
	if c.json {
		return c.show(map[string]any{"removed": a.view(), "known_to_site": known}, nil)
	}
	if !known {
		c.say("%s had forgotten this device already. ", siteOf(a.Base))
	}
	c.say("Removed %s.\n", a)
	return nil
}

func (c *cli) confirm(yes bool, question string) error {
	if yes {
		return nil
	}
	fmt.Fprint(c.err, question+" Type yes: ")
	line, err := bufio.NewReader(c.in).ReadString('\n')
	switch {
	case err != nil && line == "":
		return &misuse{what: "this cannot be undone and there is nobody to ask", mend: "add --yes"}
	case strings.TrimSpace(line) != "yes":
		return &misuse{what: "not confirmed", mend: "nothing was changed"}
	}
	return nil
}
