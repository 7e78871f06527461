package flows

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	mailsAtOnce = 4
	mailsQueued = 256
	mailTries   = 3
	mailTimeout = 30 * time.Second
	mailPause   = 2 * time.Second
)

// An outbox sends mails beside the requests that caused them, so that neither a slow
// server nor the existence of an account shows in the time of an answer.
type outbox struct {
	mailer Mailer
	log    *slog.Logger
	slots  chan struct{} // mails under way
	queue  chan struct{} // and those that wait
	all    sync.WaitGroup
}

func newOutbox(m Mailer, log *slog.Logger) *outbox {
	return &outbox{mailer: m, log: log, slots: make(chan struct{}, mailsAtOnce), queue: make(chan struct{}, mailsQueued)}
}

// send takes a mail on. More than can wait are dropped and logged: a flood of them is
// an attack on the mailboxes.
func (o *outbox) send(to, subject, text, html string) {
	if o.mailer == nil {
		return
	}
	select {
	case o.queue <- struct{}{}:
	default:
		o.log.Error("mail dropped: too many are waiting")
		return
	}
	o.all.Go(func() {
		defer func() { <-o.queue }()
		o.slots <- struct{}{}
		defer func() { <-o.slots }()
		o.try(to, subject, text, html)
	})
}

func (o *outbox) try(to, subject, text, html string) {
	var err error
	for i := range mailTries {
		time.Sleep(time.Duration(i) * mailPause)
		ctx, cancel := context.WithTimeout(context.Background(), mailTimeout)
		err = o.mailer.Send(ctx, to, subject, text, html)
		cancel()
		if err == nil {
			return
		}
	}
	o.log.Error("mail not sent", "error", err)
}

// wait returns when all mails are sent, or ctx ends.
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
