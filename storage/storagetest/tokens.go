package storagetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/storage"
)

// aGrant is a grant that can be redeemed.
func aGrant(key, kind string, change ...func(*storage.Grant)) *storage.Grant {
	g := &storage.Grant{
		Key: []byte(key), Kind: kind, RequestID: "req", ClientID: "client", Active: true, Data: []byte{0, 0xff, '\''},
		CreatedAt: now(), ExpiresAt: soon(),
	}
	for _, c := range change {
		c(g)
	}
	return g
}

// state describes the grant under key: "-" none, "a" active, "u" used, and its uses.
func state(t testing.TB, db *storage.DB, kind, key string) string {
	t.Helper()
	g, err := db.GrantByKey(t.Context(), kind, []byte(key))
	if err != nil {
		want(t, err, storage.ErrNotFound)
		return "-"
	}
	s := ""
	if g.Active {
		s += "a"
	}
	if !g.UsedAt.IsZero() {
		s += "u"
	}
	return fmt.Sprint(s, g.Uses)
}

func grants(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	u := aUser(t, db, "anna")
	g := aGrant("code", storage.GrantCode, func(g *storage.Grant) {
		g.UserID, g.SessionID, g.UsedAt, g.Uses = u.ID, "ses", now(), 3
	})
	machine := aGrant("machine", storage.GrantAccess, func(g *storage.Grant) { g.Data = nil })
	must(t, db.PutGrants(ctx))
	must(t, db.PutGrants(ctx, g, machine))
	got, err := db.GrantByKey(ctx, storage.GrantCode, g.Key)
	must(t, err)
	same(t, got, g)
	_, err = db.GrantByKey(ctx, storage.GrantAccess, g.Key)
	want(t, err, storage.ErrNotFound)

	kinds := []string{storage.GrantAccess, storage.GrantCode}
	got, user, err := db.GrantWithUser(ctx, kinds, g.Key)
	must(t, err)
	same(t, got, g)
	same(t, user, u)
	got, user, err = db.GrantWithUser(ctx, kinds, machine.Key)
	must(t, err)
	same(t, got, machine)
	if user != nil {
		t.Errorf("a machine is %v", user)
	}
	_, _, err = db.GrantWithUser(ctx, []string{storage.GrantRefresh}, g.Key)
	want(t, err, storage.ErrNotFound)
	must(t, db.PutGrants(ctx, aGrant("orphan", storage.GrantAccess, func(g *storage.Grant) { g.UserID = "usr_deleted" })))
	_, _, err = db.GrantWithUser(ctx, kinds, []byte("orphan"))
	want(t, err, storage.ErrNotFound)

	want(t, db.PutGrants(ctx, aGrant("new", storage.GrantCode), aGrant("code", storage.GrantCode)), storage.ErrConflict)
	if s := state(t, db, storage.GrantCode, "new"); s != "-" {
		t.Errorf("half of a refused statement was written: %s", s)
	}
}

func redeem(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	for name, g := range map[string]*storage.Grant{
		"used":    aGrant("used", storage.GrantCode, func(g *storage.Grant) { g.UsedAt = past() }),
		"revoked": aGrant("revoked", storage.GrantCode, func(g *storage.Grant) { g.Active = false }),
		"expired": aGrant("expired", storage.GrantCode, func(g *storage.Grant) { g.ExpiresAt = now() }),
	} {
		must(t, db.PutGrants(ctx, g))
		want(t, db.Redeem(ctx, g.Key, now(), aGrant("made of "+name, storage.GrantAccess)), storage.ErrSpent)
	}
	want(t, db.Redeem(ctx, []byte("none"), now(), aGrant("made of none", storage.GrantAccess)), storage.ErrSpent)
	for _, name := range []string{"used", "revoked", "expired", "none"} {
		if s := state(t, db, storage.GrantAccess, "made of "+name); s != "-" {
			t.Errorf("%s made a grant: %s", name, s)
		}
	}
	must(t, db.PutGrants(ctx, aGrant("code", storage.GrantCode), aGrant("taken", storage.GrantAccess)))
	want(t, db.Redeem(ctx, []byte("code"), now(), aGrant("taken", storage.GrantAccess)), storage.ErrConflict)
	if s := state(t, db, storage.GrantCode, "code"); s != "a0" {
		t.Fatalf("used up for nothing: %s", s)
	}
	at := now()
	access := aGrant("at", storage.GrantAccess, func(g *storage.Grant) { g.UserID, g.SessionID = "u", "s" })
	refresh := aGrant("rt", storage.GrantRefresh, func(g *storage.Grant) { g.Data, g.CreatedAt = nil, time.Time{} })
	must(t, db.Redeem(ctx, []byte("code"), at, access, refresh))
	got, err := db.GrantByKey(ctx, storage.GrantCode, []byte("code"))
	must(t, err)
	if !got.UsedAt.Equal(at) || got.Uses != 1 || !got.Active {
		t.Fatalf("%+v", got)
	}
	for _, g := range []*storage.Grant{access, refresh} {
		got, err := db.GrantByKey(ctx, g.Kind, g.Key)
		must(t, err)
		g.CreatedAt = g.CreatedAt.Truncate(time.Microsecond)
		same(t, got, g)
	}
	want(t, db.Redeem(ctx, []byte("code"), at), storage.ErrSpent)
	must(t, db.Redeem(ctx, []byte("rt"), at)) // making nothing is fine
}

