package storage_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/storage"
	"github.com/sallyport-id/sallyport/storage/storagetest"
)

// TestCompiledStatements writes more different statements than are kept, lets batches fail,
// and closes: what was kept neither mixes values up nor holds the file open.
func TestCompiledStatements(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data.db")
	db, err := storage.Open(t.Context(), storage.Options{DSN: "sqlite:" + path, Sealer: storagetest.Sealer(t)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	grant := func(key string, uses int64) *storage.Grant {
		return &storage.Grant{Key: []byte(key), Kind: storage.GrantRefresh, Uses: uses, Active: true, ExpiresAt: time.Now().Add(time.Hour), Data: []byte(fmt.Sprintf(`{"of":%q}`, key))}
	}
	const all int64 = 600 // numbers are part of a statement's text
	for i := range all {
		if err := db.PutGrants(t.Context(), grant(fmt.Sprintf("key %d", i), i)); err != nil {
			t.Fatal(err)
		}
		// The second statement of this batch fails, and with it the first.
		lost := storage.Change{NewLogin: &storage.Login{ID: fmt.Sprintf("lost %d", i), Key: []byte("k"), State: []byte("{}"), ExpiresAt: time.Now()}, NewSession: &storage.Session{Key: []byte("k"), UserID: "nobody", ExpiresAt: time.Now()}}
		if err := db.Commit(t.Context(), lost); !errors.Is(err, storage.ErrNotFound) {
			t.Fatalf("a session of nobody: %v", err)
		}
	}
	for i := range all {
		key := fmt.Sprintf("key %d", i)
		g, err := db.GrantByKey(t.Context(), storage.GrantRefresh, []byte(key))
		if err != nil || g.Uses != i || string(g.Data) != fmt.Sprintf(`{"of":%q}`, key) {
			t.Fatalf("%s: %+v, %v", key, g, err)
		}
		if _, err := db.LoginByID(t.Context(), fmt.Sprintf("lost %d", i)); !errors.Is(err, storage.ErrNotFound) {
			t.Fatalf("lost %d: %v", i, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + "-wal"); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("the file was still open after Close: %v", err)
	}
}
