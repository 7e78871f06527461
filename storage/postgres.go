package storage

import (
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/schema"
)

const (
	postgresConns      = 16
	postgresConnectMax = 3 * time.Second
)

// connectPostgres opens the pool. Statements carry their values (bun formats them),
// so nothing is prepared and every statement is one round trip, behind a pooler too.
func (d *DB) connectPostgres(dsn string, conns int) error {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return fmt.Errorf("storage: Options.DSN: %w", redact(err, dsn))
	}
	if !strings.Contains(dsn, "default_query_exec_mode") {
		cfg.DefaultQueryExecMode = pgx.QueryExecModeExec
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = postgresConnectMax
	}
	// bun doubles quotes and leaves backslashes: right only with this setting, which
	// a server or role may have switched off.
	cfg.RuntimeParams["standard_conforming_strings"] = "on"
	if cfg.RuntimeParams["application_name"] == "" {
		cfg.RuntimeParams["application_name"] = "sallyport"
	}
	if conns <= 0 {
		conns = postgresConns
	}
	p := stdlib.OpenDB(*cfg)
	p.SetMaxOpenConns(conns)
	p.SetMaxIdleConns(conns)
	p.SetConnMaxIdleTime(5 * time.Minute)
	p.SetConnMaxLifetime(time.Hour)
	d.closers = append(d.closers, p.Close)
	d.postgres = true
	d.writer = d.wrap(p, newPostgresDialect())
	d.reader = d.writer
	return nil
}

// redact keeps a password in the DSN out of the error about it.
func redact(err error, dsn string) error {
	return fmt.Errorf("%s", strings.ReplaceAll(err.Error(), dsn, "postgres://…"))
}

// postgresDialect is bun's with our encoding of columns.
type postgresDialect struct {
	*pgdialect.Dialect
	columns
	tables *schema.Tables
}

func newPostgresDialect() *postgresDialect {
	d := &postgresDialect{Dialect: pgdialect.New()}
	d.tables = schema.NewTables(d)
	return d
}
