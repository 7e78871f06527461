package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/cmd/sallyport/auth0"
	"github.com/sallyport-id/sallyport/flows/rules"
	"github.com/sallyport-id/sallyport/provider/management"
	"github.com/sallyport-id/sallyport/storage"
)

func (c *cli) importCommand() *cobra.Command {
	flags := &importFlags{}
	var identity, secrets string
	cmd := &cobra.Command{
		Use: "import FILE", Short: "Take over an export of another Sallyport, or of Auth0", Args: takes("FILE"),
		Long: `Take over what "sallyport export" wrote, with the private key that it is encrypted to. People keep
their ids, their passwords and all factors. Applications keep their client_id and get a new secret.
The file is read to its end before anything is stored. Configuration is stored in one transaction,
each person in one; an import that is stopped goes on where it was. What is there stays as it is.`,
		Example: `  sallyport import house.export --identity export.key --secrets-file secrets.json
  sallyport import auth0 export/ users.json.gz`,
	}
	cmd.Flags().StringVar(&identity, "identity", "", "`file` with the private key")
	cmd.Flags().StringVar(&secrets, "secrets-file", "", "new `file` for the new client secrets, private; empty: they are printed")
	cmd.Flags().BoolVar(&flags.dry, "dry-run", false, "say what would come over and store nothing")
	cmd.Flags().StringVar(&flags.report, "report", "", "`file` that every wrong record is added to, private, one JSON object a line")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if identity == "" {
			return &misuse{what: "--identity is missing", mend: "name the file with the private key; what Auth0 exports comes over by `sallyport import auth0`"}
		}
		keys, err := os.ReadFile(identity) //nolint:gosec // the operator names the file
		if err != nil {
			return &misuse{what: "--identity: " + err.Error(), mend: "name a readable file"}
		}
		return c.withHouse(cmd, func(ctx context.Context, h *house) error {
			return c.importExported(ctx, h, &importing{importFlags: *flags, secretsFile: secrets}, args[0], string(keys))
		})
	}
	cmd.AddCommand(c.importAuth0())
	return cmd
}

// importExported reads an export twice: once to its end, to trust it, once for its people.
func (c *cli) importExported(ctx context.Context, h *house, im *importing, path, keys string) error {
	f, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return &misuse{what: err.Error(), mend: "name a readable file"}
	}
	defer func() { _ = f.Close() }() // read only
	src, size, err := sourceOf(f)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	open := func() (io.Reader, error) {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
		return management.Decrypted(f, keys)
	}
	plain, err := open()
	if err != nil {
		return &misuse{what: path + ": " + err.Error(), mend: "name an export and the key that it was made for"}
	}
	exported, err := management.ReadExported(plain)
	if err != nil {
		return &misuse{what: path + ": " + err.Error(), mend: "make it anew; nothing was imported"}
	}
	im.Items, im.People = []auth0.Item{}, []peopleView{}
	if err := h.importConfiguration(ctx, im, func(ctx context.Context, s *settler) error { return s.exported(ctx, exported) }); err != nil {
		return err
	}
	if plain, err = open(); err != nil {
		return errors.Join(c.showImport(im), err)
	}
	place := func(storage.Import) int64 {
		n, _ := f.Seek(0, io.SeekCurrent) // where it cannot be told the bar stands
		return n
	}
	view, stopped := c.runImport(h, &im.importFlags, path, size, place, func(people *management.UserImport) (storage.Import, error) {
		return people.RunExported(ctx, exported, src.ID, plain)
	})
	if view != nil {
		im.People = append(im.People, *view)
	}
	return errors.Join(c.showImport(im), stopped, im.complaint(stopped))
}

