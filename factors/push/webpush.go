package push

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/SherClockHolmes/webpush-go"

	"github.com/sallyport-id/sallyport/factors"
)

// pushTimeout bounds one attempt: a person waits for it.
const pushTimeout = 4 * time.Second

// recordSize is how long every message is, so that its length says nothing. Push
// services have to take 4096 bytes (RFC 8030, section 7.2).
const recordSize = 2048

// webPush notifies browsers by Web Push: RFC 8030, encrypted for the browser by RFC
// 8291, signed for the push service by RFC 8292.
type webPush struct {
	config WebPush
	public string // applicationServerKey; empty: nobody is notified
	http   *http.Client
}

// A pushed is what the browser reads.
type pushed struct {
	ID    string          `json:"id"`
	Title string          `json:"title"`
	Body  string          `json:"body"`
	Data  json.RawMessage `json:"data,omitempty"`
}

// send implements sender. The token is the PushSubscription of the browser, in JSON.
func (w *webPush) send(ctx context.Context, _, token string, n note) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: web push: %w", factors.ErrUnsent, err)
	}
	s, err := w.subscription(token)
	left := time.Until(n.Expires)
	switch {
	case err != nil:
		return fmt.Errorf("%w: web push: %w", factors.ErrUndeliverable, err)
	case w.public == "":
		return fmt.Errorf("%w: web push: there is no key", factors.ErrUndeliverable)
	case left <= 0:
		return fmt.Errorf("%w: web push: it is too late", factors.ErrUndeliverable)
	}
	text, err := json.Marshal(pushed{n.ID, n.Title, n.Body, n.Data})
	if err != nil {
		return fmt.Errorf("%w: web push: %w", factors.ErrUndeliverable, err)
	}
	topic := sha256.Sum256([]byte(n.ID))
	res, err := webpush.SendNotificationWithContext(ctx, text, s, &webpush.Options{
		HTTPClient: w.http, RecordSize: recordSize, TTL: int(math.Ceil(left.Seconds())), Urgency: webpush.UrgencyHigh,
		// A second attempt takes the place of the first (RFC 8030, section 5.4).
		Topic:          base64.RawURLEncoding.EncodeToString(topic[:])[:32],
		Subscriber:     strings.TrimPrefix(w.config.Subject, "mailto:"), // the library writes that
		VAPIDPublicKey: w.public, VAPIDPrivateKey: w.config.PrivateKey,
	})
	if err != nil {
		return unpushed(err)
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // only the status counts
	_ = res.Body.Close()
	return ofPushService(res.StatusCode)
}

// unpushed says what it means for another attempt that there was no answer. The address
// in the library's error is left out: whoever knows it can notify the browser.
func unpushed(err error) error {
	var sent *url.Error
	if !errors.As(err, &sent) {
		return fmt.Errorf("%w: web push: %w", factors.ErrUndeliverable, err)
	}
	var op *net.OpError
	var dns *net.DNSError
	if errors.As(err, &op) && op.Op == "dial" || errors.As(err, &dns) {
		return fmt.Errorf("%w: web push: %w", factors.ErrUnsent, sent.Err)
	}
	return fmt.Errorf("web push: %w", sent.Err)
}

// ofPushService says what an answer means for another attempt.
func ofPushService(status int) error {
	switch {
	case status/100 == 2:
		return nil
	case status == http.StatusTooManyRequests, status >= 500:
		return fmt.Errorf("%w: web push: status %d", factors.ErrUnsent, status)
	case status == http.StatusBadRequest, status == http.StatusUnauthorized, status == http.StatusForbidden,
		status == http.StatusNotFound, status == http.StatusGone, status == http.StatusRequestEntityTooLarge:
		return fmt.Errorf("%w: web push: status %d", factors.ErrUndeliverable, status)
	}
	return fmt.Errorf("web push: status %d", status)
}
