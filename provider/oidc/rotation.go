package oidc

import (
	"context"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/sallyport-id/sallyport/storage"
)

// hintLife is how long after its last signature a key stays published and believed:
// id_token_hint of an old ID token still has to be read.
const hintLife = 30 * 24 * time.Hour

// ensureKeys makes the keys that are missing, to sign at once.
func (k *keyRing) ensure(ctx context.Context) error {
	if err := k.load(ctx); err != nil {
		return err
	}
	made := false
	for _, alg := range signingAlgs {
		if slices.ContainsFunc(k.set.Load().all, func(key *ringKey) bool { return key.Alg == string(alg) && key.RetiredAt.IsZero() }) {
			continue
		}
		key, err := newKey(alg)
		if err != nil {
			return err
		}
		key.NotBefore = k.now()
		if err := k.db.PutSigningKey(ctx, key); err != nil {
			return err
		}
		made = true
	}
	if made {
		return k.load(ctx)
	}
	return nil
}

// RotateKeys makes a new key for each algorithm named, or for all where none is; but not
// where the next key is published already and does not sign yet. It is published at once and
// signs after overlap; then the old one retires and stays published until nothing that it
// signed counts any more. The audit log names actor.
func RotateKeys(ctx context.Context, db *storage.DB, now time.Time, c Config, actor string, algs ...string) ([]*storage.SigningKey, error) {
	var fresh, made []*storage.SigningKey
	for _, alg := range signingAlgs {
		if len(algs) > 0 && !slices.Contains(algs, string(alg)) {
			continue
		}
		key, err := newKey(alg)
		if err != nil {
			return nil, err
		}
		key.NotBefore = now.Add(c.KeyOverlap)
		fresh = append(fresh, key)
	}
	err := db.Tx(ctx, func(ctx context.Context) error {
		all, err := db.SigningKeys(ctx)
		if err != nil {
			return err
		}
		made = slices.DeleteFunc(slices.Clone(fresh), func(key *storage.SigningKey) bool { return hasNext(all, key.Alg, now) })
		for _, key := range made {
			if err := retire(ctx, db, all, key, c); err != nil {
				return err
			}
			if err := db.PutSigningKey(ctx, key); err != nil {
				return err
			}
		}
		return db.AddEvents(ctx, rotated(now, actor, made)...)
	})
	return made, err
}

// hasNext reports whether a key for alg is to sign next.
func hasNext(all []*storage.SigningKey, alg string, now time.Time) bool {
	return slices.ContainsFunc(all, func(k *storage.SigningKey) bool {
		return k.Alg == alg && now.Before(k.NotBefore) && (k.ExpiresAt.IsZero() || now.Before(k.ExpiresAt))
	})
}

// retire says of the keys before next when they stop.
func retire(ctx context.Context, db *storage.DB, all []*storage.SigningKey, next *storage.SigningKey, c Config) error {
	for _, old := range all {
		if old.Alg != next.Alg || !old.RetiredAt.IsZero() {
			continue
		}
		old.RetiredAt = next.NotBefore
		old.ExpiresAt = next.NotBefore.Add(max(c.IDTokenTTL, c.AccessTokenTTL, 24*time.Hour) + hintLife)
		if err := db.UpdateSigningKey(ctx, old); err != nil {
			return err
		}
	}
	return nil
}

func rotated(now time.Time, actor string, made []*storage.SigningKey) []*storage.Event {
	var events []*storage.Event
	for _, key := range made {
		events = append(events, &storage.Event{
			ID: storage.NewID("evt"), At: now, Type: "key.rotated", Actor: actor,
			Data: map[string]any{"kid": key.ID, "alg": key.Alg, "not_before": key.NotBefore.Unix()},
		})
	}
	return events
}

// Tick reads the keys again and rotates those that have signed for long enough. Call
// it every minute: keys that another node or an operator made are published from then
// on, long before they sign.
func (p *Provider) Tick(ctx context.Context) error {
	if err := p.keys.load(ctx); err != nil {
		return err
	}
	if p.config.KeyRotation == 0 {
		return nil
	}
	for _, alg := range signingAlgs {
		newest := p.keys.newest(alg)
		if newest == nil || p.now().Sub(newest.NotBefore) < p.config.KeyRotation-p.config.KeyOverlap {
			continue
		}
		if _, err := RotateKeys(ctx, p.db, p.now(), p.config, "provider", string(alg)); err != nil {
			return err
		}
	}
	return p.keys.load(ctx)
}

// newest is the last key made for alg, whether or not it signs already.
func (k *keyRing) newest(alg jose.SignatureAlgorithm) *ringKey {
	var best *ringKey
	for _, key := range k.set.Load().all {
		if key.Alg == string(alg) && (best == nil || key.NotBefore.After(best.NotBefore)) {
			best = key
		}
	}
	return best
}

// RotateKeys makes new signing keys on behalf of actor; see [RotateKeys].
func (p *Provider) RotateKeys(ctx context.Context, actor string) ([]*storage.SigningKey, error) {
	made, err := RotateKeys(ctx, p.db, p.now(), p.config, actor)
	if err != nil {
		return nil, err
	}
	return made, p.keys.load(ctx)
}

// RevokeKey has nothing that a key signed believed any more: here at once, on other nodes
// within a minute.
//
// Errors: storage.ErrNotFound.
func (p *Provider) RevokeKey(ctx context.Context, actor string, row *storage.SigningKey) error {
	row.ExpiresAt = p.now()
	err := p.db.Tx(ctx, func(ctx context.Context) error {
		if err := p.db.UpdateSigningKey(ctx, row); err != nil {
			return err
		}
		return p.db.AddEvents(ctx, &storage.Event{
			ID: storage.NewID("evt"), At: row.ExpiresAt, Type: "key.revoked", Actor: actor, Data: map[string]any{"kid": row.ID, "alg": row.Alg},
		})
	})
	if err != nil {
		return err
	}
	return p.keys.load(ctx)
}
