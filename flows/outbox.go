package flows

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
)

const (
	sendsAtOnce = 8
	sendsKept   = 256 // that wait for one of those in memory; others wait in the table

	// sendTimeout bounds one attempt. An attempt that was begun longer ago than
	// abandonAfter ended with its process.
	sendTimeout  = 30 * time.Second
	abandonAfter = 45 * time.Second

	lookEvery   = 2 * time.Second
	letterLife  = 24 * time.Hour
	channelMail = "mail"
)

// pauses are the waits before further attempts at what was certainly not sent.
var pauses = []time.Duration{time.Second, 4 * time.Second, 15 * time.Second, time.Minute, 10 * time.Minute, time.Hour}

// A parcel is what a row of the table messages holds: a factor's message for its
// vendor, or a letter.
type parcel struct {
	UserID  string           `json:"user_id,omitempty"`
	LoginID string           `json:"login_id,omitempty"` // that waits for it
	Message *factors.Message `json:"message,omitempty"`
	Letter  *letter          `json:"letter,omitempty"`
}

type letter struct {
	To      string `json:"to"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
	HTML    string `json:"html"`
}

// An outbox sends what was stored together with the change that caused it, beside the
// request, so that neither a slow vendor nor the existence of an account shows in the
// time of an answer. A row is claimed before anything leaves: what was claimed and not
// finished, because the process ended, is given up and never sent again.
type outbox struct {
	db      *storage.DB
	factors *factors.Registry
	mailer  Mailer
	log     *slog.Logger
	now     func() time.Time

	slots chan struct{} // under way
	queue chan struct{} // and those that wait
	all   sync.WaitGroup
}

func (e *Engine) newOutbox(m Mailer) *outbox {
	return &outbox{
		db: e.db, factors: e.factors, mailer: m, log: e.log, now: e.now,
		slots: make(chan struct{}, sendsAtOnce), queue: make(chan struct{}, sendsKept),
	}
}

// row makes the row of a parcel; it is worth nothing after expires.
func (o *outbox) row(id, channel string, p parcel, expires time.Time) (*storage.Message, error) {
	b, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("message: %w", err)
	}
	return &storage.Message{ID: id, Channel: channel, Payload: b, ExpiresAt: expires}, nil
}

// kick sends rows that were stored just now. More than can wait are left to watch.
func (o *outbox) kick(rows []*storage.Message) {
	for _, m := range rows {
		o.take(m.ID)
	}
}

func (o *outbox) take(id string) bool {
	select {
	case o.queue <- struct{}{}:
	default:
		return false
	}
	o.all.Go(func() {
		defer func() { <-o.queue }()
		o.slots <- struct{}{}
		defer func() { <-o.slots }()
		ctx, cancel := context.WithTimeout(context.Background(), 2*sendTimeout)
		defer cancel()
		if err := o.attempt(ctx, id); err != nil && !errors.Is(err, storage.ErrSpent) {
			o.log.Error("message not handled", "message_id", id, "error", err)
		}
	})
	return true
}

// watch sends what waits in the table until ctx ends: second attempts, and what a
// process left when it ended.
func (o *outbox) watch(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		if err := o.look(ctx); err != nil && ctx.Err() == nil {
			o.log.ErrorContext(ctx, "messages not read", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

func (o *outbox) look(ctx context.Context) error {
	if err := o.db.Tx(ctx, o.abandon); err != nil {
		return err
	}
	due, err := o.db.DueMessages(ctx, sendsKept)
	for _, id := range due {
		if !o.take(id) {
			break
		}
	}
	return err
}

// abandon gives up what a process that ended was sending, and says so.
func (o *outbox) abandon(ctx context.Context) error {
	lost, err := o.db.AbandonMessages(ctx, o.now().Add(-abandonAfter))
	if err != nil {
		return err
	}
	for _, id := range lost {
		if err := o.tell(ctx, "message.failed", id, "", map[string]any{"reason": "the process ended while it was sent"}); err != nil {
			return err
		}
	}
	return nil
}

// attempt sends one message, unless somebody else does.
func (o *outbox) attempt(ctx context.Context, id string) error {
	m, err := o.db.ClaimMessage(ctx, id)
	if err != nil {
		return err
	}
	var p parcel
	if err := json.Unmarshal(m.Payload, &p); err != nil {
		return errors.Join(err, o.db.FinishMessage(ctx, id, storage.MessageFailed))
	}
	if m.Attempts > 1 || o.now().Sub(m.CreatedAt) >= lateAfter {
		awaited, err := o.awaited(ctx, id, p)
		if err != nil {
			return err
		}
		if !awaited {
			data := map[string]any{"channel": m.Channel, "attempts": m.Attempts, "reason": "nobody waits for it any more"}
			return o.finish(ctx, m, storage.MessageFailed, p, data)
		}
	}
	sending, cancel := context.WithTimeout(ctx, sendTimeout)
	fault := o.send(sending, p)
	cancel()
	data := map[string]any{"channel": m.Channel, "attempts": m.Attempts}
	if fault == nil {
		return o.finish(ctx, m, storage.MessageSent, p, data)
	}
	if errors.Is(fault, factors.ErrUnsent) && !errors.Is(fault, factors.ErrUndeliverable) && m.Attempts <= len(pauses) {
		if again := o.now().Add(pauses[m.Attempts-1]); again.Before(m.ExpiresAt) {
			o.log.WarnContext(ctx, "message not sent yet", "message_id", id, "channel", m.Channel, "error", fault)
			return o.db.DeferMessage(ctx, id, again)
		}
	}
	o.log.ErrorContext(ctx, "message not sent", "message_id", id, "channel", m.Channel, "error", fault)
	data["reason"] = fault.Error()
	return o.finish(ctx, m, storage.MessageFailed, p, data)
}

// awaited reports whether somebody still waits for a message that is late: a person who
// has asked for a new code, or went another way, does not want the old one too.
func (o *outbox) awaited(ctx context.Context, id string, p parcel) (bool, error) {
	if p.LoginID == "" {
		return true, nil
	}
	view, err := o.db.LoginByID(ctx, p.LoginID)
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	var s state
	if err == nil && view.Login.DoneAt.IsZero() {
		err = json.Unmarshal(view.Login.State, &s)
	}
	return s.Message == id, err
}

func (o *outbox) send(ctx context.Context, p parcel) error {
	if l := p.Letter; l != nil {
		if o.mailer == nil {
			return fmt.Errorf("%w: there is no mail server", factors.ErrUndeliverable)
		}
		return o.mailer.Send(ctx, l.To, l.Subject, l.Text, l.HTML)
	}
	courier, ok := o.factors.Get(p.Message.Factor).(factors.Courier)
	if !ok {
		return fmt.Errorf("%w: %s sends nothing", factors.ErrUndeliverable, p.Message.Factor)
	}
	return courier.Send(ctx, *p.Message)
}

func (o *outbox) finish(ctx context.Context, m *storage.Message, state string, p parcel, data map[string]any) error {
	kind := map[string]string{storage.MessageSent: "message.sent", storage.MessageFailed: "message.failed"}[state]
	return o.db.Tx(ctx, func(ctx context.Context) error {
		if err := o.db.FinishMessage(ctx, m.ID, state); err != nil {
			return err
		}
		return o.tell(ctx, kind, m.ID, p.UserID, data)
	})
}

func (o *outbox) tell(ctx context.Context, kind, id, userID string, data map[string]any) error {
	data["message_id"] = id
	return o.db.AddEvents(ctx, &storage.Event{ID: storage.NewID("evt"), At: o.now(), Type: kind, Actor: "provider", UserID: userID, Data: data})
}

// wait returns when nothing is under way any more, or ctx ends.
func (o *outbox) wait(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		o.all.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
