package storage

import (
	"context"

	"github.com/uptrace/bun"
)

// CreateAPI stores a new API. It assigns CreatedAt where that is zero and UpdatedAt.
//
// Errors: ErrConflict where the audience is in use.
func (d *DB) CreateAPI(ctx context.Context, a *API) error {
	row := *a
	row.UpdatedAt = d.now()
	if row.CreatedAt.IsZero() {
		row.CreatedAt = row.UpdatedAt
	}
	if err := d.insert(ctx, &row); err != nil {
		return err
	}
	*a = row
	return nil
}

// APIByAudience finds an API. Errors: ErrNotFound.
func (d *DB) APIByAudience(ctx context.Context, audience string) (*API, error) {
	return first[API](ctx, d, "audience = ?", audience)
}

// UpdateAPI stores all of a but CreatedAt and advances UpdatedAt.
//
// Errors: ErrNotFound.
func (d *DB) UpdateAPI(ctx context.Context, a *API) error {
	a.UpdatedAt = d.now()
	defer d.dropAPI(ctx, a.Audience)
	return d.must(ctx, ErrNotFound, func(q bun.IDB) statement {
		return q.NewUpdate().Model(a).ExcludeColumn("audience", "created_at").Where("audience = ?", a.Audience)
	})
}

// DeleteAPI removes an API. Deleting one that is not there is no error.
func (d *DB) DeleteAPI(ctx context.Context, audience string) error {
	defer d.dropAPI(ctx, audience)
	_, err := d.affected(ctx, func(q bun.IDB) statement {
		return q.NewDelete().Model((*API)(nil)).Where("audience = ?", audience)
	})
	return err
}

// APIs lists all APIs by audience.
func (d *DB) APIs(ctx context.Context) ([]*API, error) {
	return all[API](ctx, d, func(q *bun.SelectQuery) *bun.SelectQuery { return q.OrderExpr("audience") })
}

// dropAPI forgets the cached API once the change in ctx is committed.
func (d *DB) dropAPI(ctx context.Context, audience string) {
	d.committed(ctx, func() { d.cached.apis.Invalidate(audience) })
}
