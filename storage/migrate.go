package storage

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// Migrations go forward only. NNNN_name.sql is for both engines,
// NNNN_name.postgres.sql takes its place, or stands alone, on PostgreSQL. A released
// file never changes.
//
//go:embed migrations/*.sql
var migrations embed.FS

// ErrNewer says that the database was migrated by a newer version of this program.
var ErrNewer = errors.New("storage: the database is of a newer version")

type migration struct{ name, sql string }

// Migrate brings the database up to this version and returns the names of what it
// applied. All of it is one transaction under a lock: of several nodes that start at
// once one migrates and the others wait and find nothing to do.
//
// Errors: ErrNewer, ErrUnavailable.
func (d *DB) Migrate(ctx context.Context) (applied []string, err error) {
	list, err := d.migrations()
	if err != nil {
		return nil, err
	}
	tx, err := d.writer.DB.BeginTx(ctx, nil) // on SQLite this is IMMEDIATE, a lock in itself
	if err != nil {
		return nil, fault(err)
	}
	defer func() { _ = tx.Rollback() }() // after Commit it does nothing
	if d.postgres {
		_, err = tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock(hashtextextended('sallyport migrate ' || current_schema(), 0))")
	}
	if err == nil {
		_, err = tx.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS schema_migrations (name TEXT PRIMARY KEY, applied_at BIGINT NOT NULL)")
	}
	if err != nil {
		return nil, fault(err)
	}
	todo, err := pending(ctx, tx, list)
	if err != nil {
		return nil, err
	}
	for _, m := range todo {
		if _, err := tx.ExecContext(ctx, m.sql); err != nil {
			return nil, fmt.Errorf("storage: migration %s: %w", m.name, fault(err))
		}
		//nolint:gosec // the name is that of an embedded file, and this is an sql.Tx, whose placeholders differ
		note := fmt.Sprintf("INSERT INTO schema_migrations (name, applied_at) VALUES ('%s', %d)", m.name, d.now().UnixMicro())
		if _, err := tx.ExecContext(ctx, note); err != nil {
			return nil, fmt.Errorf("storage: migration %s: %w", m.name, fault(err))
		}
		applied = append(applied, m.name)
	}
	return applied, fault(tx.Commit())
}

// Pending returns the names of the migrations that Migrate would apply.
//
// Errors: ErrNewer, ErrUnavailable.
func (d *DB) Pending(ctx context.Context) ([]string, error) {
	list, err := d.migrations()
	if err != nil {
		return nil, err
	}
	todo, err := pending(ctx, d.reader.DB, list)
	names := make([]string, len(todo))
	for i, m := range todo {
		names[i] = m.name
	}
	return names, err
}

type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// pending are those of list that the database lacks.
func pending(ctx context.Context, q querier, list []migration) ([]migration, error) {
	rows, err := q.QueryContext(ctx, "SELECT name FROM schema_migrations ORDER BY name")
	if isNoTable(err) {
		return list, nil
	}
	if err != nil {
		return nil, fault(err)
	}
	defer rows.Close()
	todo := slices.Clone(list)
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, fault(err)
		}
		if !slices.ContainsFunc(list, func(m migration) bool { return m.name == name }) {
			return nil, fmt.Errorf("%w: it has %s, which this program does not know; run the version that made it, or a later one", ErrNewer, name)
		}
		todo = slices.DeleteFunc(todo, func(m migration) bool { return m.name == name })
	}
	return todo, fault(rows.Err())
}

func isNoTable(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "42P01" // undefined_table
	}
	return err != nil && strings.Contains(err.Error(), "no such table")
}

// migrations are those of this engine, in order.
func (d *DB) migrations() ([]migration, error) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return nil, fmt.Errorf("storage: %w", err)
	}
	byName := map[string]string{}
	for _, file := range files {
		name, own := strings.CutSuffix(strings.TrimSuffix(path.Base(file), ".sql"), ".postgres")
		if own && !d.postgres || !own && byName[name] != "" {
			continue
		}
		byName[name] = file
	}
	list := make([]migration, 0, len(byName))
	for name, file := range byName {
		text, err := migrations.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("storage: %w", err)
		}
		list = append(list, migration{name, string(text)})
	}
	slices.SortFunc(list, func(a, b migration) int { return strings.Compare(a.name, b.name) })
	return list, nil
}
