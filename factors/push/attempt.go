package push

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"

	"github.com/sallyport-id/sallyport/factors"
)

// A watch sees whether a request had a connection to go over. Without one it was
// certainly not sent, whatever the error says: a firewall that drops packets ends in the
// same time-out as a vendor that thinks for long.
type watch struct{ connected atomic.Bool }

// watched begins a watch over the one request that is made with the context.
func watched(ctx context.Context) (context.Context, *watch) {
	w := &watch{}
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { w.connected.Store(true) },
	}), w
}

// unanswered says what it means for another attempt that a vendor gave no answer.
func (w *watch) unanswered(vendor string, err error) error {
	var request *url.Error
	if errors.As(err, &request) {
		err = request.Err // without the address, which may hold the device's token
	}
	if !w.connected.Load() {
		return fmt.Errorf("%w: %s: %w", factors.ErrUnsent, vendor, err)
	}
	return fmt.Errorf("%s: %w", vendor, err)
}

// answered says what a status means for another attempt. reason is the vendor's own
// word for it.
func answered(vendor string, status int, reason string) error {
	switch {
	case status/100 == 2:
		return nil
	case status == http.StatusTooManyRequests, status/100 == 5:
		return fmt.Errorf("%w: %s: status %d %.80s", factors.ErrUnsent, vendor, status, reason)
	case status/100 == 4:
		return fmt.Errorf("%w: %s: status %d %.80s", factors.ErrUndeliverable, vendor, status, reason)
	}
	return fmt.Errorf("%s: status %d %.80s", vendor, status, reason)
}

// before says it of a step that comes before the notification: where nobody knows how
// it went, the notification at least was not sent.
func before(err error) error {
	if err == nil || errors.Is(err, factors.ErrUnsent) || errors.Is(err, factors.ErrUndeliverable) {
		return err
	}
	return fmt.Errorf("%w: %w", factors.ErrUnsent, err)
}
