package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"

	"github.com/sallyport-id/sallyport/cmd/sallyport/auth0"
	"github.com/sallyport-id/sallyport/storage"
)

// errDry undoes what was only tried.
var errDry = errors.New("not stored")

// A settler puts a tenant's configuration into the register, all in one transaction, and
// says of every item what became of it. What would be refused is not tried: a statement
// that fails would undo the rest.
type settler struct {
	*house
	tenant  *auth0.Tenant
	items   []auth0.Item
	secrets map[string]string // by client_id
}

// importTenant stores a tenant's configuration.
func (h *house) importTenant(ctx context.Context, im *importing, t *auth0.Tenant) error {
	return h.importConfiguration(ctx, im, func(ctx context.Context, s *settler) error {
		s.tenant = t
		for _, put := range []func(context.Context) error{s.applications, s.scripts, s.guardian, s.organizations} {
			if err := put(ctx); err != nil {
				return err
			}
		}
		s.items = append(s.items, t.Rest()...)
		return nil
	})
}

// importConfiguration stores what put puts, all of it or nothing, with the new secrets.
func (h *house) importConfiguration(ctx context.Context, im *importing, put func(context.Context, *settler) error) error {
	file, err := newSecretsFile(im.secretsFile, im.dry)
	if err != nil {
		return err
	}
	var s *settler
	err = h.db.Tx(ctx, func(ctx context.Context) error {
		s = &settler{house: h, secrets: map[string]string{}}
		if err := put(ctx, s); err != nil {
			return err
		}
		if im.dry {
			return errDry
		}
		return nil
	})
	if err != nil && !errors.Is(err, errDry) {
		if file != nil {
			err = errors.Join(err, file.Close(), os.Remove(im.secretsFile))
		}
		return fmt.Errorf("no configuration was imported: %w", err)
	}
	im.Items = append(im.Items, s.items...)
	if im.Secrets == nil {
		im.Secrets = map[string]string{}
	}
	if !im.dry {
		maps.Copy(im.Secrets, s.secrets)
	}
	if file == nil {
		return nil
	}
	return errors.Join(json.NewEncoder(file).Encode(s.secrets), file.Close())
}

// newSecretsFile makes the file before there is anything to lose; nil where none is wanted.
func newSecretsFile(path string, dry bool) (*os.File, error) {
	if path == "" || dry {
		return nil, nil
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, &misuse{what: "--secrets-file: " + err.Error(), mend: "name a new file"}
	}
	return f, nil
}

// here reports whether a thing is there, or only not readable.
func here(err error) (bool, error) {
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// there notes an item that was left as it is.
func (s *settler) there(item auth0.Item, what string) {
	item.Outcome, item.Why = auth0.There, []string{what + " is there and was left as it is"}
	s.items = append(s.items, item)
}
