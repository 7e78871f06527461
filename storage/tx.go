package storage

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/uptrace/bun"
)

// tries bounds how often work is repeated that the database undid.
const tries = 5

// txKey finds the transaction of one database in a context.
type txKey struct{ db *DB }

// A transaction is one try of Tx.
type transaction struct {
	bun.Tx
	committed []func() // drop caches
	undone    []func() // restore what rows in memory were told
}

// Tx runs do in a transaction, which methods of d find in the context that do is
// given; inside another Tx it joins that one. An error of do undoes everything and is
// returned as it is.
//
// do may run more than once: where the database could not serialise it, it is undone
// and repeated. It must have no effect outside the database that cannot be repeated
// (send messages after Tx), should not compute for long (on SQLite it holds the only
// writer), and ends with Options.Timeout.
func (d *DB) Tx(ctx context.Context, do func(ctx context.Context) error) error {
	if d.tx(ctx) != nil {
		return do(ctx)
	}
	return d.repeat(ctx, func(ctx context.Context) error { return d.try(ctx, do) })
}

func (d *DB) tx(ctx context.Context) *transaction {
	t, _ := ctx.Value(txKey{d}).(*transaction)
	return t
}

func (d *DB) try(ctx context.Context, do func(ctx context.Context) error) error {
	t := &transaction{}
	done := false
	defer func() {
		if done {
			return
		}
		for i := len(t.undone) - 1; i >= 0; i-- {
			t.undone[i]()
		}
	}()
	var told error
	err := d.writer.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		t.Tx = tx
		told = do(context.WithValue(ctx, txKey{d}, t))
		return told
	})
	switch {
	case told != nil:
		return told
	case err != nil: // of BEGIN or COMMIT
		return fault(err)
	}
	done = true
	for _, f := range t.committed {
		f()
	}
	return nil
}

// repeat runs do until it is done, the tries are used up or the time is over.
func (d *DB) repeat(ctx context.Context, do func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	for n := 1; ; n++ {
		err := do(ctx)
		if !again(err) || n == tries || !pause(ctx, n) {
			return d.ended(ctx, err)
		}
		d.log.DebugContext(ctx, "storage: trying again", "try", n, "cause", err)
	}
}

// ended says that time was over where a driver only says that it was interrupted.
func (d *DB) ended(ctx context.Context, err error) error {
	if err != nil && !isOutcome(err) && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return unavailable(err)
	}
	return err
}

// pause waits a little, longer each time, and reports whether there is time left.
func pause(ctx context.Context, n int) bool {
	wait := time.Duration(n*n) * (time.Millisecond + rand.N(4*time.Millisecond)) //nolint:gosec // spreads retries, hides nothing
	select {
	case <-time.After(wait):
		return true
	case <-ctx.Done():
		return false
	}
}

// query runs a read on the transaction of ctx, or else on a reader.
func (d *DB) query(ctx context.Context, read func(ctx context.Context, q bun.IDB) error) error {
	from := bun.IDB(d.reader)
	if t := d.tx(ctx); t != nil {
		from = t.Tx
	} else {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d.timeout)
		defer cancel()
	}
	err := fault(read(ctx, from))
	if errors.Is(err, ErrInvalid) {
		return ErrNotFound // no row has such a value
	}
	return d.ended(ctx, err)
}

// exec runs one writing statement on the transaction of ctx, or else on the writer.
func (d *DB) exec(ctx context.Context, write func(ctx context.Context, q bun.IDB) error) error {
	if t := d.tx(ctx); t != nil {
		return fault(write(ctx, t.Tx))
	}
	return fault(d.repeat(ctx, func(ctx context.Context) error { return write(ctx, d.writer) }))
}

// committed runs f once what ctx belongs to is committed: at once outside a Tx.
func (d *DB) committed(ctx context.Context, f func()) {
	if t := d.tx(ctx); t != nil {
		t.committed = append(t.committed, f)
		return
	}
	f()
}

// undone runs f where the batch or transaction of ctx is undone.
func (d *DB) undone(ctx context.Context, f func()) {
	if b := d.batch(ctx); b != nil {
		b.undone = append(b.undone, f)
	} else if t := d.tx(ctx); t != nil {
		t.undone = append(t.undone, f)
	}
}
