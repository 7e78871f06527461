package storage

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/sallyport-id/sallyport/factors"
)

// Authenticators lists all authenticators of a user, pending and disabled ones too,
// the oldest first.
func (d *DB) Authenticators(ctx context.Context, userID string) ([]*Authenticator, error) {
	rows, err := all[Authenticator](ctx, d, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("user_id = ?", userID).OrderExpr("id")
	})
	if err != nil {
		return nil, err
	}
	for _, a := range rows {
		if a.Secret, err = d.open(authenticatorSecret, a.ID, a.Secret); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// AuthenticatorByID finds an authenticator, pending and disabled ones too.
//
// Errors: ErrNotFound.
func (d *DB) AuthenticatorByID(ctx context.Context, id string) (*Authenticator, error) {
	a, err := first[Authenticator](ctx, d, "id = ?", id)
	if err != nil {
		return nil, err
	}
	a.Secret, err = d.open(authenticatorSecret, a.ID, a.Secret)
	return a, err
}

// CreateAuthenticator stores a new authenticator. It assigns ID where that is empty,
// CreatedAt where that is zero, and Version.
//
// Errors: ErrConflict where the id, or the handle within the factor, is in use;
// ErrNotFound without the user.
func (d *DB) CreateAuthenticator(ctx context.Context, a *Authenticator) error {
	if a.ID == "" {
		a.ID = NewID("aut")
	}
	if a.CreatedAt.IsZero() {
		a.CreatedAt = d.now()
	}
	a.Version = 1
	row, err := d.sealedAuthenticator(a)
	if err != nil {
		return err
	}
	return d.insert(ctx, row)
}

// UpdateAuthenticator stores all of a but CreatedAt, where its Version is that of the
// table, and advances Version: of two answers that burn the same counter one gets
// ErrConflict.
//
// Errors: ErrConflict where the authenticator has changed or is gone, or the handle
// is in use.
func (d *DB) UpdateAuthenticator(ctx context.Context, a *Authenticator) error {
	return d.versioned(ctx, &a.Version, func() error {
		row, err := d.sealedAuthenticator(a)
		if err != nil {
			return err
		}
		return d.update(ctx, row, a.ID, a.Version)
	})
}

// DeleteAuthenticator removes an authenticator, and those that are linked with it.
// Deleting one that is not there is no error. With a second factor that was in use go
// the browsers in which its person is remembered: they were remembered for what it
// proved (T-17). With a password they go by EndSessions.
func (d *DB) DeleteAuthenticator(ctx context.Context, id string) error {
	err := d.some(ctx, func(q bun.IDB) statement {
		return q.NewDelete().Model((*Browser)(nil)).
			Where("user_id = (SELECT user_id FROM authenticators WHERE id = ? AND confirmed_at IS NOT NULL AND factor <> ?)", id, factors.Password)
	})
	if err != nil {
		return err
	}
	return d.some(ctx, func(q bun.IDB) statement {
		return q.NewDelete().Model((*Authenticator)(nil)).
			Where("id = ?0 OR link = (SELECT link FROM authenticators WHERE id = ?0)", id)
	})
}

// CountFailure adds a wrong answer and returns how many there are in a row; at limit
// (0: never) it disables the authenticator. It advances the version in the table, so
// that an update that was read before cannot undo the count.
//
// Errors: ErrNotFound.
func (d *DB) CountFailure(ctx context.Context, id string, limit int) (int, error) {
	var failures int
	err := d.exec(ctx, func(ctx context.Context, q bun.IDB) error {
		u := q.NewUpdate().Model((*Authenticator)(nil)).Set("failures = failures + 1").Set("version = version + 1").
			Where("id = ?", id).Returning("failures")
		if limit > 0 {
			u = u.Set("disabled_at = CASE WHEN failures + 1 >= ? THEN COALESCE(disabled_at, ?) ELSE disabled_at END", limit, d.now())
		}
		result, err := u.Exec(ctx, &failures)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err == nil && n == 0 {
			return ErrNotFound
		}
		return nil
	})
	return failures, err
}

// sealedAuthenticator is a copy of a as the table holds it.
func (d *DB) sealedAuthenticator(a *Authenticator) (*Authenticator, error) {
	row := *a
	var err error
	row.Secret, err = d.seal(authenticatorSecret, a.ID, a.Secret)
	return &row, err
}
