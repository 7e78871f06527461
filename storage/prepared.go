package storage

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/uptrace/bun"
)

// A prepared statement is compiled once for each connection. It is for the reads that
// every token costs, on SQLite only: there the compiler is most of a small read, and
// there is no pooler that a prepared statement could not pass.
type prepared struct {
	build func() *bun.SelectQuery
	once  sync.Once
	stmt  *sql.Stmt
	err   error
}

// prepare names the reads that are worth it.
func (d *DB) prepare() {
	if d.postgres {
		return
	}
	d.grantWithUser = &prepared{build: func() *bun.SelectQuery {
		return d.grantQuery(d.reader, bun.Safe("?1")).Where("g.kind = ?", bun.Safe("?2"))
	}}
	d.sessionByKey = &prepared{build: func() *bun.SelectQuery {
		return d.sessionQuery(d.reader, bun.Safe("?1"), bun.Safe("?2"), bun.Safe("?3"))
	}}
}

// scan reads one row into row.
//
// Errors: sql.ErrNoRows.
func (p *prepared) scan(ctx context.Context, db *bun.DB, row any, args ...any) error {
	p.once.Do(func() { p.stmt, p.err = db.DB.PrepareContext(context.WithoutCancel(ctx), p.build().String()) })
	if p.err != nil {
		return p.err
	}
	if n, ok := ctx.Value(countKey{}).(*atomic.Int64); ok {
		n.Add(1)
	}
	rows, err := p.stmt.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // read to its end below, or given up
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return err
		}
		return sql.ErrNoRows
	}
	return errors.Join(db.ScanRow(ctx, rows, row), rows.Err())
}
