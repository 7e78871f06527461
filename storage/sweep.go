package storage

import (
	"context"
	"errors"
	"time"

	"github.com/uptrace/bun"
)

const (
	sweepMost = 1000
	// keptAfter is how long a row stays after its end: a code or token that is
	// presented again is still recognised as used, not merely unknown.
	keptAfter = time.Hour
	// pendingFor is how long an authenticator may wait to be confirmed; its login is
	// over long before.
	pendingFor = 24 * time.Hour
	// importLeft is how long it stays how far the import of a job came: longer than any
	// job lives. Those of the command line stay for good.
	importLeft = 7 * 24 * time.Hour
)

// Sweep removes rows that are over: expired grants, logins, sessions, tickets,
// messages, browsers, records of decisions, jobs and their imports, questions at devices and signing keys, full limits and
// authenticators that were never confirmed, at most batch (1 to 1000) of each kind, and
// returns how many. The audit log stays. Call it again while it returns more than 0;
// several nodes may do so at once.
func (d *DB) Sweep(ctx context.Context, batch int) (int, error) {
	batch = min(max(batch, 1), sweepMost)
	total := 0
	for _, over := range d.sweeps() {
		n, err := d.affected(ctx, func(q bun.IDB) statement {
			return q.NewRaw("DELETE FROM ?0 WHERE ?1 IN (SELECT ?1 FROM ?0 WHERE ?2 LIMIT ?3)",
				bun.Ident(over.table), bun.Ident(over.key), bun.SafeQuery(over.where, over.before), batch)
		})
		if errors.Is(err, ErrUnavailable) && again(err) {
			continue // another node sweeps the same rows
		}
		if err != nil {
			return total, err
		}
		total += int(n)
	}
	return total, nil
}

type sweep struct {
	table, key, where string
	before            time.Time
}

func (d *DB) sweeps() []sweep {
	now := d.now()
	return []sweep{
		{"grants", "key", "expires_at < ?", now.Add(-keptAfter)},
		{"logins", "id", "expires_at < ?", now.Add(-keptAfter)},
		{"sessions", "id", "expires_at < ?0 OR ended_at < ?0", now.Add(-keptAfter)},
		{"tickets", "key", "expires_at < ?", now.Add(-keptAfter)},
		{"browsers", "id", "expires_at < ?", now},
		{"decisions", "id", "expires_at < ?", now},
		{"transactions", "authenticator_id", "expires_at < ?", now.Add(-keptAfter)},
		{"limits", "key", "tat < ?", now},
		{"jobs", "id", "expires_at < ?", now},
		{"imports", "id", "id LIKE 'job@_%' ESCAPE '@' AND updated_at < ?", now.Add(-importLeft)},
		{"messages", "id", "expires_at < ?", now.Add(-keptAfter)},
		{"signing_keys", "id", "expires_at < ?", now.Add(-keptAfter)},
		{"authenticators", "id", "confirmed_at IS NULL AND created_at < ?", now.Add(-pendingFor)},
	}
}
