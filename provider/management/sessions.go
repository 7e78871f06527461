package management

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/sallyport-id/sallyport/storage"
)

// sessions are the browsers that users are signed in with.
func (a *API) sessions() {
	op(a, operation{method: http.MethodGet, path: "/users/{id}/sessions", scopes: []string{"read:sessions"}, summary: "A user's sessions", missing: true}, a.userSessions)
	op(a, operation{method: http.MethodDelete, path: "/users/{id}/sessions", scopes: []string{"delete:sessions"}, summary: "Sign a user out everywhere", status: http.StatusAccepted, missing: true}, a.endUserSessions)
	op(a, operation{method: http.MethodGet, path: "/sessions/{id}", scopes: []string{"read:sessions"}, summary: "One session", missing: true}, a.session)
	op(a, operation{method: http.MethodPatch, path: "/sessions/{id}", scopes: []string{"update:sessions"}, summary: "Not done here: sessions have no metadata", missing: true}, a.patchSession)
	op(a, operation{method: http.MethodDelete, path: "/sessions/{id}", scopes: []string{"delete:sessions"}, summary: "End a session", status: http.StatusAccepted}, a.endSession)
	op(a, operation{method: http.MethodPost, path: "/sessions/{id}/revoke", scopes: []string{"delete:sessions", "delete:refresh_tokens"}, summary: "End a session with all its tokens", status: http.StatusAccepted, missing: true}, a.revokeSession)
}

// A sessionView is a session as the API shows one.
type sessionView struct {
	ID              string         `json:"id"`
	UserID          string         `json:"user_id"`
	CreatedAt       time.Time      `json:"created_at"`
	UpdatedAt       time.Time      `json:"updated_at"`
	AuthenticatedAt time.Time      `json:"authenticated_at" doc:"of the newest proof"`
	ExpiresAt       time.Time      `json:"expires_at"`
	LastInteraction time.Time      `json:"last_interacted_at"`
	Device          device         `json:"device"`
	Clients         []clientRef    `json:"clients"`
	Authentication  authentication `json:"authentication"`
}

// A device is what a session was last seen with.
type device struct {
	LastIP        string `json:"last_ip,omitempty"`
	LastUserAgent string `json:"last_user_agent,omitempty"`
}

type clientRef struct {
	ClientID string `json:"client_id"`
}

// An authentication are the proofs of a session.
type authentication struct {
	Methods []shown `json:"methods"`
}

type shown struct {
	Name      string    `json:"name" doc:"pwd, or the factor"`
	Timestamp time.Time `json:"timestamp"`
}

func viewSession(s *storage.Session) *sessionView {
	v := &sessionView{
		ID: s.ID, UserID: s.UserID, CreatedAt: s.CreatedAt, UpdatedAt: s.LastSeenAt, AuthenticatedAt: s.AuthTime, ExpiresAt: s.ExpiresAt,
		LastInteraction: s.LastSeenAt, Device: device{s.Address, s.UserAgent}, Clients: []clientRef{}, Authentication: authentication{[]shown{}},
	}
	for _, id := range s.Clients {
		v.Clients = append(v.Clients, clientRef{id})
	}
	for _, p := range s.Proofs {
		name := p.Factor
		if name == "password" {
			name = "pwd"
		}
		v.Authentication.Methods = append(v.Authentication.Methods, shown{name, p.At})
	}
	return v
}

func (a *API) userSessions(ctx context.Context, in *struct {
	UserPath
	Checkpoint
	Totals bool `query:"include_totals" doc:"of no meaning: the answer goes on by next"`
},
) (*listed[*sessionView], error) {
	if _, err := a.userByID(ctx, in.ID); err != nil {
		return nil, err
	}
	all, err := a.DB.Sessions(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	page := &List[*sessionView]{Key: "sessions", Checkpoint: true}
	for _, s := range all {
		if in.From != "" && s.ID >= in.From { // the newest come first
			continue
		}
		if len(page.Items) == in.size() {
			page.Next = page.Items[in.size()-1].ID
			break
		}
		page.Items = append(page.Items, viewSession(s))
	}
	return &listed[*sessionView]{page}, nil
}

func (a *API) endUserSessions(ctx context.Context, in *UserPath) (*struct{}, error) {
	if _, err := a.userByID(ctx, in.ID); err != nil {
		return nil, err
	}
	e := storage.Event{Type: "session.ended", UserID: in.ID, Data: map[string]any{"all": true}}
	return nil, a.change(ctx, e, func(ctx context.Context) error { return a.signOut(ctx, in.ID) })
}

// A SessionPath names a session.
type SessionPath struct {
	ID string `path:"id" maxLength:"100"`
}

func (a *API) sessionByID(ctx context.Context, id string) (*storage.Session, error) {
	s, err := a.DB.SessionByID(ctx, id)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, missing("session", "The session does not exist.")
	}
	return s, err
}

func (a *API) session(ctx context.Context, in *SessionPath) (*struct{ Body *sessionView }, error) {
	s, err := a.sessionByID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &struct{ Body *sessionView }{viewSession(s)}, nil
}

func (a *API) patchSession(ctx context.Context, in *struct {
	SessionPath
	Body struct {
		Metadata Optional[Metadata] `json:"session_metadata,omitempty"`
	}
},
) (*struct{ Body *sessionView }, error) {
	if _, err := a.sessionByID(ctx, in.ID); err != nil {
		return nil, err
	}
	return nil, impossible("sessions have no metadata; keep it with the user or in the application")
}

func (a *API) endSession(ctx context.Context, in *SessionPath) (*struct{}, error) {
	s, err := a.DB.SessionByID(ctx, in.ID)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return nil, a.end(ctx, s, false)
}

func (a *API) revokeSession(ctx context.Context, in *SessionPath) (*struct{}, error) {
	s, err := a.sessionByID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return nil, a.end(ctx, s, true)
}

// end ends a session with the tokens that live with it; and with offline, those too that
// its clients may use without a browser. What lives with another session stays.
func (a *API) end(ctx context.Context, s *storage.Session, offline bool) error {
	e := storage.Event{Type: "session.ended", UserID: s.UserID, Data: map[string]any{"session_id": s.ID}}
	return a.change(ctx, e, func(ctx context.Context) error {
		if err := a.DB.EndSession(ctx, s.ID); err != nil || !offline {
			return err
		}
		return a.endOffline(ctx, s)
	})
}

func (a *API) endOffline(ctx context.Context, s *storage.Session) error {
	for f := (storage.RefreshFilter{UserID: s.UserID, Limit: revokedAtOnce}); ; {
		tokens, err := a.DB.RefreshTokens(ctx, f)
		if err != nil || len(tokens) == 0 {
			return err
		}
		for _, t := range tokens {
			f.After = t.RequestID
			if t.SessionID != "" || !slices.Contains(s.Clients, t.ClientID) {
				continue
			}
			if _, err := a.DB.RevokeFamily(ctx, t.RequestID); err != nil {
				return err
			}
		}
	}
}
