package storagetest

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/storage"
)

func anOrganization(t testing.TB, db *storage.DB, name string) *storage.Organization {
	t.Helper()
	o := &storage.Organization{Name: name}
	must(t, db.CreateOrganization(t.Context(), o))
	return o
}

func organizations(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	o := &storage.Organization{
		Name: " Acme-1_x", DisplayName: "Acme's", Metadata: map[string]string{"plan": `"gold"`}, Policy: "always",
		Factors: []string{"otp"}, Document: json.RawMessage(`{"interval":"8h"}`),
	}
	must(t, db.CreateOrganization(ctx, o))
	if o.Name != "acme-1_x" || !strings.HasPrefix(o.ID, "org_") {
		t.Fatalf("not in normal form: %+v", o)
	}
	got, err := db.OrganizationByID(ctx, o.ID)
	must(t, err)
	same(t, got, o)
	got, err = db.OrganizationByName(ctx, "ACME-1_x")
	must(t, err)
	same(t, got, o)
	bare := anOrganization(t, db, "aaa")
	got, err = db.OrganizationByID(ctx, bare.ID)
	must(t, err)
	same(t, got, bare)
	list, err := db.Organizations(ctx)
	must(t, err)
	same(t, list, []*storage.Organization{bare, o})

	want(t, db.CreateOrganization(ctx, &storage.Organization{Name: "ACME-1_X"}), storage.ErrConflict)
	want(t, db.CreateOrganization(ctx, &storage.Organization{ID: o.ID, Name: "other"}), storage.ErrConflict)
	want(t, db.CreateOrganization(ctx, &storage.Organization{ID: "acme", Name: "other"}), storage.ErrInvalid)
	for _, name := range []string{"", "a b", "-a", "_a", "org_a", "ä", "a.b", strings.Repeat("a", 51)} {
		want(t, db.CreateOrganization(ctx, &storage.Organization{Name: name}), storage.ErrInvalid)
	}
	stale := *o
	o.Name, o.Factors, o.Document, o.Metadata, o.Policy = "beta", nil, nil, nil, ""
	must(t, db.UpdateOrganization(ctx, o))
	got, err = db.OrganizationByName(ctx, "beta")
	must(t, err)
	same(t, got, o)
	want(t, db.UpdateOrganization(ctx, &stale), storage.ErrConflict)
	o.Name = "aaa"
	want(t, db.UpdateOrganization(ctx, o), storage.ErrConflict)
	must(t, db.DeleteOrganization(ctx, o.ID))
	must(t, db.DeleteOrganization(ctx, o.ID))
	for _, find := range []func(context.Context, string) (*storage.Organization, error){db.OrganizationByID, db.OrganizationByName} {
		for _, ref := range []string{o.ID, "beta", "", "%"} {
			_, err := find(ctx, ref)
			want(t, err, storage.ErrNotFound)
		}
	}
}

// cachedOrganizations: a change is seen at once under the id, the new name and the old.
func cachedOrganizations(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	o := anOrganization(t, db, "old")
	seen := func(ref string, kind error) {
		t.Helper()
		got, err := db.CachedOrganization(ctx, ref)
		want(t, err, kind)
		if err == nil {
			same(t, got, o)
		}
	}
	for _, ref := range []string{o.ID, "old", "OLD"} {
		seen(ref, nil)
	}
	seen("new", storage.ErrNotFound)
	counted, n := storage.CountQueries(ctx)
	_, err := db.CachedOrganization(counted, "Old")
	must(t, err)
	if n.Load() != 0 {
		t.Errorf("a hit cost %d round trips", n.Load())
	}
	o.Name, o.DisplayName = "new", "New"
	undo := errors.New("undo")
	want(t, db.Tx(ctx, func(ctx context.Context) error { return errors.Join(db.UpdateOrganization(ctx, o), undo) }), undo)
	seen("new", storage.ErrNotFound)
	must(t, db.Tx(ctx, func(ctx context.Context) error { return db.UpdateOrganization(ctx, o) }))
	seen(o.ID, nil)
	seen("new", nil)
	seen("old", storage.ErrNotFound)
	must(t, db.DeleteOrganization(ctx, o.ID))
	seen(o.ID, storage.ErrNotFound)
	seen("new", storage.ErrNotFound)
}

