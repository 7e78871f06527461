package storage

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/uptrace/bun"
)

// A SessionView is a session with what a request needs beside it.
type SessionView struct {
	Session *Session
	User    *User
	Consent *Consent // for the client that was asked about; nil: none
	Person  *Person  // User with the rest; nil where that was not asked for
}

// CreateSession stores a new session. It assigns ID where that is empty, CreatedAt
// and LastSeenAt where those are zero, and Version.
//
// Errors: ErrConflict where the id or key is in use, ErrNotFound without the user.
func (d *DB) CreateSession(ctx context.Context, s *Session) error {
	if s.ID == "" {
		s.ID = NewID("ses")
	}
	if s.CreatedAt.IsZero() {
		s.CreatedAt = d.now()
	}
	if s.LastSeenAt.IsZero() {
		s.LastSeenAt = s.CreatedAt
	}
	s.Version = 1
	return d.insert(ctx, s)
}

type sessionRow struct {
	Session Session `bun:"embed:s_"`
	User    User    `bun:"embed:u_"`
	Consent Consent `bun:"embed:c_"`
}

// sessionQuery takes values, or the names of placeholders.
func (d *DB) sessionQuery(q bun.IDB, key, clientID, now any) *bun.SelectQuery {
	return q.NewSelect().ColumnExpr("?", d.prefixed("s", &Session{})).ColumnExpr("?", d.prefixed("u", &User{})).
		ColumnExpr("?", d.prefixed("c", &Consent{})).TableExpr("sessions AS s").
		Join("JOIN users AS u ON u.id = s.user_id").
		Join("LEFT JOIN consents AS c ON c.user_id = s.user_id AND c.client_id = ?", clientID).
		Where("s.key = ?", key).Where("s.ended_at IS NULL").Where("s.expires_at > ?", now)
}

// SessionByKey finds a session that is neither ended nor expired, with its user and
// the user's consent for the client, in one query. Idle lifetimes are the caller's.
//
// Errors: ErrNotFound.
func (d *DB) SessionByKey(ctx context.Context, key []byte, clientID string) (*SessionView, error) {
	var row sessionRow
	err := d.query(ctx, func(ctx context.Context, q bun.IDB) error {
		if d.sessionByKey != nil && d.tx(ctx) == nil {
			return d.sessionByKey.scan(ctx, d.reader, &row, key, clientID, d.now().UnixMicro())
		}
		return d.sessionQuery(q, key, clientID, d.now()).Scan(ctx, &row)
	})
	if err != nil {
		return nil, err
	}
	view := &SessionView{Session: &row.Session, User: &row.User}
	if row.Consent.UserID != "" {
		view.Consent = &row.Consent
	}
	return view, nil
}

// A sessionLine is a session with one of the user's authenticators.
type sessionLine struct {
	Session Session `bun:"embed:s_"`
	Consent Consent `bun:"embed:c_"`
	personLine
}

// SessionWithPerson finds a session as SessionByKey does, with the person as PersonByID
// does, in one query.
//
// Errors: ErrNotFound.
func (d *DB) SessionWithPerson(ctx context.Context, key []byte, clientID string) (*SessionView, error) {
	var lines []sessionLine
	err := d.query(ctx, func(ctx context.Context, q bun.IDB) error {
		lines = lines[:0]
		if d.sessionWithPerson != nil && d.tx(ctx) == nil {
			return d.sessionWithPerson.scanAll(ctx, d.reader, &lines, key, clientID, d.now().UnixMicro())
		}
		return d.withPerson(d.sessionQuery(q, key, clientID, d.now())).Scan(ctx, &lines)
	})
	if err == nil && len(lines) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	persons := make([]personLine, len(lines))
	for i := range lines {
		persons[i] = lines[i].personLine
	}
	p, err := d.personOf(persons)
	if err != nil {
		return nil, err
	}
	view := &SessionView{Session: &lines[0].Session, User: p.User, Person: p}
	if lines[0].Consent.UserID != "" {
		view.Consent = &lines[0].Consent
	}
	return view, nil
}

