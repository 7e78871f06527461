package storage

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"
)

// Kinds of scripts.
const (
	ScriptRule   = "rule"
	ScriptAction = "action"
)

// A Script is a rule or an action of an administrator's. Its texts are ScriptVersions,
// of which one at most is live.
type Script struct {
	ID       string `bun:"id,pk" json:"id"`
	Name     string `bun:"name" json:"name"` // unique
	Kind     string `bun:"kind" json:"kind"`
	Position int    `bun:"position" json:"position"` // among those of its kind
	Enabled  bool   `bun:"enabled" json:"enabled"`
	Deployed int64  `bun:"deployed" json:"deployed"` // number of the version that is live; 0: none
	// Secrets are event.secrets of an action; of rules, configuration. Sealed at rest.
	Secrets   map[string]string `bun:"-" json:"-"`
	CreatedAt time.Time         `bun:"created_at" json:"created_at"`
	UpdatedAt time.Time         `bun:"updated_at" json:"updated_at"`
	Version   int64             `bun:"version" json:"-"`
}

// A ScriptVersion is one text of a script. It never changes.
type ScriptVersion struct {
	ScriptID  string    `bun:"script_id,pk" json:"-"`
	Number    int64     `bun:"number,pk" json:"version"` // from 1
	Source    string    `bun:"source" json:"source"`
	By        string    `bun:"author" json:"by"` // as Event.Actor
	CreatedAt time.Time `bun:"created_at" json:"created_at"`
}

// A LiveScript is one that runs in every sign-in, with its text.
type LiveScript struct {
	Script
	Source string
}

// scriptRow is a script as the table holds it.
type scriptRow struct {
	bun.BaseModel `bun:"table:scripts,alias:s"`
	Script
	Sealed []byte `bun:"secrets"`
}

// CreateScript stores a new script, the last of its kind where Position is 0. It
// assigns ID where that is empty, CreatedAt where that is zero, UpdatedAt and Version.
//
// Errors: ErrConflict where the id or the name is in use; ErrInvalid.
func (d *DB) CreateScript(ctx context.Context, s *Script) error {
	if s.ID == "" {
		s.ID = NewID(map[string]string{ScriptRule: "rul", ScriptAction: "act"}[s.Kind])
	}
	s.UpdatedAt = d.now()
	if s.CreatedAt.IsZero() {
		s.CreatedAt = s.UpdatedAt
	}
	s.Version = 1
	if s.Position == 0 {
		list, err := d.Scripts(ctx)
		if err != nil {
			return err
		}
		for _, other := range list {
			if other.Kind == s.Kind {
				s.Position = max(s.Position, other.Position)
			}
		}
		s.Position++
	}
	row, err := d.sealedScript(s)
	if err != nil {
		return err
	}
	defer d.dropScripts(ctx)
	return d.insert(ctx, row)
}

// UpdateScript stores all of s but CreatedAt, where its Version is that of the table,
// and advances Version and UpdatedAt.
//
// Errors: ErrConflict where the script has changed or is gone, or the name is in use;
// ErrInvalid.
func (d *DB) UpdateScript(ctx context.Context, s *Script) error {
	s.UpdatedAt = d.now()
	defer d.dropScripts(ctx)
	return d.versioned(ctx, &s.Version, func() error {
		row, err := d.sealedScript(s)
		if err != nil {
			return err
		}
		return d.update(ctx, row, s.ID, s.Version)
	})
}

// DeleteScript removes a script with all its versions, where its Version is that of the
// table.
//
// Errors: ErrConflict where the script has changed or is gone.
func (d *DB) DeleteScript(ctx context.Context, s *Script) error {
	defer d.dropScripts(ctx)
	return d.must(ctx, ErrConflict, func(q bun.IDB) statement {
		return q.NewDelete().Model((*scriptRow)(nil)).Where("id = ? AND version = ?", s.ID, s.Version)
	})
}

// inOrder is the order in which scripts run: the rules, then the actions.
const inOrder = "s.kind DESC, s.position, s.id"