func members(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	acme, beta := anOrganization(t, db, "acme"), anOrganization(t, db, "beta")
	anna, bert := aUser(t, db, "anna"), aUser(t, db, "bert")
	m := &storage.Member{OrganizationID: acme.ID, UserID: anna.ID, Roles: []string{"admin", "it's"}}
	must(t, db.PutMember(ctx, m))
	got, err := db.Membership(ctx, acme.ID, anna.ID)
	must(t, err)
	same(t, got, m)
	want(t, db.AddMember(ctx, &storage.Member{OrganizationID: acme.ID, UserID: anna.ID}), storage.ErrConflict)
	got, err = db.Membership(ctx, acme.ID, anna.ID)
	must(t, err)
	same(t, got, m)
	for _, other := range [][2]string{{beta.ID, anna.ID}, {acme.ID, bert.ID}, {"", ""}} {
		_, err := db.Membership(ctx, other[0], other[1])
		want(t, err, storage.ErrNotFound)
		want(t, db.DeleteMember(ctx, other[0], other[1]), storage.ErrNotFound)
	}
	want(t, db.PutMember(ctx, &storage.Member{OrganizationID: "org_none", UserID: anna.ID}), storage.ErrNotFound)
	want(t, db.PutMember(ctx, &storage.Member{OrganizationID: acme.ID, UserID: "usr_none"}), storage.ErrNotFound)
	want(t, db.AddMember(ctx, &storage.Member{OrganizationID: acme.ID, UserID: "usr_none"}), storage.ErrNotFound)

	must(t, db.PutMember(ctx, &storage.Member{OrganizationID: acme.ID, UserID: anna.ID}))
	must(t, db.PutMember(ctx, &storage.Member{OrganizationID: acme.ID, UserID: bert.ID, Roles: []string{"x"}, CreatedAt: soon()}))
	must(t, db.AddMember(ctx, &storage.Member{OrganizationID: beta.ID, UserID: anna.ID}))
	list, err := db.Members(ctx, acme.ID)
	must(t, err)
	if len(list) != 2 || list[0].UserID != anna.ID || list[0].Roles != nil || !list[0].CreatedAt.Equal(m.CreatedAt) {
		t.Fatalf("%+v", list)
	}
	must(t, db.DeleteMember(ctx, acme.ID, bert.ID))
	must(t, db.DeleteUser(ctx, anna.ID))
	must(t, db.DeleteOrganization(ctx, beta.ID))
	for _, o := range []string{acme.ID, beta.ID} {
		list, err := db.Members(ctx, o)
		must(t, err)
		same(t, list, []*storage.Member{})
	}
}

func roles(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	for name, roles := range map[string][]string{
		"anna": {"billing", "admin"}, "bert": {"Admin", "a%"}, "carl": {`x"admin"`, "administrator"}, "dora": nil,
		"emil": {`\`, "a_", "<&>"},
	} {
		u := &storage.User{Username: name, Roles: roles, Groups: []string{"admin"}}
		must(t, db.CreateUser(ctx, u))
		got, err := db.UserByLogin(ctx, name)
		must(t, err)
		same(t, got, u)
		p, err := db.PersonByLogin(ctx, name)
		must(t, err)
		same(t, p.User, u)
	}
	for role, name := range map[string]string{"admin": "anna", "a%": "bert", `x"admin"`: "carl", `\`: "emil", "a_": "emil", "<&>": "emil", "": "", "nobody": ""} {
		list, err := db.UsersWithRole(ctx, role)
		must(t, err)
		if name == "" && len(list) > 0 || name != "" && (len(list) != 1 || list[0].Username != name) {
			t.Errorf("%q: %v", role, list)
		}
	}
}

func policyVersions(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	one := &storage.PolicyVersion{Scope: storage.ScopeTenant, Document: json.RawMessage(`{"policy":"always"}`), By: "admin:cli"}
	two := &storage.PolicyVersion{Scope: storage.ScopeTenant, Document: json.RawMessage(`{}`), By: "admin:it's", CreatedAt: past()}
	other := &storage.PolicyVersion{Scope: "org_1", Document: json.RawMessage(`{}`)}
	for _, v := range []*storage.PolicyVersion{one, two, other} {
		must(t, db.AddPolicyVersion(ctx, v))
	}
	if one.Number != 1 || two.Number != 2 || other.Number != 1 {
		t.Fatalf("numbers %d %d %d", one.Number, two.Number, other.Number)
	}
	undo := errors.New("undo")
	want(t, db.Tx(ctx, func(ctx context.Context) error {
		return errors.Join(db.AddPolicyVersion(ctx, &storage.PolicyVersion{Scope: storage.ScopeTenant, Document: json.RawMessage(`1`)}), undo)
	}), undo)
	want(t, db.AddPolicyVersion(ctx, &storage.PolicyVersion{Scope: storage.ScopeTenant, Document: json.RawMessage(`{`)}), storage.ErrInvalid)
	want(t, db.AddPolicyVersion(ctx, &storage.PolicyVersion{Scope: storage.ScopeTenant}), storage.ErrInvalid)
	list, err := db.PolicyVersions(ctx, storage.ScopeTenant)
	must(t, err)
	same(t, list, []*storage.PolicyVersion{two, one})
	got, err := db.PolicyVersion(ctx, storage.ScopeTenant, 1)
	must(t, err)
	same(t, got, one)
	for scope, number := range map[string]int64{storage.ScopeTenant: 3, "org_1": 2, "org_2": 1} {
		_, err := db.PolicyVersion(ctx, scope, number)
		want(t, err, storage.ErrNotFound)
	}
}

func racePolicyVersions(t *testing.T, db *storage.DB) {
	won := parallel(t, crowd, storage.ErrConflict, func(ctx context.Context, _ int) error {
		return db.AddPolicyVersion(ctx, &storage.PolicyVersion{Scope: storage.ScopeTenant, Document: json.RawMessage(`{}`)})
	})
	list, err := db.PolicyVersions(t.Context(), storage.ScopeTenant)
	must(t, err)
	if len(list) != won || won == 0 || list[0].Number != int64(won) {
		t.Errorf("%d won, %d are there, the last is %d", won, len(list), list[0].Number)
	}
}
