package storagetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/storage"
)

func signingKeys(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	k := &storage.SigningKey{ID: "kid", Alg: "ES256", Private: []byte("private"), NotBefore: now()}
	must(t, db.PutSigningKey(ctx, k))
	if string(k.Private) != "private" {
		t.Fatal("the caller's key was sealed")
	}
	want(t, db.PutSigningKey(ctx, k), storage.ErrConflict)
	must(t, db.PutSigningKey(ctx, &storage.SigningKey{ID: "a newer one", Alg: "RS256", Private: []byte("p"), CreatedAt: soon()}))
	k.RetiredAt, k.ExpiresAt = now(), soon()
	must(t, db.UpdateSigningKey(ctx, &storage.SigningKey{ID: k.ID, Private: []byte("ignored"), NotBefore: k.NotBefore, RetiredAt: k.RetiredAt, ExpiresAt: k.ExpiresAt}))
	list, err := db.SigningKeys(ctx)
	must(t, err)
	if len(list) != 2 {
		t.Fatalf("%d keys", len(list))
	}
	same(t, list[0], k)
	want(t, db.UpdateSigningKey(ctx, &storage.SigningKey{ID: "none"}), storage.ErrNotFound)
}

func events(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	start := now()
	one := &storage.Event{At: start.Add(-time.Hour), Type: "login.done", Actor: "user:1", UserID: "1", ClientID: "c", Address: "::1", Data: map[string]any{"acr": "x", "n": 1.5}}
	two, three := &storage.Event{Type: "login.denied", UserID: "2"}, &storage.Event{Type: "loginless"}
	must(t, db.AddEvents(ctx))
	must(t, db.AddEvents(ctx, one, two))
	must(t, db.AddEvents(ctx, three))
	for i, f := range []struct {
		filter storage.EventFilter
		want   []*storage.Event
	}{
		{storage.EventFilter{}, []*storage.Event{three, two, one}},
		{storage.EventFilter{Limit: 2}, []*storage.Event{three, two}},
		{storage.EventFilter{After: two.ID}, []*storage.Event{one}},
		{storage.EventFilter{Type: "login.done"}, []*storage.Event{one}},
		{storage.EventFilter{Type: "login."}, []*storage.Event{two, one}},
		{storage.EventFilter{Type: "login"}, []*storage.Event{}},
		{storage.EventFilter{UserID: "2"}, []*storage.Event{two}},
		{storage.EventFilter{ClientID: "c", UserID: "1"}, []*storage.Event{one}},
		{storage.EventFilter{Since: start}, []*storage.Event{three, two}},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			got, err := db.Events(ctx, f.filter)
			must(t, err)
			same(t, got, f.want)
		})
	}
	undo := errors.New("undo")
	want(t, db.Tx(ctx, func(ctx context.Context) error {
		must(t, db.AddEvents(ctx, &storage.Event{Type: "undone"}))
		return undo
	}), undo)
	list, err := db.Events(ctx, storage.EventFilter{Type: "undone"})
	must(t, err)
	if len(list) != 0 {
		t.Error("an event outlived its transaction")
	}
}

func limits(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	at := now()
	ten := storage.Limit{Key: "user", Burst: 10, Period: 6 * time.Minute}
	two := storage.Limit{Key: "address", Burst: 2, Period: time.Second}
	take := func(at time.Time, want time.Duration, limits ...storage.Limit) {
		t.Helper()
		peeked, err := db.PeekLimits(ctx, at, limits...)
		must(t, err)
		got, err := db.TakeAll(ctx, at, limits...)
		must(t, err)
		if got != want || peeked != want {
			t.Fatalf("wait %v (peeked %v), want %v", got, peeked, want)
		}
	}
	take(at, 0)
	for range 10 {
		take(at, 0, ten)
	}
	take(at, 6*time.Minute, ten)
	take(at.Add(5*time.Minute), time.Minute, ten)
	// All or none: what the user's limit refuses costs the address nothing.
	for range 3 {
		take(at, 6*time.Minute, two, ten)
	}
	take(at, 0, two)
	take(at, 0, two, two)
	take(at, 6*time.Minute, two, ten)
	take(at, time.Second, two)

	three := storage.Limit{Key: "client", Burst: 3, Period: time.Second}
	for _, left := range []int{2, 1, 0} {
		got, wait, err := db.Take(ctx, at, three)
		must(t, err)
		if got != left || wait != 0 {
			t.Errorf("%d left and %v to wait, want %d and 0", got, wait, left)
		}
	}
	if got, wait, err := db.Take(ctx, at, three); err != nil || got != 0 || wait != time.Second {
		t.Errorf("of an empty one: %d, %v, %v", got, wait, err)
	}

	take(at.Add(6*time.Minute), 0, ten)
	take(at.Add(6*time.Minute), 6*time.Minute, ten)
	must(t, db.GiveBack(ctx, ten))
	take(at.Add(6*time.Minute), 0, ten)
	take(at.Add(6*time.Minute), 6*time.Minute, ten)
	must(t, db.GiveBack(ctx))
	must(t, db.GiveBack(ctx, storage.Limit{Key: "unknown", Burst: 1, Period: time.Hour}))
	// A limit that nobody used for long is as full as a new one, and no fuller.
	for range 10 {
		take(at.Add(100*24*time.Hour), 0, ten)
	}
	take(at.Add(100*24*time.Hour), 6*time.Minute, ten)
	// A stricter limit holds at once.
	take(at.Add(100*24*time.Hour), 60*time.Minute, storage.Limit{Key: "user", Burst: 1, Period: 6 * time.Minute})
}

