package storagetest

import (
	"testing"

	"github.com/sallyport-id/sallyport/storage"
)

func openQuestions(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	u := aUser(t, db, "anna")
	a := &storage.Authenticator{UserID: u.ID, Factor: "push"}
	must(t, db.CreateAuthenticator(ctx, a))
	one := &storage.Transaction{AuthenticatorID: a.ID, Key: []byte("k1"), LoginID: "lgn_1", ExpiresAt: soon()}
	must(t, db.PutTransaction(ctx, one))
	got, err := db.TransactionByKey(ctx, one.Key)
	must(t, err)
	same(t, got, one)

	two := &storage.Transaction{AuthenticatorID: a.ID, Key: []byte("k2"), LoginID: "lgn_2", ExpiresAt: soon()}
	must(t, db.Commit(ctx, storage.Change{Transaction: two})) // takes the place of the first
	_, err = db.TransactionByKey(ctx, one.Key)
	want(t, err, storage.ErrNotFound)
	got, err = db.TransactionAt(ctx, a.ID)
	must(t, err)
	same(t, got, two)

	fresh := &storage.Authenticator{ID: "aut_fresh", UserID: u.ID, Factor: "push", LoginID: "lgn_3"}
	three := &storage.Transaction{AuthenticatorID: fresh.ID, Key: []byte("k3"), LoginID: "lgn_3", ExpiresAt: soon()}
	must(t, db.Commit(ctx, storage.Change{NewAuthenticators: []*storage.Authenticator{fresh}, Transaction: three}))
	want(t, db.PutTransaction(ctx, &storage.Transaction{AuthenticatorID: "nobody's", Key: []byte("k"), ExpiresAt: soon()}), storage.ErrNotFound)
	must(t, db.DeleteAuthenticator(ctx, fresh.ID))
	_, err = db.TransactionByKey(ctx, three.Key)
	want(t, err, storage.ErrNotFound)
}

// linked authenticators go together.
func linkedAuthenticators(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	u := aUser(t, db, "anna")
	for _, gone := range []string{"aut_phone", "aut_codes"} {
		for _, a := range []*storage.Authenticator{
			{ID: "aut_phone", Factor: "push", Link: "aut_phone"}, {ID: "aut_codes", Factor: "otp", Link: "aut_phone"}, {ID: "aut_key", Factor: "webauthn-roaming"},
		} {
			a.UserID = u.ID
			must(t, db.CreateAuthenticator(ctx, a))
		}
		must(t, db.DeleteAuthenticator(ctx, gone))
		list, err := db.Authenticators(ctx, u.ID)
		must(t, err)
		if len(list) != 1 || list[0].ID != "aut_key" {
			t.Errorf("without %s: %d left", gone, len(list))
		}
		_, err = db.AuthenticatorByID(ctx, gone)
		want(t, err, storage.ErrNotFound)
		got, err := db.AuthenticatorByID(ctx, "aut_key")
		must(t, err)
		if got.UserID != u.ID {
			t.Errorf("%+v", got)
		}
		must(t, db.DeleteAuthenticator(ctx, "aut_key"))
	}
}
