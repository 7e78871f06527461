package storage

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"
)

// An Organization is a group of people who sign in to it: a customer of a business. Its
// policy comes before the client's and the tenant's.
type Organization struct {
	ID          string            `bun:"id,pk" json:"organization_id"`
	Name        string            `bun:"name" json:"name"` // for addresses, unique, in normal form
	DisplayName string            `bun:"display_name" json:"display_name"`
	Metadata    map[string]string `bun:"metadata,type:text" json:"metadata,omitempty"` // for scripts
	// Policy is "never", "always", "adaptive", or "" for the client's.
	Policy string `bun:"policy" json:"policy,omitempty"`
	// Factors are the second factors that its members may use; nil: the client's.
	Factors []string `bun:"factors,type:text" json:"factors,omitempty"`
	// Document is the rest of the policy, as flows/policy writes it.
	Document  json.RawMessage `bun:"document,type:text,nullzero" json:"document,omitempty"`
	CreatedAt time.Time       `bun:"created_at" json:"created_at"`
	UpdatedAt time.Time       `bun:"updated_at" json:"updated_at"`
	Version   int64           `bun:"version" json:"-"`
}

// A Member is a person who belongs to an organization, with the roles that they have in
// it and nowhere else.
type Member struct {
	OrganizationID string    `bun:"organization_id,pk" json:"organization_id"`
	UserID         string    `bun:"user_id,pk" json:"user_id"`
	Roles          []string  `bun:"roles,type:text" json:"roles,omitempty"`
	CreatedAt      time.Time `bun:"created_at" json:"created_at"`
}

// organizationPrefix begins ids and no name, so that one text means one organization.
const organizationPrefix = "org_"

