package storage

import (
	"context"
	"errors"
	"time"

	"github.com/uptrace/bun"
)

// A History is what is known of a person's sign-ins so far. Data is the flows room's own
// and is sealed at rest.
type History struct {
	bun.BaseModel `bun:"table:histories"`
	UserID        string    `bun:"id,pk"`
	Logins        int64     `bun:"logins"`
	Data          []byte    `bun:"data"`
	UpdatedAt     time.Time `bun:"updated_at"`
}

// HistoryOf is the history of a user; one without any has an empty one.
func (d *DB) HistoryOf(ctx context.Context, userID string) (*History, error) {
	h, err := first[History](ctx, d, "id = ?", userID)
	if errors.Is(err, ErrNotFound) {
		return &History{UserID: userID}, nil
	}
	if err != nil {
		return nil, err
	}
	h.Data, err = d.open(historyData, userID, h.Data)
	return h, err
}

// PutHistory replaces a user's history and counts one sign-in more.
func (d *DB) PutHistory(ctx context.Context, h *History) error {
	row := *h
	var err error
	if row.Data, err = d.seal(historyData, h.UserID, h.Data); err != nil {
		return err
	}
	row.Logins, row.UpdatedAt = 1, d.now()
	return d.some(ctx, func(q bun.IDB) statement {
		return q.NewInsert().Model(&row).On("CONFLICT (id) DO UPDATE").
			Set("logins = history.logins + 1").Set("data = EXCLUDED.data").Set("updated_at = EXCLUDED.updated_at")
	})
}

// ForgetHistory drops what is known of a user's devices and places.
func (d *DB) ForgetHistory(ctx context.Context, userID string) error {
	return d.some(ctx, func(q bun.IDB) statement {
		return q.NewUpdate().Model((*History)(nil)).Set("data = NULL").Where("id = ?", userID)
	})
}
