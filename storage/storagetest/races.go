package storagetest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/storage"
)

// crowd is how many do the same at once.
const crowd = 100

func raceRedeem(t *testing.T, db *storage.DB) {
	for round := range 3 {
		key := fmt.Sprint("code", round)
		must(t, db.PutGrants(t.Context(), aGrant(key, storage.GrantCode)))
		one(t, parallel(t, crowd, storage.ErrSpent, func(ctx context.Context, i int) error {
			return db.Redeem(ctx, []byte(key), now(), aGrant(fmt.Sprint(key, "made", i), storage.GrantAccess))
		}))
		made := 0
		for i := range crowd {
			if state(t, db, storage.GrantAccess, fmt.Sprint(key, "made", i)) != "-" {
				made++
			}
		}
		one(t, made)
	}
}

func raceRedeemAgain(t *testing.T, db *storage.DB) {
	must(t, db.PutGrants(t.Context(), aGrant("rt", storage.GrantRefresh)))
	must(t, db.Redeem(t.Context(), []byte("rt"), now()))
	one(t, parallel(t, crowd, storage.ErrSpent, func(ctx context.Context, i int) error {
		return db.RedeemAgain(ctx, []byte("rt"), 2, aGrant(fmt.Sprint("made", i), storage.GrantAccess))
	}))
}

func raceTicket(t *testing.T, db *storage.DB) {
	u := aUser(t, db, "anna")
	must(t, db.CreateTicket(t.Context(), &storage.Ticket{Key: []byte("k"), UserID: u.ID, ExpiresAt: soon()}))
	one(t, parallel(t, crowd, storage.ErrSpent, func(ctx context.Context, _ int) error { return db.UseTicket(ctx, []byte("k")) }))
}

// raceAuthenticator: of many that read the same counter one burns it, also where the
// update is part of a transaction with other writes.
func raceAuthenticator(t *testing.T, db *storage.DB) {
	u := aUser(t, db, "anna")
	a := &storage.Authenticator{UserID: u.ID, Factor: "otp"}
	must(t, db.CreateAuthenticator(t.Context(), a))
	one(t, parallel(t, crowd, storage.ErrConflict, func(ctx context.Context, i int) error {
		mine := *a
		mine.Counter = 7
		if i%2 == 0 {
			return db.UpdateAuthenticator(ctx, &mine)
		}
		return db.Tx(ctx, func(ctx context.Context) error {
			if err := db.AddEvents(ctx, &storage.Event{Type: "proof"}); err != nil {
				return err
			}
			return db.UpdateAuthenticator(ctx, &mine)
		})
	}))
}

func raceLogin(t *testing.T, db *storage.DB) {
	l := &storage.Login{Key: []byte("k"), ExpiresAt: soon()}
	must(t, db.CreateLogin(t.Context(), l))
	one(t, parallel(t, crowd, storage.ErrConflict, func(ctx context.Context, _ int) error {
		mine := *l
		mine.DoneAt = now()
		return db.UpdateLogin(ctx, &mine)
	}))
}

func raceFailures(t *testing.T, db *storage.DB) {
	u := aUser(t, db, "anna")
	a := &storage.Authenticator{UserID: u.ID, Factor: "otp"}
	must(t, db.CreateAuthenticator(t.Context(), a))
	parallel(t, crowd, nil, func(ctx context.Context, _ int) error { _, err := db.CountFailure(ctx, a.ID, crowd); return err })
	list, err := db.Authenticators(t.Context(), u.ID)
	must(t, err)
	if list[0].Failures != crowd || list[0].DisabledAt.IsZero() {
		t.Errorf("%+v", list[0])
	}
}

func raceLimits(t *testing.T, db *storage.DB) {
	refused := errors.New("refused")
	at := now()
	got := parallel(t, crowd, refused, func(ctx context.Context, i int) error {
		limits := []storage.Limit{{Key: "shared", Burst: 10, Period: time.Hour}, {Key: fmt.Sprint(i % 7), Burst: crowd, Period: time.Hour}}
		if i%2 == 0 {
			limits[0], limits[1] = limits[1], limits[0]
		}
		wait, err := db.TakeAll(ctx, at, limits...)
		if err == nil && wait > 0 {
			return refused
		}
		return err
	})
	if got != 10 {
		t.Errorf("%d taken of 10", got)
	}
}

