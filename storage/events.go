package storage

import (
	"context"
	"time"

	"github.com/uptrace/bun"
)

// AddEvents writes lines of the audit log in one statement. It assigns ID where that
// is empty and At where that is zero. Inside Tx the lines are written with the change
// that they tell of, or not at all.
func (d *DB) AddEvents(ctx context.Context, events ...*Event) error {
	if len(events) == 0 {
		return nil
	}
	for _, e := range events {
		if e.ID == "" {
			e.ID = NewID("evt")
		}
		if e.At.IsZero() {
			e.At = d.now()
		}
	}
	return d.insert(ctx, &events)
}

// An EventFilter narrows the audit log; zero fields do not.
type EventFilter struct {
	Type     string // exactly, or all that begin with it where it ends in "." ("login.")
	UserID   string
	ClientID string
	Since    time.Time // at or after
	After    string    // id of the last event already seen: older ones follow
	Limit    int       // at most so many; 0 for 100
}

const eventsPage = 100

// Events lists the audit log, the newest first.
func (d *DB) Events(ctx context.Context, f EventFilter) ([]*Event, error) {
	return all[Event](ctx, d, func(q *bun.SelectQuery) *bun.SelectQuery {
		if n := len(f.Type); n > 0 && f.Type[n-1] == '.' {
			// "." and "/" are neighbours: all texts between them begin with the prefix.
			q = q.Where("type > ? AND type < ?", f.Type, f.Type[:n-1]+"/")
		} else if n > 0 {
			q = q.Where("type = ?", f.Type)
		}
		if f.UserID != "" {
			q = q.Where("user_id = ?", f.UserID)
		}
		if f.ClientID != "" {
			q = q.Where("client_id = ?", f.ClientID)
		}
		if !f.Since.IsZero() {
			q = q.Where("at >= ?", f.Since)
		}
		if f.After != "" {
			q = q.Where("id < ?", f.After)
		}
		return q.OrderExpr("id DESC").Limit(page(f.Limit, eventsPage))
	})
}
