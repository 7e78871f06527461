package management

import (
	"context"
	"net/http"
	"time"

	"github.com/sallyport-id/sallyport/storage"
)

// revokedAtOnce bounds the refresh tokens that one call revokes one by one.
const revokedAtOnce = 1000

// refreshTokens are what clients go on with without their users. A token's id is that of
// the authorization that it came from: it stays through every rotation, and opens nothing.
func (a *API) refreshTokens() {
	op(a, operation{method: http.MethodGet, path: "/users/{id}/refresh-tokens", scopes: []string{"read:refresh_tokens"}, summary: "A user's refresh tokens", missing: true}, a.userRefreshTokens)
	op(a, operation{method: http.MethodDelete, path: "/users/{id}/refresh-tokens", scopes: []string{"delete:refresh_tokens"}, summary: "Revoke a user's refresh tokens", status: http.StatusAccepted, missing: true}, a.revokeUserRefreshTokens)
	op(a, operation{method: http.MethodGet, path: "/refresh-tokens", scopes: []string{"read:refresh_tokens"}, summary: "Refresh tokens of a user or a client"}, a.listRefreshTokens)
	op(a, operation{method: http.MethodPost, path: "/refresh-tokens/revoke", scopes: []string{"delete:refresh_tokens"}, missing: true, summary: "Revoke refresh tokens by ids, user or client", status: http.StatusAccepted}, a.revokeRefreshTokens)
	op(a, operation{method: http.MethodGet, path: "/refresh-tokens/{id}", scopes: []string{"read:refresh_tokens"}, summary: "One refresh token", missing: true}, a.refreshToken)
	op(a, operation{method: http.MethodPatch, path: "/refresh-tokens/{id}", scopes: []string{"update:refresh_tokens"}, summary: "Not done here: refresh tokens have no metadata", missing: true}, a.patchRefreshToken)
	op(a, operation{method: http.MethodDelete, path: "/refresh-tokens/{id}", scopes: []string{"delete:refresh_tokens"}, summary: "Revoke a refresh token", status: http.StatusAccepted}, a.revokeRefreshToken)
}

// A refreshTokenView is a refresh token as the API shows one.
type refreshTokenView struct {
	ID            string    `json:"id"`
	UserID        string    `json:"user_id"`
	ClientID      string    `json:"client_id"`
	SessionID     string    `json:"session_id,omitempty" doc:"it ends with; none: offline access"`
	CreatedAt     time.Time `json:"created_at" doc:"of the last rotation"`
	IdleExpiresAt time.Time `json:"idle_expires_at"`
	Rotating      bool      `json:"rotating"`
}

func viewRefreshToken(g *storage.Grant) *refreshTokenView {
	return &refreshTokenView{ID: g.RequestID, UserID: g.UserID, ClientID: g.ClientID, SessionID: g.SessionID, CreatedAt: g.CreatedAt, IdleExpiresAt: g.ExpiresAt, Rotating: true}
}

func (a *API) pageOfTokens(ctx context.Context, key string, f storage.RefreshFilter, c Checkpoint) (*listed[*refreshTokenView], error) {
	f.After, f.Limit = c.From, c.size()+1
	found, err := a.DB.RefreshTokens(ctx, f)
	if err != nil {
		return nil, err
	}
	page := &List[*refreshTokenView]{Key: key, Checkpoint: true}
	for _, g := range found {
		page.Items = append(page.Items, viewRefreshToken(g))
	}
	if len(found) > c.size() {
		page.Items = page.Items[:c.size()]
		page.Next = page.Items[c.size()-1].ID
	}
	return &listed[*refreshTokenView]{page}, nil
}

func (a *API) userRefreshTokens(ctx context.Context, in *struct {
	UserPath
	Checkpoint
	Totals  bool `query:"include_totals" doc:"of no meaning: the answer goes on by next"`
	PerPage int  `query:"per_page" minimum:"0" maximum:"100" doc:"of no meaning beside take"`
},
) (*listed[*refreshTokenView], error) {
	if _, err := a.userByID(ctx, in.ID); err != nil {
		return nil, err
	}
	return a.pageOfTokens(ctx, "tokens", storage.RefreshFilter{UserID: in.ID}, in.Checkpoint)
}

