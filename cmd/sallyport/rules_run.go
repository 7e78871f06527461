package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/flows/rules"
	"github.com/sallyport-id/sallyport/storage"
)

func (c *cli) rulesRun() *cobra.Command {
	var user, client, facts, kind string
	cmd := &cobra.Command{
		Use: "run FILE", Short: "Try a file on a person, without any effect", Args: takes("FILE"),
		Long: `Run one rule or action as if a person signed in, and print what it said. Nothing is stored, nobody
is asked or told, and fetch reaches nothing. --context is a JSON file whose members take the place of
those made from the person and the application: of context for a rule, where user is the person and
configuration its secrets; of event for an action, with its secrets.

Exit status 0 where it said something, a refusal too; 1 where it failed.`,
		Example: `  sallyport rules run office.js --user anna
  sallyport rules run office.js --user anna --client cli_… --context abroad.json
  {"request": {"ip": "203.0.113.7", "geoip": {"country_code": "FR"}}}`,
	}
	f := cmd.Flags()
	f.StringVar(&user, "user", "", "the `person` who signs in (required)")
	f.StringVar(&client, "client", "", "`client_id` of what they sign in to")
	f.StringVar(&facts, "context", "", "JSON `file` with members of context or event")
	f.StringVar(&kind, "kind", "", "`kind`, rule or action; empty: as its text is")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if user == "" {
			return &misuse{what: "--user is missing", mend: "write `" + cmd.UseLine() + " --user USER`"}
		}
		source, err := c.readScript(args[0])
		if err != nil {
			return err
		}
		s := rules.Script{Name: filepath.Base(args[0]), Kind: or(kind, kindOf(source)), Source: source}
		if err := rules.Check(s); err != nil {
			return &misuse{what: err.Error(), mend: "mend it and run it again"}
		}
		more, err := c.readMembers(facts)
		if err != nil {
			return err
		}
		return c.withUser(cmd, user, func(ctx context.Context, h *house, u *storage.User) error {
			job, err := h.trial(ctx, s, u, client, more)
			if err != nil {
				return err
			}
			job.Timeout = h.settings.Rules.Timeout
			v, err := runOnce(ctx, job)
			if err != nil {
				return err
			}
			return c.show(v, func(w io.Writer) { showVerdict(w, v) })
		})
	}
	return cmd
}

// readMembers reads a JSON object; without a path it is empty.
func (c *cli) readMembers(path string) (map[string]any, error) {
	if path == "" {
		return map[string]any{}, nil
	}
	in, err := c.openInput(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = in.Close() }() // read only
	var members map[string]any
	if err := json.NewDecoder(io.LimitReader(in, maxScriptFile)).Decode(&members); err != nil {
		return nil, &misuse{what: fmt.Sprintf("--context: %s is no JSON object: %v", path, err), mend: `write {"request": {"ip": "203.0.113.7"}}`}
	}
	return members, nil
}

// runOnce runs a job in a worker of its own.
func runOnce(ctx context.Context, job rules.Job) (*rules.Verdict, error) {
	o, err := rulesOptions()
	if err != nil {
		return nil, err
	}
	o.Workers = 1
	r, err := rules.NewRunner(o)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return r.Run(ctx, job)
}
