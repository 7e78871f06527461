package flows

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/sallyport-id/sallyport/flows/risk"
	"github.com/sallyport-id/sallyport/storage"
)

// Sessions are where the person is signed in, the newest first.
func (o *Owner) Sessions(ctx context.Context) ([]*storage.Session, error) {
	all, err := o.e.db.Sessions(ctx, o.User.ID)
	if err != nil {
		return nil, fmt.Errorf("sessions: %w", err)
	}
	return slices.DeleteFunc(all, func(s *storage.Session) bool {
		return o.e.now().Sub(s.LastSeenAt) > o.e.config.SessionIdle
	}), nil
}

// EndSession signs the person out in one place.
//
// Errors: storage.ErrNotFound.
func (o *Owner) EndSession(ctx context.Context, id string) error {
	all, err := o.Sessions(ctx)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(all, func(s *storage.Session) bool { return s.ID == id }) {
		return fmt.Errorf("session: %w", storage.ErrNotFound)
	}
	return o.changed(ctx, &storage.Change{EndSession: id}, "session.ended",
		map[string]any{"session_id": id, "why": "signed out from elsewhere"}, notice{Kind: mailSignedOut})
}

// EndOthers signs the person out everywhere but here: applications that had access while
// they were away have to ask again, and no browser is remembered.
func (o *Owner) EndOthers(ctx context.Context) error {
	return o.changed(ctx, &storage.Change{EndAllOf: o.User.ID, EndAllBut: o.SessionID}, "session.ended",
		map[string]any{"all": true, "but": o.SessionID}, notice{Kind: mailSignedOutAll})
}

// Browsers are those in which the person is remembered, the newest first.
func (o *Owner) Browsers(ctx context.Context) ([]*storage.Browser, error) {
	all, err := o.e.db.Browsers(ctx, o.User.ID)
	if err != nil {
		return nil, fmt.Errorf("browsers: %w", err)
	}
	return all, nil
}

// Forget has one browser ask for the second factor again.
//
// Errors: storage.ErrNotFound.
func (o *Owner) Forget(ctx context.Context, id string) error {
	all, err := o.Browsers(ctx)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(all, func(b *storage.Browser) bool { return b.ID == id }) {
		return fmt.Errorf("browser: %w", storage.ErrNotFound)
	}
	return o.changed(ctx, &storage.Change{OldBrowser: id}, "browser.revoked",
		map[string]any{"browser_id": id, "why": "forgotten by the person"}, notice{Kind: mailForgotten})
}

// ForgetAll has every browser ask for the second factor again.
func (o *Owner) ForgetAll(ctx context.Context) error {
	return o.changed(ctx, &storage.Change{Forget: o.User.ID}, "browser.revoked",
		map[string]any{"all": true, "why": "forgotten by the person"}, notice{Kind: mailForgotten})
}

// A Connected is an application that the person allowed something.
type Connected struct {
	*storage.Consent
	Name string
}

// Connected are the applications that the person allowed something, by name.
func (o *Owner) Connected(ctx context.Context) ([]Connected, error) {
	consents, err := o.e.db.Consents(ctx, o.User.ID)
	if err != nil {
		return nil, fmt.Errorf("consents: %w", err)
	}
	var all []Connected
	for _, c := range consents {
		client, err := o.e.db.CachedClient(ctx, c.ClientID)
		if errors.Is(err, storage.ErrNotFound) {
			continue // it was deleted: its id is no name for people
		}
		if err != nil {
			return nil, fmt.Errorf("client: %w", err)
		}
		all = append(all, Connected{c, client.Name})
	}
	slices.SortFunc(all, func(a, b Connected) int {
		switch {
		case a.Name < b.Name:
			return -1
		case a.Name > b.Name:
			return 1
		}
		return 0
	})
	return all, nil
}

// Revoke takes back what the person allowed an application, and its tokens.
//
// Errors: storage.ErrNotFound.
func (o *Owner) Revoke(ctx context.Context, clientID string) error {
	if _, err := o.e.db.ConsentFor(ctx, o.User.ID, clientID); err != nil {
		return fmt.Errorf("consent: %w", err)
	}
	return o.done(ctx, "consent.revoked", map[string]any{"client_id": clientID}, notice{Kind: mailRevoked},
		func(ctx context.Context) error { return o.e.db.RevokeConsent(ctx, o.User.ID, clientID) })
}

// Activity is the log of the person, the newest line first.
func (o *Owner) Activity(ctx context.Context, limit int) ([]*storage.Event, error) {
	events, err := o.e.db.Events(ctx, storage.EventFilter{UserID: o.User.ID, Limit: limit})
	if err != nil {
		return nil, fmt.Errorf("events: %w", err)
	}
	return events, nil
}

// Place is where an address is, as far as it is known: "Berlin, Germany". Names of places
// are those of the operator's database.
func (e *Engine) Place(address string) string {
	at, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	p := e.places.Find(at)
	switch {
	case p == nil:
		return ""
	case p.CountryName == "":
		p.CountryName = p.CountryCode
	}
	if p.CityName == "" || p.CountryName == "" {
		return p.CityName + p.CountryName
	}
	return p.CityName + ", " + p.CountryName
}

// BrowserOf is what people call the browser and the system that sent agent, each "" where
// that cannot be told.
func BrowserOf(agent string) (browser, system string) { return risk.Browser(agent) }
