package storage

import (
	"context"

	"github.com/uptrace/bun"
)

// CreateTicket stores a new ticket. It assigns CreatedAt where that is zero.
//
// Errors: ErrConflict where the key is in use, ErrNotFound without the user.
func (d *DB) CreateTicket(ctx context.Context, t *Ticket) error {
	if t.CreatedAt.IsZero() {
		t.CreatedAt = d.now()
	}
	return d.insert(ctx, t)
}

// TicketByKey finds a ticket, used and expired ones too: that is for the caller to
// say.
//
// Errors: ErrNotFound.
func (d *DB) TicketByKey(ctx context.Context, key []byte) (*Ticket, error) {
	return first[Ticket](ctx, d, "key = ?", key)
}

// UseTicket uses a ticket up. Of any number of concurrent calls one succeeds.
//
// Errors: ErrSpent where it was used, has expired or is not there.
func (d *DB) UseTicket(ctx context.Context, key []byte) error {
	return d.must(ctx, ErrSpent, func(q bun.IDB) statement {
		return q.NewUpdate().Model((*Ticket)(nil)).Set("used_at = ?", d.now()).
			Where("key = ?", key).Where("used_at IS NULL").Where("expires_at > ?", d.now())
	})
}