// exported stores the configuration of an export.
func (s *settler) exported(ctx context.Context, e *management.Exported) error {
	if err := s.exportedSettings(ctx, e.Settings); err != nil {
		return err
	}
	for _, a := range e.APIs {
		if err := s.api(ctx, a, auth0.Item{Kind: "api", Name: a.Name, Outcome: auth0.CameOver}); err != nil {
			return err
		}
	}
	for _, one := range e.Clients {
		item := auth0.Item{Kind: "client", Name: one.Name, Outcome: auth0.CameOver}
		if needsSecret(one) {
			item.Note("it has a new client_secret")
		}
		if err := s.client(ctx, one, item); err != nil {
			return err
		}
	}
	for _, one := range e.Scripts {
		if err := s.exportedScript(ctx, one); err != nil {
			return err
		}
	}
	for _, o := range e.Organizations {
		if _, err := s.customer(ctx, o, auth0.Item{Kind: "organization", Name: o.Name, Outcome: auth0.CameOver}); err != nil {
			return err
		}
	}
	for _, d := range e.Documents {
		if err := s.exportedDocument(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

// exportedSettings takes the tenant's policy and factors over, unless somebody set them
// here.
func (s *settler) exportedSettings(ctx context.Context, settings *storage.Settings) error {
	item := auth0.Item{Kind: "settings", Name: "tenant", Outcome: auth0.CameOver}
	if settings == nil {
		return nil
	}
	now, err := s.db.Settings(ctx)
	if err != nil {
		return err
	}
	past, err := s.db.PolicyVersions(ctx, storage.ScopeTenant)
	if err != nil {
		return err
	}
	if len(past) > 0 || !reflect.DeepEqual(now, storage.NewSettings()) {
		s.there(item, "what somebody has set for the tenant")
		return nil
	}
	wanted := *settings // the transaction may be repeated
	settings = &wanted
	settings.Factors = slices.DeleteFunc(slices.Clone(settings.Factors), func(name string) bool {
		unknown := s.factors.Get(name) == nil
		if unknown {
			item.Note("without the factor " + name + ", which is not here")
		}
		return unknown
	})
	doc, err := management.OfTenant(settings).Document()
	if err != nil {
		return err
	}
	text, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	if _, err := s.parseDocument("its policy", text); err != nil { // of rows, which mean more without a factor that they name
		s.items = append(s.items, item.Leave(err.Error()))
		return nil
	}
	for _, name := range settings.Factors {
		if lacks := s.factors.Info(name).Missing; lacks != "" {
			item.Note(name + " works once " + lacks + " is set")
		}
	}
	_, err = s.desk(false).ChangeSettings(ctx, storage.Event{Type: "policy.changed", Data: map[string]any{"import": true}},
		func(now *storage.Settings) error { *now = *settings; return nil })
	if why := refusal(err); why != "" {
		item, err = item.Leave(why), nil
	}
	s.items = append(s.items, item)
	return err
}

// exportedScript stores a script with all of its texts.
func (s *settler) exportedScript(ctx context.Context, one *management.ExportedScript) error {
	item := auth0.Item{Kind: one.Kind, Name: one.Name, Outcome: auth0.CameOver}
	known, err := here(second(s.db.ScriptByName(ctx, one.Name)))
	if err != nil {
		return err
	}
	if known {
		s.there(item, "a script of this name")
		return nil
	}
	live := one.Deployed
	for _, v := range one.Versions {
		if v.Number == live && rules.Check(rules.Script{Name: one.Name, Kind: one.Kind, Source: v.Source}) != nil {
			s.items = append(s.items, item.Leave("its text does not compile here"))
			return nil
		}
	}
	script := *one.Script // the transaction may be repeated
	script.ID, script.Position, script.Deployed = "", 0, 0
	e := event{Type: "rule.created", Data: map[string]any{"name": one.Name, "kind": one.Kind, "import": true, "deployed": live > 0}}
	err = s.change(ctx, e, func(ctx context.Context) error {
		if err := s.db.CreateScript(ctx, &script); err != nil {
			return err
		}
		for _, v := range one.Versions {
			version := *v
			version.ScriptID = script.ID
			if err := s.db.AddScriptVersion(ctx, &version); err != nil {
				return err
			}
			if v.Number != live {
				continue
			}
			script.Deployed = version.Number // at once: so it is none of the drafts that are too many
			if err := s.db.UpdateScript(ctx, &script); err != nil {
				return err
			}
		}
		if one.DisplayName == "" {
			return nil
		}
		return s.desk(false).NamePlace(ctx, &script, one.DisplayName)
	})
	s.items = append(s.items, item)
	return err
}

func (s *settler) exportedDocument(ctx context.Context, d *storage.Document) error {
	item := auth0.Item{Kind: "document " + d.Kind, Name: d.Name, Outcome: auth0.CameOver}
	known, err := here(second(s.db.Document(ctx, d.Kind, d.Name)))
	if err != nil {
		return err
	}
	if known {
		s.there(item, "one of this name")
		return nil
	}
	s.items = append(s.items, item)
	e := event{Type: "settings.imported", Data: map[string]any{"kind": d.Kind, "name": d.Name}}
	return s.change(ctx, e, func(ctx context.Context) error {
		return s.db.PutDocument(ctx, &storage.Document{Kind: d.Kind, Name: d.Name, Body: d.Body})
	})
}
