package email

import (
	"context"
	"errors"
	"fmt"

	"github.com/sallyport-id/sallyport/factors"
)

// A Fallback sends by the first of several mailers that takes a message. The next one is
// asked only where the one before certainly has not taken it, so that nothing is sent
// twice.
type Fallback []*Mailer

// Send is as Mailer.Send.
func (f Fallback) Send(ctx context.Context, to, subject, text, html string) error {
	err := fmt.Errorf("email: %w: no server", factors.ErrUnsent)
	for _, m := range f {
		if err = m.Send(ctx, to, subject, text, html); err == nil || !errors.Is(err, factors.ErrUnsent) {
			break
		}
	}
	return err
}
