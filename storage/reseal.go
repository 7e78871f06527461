package storage

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"
)

const resealBatch = 200

// A sealedRow is the part of a row that Reseal needs.
type sealedRow struct {
	ID   string `bun:"id"`
	Blob []byte `bun:"blob"`
}

// Reseal seals everything again that is not sealed with the primary key and returns
// how many rows that were. It may run while the provider serves, and may be run again
// after an interruption.
func (d *DB) Reseal(ctx context.Context) (int, error) {
	n := 0
	for _, c := range []sealedColumn{authenticatorSecret, loginState, messagePayload, signingKeyPrivate, scriptSecrets, historyData, decisionData, documentBody, jobBody, jobPartBody} {
		done, err := d.resealColumn(ctx, c)
		n += done
		if err != nil {
			return n, fmt.Errorf("storage: reseal %s.%s: %w", c.table, c.column, err)
		}
	}
	return n, nil
}

func (d *DB) resealColumn(ctx context.Context, c sealedColumn) (int, error) {
	n, after := 0, ""
	for {
		var rows []sealedRow
		err := d.query(ctx, func(ctx context.Context, q bun.IDB) error {
			return q.NewSelect().TableExpr("?", bun.Ident(c.table)).ColumnExpr("id, ? AS blob", bun.Ident(c.column)).
				Where("id > ?", after).Where("? IS NOT NULL", bun.Ident(c.column)).
				OrderExpr("id").Limit(resealBatch).Scan(ctx, &rows)
		})
		if err != nil || len(rows) == 0 {
			return n, err
		}
		for _, row := range rows {
			done, err := d.resealRow(ctx, c, row)
			if err != nil {
				return n, err
			}
			n += done
		}
		after = rows[len(rows)-1].ID
	}
}

// resealRow replaces exactly the blob that was read: one written meanwhile is sealed
// with the primary key already.
func (d *DB) resealRow(ctx context.Context, c sealedColumn, row sealedRow) (int, error) {
	if d.sealer.Current(row.Blob) {
		return 0, nil
	}
	plain, err := d.open(c, row.ID, row.Blob)
	if err != nil {
		return 0, err
	}
	blob, err := d.seal(c, row.ID, plain)
	if err != nil {
		return 0, err
	}
	n, err := d.affected(ctx, func(q bun.IDB) statement {
		return q.NewRaw("UPDATE ? SET ? = ? WHERE id = ? AND ? = ?",
			bun.Ident(c.table), bun.Ident(c.column), blob, row.ID, bun.Ident(c.column), row.Blob)
	})
	return int(n), err
}
