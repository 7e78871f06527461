package storage

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// The outcomes that a caller branches on. Every other error is a fault of the
// machine or of this program.
var (
	// ErrNotFound: there is no such row, or the row it has to point to is gone.
	ErrNotFound = errors.New("storage: not found")
	// ErrConflict: a unique value is taken, or the row has changed since it was read.
	ErrConflict = errors.New("storage: conflict")
	// ErrSpent: it was used, revoked or has expired; nothing was written.
	ErrSpent = errors.New("storage: already used, revoked or expired")
	// ErrInvalid: a value that no column may hold, such as text with a NUL byte.
	ErrInvalid = errors.New("storage: invalid value")
	// ErrUnavailable: the database is gone, full, read-only, locked or too slow. It
	// wraps the cause. Trying again later may help.
	ErrUnavailable = errors.New("storage: unavailable")
)

// fault translates what a driver says; all statements pass through it.
func fault(err error) error {
	var pg *pgconn.PgError
	var lite *sqlite.Error
	switch {
	case err == nil, isOutcome(err):
		return err
	case errors.Is(err, sql.ErrNoRows):
		return ErrNotFound
	case strings.Contains(err.Error(), strings.TrimSuffix(nulRefused, "()")):
		return fmt.Errorf("%w: text with a NUL byte", ErrInvalid)
	case strings.Contains(err.Error(), strings.TrimSuffix(jsonRefused, "()")):
		return fmt.Errorf("%w: not JSON", ErrInvalid)
	case errors.As(err, &pg):
		return postgresFault(pg, err)
	case errors.As(err, &lite):
		return sqliteFault(lite, err)
	case isLost(err):
		return unavailable(err)
	}
	return fmt.Errorf("storage: %w", err)
}

func isOutcome(err error) bool {
	for _, o := range []error{ErrNotFound, ErrConflict, ErrSpent, ErrInvalid, ErrUnavailable} {
		if errors.Is(err, o) {
			return true
		}
	}
	return false
}

func unavailable(err error) error { return fmt.Errorf("%w: %w", ErrUnavailable, err) }

func postgresFault(pg *pgconn.PgError, err error) error {
	switch pg.Code {
	case "23505": // unique_violation
		return fmt.Errorf("%w: %s", ErrConflict, pg.ConstraintName)
	case "23503": // foreign_key_violation
		return fmt.Errorf("%w: %s", ErrNotFound, pg.ConstraintName)
	case "22021": // character_not_in_repertoire
		return fmt.Errorf("%w: %s", ErrInvalid, pg.Message)
	case "25006", "57014", "40001", "40P01", "55P03": // read only, cancelled, try again
		return unavailable(err)
	}
	switch pg.Code[:min(2, len(pg.Code))] {
	case "08", "53", "57", "58": // connection, resources, operator intervention, system
		return unavailable(err)
	}
	return fmt.Errorf("storage: %w", err)
}

func sqliteFault(lite *sqlite.Error, err error) error {
	switch lite.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return fmt.Errorf("%w: %w", ErrConflict, err)
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	switch lite.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR,
		sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_INTERRUPT,
		sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_PERM:
		return unavailable(err)
	}
	return fmt.Errorf("storage: %w", err)
}

// isLost reports a connection that broke, could not be made or was not answered in
// time. A cancelled context is not among them: then it is the caller who left.
func isLost(err error) bool {
	var network net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, driver.ErrBadConn) ||
		errors.Is(err, sql.ErrConnDone) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		!errors.Is(err, context.Canceled) && (errors.As(err, &network) || isConnect(err)) ||
		strings.Contains(err.Error(), "sql: database is closed") || strings.Contains(err.Error(), "conn closed")
}

func isConnect(err error) bool {
	var connect *pgconn.ConnectError
	return errors.As(err, &connect)
}

// again reports that the database undid the work and asks for another try.
func again(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "40001" || pg.Code == "40P01" || pg.Code == "55P03"
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		code := lite.Code() & 0xff
		return code == sqlite3.SQLITE_BUSY || code == sqlite3.SQLITE_LOCKED
	}
	return false
}
