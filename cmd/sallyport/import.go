package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/cmd/sallyport/auth0"
	"github.com/sallyport-id/sallyport/storage"
)

func (c *cli) importAuth0() *cobra.Command {
	flags := &importFlags{}
	var secrets string
	var replace map[string]string
	cmd := &cobra.Command{
		Use: "auth0 PATH…", Short: "Take over what Auth0 exports: a tenant's configuration, and its people",
		Long: `Take over what was exported from an Auth0 tenant, and say item by item what came over, what changed
on the way and what did not. A PATH is
  a folder or a tenant.yaml of Auth0's deploy tool (a0deploy export), with AUTH0_EXPORT_IDENTIFIERS
  the applications keep their client_id;
  a file of people: the export job's (one JSON object a line), or the array of a bulk import, with
  password_hash, custom_password_hash and mfa_factors; .gz as it was downloaded; the support's export
  of password hashes, after the people, with --upsert. In a folder these are users*.json and *.ndjson.

Configuration is stored in one transaction, each person with their password and factors in one. An
import of people that is stopped goes on where it was when the same command is run again, and counts
nobody twice. Nothing that is there already is changed, but people with --upsert: the tenant's policy
and its list of factors come over, each, only where nobody has changed it here. Members are looked up
by user_id or verified e-mail, and come into organizations that came over in the same run or have the
export's id.

Exit status 2 where something did not come over.`,
		Example: `  sallyport import auth0 export/ --dry-run
  sallyport import auth0 export/ --secrets-file secrets.json --report wrong.jsonl
  sallyport import auth0 people.json.gz`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return &misuse{what: "PATH is missing", mend: "write `" + cmd.UseLine() + "`"}
			}
			return nil
		},
	}
	flags.register(cmd)
	cmd.Flags().StringVar(&secrets, "secrets-file", "", "new `file` for the new client secrets, private; empty: they are printed")
	cmd.Flags().StringToStringVar(&replace, "map", nil, "`KEY=VALUE` for ##KEY## and @@KEY@@ in the deploy tool's files (repeatable)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		tenants, people, err := auth0.Find(args, replace)
		if err != nil {
			return &misuse{what: err.Error(), mend: "see `" + cmd.CommandPath() + " --help`"}
		}
		return c.withHouse(cmd, func(ctx context.Context, h *house) error {
			return c.importAll(ctx, h, &importing{importFlags: *flags, tenants: tenants, people: people, secretsFile: secrets})
		})
	}
	return cmd
}

// importing is one run of an import.
type importing struct {
	importFlags
	tenants     []*auth0.Tenant
	people      []string
	secretsFile string
	peopled     []*auth0.Organization

	Items   []auth0.Item      `json:"items"`
	People  []peopleView      `json:"people"`
	Secrets map[string]string `json:"client_secrets,omitempty"` // by client_id
}

// importAll stores the configuration, then the people, then who belongs where.
func (c *cli) importAll(ctx context.Context, h *house, im *importing) error {
	im.Items, im.People = []auth0.Item{}, []peopleView{}
	if err := h.importConfiguration(ctx, im, func(ctx context.Context, s *settler) error { return s.tenants(ctx, im.tenants) }); err != nil {
		return err
	}
	var stopped error // what is stored by now is shown, whatever comes
	for _, path := range im.people {
		view, err := c.importPeople(ctx, h, &im.importFlags, path)
		if view != nil {
			im.People = append(im.People, *view)
		}
		if err != nil {
			stopped = err
			break
		}
	}
	if stopped == nil && !im.dry {
		stopped = h.importMembers(ctx, im)
	}
	return errors.Join(c.showImport(im), stopped, im.complaint(stopped))
}

// complaint is what an operator has to look at, nil for nothing.
func (im *importing) complaint(stopped error) error {
	left := 0
	for _, item := range im.Items {
		if item.Outcome == auth0.Left {
			left++
		}
	}
	failed := int64(0)
	for _, p := range im.People {
		failed += p.Failed
	}
	switch {
	case stopped != nil || left == 0 && failed == 0:
		return nil
	case failed == 0:
		return &misuse{what: fmt.Sprintf("%d item(s) did not come over", left), mend: "the reasons are above"}
	}
	return &misuse{what: fmt.Sprintf("%d item(s) and %d record(s) did not come over, or not as a whole", left, failed),
		mend: "the reasons are above, those of every record in the file of --report"}
}

func (c *cli) showImport(im *importing) error {
	return c.show(im, func(w io.Writer) {
		if len(im.Items) > 0 {
			row(w, "KIND", "NAME", "OUTCOME", "WHY")
		}
		for _, item := range im.Items {
			row(w, item.Kind, plain(item.Name), item.Outcome, plain(strings.Join(item.Why, "; ")))
		}
		for _, id := range slices.Sorted(maps.Keys(im.Secrets)) {
			row(w, "client_secret of "+id, im.Secrets[id]+"   (shown this once)")
		}
		for _, p := range im.People {
			p.write(w)
		}
		if im.dry {
			row(w, "nothing was stored: --dry-run")
		}
	})
}

// peopleView is how the import of one file went.
type peopleView struct {
	File     string         `json:"file"`
	Records  int64          `json:"total"`
	Inserted int64          `json:"inserted"`
	Updated  int64          `json:"updated"`
	Failed   int64          `json:"failed"`
	Done     bool           `json:"done"`
	Before   bool           `json:"before,omitempty"` // it was imported earlier
	Left     map[string]int `json:"left,omitempty"`
	Took     string         `json:"took"`
}

func viewOfPeople(path string, at storage.Import, left map[string]int, took string) *peopleView {
	return &peopleView{
		File: filepath.Base(path), Records: at.Records, Inserted: at.Inserted, Updated: at.Updated, Failed: at.Failed,
		Done: !at.DoneAt.IsZero(), Left: left, Took: took,
	}
}

func (p *peopleView) write(w io.Writer) {
	state := "in " + p.Took
	switch {
	case p.Before:
		state = "was imported before"
	case !p.Done:
		state += ", stopped"
	}
	row(w, "people", p.File, fmt.Sprintf("%d records: %d new, %d changed, %d with errors", p.Records, p.Inserted, p.Updated, p.Failed), state)
	for _, name := range slices.Sorted(maps.Keys(p.Left)) {
		row(w, "", plain(name), "has no place here", p.Left[name])
	}
}
