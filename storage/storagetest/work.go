package storagetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
)

func transactions(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	undo := errors.New("undo")
	want(t, db.Tx(ctx, func(ctx context.Context) error {
		aUserIn(t, ctx, db, "gone")
		_, err := db.UserByLogin(ctx, "gone") // its own write
		must(t, err)
		return undo
	}), undo)
	must(t, db.Tx(ctx, func(ctx context.Context) error {
		aUserIn(t, ctx, db, "outer")
		return db.Tx(ctx, func(ctx context.Context) error { aUserIn(t, ctx, db, "inner"); return nil })
	}))
	want(t, db.Tx(ctx, func(ctx context.Context) error {
		must(t, db.Tx(ctx, func(ctx context.Context) error { aUserIn(t, ctx, db, "joined"); return nil }))
		return undo
	}), undo)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("a panic was swallowed")
			}
		}()
		_ = db.Tx(ctx, func(ctx context.Context) error { aUserIn(t, ctx, db, "panic"); panic("!") })
	}()
	for name, kind := range map[string]error{
		"gone": storage.ErrNotFound, "joined": storage.ErrNotFound, "panic": storage.ErrNotFound, "outer": nil, "inner": nil,
	} {
		_, err := db.UserByLogin(ctx, name)
		want(t, err, kind)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if err := db.Tx(cancelled, func(context.Context) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	late, cancel := context.WithDeadline(ctx, time.Now().Add(-time.Second))
	defer cancel()
	_, err := db.UserByID(late, "x")
	want(t, err, storage.ErrUnavailable)
	_, err = db.SessionByKey(late, []byte("x"), "c")
	want(t, err, storage.ErrUnavailable)
	want(t, db.PutGrants(late, aGrant("late", storage.GrantCode)), storage.ErrUnavailable)
	must(t, db.Ping(ctx))
}

func aUserIn(t *testing.T, ctx context.Context, db *storage.DB, name string) {
	t.Helper()
	must(t, db.CreateUser(ctx, &storage.User{Username: name}))
}

// versionsUndone: a row in memory has the version of its table again when the
// transaction that wrote it is undone, so that it can be written once more.
func versionsUndone(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	u := aUser(t, db, "anna")
	a := &storage.Authenticator{UserID: u.ID, Factor: "otp"}
	must(t, db.CreateAuthenticator(ctx, a))
	undo := errors.New("undo")
	for range 2 {
		want(t, db.Tx(ctx, func(ctx context.Context) error {
			must(t, db.UpdateAuthenticator(ctx, a))
			must(t, db.UpdateAuthenticator(ctx, a))
			must(t, db.UpdateUser(ctx, u))
			return undo
		}), undo)
		if a.Version != 1 || u.Version != 1 {
			t.Fatalf("versions %d and %d", a.Version, u.Version)
		}
	}
	must(t, db.UpdateAuthenticator(ctx, a))
	must(t, db.UpdateUser(ctx, u))
}

// roundTrips are the budgets of DESIGN.md §6 as far as they are ours.
func roundTrips(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	u := aUser(t, db, "anna")
	s := aSession(u.ID, "key")
	must(t, db.CreateSession(ctx, s))
	l := &storage.Login{Key: []byte("k"), UserID: u.ID, ExpiresAt: soon()}
	must(t, db.CreateLogin(ctx, l))
	must(t, db.PutGrants(ctx, aGrant("code", storage.GrantCode, func(g *storage.Grant) { g.UserID = u.ID })))
	limit := storage.Limit{Key: "a", Burst: 9, Period: time.Second}
	for _, c := range []struct {
		name             string
		sqlite, postgres int64
		do               func(ctx context.Context) error
	}{
		{"session", 1, 1, func(ctx context.Context) error { _, err := db.SessionByKey(ctx, s.Key, "c"); return err }},
		{"session and person", 1, 1, func(ctx context.Context) error { _, err := db.SessionWithPerson(ctx, s.Key, "c"); return err }},
		{"login", 1, 1, func(ctx context.Context) error { _, err := db.LoginByID(ctx, l.ID); return err }},
		{"grant and user", 1, 1, func(ctx context.Context) error {
			_, _, err := db.GrantWithUser(ctx, []string{storage.GrantCode}, []byte("code"))
			return err
		}},
		{"redeem", 1, 1, func(ctx context.Context) error {
			return db.Redeem(ctx, []byte("code"), now(), aGrant("at", storage.GrantAccess), aGrant("rt", storage.GrantRefresh))
		}},
		{"put grants", 1, 1, func(ctx context.Context) error {
			return db.PutGrants(ctx, aGrant("1", storage.GrantCode), aGrant("2", storage.GrantCode))
		}},
		{"limits", 1, 1, func(ctx context.Context) error {
			_, err := db.TakeAll(ctx, now(), limit, storage.Limit{Key: "b", Burst: 9, Period: time.Second})
			return err
		}},
		{"events", 1, 1, func(ctx context.Context) error {
			return db.AddEvents(ctx, &storage.Event{Type: "a"}, &storage.Event{Type: "b"})
		}},
		{"commit", 1, 1, func(ctx context.Context) error {
			return db.Commit(ctx, storage.Change{Login: l, Refund: []storage.Limit{limit}, Events: []*storage.Event{{Type: "c"}}})
		}},
		{"person", 1, 1, func(ctx context.Context) error { _, err := db.PersonByLogin(ctx, "anna"); return err }},
		{"transaction", 1, 3, func(ctx context.Context) error {
			return db.Tx(ctx, func(ctx context.Context) error { return db.UpdateLogin(ctx, l) })
		}},
	} {
		counted, n := storage.CountQueries(ctx)
		must(t, c.do(counted))
		if got := n.Load(); got != c.sqlite && got != c.postgres {
			t.Errorf("%s: %d round trips, want %d on SQLite, %d on PostgreSQL", c.name, got, c.sqlite, c.postgres)
		}
	}
}

// hostileText: whatever a client sends is data. What no row can hold is not found and
// not stored, and never a fault of the machine.
func hostileText(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	u := aUser(t, db, "anna")
	for _, s := range []string{
		"'", "''", `\`, `\'`, `'; DROP TABLE users; --`, "?", "?0", "%s", "$1", "$$", "/*", "--", "\n", "\x01", "\ufffd", "🦊", "a\u2028b", `{"a":"\u0000"}`,
	} {
		u.Name, u.UserMetadata = s, nil
		must(t, db.UpdateUser(ctx, u))
		got, err := db.UserByID(ctx, u.ID)
		must(t, err)
		same(t, got, u)
		e := &storage.Event{Type: s, Data: map[string]any{s: s}}
		must(t, db.AddEvents(ctx, e))
		list, err := db.Events(ctx, storage.EventFilter{Type: s})
		must(t, err)
		same(t, list, []*storage.Event{e})
		_, err = db.CachedClient(ctx, s)
		want(t, err, storage.ErrNotFound)
	}
	u.Name = "before"
	must(t, db.UpdateUser(ctx, u))
	const nul = "a\x00b'"
	for name, err := range map[string]error{
		"user":    second(db.UserByID(ctx, nul)),
		"client":  second(db.CachedClient(ctx, nul)),
		"api":     second(db.CachedAPI(ctx, nul)),
		"login":   second(db.LoginByID(ctx, nul)),
		"consent": second(db.ConsentFor(ctx, u.ID, nul)),
		"session": second(db.SessionByKey(ctx, []byte("k"), nul)),
	} {
		if !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	u.Name = nul
	want(t, db.UpdateUser(ctx, u), storage.ErrInvalid)
	want(t, db.AddEvents(ctx, &storage.Event{Type: nul}), storage.ErrInvalid)
	want(t, db.AddEvents(ctx, &storage.Event{Type: "x", Data: map[string]any{"f": func() {}}}), storage.ErrInvalid)
	got, err := db.UserByID(ctx, u.ID)
	must(t, err)
	if got.Name != "before" {
		t.Errorf("stored %q", got.Name)
	}
	must(t, db.AddEvents(ctx, &storage.Event{Type: "x", Data: map[string]any{"text": nul}})) // JSON can say it
}

func second[T any](_ T, err error) error { return err }

// times come back exact to the microsecond and in UTC, and compare as times do.
func times(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	u := aUser(t, db, "anna")
	zone := time.FixedZone("far", 13*3600)
	for i, at := range []time.Time{
		{}, time.Unix(0, 0), time.Date(1969, 12, 31, 23, 59, 59, 999_999_999, time.UTC), time.Date(2026, 1, 2, 3, 4, 5, 123_456_789, zone),
		time.Date(2026, 6, 1, 0, 0, 0, 100_000_000, zone), time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC),
	} {
		s := aSession(u.ID, string(rune('a'+i)))
		s.AuthTime, s.Proofs = at, []factors.Proof{{At: at.UTC()}}
		must(t, db.CreateSession(ctx, s))
		view, err := db.SessionByKey(ctx, s.Key, "")
		must(t, err)
		same(t, view.Session.AuthTime, time.UnixMicro(at.UnixMicro()).UTC())
		if at.IsZero() != view.Session.AuthTime.IsZero() {
			t.Errorf("%v became %v", at, view.Session.AuthTime)
		}
		same(t, view.Session.Proofs, s.Proofs)
	}
	at := now()
	for _, d := range []time.Duration{-time.Second, -time.Microsecond, 0, time.Microsecond, 100 * time.Millisecond} {
		key := d.String()
		must(t, db.PutGrants(ctx, aGrant(key, storage.GrantCode, func(g *storage.Grant) { g.ExpiresAt = at.Add(d).In(zone) })))
		if err := db.Redeem(ctx, []byte(key), at); (err == nil) != (d > 0) {
			t.Errorf("a code that expires in %v: %v", d, err)
		}
	}
}