// Scripts lists all scripts in the order in which they run.
func (d *DB) Scripts(ctx context.Context) ([]*Script, error) {
	rows, err := all[scriptRow](ctx, d, func(q *bun.SelectQuery) *bun.SelectQuery { return q.OrderExpr(inOrder) })
	if err != nil {
		return nil, err
	}
	list := make([]*Script, len(rows))
	for i, row := range rows {
		if list[i], err = d.openScript(row); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// ScriptByName finds a script. Errors: ErrNotFound.
func (d *DB) ScriptByName(ctx context.Context, name string) (*Script, error) {
	return d.script(ctx, "name = ?", name)
}

// ScriptByID finds a script. Errors: ErrNotFound.
func (d *DB) ScriptByID(ctx context.Context, id string) (*Script, error) {
	return d.script(ctx, "id = ?", id)
}

func (d *DB) script(ctx context.Context, where, value string) (*Script, error) {
	row, err := first[scriptRow](ctx, d, where, value)
	if err != nil {
		return nil, err
	}
	return d.openScript(row)
}

// liveRow is a script with the text that runs.
type liveRow struct {
	bun.BaseModel `bun:"table:scripts,alias:s"`
	scriptRow
	Source *string `bun:"source,scanonly"`
}

const liveID = "live"

// CachedScripts are the enabled scripts that have a version live, in the order in which
// they run, at most 5 seconds old. They are shared: they must not be modified. One
// whose text or secrets are lost fails all of them: without it more people might come in.
// Secrets of a rule are those of Given.
func (d *DB) CachedScripts(ctx context.Context) ([]*LiveScript, error) {
	return cachedRead(ctx, d, d.cached.scripts, liveID, func(ctx context.Context, _ string) ([]*LiveScript, error) {
		rows, err := all[liveRow](ctx, d, func(q *bun.SelectQuery) *bun.SelectQuery {
			return q.ColumnExpr("?TableColumns").ColumnExpr("v.source").
				Join("LEFT JOIN script_versions AS v ON v.script_id = s.id AND v.number = s.deployed").
				Where("s.enabled").Where("s.deployed > 0").OrderExpr(inOrder)
		})
		if err != nil {
			return nil, err
		}
		var shared map[string]string
		if slices.ContainsFunc(rows, func(row *liveRow) bool { return row.Kind == ScriptRule }) {
			if shared, err = d.Configuration(ctx); err != nil {
				return nil, err
			}
		}
		live := make([]*LiveScript, len(rows))
		for i, row := range rows {
			s, err := d.openScript(&row.scriptRow)
			if err != nil {
				return nil, err
			}
			if row.Source == nil {
				return nil, fmt.Errorf("storage: the %s %q has no version %d; deploy one that it has", s.Kind, s.Name, s.Deployed)
			}
			s.Secrets = given(s, shared)
			live[i] = &LiveScript{Script: *s, Source: *row.Source}
		}
		return live, nil
	})
}

// sealedScript is s as the table holds it.
func (d *DB) sealedScript(s *Script) (*scriptRow, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	row := &scriptRow{Script: *s}
	if len(s.Secrets) == 0 {
		return row, nil
	}
	plain, err := json.Marshal(s.Secrets)
	if err != nil {
		return nil, fmt.Errorf("storage: secrets: %w", err)
	}
	row.Sealed, err = d.seal(scriptSecrets, s.ID, plain)
	return row, err
}

func (d *DB) openScript(row *scriptRow) (*Script, error) {
	plain, err := d.open(scriptSecrets, row.ID, row.Sealed)
	if err != nil || plain == nil {
		return &row.Script, err
	}
	if err := json.Unmarshal(plain, &row.Secrets); err != nil {
		return nil, fmt.Errorf("storage: secrets of %s: %w", row.ID, err)
	}
	return &row.Script, nil
}

// dropScripts forgets the cached scripts once the change in ctx is committed.
func (d *DB) dropScripts(ctx context.Context) {
	d.committed(ctx, func() { d.cached.scripts.Invalidate(liveID) })
}
