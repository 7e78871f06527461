package storage

import (
	"context"

	"github.com/uptrace/bun"
)

// PutTransaction opens a question at an authenticator's device, in place of one that
// was open there.
//
// Errors: ErrNotFound without the authenticator.
func (d *DB) PutTransaction(ctx context.Context, t *Transaction) error {
	return d.some(ctx, func(q bun.IDB) statement {
		return q.NewInsert().Model(t).On("CONFLICT (authenticator_id) DO UPDATE").
			Set("key = EXCLUDED.key").Set("login_id = EXCLUDED.login_id").Set("expires_at = EXCLUDED.expires_at")
	})
}

// TransactionByKey finds an open question by the hash of its token, expired ones too.
//
// Errors: ErrNotFound.
func (d *DB) TransactionByKey(ctx context.Context, key []byte) (*Transaction, error) {
	return first[Transaction](ctx, d, "key = ?", key)
}

// TransactionAt finds the question that is open at an authenticator's device, expired
// ones too.
//
// Errors: ErrNotFound.
func (d *DB) TransactionAt(ctx context.Context, authenticatorID string) (*Transaction, error) {
	return first[Transaction](ctx, d, "authenticator_id = ?", authenticatorID)
}
