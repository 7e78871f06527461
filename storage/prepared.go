package storage

import (
	"context"
	"database/sql"
	"errors"
	"sync"

	"github.com/uptrace/bun"
)

// A prepared statement is compiled once for each connection. It is for the reads that
// every token or sign-in costs, on SQLite only: there the compiler is most of a small read, and
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
	d.loginByID = &prepared{build: func() *bun.SelectQuery { return d.loginQuery(d.reader, bun.Safe("?1")) }}
	d.sessionWithPerson = &prepared{build: func() *bun.SelectQuery {
		return d.withPerson(d.sessionQuery(d.reader, bun.Safe("?1"), bun.Safe("?2"), bun.Safe("?3")))
	}}
	d.personByID = &prepared{build: func() *bun.SelectQuery {
		return d.personQuery(d.reader).Where("u.id = ?", bun.Safe("?1"))
	}}
}

// scan reads one row into row.
//
// Errors: sql.ErrNoRows.
func (p *prepared) scan(ctx context.Context, db *bun.DB, row any, args ...any) error {
	rows, err := p.query(ctx, db, args)
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

// scanAll reads all rows into a slice.
func (p *prepared) scanAll(ctx context.Context, db *bun.DB, into any, args ...any) error {
	rows, err := p.query(ctx, db, args) //nolint:sqlclosecheck // ScanRows closes them
	if err != nil {
		return err
	}
	return errors.Join(db.ScanRows(ctx, rows, into), rows.Err())
}

func (p *prepared) query(ctx context.Context, db *bun.DB, args []any) (*sql.Rows, error) {
	p.once.Do(func() { p.stmt, p.err = db.DB.PrepareContext(context.WithoutCancel(ctx), p.build().String()) })
	if p.err != nil {
		return nil, p.err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	counted(ctx)
	// Not ctx: the driver and database/sql would start a goroutine each to watch it, which is
	// a third of such a read. It may wait for a connection as long as others may have one.
	return p.stmt.QueryContext(context.WithoutCancel(ctx), args...)
}
