package storage

import (
	"context"

	"github.com/uptrace/bun"
)

// PutGrants stores new grants in one statement, all or none. It assigns CreatedAt
// where that is zero.
//
// Errors: ErrConflict where a key is in use.
func (d *DB) PutGrants(ctx context.Context, made ...*Grant) error {
	if len(made) == 0 {
		return nil
	}
	d.stamp(made)
	return d.insert(ctx, &made)
}

func (d *DB) stamp(made []*Grant) {
	for _, g := range made {
		if g.CreatedAt.IsZero() {
			g.CreatedAt = d.now()
		}
	}
}

// GrantByKey finds a grant of a kind, used, revoked and expired ones too: whether it
// is worth anything is for the caller to say.
//
// Errors: ErrNotFound.
func (d *DB) GrantByKey(ctx context.Context, kind string, key []byte) (*Grant, error) {
	return first[Grant](ctx, d, "key = ? AND kind = ?", key, kind)
}

type grantWithUser struct {
	Grant Grant `bun:"embed:g_"`
	User  User  `bun:"embed:u_"`
}

func (d *DB) grantQuery(q bun.IDB, key any) *bun.SelectQuery {
	return q.NewSelect().ColumnExpr("?", d.prefixed("g", &Grant{})).ColumnExpr("?", d.prefixed("u", &User{})).
		TableExpr("grants AS g").Join("LEFT JOIN users AS u ON u.id = g.user_id").
		Where("g.key = ?", key)
}

// GrantWithUser finds a grant of one of the kinds, as GrantByKey does, with its user,
// in one query. The user is nil where the grant has none (client credentials).
//
// Errors: ErrNotFound, also where the grant's user has been deleted.
func (d *DB) GrantWithUser(ctx context.Context, kinds []string, key []byte) (*Grant, *User, error) {
	var row grantWithUser
	err := d.query(ctx, func(ctx context.Context, q bun.IDB) error {
		if d.grantWithUser != nil && d.tx(ctx) == nil && len(kinds) == 1 {
			return d.grantWithUser.scan(ctx, d.reader, &row, key, kinds[0])
		}
		return d.grantQuery(q, key).Where("g.kind IN (?)", bun.List(kinds)).Scan(ctx, &row)
	})
	switch {
	case err != nil:
		return nil, nil, err
	case row.Grant.UserID == "":
		return &row.Grant, nil, nil
	case row.User.ID == "":
		return nil, nil, ErrNotFound
	}
	return &row.Grant, &row.User, nil
}

// ConsumePAR uses up a pushed request of a client and returns it (RFC 9126 §2.2:
// once, and only by the client that pushed it).
//
// Errors: ErrSpent, also where it is another client's or not there.
func (d *DB) ConsumePAR(ctx context.Context, key []byte, clientID string) (*Grant, error) {
	rows := []*Grant{}
	err := d.exec(ctx, func(ctx context.Context, q bun.IDB) error {
		rows = rows[:0]
		_, err := q.NewUpdate().Model((*Grant)(nil)).Set("used_at = ?", d.now()).Set("uses = uses + 1").
			Where("key = ?", key).Where("kind = ?", GrantPAR).Where("client_id = ?", clientID).
			Where("active").Where("used_at IS NULL").Where("expires_at > ?", d.now()).
			Returning("*").Exec(ctx, &rows)
		return err
	})
	if err == nil && len(rows) == 0 {
		err = ErrSpent
	}
	if err != nil {
		return nil, err
	}
	return rows[0], nil
}

// OnceAssertion notes the id of a client assertion (RFC 7523 §3, item 7).
//
// Errors: ErrConflict where it was noted before.
func (d *DB) OnceAssertion(ctx context.Context, g *Grant) error {
	d.stamp([]*Grant{g})
	return d.must(ctx, ErrConflict, func(q bun.IDB) statement {
		return q.NewInsert().Model(g).On("CONFLICT DO NOTHING")
	})
}

// RevokeFamily revokes all that came from one authorization and returns how many
// grants that were.
func (d *DB) RevokeFamily(ctx context.Context, requestID string) (int, error) {
	return d.revoke(ctx, "request_id = ?", requestID)
}

// RevokeUserGrants revokes all grants of a user, offline access included.
func (d *DB) RevokeUserGrants(ctx context.Context, userID string) error {
	_, err := d.revoke(ctx, "user_id = ?", userID)
	return err
}

// RevokeClientGrants revokes all grants of a client.
func (d *DB) RevokeClientGrants(ctx context.Context, clientID string) error {
	_, err := d.revoke(ctx, "client_id = ?", clientID)
	return err
}

// revoke makes grants inactive until none is left. On PostgreSQL a Redeem that
// commits while the statement waits for its row has made grants that the statement
// does not see; a second look finds them.
func (d *DB) revoke(ctx context.Context, where string, args ...any) (int, error) {
	total := 0
	for {
		n, err := d.affected(ctx, func(q bun.IDB) statement {
			return q.NewUpdate().Model((*Grant)(nil)).Set("active = FALSE").Where(where, args...).Where("active")
		})
		total += int(n)
		if err != nil || n == 0 || !d.postgres {
			return total, err
		}
	}
}

// A RefreshFilter narrows a list of refresh tokens; zero fields do not.
type RefreshFilter struct {
	FamilyID, UserID, ClientID string
	After                      string // RequestID of the last one already seen
	Limit                      int    // at most so many; 0 for 100
}

const refreshPage = 100

// RefreshTokens lists the refresh tokens that can be used, the newest of each family, by
// the age of families. A family is what came from one authorization: its tokens share
// RequestID, which is no secret.
func (d *DB) RefreshTokens(ctx context.Context, f RefreshFilter) ([]*Grant, error) {
	return all[Grant](ctx, d, func(q *bun.SelectQuery) *bun.SelectQuery {
		q = q.Where("kind = ?", GrantRefresh).Where("active").Where("used_at IS NULL").Where("expires_at > ?", d.now())
		for column, value := range map[string]string{"request_id": f.FamilyID, "user_id": f.UserID, "client_id": f.ClientID} {
			if value != "" {
				q = q.Where("? = ?", bun.Ident(column), value)
			}
		}
		if f.After != "" {
			q = q.Where("request_id > ?", f.After)
		}
		return q.OrderExpr("request_id").Limit(page(f.Limit, refreshPage))
	})
}
