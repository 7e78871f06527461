package storage

import (
	"context"
	"database/sql"
	"fmt"
	"reflect"

	"github.com/uptrace/bun"
)

// A statement is one bun query that is ready to run.
type statement interface {
	bun.Query
	Exec(ctx context.Context, dest ...any) (sql.Result, error)
}

// affected runs one writing statement and returns how many rows it changed.
func (d *DB) affected(ctx context.Context, build func(q bun.IDB) statement) (int64, error) {
	var n int64
	err := d.exec(ctx, func(ctx context.Context, q bun.IDB) error {
		result, err := build(q).Exec(ctx)
		if err != nil {
			return err
		}
		n, err = result.RowsAffected()
		return err
	})
	return n, err
}

// must runs one writing statement that has to change a row: none gives otherwise, where that
// is an error.
func (d *DB) must(ctx context.Context, otherwise error, build func(q bun.IDB) statement) error {
	if d.add(ctx, otherwise, build) {
		return nil
	}
	if d.lite != nil && d.tx(ctx) == nil {
		return d.compiled(ctx, part{build(d.writer), otherwise})
	}
	n, err := d.affected(ctx, build)
	if err == nil && n == 0 {
		return otherwise
	}
	return err
}

// some runs one writing statement that may change any number of rows.
func (d *DB) some(ctx context.Context, build func(q bun.IDB) statement) error {
	return d.must(ctx, nil, build)
}

// insert writes new rows, a pointer to one or to a slice, in one statement.
func (d *DB) insert(ctx context.Context, rows any) error {
	return d.some(ctx, func(q bun.IDB) statement { return q.NewInsert().Model(rows) })
}

// update writes row, whose version is one more than that in the table.
func (d *DB) update(ctx context.Context, row any, id string, version int64) error {
	return d.must(ctx, ErrConflict, func(q bun.IDB) statement {
		return q.NewUpdate().Model(row).ExcludeColumn("id", "created_at").
			Where("id = ?", id).Where("version = ?", version-1)
	})
}

// first reads the one row that where finds.
func first[T any](ctx context.Context, d *DB, where string, args ...any) (*T, error) {
	row := new(T)
	err := d.query(ctx, func(ctx context.Context, q bun.IDB) error {
		return q.NewSelect().Model(row).Where(where, args...).Limit(1).Scan(ctx)
	})
	if err != nil {
		return nil, err
	}
	return row, nil
}

// all reads the rows that narrow selects and orders; none is an empty slice.
func all[T any](ctx context.Context, d *DB, narrow func(*bun.SelectQuery) *bun.SelectQuery) ([]*T, error) {
	rows := []*T{}
	err := d.query(ctx, func(ctx context.Context, q bun.IDB) error {
		rows = rows[:0]
		return narrow(q.NewSelect().Model(&rows)).Scan(ctx)
	})
	if err != nil {
		return nil, err
	}
	return rows, nil
}

// count counts the rows that narrow selects.
func count[T any](ctx context.Context, d *DB, narrow func(*bun.SelectQuery) *bun.SelectQuery) (n int64, err error) {
	err = d.query(ctx, func(ctx context.Context, q bun.IDB) (err error) {
		n, err = narrow(q.NewSelect().Model((*T)(nil))).Count(ctx)
		return err
	})
	return n, err
}

// versioned advances a row's version in memory for one write; it takes that back
// where the write fails or its transaction is undone.
func (d *DB) versioned(ctx context.Context, version *int64, write func() error) error {
	*version++
	if err := write(); err != nil {
		*version--
		return err
	}
	d.undone(ctx, func() { *version-- })
	return nil
}

// prefixed lists the columns of row's table alias as "alias.column AS alias_column",
// which a field with the tag embed:alias_ takes up.
func (d *DB) prefixed(alias string, row any) bun.Safe {
	var b []byte
	for i, f := range d.reader.Table(reflect.TypeOf(row)).Fields {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = fmt.Appendf(b, `%s.%s AS "%s_%s"`, alias, f.SQLName, alias, f.Name)
	}
	return bun.Safe(b)
}
