package storage

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// Options say which database to open and how.
type Options struct {
	// DSN is "sqlite:PATH", "sqlite::memory:" (gone at Close) or "postgres://…".
	DSN string
	// Sealer seals secrets and keys the hashes of opaque values. Required.
	Sealer *Sealer
	// Now is the clock; nil for time.Now.
	Now func() time.Time
	// Logger hears of repeated and abandoned work; nil for silence.
	Logger *slog.Logger
	// Timeout bounds every statement and transaction, waiting for a connection
	// included; 0 for 5 s. On SQLite a write may wait for another process's for 4 s more, and
	// a compiled read for a connection as long as its users may have it.
	Timeout time.Duration
	// MaxConns bounds the connections to PostgreSQL; 0 for 16.
	MaxConns int
}

// DB is the database. It is safe for concurrent use.
type DB struct {
	writer, reader    *bun.DB
	postgres          bool
	closers           []func() error
	sealer            *Sealer
	clock             func() time.Time
	log               *slog.Logger
	timeout           time.Duration
	cached            caches
	lite              *sqliteDialect // of the writer; nil on PostgreSQL
	grantWithUser     *prepared      // nil on PostgreSQL, as is
	sessionByKey      *prepared
	personByID        *prepared
	loginByID         *prepared
	sessionWithPerson *prepared
}

// Open opens the database of o and proves that it answers. It does not migrate: see
// [DB.Migrate].
//
// Errors: ErrUnavailable where the database does not answer; anything else is a
// fault of o and names the field.
func Open(ctx context.Context, o Options) (*DB, error) {
	if o.Sealer == nil {
		return nil, errors.New("storage: Options.Sealer is missing: make one with NewSealer")
	}
	d := &DB{sealer: o.Sealer, clock: o.Now, log: o.Logger, timeout: o.Timeout}
	if d.clock == nil {
		d.clock = time.Now
	}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	if d.timeout == 0 {
		d.timeout = 5 * time.Second
	}
	d.cached = newCaches()
	if err := d.connect(o); err != nil {
		return nil, err
	}
	d.prepare()
	if err := d.Ping(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func (d *DB) connect(o Options) error {
	switch scheme, rest, _ := strings.Cut(o.DSN, ":"); scheme {
	case "sqlite":
		return d.connectSQLite(rest)
	case "postgres", "postgresql":
		return d.connectPostgres(o.DSN, o.MaxConns)
	}
	return errors.New("storage: Options.DSN is no database: use sqlite:PATH, sqlite::memory: or postgres://…")
}

// Close ends all connections. Work under way fails.
func (d *DB) Close() error {
	d.cached.stop()
	var err error
	for _, c := range d.closers {
		err = errors.Join(err, c())
	}
	return err
}

// Ping asks the database for a sign of life. It reads, so a database that is merely
// read-only passes.
//
// Errors: ErrUnavailable.
func (d *DB) Ping(ctx context.Context) error {
	return d.query(ctx, func(ctx context.Context, q bun.IDB) error {
		_, err := q.ExecContext(ctx, "SELECT 1")
		return err
	})
}

// now is the clock at the precision of the tables.
func (d *DB) now() time.Time { return d.clock().UTC().Truncate(time.Microsecond) }

// NewID makes an identifier that sorts by the time it was made (RFC 9562 §5.7, UUID
// version 7), such as usr_0190c3f1….
func NewID(prefix string) string {
	id := uuid.Must(uuid.NewV7())
	return fmt.Sprintf("%s_%x", prefix, id[:])
}
