package storagetest

import (
	"testing"

	"github.com/sallyport-id/sallyport/storage"
)

// commit: all that one answer changes is stored, or, where any row was changed in
// between, nothing of it.
func commit(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	u := aUser(t, db, "anna")
	a := &storage.Authenticator{UserID: u.ID, Factor: "otp", Secret: []byte("s"), ConfirmedAt: now()}
	must(t, db.CreateAuthenticator(ctx, a))
	l := &storage.Login{Key: []byte("k"), UserID: u.ID, State: []byte("1"), ExpiresAt: soon()}
	must(t, db.CreateLogin(ctx, l))
	stale := *l
	a.Counter, l.State = 7, []byte("2")
	s := &storage.Session{ID: storage.NewID("ses"), Key: []byte("session"), UserID: u.ID, ExpiresAt: soon()}
	c := storage.Change{
		Login: l, Authenticators: []*storage.Authenticator{a}, NewSession: s, Events: []*storage.Event{{Type: "login.done"}},
		Consent: &storage.Consent{UserID: u.ID, ClientID: "client", Scopes: []string{"openid"}},
	}
	must(t, db.Commit(ctx, c))
	view, err := db.LoginByID(ctx, l.ID)
	must(t, err)
	if string(view.Login.State) != "2" || len(view.Authenticators) != 1 || view.Authenticators[0].Counter != 7 || view.Login.Version != l.Version {
		t.Fatalf("%+v %+v", view.Login, view.Authenticators)
	}
	_, err = db.SessionByKey(ctx, s.Key, "")
	must(t, err)

	a.Counter = 8
	before := a.Version
	lost := storage.Change{
		Authenticators: []*storage.Authenticator{a}, Login: &stale, Events: []*storage.Event{{Type: "lost"}},
		NewSession: &storage.Session{ID: storage.NewID("ses"), Key: []byte("lost"), UserID: u.ID, ExpiresAt: soon()},
	}
	want(t, db.Commit(ctx, lost), storage.ErrConflict)
	list, err := db.Authenticators(ctx, u.ID)
	must(t, err)
	if list[0].Counter != 7 || a.Version != before {
		t.Fatalf("half of a change was stored: %+v, version in memory %d", list[0], a.Version)
	}
	_, err = db.SessionByKey(ctx, []byte("lost"), "")
	want(t, err, storage.ErrNotFound)
	events, err := db.Events(ctx, storage.EventFilter{Type: "lost", Limit: 1})
	must(t, err)
	if len(events) != 0 {
		t.Fatal("the event of a lost change was stored")
	}
}
