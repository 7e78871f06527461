package storage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
)

// configurationKind is that of the documents with the values which all rules share.
const configurationKind = "rules_config"

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
	if err := checkSecret("value", key, value); err != nil {
		return err
	}
	body, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("storage: configuration of rules: %w", err)
	}
	row, err := d.Document(ctx, configurationKind, key)
	if errors.Is(err, ErrNotFound) {
		row, err = &Document{Kind: configurationKind, Name: key}, nil
	}
	if err != nil {
		return err
	}
	row.Body = body
	defer d.dropScripts(ctx)
	return d.PutDocument(ctx, row)
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
