package oidc

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/sallyport-id/sallyport/storage"
)

// pushes bounds pushed requests of one client.
var pushes = storage.Limit{Burst: 600, Period: 100 * time.Millisecond}

// push is POST /oauth/par (RFC 9126): the request is checked as at the authorization
// endpoint, by a client that has proven who it is, and kept without its credentials.
func (p *Provider) push(w http.ResponseWriter, r *http.Request) {
	uri, err := p.keep(r)
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusCreated, map[string]any{"request_uri": uri, "expires_in": int64(p.config.PARTTL / time.Second)})
}

func (p *Provider) keep(r *http.Request) (string, error) {
	form, err := postForm(r)
	if err != nil {
		return "", err
	}
	c, err := p.authenticate(r, form)
	if err != nil {
		return "", err
	}
	limit := pushes
	limit.Key = "par:" + c.ID
	wait, err := p.db.TakeAll(r.Context(), p.now(), limit)
	if err != nil {
		return "", err
	}
	if wait > 0 {
		return "", &oauthError{Code: "temporarily_unavailable", Description: "Too many pushed requests. Send fewer.", status: http.StatusTooManyRequests}
	}
	if form.Has("request_uri") {
		return "", invalidRequest("A pushed request has no request_uri.")
	}
	form.Set("client_id", c.ID)
	kept := form.Encode()
	if _, err := p.read(r.Context(), form, true); err != nil {
		return "", err
	}
	value := mint(p.db, requestURN)
	return value, p.db.PutGrants(r.Context(), &storage.Grant{
		Key: keyOf(p.db, value), Kind: storage.GrantPAR, RequestID: storage.NewID("par"), ClientID: c.ID, Active: true,
		Data: []byte(kept), CreatedAt: p.now(), ExpiresAt: p.now().Add(p.config.PARTTL),
	})
}

// pull uses a pushed request up and returns what was pushed: nothing from the front
// channel joins it (hole 3). It takes the client that pushed it; anyone else's try
// changes nothing.
func (p *Provider) pull(ctx context.Context, form url.Values) (url.Values, error) {
	gone := fault("invalid_request_uri", "This request_uri has expired, was used, or is another client's. Push the request again.")
	value, client := form.Get("request_uri"), form.Get("client_id")
	if client == "" {
		return nil, invalidRequest("client_id is missing.")
	}
	if !genuine(p.db, requestURN, value) {
		return nil, gone
	}
	g, err := p.db.ConsumePAR(ctx, keyOf(p.db, value), client)
	if errors.Is(err, storage.ErrSpent) {
		return nil, gone
	}
	if err != nil {
		return nil, err
	}
	return url.ParseQuery(string(g.Data))
}
