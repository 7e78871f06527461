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

	"github.com/sallyport-id/sallyport/cmd/sallyport/config"
	"github.com/sallyport-id/sallyport/provider/management"
	"github.com/sallyport-id/sallyport/storage"
)

// Exit statuses.
const (
	statusDone     = 0
	statusFailed   = 1 // the machine could not
	statusMisused  = 2 // wrong arguments, settings or input: mend and run again
	statusNotFound = 3 // what was named does not exist
)

// cli is one run of the command line.
type cli struct {
	in       io.Reader
	out, err io.Writer
	environ  []string

	configFile string
	json       bool
}

// misuse is an error in how the command was called.
type misuse struct{ what, mend string }

func (m *misuse) Error() string { return m.what + "; " + m.mend }

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
	status := statusOf(err)
	text := err.Error()
	if strings.HasPrefix(text, "unknown command") {
		status, text = statusMisused, strings.Join(strings.Fields(text), " ")+"; see `"+called.CommandPath()+" --help`"
	}
	fmt.Fprintln(c.err, text)
	return status
}

func statusOf(err error) int {
	var wrong *misuse
	var faults config.Faults
	var unreadable config.Fault
	var invalid *management.Invalid
	switch {
	case errors.As(err, &wrong), errors.As(err, &faults), errors.As(err, &unreadable), errors.As(err, &invalid),
		errors.Is(err, storage.ErrConflict):
		return statusMisused
	case errors.Is(err, storage.ErrNotFound):
		return statusNotFound
	}
	return statusFailed
}

func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "sallyport",
		Short: "A self-hosted OpenID Connect provider with multi-factor authentication",
		Long: `Sallyport signs people in for your applications over OpenID Connect, with as many
factors as the moment needs.

Look around:   sallyport dev
Run it:        sallyport config check && sallyport migrate && sallyport serve
Administer it: the verbs below work on the database that the settings name, while
               the provider runs or not. Each change is written to the audit log.

Settings come from --config FILE, or $SALLYPORT_CONFIG, or ./sallyport.yaml, or
/etc/sallyport/sallyport.yaml; SALLYPORT_… variables override them.

Exit status: 0 done, 1 failed, 2 wrong arguments, settings or input, 3 not found.`,
		SilenceErrors: true, SilenceUsage: true,
	}
	root.PersistentFlags().StringVar(&c.configFile, "config", "", "settings `file`")
	root.PersistentFlags().BoolVar(&c.json, "json", false, "print JSON for scripts")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &misuse{what: err.Error(), mend: "see `" + cmd.CommandPath() + " --help`"}
	})
	root.AddCommand(c.devCommand(), c.serveCommand(), c.migrateCommand(), c.configCommand(), c.userCommand(), c.orgCommand(), c.clientCommand(),
		c.apiCommand(), c.factorCommand(), c.policyCommand(), c.tenantCommand(), c.rulesCommand(), c.explainCommand(), c.importCommand(), c.exportCommand(),
		c.keysCommand(), c.auditCommand(), c.rulesWorker())
	return root
}

// group is a command that only holds verbs.
func group(use, short, long string, verbs ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Long: long, Args: func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return &misuse{what: fmt.Sprintf("%q is not a verb of %s", args[0], cmd.CommandPath()), mend: "see `" + cmd.CommandPath() + " --help`"}
	}, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(verbs...)
	return cmd
}

// takes checks the number of arguments, by their names in the use line.
func takes(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
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

// row writes one line of columns.
func row(w io.Writer, columns ...any) {
	for i, column := range columns {
		if i > 0 {
			_, _ = io.WriteString(w, "\t")
		}
		_, _ = fmt.Fprint(w, column)
	}
	_, _ = io.WriteString(w, "\n") // a tabwriter's buffer does not fail
}

// plain is a text that others chose, such as what a script logs of a request, as a terminal
// may show it: without escape sequences, and on one line.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '�'
		}
		return r
	}, text)
}
