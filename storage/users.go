package storage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"
)

// A deletedUser keeps an id from being given out again.
type deletedUser struct {
	bun.BaseModel `bun:"table:deleted_users"`
	ID            string    `bun:"id,pk"`
	DeletedAt     time.Time `bun:"deleted_at"`
}

// CreateUser stores a new user. It assigns ID where that is empty, CreatedAt where
// that is zero, the normal forms, UpdatedAt and Version.
//
// Errors: ErrConflict where the id is or was in use, or the user name or the e-mail
// address is another user's name or address; ErrInvalid without a user name.
func (d *DB) CreateUser(ctx context.Context, u *User) error {
	if u.ID == "" {
		u.ID = NewID("usr")
	}
	if u.CreatedAt.IsZero() {
		u.CreatedAt = d.now()
	}
	if err := d.prepareUser(u); err != nil {
		return err
	}
	u.Version = 1
	return d.Tx(ctx, func(ctx context.Context) error {
		if err := d.reserveNames(ctx, u); err != nil {
			return err
		}
		switch _, err := first[deletedUser](ctx, d, "id = ?", u.ID); {
		case err == nil:
			return fmt.Errorf("%w: the id was a deleted user's", ErrConflict)
		case !errors.Is(err, ErrNotFound):
			return err
		}
		return d.insert(ctx, u)
	})
}

// UserByID finds a user. Errors: ErrNotFound.
func (d *DB) UserByID(ctx context.Context, id string) (*User, error) {
	return first[User](ctx, d, "id = ?", id)
}

// UserByLogin finds the user whose user name or e-mail address is what was typed, in
// any spelling that [Normalise] makes equal.
//
// Errors: ErrNotFound.
func (d *DB) UserByLogin(ctx context.Context, typed string) (*User, error) {
	key := Normalise(typed)
	if key == "" {
		return nil, ErrNotFound
	}
	return first[User](ctx, d, "username_key = ? OR email_key = ?", key, key)
}

// UpdateUser stores all of u but CreatedAt, where its Version is that of the table,
// and advances Version and UpdatedAt.
//
// Errors: ErrConflict where the user has changed or is gone, or the user name or the
// e-mail address is another user's; ErrInvalid without a user name.
func (d *DB) UpdateUser(ctx context.Context, u *User) error {
	if err := d.prepareUser(u); err != nil {
		return err
	}
	return d.Tx(ctx, func(ctx context.Context) error {
		if err := d.reserveNames(ctx, u); err != nil {
			return err
		}
		return d.versioned(ctx, &u.Version, func() error { return d.update(ctx, u, u.ID, u.Version) })
	})
}

// NoteSignIn writes down that a user has signed in, the first time that they do. It
// advances the version in the table, so that an update that was read before cannot undo it.
func (d *DB) NoteSignIn(ctx context.Context, id string) error {
	return d.some(ctx, func(q bun.IDB) statement {
		return q.NewUpdate().Model((*User)(nil)).Set("signed_in_at = ?", d.now()).Set("version = version + 1").
			Where("id = ?", id).Where("signed_in_at IS NULL")
	})
}

// prepareUser sets what follows from other fields.
func (d *DB) prepareUser(u *User) error {
	u.UsernameKey, u.EmailKey = Normalise(u.Username), Normalise(u.Email)
	if u.UsernameKey == "" {
		return fmt.Errorf("%w: User.Username is empty", ErrInvalid)
	}
	u.UpdatedAt = d.now()
	return nil
}

// reserveNames refuses names that would make UserByLogin ambiguous. The tables' own
// unique indices compare names with names and addresses with addresses; here a name
// is compared with addresses and the other way round, one at a time for each name.
func (d *DB) reserveNames(ctx context.Context, u *User) error {
	keys := []string{u.UsernameKey}
	if u.EmailKey != "" && u.EmailKey != u.UsernameKey {
		keys = append(keys, u.EmailKey)
	}
	var taken int
	err := d.exec(ctx, func(ctx context.Context, q bun.IDB) error {
		if err := d.lockNames(ctx, q, keys); err != nil {
			return err
		}
		return q.NewSelect().TableExpr("users").ColumnExpr("count(*)").Where("id <> ?", u.ID).
			Where("(username_key IN (?) OR email_key IN (?))", bun.List(keys), bun.List(keys)).Scan(ctx, &taken)
	})
	if err == nil && taken > 0 {
		return fmt.Errorf("%w: the user name or e-mail address is another user's", ErrConflict)
	}
	return err
}

