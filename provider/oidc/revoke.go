package oidc

import (
	"context"
	"errors"
	"net/http"

	"github.com/sallyport-id/sallyport/storage"
)

// revoke is POST /oauth/revoke (RFC 7009). A token that is unknown or another
// client's is left as it is, and the answer is the same.
func (p *Provider) revoke(w http.ResponseWriter, r *http.Request) {
	form, err := postForm(r)
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	c, err := p.authenticate(r, form)
	if err == nil && !form.Has("token") {
		err = invalidRequest("token is missing.")
	}
	if err == nil {
		err = p.end(r.Context(), c, form.Get("token"))
	}
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
}

// end makes a token of c worthless: a refresh token with all that came from its
// authorization, an access token alone.
func (p *Provider) end(ctx context.Context, c *client, token string) error {
	found, err := p.inspect(ctx, token)
	switch {
	case errors.Is(err, errDead), err == nil && found.clientID() != c.ID:
		return nil
	case err != nil:
		return err
	case found.grant == nil:
		return fault("unsupported_token_type", "A client's own JWT access token cannot be revoked; it ends by itself.")
	}
	return p.db.Tx(ctx, func(ctx context.Context) error {
		if found.kind == storage.GrantRefresh {
			_, err = p.db.RevokeFamily(ctx, found.grant.RequestID)
		} else if err = p.db.Redeem(ctx, found.grant.Key, p.now()); errors.Is(err, storage.ErrSpent) {
			return nil
		}
		if err != nil {
			return err
		}
		return p.db.AddEvents(ctx, &storage.Event{
			ID: storage.NewID("evt"), At: p.now(), Type: "token.revoked", Actor: "client:" + c.ID, ClientID: c.ID,
			UserID: found.grant.UserID, Data: map[string]any{"kind": found.kind},
		})
	})
}
