package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	secrets map[string]string     // by client_id
	peopled []*auth0.Organization // whose members are to come
}

// tenants stores the configuration of tenants, one after the other.
func (s *settler) tenants(ctx context.Context, list []*auth0.Tenant) error {
	for _, t := range list {
		s.tenant = t
		for _, put := range []func(context.Context) error{s.applications, s.scripts, s.guardian, s.organizations} {
			if err := put(ctx); err != nil {
				return err
			}
		}
		s.items = append(s.items, t.Rest()...)
	}
	return nil
}

// importConfiguration stores what put puts, all of it or nothing, with the new secrets.
func (h *house) importConfiguration(ctx context.Context, im *importing, put func(context.Context, *settler) error) error {
	var s *settler
	written := false
	err := h.db.Tx(ctx, func(ctx context.Context) (err error) {
		s = &settler{house: h, secrets: map[string]string{}}
		if err := put(ctx, s); err != nil {
			return err
		}
		if im.dry {
			return errDry
		}
		if written { // by the attempt before
			if err := os.Remove(im.secretsFile); err != nil {
				return err
			}
			written = false
		}
		if im.secretsFile != "" && len(s.secrets) > 0 {
			written, err = writeSecrets(im.secretsFile, s.secrets)
		}
		return err
	})
	if err != nil && !errors.Is(err, errDry) {
		if written {
			err = errors.Join(err, os.Remove(im.secretsFile))
		}
		return fmt.Errorf("no configuration was imported: %w", err)
	}
	im.Items, im.peopled = append(im.Items, s.items...), s.peopled
	if !im.dry && !written {
		im.Secrets = s.secrets
	}
	return nil
}

// writeSecrets has the new file whole before what it is about is committed, so that no
// secret is lost. made says whether there is a file of ours.
func writeSecrets(path string, secrets map[string]string) (made bool, err error) {
	f, err := createPrivate("--secrets-file", path)
	if err != nil {
		return false, err
	}
	return true, errors.Join(json.NewEncoder(f).Encode(secrets), f.Sync(), f.Close())
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
	s.items = append(s.items, item.Stay(what))
}
