package storage

import (
	"context"

	"github.com/uptrace/bun"
)

// CreateClient stores a new client. It assigns ID where that is empty, CreatedAt
// where that is zero, UpdatedAt and Version.
//
// Errors: ErrConflict where the id is in use.
func (d *DB) CreateClient(ctx context.Context, c *Client) error {
	if c.ID == "" {
		c.ID = NewID("cli")
	}
	c.UpdatedAt = d.now()
	if c.CreatedAt.IsZero() {
		c.CreatedAt = c.UpdatedAt
	}
	c.Version = 1
	return d.insert(ctx, c)
}

// ClientByID finds a client. Errors: ErrNotFound.
func (d *DB) ClientByID(ctx context.Context, id string) (*Client, error) {
	return first[Client](ctx, d, "id = ?", id)
}

// UpdateClient stores all of c but CreatedAt, where its Version is that of the table,
// and advances Version and UpdatedAt.
//
// Errors: ErrConflict where the client has changed or is gone.
func (d *DB) UpdateClient(ctx context.Context, c *Client) error {
	c.UpdatedAt = d.now()
	defer d.dropClient(ctx, c.ID)
	return d.versioned(ctx, &c.Version, func() error { return d.update(ctx, c, c.ID, c.Version) })
}

// DeleteClient removes a client with its grants and consents. Deleting one that is
// not there is no error.
func (d *DB) DeleteClient(ctx context.Context, id string) error {
	return d.Tx(ctx, func(ctx context.Context) error {
		d.dropClient(ctx, id)
		for _, remove := range []func(q bun.IDB) statement{
			func(q bun.IDB) statement { return q.NewDelete().Model((*Client)(nil)).Where("id = ?", id) },
			func(q bun.IDB) statement { return q.NewDelete().Model((*Consent)(nil)).Where("client_id = ?", id) },
			func(q bun.IDB) statement { return q.NewDelete().Model((*Grant)(nil)).Where("client_id = ?", id) },
		} {
			if _, err := d.affected(ctx, remove); err != nil {
				return err
			}
		}
		return nil
	})
}

// Clients lists all clients by name.
func (d *DB) Clients(ctx context.Context) ([]*Client, error) {
	return all[Client](ctx, d, func(q *bun.SelectQuery) *bun.SelectQuery { return q.OrderExpr("name, id") })
}

// dropClient forgets the cached client once the change in ctx is committed.
func (d *DB) dropClient(ctx context.Context, id string) {
	d.committed(ctx, func() { d.cached.clients.Invalidate(id) })
}
