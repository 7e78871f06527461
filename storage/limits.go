package storage

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"
)

// A Limit is a bucket of the generic cell rate algorithm: Burst events at once, then
// one each Period.
type Limit struct {
	Key    string // "password:usr_…", at most one of each in a call
	Burst  int
	Period time.Duration // at microsecond precision
}

// A limitRow holds a bucket's theoretical arrival time: the bucket is full again at
// tat and refuses while tat is more than (Burst - 1) Periods away. Period and burst
// are those of the last event, so that GiveBack needs no caller's word for them.
type limitRow struct {
	bun.BaseModel `bun:"table:limits"`
	Key           string    `bun:"key,pk"`
	TAT           time.Time `bun:"tat"`
	Period        int64     `bun:"period"` // microseconds
	Burst         int64     `bun:"burst"`
}

// TakeAll takes one event from each limit, from all or from none, and returns 0; or
// it returns how long to wait until all would allow it. Taking is one statement;
// only a refusal reads again to say when.
//
// Two calls at once never take more than a limit has. On PostgreSQL the one that is
// refused may have taken from its other limits.
func (d *DB) TakeAll(ctx context.Context, now time.Time, limits ...Limit) (retryAfter time.Duration, err error) {
	limits = distinct(limits)
	if len(limits) == 0 {
		return 0, nil
	}
	var taken int64
	err = d.exec(ctx, func(ctx context.Context, q bun.IDB) error {
		result, err := q.ExecContext(ctx, takeAll, askedRows(limits), now)
		if err != nil {
			return err
		}
		taken, err = result.RowsAffected()
		return err
	})
	if err != nil || taken == int64(len(limits)) {
		return 0, err
	}
	retryAfter, err = d.PeekLimits(ctx, now, limits...)
	return max(retryAfter, time.Millisecond), err
}

// takeAll is for ?0 the limits and ?1 the time. The first condition looks at all
// limits before anything is written; the second holds for each row once it is locked.
const takeAll = `
WITH asked (key, period, burst) AS (VALUES ?0)
INSERT INTO limits (key, tat, period, burst)
SELECT key, ?1 + period, period, burst FROM asked
WHERE NOT EXISTS (
	SELECT 1 FROM asked AS a LEFT JOIN limits AS l ON l.key = a.key
	WHERE CASE WHEN l.tat > ?1 THEN l.tat - ?1 ELSE 0 END > (a.burst - 1) * a.period)
ORDER BY key
ON CONFLICT (key) DO UPDATE SET
	tat = CASE WHEN limits.tat > ?1 THEN limits.tat ELSE ?1 END + EXCLUDED.period,
	period = EXCLUDED.period, burst = EXCLUDED.burst
WHERE CASE WHEN limits.tat > ?1 THEN limits.tat - ?1 ELSE 0 END <= (EXCLUDED.burst - 1) * EXCLUDED.period`

// An askedRows appends limits as the rows of VALUES, in the order in which they are
// locked.
type askedRows []Limit

func (rows askedRows) AppendQuery(gen schema.QueryGen, b []byte) ([]byte, error) {
	for i, l := range rows {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = gen.AppendQuery(b, "(?, CAST(? AS BIGINT), CAST(? AS BIGINT))", l.Key, l.Period.Microseconds(), l.Burst)
	}
	return b, nil
}

// GiveBack returns one event to each limit: what succeeded after all does not count.
func (d *DB) GiveBack(ctx context.Context, limits ...Limit) error {
	if limits = distinct(limits); len(limits) == 0 {
		return nil
	}
	return d.some(ctx, func(q bun.IDB) statement {
		return q.NewUpdate().Model((*limitRow)(nil)).Set("tat = tat - period").Where("key IN (?)", bun.List(keysOf(limits)))
	})
}

// PeekLimits returns how long to wait until all limits would allow an event, 0 for
// now, and takes none.
func (d *DB) PeekLimits(ctx context.Context, now time.Time, limits ...Limit) (retryAfter time.Duration, err error) {
	if limits = distinct(limits); len(limits) == 0 {
		return 0, nil
	}
	rows, err := all[limitRow](ctx, d, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("key IN (?)", bun.List(keysOf(limits)))
	})
	if err != nil {
		return 0, err
	}
	for _, row := range rows {
		i := slices.IndexFunc(limits, func(l Limit) bool { return l.Key == row.Key })
		ahead := row.TAT.Sub(now) - time.Duration(limits[i].Burst-1)*limits[i].Period
		retryAfter = max(retryAfter, ahead)
	}
	return retryAfter, nil
}

// distinct are the limits in the order of their keys, each once.
func distinct(limits []Limit) []Limit {
	limits = slices.Clone(limits)
	slices.SortStableFunc(limits, func(a, b Limit) int { return strings.Compare(a.Key, b.Key) })
	return slices.CompactFunc(limits, func(a, b Limit) bool { return a.Key == b.Key })
}

func keysOf(limits []Limit) []string {
	keys := make([]string, len(limits))
	for i, l := range limits {
		keys[i] = l.Key
	}
	return keys
}

// Take takes one event from l and says how many are left at once; or none is, and it
// says how long to wait. It is one statement where one is left.
func (d *DB) Take(ctx context.Context, now time.Time, l Limit) (left int, retryAfter time.Duration, err error) {
	var tat []int64 // microseconds
	err = d.exec(ctx, func(ctx context.Context, q bun.IDB) error {
		return q.NewRaw(takeAll+"\nRETURNING tat", askedRows{l}, now).Scan(ctx, &tat)
	})
	switch {
	case err != nil:
		return 0, 0, err
	case len(tat) == 0:
		retryAfter, err = d.PeekLimits(ctx, now, l)
		return 0, max(retryAfter, time.Millisecond), err
	}
	return l.Burst - int((time.UnixMicro(tat[0]).Sub(now)+l.Period-1)/l.Period), 0, nil
}
