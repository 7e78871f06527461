package storage

import (
	"context"
	"strings"
	"time"

	"github.com/uptrace/bun"
)

// TallyEvents counts the lines of the audit log that fulfil a condition between each two
// neighbours of bounds, which rise: from the first of the two, and before the second. It
// reads the log once.
//
// Errors: ErrInvalid where a field is none.
func (d *DB) TallyEvents(ctx context.Context, c *Condition, bounds []time.Time) ([]int, error) {
	where, err := d.where(c, eventColumn)
	if err != nil || len(bounds) < 2 {
		return nil, err
	}
	var span strings.Builder
	var args []any
	for i, below := range bounds[1:] {
		span.WriteString(" WHEN at < ? THEN ?")
		args = append(args, below, i)
	}
	var found []struct {
		Span  int
		Lines int
	}
	err = d.query(ctx, func(ctx context.Context, q bun.IDB) error {
		return q.NewSelect().TableExpr("events").ColumnExpr("CASE"+span.String()+" END AS span", args...).ColumnExpr("count(*) AS lines").
			Where("at >= ?", bounds[0]).Where("at < ?", bounds[len(bounds)-1]).Where(where.text, where.args...).GroupExpr("span").Scan(ctx, &found)
	})
	tally := make([]int, len(bounds)-1)
	for _, one := range found {
		tally[one.Span] = one.Lines
	}
	return tally, err
}
