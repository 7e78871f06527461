package storage

import (
	"context"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/uptrace/bun"
)

// Limits of a script; those of source and secrets are Auth0's.
const (
	maxScriptName   = 140       // characters
	maxScriptSource = 100 << 10 // bytes
	maxSecrets      = 100       // of a script, and of what all rules share
	maxSecretKey    = 128       // characters
	maxSecretValue  = 4096
	// MaxDrafts is how many texts of a script are kept beside the one that is deployed.
	MaxDrafts = 100
)

// AddScriptVersion stores another text of a script and assigns Number, the next one,
// and CreatedAt where that is zero. It does not deploy it. The oldest that are not deployed
// go where there are more than MaxDrafts of them.
//
// Errors: ErrNotFound without the script; ErrInvalid.
func (d *DB) AddScriptVersion(ctx context.Context, v *ScriptVersion) error {
	if n := len(v.Source); n > maxScriptSource {
		return fmt.Errorf("%w: source: it has %d bytes; at most %d are allowed", ErrInvalid, n, maxScriptSource)
	}
	if strings.ContainsRune(v.Source, 0) || !utf8.ValidString(v.Source) {
		return fmt.Errorf("%w: source: it has a NUL or is no UTF-8; remove what no text may have", ErrInvalid)
	}
	row := *v
	if row.CreatedAt.IsZero() {
		row.CreatedAt = d.now()
	}
	err := d.Tx(ctx, func(ctx context.Context) error {
		err := d.exec(ctx, func(ctx context.Context, q bun.IDB) error {
			return q.NewRaw("UPDATE scripts SET latest = latest + 1 WHERE id = ? RETURNING latest", row.ScriptID).Scan(ctx, &row.Number)
		})
		if err != nil {
			return err
		}
		if err := d.insert(ctx, &row); err != nil {
			return err
		}
		return d.exec(ctx, func(ctx context.Context, q bun.IDB) error {
			_, err := q.ExecContext(ctx, dropDrafts, row.ScriptID, MaxDrafts)
			return err
		})
	})
	if err == nil {
		*v = row
	}
	return err
}

// dropDrafts is for ?0 the script and ?1 how many of its texts stay beside the deployed one.
const dropDrafts = `
DELETE FROM script_versions WHERE script_id = ?0
AND number <> (SELECT deployed FROM scripts WHERE id = ?0)
AND number <= (
	SELECT v.number FROM script_versions AS v JOIN scripts AS s ON s.id = v.script_id
	WHERE v.script_id = ?0 AND v.number <> s.deployed ORDER BY v.number DESC LIMIT 1 OFFSET ?1)`

// ScriptVersions lists the texts of a script, the newest first.
func (d *DB) ScriptVersions(ctx context.Context, scriptID string) ([]*ScriptVersion, error) {
	return d.ScriptVersionsPage(ctx, scriptID, 0, 0)
}

// ScriptVersionsPage lists at most limit texts of a script behind the offset newest; 0: all.
func (d *DB) ScriptVersionsPage(ctx context.Context, scriptID string, offset, limit int) ([]*ScriptVersion, error) {
	return all[ScriptVersion](ctx, d, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("script_id = ?", scriptID).OrderExpr("number DESC").Offset(int64(offset)).Limit(int64(limit))
	})
}

// CountScriptVersions counts the texts of a script.
func (d *DB) CountScriptVersions(ctx context.Context, scriptID string) (int64, error) {
	return count[ScriptVersion](ctx, d, func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("script_id = ?", scriptID) })
}

// ScriptVersion finds one text of a script. Errors: ErrNotFound.
func (d *DB) ScriptVersion(ctx context.Context, scriptID string, number int64) (*ScriptVersion, error) {
	return first[ScriptVersion](ctx, d, "script_id = ? AND number = ?", scriptID, number)
}

// LastScriptVersion is the newest text of a script. Errors: ErrNotFound.
func (d *DB) LastScriptVersion(ctx context.Context, scriptID string) (*ScriptVersion, error) {
	return first[ScriptVersion](ctx, d, "script_id = ? AND number = (SELECT latest FROM scripts WHERE id = ?)", scriptID, scriptID)
}

// check says what no script may be. Errors: ErrInvalid.
func (s *Script) check() error {
	switch {
	case !isTitle(s.Name):
		return fmt.Errorf("%w: name: %q; use 1 to %d printable characters, without space around them", ErrInvalid, s.Name, maxScriptName)
	case s.Kind != ScriptRule && s.Kind != ScriptAction:
		return fmt.Errorf("%w: kind: %q; use %s or %s", ErrInvalid, s.Kind, ScriptRule, ScriptAction)
	case len(s.Secrets) > maxSecrets:
		return fmt.Errorf("%w: secrets: there are %d; at most %d are allowed", ErrInvalid, len(s.Secrets), maxSecrets)
	}
	for key, value := range s.Secrets {
		if err := checkSecret("secrets", key, value); err != nil {
			return err
		}
	}
	return nil
}

// checkSecret says what no secret may be. Errors: ErrInvalid.
func checkSecret(field, key, value string) error {
	if n := utf8.RuneCountInString(key); n == 0 || n > maxSecretKey {
		return fmt.Errorf("%w: %s: a key has %d characters; use 1 to %d", ErrInvalid, field, n, maxSecretKey)
	}
	if n := utf8.RuneCountInString(value); n > maxSecretValue {
		return fmt.Errorf("%w: %s: %q has %d characters; at most %d are allowed", ErrInvalid, field, key, n, maxSecretValue)
	}
	return nil
}

func isTitle(name string) bool {
	n := utf8.RuneCountInString(name)
	return n > 0 && n <= maxScriptName && utf8.ValidString(name) && strings.TrimSpace(name) == name &&
		strings.IndexFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}
