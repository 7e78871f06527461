package flows

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
)

// seenEvery bounds how often a session's last use is written down.
const seenEvery = time.Minute

// Session is the live session of r's browser with its user, or nil: none, ended,
// expired, idle for too long, or of a blocked user.
//
// Who accepts a session has to look at its Proofs (or ask Begin): a session exists
// after a password alone.
func (e *Engine) Session(ctx context.Context, r *http.Request) (*storage.SessionView, error) {
	return e.sessionFor(ctx, r, "", e.db.SessionByKey)
}

func (e *Engine) sessionFor(
	ctx context.Context, r *http.Request, clientID string, find func(context.Context, []byte, string) (*storage.SessionView, error),
) (*storage.SessionView, error) {
	cookie := e.cookie(r, sessionCookie)
	if cookie == "" {
		return nil, nil
	}
	view, err := find(ctx, e.db.Hash(hashSession, cookie), clientID)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("session: %w", err)
	}
	s := view.Session
	idle := e.now().Sub(s.LastSeenAt) > e.config.SessionIdle
	if idle || view.User.Blocked || !s.EndedAt.IsZero() || !e.now().Before(s.ExpiresAt) {
		return nil, nil
	}
	return view, nil
}

// seen notes that a session is in use.
func (e *Engine) seen(ctx context.Context, s *storage.Session) error {
	if e.now().Sub(s.LastSeenAt) < seenEvery {
		return nil
	}
	if err := e.db.TouchSession(ctx, s.ID, e.now()); err != nil {
		return fmt.Errorf("session: %w", err)
	}
	return nil
}

// establish adds to c the session that l earned: the browser's own with the new
// proofs in it, or a new one. Another person's session in this browser ends: proofs
// of two people never meet. It returns the cookie's new value, "" where that stays.
func (e *Engine) establish(v *visit, c *storage.Change) string {
	l, s := v.login, v.login.live()
	if s != nil && len(l.state.Proofs) == 0 {
		if id := l.state.Ask.ClientID; id != "" && !slices.Contains(s.Clients, id) {
			s.Clients = append(s.Clients, id)
			c.Session = s
		}
		return ""
	}
	if s == nil {
		s = &storage.Session{ID: storage.NewID("ses"), UserID: l.user.ID, ExpiresAt: e.now().Add(e.config.SessionAbsolute)}
		c.NewSession = s
		if l.session != nil {
			c.EndSession = l.session.Session.ID
			c.Events = append(c.Events, e.event(v, "session.ended", map[string]any{"session_id": c.EndSession, "why": "switched"}))
		}
		c.Events = append(c.Events, e.event(v, "session.started", map[string]any{"session_id": s.ID}))
	} else {
		c.Session = s
	}
	s.Proofs = e.lasting(l)
	s.AuthTime = newest(s.Proofs)
	if slices.ContainsFunc(l.state.Proofs, func(p factors.Proof) bool { return e.factors.Info(p.Factor).First }) {
		s.ExpiresAt = e.now().Add(e.config.SessionAbsolute)
	}
	if id := l.state.Ask.ClientID; id != "" && !slices.Contains(s.Clients, id) {
		s.Clients = append(s.Clients, id)
	}
	l.state.Session = s.ID
	s.LastSeenAt, s.UserAgent, s.Address = e.now(), clip(v.r.UserAgent(), maxAgent), e.addressOf(v.r)
	value := token()
	s.Key = e.db.Hash(hashSession, value)
	l.session = &storage.SessionView{Session: s, User: l.user}
	return value
}

// lasting are the proofs that a session keeps. One that is older than a session may
// be at all does not live on by the re-authentication of another factor.
func (e *Engine) lasting(l *login) []factors.Proof {
	oldest := e.now().Add(-e.config.SessionAbsolute)
	return slices.DeleteFunc(l.proofs(), func(p factors.Proof) bool { return p.At.Before(oldest) })
}

func newest(proofs []factors.Proof) time.Time {
	var at time.Time
	for _, p := range proofs {
		if p.At.After(at) && !isCustom(p) {
			at = p.At
		}
	}
	return at
}

// SignOut ends the session of r's browser, if there is one, and tells the browser to
// forget it and what it cached.
func (e *Engine) SignOut(ctx context.Context, w http.ResponseWriter, r *http.Request) error {
	view, err := e.Session(ctx, r)
	if err != nil {
		return err
	}
	if view != nil {
		v := &visit{w: w, r: r.WithContext(ctx), login: &login{user: view.User, row: &storage.Login{}}}
		err = e.db.Tx(ctx, func(ctx context.Context) error {
			if err := e.db.EndSession(ctx, view.Session.ID); err != nil {
				return err
			}
			return e.db.AddEvents(ctx, e.event(v, "session.ended", map[string]any{"session_id": view.Session.ID, "why": "signed out"}))
		})
		if err != nil {
			return fmt.Errorf("session: %w", err)
		}
	}
	e.setCookie(w, sessionCookie, "", 0)
	// Not "storage" as well: pages of a sign-in store nothing, and the web authenticator
	// keeps its keys there.
	w.Header().Set("Clear-Site-Data", `"cache"`)
	return nil
}

// SignOutEverywhere ends all sessions of a user but one ("" for none), and every token
// of the user's, offline access included.
func (e *Engine) SignOutEverywhere(ctx context.Context, userID, exceptSessionID string) error {
	err := e.db.Tx(ctx, func(ctx context.Context) error {
		if err := e.db.EndSessions(ctx, userID, exceptSessionID); err != nil {
			return err
		}
		if err := e.db.RevokeUserGrants(ctx, userID); err != nil {
			return err
		}
		return e.db.AddEvents(ctx, &storage.Event{
			ID: storage.NewID("evt"), At: e.now(), Type: "session.ended", Actor: "user:" + userID, UserID: userID,
			Data: map[string]any{"all": true},
		})
	})
	if err != nil {
		return fmt.Errorf("sessions: %w", err)
	}
	return nil
}

// clip makes what a browser sent fit for a column: short, and valid text.
func clip(s string, n int) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s[:min(n, len(s))], "\x00", ""), "")
}