func (a *API) listRefreshTokens(ctx context.Context, in *struct {
	Checkpoint
	Picked
	UserID   string `query:"user_id" maxLength:"256"`
	ClientID string `query:"client_id" maxLength:"128"`
},
) (*listed[*refreshTokenView], error) {
	if in.UserID == "" && in.ClientID == "" {
		return nil, refusal(http.StatusBadRequest, "invalid_query_string", "Query validation error: user_id: give user_id, client_id or both")
	}
	return a.pageOfTokens(ctx, "refresh_tokens", storage.RefreshFilter{UserID: in.UserID, ClientID: in.ClientID}, in.Checkpoint)
}

func (a *API) revokeUserRefreshTokens(ctx context.Context, in *UserPath) (*struct{}, error) {
	if _, err := a.userByID(ctx, in.ID); err != nil {
		return nil, err
	}
	return nil, a.revokeTokens(ctx, storage.RefreshFilter{UserID: in.ID})
}

func (a *API) revokeRefreshTokens(ctx context.Context, in *struct {
	Body struct {
		IDs      []string `json:"ids,omitempty" maxItems:"100" doc:"instead of user_id and client_id"`
		UserID   string   `json:"user_id,omitempty" maxLength:"256"`
		ClientID string   `json:"client_id,omitempty" maxLength:"128"`
		Audience string   `json:"audience,omitempty" maxLength:"600"`
	}
},
) (*struct{}, error) {
	b := in.Body
	switch {
	case b.Audience != "":
		return nil, impossible("refresh tokens are not told apart by audience; revoke them by ids, user_id or client_id")
	case (len(b.IDs) > 0) == (b.UserID != "" || b.ClientID != ""):
		return nil, invalid("ids", "give either ids, or user_id, client_id or both")
	case len(b.IDs) == 0:
		return nil, a.revokeTokens(ctx, storage.RefreshFilter{UserID: b.UserID, ClientID: b.ClientID})
	}
	for _, id := range b.IDs {
		if id == "" || len(id) > 100 {
			return nil, invalid("ids", "an id has 1 to 100 characters")
		}
	}
	for _, id := range b.IDs {
		if err := a.revokeTokens(ctx, storage.RefreshFilter{FamilyID: id}); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// revokeTokens revokes all that f finds, in parts that are a transaction each. What a
// refresh token brought forth ends with it.
func (a *API) revokeTokens(ctx context.Context, f storage.RefreshFilter) error {
	if f == (storage.RefreshFilter{}) {
		return invalid("ids", "say whose tokens")
	}
	for {
		f.Limit = revokedAtOnce
		found, err := a.DB.RefreshTokens(ctx, f)
		if err != nil || len(found) == 0 {
			return err
		}
		e := storage.Event{Type: "token.revoked", UserID: f.UserID, ClientID: f.ClientID, Data: map[string]any{"refresh_tokens": len(found)}}
		if len(found) == 1 {
			e.UserID, e.ClientID = found[0].UserID, found[0].ClientID
		}
		err = a.change(ctx, e, func(ctx context.Context) error {
			for _, g := range found {
				if _, err := a.DB.RevokeFamily(ctx, g.RequestID); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
}

// A TokenPath names a refresh token.
type TokenPath struct {
	ID string `path:"id" maxLength:"100"`
}

func (a *API) tokenByID(ctx context.Context, id string) (*storage.Grant, error) {
	found, err := a.DB.RefreshTokens(ctx, storage.RefreshFilter{FamilyID: id, Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, missing("refresh_token", "The refresh token does not exist.")
	}
	return found[0], nil
}

func (a *API) refreshToken(ctx context.Context, in *struct {
	TokenPath
	Picked
},
) (*struct{ Body *refreshTokenView }, error) {
	g, err := a.tokenByID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &struct{ Body *refreshTokenView }{viewRefreshToken(g)}, nil
}

func (a *API) patchRefreshToken(ctx context.Context, in *struct {
	TokenPath
	Body struct {
		Metadata Optional[Metadata] `json:"refresh_token_metadata,omitempty"`
	}
},
) (*struct{ Body *refreshTokenView }, error) {
	if _, err := a.tokenByID(ctx, in.ID); err != nil {
		return nil, err
	}
	return nil, impossible("refresh tokens have no metadata; keep it with the user or in the application")
}

func (a *API) revokeRefreshToken(ctx context.Context, in *TokenPath) (*struct{}, error) {
	return nil, a.revokeTokens(ctx, storage.RefreshFilter{FamilyID: in.ID})
}
