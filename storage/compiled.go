package storage

import (
	"cmp"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun/schema"
)

// SQLite compiles a statement for longer than it takes to write a row, so those of a batch
// are kept compiled. bun writes values into its text; aside keeps the text the same.

const (
	// maxCompiled bounds the statements that are kept. Few are written often.
	maxCompiled = 256
	// maxAside bounds the values of a kept statement: a longer one is hardly the same twice,
	// has its values in its text, and is used once.
	maxAside = 200
)

// aside is the dialect in which texts, bytes and times of a statement become placeholders.
type aside struct {
	*sqliteDialect
	values []driver.NamedValue
}

func (a *aside) put(b []byte, v driver.Value) []byte {
	a.values = append(a.values, driver.NamedValue{Ordinal: len(a.values) + 1, Value: v})
	return append(b, '?')
}

func (a *aside) AppendTime(b []byte, t time.Time) []byte { return a.put(b, t.UnixMicro()) }
func (a *aside) AppendJSON(b, v []byte) []byte           { return a.AppendString(b, string(v)) }

func (a *aside) AppendString(b []byte, s string) []byte {
	if strings.IndexByte(s, 0) >= 0 {
		return append(b, nulRefused...)
	}
	return a.put(b, s)
}

func (a *aside) AppendBytes(b, v []byte) []byte {
	if len(v) == 0 {
		return a.sqliteDialect.AppendBytes(b, v)
	}
	return a.put(b, v)
}

// A compilable is a part of a batch for SQLite.
type compilable struct {
	text      string
	values    []driver.NamedValue
	otherwise error
	once      bool
}

func (d *DB) compilable(p part) (compilable, error) {
	to := &aside{sqliteDialect: d.lite}
	text, err := p.query.AppendQuery(schema.NewQueryGen(to), nil)
	once := len(to.values) > maxAside
	if err == nil && once {
		to.values = nil
		text, err = p.query.AppendQuery(d.writer.QueryGen(), nil)
	}
	if err != nil {
		return compilable{}, fmt.Errorf("storage: %w", err)
	}
	return compilable{string(text), to.values, p.otherwise, once}, nil
}

// compiled sends a batch to SQLite.
func (d *DB) compiled(ctx context.Context, parts ...part) error {
	all := make([]compilable, len(parts))
	for i, p := range parts {
		var err error
		if all[i], err = d.compilable(p); err != nil {
			return err
		}
	}
	counted(ctx)
	if t := d.tx(ctx); t != nil {
		return fault(runAll(all, func(c compilable) (driver.Result, error) {
			args := make([]any, len(c.values))
			for i, v := range c.values {
				args[i] = v.Value
			}
			return t.Tx.Tx.ExecContext(ctx, c.text, args...)
		}))
	}
	return d.repeat(ctx, func(ctx context.Context) error {
		conn, err := d.writer.DB.Conn(ctx)
		if err != nil {
			return fault(err)
		}
		defer func() { _ = conn.Close() }() // gives it back
		return fault(conn.Raw(func(raw any) error {
			// Not ctx: the driver would start a goroutine for each statement to watch it.
			// None of them waits but the first, and that for busy_timeout at most.
			return raw.(*keeper).transact(context.WithoutCancel(ctx), all) //nolint:errcheck,forcetypeassert // pool made it
		}))
	})
}

// runAll runs statements one after another until one fails or changes no row where it has to.
func runAll(all []compilable, run func(compilable) (driver.Result, error)) error {
	for _, c := range all {
		result, err := run(c)
		if err != nil {
			return err
		}
		if c.otherwise == nil {
			continue
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return cmp.Or(err, c.otherwise)
		}
	}
	return nil
}

// A keeper is a connection with the statements that it compiled, which end before it does:
// else it and its files would stay open.
type keeper struct {
	liteConn
	all map[string]driver.Stmt
}

// liteConn is what database/sql uses of SQLite's driver.
type liteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

func (k *keeper) Close() error {
	k.forget()
	return k.liteConn.Close()
}

// A connector connects keepers.
type connector struct{ driver.Connector }

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &keeper{conn.(liteConn), map[string]driver.Stmt{}}, nil //nolint:errcheck,forcetypeassert // SQLite's driver has it
}

// transact runs statements in a transaction, where they are more than one.
func (k *keeper) transact(ctx context.Context, all []compilable) error {
	run := func(c compilable) (driver.Result, error) { return k.run(ctx, c) }
	if len(all) == 1 {
		return runAll(all, run)
	}
	if _, err := run(compilable{text: "BEGIN IMMEDIATE"}); err != nil {
		return err
	}
	err := runAll(all, run)
	if err == nil {
		_, err = run(compilable{text: "COMMIT"})
	}
	if err == nil {
		return nil
	}
	if _, undo := run(compilable{text: "ROLLBACK"}); undo != nil {
		return errors.Join(err, driver.ErrBadConn) // it may be in a transaction still: away with it
	}
	return err
}

func (k *keeper) run(ctx context.Context, c compilable) (driver.Result, error) {
	s := k.all[c.text]
	if s == nil {
		var err error
		if s, err = k.PrepareContext(ctx, c.text); err != nil {
			return nil, err
		}
		if c.once {
			defer func() { _ = s.Close() }() // it says what its run said
		} else {
			k.keep(c.text, s)
		}
	}
	return s.(driver.StmtExecContext).ExecContext(ctx, c.values) //nolint:errcheck,forcetypeassert // as above
}

func (k *keeper) keep(text string, s driver.Stmt) {
	if len(k.all) >= maxCompiled {
		k.forget()
	}
	k.all[text] = s
}

func (k *keeper) forget() {
	for text, s := range k.all {
		_ = s.Close() // it says what its last run said
		delete(k.all, text)
	}
}