// UpdateSession stores all of s but CreatedAt, where its Version is that of the
// table, and advances Version. A new Key makes the old cookie worthless.
//
// Errors: ErrConflict where the session has changed or is gone, or the key is in use.
func (d *DB) UpdateSession(ctx context.Context, s *Session) error {
	return d.versioned(ctx, &s.Version, func() error { return d.update(ctx, s, s.ID, s.Version) })
}

// TouchSession notes that the session was seen at that time. It leaves Version alone
// and never goes back in time.
func (d *DB) TouchSession(ctx context.Context, id string, at time.Time) error {
	return d.some(ctx, func(q bun.IDB) statement {
		return q.NewUpdate().Model((*Session)(nil)).Set("last_seen_at = ?", at).Where("id = ?", id).Where("last_seen_at < ?", at)
	})
}

// AddSessionClient notes that a client was signed in to with the session and advances
// its Version: a *Session read before is out of date. Where the client is noted
// already, nothing changes.
//
// Errors: ErrNotFound, ErrConflict where it kept changing at the same moment.
func (d *DB) AddSessionClient(ctx context.Context, id, clientID string) error {
	for range tries {
		s, err := first[Session](ctx, d, "id = ?", id)
		if err != nil || slices.Contains(s.Clients, clientID) {
			return err
		}
		clients, err := json.Marshal(append(s.Clients, clientID))
		if err != nil {
			return err
		}
		err = d.must(ctx, ErrConflict, func(q bun.IDB) statement {
			return q.NewUpdate().Model((*Session)(nil)).Set("clients = ?", string(clients)).Set("version = version + 1").
				Where("id = ?", id).Where("version = ?", s.Version)
		})
		if !errors.Is(err, ErrConflict) {
			return err
		}
	}
	return ErrConflict
}

// EndSession ends a session and revokes the grants that live with it. Refresh tokens
// with offline access have no SessionID and stay. Ending what is ended is no error.
func (d *DB) EndSession(ctx context.Context, id string) error {
	return d.Tx(ctx, func(ctx context.Context) error {
		_, err := d.affected(ctx, func(q bun.IDB) statement {
			return q.NewUpdate().Model((*Session)(nil)).Set("ended_at = ?", d.now()).Set("version = version + 1").
				Where("id = ?", id).Where("ended_at IS NULL")
		})
		if err != nil {
			return err
		}
		_, err = d.revoke(ctx, "session_id = ?", id)
		return err
	})
}

// EndSessions ends all sessions of a user but one ("" for none) as EndSession does.
func (d *DB) EndSessions(ctx context.Context, userID, exceptID string) error {
	return d.Tx(ctx, func(ctx context.Context) error {
		_, err := d.affected(ctx, func(q bun.IDB) statement {
			return q.NewUpdate().Model((*Session)(nil)).Set("ended_at = ?", d.now()).Set("version = version + 1").
				Where("user_id = ?", userID).Where("id <> ?", exceptID).Where("ended_at IS NULL")
		})
		if err != nil {
			return err
		}
		if err := d.DeleteBrowsers(ctx, userID); err != nil {
			return err
		}
		_, err = d.revoke(ctx, "user_id = ? AND session_id IS NOT NULL AND session_id <> ?", userID, exceptID)
		return err
	})
}

// Sessions lists a user's sessions that are neither ended nor expired, the newest
// first.
func (d *DB) Sessions(ctx context.Context, userID string) ([]*Session, error) {
	return all[Session](ctx, d, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("user_id = ?", userID).Where("ended_at IS NULL").Where("expires_at > ?", d.now()).OrderExpr("id DESC")
	})
}

// SessionByID finds a session that is neither ended nor expired. Errors: ErrNotFound.
func (d *DB) SessionByID(ctx context.Context, id string) (*Session, error) {
	return first[Session](ctx, d, "id = ? AND ended_at IS NULL AND expires_at > ?", id, d.now())
}
