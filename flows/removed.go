package flows

import (
	"context"
	"fmt"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
)

// RemoveAuthenticator removes one of u's authenticators, as an administrator wants it, and
// tells u by mail. Browsers in which u is remembered are remembered no more: what was
// shown in them may be what is gone.
//
// Errors: those of storage.Commit.
func (e *Engine) RemoveAuthenticator(ctx context.Context, u *storage.User, a *factors.Authenticator, event *storage.Event) error {
	l := &login{row: &storage.Login{}, user: u}
	c := e.removal(u.ID, a)
	c.Events = []*storage.Event{event}
	e.tellOf(l, mailRemoved, a.Factor)
	c.Messages = l.out
	if err := e.db.Commit(ctx, c); err != nil {
		return fmt.Errorf("authenticator: %w", err)
	}
	return nil
}
