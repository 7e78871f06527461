package storage

import (
	"context"
	"time"

	"github.com/maypok86/otter/v2"
)

// What the hot path reads on every request is kept for a few seconds: own writes drop
// it at once, writes of other nodes are seen within cacheTTL.
const (
	cacheTTL  = 5 * time.Second
	cacheSize = 10_000
)

type caches struct {
	clients  *otter.Cache[string, *Client]
	apis     *otter.Cache[string, *API]
	settings *otter.Cache[string, *Settings]
	scripts  *otter.Cache[string, []*LiveScript]
	// organizations are there by id and by name.
	organizations *otter.Cache[string, *Organization]
	documents     *otter.Cache[string, []*Document] // by kind
}

func newCaches() caches {
	return caches{
		newCache[*Client](cacheSize), newCache[*API](cacheSize), newCache[*Settings](1), newCache[[]*LiveScript](1),
		newCache[*Organization](cacheSize), newCache[[]*Document](cacheSize),
	}
}

func newCache[V any](size int) *otter.Cache[string, V] {
	return otter.Must(&otter.Options[string, V]{
		MaximumSize: size, ExpiryCalculator: otter.ExpiryCreating[string, V](cacheTTL),
	})
}

func (c caches) stop() {
	c.clients.StopAllGoroutines()
	c.apis.StopAllGoroutines()
	c.settings.StopAllGoroutines()
	c.scripts.StopAllGoroutines()
	c.organizations.StopAllGoroutines()
	c.documents.StopAllGoroutines()
}

// CachedClient is ClientByID, at most 5 seconds old. The client is shared: it must
// not be modified. Errors: ErrNotFound.
func (d *DB) CachedClient(ctx context.Context, id string) (*Client, error) {
	return cachedRead(ctx, d, d.cached.clients, id, d.ClientByID)
}

// CachedAPI is APIByAudience, at most 5 seconds old. The API is shared: it must not
// be modified. Errors: ErrNotFound.
func (d *DB) CachedAPI(ctx context.Context, audience string) (*API, error) {
	return cachedRead(ctx, d, d.cached.apis, audience, d.APIByAudience)
}

// CachedSettings is Settings, at most 5 seconds old. They are shared: they must not
// be modified.
func (d *DB) CachedSettings(ctx context.Context) (*Settings, error) {
	return cachedRead(ctx, d, d.cached.settings, settingsID, func(ctx context.Context, _ string) (*Settings, error) {
		return d.Settings(ctx)
	})
}

// cachedRead reads through c. Within a transaction it reads the table: what others
// may not see yet must not get into the cache.
func cachedRead[V any](ctx context.Context, d *DB, c *otter.Cache[string, V], key string, read func(context.Context, string) (V, error)) (V, error) {
	if d.tx(ctx) != nil {
		return read(ctx, key)
	}
	return c.Get(ctx, key, otter.LoaderFunc[string, V](read))
}
