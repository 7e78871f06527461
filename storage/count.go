package storage

import (
	"context"
	"sync/atomic"

	"github.com/uptrace/bun"
)

type countKey struct{}

// CountQueries returns a context under which every round trip to a database adds one
// to the counter. On SQLite, which is no network away, BEGIN, COMMIT and ROLLBACK do
// not count; on PostgreSQL they do.
func CountQueries(ctx context.Context) (context.Context, *atomic.Int64) {
	n := new(atomic.Int64)
	return context.WithValue(ctx, countKey{}, n), n
}

// counted counts one round trip.
func counted(ctx context.Context) {
	if n, ok := ctx.Value(countKey{}).(*atomic.Int64); ok {
		n.Add(1)
	}
}

// countHook counts for CountQueries.
type countHook struct{ postgres bool }

func (h countHook) BeforeQuery(ctx context.Context, e *bun.QueryEvent) context.Context {
	switch e.Query {
	case "BEGIN", "COMMIT", "ROLLBACK":
		if !h.postgres {
			return ctx
		}
	}
	counted(ctx)
	return ctx
}

func (countHook) AfterQuery(context.Context, *bun.QueryEvent) {}
