package storage

import (
	"context"
	"time"

	"github.com/uptrace/bun"
)

// FullLimits are the keys of the limits that would refuse an event now, of those that are
// named by one of keys or begin with it and a colon.
func (d *DB) FullLimits(ctx context.Context, now time.Time, keys ...string) ([]string, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	rows, err := all[limitRow](ctx, d, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
			for _, key := range keys {
				q = q.WhereOr("key = ?", key).WhereOr("(key > ? AND key < ?)", key+":", key+";")
			}
			return q
		}).Where("tat > ? + (burst - 1) * period", now).OrderExpr("key")
	})
	found := make([]string, len(rows))
	for i, row := range rows {
		found[i] = row.Key
	}
	return found, err
}

// DropLimits fills limits up again, found as FullLimits finds them.
func (d *DB) DropLimits(ctx context.Context, keys ...string) error {
	for _, key := range keys {
		err := d.some(ctx, func(q bun.IDB) statement {
			return q.NewDelete().Model((*limitRow)(nil)).Where("key = ? OR (key > ? AND key < ?)", key, key+":", key+";")
		})
		if err != nil {
			return err
		}
	}
	return nil
}
