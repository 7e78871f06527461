package resource

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-jose/go-jose/v4/json"
)

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
		place := url.URL{Scheme: u.Scheme, Host: u.Host, Path: at}
		uri, err := k.metadata(ctx, place.String())
		if err == nil {
			return uri, nil
		}
		all = errors.Join(all, err)
	}
	return "", fmt.Errorf("resource: metadata of the issuer: %w", all)
}

// metadata returns the jwks_uri of the document at place, which has to be the issuer's
// own (RFC 8414 §3.3) and no way from https down to http.
func (k *keys) metadata(ctx context.Context, place string) (string, error) {
	body, err := k.get(ctx, place)
	if err != nil {
		return "", err
	}
	var doc struct {
		Issuer  string `json:"issuer"`
		JWKSURI string `json:"jwks_uri"`
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		return "", fmt.Errorf("%s: %w", place, err)
	}
	down := strings.HasPrefix(place, "https:") && !strings.HasPrefix(doc.JWKSURI, "https:")
	switch {
	case doc.Issuer != k.config.Issuer:
		return "", fmt.Errorf("%s is the metadata of %q", place, doc.Issuer)
	case !absolute(doc.JWKSURI) || down:
		return "", fmt.Errorf("%s has no jwks_uri to trust", place)
	}
	return doc.JWKSURI, nil
}

func (k *keys) get(ctx context.Context, uri string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, uri, nil)
	if err != nil {
		return nil, err
	}
	return ask(k.config.Client, r)
}
