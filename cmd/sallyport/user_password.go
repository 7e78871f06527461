package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/sallyport-id/sallyport/storage"
)

// passwordFlags say where a new password comes from.
type passwordFlags struct{ stdin, generate bool }

func (p *passwordFlags) register(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&p.stdin, "password-stdin", false, "read the password from standard input, one line")
	cmd.Flags().BoolVar(&p.generate, "generate", false, "make a password and print it once")
	cmd.MarkFlagsMutuallyExclusive("password-stdin", "generate")
}

// shown is what may be printed of a new password: one that the house made.
func (p *passwordFlags) shown(password string) string {
	if p.generate {
		return password
	}
	return ""
}

// newPassword reads or makes a password. A password never comes as an argument: the
// list of processes shows those.
func (c *cli) newPassword(p *passwordFlags) (string, error) {
	if p.generate {
		return generatePassword(), nil
	}
	f, ok := c.in.(*os.File)
	if p.stdin || !ok || !term.IsTerminal(int(f.Fd())) {
		if !p.stdin {
			return "", &misuse{what: "there is no terminal to ask for a password", mend: "use --password-stdin or --generate"}
		}
		line, err := bufio.NewReader(io.LimitReader(c.in, 8192)).ReadString('\n')
		if err != nil && err != io.EOF {
			return "", fmt.Errorf("standard input: %w", err)
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	first, err := c.ask(f, "New password: ")
	if err != nil {
		return "", err
	}
	again, err := c.ask(f, "Again: ")
	if err != nil {
		return "", err
	}
	if first != again {
		return "", &misuse{what: "the two are not the same", mend: "try again"}
	}
	return first, nil
}

func (c *cli) ask(f *os.File, question string) (string, error) {
	_, _ = fmt.Fprint(c.err, question)
	b, err := term.ReadPassword(int(f.Fd()))
	_, _ = fmt.Fprintln(c.err)
	if err != nil {
		return "", fmt.Errorf("terminal: %w", err)
	}
	return string(b), nil
}

// generatePassword makes 20 characters in groups of five: 100 bits.
func generatePassword() string {
	text := strings.ToLower(rand.Text())
	return text[:5] + "-" + text[5:10] + "-" + text[10:15] + "-" + text[15:20]
}

// confirm asks before something that cannot be undone.
func (c *cli) confirm(yes bool, question string) error {
	if yes {
		return nil
	}
	f, ok := c.in.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return &misuse{what: "this cannot be undone and there is no terminal to ask", mend: "add --yes"}
	}
	_, _ = fmt.Fprint(c.err, question+" Type yes: ")
	line, err := bufio.NewReader(f).ReadString('\n')
	if err != nil && err != io.EOF {
		return fmt.Errorf("terminal: %w", err)
	}
	if strings.TrimSpace(line) != "yes" {
		return &misuse{what: "not confirmed", mend: "nothing was changed"}
	}
	return nil
}

func (c *cli) userSetPassword() *cobra.Command {
	var p passwordFlags
	var expire bool
	cmd := &cobra.Command{
		Use: "set-password USER", Short: "Give a person a new password and end their sessions", Args: takes("USER"),
		Long: "Give a person a new password. Their sessions and tokens end; their other factors stay.",
		Example: `  sallyport user set-password anna
  sallyport user set-password anna --generate --must-change`,
	}
	p.register(cmd)
	cmd.Flags().BoolVar(&expire, "must-change", false, "ask for another one at the next sign-in")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.withUser(cmd, args[0], func(ctx context.Context, h *house, u *storage.User) error {
			password, err := c.newPassword(&p)
			if err != nil {
				return err
			}
			u.PasswordExpired = expire
			err = h.change(ctx, event{Type: "password.changed", UserID: u.ID}, func(ctx context.Context) error {
				if err := h.setPassword(ctx, u, password); err != nil {
					return err
				}
				if err := h.db.UpdateUser(ctx, u); err != nil {
					return err
				}
				return h.signOutEverywhere(ctx, u.ID)
			})
			if err != nil {
				return err
			}
			return c.showUser(userView{User: u, Password: p.shown(password)})
		})
	}
	return cmd
}
