package storage

import (
	"context"

	"github.com/uptrace/bun"
)

// A Person is a user with what a sign-in needs of them.
type Person struct {
	*User
	Authenticators []*Authenticator
	History        *History // empty where there is none
}

// PersonByID finds a user as UserByID does, with all authenticators as Authenticators
// does, in one query.
//
// Errors: ErrNotFound.
func (d *DB) PersonByID(ctx context.Context, id string) (*Person, error) {
	return d.person(ctx, func(ctx context.Context, q bun.IDB, lines *[]personLine) error {
		if d.personByID != nil && d.tx(ctx) == nil {
			return d.personByID.scanAll(ctx, d.reader, lines, id)
		}
		return d.personQuery(q).Where("u.id = ?", id).Scan(ctx, lines)
	})
}

// PersonByLogin finds a user as UserByLogin does, with all authenticators as
// Authenticators does, in one query.
//
// Errors: ErrNotFound.
func (d *DB) PersonByLogin(ctx context.Context, typed string) (*Person, error) {
	key := Normalise(typed)
	if key == "" {
		return nil, ErrNotFound
	}
	return d.person(ctx, func(ctx context.Context, q bun.IDB, lines *[]personLine) error {
		return d.personQuery(q).Where("u.username_key = ? OR u.email_key = ?", key, key).Scan(ctx, lines)
	})
}

// PersonByHandle finds the user whose authenticator of one of factors has a handle,
// with all authenticators as Authenticators does, in one query.
//
// Errors: ErrNotFound.
func (d *DB) PersonByHandle(ctx context.Context, handle string, factors ...string) (*Person, error) {
	if handle == "" {
		return nil, ErrNotFound
	}
	return d.person(ctx, func(ctx context.Context, q bun.IDB, lines *[]personLine) error {
		return d.personQuery(q).Where("u.id IN (?)", q.NewSelect().Model((*Authenticator)(nil)).Column("user_id").
			Where("handle = ?", handle).Where("factor IN (?)", bun.List(factors))).Scan(ctx, lines)
	})
}

// A personLine is a person with one of the authenticators.
type personLine struct {
	User          User          `bun:"embed:u_"`
	Authenticator Authenticator `bun:"embed:a_"`
	History       History       `bun:"embed:h_"`
}

// personQuery reads persons; who is meant is for the caller to add.
func (d *DB) personQuery(q bun.IDB) *bun.SelectQuery {
	return d.withPerson(q.NewSelect().ColumnExpr("?", d.prefixed("u", &User{})).TableExpr("users AS u"))
}

// withPerson adds to a query for users u what else persons have.
func (d *DB) withPerson(q *bun.SelectQuery) *bun.SelectQuery {
	return q.ColumnExpr("?", d.prefixed("a", &Authenticator{})).ColumnExpr("?", d.prefixed("h", &History{})).
		Join("LEFT JOIN authenticators AS a ON a.user_id = u.id").Join("LEFT JOIN histories AS h ON h.id = u.id").OrderExpr("a.id")
}

func (d *DB) person(ctx context.Context, read func(context.Context, bun.IDB, *[]personLine) error) (*Person, error) {
	var lines []personLine
	err := d.query(ctx, func(ctx context.Context, q bun.IDB) error {
		lines = lines[:0]
		return read(ctx, q, &lines)
	})
	if err == nil && len(lines) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return d.personOf(lines)
}

// personOf is the person of lines, which are one at least.
func (d *DB) personOf(lines []personLine) (*Person, error) {
	p := &Person{User: &lines[0].User, History: &lines[0].History}
	p.History.UserID = p.ID
	var err error
	if p.History.Data, err = d.open(historyData, p.ID, p.History.Data); err != nil {
		return nil, err
	}
	for i := range lines {
		if err := d.keep(&p.Authenticators, &lines[i].Authenticator); err != nil {
			return nil, err
		}
	}
	return p, nil
}
