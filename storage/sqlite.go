package storage

import (
	"database/sql"
	"errors"
	"net/url"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"github.com/uptrace/bun/schema"
	"modernc.org/sqlite"
)

const readers = 4

// connectSQLite opens one writer and a pool of readers. synchronous is FULL: a commit
// that was acknowledged survives a loss of power.
func (d *DB) connectSQLite(path string) error {
	if path == "" {
		return errors.New("storage: Options.DSN names no file: use sqlite:PATH, or sqlite::memory: for none")
	}
	if path == ":memory:" {
		return d.connectMemory()
	}
	common := url.Values{"_pragma": {"busy_timeout(4000)", "foreign_keys(1)", "journal_mode(wal)", "synchronous(full)"}}
	file := "file:" + (&url.URL{Path: path}).EscapedPath()
	common.Set("_txlock", "immediate")
	writer, err := d.pool(file+"?"+common.Encode(), 1)
	if err != nil {
		return err
	}
	common.Del("_txlock")
	common.Add("_pragma", "query_only(1)")
	reader, err := d.pool(file+"?"+common.Encode(), readers)
	if err != nil {
		return err
	}
	d.lite = newSQLiteDialect()
	d.writer, d.reader = d.wrap(writer, d.lite), d.wrap(reader, newSQLiteDialect())
	return nil
}

// connectMemory opens a database that lives as long as d. Readers and the writer are
// one connection, because SQLite's memory databases lock readers out during a
// transaction; a second, idle one keeps the data should the first be replaced.
func (d *DB) connectMemory() error {
	dsn := "file:/" + NewID("memory") + "?vfs=memdb&_pragma=foreign_keys(1)&_pragma=busy_timeout(4000)&_txlock=immediate"
	keeper, err := d.pool(dsn, 1)
	if err != nil {
		return err
	}
	if _, err := keeper.Exec("PRAGMA user_version"); err != nil {
		return fault(err)
	}
	only, err := d.pool(dsn, 1)
	if err != nil {
		return err
	}
	d.lite = newSQLiteDialect()
	d.writer = d.wrap(only, d.lite)
	d.reader = d.writer
	return nil
}

// pool opens a pool of n connections that are kept for ever and closed with d.
func (d *DB) pool(dsn string, n int) (*sql.DB, error) {
	c, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, fault(err)
	}
	p := sql.OpenDB(connector{c})
	p.SetMaxOpenConns(n)
	p.SetMaxIdleConns(n)
	d.closers = append(d.closers, p.Close)
	return p, nil
}

func (d *DB) wrap(p *sql.DB, dialect schema.Dialect) *bun.DB {
	return bun.NewDB(p, dialect).WithQueryHook(countHook{postgres: d.postgres})
}

// sqliteDialect is bun's with our encoding of columns.
type sqliteDialect struct {
	*sqlitedialect.Dialect
	columns
	tables *schema.Tables
}

func newSQLiteDialect() *sqliteDialect {
	d := &sqliteDialect{Dialect: sqlitedialect.New()}
	d.tables = schema.NewTables(d)
	return d
}