func redeemAgain(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	must(t, db.PutGrants(ctx, aGrant("rt", storage.GrantRefresh)))
	want(t, db.RedeemAgain(ctx, []byte("rt"), 3, aGrant("early", storage.GrantAccess)), storage.ErrSpent)
	at := past()
	must(t, db.Redeem(ctx, []byte("rt"), at))
	must(t, db.RedeemAgain(ctx, []byte("rt"), 3, aGrant("2", storage.GrantAccess)))
	must(t, db.RedeemAgain(ctx, []byte("rt"), 3, aGrant("3", storage.GrantAccess)))
	want(t, db.RedeemAgain(ctx, []byte("rt"), 3, aGrant("4", storage.GrantAccess)), storage.ErrSpent)
	g, err := db.GrantByKey(ctx, storage.GrantRefresh, []byte("rt"))
	must(t, err)
	if !g.UsedAt.Equal(at) || g.Uses != 3 {
		t.Fatalf("the first use moved: %+v", g)
	}
	for key, want := range map[string]string{"early": "-", "2": "a0", "3": "a0", "4": "-"} {
		if got := state(t, db, storage.GrantAccess, key); got != want {
			t.Errorf("%s is %s, want %s", key, got, want)
		}
	}
	_, err = db.RevokeFamily(ctx, "req")
	must(t, err)
	want(t, db.RedeemAgain(ctx, []byte("rt"), 9), storage.ErrSpent)
}

func pushedRequests(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	g := aGrant("par", storage.GrantPAR)
	must(t, db.PutGrants(ctx, g, aGrant("old", storage.GrantPAR, func(g *storage.Grant) { g.ExpiresAt = past() }), aGrant("code", storage.GrantCode)))
	for key, client := range map[string]string{"par": "thief", "old": "client", "code": "client", "none": "client"} {
		_, err := db.ConsumePAR(ctx, []byte(key), client)
		want(t, err, storage.ErrSpent)
	}
	got, err := db.ConsumePAR(ctx, g.Key, "client")
	must(t, err)
	if string(got.Data) != string(g.Data) || got.UsedAt.IsZero() {
		t.Fatalf("%+v", got)
	}
	_, err = db.ConsumePAR(ctx, g.Key, "client")
	want(t, err, storage.ErrSpent)
}

func revocation(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	for _, key := range []string{"1", "2", "3", "4"} {
		must(t, db.PutGrants(ctx, aGrant(key, storage.GrantRefresh, func(g *storage.Grant) {
			g.RequestID, g.UserID, g.ClientID = "req"+key, "user"+key, "client"+key
		})))
	}
	must(t, db.PutGrants(ctx, aGrant("1b", storage.GrantRefresh, func(g *storage.Grant) { g.RequestID = "req1" })))
	n, err := db.RevokeFamily(ctx, "req1")
	must(t, err)
	if n != 2 {
		t.Errorf("%d revoked, want 2", n)
	}
	n, err = db.RevokeFamily(ctx, "req1")
	must(t, err)
	if n != 0 {
		t.Errorf("%d revoked again", n)
	}
	must(t, db.RevokeUserGrants(ctx, "user2"))
	must(t, db.RevokeClientGrants(ctx, "client3"))
	for key, want := range map[string]string{"1": "0", "1b": "0", "2": "0", "3": "0", "4": "a0"} {
		if got := state(t, db, storage.GrantRefresh, key); got != want {
			t.Errorf("grant %s is %s, want %s", key, got, want)
		}
	}
	want(t, db.Redeem(ctx, []byte("2"), now()), storage.ErrSpent)
}

func assertions(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	must(t, db.OnceAssertion(ctx, aGrant("jti", storage.GrantAssertion)))
	want(t, db.OnceAssertion(ctx, aGrant("jti", storage.GrantAssertion)), storage.ErrConflict)
	must(t, db.Tx(ctx, func(ctx context.Context) error {
		want(t, db.OnceAssertion(ctx, aGrant("jti", storage.GrantAssertion)), storage.ErrConflict)
		return db.OnceAssertion(ctx, aGrant("other", storage.GrantAssertion)) // the transaction lives on
	}))
	if s := state(t, db, storage.GrantAssertion, "other"); s != "a0" {
		t.Errorf("other is %s", s)
	}
}

// retry: a lost answer is made good once, and what the first use made ends.
func retry(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	family := func(key, kind string) *storage.Grant {
		g := aGrant(key, kind)
		g.RequestID = "family"
		return g
	}
	must(t, db.PutGrants(ctx, family("rt1", storage.GrantRefresh)))
	must(t, db.Redeem(ctx, []byte("rt1"), now(), family("rt2", storage.GrantRefresh), family("at2", storage.GrantAccess)))
	used, err := db.GrantByKey(ctx, storage.GrantRefresh, []byte("rt1"))
	must(t, err)
	must(t, db.Retry(ctx, used, family("rt3", storage.GrantRefresh)))
	for _, key := range []string{"rt2", "at2"} {
		want(t, db.Redeem(ctx, []byte(key), now()), storage.ErrSpent)
	}
	want(t, db.Retry(ctx, used, family("rt4", storage.GrantRefresh)), storage.ErrSpent)
	must(t, db.Redeem(ctx, []byte("rt3"), now(), family("rt5", storage.GrantRefresh)))
	want(t, db.Retry(ctx, used, family("rt6", storage.GrantRefresh)), storage.ErrConflict)
	_, err = db.GrantByKey(ctx, storage.GrantRefresh, []byte("rt6"))
	want(t, err, storage.ErrNotFound)
}
