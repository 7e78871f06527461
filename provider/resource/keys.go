package resource

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
)

const (
	keysLife  = 10 * time.Minute
	keysPause = 10 * time.Second // between two fetches, however many unknown keys are named
	// keysLast is how long keys stay in use while the issuer is down. Beyond that a key
	// which it has withdrawn meanwhile would count without end.
	keysLast = time.Hour
)

// keys are the issuer's, as last fetched.
type keys struct {
	config   Config
	fetching sync.Mutex // held for one fetch; never waited for by those whose key is there

	mu      sync.Mutex // guards what follows, and is held for no longer than a look
	set     []jose.JSONWebKey
	fetched time.Time
	tried   time.Time
	err     error
}

// find returns the key for a signature, nil where the issuer has none. An error means
// that there are no keys to look among.
func (k *keys) find(ctx context.Context, kid, alg string) (*jose.JSONWebKey, error) {
	key, fresh, _ := k.look(kid, alg)
	if fresh {
		return key, nil
	}
	if key == nil {
		k.fetching.Lock()
	} else if !k.fetching.TryLock() {
		return key, nil // somebody is at it, and this one will do till then
	}
	defer k.fetching.Unlock()
	if k.due(kid, alg) {
		k.renew(ctx)
	}
	key, _, err := k.look(kid, alg)
	return key, err
}

// look looks among the keys that are there. Fresh means that the key is there and
// needs no fetch.
func (k *keys) look(kid, alg string) (key *jose.JSONWebKey, fresh bool, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	age := k.config.Now().Sub(k.fetched)
	if k.set == nil || age >= keysLast {
		return nil, false, errors.Join(errNoKeys, k.err)
	}
	key = pick(k.set, kid, alg)
	return key, key != nil && age < keysLife, nil
}

var errNoKeys = errors.New("resource: the issuer's keys cannot be had")

// due reports whether to fetch, and notes that it is done. Who waited for another's
// fetch finds its result.
func (k *keys) due(kid, alg string) bool {
	if _, fresh, _ := k.look(kid, alg); fresh {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.config.Now()
	if age := now.Sub(k.tried); age >= 0 && age < keysPause {
		return false
	}
	k.tried = now
	return true
}

// renew fetches for everybody, so it goes on when the one who asked hangs up.
func (k *keys) renew(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTime)
	defer cancel()
	set, err := k.fetch(ctx)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.err = err; err == nil {
		k.set, k.fetched = set, k.config.Now()
	}
}

func (k *keys) fetch(ctx context.Context) ([]jose.JSONWebKey, error) {
	uri, err := k.discover(ctx)
	if err != nil {
		return nil, err
	}
	body, err := k.get(ctx, uri)
	if err != nil {
		return nil, fmt.Errorf("resource: keys of the issuer: %w", err)
	}
	return parse(body)
}

// parse reads a key set and leaves out keys of kinds that are not understood (RFC 7517
// §5). A set of which nothing is left is no answer to replace good keys by.
func parse(body []byte) ([]jose.JSONWebKey, error) {
	var raw struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(body, &raw); err != nil {
		return nil, fmt.Errorf("resource: keys of the issuer: %w", err)
	}
	var set []jose.JSONWebKey
	for _, one := range raw.Keys {
		var key jose.JSONWebKey
		if key.UnmarshalJSON(one) == nil && key.IsPublic() && key.Valid() {
			set = append(set, key)
		}
	}
	if len(set) == 0 {
		return nil, errors.New("resource: keys of the issuer: there is none that is understood")
	}
	return set, nil
}
