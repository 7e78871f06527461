package storage

import (
	"context"
	"time"

	"github.com/uptrace/bun"
)

// A Decision is the record of one sign-in: what was known, what was said, and what came
// of it. Its ID is the login's, or its own where no page was shown. Data is the flows
// room's own and is sealed at rest.
type Decision struct {
	ID        string    `bun:"id,pk" json:"id"`
	At        time.Time `bun:"at" json:"at"`
	UserID    string    `bun:"user_id,nullzero" json:"user_id,omitempty"`
	ClientID  string    `bun:"client_id,nullzero" json:"client_id,omitempty"`
	Outcome   string    `bun:"outcome" json:"outcome"`
	Data      []byte    `bun:"data" json:"-"`
	ExpiresAt time.Time `bun:"expires_at" json:"expires_at"`
}

// PutDecision stores a record, in place of an earlier one of the same login.
func (d *DB) PutDecision(ctx context.Context, r *Decision) error {
	row := *r
	var err error
	if row.Data, err = d.seal(decisionData, r.ID, r.Data); err != nil {
		return err
	}
	return d.some(ctx, func(q bun.IDB) statement {
		return q.NewInsert().Model(&row).On("CONFLICT (id) DO UPDATE").
			Set("user_id = EXCLUDED.user_id").Set("outcome = EXCLUDED.outcome").Set("data = EXCLUDED.data").Set("expires_at = EXCLUDED.expires_at")
	})
}

// DecisionByID finds a record. Errors: ErrNotFound.
func (d *DB) DecisionByID(ctx context.Context, id string) (*Decision, error) {
	r, err := first[Decision](ctx, d, "id = ?", id)
	if err != nil {
		return nil, err
	}
	r.Data, err = d.open(decisionData, id, r.Data)
	return r, err
}

// A DecisionFilter narrows the records; zero fields do not.
type DecisionFilter struct {
	UserID, ClientID string
	Since            time.Time // at or after
	After            string    // id of the last record already seen: later ones follow
	Limit            int       // at most so many; 0 for 100
}

// Decisions lists records by id, the oldest first.
func (d *DB) Decisions(ctx context.Context, f DecisionFilter) ([]*Decision, error) {
	rows, err := all[Decision](ctx, d, func(q *bun.SelectQuery) *bun.SelectQuery {
		return f.narrow(q).OrderExpr("id").Limit(page(f.Limit, eventsPage))
	})
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		if r.Data, err = d.open(decisionData, r.ID, r.Data); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// CountDecisions is how many records there are, whatever After and Limit say.
func (d *DB) CountDecisions(ctx context.Context, f DecisionFilter) (int64, error) {
	f.After = ""
	return count[Decision](ctx, d, f.narrow)
}

func (f DecisionFilter) narrow(q *bun.SelectQuery) *bun.SelectQuery {
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
		q = q.Where("id > ?", f.After)
	}
	return q
}

// LatestDecision is the newest record of a user. Errors: ErrNotFound.
func (d *DB) LatestDecision(ctx context.Context, userID string) (*Decision, error) {
	rows, err := all[Decision](ctx, d, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("user_id = ?", userID).OrderExpr("at DESC, id DESC").Limit(1)
	})
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, ErrNotFound
	}
	rows[0].Data, err = d.open(decisionData, rows[0].ID, rows[0].Data)
	return rows[0], err
}
