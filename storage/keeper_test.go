package storage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/uptrace/bun"
)

// TestReplacedWriter has the pool replace the writing connection, as it does where a
// statement was interrupted: the one before takes its kept statements and its files with it.
func TestReplacedWriter(t *testing.T) {
	keys, err := GenerateKeyset()
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := NewSealer(keys)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "data.db")
	d, err := Open(t.Context(), Options{DSN: "sqlite:" + path, Sealer: sealer})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	write := func(key string) {
		t.Helper()
		g := &Grant{Key: []byte(key), Kind: GrantRefresh, Active: true, ExpiresAt: time.Now().Add(time.Hour), Data: []byte(`{}`)}
		if err := d.PutGrants(t.Context(), g); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 3 {
		write(fmt.Sprint(i))
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		err := d.exec(ctx, func(ctx context.Context, q bun.IDB) error {
			_, err := q.ExecContext(ctx, "CREATE TEMP TABLE x AS WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c) SELECT count(*) FROM c")
			return err
		})
		cancel()
		if !errors.Is(err, ErrUnavailable) {
			t.Fatalf("a statement without an end: %v", err)
		}
	}
	write("by the last one")
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + "-wal"); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("the file was still open after Close: %v", err)
	}
}
