package storage

import (
	"context"
	"time"

	"github.com/uptrace/bun"
)

// Redeem uses a grant that is active, unused and not expired, at that time, and
// stores what was made of it: both or neither, in one round trip. Of any number of
// concurrent calls one succeeds.
//
// Errors: ErrSpent where the grant was used, revoked, has expired or is not there;
// ErrConflict where a key of made is in use.
func (d *DB) Redeem(ctx context.Context, key []byte, at time.Time, made ...*Grant) error {
	return d.redeem(ctx, made, func(q bun.IDB) *bun.UpdateQuery {
		return q.NewUpdate().Model((*Grant)(nil)).Set("used_at = ?", at).Set("uses = uses + 1").
			Where("key = ?", key).Where("active").Where("used_at IS NULL").Where("expires_at > ?", at)
	})
}

// RedeemAgain uses a grant once more that was used before: the short grace for a
// client that lost the answer. It does so while the grant is active, not expired and
// was used fewer than usesMax times; how long ago the first use may be is for the
// caller to check.
//
// Errors: as Redeem.
func (d *DB) RedeemAgain(ctx context.Context, key []byte, usesMax int, made ...*Grant) error {
	return d.redeem(ctx, made, func(q bun.IDB) *bun.UpdateQuery {
		return q.NewUpdate().Model((*Grant)(nil)).Set("uses = uses + 1").
			Where("key = ?", key).Where("active").Where("used_at IS NOT NULL").Where("uses < ?", usesMax).
			Where("expires_at > ?", d.now())
	})
}

// Retry uses a refresh token again whose answer was lost. What its first use made ends,
// so that there is one chain and not two.
//
// Errors: ErrConflict where something that its first use made was used since: then the
// answer was not lost, and one of the two who have the token is a thief; ErrSpent
// where it was used again before, or is over.
func (d *DB) Retry(ctx context.Context, g *Grant, made ...*Grant) error {
	return d.Tx(ctx, func(ctx context.Context) error {
		if _, err := d.revoke(ctx, "request_id = ? AND key <> ? AND used_at IS NULL", g.RequestID, g.Key); err != nil {
			return err
		}
		var used int
		err := d.exec(ctx, func(ctx context.Context, q bun.IDB) error {
			return q.NewSelect().Model((*Grant)(nil)).ColumnExpr("count(*)").Where("request_id = ?", g.RequestID).
				Where("kind = ?", GrantRefresh).Where("key <> ?", g.Key).Where("used_at >= ?", g.UsedAt).Scan(ctx, &used)
		})
		if err == nil && used > 0 {
			err = ErrConflict
		}
		if err != nil {
			return err
		}
		return d.RedeemAgain(ctx, g.Key, 2, made...)
	})
}

func (d *DB) redeem(ctx context.Context, made []*Grant, spend func(q bun.IDB) *bun.UpdateQuery) error {
	d.stamp(made)
	return d.atOnce(ctx, func(ctx context.Context) error {
		if err := d.must(ctx, ErrSpent, func(q bun.IDB) statement { return spend(q) }); err != nil {
			return err
		}
		return d.PutGrants(ctx, made...)
	})
}
