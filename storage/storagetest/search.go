package storagetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/storage"
)

func is(field string, value any) storage.Condition {
	return storage.Condition{Test: &storage.Test{Field: field, Is: value}}
}

func like(field, pattern string) storage.Condition {
	return storage.Condition{Test: &storage.Test{Field: field, Like: pattern}}
}

func search(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	day := func(d int) time.Time { return time.Date(2026, 1, d, 0, 0, 0, 0, time.UTC) }
	for _, u := range []*storage.User{
		{ID: "1", Username: "Ada", Email: "ada@example.com", Name: "Ada 100%", CreatedAt: day(1), Blocked: true, AppMetadata: []byte(`{"a":{"b":"Gold"},"list":["x","y z"],"n":7,"on":true,"no":null}`)},
		{ID: "2", Username: "bob", Name: "Bob_x", CreatedAt: day(2), AppMetadata: []byte(`{"a":{"b":"\\u0000"}}`)},
		{ID: "3", Username: "carl", Email: "c@example.com", Name: "Carl", CreatedAt: day(3)},
	} {
		must(t, db.CreateUser(ctx, u))
	}
	must(t, db.PutHistory(ctx, &storage.History{UserID: "3"}))
	not := func(c storage.Condition) storage.Condition { return storage.Condition{Not: &c} }
	for name, c := range map[string]struct {
		where storage.Condition
		want  string
	}{
		"all": {storage.Condition{}, "1 2 3"}, "none": {not(storage.Condition{}), ""},
		"email": {is("email", "ADA@example.com"), "1"}, "not with nothing": {not(is("email", "ada@example.com")), "2 3"},
		"name": {is("name", "carl"), "3"}, "email like, in capitals": {like("email", "ADA@*"), "1"}, "name with a percent sign": {like("name", "*0%"), "1"}, "one character": {like("name", "bob?x"), "2"}, "an underscore": {like("name", "bob_*"), "2"},
		"flag": {is("blocked", true), "1"}, "flag off": {is("blocked", false), "2 3"},
		"time":   {storage.Condition{Test: &storage.Test{Field: "created_at", From: day(2), Below: day(3)}}, "2"},
		"number": {storage.Condition{Test: &storage.Test{Field: "logins_count", From: int64(1)}}, "3"},
		"exists": {storage.Condition{Test: &storage.Test{Field: "email", Exists: true}}, "1 3"},
		"json":   {is("app_metadata.a.b", "gold"), "1"}, "json number": {is("app_metadata.n", "7"), "1"}, "json flag": {is("app_metadata.on", "true"), "1"},
		"json list": {is("app_metadata.list", "Y z"), "1"}, "json like": {like("app_metadata.a.b", "g*"), "1"},
		"json exists": {storage.Condition{Test: &storage.Test{Field: "app_metadata.no", Exists: true}}, ""},
		"any":         {storage.Condition{Any: []storage.Condition{is("username", "bob"), is("username", "CARL")}}, "2 3"},
		"all of":      {storage.Condition{All: []storage.Condition{is("blocked", true), is("username", "bob")}}, ""},
	} {
		found, err := db.SearchUsers(ctx, storage.UserSearch{Where: &c.where})
		must(t, err)
		var ids []string
		for _, f := range found {
			ids = append(ids, f.User.ID)
		}
		n, err := db.CountUsers(ctx, &c.where)
		must(t, err)
		if got := strings.Join(ids, " "); got != c.want || n != len(found) {
			t.Errorf("%s: got %q of %d, want %q", name, got, n, c.want)
		}
	}
	for _, c := range []storage.Condition{is("colour", "red"), is("blocked", "true"), is(`app_metadata.a"b`, "x"), like("created_at", "2*"), {Test: &storage.Test{Field: "name", From: int64(1)}}} {
		_, err := db.SearchUsers(ctx, storage.UserSearch{Where: &c})
		want(t, err, storage.ErrInvalid)
	}
	found, err := db.SearchUsers(ctx, storage.UserSearch{Sort: "created_at", Descending: true, Offset: 1, Limit: 1})
	must(t, err)
	if len(found) != 1 || found[0].User.ID != "2" || found[0].Logins != 0 || !found[0].LastLogin.IsZero() {
		t.Errorf("the second of the newest: %+v", found)
	}
	_, err = db.SearchUsers(ctx, storage.UserSearch{Sort: "app_metadata.a"})
	want(t, err, storage.ErrInvalid)
}

