package storage

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uptrace/bun"
)

// ScopeTenant is the scope of the tenant's policy; those of an organization and a client
// are their ids.
const ScopeTenant = "tenant"

// A PolicyVersion is one document that the policy of a scope was. It never changes.
type PolicyVersion struct {
	Scope     string          `bun:"scope,pk" json:"scope"`
	Number    int64           `bun:"number,pk" json:"version"` // from 1
	Document  json.RawMessage `bun:"document,type:text" json:"document"`
	By        string          `bun:"author" json:"by"` // as Event.Actor
	CreatedAt time.Time       `bun:"created_at" json:"created_at"`
}

// AddPolicyVersion stores what the policy of a scope is from now on and assigns Number,
// the next one, and CreatedAt where that is zero. What runs is stored by whoever changes
// the scope, in the same transaction.
//
// Errors: ErrConflict where another was added at the same moment; ErrInvalid.
func (d *DB) AddPolicyVersion(ctx context.Context, v *PolicyVersion) error {
	if !json.Valid(v.Document) {
		return fmt.Errorf("%w: policy document: not JSON", ErrInvalid)
	}
	row := *v
	if row.CreatedAt.IsZero() {
		row.CreatedAt = d.now()
	}
	err := d.Tx(ctx, func(ctx context.Context) error {
		err := d.exec(ctx, func(ctx context.Context, q bun.IDB) error {
			return q.NewSelect().Model((*PolicyVersion)(nil)).ColumnExpr("coalesce(max(number), 0) + 1").
				Where("scope = ?", row.Scope).Scan(ctx, &row.Number)
		})
		if err != nil {
			return err
		}
		return d.insert(ctx, &row)
	})
	if err == nil {
		*v = row
	}
	return err
}

// PolicyVersions lists what the policy of a scope was, the newest first.
func (d *DB) PolicyVersions(ctx context.Context, scope string) ([]*PolicyVersion, error) {
	return all[PolicyVersion](ctx, d, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("scope = ?", scope).OrderExpr("number DESC")
	})
}

// PolicyVersion finds one of them. Errors: ErrNotFound.
func (d *DB) PolicyVersion(ctx context.Context, scope string, number int64) (*PolicyVersion, error) {
	return first[PolicyVersion](ctx, d, "scope = ? AND number = ?", scope, number)
}
