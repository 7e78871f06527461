package email

import (
	"context"
	"fmt"
	"net/mail"
)

// A Mailer sends messages, each over a connection of its own. It is safe for concurrent
// use.
type Mailer struct {
	config Config
	from   *mail.Address
}

// New checks c. Its error names the key and what to use instead.
func New(c Config) (*Mailer, error) {
	c = c.withDefaults()
	if err := c.check(); err != nil {
		return nil, err
	}
	from, err := parseAddress(c.From)
	if err != nil {
		return nil, fmt.Errorf("from: %q: %w; use one such as Example <noreply@example.org>", c.From, err)
	}
	return &Mailer{config: c, from: from}, nil
}

// Send returns when the server has taken the message over, or has not. An error with
// ErrPermanent in its chain needs no other attempt.
func (m *Mailer) Send(ctx context.Context, to, subject, text, html string) error {
	l, err := newLetter(m.from, to, subject, text, html)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, m.config.Timeout)
	defer cancel()
	return m.deliver(ctx, l)
}