var organizationName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,49}$`)

// CreateOrganization stores a new organization. It assigns ID where that is empty,
// CreatedAt where that is zero, the name's normal form, UpdatedAt and Version.
//
// Errors: ErrConflict where the id or the name is in use; ErrInvalid.
func (d *DB) CreateOrganization(ctx context.Context, o *Organization) error {
	if o.ID == "" {
		o.ID = NewID("org")
	}
	if err := d.prepareOrganization(o); err != nil {
		return err
	}
	if o.CreatedAt.IsZero() {
		o.CreatedAt = o.UpdatedAt
	}
	o.Version = 1
	return d.insert(ctx, o)
}

// UpdateOrganization stores all of o but CreatedAt, where its Version is that of the
// table, and advances Version and UpdatedAt.
//
// Errors: ErrConflict where the organization has changed or is gone, or the name is
// another's; ErrInvalid.
func (d *DB) UpdateOrganization(ctx context.Context, o *Organization) error {
	if err := d.prepareOrganization(o); err != nil {
		return err
	}
	defer d.dropOrganization(ctx, o.ID, o.Name)
	return d.versioned(ctx, &o.Version, func() error { return d.update(ctx, o, o.ID, o.Version) })
}

// prepareOrganization sets what follows from other fields.
func (d *DB) prepareOrganization(o *Organization) error {
	o.Name = Normalise(o.Name)
	switch {
	case !strings.HasPrefix(o.ID, organizationPrefix):
		return fmt.Errorf("%w: organization.id: %q; begin it with %s", ErrInvalid, o.ID, organizationPrefix)
	case !organizationName.MatchString(o.Name) || strings.HasPrefix(o.Name, organizationPrefix):
		return fmt.Errorf("%w: organization.name: %q; use 1 to 50 of a to z, 0 to 9, - and _, and do not begin with %s, - or _", ErrInvalid, o.Name, organizationPrefix)
	}
	o.UpdatedAt = d.now()
	return nil
}

// DeleteOrganization removes an organization with its memberships; its people stay.
// Deleting one that is not there is no error.
func (d *DB) DeleteOrganization(ctx context.Context, id string) error {
	defer d.dropOrganization(ctx, id, "")
	_, err := d.affected(ctx, func(q bun.IDB) statement {
		return q.NewDelete().Model((*Organization)(nil)).Where("id = ?", id)
	})
	return err
}

// Organizations lists all organizations by name.
func (d *DB) Organizations(ctx context.Context) ([]*Organization, error) {
	return all[Organization](ctx, d, func(q *bun.SelectQuery) *bun.SelectQuery { return q.OrderExpr("name") })
}

// OrganizationByID finds an organization. Errors: ErrNotFound.
func (d *DB) OrganizationByID(ctx context.Context, id string) (*Organization, error) {
	return first[Organization](ctx, d, "id = ?", id)
}

// OrganizationByName finds an organization by any spelling of its name that [Normalise]
// makes equal. Errors: ErrNotFound.
func (d *DB) OrganizationByName(ctx context.Context, name string) (*Organization, error) {
	return first[Organization](ctx, d, "name = ?", Normalise(name))
}

// CachedOrganization finds an organization by id or name, at most 5 seconds old. It is
// shared: it must not be modified. Errors: ErrNotFound.
func (d *DB) CachedOrganization(ctx context.Context, ref string) (*Organization, error) {
	read := d.OrganizationByName
	if ref = Normalise(ref); strings.HasPrefix(ref, organizationPrefix) {
		read = d.OrganizationByID
	}
	return cachedRead(ctx, d, d.cached.organizations, ref, read)
}

// dropOrganization forgets a cached organization under its id and all names that it had,
// once the change in ctx is committed.
func (d *DB) dropOrganization(ctx context.Context, id, name string) {
	d.committed(ctx, func() {
		d.cached.organizations.Invalidate(id)
		d.cached.organizations.Invalidate(name)
		for key, o := range d.cached.organizations.All() {
			if o.ID == id {
				d.cached.organizations.Invalidate(key)
			}
		}
	})
}

// PutMember makes a person a member of an organization, or gives a member other roles.
// It assigns CreatedAt where that is zero; that of the first time stays.
//
// Errors: ErrNotFound without the organization or the person.
func (d *DB) PutMember(ctx context.Context, m *Member) error {
	if m.CreatedAt.IsZero() {
		m.CreatedAt = d.now()
	}
	return d.some(ctx, func(q bun.IDB) statement {
		return q.NewInsert().Model(m).On("CONFLICT (organization_id, user_id) DO UPDATE").Set("roles = EXCLUDED.roles")
	})
}

// AddMember stores a membership as PutMember does, where there is none.
//
// Errors: ErrConflict where there is; ErrNotFound where the organization or the person is
// unknown.
func (d *DB) AddMember(ctx context.Context, m *Member) error {
	if m.CreatedAt.IsZero() {
		m.CreatedAt = d.now()
	}
	return d.must(ctx, ErrConflict, func(q bun.IDB) statement {
		return q.NewInsert().Model(m).On("CONFLICT DO NOTHING")
	})
}

// DeleteMember ends a membership. Errors: ErrNotFound.
func (d *DB) DeleteMember(ctx context.Context, organizationID, userID string) error {
	return d.must(ctx, ErrNotFound, func(q bun.IDB) statement {
		return q.NewDelete().Model((*Member)(nil)).Where("organization_id = ?", organizationID).Where("user_id = ?", userID)
	})
}

// Members lists the memberships of an organization, the oldest first.
func (d *DB) Members(ctx context.Context, organizationID string) ([]*Member, error) {
	return all[Member](ctx, d, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("organization_id = ?", organizationID).OrderExpr("created_at, user_id")
	})
}

// Membership finds out whether a person belongs to an organization. Errors: ErrNotFound.
func (d *DB) Membership(ctx context.Context, organizationID, userID string) (*Member, error) {
	return first[Member](ctx, d, "organization_id = ? AND user_id = ?", organizationID, userID)
}

// MembersWithRole lists the memberships in which a person has a role.
func (d *DB) MembersWithRole(ctx context.Context, role string) ([]*Member, error) {
	like, err := listed(role)
	if err != nil {
		return nil, err
	}
	members, err := all[Member](ctx, d, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where(`roles LIKE ? ESCAPE '\'`, like).OrderExpr("organization_id, user_id")
	})
	return slices.DeleteFunc(members, func(m *Member) bool { return !slices.Contains(m.Roles, role) }), err
}

// OrganizationsOf lists the organizations that a person belongs to, by name.
func (d *DB) OrganizationsOf(ctx context.Context, userID string) ([]*Organization, error) {
	return all[Organization](ctx, d, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("id IN (?)", d.reader.NewSelect().Model((*Member)(nil)).Column("organization_id").Where("user_id = ?", userID)).OrderExpr("name")
	})
}
