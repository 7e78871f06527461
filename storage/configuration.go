package storage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"

	"github.com/uptrace/bun"
)

// configurationKind is that of the documents with the values which all rules share.
const configurationKind = "rules_config"

// configurationKey is Auth0's for the keys of rules' configuration.
var configurationKey = regexp.MustCompile(`^[A-Za-z0-9_@*+:-]{1,127}$`)

// Configuration are the values that every rule finds in configuration, by key.
func (d *DB) Configuration(ctx context.Context) (map[string]string, error) {
	rows, err := d.Documents(ctx, configurationKind)
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	for _, row := range rows {
		var value string
		if err := json.Unmarshal(row.Body, &value); err != nil {
			return nil, fmt.Errorf("storage: configuration of rules: %q: %w", row.Name, err)
		}
		values[row.Name] = value
	}
	return values, nil
}

// PutConfiguration gives all rules a value, in place of the one that a key has.
//
// Errors: ErrConflict where somebody else changes it at the same moment; ErrInvalid.
func (d *DB) PutConfiguration(ctx context.Context, key, value string) error {
	if !configurationKey.MatchString(key) {
		return fmt.Errorf("%w: key: %.200q; use 1 to 127 letters, digits and _ @ * + : -", ErrInvalid, key)
	}
	if err := checkSecret("value", key, value); err != nil {
		return err
	}
	body, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("storage: configuration of rules: %w", err)
	}
	defer d.dropScripts(ctx)
	return d.Tx(ctx, func(ctx context.Context) error {
		row, err := d.Document(ctx, configurationKind, key)
		if errors.Is(err, ErrNotFound) {
			row, err = &Document{Kind: configurationKind, Name: key}, d.roomForConfiguration(ctx)
		}
		if err != nil {
			return err
		}
		row.Body = body
		return d.PutDocument(ctx, row)
	})
}

// roomForConfiguration refuses one more value than all rules may be given.
func (d *DB) roomForConfiguration(ctx context.Context) error {
	n, err := count[Document](ctx, d, func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("kind = ?", configurationKind) })
	if err == nil && n >= maxSecrets {
		err = fmt.Errorf("%w: configuration: rules share %d values already, which is the most; remove one first", ErrInvalid, n)
	}
	return err
}

// DeleteConfiguration takes a value from all rules. Errors: ErrNotFound.
func (d *DB) DeleteConfiguration(ctx context.Context, key string) error {
	defer d.dropScripts(ctx)
	return d.DeleteDocument(ctx, configurationKind, key)
}

// Given are the secrets that a script finds: its own and, where it is a rule, the
// configuration of all, in which its own go first.
func (d *DB) Given(ctx context.Context, s *Script) (map[string]string, error) {
	if s.Kind != ScriptRule {
		return s.Secrets, nil
	}
	shared, err := d.Configuration(ctx)
	return given(s, shared), err
}

func given(s *Script, shared map[string]string) map[string]string {
	if s.Kind != ScriptRule || len(shared) == 0 {
		return s.Secrets
	}
	both := maps.Clone(shared)
	maps.Copy(both, s.Secrets)
	return both
}