// raceNames: a name and an address that are equal never belong to two users, however
// they arrive.
func raceNames(t *testing.T, db *storage.DB) {
	one(t, parallel(t, crowd/4, storage.ErrConflict, func(ctx context.Context, i int) error {
		u := &storage.User{Username: "x@example.com"}
		if i%2 == 0 {
			u = &storage.User{Username: fmt.Sprint("user", i), Email: "X@example.com"}
		}
		return db.CreateUser(ctx, u)
	}))
}

func raceSessionClients(t *testing.T, db *storage.DB) {
	s := aSession(aUser(t, db, "anna").ID, "k")
	must(t, db.CreateSession(t.Context(), s))
	const several = 3
	parallel(t, several, nil, func(ctx context.Context, i int) error { return db.AddSessionClient(ctx, s.ID, fmt.Sprint(i)) })
	view, err := db.SessionByKey(t.Context(), s.Key, "")
	must(t, err)
	if len(view.Session.Clients) != several {
		t.Errorf("clients %v", view.Session.Clients)
	}
}

// raceRevocation: a family that is revoked while its tokens are rotated has no active
// member afterwards.
func raceRevocation(t *testing.T, db *storage.DB) {
	for round := range 10 {
		request := fmt.Sprint("req", round)
		name := func(i int) string { return fmt.Sprint(request, "-", i) }
		grant := func(i int) *storage.Grant {
			return aGrant(name(i), storage.GrantRefresh, func(g *storage.Grant) { g.RequestID = request })
		}
		must(t, db.PutGrants(t.Context(), grant(0)))
		var reached atomic.Int64
		parallel(t, 2, storage.ErrSpent, func(ctx context.Context, i int) error {
			if i == 1 {
				for reached.Load() < 5 {
					time.Sleep(100 * time.Microsecond)
				}
				_, err := db.RevokeFamily(ctx, request)
				return err
			}
			for n := 0; ; n++ {
				if err := db.Redeem(ctx, []byte(name(n)), now(), grant(n+1)); err != nil {
					reached.Store(int64(n) + 5)
					return err
				}
				reached.Store(int64(n))
			}
		})
		for n := 0; ; n++ {
			s := state(t, db, storage.GrantRefresh, name(n))
			if s == "-" {
				break
			}
			if s[0] == 'a' {
				t.Fatalf("round %d: token %d is %s after the family was revoked", round, n, s)
			}
		}
	}
}

// raceTransactions: transactions that lock the same rows in opposite orders all get
// done, repeated where the database could not have it.
func raceTransactions(t *testing.T, db *storage.DB) {
	u := aUser(t, db, "anna")
	ids := [2]string{}
	for i := range ids {
		a := &storage.Authenticator{UserID: u.ID, Factor: "otp"}
		must(t, db.CreateAuthenticator(t.Context(), a))
		ids[i] = a.ID
	}
	const several = 6
	parallel(t, several, nil, func(ctx context.Context, i int) error {
		return db.Tx(ctx, func(ctx context.Context) error {
			if _, err := db.CountFailure(ctx, ids[i%2], 0); err != nil {
				return err
			}
			_, err := db.CountFailure(ctx, ids[1-i%2], 0)
			return err
		})
	})
	list, err := db.Authenticators(t.Context(), u.ID)
	must(t, err)
	if list[0].Failures != several || list[1].Failures != several {
		t.Errorf("counted %d and %d of %d", list[0].Failures, list[1].Failures, several)
	}
}

func raceAssertion(t *testing.T, db *storage.DB) {
	one(t, parallel(t, crowd, storage.ErrConflict, func(ctx context.Context, _ int) error {
		return db.OnceAssertion(ctx, aGrant("jti", storage.GrantAssertion))
	}))
}

func racePushedRequest(t *testing.T, db *storage.DB) {
	must(t, db.PutGrants(t.Context(), aGrant("par", storage.GrantPAR)))
	one(t, parallel(t, crowd, storage.ErrSpent, func(ctx context.Context, _ int) error {
		_, err := db.ConsumePAR(ctx, []byte("par"), "client")
		return err
	}))
}
