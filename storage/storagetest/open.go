package storagetest

import (
	"path/filepath"
	"sync"
	"testing"

	"github.com/sallyport-id/sallyport/storage"
)

// Engines are what every test of behaviour runs on. [Open] and [DSN] also know
// "sqlite-file": slower to open than "sqlite", which is in memory, and with readers
// beside the writer.
var Engines = []string{"sqlite", "postgres"}

// Open opens an empty, migrated database, which is closed and removed with t.
func Open(t testing.TB, engine string) *storage.DB {
	t.Helper()
	return OpenDSN(t, DSN(t, engine))
}

// OpenDSN opens and migrates the database of dsn, which is closed with t.
func OpenDSN(t testing.TB, dsn string) *storage.DB {
	t.Helper()
	db, err := storage.Open(t.Context(), storage.Options{DSN: dsn, Sealer: Sealer(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

// DSN names an empty database, which is removed with t.
func DSN(t testing.TB, engine string) string {
	t.Helper()
	switch engine {
	case "sqlite":
		return "sqlite::memory:"
	case "sqlite-file":
		return "sqlite:" + filepath.Join(t.TempDir(), "test.db")
	case "postgres":
		return Postgres(t)
	}
	t.Fatalf("storagetest: no engine %q", engine)
	return ""
}

var sealer = sync.OnceValues(func() (*storage.Sealer, error) {
	keyset, err := storage.GenerateKeyset()
	if err != nil {
		return nil, err
	}
	return storage.NewSealer(keyset)
})

// Sealer is one sealer for the whole test process.
func Sealer(t testing.TB) *storage.Sealer {
	t.Helper()
	s, err := sealer()
	if err != nil {
		t.Fatal(err)
	}
	return s
}
