package storagetest

import (
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/storage"
)

func browsers(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	u := aUser(t, db, "anna")
	a := &storage.Browser{ID: "brw_1", UserID: u.ID, Key: []byte("k1"), Device: []byte("d"), UserAgent: "Mozilla", ExpiresAt: now().Add(time.Hour)}
	must(t, db.CreateBrowser(ctx, a))
	want(t, db.CreateBrowser(ctx, a), storage.ErrConflict)
	want(t, db.CreateBrowser(ctx, &storage.Browser{ID: "brw_2", UserID: "nobody", Key: []byte("k"), Device: []byte("d")}), storage.ErrNotFound)
	got, err := db.BrowserByID(ctx, a.ID)
	must(t, err)
	same(t, got, a)

	must(t, db.UseBrowser(ctx, got, []byte("k2")))
	want(t, db.UseBrowser(ctx, a, []byte("k3")), storage.ErrConflict) // its key is no longer k1
	got, err = db.BrowserByID(ctx, a.ID)
	must(t, err)
	if string(got.Key) != "k2" || string(got.OldKey) != "k1" {
		t.Errorf("%+v", got)
	}
	must(t, db.Commit(ctx, storage.Change{Browser: got, NewKey: []byte("k4")}))
	want(t, db.Commit(ctx, storage.Change{Browser: got, NewKey: []byte("k5")}), storage.ErrConflict)

	must(t, db.Commit(ctx, storage.Change{OldBrowser: a.ID, NewBrowser: &storage.Browser{ID: "brw_3", UserID: u.ID, Key: []byte("k"), Device: []byte("d"), ExpiresAt: now().Add(time.Hour)}}))
	want(t, db.DeleteBrowser(ctx, a.ID), storage.ErrNotFound)
	list, err := db.Browsers(ctx, u.ID)
	must(t, err)
	if len(list) != 1 || list[0].ID != "brw_3" {
		t.Errorf("%v", list)
	}
	must(t, db.EndSessions(ctx, u.ID, "")) // signs out of remembered browsers too
	list, err = db.Browsers(ctx, u.ID)
	must(t, err)
	if len(list) != 0 {
		t.Errorf("%v", list)
	}
}

// forgetting: a browser is remembered for what a second factor proved, and goes with it.
func forgetting(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	u := aUser(t, db, "anna")
	must(t, db.CreateBrowser(ctx, &storage.Browser{ID: "brw_1", UserID: u.ID, Key: []byte("k"), Device: []byte("d"), ExpiresAt: now().Add(time.Hour)}))
	for _, c := range []struct {
		a    storage.Authenticator
		left int
	}{
		{storage.Authenticator{Factor: "password", ConfirmedAt: now()}, 1},
		{storage.Authenticator{Factor: "otp", LoginID: "lgn"}, 1}, // was never confirmed
		{storage.Authenticator{Factor: "otp", ConfirmedAt: now()}, 0},
	} {
		c.a.UserID = u.ID
		must(t, db.CreateAuthenticator(ctx, &c.a))
		must(t, db.Commit(ctx, storage.Change{OldAuthenticators: []string{c.a.ID}}))
		list, err := db.Browsers(ctx, u.ID)
		must(t, err)
		same(t, len(list), c.left)
	}
}
