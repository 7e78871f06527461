package flows

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
)

// conclude writes what scripts noted about the person in a sign-in without a page, and
// returns the record of it, which is stored with what comes of the sign-in.
func (e *Engine) conclude(ctx context.Context, r *http.Request, l *login, d policy.Decision) (*storage.Decision, error) {
	rec, s := e.witness(ctx, r, l, d), l.state.Scripted
	if d.Need != policy.Done || !l.annotate(s) {
		return rec, nil
	}
	v := &visit{r: r.WithContext(ctx), login: l}
	c := storage.Change{User: l.user, Events: []*storage.Event{e.event(v, "user.changed", map[string]any{"by": "rules", "fields": s.annotated()})}}
	err := e.db.Commit(ctx, c)
	if errors.Is(err, storage.ErrConflict) {
		// Somebody else changed the person at the same moment: theirs first, then ours.
		if l.user, err = e.db.UserByID(ctx, l.user.ID); err != nil {
			return nil, fmt.Errorf("user: %w", err)
		}
		l.annotate(s)
		c.User = l.user
		err = e.db.Commit(ctx, c)
	}
	if err != nil {
		return nil, fmt.Errorf("sign-in: %w", err)
	}
	return rec, nil
}

// turnedAway ends a request that may show no page, or that nobody can meet. Where scripts
// or policies denied it, that is written down.
func (e *Engine) turnedAway(ctx context.Context, r *http.Request, l *login, d policy.Decision) error {
	refused := l.refused(d)
	if d.Need != policy.Deny || l.user == nil {
		return refused
	}
	v := &visit{r: r.WithContext(ctx), login: l}
	c := storage.Change{Decision: e.witness(ctx, r, l, d), Events: []*storage.Event{e.event(v, "login.denied", l.denial(d))}}
	if err := e.db.Commit(ctx, c); err != nil {
		return fmt.Errorf("sign-in: %w", err)
	}
	return refused
}
