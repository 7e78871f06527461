package flows

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
)

// A Device is an authenticator that speaks for itself.
type Device struct {
	a      *factors.Authenticator
	pairer factors.Pairer
}

// Device finds the device of an authenticator by the credential that it shows.
//
// Errors: ErrGone where there is none, factors.ErrWrong where it is not its credential.
func (e *Engine) Device(ctx context.Context, id, credential string, audiences []string) (*Device, error) {
	a, err := e.db.AuthenticatorByID(ctx, id)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, ErrGone
	}
	if err != nil {
		return nil, fmt.Errorf("authenticator: %w", err)
	}
	pairer, ok := e.factors.Get(a.Factor).(factors.Pairer)
	if !ok {
		return nil, ErrGone
	}
	return &Device{a, pairer}, pairer.Recognise(a, credential, audiences, e.now())
}

// Question is what is open at d, as JSON; nil for nothing.
func (e *Engine) Question(r *http.Request, d *Device) ([]byte, error) {
	t, err := e.db.TransactionAt(r.Context(), d.a.ID)
	if errors.Is(err, storage.ErrNotFound) || err == nil && !e.now().Before(t.ExpiresAt) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("transaction: %w", err)
	}
	v, _, err := e.asked(r, t)
	if errors.Is(err, ErrGone) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return d.pairer.Tell(v.login.state.Challenge), nil
}

// Amend changes what is known of d, where change is not empty, and returns it as JSON.
//
// Errors: factors.ErrWrong in a *factors.Malformed; storage.ErrConflict.
func (e *Engine) Amend(r *http.Request, d *Device, change []byte) ([]byte, error) {
	about, err := d.pairer.Amend(d.a, change)
	if err != nil || len(change) == 0 {
		return about, err
	}
	event, err := e.deviceEvent(r, d, "authenticator.changed")
	if err != nil {
		return nil, err
	}
	return about, e.db.Commit(r.Context(), storage.Change{Authenticators: []*factors.Authenticator{d.a}, Events: []*storage.Event{event}})
}

// Remove removes d with what is linked to it, as its person asked on it.
func (e *Engine) Remove(r *http.Request, d *Device) error {
	u, err := e.db.UserByID(r.Context(), d.a.UserID)
	if err != nil {
		return fmt.Errorf("user: %w", err)
	}
	v := &visit{r: r, login: &login{user: u, row: &storage.Login{}}}
	e.notify(v, u, notice{Kind: mailRemoved, Factor: d.a.Factor})
	about := map[string]any{"factor": d.a.Factor, "authenticator_id": d.a.ID, "why": "on the device"}
	c := storage.Change{
		OldAuthenticators: []string{d.a.ID}, Events: []*storage.Event{e.event(v, "authenticator.removed", about)}, Messages: v.login.out,
	}
	if err := e.db.Commit(r.Context(), c); err != nil {
		return fmt.Errorf("authenticator: %w", err)
	}
	e.outbox.kick(c.Messages)
	return nil
}

func (e *Engine) deviceEvent(r *http.Request, d *Device, kind string) (*storage.Event, error) {
	u, err := e.db.UserByID(r.Context(), d.a.UserID)
	if err != nil {
		return nil, fmt.Errorf("user: %w", err)
	}
	v := &visit{r: r, login: &login{user: u, row: &storage.Login{}}}
	return e.event(v, kind, map[string]any{"factor": d.a.Factor, "authenticator_id": d.a.ID}), nil
}
