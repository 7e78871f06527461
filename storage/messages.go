package storage

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"
)

// States of a message.
const (
	MessageWaiting = "waiting"
	MessageSending = "sending"
	MessageSent    = "sent"
	MessageFailed  = "failed"
)

// AddMessages stores messages that wait to be sent. It assigns CreatedAt and DueAt
// where they are zero, and State.
func (d *DB) AddMessages(ctx context.Context, messages ...*Message) error {
	if len(messages) == 0 {
		return nil
	}
	rows := make([]*Message, len(messages))
	for i, m := range messages {
		if m.CreatedAt.IsZero() {
			m.CreatedAt = d.now()
		}
		if m.DueAt.IsZero() {
			m.DueAt = m.CreatedAt
		}
		m.State = MessageWaiting
		row := *m
		var err error
		if row.Payload, err = d.seal(messagePayload, m.ID, m.Payload); err != nil {
			return err
		}
		rows[i] = &row
	}
	return d.insert(ctx, &rows)
}

// ClaimMessage takes a message on: of any number of concurrent calls one succeeds.
//
// Errors: ErrSpent where it does not wait any more, is not due or has expired.
func (d *DB) ClaimMessage(ctx context.Context, id string) (*Message, error) {
	rows := []*Message{}
	now := d.now()
	err := d.exec(ctx, func(ctx context.Context, q bun.IDB) error {
		rows = rows[:0]
		_, err := q.NewUpdate().Model((*Message)(nil)).
			Set("state = ?", MessageSending).Set("attempts = attempts + 1").Set("claimed_at = ?", now).
			Where("id = ?", id).Where("state = ?", MessageWaiting).Where("due_at <= ?", now).Where("expires_at > ?", now).
			Returning("*").Exec(ctx, &rows)
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, ErrSpent
	}
	rows[0].Payload, err = d.open(messagePayload, id, rows[0].Payload)
	return rows[0], err
}

// FinishMessage says what became of a claimed message. What it held is dropped.
func (d *DB) FinishMessage(ctx context.Context, id, state string) error {
	return d.some(ctx, func(q bun.IDB) statement {
		return q.NewUpdate().Model((*Message)(nil)).Set("state = ?", state).Set("payload = NULL").
			Where("id = ?", id).Where("state = ?", MessageSending)
	})
}

// DeferMessage puts a claimed message back, to be claimed again at due.
func (d *DB) DeferMessage(ctx context.Context, id string, due time.Time) error {
	return d.some(ctx, func(q bun.IDB) statement {
		return q.NewUpdate().Model((*Message)(nil)).Set("state = ?", MessageWaiting).Set("due_at = ?", due).
			Where("id = ?", id).Where("state = ?", MessageSending)
	})
}

// DueMessages are the ids of messages that could be claimed now, the oldest first.
func (d *DB) DueMessages(ctx context.Context, most int) ([]string, error) {
	now := d.now()
	rows, err := all[Message](ctx, d, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Column("id").Where("state = ?", MessageWaiting).Where("due_at <= ?", now).Where("expires_at > ?", now).
			OrderExpr("due_at").Limit(int64(most))
	})
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(rows))
	for i, m := range rows {
		ids[i] = m.ID
	}
	return ids, nil
}

// MessageState is what has become of a message.
//
// Errors: ErrNotFound.
func (d *DB) MessageState(ctx context.Context, id string) (string, error) {
	m, err := first[Message](ctx, d, "id = ?", id)
	if err != nil {
		return "", err
	}
	return m.State, nil
}

// AbandonMessages gives up messages that were claimed before a moment and never
// finished: nobody knows whether they left, so they are not sent again. It returns
// their ids.
func (d *DB) AbandonMessages(ctx context.Context, before time.Time) ([]string, error) {
	rows := []*Message{}
	err := d.exec(ctx, func(ctx context.Context, q bun.IDB) error {
		rows = rows[:0]
		_, err := q.NewUpdate().Model((*Message)(nil)).Set("state = ?", MessageFailed).Set("payload = NULL").
			Where("state = ?", MessageSending).Where("claimed_at < ?", before).Returning("*").Exec(ctx, &rows)
		return err
	})
	ids := make([]string, len(rows))
	for i, m := range rows {
		ids[i] = m.ID
	}
	slices.Sort(ids)
	return ids, err
}
