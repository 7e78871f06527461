package storage

import (
	"context"
	"errors"

	"github.com/uptrace/bun"

	"github.com/sallyport-id/sallyport/factors"
)

const settingsID = "tenant"

type settingsRow struct {
	bun.BaseModel `bun:"table:settings"`
	ID            string   `bun:"id,pk"`
	Value         Settings `bun:"value,type:text"`
}

// NewSettings are those of a tenant for which nobody has stored any: never ask for a
// second factor, with all of ours enabled.
func NewSettings() *Settings {
	return &Settings{Policy: "never", Factors: []string{factors.OTP, factors.RecoveryCode}}
}

// Settings are the tenant's settings.
func (d *DB) Settings(ctx context.Context) (*Settings, error) {
	row, err := first[settingsRow](ctx, d, "id = ?", settingsID)
	if errors.Is(err, ErrNotFound) {
		return NewSettings(), nil
	}
	if err != nil {
		return nil, err
	}
	return &row.Value, nil
}

// PutSettings replaces the tenant's settings.
func (d *DB) PutSettings(ctx context.Context, s *Settings) error {
	defer d.committed(ctx, func() { d.cached.settings.Invalidate(settingsID) })
	_, err := d.affected(ctx, func(q bun.IDB) statement {
		return q.NewInsert().Model(&settingsRow{ID: settingsID, Value: *s}).On("CONFLICT (id) DO UPDATE").Set("value = EXCLUDED.value")
	})
	return err
}
