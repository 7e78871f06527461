package rules

import (
	"fmt"
	"strconv"
	"time"
)

// Auth0's limits of api.cache.
const (
	maxEntries = 20
	maxValue   = 4 << 10
	maxCache   = 8 << 10 // bytes of all keys and values
	maxTTL     = 24 * time.Hour
)

func (r *run) cached(a []string) (string, error) {
	value, ok := r.entries[a[0]]
	if !ok {
		return "", nil
	}
	found := fmt.Sprintf(`{"value":%s}`, value)
	if set, ok := r.said.Cache[a[0]]; ok {
		found = fmt.Sprintf(`{"value":%s,"expires_at":%d}`, value, r.job.Now.UnixMilli()+set.TTL)
	}
	return found, nil
}

// cache gives what is wrong, in a word, as api.cache.set throws nothing.
func (r *run) cache(a []string) (string, error) {
	key, value := a[0], a[1]
	ttl, err := strconv.ParseFloat(a[2], 64)
	all := len(key) + len(value)
	for k, v := range r.entries {
		if k != key {
			all += len(k) + len(v)
		}
	}
	_, there := r.entries[key]
	switch {
	case err != nil || !(ttl >= 1):
		return "InvalidExpiry", nil
	case len(value) > maxValue:
		return "CacheValueSizeExceeded", nil
	case all > maxCache || !there && len(r.entries) >= maxEntries:
		return "CacheSizeExceeded", nil
	}
	r.remember(key, value, int64(min(ttl, float64(maxTTL.Milliseconds()))))
	return "", nil
}

func (r *run) uncache(a []string) (string, error) {
	r.remember(a[0], "", 0)
	delete(r.entries, a[0])
	return "", nil
}

func (r *run) remember(key, value string, ttl int64) {
	r.spend(key, value)
	if r.said.Cache == nil {
		r.said.Cache = map[string]Cached{}
	}
	if r.entries == nil {
		r.entries = map[string]string{}
	}
	r.entries[key], r.said.Cache[key] = value, Cached{Value: value, TTL: ttl}
}
