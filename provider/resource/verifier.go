package resource

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// A Verifier checks tokens. It is safe for concurrent use.
type Verifier struct {
	config Config
	algs   []jose.SignatureAlgorithm
	keys   *keys
}

// ErrInvalid is wrapped by Verify where the token is not good; every other error means
// that the issuer could not be asked.
var ErrInvalid = errors.New("resource: invalid token")

// New makes a Verifier. It fetches nothing yet.
func New(c Config) (*Verifier, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if c.Leeway == 0 {
		c.Leeway = 30 * time.Second
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Client == nil {
		c.Client = &http.Client{Timeout: askTime}
	}
	v := &Verifier{config: c, keys: &keys{config: c}}
	for _, alg := range c.algorithms() {
		v.algs = append(v.algs, jose.SignatureAlgorithm(alg))
	}
	return v, nil
}

// Verify checks token: a JWT as RFC 9068 §4 says, any other by introspection where
// that is configured. What looks like a JWT is never asked about.
func (v *Verifier) Verify(ctx context.Context, token string) (*Claims, error) {
	if v.config.Introspect != nil && strings.Count(token, ".") != 2 {
		return v.introspect(ctx, token)
	}
	payload, err := v.signed(ctx, token)
	if err != nil {
		return nil, err
	}
	w, extra, err := read(payload)
	if err != nil {
		return nil, fmt.Errorf("%w: the claims are not JSON of the right types", ErrInvalid)
	}
	if err := v.holds(w); err != nil {
		return nil, err
	}
	return w.claims(extra), nil
}

// signed returns what the issuer signed as an access token.
func (v *Verifier) signed(ctx context.Context, token string) ([]byte, error) {
	jws, err := jose.ParseSignedCompact(token, v.algs)
	if err != nil {
		return nil, fmt.Errorf("%w: not a JWT that is signed by an allowed algorithm", ErrInvalid)
	}
	h := jws.Signatures[0].Header
	typ, _ := h.ExtraHeaders[jose.HeaderType].(string)
	if t := strings.ToLower(typ); t != "at+jwt" && t != "application/at+jwt" {
		return nil, fmt.Errorf("%w: not an access token", ErrInvalid)
	}
	key, err := v.keys.find(ctx, h.KeyID, h.Algorithm)
	if err != nil {
		return nil, err
	}
	if key == nil {
		return nil, fmt.Errorf("%w: signed by no key of the issuer", ErrInvalid)
	}
	payload, err := jws.Verify(key.Key)
	if err != nil {
		return nil, fmt.Errorf("%w: the signature is wrong", ErrInvalid)
	}
	return payload, nil
}

func (v *Verifier) holds(w *wire) error {
	now := v.config.Now()
	switch {
	case w.Issuer != v.config.Issuer:
		return fmt.Errorf("%w: of another issuer", ErrInvalid)
	case !slices.Contains(w.Audience, v.config.Audience):
		return fmt.Errorf("%w: for another audience", ErrInvalid)
	case w.Subject == "" || w.Expiry == nil:
		return fmt.Errorf("%w: without sub or exp", ErrInvalid)
	case !now.Before(moment(*w.Expiry).Add(v.config.Leeway)):
		return fmt.Errorf("%w: expired", ErrInvalid)
	case w.NotYet > 0 && now.Add(v.config.Leeway).Before(moment(w.NotYet)):
		return fmt.Errorf("%w: not valid yet", ErrInvalid)
	}
	return nil
}