// lockNames lets one transaction at a time give out each of keys. SQLite has one writer.
func (d *DB) lockNames(ctx context.Context, q bun.IDB, keys []string) error {
	if !d.postgres {
		return nil
	}
	_, err := q.ExecContext(ctx, `SELECT pg_advisory_xact_lock(k) FROM (
		SELECT hashtextextended(n, 0) AS k FROM unnest(ARRAY[?]::text[]) AS n ORDER BY 1) AS locks`, bun.List(keys))
	return err
}

// DeleteUser removes a user with all sessions, logins, grants, authenticators,
// consents, tickets, and the records of their sign-ins, for good; the id is never given out again and the audit log
// stays. Deleting who is not there is no error.
func (d *DB) DeleteUser(ctx context.Context, id string) error {
	return d.Tx(ctx, func(ctx context.Context) error {
		n, err := d.affected(ctx, func(q bun.IDB) statement { return q.NewDelete().Model((*User)(nil)).Where("id = ?", id) })
		if err != nil || n == 0 {
			return err
		}
		if _, err := d.affected(ctx, func(q bun.IDB) statement {
			return q.NewDelete().Model((*Grant)(nil)).Where("user_id = ?", id)
		}); err != nil {
			return err
		}
		if _, err := d.affected(ctx, func(q bun.IDB) statement {
			return q.NewDelete().Model((*Decision)(nil)).Where("user_id = ?", id)
		}); err != nil {
			return err
		}
		return d.insert(ctx, &deletedUser{ID: id, DeletedAt: d.now()})
	})
}

// A UserFilter narrows a list of users.
type UserFilter struct {
	Query string // beginning of the user name or the e-mail address, any case
	After string // id of the last user already seen
	Limit int    // at most so many; 0 for 100
}

const usersPage = 100

// Users lists users by age, the oldest first.
func (d *DB) Users(ctx context.Context, f UserFilter) ([]*User, error) {
	return all[User](ctx, d, func(q *bun.SelectQuery) *bun.SelectQuery {
		if key := Normalise(f.Query); key != "" {
			like := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(key) + "%"
			q = q.Where(`(username_key LIKE ? ESCAPE '\' OR email_key LIKE ? ESCAPE '\')`, like, like)
		}
		if f.After != "" {
			q = q.Where("id > ?", f.After)
		}
		return q.OrderExpr("id").Limit(page(f.Limit, usersPage))
	})
}

// UsersWithRole lists the users who have a role of their own, not one in an organization,
// by age.
func (d *DB) UsersWithRole(ctx context.Context, role string) ([]*User, error) {
	like, err := listed(role)
	if err != nil {
		return nil, err
	}
	users, err := all[User](ctx, d, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where(`roles LIKE ? ESCAPE '\'`, like).OrderExpr("id")
	})
	return slices.DeleteFunc(users, func(u *User) bool { return !slices.Contains(u.Roles, role) }), err
}

// listed is the pattern of a list in JSON with text in it.
func listed(text string) (string, error) {
	value, err := json.Marshal(text) // as it stands in the column
	if err != nil {
		return "", fmt.Errorf("storage: %w", err)
	}
	return "%" + escaped(string(value)) + "%", nil
}

// UsersByID finds users. Who is not there is not in the map.
func (d *DB) UsersByID(ctx context.Context, ids ...string) (map[string]*User, error) {
	of := map[string]*User{}
	if len(ids) == 0 {
		return of, nil
	}
	users, err := all[User](ctx, d, func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("id IN (?)", bun.List(ids)) })
	for _, u := range users {
		of[u.ID] = u
	}
	return of, err
}

// page is the size of one page of a list.
func page(asked, otherwise int) int64 {
	if asked <= 0 {
		return int64(otherwise)
	}
	return int64(asked)
}
