package storagetest

import (
	"slices"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
)

func aSession(userID, key string) *storage.Session {
	return &storage.Session{Key: []byte(key), UserID: userID, AuthTime: now(), ExpiresAt: soon()}
}

func sessions(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	u := aUser(t, db, "anna")
	s := aSession(u.ID, "key")
	s.Proofs = []factors.Proof{{Factor: "password", AMR: []string{"pwd"}, Kinds: factors.Knows, At: now()}}
	s.UserAgent, s.Address, s.Clients = "Mozilla", "192.0.2.1", []string{"c"}
	must(t, db.CreateSession(ctx, s))
	want(t, db.CreateSession(ctx, aSession(u.ID, "key")), storage.ErrConflict)

	view, err := db.SessionByKey(ctx, s.Key, "c")
	must(t, err)
	same(t, view, &storage.SessionView{Session: s, User: u})
	c := &storage.Consent{UserID: u.ID, ClientID: "c", Scopes: []string{"openid"}}
	must(t, db.PutConsent(ctx, c))
	view, err = db.SessionByKey(ctx, s.Key, "c")
	must(t, err)
	same(t, view, &storage.SessionView{Session: s, User: u, Consent: c})
	view, err = db.SessionByKey(ctx, s.Key, "other")
	must(t, err)
	if view.Consent != nil {
		t.Error("another client's consent")
	}
	_, err = db.SessionByKey(ctx, []byte("none"), "c")
	want(t, err, storage.ErrNotFound)

	stale := *s
	s.Key, s.Proofs = []byte("rotated"), nil
	must(t, db.UpdateSession(ctx, s))
	want(t, db.UpdateSession(ctx, &stale), storage.ErrConflict)
	_, err = db.SessionByKey(ctx, []byte("key"), "c")
	want(t, err, storage.ErrNotFound)
	later := s.LastSeenAt.Add(time.Minute)
	must(t, db.TouchSession(ctx, s.ID, later))
	must(t, db.TouchSession(ctx, s.ID, later.Add(-time.Second)))
	must(t, db.UpdateSession(ctx, &storage.Session{ID: s.ID, Version: s.Version, Key: s.Key, UserID: u.ID, LastSeenAt: later, ExpiresAt: past()}))
	_, err = db.SessionByKey(ctx, s.Key, "c")
	want(t, err, storage.ErrNotFound)
}

// sessionsWithPersons compares the one query with the two.
func sessionsWithPersons(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	u := aUser(t, db, "anna")
	s := aSession(u.ID, "key")
	must(t, db.CreateSession(ctx, s))
	check := func(authenticators int) {
		t.Helper()
		apart, err := db.SessionByKey(ctx, s.Key, "c")
		must(t, err)
		apart.Person, err = db.PersonByID(ctx, u.ID)
		must(t, err)
		got, err := db.SessionWithPerson(ctx, s.Key, "c")
		must(t, err)
		same(t, got, apart)
		if len(got.Person.Authenticators) != authenticators {
			t.Fatalf("%d authenticators, not %d", len(got.Person.Authenticators), authenticators)
		}
	}
	check(0)
	must(t, db.PutConsent(ctx, &storage.Consent{UserID: u.ID, ClientID: "c", Scopes: []string{"openid"}}))
	must(t, db.PutHistory(ctx, &storage.History{UserID: u.ID, Data: []byte(`{"a":1}`)}))
	for _, factor := range []string{"password", "otp"} {
		must(t, db.CreateAuthenticator(ctx, &storage.Authenticator{UserID: u.ID, Factor: factor, Secret: []byte(factor)}))
	}
	check(2)
	_, err := db.SessionWithPerson(ctx, []byte("none"), "c")
	want(t, err, storage.ErrNotFound)
	must(t, db.EndSession(ctx, s.ID))
	_, err = db.SessionWithPerson(ctx, s.Key, "c")
	want(t, err, storage.ErrNotFound)
}