func tickets(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	u := aUser(t, db, "anna")
	k := &storage.Ticket{Key: []byte("k"), Kind: "reset", UserID: u.ID, Data: []byte("d"), ExpiresAt: soon()}
	must(t, db.CreateTicket(ctx, k))
	got, err := db.TicketByKey(ctx, k.Key)
	must(t, err)
	same(t, got, k)
	must(t, db.UseTicket(ctx, k.Key))
	want(t, db.UseTicket(ctx, k.Key), storage.ErrSpent)
	got, err = db.TicketByKey(ctx, k.Key)
	must(t, err)
	if got.UsedAt.IsZero() {
		t.Error("use left no mark")
	}
	want(t, db.UseTicket(ctx, []byte("none")), storage.ErrSpent)
	_, err = db.TicketByKey(ctx, []byte("none"))
	want(t, err, storage.ErrNotFound)
	must(t, db.CreateTicket(ctx, &storage.Ticket{Key: []byte("old"), UserID: u.ID, ExpiresAt: now()}))
	want(t, db.UseTicket(ctx, []byte("old")), storage.ErrSpent)
	want(t, db.CreateTicket(ctx, k), storage.ErrConflict)
}

func sweep(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	u := aUser(t, db, "anna")
	long := now().Add(-48 * time.Hour)
	recent := now().Add(-time.Minute)
	for _, ends := range []struct {
		name string
		at   time.Time
	}{{"long", long}, {"recent", recent}, {"soon", soon()}} {
		for i := range 2 {
			key := fmt.Sprint(ends.name, i)
			must(t, db.PutGrants(ctx, aGrant(key, storage.GrantCode, func(g *storage.Grant) { g.ExpiresAt = ends.at })))
			must(t, db.CreateLogin(ctx, &storage.Login{ID: key, Key: []byte("k"), ExpiresAt: ends.at}))
			s := aSession(u.ID, key)
			s.ID, s.ExpiresAt = key, ends.at
			must(t, db.CreateSession(ctx, s))
			must(t, db.CreateTicket(ctx, &storage.Ticket{Key: []byte(key), UserID: u.ID, ExpiresAt: ends.at}))
			must(t, db.PutSigningKey(ctx, &storage.SigningKey{ID: key, Private: []byte("p"), ExpiresAt: ends.at}))
			must(t, db.CreateAuthenticator(ctx, &storage.Authenticator{ID: key, UserID: u.ID, Factor: "otp", CreatedAt: ends.at}))
		}
		_, err := db.TakeAll(ctx, ends.at, storage.Limit{Key: ends.name, Burst: 9, Period: time.Hour})
		must(t, err)
	}
	must(t, db.PutSigningKey(ctx, &storage.SigningKey{ID: "current", Private: []byte("p")}))
	must(t, db.CreateAuthenticator(ctx, &storage.Authenticator{ID: "confirmed", UserID: u.ID, Factor: "otp", CreatedAt: long, ConfirmedAt: long}))
	for i, want := range []int{7, 6, 0} { // one of each kind a round; the one limit at once
		n, err := db.Sweep(ctx, 1)
		must(t, err)
		if n != want {
			t.Fatalf("round %d removed %d, want %d", i, n, want)
		}
	}
	for _, key := range []string{"recent0", "recent1", "soon0", "soon1"} {
		_, err := db.GrantByKey(ctx, storage.GrantCode, []byte(key))
		must(t, err)
		_, err = db.LoginByID(ctx, key)
		must(t, err)
		_, err = db.TicketByKey(ctx, []byte(key))
		must(t, err)
		must(t, db.AddSessionClient(ctx, key, "c"))
	}
	keys, err := db.SigningKeys(ctx)
	must(t, err)
	list, err := db.Authenticators(ctx, u.ID)
	must(t, err)
	if len(keys) != 5 || len(list) != 5 {
		t.Errorf("%d keys, %d authenticators left", len(keys), len(list))
	}
	n, err := db.Sweep(ctx, 1_000_000)
	must(t, err)
	if n != 0 {
		t.Errorf("%d more", n)
	}
}
