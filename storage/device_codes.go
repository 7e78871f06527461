package storage

import (
	"context"

	"github.com/uptrace/bun"
)

// AnswerDevice stores what a person said to the request of a device: g.Data, with the user
// where they allowed it. It counts once, while the request waits.
//
// Errors: ErrSpent where it was answered before, is over or is not there.
func (d *DB) AnswerDevice(ctx context.Context, g *Grant) error {
	return d.must(ctx, ErrSpent, func(q bun.IDB) statement {
		return q.NewUpdate().Model(g).Column("data", "user_id").Set("uses = 1").
			Where("key = ?", g.Key).Where("kind = ?", GrantDevice).Where("active").Where("used_at IS NULL").
			Where("uses = 0").Where("expires_at > ?", d.now())
	})
}

// ExpireDevice notes that the device was told that its request is over.
//
// Errors: ErrSpent where it was told before, or the request lives or is not there.
func (d *DB) ExpireDevice(ctx context.Context, key []byte) error {
	return d.must(ctx, ErrSpent, func(q bun.IDB) statement {
		return q.NewUpdate().Model((*Grant)(nil)).Set("used_at = ?", d.now()).
			Where("key = ?", key).Where("kind = ?", GrantDevice).Where("active").Where("used_at IS NULL").
			Where("expires_at <= ?", d.now())
	})
}
