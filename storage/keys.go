package storage

import (
	"context"

	"github.com/uptrace/bun"
)

// SigningKeys lists all signing keys, retired ones too, the oldest first.
func (d *DB) SigningKeys(ctx context.Context) ([]*SigningKey, error) {
	rows, err := all[SigningKey](ctx, d, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.OrderExpr("created_at, id")
	})
	if err != nil {
		return nil, err
	}
	for _, k := range rows {
		if k.Private, err = d.open(signingKeyPrivate, k.ID, k.Private); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// PutSigningKey stores a new key. It assigns CreatedAt where that is zero.
//
// Errors: ErrConflict where the id is in use.
func (d *DB) PutSigningKey(ctx context.Context, k *SigningKey) error {
	if k.CreatedAt.IsZero() {
		k.CreatedAt = d.now()
	}
	row := *k
	var err error
	if row.Private, err = d.seal(signingKeyPrivate, k.ID, k.Private); err != nil {
		return err
	}
	return d.insert(ctx, &row)
}

// UpdateSigningKey stores a key's place in the rotation: NotBefore, RetiredAt and
// ExpiresAt. The key itself never changes.
//
// Errors: ErrNotFound.
func (d *DB) UpdateSigningKey(ctx context.Context, k *SigningKey) error {
	return d.must(ctx, ErrNotFound, func(q bun.IDB) statement {
		return q.NewUpdate().Model(k).Column("not_before", "retired_at", "expires_at").Where("id = ?", k.ID)
	})
}
