package storage

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/uptrace/bun"
)

// A batch collects writing statements that are then sent in one round trip: all of
// them are stored or none. The methods of DB that write by must, insert and some take
// part in it by themselves, where their context says so.
type batch struct {
	parts  []part
	undone []func() // restore what rows in memory were told
}

type part struct {
	query     bun.Query
	otherwise error // where the statement changes no row; nil: that is fine
}

// batchKey finds the batch of one database in a context.
type batchKey struct{ db *DB }

func (d *DB) batch(ctx context.Context) *batch {
	b, _ := ctx.Value(batchKey{d}).(*batch)
	return b
}

// atOnce runs what do writes as one batch. do may not read what it wrote.
func (d *DB) atOnce(ctx context.Context, do func(ctx context.Context) error) error {
	b := &batch{}
	err := do(context.WithValue(ctx, batchKey{d}, b))
	if err == nil && len(b.parts) > 0 {
		err = d.send(ctx, b)
	}
	if err != nil {
		for _, f := range b.undone {
			f()
		}
		return err
	}
	if t := d.tx(ctx); t != nil {
		t.undone = append(t.undone, b.undone...)
	}
	return nil
}

func (d *DB) send(ctx context.Context, b *batch) error {
	if !d.postgres {
		return d.compiled(ctx, b.parts...)
	}
	return d.exec(ctx, func(ctx context.Context, q bun.IDB) error {
		var one int
		return b.refused(b.asQuery(q).Scan(ctx, &one))
	})
}

// changed is what PostgreSQL's log says where a batch was refused: the row was not as
// the statement wants it.
const changed = "sallyport: a row was changed by another request"

// asQuery is one statement of data-modifying parts. The last expression fails where a
// part changed no row, and with it everything.
func (b *batch) asQuery(q bun.IDB) *bun.SelectQuery {
	all := q.NewSelect()
	conditions, checked := []string{"TRUE"}, ""
	for i, p := range b.parts {
		name := fmt.Sprintf("p%d", i)
		if p.otherwise != nil {
			switch q := p.query.(type) {
			case *bun.UpdateQuery:
				p.query = q.Returning("1")
			case *bun.DeleteQuery:
				p.query = q.Returning("1")
			}
			checked = name
			conditions = append(conditions, "(SELECT count(*) FROM "+name+") > 0")
		}
		all = all.With(name, p.query)
	}
	if checked == "" {
		return all.ColumnExpr("1")
	}
	// The subquery keeps PostgreSQL from computing the failure ahead.
	return all.ColumnExpr("CASE WHEN ? THEN 1 ELSE CAST('? ' || (SELECT count(*) FROM ?) AS int) END",
		bun.Safe(strings.Join(conditions, " AND ")), bun.Safe(changed), bun.Ident(checked))
}

// refused finds out that err is the failure that a check is made to be.
func (b *batch) refused(err error) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.Code != "22P02" || !strings.Contains(pg.Message, changed) {
		return err
	}
	for _, p := range b.parts {
		if p.otherwise != nil {
			return p.otherwise
		}
	}
	return err
}

// add puts a statement on the batch of ctx, if there is one.
func (d *DB) add(ctx context.Context, otherwise error, build func(q bun.IDB) statement) bool {
	b := d.batch(ctx)
	if b == nil {
		return false
	}
	b.parts = append(b.parts, part{build(d.writer), otherwise})
	return true
}
