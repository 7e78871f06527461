package resource

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	keysLife  = 10 * time.Minute
	keysPause = 10 * time.Second // between two fetches, however many unknown keys are named
	maxBody   = 1 << 20
)

// keys are the issuer's, as last fetched. While the issuer is down the old ones stay
// in use.
type keys struct {
	config Config

	mu    sync.Mutex
	set   *jose.JSONWebKeySet
	uri   string
	tried time.Time
	err   error
}

// find returns the key for a signature, nil where the issuer has none.
func (k *keys) find(ctx context.Context, kid, alg string) (*jose.JSONWebKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	key := k.pick(kid, alg)
	age := k.config.Now().Sub(k.tried)
	if key != nil && age < keysLife {
		return key, nil
	}
	if age >= keysPause {
		k.tried = k.config.Now()
		k.err = k.fetch(ctx)
		key = k.pick(kid, alg)
	}
	if k.set == nil {
		return nil, k.err
	}
	return key, nil
}

func (k *keys) pick(kid, alg string) *jose.JSONWebKey {
	if k.set == nil {
		return nil
	}
	var found *jose.JSONWebKey
	for i := range k.set.Keys {
		key := &k.set.Keys[i]
		usable := key.IsPublic() && (key.Use == "" || key.Use == "sig") && (key.Algorithm == "" || key.Algorithm == alg)
		if !usable || kid != "" && key.KeyID != kid {
			continue
		}
		if found != nil {
			return nil // without a kid there is no telling which
		}
		found = key
	}
	return found
}

func (k *keys) fetch(ctx context.Context) error {
	if k.uri == "" {
		uri, err := k.discover(ctx)
		if err != nil {
			return err
		}
		k.uri = uri
	}
	var set jose.JSONWebKeySet
	if err := k.get(ctx, k.uri, &set); err != nil {
		return fmt.Errorf("resource: keys of the issuer: %w", err)
	}
	k.set = &set
	return nil
}

// discover finds the address of the keys in the issuer's metadata (RFC 8414 §3,
// OpenID Connect Discovery §4).
func (k *keys) discover(ctx context.Context) (string, error) {
	if k.config.JWKSURI != "" {
		return k.config.JWKSURI, nil
	}
	u, err := url.Parse(k.config.Issuer)
	if err != nil {
		return "", fmt.Errorf("resource: issuer: %w", err)
	}
	path := strings.TrimSuffix(u.Path, "/")
	var all error
	for _, at := range []string{"/.well-known/oauth-authorization-server" + path, path + "/.well-known/openid-configuration"} {
		var doc struct {
			Issuer  string `json:"issuer"`
			JWKSURI string `json:"jwks_uri"`
		}
		place := url.URL{Scheme: u.Scheme, Host: u.Host, Path: at}
		err := k.get(ctx, place.String(), &doc)
		switch {
		case err != nil:
			all = errors.Join(all, err)
		case doc.Issuer != k.config.Issuer || doc.JWKSURI == "":
			all = errors.Join(all, fmt.Errorf("%s is the metadata of %q", place.String(), doc.Issuer))
		default:
			return doc.JWKSURI, nil
		}
	}
	return "", fmt.Errorf("resource: metadata of the issuer: %w", all)
}

func (k *keys) get(ctx context.Context, uri string, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, uri, nil)
	if err != nil {
		return err
	}
	answer, err := k.config.Client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", uri, answer.Status)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxBody+1))
	if err == nil && len(body) > maxBody {
		err = errors.New("larger than 1 MiB")
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(body, into)
}
