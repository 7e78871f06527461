package storagetest

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/storage"
)

func users(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	u := &storage.User{
		Username: "Anna", Email: "Anna@Example.com", EmailVerified: true, Name: "Änna O'Neill", GivenName: "Anna",
		FamilyName: `back\slash`, MiddleName: "?", Nickname: "'; DROP TABLE users; --", PreferredUsername: "anna",
		Profile: "https://a.example/anna", Picture: "https://a.example/p.png", Website: "https://a.example",
		Gender: "x", Birthdate: "1990-01-02", Zoneinfo: "Europe/Vienna", Locale: "de-AT",
		PhoneNumber: "+4366012345", PhoneNumberVerified: true,
		Address:      &storage.Address{Formatted: "Street 1\n1010 Wien", Country: "AT"},
		UserMetadata: json.RawMessage(`{"likes":["'","\u0000","\\"]}`), AppMetadata: json.RawMessage(`{"roles":["admin"]}`),
		Blocked: true, PasswordExpired: true,
	}
	must(t, db.CreateUser(ctx, u))
	if u.ID == "" || u.Version != 1 || u.CreatedAt.IsZero() || u.UpdatedAt.IsZero() {
		t.Fatalf("not filled in: %+v", u)
	}
	got, err := db.UserByID(ctx, u.ID)
	must(t, err)
	same(t, got, u)

	bare := &storage.User{Username: "bare"}
	must(t, db.CreateUser(ctx, bare))
	got, err = db.UserByID(ctx, bare.ID)
	must(t, err)
	same(t, got, bare)

	must(t, db.NoteSignIn(ctx, bare.ID))
	want(t, db.UpdateUser(ctx, bare), storage.ErrConflict)
	bare, err = db.UserByID(ctx, bare.ID)
	must(t, err)
	must(t, db.Commit(ctx, storage.Change{SignedIn: bare.ID}))
	got, err = db.UserByID(ctx, bare.ID)
	must(t, err)
	same(t, got, bare) // only the first time
	if bare.SignedInAt.IsZero() {
		t.Fatal("the first sign-in is not written down")
	}

	_, err = db.UserByID(ctx, "usr_none")
	want(t, err, storage.ErrNotFound)
	want(t, db.CreateUser(ctx, &storage.User{ID: u.ID, Username: "other"}), storage.ErrConflict)
	want(t, db.CreateUser(ctx, &storage.User{Username: " \u200b"}), storage.ErrInvalid)

	for i, f := range []struct {
		filter storage.UserFilter
		names  string
	}{
		{storage.UserFilter{}, "Anna bare "},
		{storage.UserFilter{Limit: 1}, "Anna "},
		{storage.UserFilter{Limit: 1, After: u.ID}, "bare "},
		{storage.UserFilter{Query: "ANNA@"}, "Anna "},
		{storage.UserFilter{Query: "ba"}, "bare "},
		{storage.UserFilter{Query: "a%"}, ""},
		{storage.UserFilter{Query: "_nna"}, ""},
	} {
		list, err := db.Users(ctx, f.filter)
		must(t, err)
		names := ""
		for _, u := range list {
			names += u.Username + " "
		}
		if names != f.names {
			t.Errorf("list %d: got %q, want %q", i, names, f.names)
		}
	}
}

// names is T-43: a look-alike by case, width, compatibility or invisible characters
// is the same name, and a name is nobody else's address.
func names(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	u := &storage.User{Username: "Admin", Email: "Admin@X.com"}
	must(t, db.CreateUser(ctx, u))
	must(t, db.CreateUser(ctx, &storage.User{Username: "self@x.com", Email: "self@x.com"}))
	for _, name := range []string{"admin", "ADMIN", "admin\u200b", "ａｄｍｉｎ", "𝐚𝐝𝐦𝐢𝐧", " admin ", "ad\u00admin", "admin@x.COM"} {
		want(t, db.CreateUser(ctx, &storage.User{Username: name}), storage.ErrConflict)
		got, err := db.UserByLogin(ctx, name)
		must(t, err)
		if got.ID != u.ID {
			t.Errorf("%q is %s", name, got.Username)
		}
	}
	want(t, db.CreateUser(ctx, &storage.User{Username: "x", Email: "ADMIN@x.com"}), storage.ErrConflict)
	want(t, db.CreateUser(ctx, &storage.User{Username: "x", Email: "Admin"}), storage.ErrConflict)
	for _, name := range []string{"", "\x00", "nobody", "admin\u0131"} {
		_, err := db.UserByLogin(ctx, name)
		want(t, err, storage.ErrNotFound)
	}
	other := aUser(t, db, "other")
	other.Email = "admin"
	want(t, db.UpdateUser(ctx, other), storage.ErrConflict)
	if other.Version != 1 {
		t.Errorf("version %d after a refused update", other.Version)
	}
	other.Email = "other"
	must(t, db.UpdateUser(ctx, other))
}