func endingSessions(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	u, other := aUser(t, db, "anna"), aUser(t, db, "other")
	var made []*storage.Session
	for i, id := range []string{u.ID, u.ID, u.ID, other.ID} {
		s := aSession(id, string(rune('0'+i)))
		must(t, db.CreateSession(ctx, s))
		must(t, db.PutGrants(ctx, aGrant("g"+string(rune('0'+i)), storage.GrantAccess, func(g *storage.Grant) {
			g.UserID, g.SessionID = id, s.ID
		})))
		made = append(made, s)
	}
	must(t, db.PutGrants(ctx, aGrant("offline", storage.GrantRefresh, func(g *storage.Grant) { g.UserID = u.ID })))
	check := func(live string, active string) {
		t.Helper()
		for i, s := range made {
			_, err := db.SessionByKey(ctx, s.Key, "")
			if (err == nil) != (live[i] == '1') {
				t.Fatalf("session %d: %v", i, err)
			}
			g, err := db.GrantByKey(ctx, storage.GrantAccess, []byte("g"+string(rune('0'+i))))
			must(t, err)
			if g.Active != (active[i] == '1') {
				t.Fatalf("grant %d: active is %v", i, g.Active)
			}
		}
		g, err := db.GrantByKey(ctx, storage.GrantRefresh, []byte("offline"))
		must(t, err)
		if !g.Active {
			t.Fatal("offline access was revoked")
		}
	}
	check("1111", "1111")
	must(t, db.EndSession(ctx, made[0].ID))
	must(t, db.EndSession(ctx, made[0].ID))
	check("0111", "0111")
	want(t, db.UpdateSession(ctx, made[0]), storage.ErrConflict) // no update brings it back
	list, err := db.Sessions(ctx, u.ID)
	must(t, err)
	same(t, list, []*storage.Session{made[2], made[1]})
	must(t, db.EndSessions(ctx, u.ID, made[2].ID))
	check("0011", "0011")
	must(t, db.EndSessions(ctx, u.ID, ""))
	check("0001", "0001")
}

func sessionClients(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	s := aSession(aUser(t, db, "anna").ID, "key")
	must(t, db.CreateSession(ctx, s))
	for _, c := range []string{"a", "b", "a"} {
		must(t, db.AddSessionClient(ctx, s.ID, c))
	}
	view, err := db.SessionByKey(ctx, s.Key, "")
	must(t, err)
	if !slices.Equal(view.Session.Clients, []string{"a", "b"}) || view.Session.Version != 3 {
		t.Fatalf("%+v", view.Session)
	}
	want(t, db.AddSessionClient(ctx, "none", "a"), storage.ErrNotFound)
}

func logins(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	u := aUser(t, db, "anna")
	l := &storage.Login{Key: []byte("k"), State: []byte(`{"a":1}`), ExpiresAt: soon()}
	must(t, db.CreateLogin(ctx, l))
	if string(l.State) != `{"a":1}` {
		t.Fatal("the caller's state was sealed")
	}
	view, err := db.LoginByID(ctx, l.ID)
	must(t, err)
	same(t, view, &storage.LoginView{Login: l})

	a := &storage.Authenticator{UserID: u.ID, Factor: "otp", LoginID: l.ID}
	must(t, db.CreateAuthenticator(ctx, a))
	stale := *l
	l.UserID, l.State = u.ID, []byte("more")
	must(t, db.UpdateLogin(ctx, l))
	want(t, db.UpdateLogin(ctx, &stale), storage.ErrConflict)
	view, err = db.LoginByID(ctx, l.ID)
	must(t, err)
	same(t, view, &storage.LoginView{Login: l, User: u, Authenticators: []*storage.Authenticator{a}})

	l.DoneAt, l.State = now(), nil
	must(t, db.UpdateLogin(ctx, l))
	view, err = db.LoginByID(ctx, l.ID)
	must(t, err)
	same(t, view.Login, l)
	_, err = db.LoginByID(ctx, "none")
	want(t, err, storage.ErrNotFound)
	want(t, db.CreateLogin(ctx, &storage.Login{ID: l.ID, Key: []byte("k"), ExpiresAt: soon()}), storage.ErrConflict)
}

