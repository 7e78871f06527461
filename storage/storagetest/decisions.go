package storagetest

import (
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/storage"
)

// histories: what is known of a person's sign-ins is counted, replaced, forgotten, and
// goes with them.
func histories(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	u := aUser(t, db, "anna")
	got, err := db.HistoryOf(ctx, u.ID)
	must(t, err)
	if got.Logins != 0 || got.Data != nil {
		t.Errorf("%+v", got)
	}
	for range 2 {
		must(t, db.Commit(ctx, storage.Change{History: &storage.History{UserID: u.ID, Data: []byte(`{"last":"here"}`)}}))
	}
	got, err = db.HistoryOf(ctx, u.ID)
	must(t, err)
	if got.Logins != 2 || string(got.Data) != `{"last":"here"}` {
		t.Errorf("%d %s", got.Logins, got.Data)
	}
	must(t, db.ForgetHistory(ctx, u.ID))
	got, err = db.HistoryOf(ctx, u.ID)
	must(t, err)
	if got.Logins != 2 || got.Data != nil {
		t.Errorf("%d %s", got.Logins, got.Data)
	}
	want(t, db.PutHistory(ctx, &storage.History{UserID: "usr_nobody"}), storage.ErrNotFound)
	must(t, db.DeleteUser(ctx, u.ID))
	got, err = db.HistoryOf(ctx, u.ID)
	must(t, err)
	if got.Logins != 0 {
		t.Errorf("the history of a deleted user: %+v", got)
	}
}

// decisions: one record a login, the last word of it, found in order of time, and gone
// when its time is over.
func decisions(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	put := func(id, user, outcome string, at, until time.Time) {
		t.Helper()
		must(t, db.Commit(ctx, storage.Change{Decision: &storage.Decision{
			ID: id, At: at, UserID: user, ClientID: "shop", Outcome: outcome, Data: []byte(`{"at":"` + outcome + `"}`), ExpiresAt: until,
		}}))
	}
	put("lgn_1", "anna", "open", now(), now().Add(time.Hour))
	put("lgn_1", "anna", "done", now(), now().Add(time.Hour))
	put("lgn_2", "bob", "denied", now().Add(time.Minute), now().Add(-time.Minute))
	got, err := db.DecisionByID(ctx, "lgn_1")
	must(t, err)
	if got.Outcome != "done" || string(got.Data) != `{"at":"done"}` {
		t.Errorf("%+v", got)
	}
	for name, c := range map[string]struct {
		f    storage.DecisionFilter
		want []string
	}{
		"all":     {storage.DecisionFilter{}, []string{"lgn_1", "lgn_2"}},
		"one's":   {storage.DecisionFilter{UserID: "anna"}, []string{"lgn_1"}},
		"a shop":  {storage.DecisionFilter{ClientID: "shop", Limit: 1}, []string{"lgn_1"}},
		"of late": {storage.DecisionFilter{Since: now().Add(30 * time.Second)}, []string{"lgn_2"}},
		"next":    {storage.DecisionFilter{After: "lgn_1"}, []string{"lgn_2"}},
		"none":    {storage.DecisionFilter{ClientID: "other"}, []string{}},
	} {
		rows, err := db.Decisions(ctx, c.f)
		must(t, err)
		ids := []string{}
		for _, r := range rows {
			ids = append(ids, r.ID)
		}
		same(t, ids, c.want)
		c.f.Limit = 0
		n, err := db.CountDecisions(ctx, c.f)
		must(t, err)
		if name != "next" && name != "a shop" && n != int64(len(c.want)) {
			t.Errorf("%s: counted %d", name, n)
		}
	}
	_, err = db.Sweep(ctx, 100)
	must(t, err)
	_, err = db.DecisionByID(ctx, "lgn_2")
	want(t, err, storage.ErrNotFound)
	_, err = db.DecisionByID(ctx, "lgn_1")
	must(t, err)
	u := aUser(t, db, "carl")
	put("lgn_3", u.ID, "done", now(), now().Add(time.Hour))
	latest, err := db.LatestDecision(ctx, u.ID)
	must(t, err)
	if latest.ID != "lgn_3" || string(latest.Data) != `{"at":"done"}` {
		t.Errorf("%+v", latest)
	}
	must(t, db.DeleteUser(ctx, u.ID))
	_, err = db.LatestDecision(ctx, u.ID)
	want(t, err, storage.ErrNotFound)
}
