package storagetest

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/sallyport-id/sallyport/storage"
)

func clients(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	yes, age := true, int64(300)
	c := &storage.Client{
		Name:    "App",
		Secrets: []storage.ClientSecret{{Hash: []byte{0, 1, 0xff}, CreatedAt: now()}},
		Metadata: storage.ClientMetadata{
			RedirectURIs: []string{"https://a.example/cb?x='"}, JWKS: json.RawMessage(`{"keys":[]}`), DefaultMaxAge: &age,
			TokenEndpointAuthMethod: "client_secret_basic",
		},
		Settings: storage.ClientSettings{RequirePKCE: &yes, Factors: []string{"otp"}, Audiences: map[string][]string{"https://api": {"read"}}},
		Disabled: true,
	}
	must(t, db.CreateClient(ctx, c))
	got, err := db.ClientByID(ctx, c.ID)
	must(t, err)
	same(t, got, c)
	want(t, db.CreateClient(ctx, &storage.Client{ID: c.ID}), storage.ErrConflict)

	stale := *got
	c.Secrets, c.Disabled = nil, false
	must(t, db.UpdateClient(ctx, c))
	want(t, db.UpdateClient(ctx, &stale), storage.ErrConflict)
	got, err = db.ClientByID(ctx, c.ID)
	must(t, err)
	same(t, got, c)

	must(t, db.CreateClient(ctx, &storage.Client{ID: "b", Name: "Ab"}))
	list, err := db.Clients(ctx)
	must(t, err)
	if len(list) != 2 || list[0].ID != "b" {
		t.Fatalf("not by name: %v", list)
	}
	u := aUser(t, db, "anna")
	must(t, db.PutConsent(ctx, &storage.Consent{UserID: u.ID, ClientID: c.ID}))
	must(t, db.PutGrants(ctx, aGrant("k", storage.GrantRefresh, func(g *storage.Grant) { g.ClientID = c.ID })))
	must(t, db.DeleteClient(ctx, c.ID))
	must(t, db.DeleteClient(ctx, c.ID))
	_, err = db.ClientByID(ctx, c.ID)
	want(t, err, storage.ErrNotFound)
	_, err = db.ConsentFor(ctx, u.ID, c.ID)
	want(t, err, storage.ErrNotFound)
	_, err = db.GrantByKey(ctx, storage.GrantRefresh, []byte("k"))
	want(t, err, storage.ErrNotFound)
}

func apis(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	a := &storage.API{Audience: "https://api.example/", Name: "API", Scopes: []storage.Scope{{Value: "read", Description: "Read"}}, TokenFormat: "jwt", TokenTTL: 60}
	must(t, db.CreateAPI(ctx, a))
	want(t, db.CreateAPI(ctx, a), storage.ErrConflict)
	got, err := db.APIByAudience(ctx, a.Audience)
	must(t, err)
	same(t, got, a)
	a.Scopes, a.TokenFormat = nil, "opaque"
	must(t, db.UpdateAPI(ctx, a))
	list, err := db.APIs(ctx)
	must(t, err)
	same(t, list, []*storage.API{a})
	must(t, db.DeleteAPI(ctx, a.Audience))
	must(t, db.DeleteAPI(ctx, a.Audience))
	_, err = db.APIByAudience(ctx, a.Audience)
	want(t, err, storage.ErrNotFound)
	want(t, db.UpdateAPI(ctx, a), storage.ErrNotFound)
}

func settings(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	s, err := db.Settings(ctx)
	must(t, err)
	if s.Policy != "never" || len(s.Factors) == 0 {
		t.Fatalf("at first: %+v", s)
	}
	for _, s := range []*storage.Settings{{Policy: "always", Factors: []string{"otp"}}, {Policy: "never"}} {
		must(t, db.PutSettings(ctx, s))
		got, err := db.Settings(ctx)
		must(t, err)
		same(t, got, s)
	}
}

// cache: own writes are seen at once, those of a transaction after its commit, and
// hits cost no round trip.
func cache(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	c, a := &storage.Client{Name: "one"}, &storage.API{Audience: "a", Name: "one"}
	_, err := db.CachedClient(ctx, "c")
	want(t, err, storage.ErrNotFound)
	c.ID = "c"
	must(t, db.CreateClient(ctx, c))
	must(t, db.CreateAPI(ctx, a))
	seen := func(name string) {
		t.Helper()
		for range 2 {
			client, err := db.CachedClient(ctx, c.ID)
			must(t, err)
			api, err := db.CachedAPI(ctx, a.Audience)
			must(t, err)
			s, err := db.CachedSettings(ctx)
			must(t, err)
			if client.Name != name || api.Name != name || name != "one" && s.Policy != name {
				t.Fatalf("%s %s %s, want %s", client.Name, api.Name, s.Policy, name)
			}
		}
	}
	write := func(ctx context.Context, name string) error {
		c.Name, a.Name = name, name
		return errors.Join(db.UpdateClient(ctx, c), db.UpdateAPI(ctx, a), db.PutSettings(ctx, &storage.Settings{Policy: name}))
	}
	seen("one")
	must(t, write(ctx, "two"))
	seen("two")
	must(t, db.Tx(ctx, func(ctx context.Context) error { return write(ctx, "three") }))
	seen("three")
	undo := errors.New("undo")
	err = db.Tx(ctx, func(ctx context.Context) error {
		must(t, write(ctx, "four"))
		client, err := db.CachedClient(ctx, c.ID)
		must(t, err)
		if client.Name != "four" {
			t.Errorf("a transaction does not see its own write")
		}
		return undo
	})
	want(t, err, undo)
	seen("three")
	counted, n := storage.CountQueries(ctx)
	_, err = db.CachedClient(counted, c.ID)
	must(t, err)
	if n.Load() != 0 {
		t.Errorf("a hit cost %d round trips", n.Load())
	}
	must(t, db.DeleteClient(ctx, c.ID))
	must(t, db.DeleteAPI(ctx, a.Audience))
	_, err = db.CachedClient(ctx, c.ID)
	want(t, err, storage.ErrNotFound)
	_, err = db.CachedAPI(ctx, a.Audience)
	want(t, err, storage.ErrNotFound)
}
