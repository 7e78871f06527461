package storage

import (
	"context"
	"fmt"
	"slices"

	"github.com/uptrace/bun"
)

// A Newcomer is a user to be stored with what they sign in with.
type Newcomer struct {
	*User
	Authenticators []*Authenticator
}

// CreateCrowd stores many new users with their authenticators in a few statements: all of
// them or none. It assigns what CreateUser and CreateAuthenticator assign, and UserID.
//
// Errors: ErrConflict, ErrInvalid as CreateUser and CreateAuthenticator, for whichever of
// them.
func (d *DB) CreateCrowd(ctx context.Context, crowd []*Newcomer) error {
	if len(crowd) == 0 {
		return nil
	}
	var users []*User
	var rows []*Authenticator
	taken := map[string]string{} // a name → whose it is
	for _, n := range crowd {
		u := n.User
		if u.ID == "" {
			u.ID = NewID("usr")
		}
		if u.CreatedAt.IsZero() {
			u.CreatedAt = d.now()
		}
		if err := d.prepareUser(u); err != nil {
			return err
		}
		for _, key := range []string{u.UsernameKey, u.EmailKey} {
			if owner, ok := taken[key]; ok && owner != u.ID && key != "" {
				return fmt.Errorf("%w: two of them have the same name or address", ErrConflict)
			}
			taken[key] = u.ID
		}
		u.Version = 1
		users = append(users, u)
		sealed, err := d.sealedFor(n)
		if err != nil {
			return err
		}
		rows = append(rows, sealed...)
	}
	return d.Tx(ctx, func(ctx context.Context) error { return d.insertCrowd(ctx, users, rows) })
}

// sealedFor are the authenticators of n as the table holds them.
func (d *DB) sealedFor(n *Newcomer) ([]*Authenticator, error) {
	var rows []*Authenticator
	for _, a := range n.Authenticators {
		if a.ID == "" {
			a.ID = NewID("aut")
		}
		if a.CreatedAt.IsZero() {
			a.CreatedAt = d.now()
		}
		a.UserID, a.Version = n.ID, 1
		row, err := d.sealedAuthenticator(a)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func (d *DB) insertCrowd(ctx context.Context, users []*User, rows []*Authenticator) error {
	if err := d.reserveCrowd(ctx, users); err != nil {
		return err
	}
	if err := d.insert(ctx, &users); err != nil || len(rows) == 0 {
		return err
	}
	return d.insert(ctx, &rows)
}

// reserveCrowd is reserveNames for many, and refuses ids of users who were deleted.
func (d *DB) reserveCrowd(ctx context.Context, users []*User) error {
	var ids, keys []string
	for _, u := range users {
		ids, keys = append(ids, u.ID), append(keys, u.UsernameKey)
		if u.EmailKey != "" && u.EmailKey != u.UsernameKey {
			keys = append(keys, u.EmailKey)
		}
	}
	var taken int
	err := d.exec(ctx, func(ctx context.Context, q bun.IDB) error {
		if err := d.lockNames(ctx, q, keys); err != nil {
			return err
		}
		return q.NewSelect().ColumnExpr("(?) + (?)",
			q.NewSelect().TableExpr("users").ColumnExpr("count(*)").Where("username_key IN (?) OR email_key IN (?)", bun.List(keys), bun.List(keys)),
			q.NewSelect().TableExpr("deleted_users").ColumnExpr("count(*)").Where("id IN (?)", bun.List(ids))).Scan(ctx, &taken)
	})
	if err == nil && taken > 0 {
		return fmt.Errorf("%w: the user name, e-mail address or id of one of them is or was another user's", ErrConflict)
	}
	return err
}

// Namesakes lists the users who have one of ids, or whose user name or e-mail address is
// one of names in any spelling that [Normalise] makes equal.
func (d *DB) Namesakes(ctx context.Context, ids, names []string) ([]*User, error) {
	keys := []string{}
	for _, name := range names {
		if key := Normalise(name); key != "" {
			keys = append(keys, key)
		}
	}
	return all[User](ctx, d, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("id IN (?)", bun.List(orNobody(ids))).
			WhereOr("username_key IN (?)", bun.List(orNobody(keys))).WhereOr("email_key IN (?)", bun.List(orNobody(keys)))
	})
}

// AuthenticatorsOf lists all authenticators of many users, the oldest first, by user.
func (d *DB) AuthenticatorsOf(ctx context.Context, userIDs []string) (map[string][]*Authenticator, error) {
	rows, err := all[Authenticator](ctx, d, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("user_id IN (?)", bun.List(orNobody(userIDs))).OrderExpr("id")
	})
	if err != nil {
		return nil, err
	}
	of := map[string][]*Authenticator{}
	for _, a := range rows {
		if a.Secret, err = d.open(authenticatorSecret, a.ID, a.Secret); err != nil {
			return nil, err
		}
		of[a.UserID] = append(of[a.UserID], a)
	}
	return of, nil
}

// orNobody keeps a list from being empty, which IN does not take everywhere: no id, name
// or address is empty.
func orNobody(list []string) []string {
	if len(list) == 0 {
		return []string{""}
	}
	return slices.Compact(slices.Sorted(slices.Values(list)))
}

// MembershipsOf lists the memberships of many users, by user.
func (d *DB) MembershipsOf(ctx context.Context, userIDs []string) (map[string][]*Member, error) {
	rows, err := all[Member](ctx, d, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("user_id IN (?)", bun.List(orNobody(userIDs))).OrderExpr("organization_id")
	})
	of := map[string][]*Member{}
	for _, m := range rows {
		of[m.UserID] = append(of[m.UserID], m)
	}
	return of, err
}