func eventSearch(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	for _, e := range []*storage.Event{
		{ID: "evt_1", Type: "proof.refused", UserID: "1", Data: map[string]any{"factor": "otp", "why": "late"}},
		{ID: "evt_2", Type: "proof.refused", UserID: "1", Data: map[string]any{"factor": "password"}}, {ID: "evt_3", Type: "login.done", UserID: "2"},
	} {
		must(t, db.AddEvents(ctx, e))
	}
	code := storage.Condition{All: []storage.Condition{is("type", "proof.refused"), like("data", `*"factor":"otp"*`)}}
	found, err := db.SearchEvents(ctx, storage.EventSearch{Where: &code})
	must(t, err)
	if len(found) != 1 || found[0].ID != "evt_1" {
		t.Errorf("by data: %+v", found)
	}
	found, err = db.SearchEvents(ctx, storage.EventSearch{Oldest: true, After: "evt_1", Limit: 1})
	must(t, err)
	n, err := db.CountEvents(ctx, nil)
	must(t, err)
	if len(found) != 1 || found[0].ID != "evt_2" || n != 3 {
		t.Errorf("after the first of %d: %+v", n, found)
	}
	one, err := db.EventByID(ctx, "evt_3")
	must(t, err)
	same(t, one.Type, "login.done")
	day := func(d int) time.Time { return time.Date(2020, 1, d, 0, 0, 0, 0, time.UTC) }
	for i, at := range []time.Time{day(1).Add(-1), day(1), day(2).Add(-1), day(3).Add(time.Hour), day(4)} {
		must(t, db.AddEvents(ctx, &storage.Event{ID: fmt.Sprintf("evt_t%d", i), Type: "token.revoked", At: at}))
	}
	revoked := is("type", "token.revoked")
	tally, err := db.TallyEvents(ctx, &revoked, []time.Time{day(1), day(2), day(3), day(4)})
	must(t, err)
	if !slices.Equal(tally, []int{2, 0, 1}) {
		t.Errorf("by day: %v", tally)
	}
	_, err = db.EventByID(ctx, "evt_4")
	want(t, err, storage.ErrNotFound)
}

func lockouts(t *testing.T, db *storage.DB) {
	ctx, now := t.Context(), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	one := func(key string, times int) {
		for range times {
			_, err := db.TakeAll(ctx, now, storage.Limit{Key: key, Burst: 2, Period: time.Minute})
			must(t, err)
		}
	}
	one("code:1", 2)
	one("code:1:::1", 3)
	one("code:12", 2)
	one("code:1:half", 1)
	full, err := db.FullLimits(ctx, now, "code:1", "recovery:1")
	must(t, err)
	same(t, full, []string{"code:1", "code:1:::1"})
	must(t, db.DropLimits(ctx, "code:1"))
	full, err = db.FullLimits(ctx, now, "code:1", "code:12")
	must(t, err)
	same(t, full, []string{"code:12"})
}

func refreshTokens(t *testing.T, db *storage.DB) {
	ctx, soon := t.Context(), time.Now().Add(time.Hour)
	grant := func(key, kind, family, user string, change func(*storage.Grant)) {
		g := &storage.Grant{Key: []byte(key), Kind: kind, RequestID: family, UserID: user, ClientID: "c", Active: true, ExpiresAt: soon}
		if change != nil {
			change(g)
		}
		must(t, db.PutGrants(ctx, g))
	}
	grant("a", storage.GrantRefresh, "req_1", "1", func(g *storage.Grant) { g.UsedAt = time.Now() })
	grant("b", storage.GrantRefresh, "req_1", "1", nil)
	grant("c", storage.GrantRefresh, "req_2", "1", nil)
	grant("d", storage.GrantRefresh, "req_3", "2", nil)
	grant("e", storage.GrantAccess, "req_4", "1", nil)
	grant("f", storage.GrantRefresh, "req_5", "1", func(g *storage.Grant) { g.Active = false })
	for name, c := range map[string]struct {
		filter storage.RefreshFilter
		want   string
	}{
		"of a user": {storage.RefreshFilter{UserID: "1"}, "b c"}, "after": {storage.RefreshFilter{UserID: "1", After: "req_1"}, "c"},
		"of a client": {storage.RefreshFilter{ClientID: "c", Limit: 2}, "b c"}, "one": {storage.RefreshFilter{FamilyID: "req_3"}, "d"},
	} {
		found, err := db.RefreshTokens(ctx, c.filter)
		must(t, err)
		var keys []string
		for _, g := range found {
			keys = append(keys, string(g.Key))
		}
		if got := strings.Join(keys, " "); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
