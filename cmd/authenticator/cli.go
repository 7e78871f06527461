package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/spf13/cobra"
)

// Exit statuses, as those of Command sallyport.
const (
	statusDone     = 0
	statusFailed   = 1 // the site or this machine could not
	statusMisused  = 2 // wrong arguments or input: mend and run again
	statusNotFound = 3 // no such account, or nothing was asked
)

// cli is one run of the command line.
type cli struct {
	in       io.Reader
	out, err io.Writer

	storeFile string
	json      bool
}

// misuse is an error in how the command was called.
type misuse struct{ what, mend string }

func (m *misuse) Error() string { return m.what + "; " + m.mend }

// missing is an error for what is not there.
type missing struct{ what, mend string }

func (m *missing) Error() string { return m.what + "; " + m.mend }

// run executes one command and says what went wrong, with the mend, on stderr.
func (c *cli) run(ctx context.Context, args []string) int {
	root := c.root()
	root.SetArgs(args)
	root.SetIn(c.in)
	root.SetOut(c.out)
	root.SetErr(c.err)
	called, err := root.ExecuteContextC(ctx)
	if err == nil {
		return statusDone
	}
	status, text := statusFailed, err.Error()
	var wrong *misuse
	var absent *missing
	switch {
	case errors.As(err, &wrong):
		status = statusMisused
	case errors.As(err, &absent):
		status = statusNotFound
	case strings.HasPrefix(text, "unknown command"):
		status, text = statusMisused, strings.Join(strings.Fields(text), " ")+"; see `"+called.CommandPath()+" --help`"
	}
	fmt.Fprintln(c.err, text)
	return status
}

func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "authenticator",
		Short: "A phone in a terminal: says whether it is you who signs in",
		Long: `This device is asked whether it is you, as a phone with an app would be.

Set it up:   sign in on the site, choose "Your phone", copy the address behind
             "Set up this device instead", and run  authenticator enroll 'ADDRESS'
Use it:      authenticator wait, then type the number that the sign-in page shows
Or a code:   authenticator code

Accounts and their keys are in one file that only you can read: --store FILE, or
sallyport/authenticator.json below your configuration directory ($XDG_CONFIG_HOME).
Whoever has that file and your password can sign in as you.

Exit status: 0 done, 1 failed, 2 wrong arguments or input, 3 no such account or nothing asked.`,
		SilenceErrors: true, SilenceUsage: true,
	}
	root.PersistentFlags().StringVar(&c.storeFile, "store", "", "`file` of the accounts and their keys")
	root.PersistentFlags().BoolVar(&c.json, "json", false, "print JSON for scripts")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &misuse{what: err.Error(), mend: "see `" + cmd.CommandPath() + " --help`"}
	})
	root.AddCommand(c.enrollCommand(), c.waitCommand(), c.codeCommand(), c.listCommand(), c.removeCommand())
	return root
}

// takes checks the number of arguments, by their names in the use line; those in
// brackets may be left out.
func takes(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names) && !strings.HasPrefix(names[len(args)], "["):
			return &misuse{what: names[len(args)] + " is missing", mend: "write `" + cmd.UseLine() + "`"}
		case len(args) > len(names):
			return &misuse{what: fmt.Sprintf("%q is one argument too many", args[len(names)]), mend: "write `" + cmd.UseLine() + "`"}
		}
		return nil
	}
}

// show prints value as JSON where --json asks for it, and else what text writes in
// columns.
func (c *cli) show(value any, text func(w io.Writer)) error {
	if c.json {
		e := json.NewEncoder(c.out)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(value)
	}
	w := tabwriter.NewWriter(c.out, 0, 4, 2, ' ', 0)
	text(w)
	return w.Flush()
}

// say tells the person something. Scripts that read JSON have it on the other channel.
func (c *cli) say(format string, values ...any) {
	w := c.out
	if c.json {
		w = c.err
	}
	fmt.Fprintf(w, format, values...)
}

// longest is how much of a foreign text is shown, in runes.
const longest = 80

// plain is a text from elsewhere as a terminal may show it: whoever knows the password
// chooses what their browser is called, and could write escape sequences there.
func plain(text string) string {
	runes := []rune(text)
	if len(runes) > longest {
		runes = append(runes[:longest-1], '…')
	}
	for i, r := range runes {
		if !unicode.IsPrint(r) {
			runes[i] = '�'
		}
	}
	return string(runes)
}
