package oidc

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"

	"code.dny.dev/ssrf"
	"github.com/go-jose/go-jose/v4"
)

const (
	keySetLife    = 5 * time.Minute
	keySetPause   = 10 * time.Second // between two fetches of one address
	keySetTimeout = 5 * time.Second
	maxKeySet     = 64 << 10
	maxKeySets    = 1000
)

// keySets fetches and keeps the key sets of clients that register a jwks_uri. It
// reaches no address inside our own network (T-30), unless we are a development
// provider on loopback ourselves.
type keySets struct {
	http *http.Client
	now  func() time.Time

	mu   sync.Mutex
	sets map[string]*keySet
}

// A keySet is one address's keys as last seen.
type keySet struct {
	mu   sync.Mutex
	keys *jose.JSONWebKeySet
	at   time.Time // of the last try
	err  error
}

func newKeySets(now func() time.Time, loopback bool) *keySets {
	guard := ssrf.New(ssrf.WithAnyPort())
	if loopback {
		guard = ssrf.New(ssrf.WithAnyPort(), ssrf.WithAllowedV4Prefixes(netip.MustParsePrefix("127.0.0.0/8")), ssrf.WithAllowedV6Prefixes(netip.MustParsePrefix("::1/128")))
	}
	dial := &net.Dialer{Timeout: keySetTimeout, Control: guard.Safe}
	return &keySets{
		now: now, sets: map[string]*keySet{},
		http: &http.Client{
			Timeout:       keySetTimeout,
			Transport:     &http.Transport{DialContext: dial.DialContext, TLSHandshakeTimeout: keySetTimeout, MaxIdleConns: 10},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// get returns the keys at an address. It fetches where they are old, and, at most
// every keySetPause, where kid is not among them.
func (s *keySets) get(ctx context.Context, uri, kid string) (*jose.JSONWebKeySet, error) {
	set := s.entry(uri)
	set.mu.Lock()
	defer set.mu.Unlock()
	age := s.now().Sub(set.at)
	known := set.keys != nil && (kid == "" || slices.ContainsFunc(set.keys.Keys, func(k jose.JSONWebKey) bool { return k.KeyID == kid }))
	if known && age < keySetLife || age < keySetPause {
		if set.keys == nil {
			return nil, set.err
		}
		return set.keys, nil
	}
	keys, err := s.fetch(ctx, uri)
	set.at, set.err = s.now(), err
	if err == nil {
		set.keys = keys
	}
	if set.keys == nil {
		return nil, err
	}
	return set.keys, nil
}

func (s *keySets) entry(uri string) *keySet {
	s.mu.Lock()
	defer s.mu.Unlock()
	set := s.sets[uri]
	if set == nil {
		if len(s.sets) >= maxKeySets {
			clear(s.sets)
		}
		set = &keySet{}
		s.sets[uri] = set
	}
	return set
}

func (s *keySets) fetch(ctx context.Context, uri string) (*jose.JSONWebKeySet, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, uri, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/jwk-set+json, application/json")
	answer, err := s.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", answer.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxKeySet+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxKeySet {
		return nil, errors.New("larger than 64 KiB")
	}
	var keys jose.JSONWebKeySet
	if err := json.Unmarshal(body, &keys); err != nil {
		return nil, errors.New("not a key set")
	}
	return &keys, nil
}

// family names the kind of a public key.
func family(key any) string {
	switch key.(type) {
	case *rsa.PublicKey:
		return "RSA"
	case *ecdsa.PublicKey:
		return "EC"
	case ed25519.PublicKey:
		return "OKP"
	}
	return "unknown"
}