func authenticators(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	u := aUser(t, db, "anna")
	a := &storage.Authenticator{
		UserID: u.ID, Factor: "otp", Handle: "h", Label: "•••• 42", Secret: []byte("secret"), Counter: 1 << 40,
		LoginID: "lgn", Failures: 2, DisabledAt: now(), ConfirmedAt: now(), LastUsedAt: now(),
	}
	must(t, db.CreateAuthenticator(ctx, a))
	if string(a.Secret) != "secret" {
		t.Fatal("the caller's secret was sealed")
	}
	b := &storage.Authenticator{UserID: u.ID, Factor: "otp"}
	must(t, db.CreateAuthenticator(ctx, b))
	list, err := db.Authenticators(ctx, u.ID)
	must(t, err)
	same(t, list, []*storage.Authenticator{a, b})
	want(t, db.CreateAuthenticator(ctx, &storage.Authenticator{UserID: u.ID, Factor: "otp", Handle: "h"}), storage.ErrConflict)
	must(t, db.CreateAuthenticator(ctx, &storage.Authenticator{ID: "zz", UserID: u.ID, Factor: "webauthn", Handle: "h"}))
	want(t, db.CreateAuthenticator(ctx, &storage.Authenticator{UserID: "none", Factor: "otp"}), storage.ErrNotFound)

	stale := *a
	a.Counter, a.Secret, a.DisabledAt = 1<<40+1, []byte("next"), time.Time{}
	must(t, db.UpdateAuthenticator(ctx, a))
	want(t, db.UpdateAuthenticator(ctx, &stale), storage.ErrConflict)
	must(t, db.DeleteAuthenticator(ctx, b.ID))
	must(t, db.DeleteAuthenticator(ctx, "zz"))
	must(t, db.DeleteAuthenticator(ctx, "zz"))
	list, err = db.Authenticators(ctx, u.ID)
	must(t, err)
	same(t, list, []*storage.Authenticator{a})
}

func failures(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	u := aUser(t, db, "anna")
	a := &storage.Authenticator{UserID: u.ID, Factor: "otp", Secret: []byte("s")}
	must(t, db.CreateAuthenticator(ctx, a))
	for i := 1; i <= 4; i++ {
		n, err := db.CountFailure(ctx, a.ID, 3)
		must(t, err)
		list, err := db.Authenticators(ctx, u.ID)
		must(t, err)
		if n != i || list[0].Failures != i || list[0].DisabledAt.IsZero() != (i < 3) || string(list[0].Secret) != "s" {
			t.Fatalf("after %d: %d, %+v", i, n, list[0])
		}
	}
	want(t, db.UpdateAuthenticator(ctx, a), storage.ErrConflict) // read before the failures
	b := &storage.Authenticator{UserID: u.ID, Factor: "password"}
	must(t, db.CreateAuthenticator(ctx, b))
	for range 3 {
		_, err := db.CountFailure(ctx, b.ID, 0)
		must(t, err)
	}
	list, err := db.Authenticators(ctx, u.ID)
	must(t, err)
	if !list[1].DisabledAt.IsZero() {
		t.Error("disabled without a limit")
	}
	_, err = db.CountFailure(ctx, "none", 3)
	want(t, err, storage.ErrNotFound)
}

func consents(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	u := aUser(t, db, "anna")
	c := &storage.Consent{UserID: u.ID, ClientID: "c", Scopes: []string{"openid"}}
	must(t, db.PutConsent(ctx, c))
	first := c.CreatedAt
	again := &storage.Consent{UserID: u.ID, ClientID: "c", Scopes: []string{"openid", "email"}}
	must(t, db.PutConsent(ctx, again))
	must(t, db.PutConsent(ctx, &storage.Consent{UserID: u.ID, ClientID: "b"}))
	got, err := db.ConsentFor(ctx, u.ID, "c")
	must(t, err)
	if len(got.Scopes) != 2 || !got.CreatedAt.Equal(first) {
		t.Fatalf("%+v", got)
	}
	list, err := db.Consents(ctx, u.ID)
	must(t, err)
	if len(list) != 2 || list[0].ClientID != "b" {
		t.Fatalf("%v", list)
	}
	own := func(client string) func(*storage.Grant) {
		return func(g *storage.Grant) { g.UserID, g.ClientID = u.ID, client }
	}
	must(t, db.PutGrants(ctx, aGrant("1", storage.GrantRefresh, own("c")), aGrant("2", storage.GrantRefresh, own("b"))))
	must(t, db.RevokeConsent(ctx, u.ID, "c"))
	must(t, db.RevokeConsent(ctx, u.ID, "c"))
	_, err = db.ConsentFor(ctx, u.ID, "c")
	want(t, err, storage.ErrNotFound)
	for key, active := range map[string]bool{"1": false, "2": true} {
		g, err := db.GrantByKey(ctx, storage.GrantRefresh, []byte(key))
		must(t, err)
		if g.Active != active {
			t.Errorf("grant %s: active is %v", key, g.Active)
		}
	}
	want(t, db.PutConsent(ctx, &storage.Consent{UserID: "none", ClientID: "c"}), storage.ErrNotFound)
}
