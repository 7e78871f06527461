package storage

import (
	"context"

	"github.com/uptrace/bun"
)

// CreateBrowser stores a browser in which a person is remembered. It assigns
// CreatedAt, RotatedAt and LastUsedAt where they are zero.
//
// Errors: ErrConflict where the id is in use; ErrNotFound without the user.
func (d *DB) CreateBrowser(ctx context.Context, b *Browser) error {
	if b.CreatedAt.IsZero() {
		b.CreatedAt = d.now()
	}
	if b.RotatedAt.IsZero() {
		b.RotatedAt = b.CreatedAt
	}
	if b.LastUsedAt.IsZero() {
		b.LastUsedAt = b.CreatedAt
	}
	return d.insert(ctx, b)
}

// BrowserByID finds a browser, expired ones too.
//
// Errors: ErrNotFound.
func (d *DB) BrowserByID(ctx context.Context, id string) (*Browser, error) {
	return first[Browser](ctx, d, "id = ?", id)
}

// UseBrowser notes that a browser was used, and gives it a new key where its key is
// still the one that b was read with.
//
// Errors: ErrConflict where another request was first, or the browser is gone.
func (d *DB) UseBrowser(ctx context.Context, b *Browser, key []byte) error {
	now := d.now()
	return d.must(ctx, ErrConflict, func(q bun.IDB) statement {
		return q.NewUpdate().Model((*Browser)(nil)).
			Set("old_key = key").Set("key = ?", key).Set("rotated_at = ?", now).Set("last_used_at = ?", now).
			Where("id = ?", b.ID).Where("key = ?", b.Key)
	})
}

// Browsers lists the browsers in which a user is remembered, the newest first.
func (d *DB) Browsers(ctx context.Context, userID string) ([]*Browser, error) {
	return all[Browser](ctx, d, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("user_id = ?", userID).Where("expires_at > ?", d.now()).OrderExpr("id DESC")
	})
}

// DeleteBrowser forgets one browser.
//
// Errors: ErrNotFound.
func (d *DB) DeleteBrowser(ctx context.Context, id string) error {
	return d.must(ctx, ErrNotFound, func(q bun.IDB) statement {
		return q.NewDelete().Model((*Browser)(nil)).Where("id = ?", id)
	})
}

// DeleteBrowsers forgets all browsers of a user.
func (d *DB) DeleteBrowsers(ctx context.Context, userID string) error {
	return d.some(ctx, func(q bun.IDB) statement {
		return q.NewDelete().Model((*Browser)(nil)).Where("user_id = ?", userID)
	})
}
