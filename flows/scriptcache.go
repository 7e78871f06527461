package flows

import (
	"sync"
	"time"

	"github.com/sallyport-id/sallyport/flows/rules"
)

// Auth0's limits of api.cache.
const (
	cacheEntries = 20
	cacheBytes   = 8 << 10
)

// A scriptCache is api.cache of actions: it belongs to this process, may forget at any
// time, and no decision rests on it alone.
type scriptCache struct {
	mu  sync.Mutex
	all map[string]scriptEntry
}

type scriptEntry struct {
	value string
	until time.Time
}

// values are the entries that are still good.
func (c *scriptCache) values(now time.Time) map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	good := map[string]string{}
	for key, e := range c.all {
		if e.until.After(now) {
			good[key] = e.value
		} else {
			delete(c.all, key)
		}
	}
	return good
}

// put keeps an entry where there is room; an empty value removes it.
func (c *scriptCache) put(key string, v rules.Cached, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.all, key)
	size := len(key) + len(v.Value)
	for name, e := range c.all {
		size += len(name) + len(e.value)
	}
	if v.Value == "" || len(c.all) >= cacheEntries || size > cacheBytes {
		return
	}
	if c.all == nil {
		c.all = map[string]scriptEntry{}
	}
	c.all[key] = scriptEntry{v.Value, now.Add(time.Duration(v.TTL) * time.Millisecond)}
}
