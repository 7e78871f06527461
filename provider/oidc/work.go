package oidc

import (
	"context"
	"net/url"
	"slices"
	"time"

	"github.com/ory/fosite"

	"github.com/sallyport-id/sallyport/storage"
)

// A work is everything that one request reads and writes. fosite calls its store many
// times; the store answers from here, and here is what is written at the end, in one
// round trip.
type work struct {
	now    time.Time
	client *client
	user   *storage.User // of the grant that is redeemed

	// What is redeemed: a code or a refresh token.
	grant  *storage.Grant
	record *record
	again  bool // by the grace for a lost answer
	spend  bool

	made   []*storage.Grant
	code   *record // of the code in made, until it is encoded
	access string  // the access token made, for at_hash

	decision *storage.Decision // why, where that is not stored yet
}

type workKey struct{}

func withWork(ctx context.Context, w *work) context.Context {
	return context.WithValue(ctx, workKey{}, w)
}

func workOf(ctx context.Context) *work {
	w, _ := ctx.Value(workKey{}).(*work)
	if w == nil {
		panic("oidc: fosite was called without a work")
	}
	return w
}

// flush writes it all. Of two works that redeem one grant, one gets storage.ErrSpent
// and has written nothing.
func (w *work) flush(ctx context.Context, db *storage.DB) error {
	if w.code != nil {
		w.made[0].Data = w.code.encode()
	}
	switch {
	case w.decision != nil && !w.spend:
		return db.Commit(ctx, storage.Change{Grants: w.made, Decision: w.decision})
	case !w.spend:
		return db.PutGrants(ctx, w.made...)
	case w.again:
		return db.Retry(ctx, w.grant, w.made...)
	}
	return db.Redeem(ctx, w.grant.Key, w.now, w.made...)
}

// hydrate is the redeemed grant as fosite wants it.
func (w *work) hydrate(form url.Values) *fosite.Request {
	s := w.record.Session
	return &fosite.Request{
		ID: w.grant.RequestID, RequestedAt: w.grant.CreatedAt, Client: w.client, Form: form, Session: s,
		RequestedScope: slices.Clone(s.Scopes), GrantedScope: slices.Clone(s.Scopes),
		RequestedAudience: audiences(s), GrantedAudience: audiences(s),
	}
}

func audiences(s *session) fosite.Arguments {
	if s.Audience == "" {
		return nil
	}
	return fosite.Arguments{s.Audience}
}

// until is when a grant made now ends. No refresh token outlives its chain.
func (w *work) until(kind string, s *session) time.Time {
	c := w.client
	switch kind {
	case storage.GrantCode:
		return w.now.Add(c.config.CodeTTL)
	case storage.GrantRefresh:
		end := w.now.Add(c.GetEffectiveLifespan("", fosite.RefreshToken, c.config.RefreshTokenTTL))
		if last := time.Unix(s.Until, 0).UTC(); s.Until > 0 && end.After(last) {
			return last
		}
		return end
	}
	return w.now.Add(c.GetEffectiveLifespan("", fosite.AccessToken, c.config.AccessTokenTTL))
}

// add puts a new grant on the list.
func (w *work) add(kind string, key []byte, familyID string, s *session, rec *record) {
	g := &storage.Grant{
		Key: key, Kind: kind, RequestID: familyID, ClientID: s.ClientID, UserID: s.UserID, SessionID: s.sid(),
		Active: true, CreatedAt: w.now, ExpiresAt: w.until(kind, s),
	}
	if kind == storage.GrantCode {
		g.SessionID, w.code = s.SID, rec // a code never outlives its session
	} else {
		g.Data = rec.encode()
	}
	w.made = append(w.made, g)
}
