package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/provider/management"
	"github.com/sallyport-id/sallyport/storage"
)

// A house is the register, opened: what administrative verbs work on.
type house struct {
	settings *settings
	db       *storage.DB
	factors  *factors.Registry
	setup    *management.Setup // of factors
	now      func() time.Time
}

// withHouse opens the register that the settings name, checks that its tables are of
// this binary, and closes it afterwards.
func (c *cli) withHouse(cmd *cobra.Command, do func(context.Context, *house) error) error {
	s, err := c.settings()
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	h, err := openHouse(ctx, s, newLogger(c.err, "text", warnings))
	if err != nil {
		return err
	}
	pending, err := h.db.Pending(ctx)
	if err == nil && len(pending) > 0 {
		err = &misuse{what: fmt.Sprintf("the database lacks %d migration(s)", len(pending)), mend: "run `sallyport migrate` first"}
	}
	if err == nil {
		err = h.setup.Load(ctx)
	}
	if err == nil {
		err = do(ctx, h)
	}
	return errors.Join(err, h.db.Close())
}

// event is an audit event of an administrator on the command line.
type event struct {
	Type, UserID, ClientID string
	Data                   map[string]any
}

// administrator is whoever has this machine.
const administrator = "admin:cli"

// change does what an administrator asked together with its audit event: both are
// stored or neither.
func (h *house) change(ctx context.Context, e event, do func(context.Context) error) error {
	return h.db.Tx(ctx, func(ctx context.Context) error {
		if err := do(ctx); err != nil {
			return err
		}
		return h.db.AddEvents(ctx, &storage.Event{
			ID: storage.NewID("evt"), At: h.now(), Type: e.Type, Actor: administrator, UserID: e.UserID, ClientID: e.ClientID, Data: e.Data,
		})
	})
}

// named says which thing an outcome of storage is about, with the mend.
func named(err error, noun, name string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, storage.ErrNotFound):
		return fmt.Errorf("there is no %s %q; see `sallyport %s list`%w", noun, name, strings.Fields(noun)[0], quiet{err})
	case errors.Is(err, storage.ErrConflict):
		return fmt.Errorf("the %s %q is already there or was changed at the same moment; look and try again%w", noun, name, quiet{err})
	}
	return fmt.Errorf("%s %q: %w", noun, name, err)
}

// quiet keeps an error findable by errors.Is without saying it.
type quiet struct{ error }

func (quiet) Error() string   { return "" }
func (q quiet) Unwrap() error { return q.error }

// setPassword gives u a new password in place of the old one. The factor's own rules
// hold here as they do on its page.
func (h *house) setPassword(ctx context.Context, u *storage.User, password string) error {
	list, err := h.db.Authenticators(ctx, u.ID)
	if err != nil {
		return err
	}
	second := false
	for _, a := range list {
		second = second || a.Factor != factors.Password && a.Usable()
	}
	fresh, _, err := h.factors.Get(factors.Password).Enroll(ctx, subjectOf(u, second, h.now()), factors.Answer{"password": password})
	if err != nil {
		return passwordFault(err)
	}
	for _, a := range list {
		if a.Factor == factors.Password {
			if err := h.db.DeleteAuthenticator(ctx, a.ID); err != nil {
				return err
			}
		}
	}
	return h.addAuthenticator(ctx, u, fresh)
}

func (h *house) addAuthenticator(ctx context.Context, u *storage.User, a *factors.Authenticator) error {
	a.ID, a.UserID = storage.NewID("aut"), u.ID
	return h.db.CreateAuthenticator(ctx, a)
}

func subjectOf(u *storage.User, second bool, now time.Time) factors.Subject {
	return factors.Subject{
		UserID: u.ID, Username: u.Username, Email: u.Email, Name: u.Name, Phone: u.PhoneNumber, Locale: u.Locale,
		SecondFactor: second, Now: now,
	}
}

// passwordFault says a rejection in the operator's words.
func passwordFault(err error) error {
	var rejected *factors.Rejection
	if !errors.As(err, &rejected) {
		return err
	}
	why := strings.ReplaceAll(strings.TrimPrefix(rejected.Message, "password."), "_", " ")
	for name, value := range rejected.Data {
		why += fmt.Sprintf(" (%s %v)", strings.ToLower(name), value)
	}
	return &misuse{what: "this password is not acceptable: " + why, mend: "choose another, or use --generate"}
}
