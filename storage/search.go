package storage

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/uptrace/bun"
)

// userColumns are the fields by which users are searched. What is unique under a normal
// form is found by that, with its index.
var userColumns = map[string]column{
	"user_id": {"u.id", TextField, own}, "username": {"u.username_key", TextField, Normalise}, "email": {"u.email_key", TextField, Normalise},
	"email_verified": {"u.email_verified", FlagField, nil}, "phone_number": {"u.phone_number", TextField, own},
	"phone_verified": {"u.phone_number_verified", FlagField, nil}, "name": {"u.name", TextField, nil},
	"given_name": {"u.given_name", TextField, nil}, "family_name": {"u.family_name", TextField, nil}, "nickname": {"u.nickname", TextField, nil},
	"blocked": {"u.blocked", FlagField, nil}, "created_at": {"u.created_at", TimeField, nil}, "updated_at": {"u.updated_at", TimeField, nil},
	"last_login": {"h.updated_at", TimeField, nil}, "logins_count": {"h.logins", NumberField, nil},
}

// metadataPath is a field inside of a user's metadata: names that need no quoting anywhere.
var metadataPath = regexp.MustCompile(`^(user|app)_metadata((?:\.[A-Za-z0-9_-]{1,64}){1,8})$`)

// UserField is the kind of a field by which users are searched, zero where there is none.
func UserField(name string) FieldKind {
	c, _ := userColumn(name)
	return c.kind
}

func userColumn(name string) (column, []string) {
	if m := metadataPath.FindStringSubmatch(name); m != nil {
		return column{"u." + m[1] + "_metadata", JSONField, nil}, strings.Split(m[2], ".")[1:]
	}
	return userColumns[name], nil
}

// A UserSearch is which users are wanted, and which part of the list of them.
type UserSearch struct {
	Where         *Condition // nil: all
	Sort          string     // a field; "" for the age of accounts
	Descending    bool
	After         string // id: only later ones, where Sort is ""
	Offset, Limit int
}

// A FoundUser is a user with how often and when last they signed in.
type FoundUser struct {
	User      User      `bun:"embed:u_"`
	Logins    int64     `bun:"logins"`
	LastLogin time.Time `bun:"last_login,nullzero"`
}

// SearchUsers lists users that fulfil a condition.
//
// Errors: ErrInvalid where a field is none.
func (d *DB) SearchUsers(ctx context.Context, s UserSearch) ([]*FoundUser, error) {
	where, err := d.where(s.Where, userColumn)
	if err != nil {
		return nil, err
	}
	order := "u.id"
	if s.Sort != "" {
		c := userColumns[s.Sort]
		if c.kind == 0 {
			return nil, fmt.Errorf("%w: users are not sorted by %q", ErrInvalid, s.Sort)
		}
		order = c.sql
	}
	if s.Descending {
		order += " DESC"
	}
	users := []*FoundUser{}
	err = d.query(ctx, func(ctx context.Context, q bun.IDB) error {
		users = users[:0]
		rows := q.NewSelect().ColumnExpr("?", d.prefixed("u", &User{})).ColumnExpr("COALESCE(h.logins, 0) AS logins").ColumnExpr("h.updated_at AS last_login").
			TableExpr("users AS u").Join("LEFT JOIN histories AS h ON h.id = u.id").Where(where.text, where.args...).
			OrderExpr(order).OrderExpr("u.id")
		if s.After != "" {
			rows = rows.Where("u.id > ?", s.After)
		}
		return rows.Offset(int64(s.Offset)).Limit(page(s.Limit, usersPage)).Scan(ctx, &users)
	})
	return users, err
}

// CountUsers counts the users that fulfil a condition, nil for all. Errors: ErrInvalid
// where a field is none.
func (d *DB) CountUsers(ctx context.Context, c *Condition) (int, error) {
	where, err := d.where(c, userColumn)
	if err != nil {
		return 0, err
	}
	var n int
	err = d.query(ctx, func(ctx context.Context, q bun.IDB) error {
		return q.NewSelect().TableExpr("users AS u").Join("LEFT JOIN histories AS h ON h.id = u.id").ColumnExpr("count(*)").
			Where(where.text, where.args...).Scan(ctx, &n)
	})
	return n, err
}

// FactorsOf are the names of the factors that users have confirmed authenticators of.
func (d *DB) FactorsOf(ctx context.Context, userIDs ...string) (map[string][]string, error) {
	of := map[string][]string{}
	if len(userIDs) == 0 {
		return of, nil
	}
	rows, err := all[Authenticator](ctx, d, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Column("user_id", "factor").Distinct().Where("user_id IN (?)", bun.List(userIDs)).Where("confirmed_at IS NOT NULL").OrderExpr("factor")
	})
	for _, row := range rows {
		of[row.UserID] = append(of[row.UserID], row.Factor)
	}
	return of, err
}

// eventColumns are the fields by which the audit log is searched.
var eventColumns = map[string]column{
	"id": {"id", TextField, own}, "type": {"type", TextField, own}, "user_id": {"user_id", TextField, own}, "client_id": {"client_id", TextField, own},
	"ip": {"address", TextField, own}, "date": {"at", TimeField, nil}, "data": {"data", TextField, own},
}

// EventField is the kind of a field by which the audit log is searched, zero where there
// is none. The field "data" is the JSON of Event.Data, with members in the order of their
// names and without spaces.
func EventField(name string) FieldKind { return eventColumns[name].kind }

// An EventSearch is which lines of the audit log are wanted, and which part of the list.
type EventSearch struct {
	Where         *Condition // nil: all
	After         string     // id of the last line already seen
	Oldest        bool       // the oldest first; else the newest
	Offset, Limit int
}

// SearchEvents lists lines of the audit log that fulfil a condition.
//
// Errors: ErrInvalid where a field is none.
func (d *DB) SearchEvents(ctx context.Context, s EventSearch) ([]*Event, error) {
	where, err := d.where(s.Where, eventColumn)
	if err != nil {
		return nil, err
	}
	after, order := "id < ?", "id DESC"
	if s.Oldest {
		after, order = "id > ?", "id"
	}
	return all[Event](ctx, d, func(q *bun.SelectQuery) *bun.SelectQuery {
		if s.After != "" {
			q = q.Where(after, s.After)
		}
		return q.Where(where.text, where.args...).OrderExpr(order).Offset(int64(s.Offset)).Limit(page(s.Limit, eventsPage))
	})
}

// CountEvents counts the lines of the audit log that fulfil a condition, nil for all.
// Errors: ErrInvalid where a field is none.
func (d *DB) CountEvents(ctx context.Context, c *Condition) (int, error) {
	where, err := d.where(c, eventColumn)
	if err != nil {
		return 0, err
	}
	var n int
	err = d.query(ctx, func(ctx context.Context, q bun.IDB) error {
		return q.NewSelect().TableExpr("events").ColumnExpr("count(*)").Where(where.text, where.args...).Scan(ctx, &n)
	})
	return n, err
}

func eventColumn(name string) (column, []string) { return eventColumns[name], nil }

// EventByID finds a line of the audit log. Errors: ErrNotFound.
func (d *DB) EventByID(ctx context.Context, id string) (*Event, error) {
	return first[Event](ctx, d, "id = ?", id)
}