func deletedUser(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	u, bystander := aUser(t, db, "gone"), aUser(t, db, "stays")
	for _, id := range []string{u.ID, bystander.ID} {
		must(t, db.CreateSession(ctx, &storage.Session{Key: []byte(id), UserID: id, ExpiresAt: soon()}))
		must(t, db.CreateLogin(ctx, &storage.Login{ID: "lgn_" + id, Key: []byte("k"), UserID: id, ExpiresAt: soon()}))
		must(t, db.CreateAuthenticator(ctx, &storage.Authenticator{ID: "aut_" + id, UserID: id, Factor: "otp"}))
		must(t, db.PutConsent(ctx, &storage.Consent{UserID: id, ClientID: "c"}))
		must(t, db.CreateTicket(ctx, &storage.Ticket{Key: []byte(id), UserID: id, ExpiresAt: soon()}))
		must(t, db.PutGrants(ctx, aGrant(id, storage.GrantRefresh, func(g *storage.Grant) { g.UserID = id })))
	}
	must(t, db.DeleteUser(ctx, u.ID))
	must(t, db.DeleteUser(ctx, u.ID))
	for id, kind := range map[string]error{u.ID: storage.ErrNotFound, bystander.ID: nil} {
		_, err := db.UserByID(ctx, id)
		want(t, err, kind)
		_, err = db.SessionByKey(ctx, []byte(id), "c")
		want(t, err, kind)
		_, err = db.LoginByID(ctx, "lgn_"+id)
		want(t, err, kind)
		_, err = db.ConsentFor(ctx, id, "c")
		want(t, err, kind)
		_, err = db.TicketByKey(ctx, []byte(id))
		want(t, err, kind)
		_, err = db.GrantByKey(ctx, storage.GrantRefresh, []byte(id))
		want(t, err, kind)
		list, err := db.Authenticators(ctx, id)
		must(t, err)
		if len(list) == 0 != (kind != nil) {
			t.Errorf("%d authenticators of %s", len(list), id)
		}
	}
	want(t, db.CreateUser(ctx, &storage.User{ID: u.ID, Username: "again"}), storage.ErrConflict)
	must(t, db.CreateUser(ctx, &storage.User{Username: "gone"}))
	want(t, db.CreateSession(ctx, &storage.Session{Key: []byte("new"), UserID: u.ID, ExpiresAt: soon()}), storage.ErrNotFound)
}

func userVersions(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	u := aUser(t, db, "anna")
	stale := *u
	u.Name, u.Address, u.CreatedAt = "Anna", &storage.Address{Country: "AT"}, time.Time{}
	must(t, db.UpdateUser(ctx, u))
	want(t, db.UpdateUser(ctx, &stale), storage.ErrConflict)
	got, err := db.UserByID(ctx, u.ID)
	must(t, err)
	if got.Version != 2 || u.Version != 2 || stale.Version != 1 || got.CreatedAt.IsZero() {
		t.Fatalf("versions %d %d %d, made %v", got.Version, u.Version, stale.Version, got.CreatedAt)
	}
	u.CreatedAt = got.CreatedAt
	same(t, got, u)
	u.Address = nil
	must(t, db.UpdateUser(ctx, u))
	got, err = db.UserByID(ctx, u.ID)
	must(t, err)
	same(t, got, u)
	must(t, db.DeleteUser(ctx, u.ID))
	want(t, db.UpdateUser(ctx, u), storage.ErrConflict)
}
