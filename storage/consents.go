package storage

import (
	"context"

	"github.com/uptrace/bun"
)

// ConsentFor finds what a user allowed a client. Errors: ErrNotFound.
func (d *DB) ConsentFor(ctx context.Context, userID, clientID string) (*Consent, error) {
	return first[Consent](ctx, d, "user_id = ? AND client_id = ?", userID, clientID)
}

// PutConsent stores what a user allows a client, in place of what was allowed before.
// It assigns CreatedAt where that is zero and UpdatedAt; the CreatedAt of the first
// consent stays.
//
// Errors: ErrNotFound without the user.
func (d *DB) PutConsent(ctx context.Context, c *Consent) error {
	c.UpdatedAt = d.now()
	if c.CreatedAt.IsZero() {
		c.CreatedAt = c.UpdatedAt
	}
	return d.some(ctx, func(q bun.IDB) statement {
		return q.NewInsert().Model(c).On("CONFLICT (user_id, client_id) DO UPDATE").
			Set("scopes = EXCLUDED.scopes").Set("updated_at = EXCLUDED.updated_at")
	})
}

// RevokeConsent takes back what a user allowed a client, and revokes all grants that
// the client has of the user. Where there is nothing, that is no error.
func (d *DB) RevokeConsent(ctx context.Context, userID, clientID string) error {
	return d.Tx(ctx, func(ctx context.Context) error {
		_, err := d.affected(ctx, func(q bun.IDB) statement {
			return q.NewDelete().Model((*Consent)(nil)).Where("user_id = ?", userID).Where("client_id = ?", clientID)
		})
		if err != nil {
			return err
		}
		_, err = d.revoke(ctx, "user_id = ? AND client_id = ?", userID, clientID)
		return err
	})
}

// Consents lists what a user allowed, by client.
func (d *DB) Consents(ctx context.Context, userID string) ([]*Consent, error) {
	return all[Consent](ctx, d, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("user_id = ?", userID).OrderExpr("client_id")
	})
}
