package resource

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Config says whose tokens are taken. Issuer and Audience are required.
type Config struct {
	Issuer   string // exactly as in the tokens' iss
	Audience string // the API's identifier, one of the tokens' aud
	// JWKSURI is where the issuer's keys are; empty: as its metadata says.
	JWKSURI string
	// Algorithms that signatures may have; empty: RS256, ES256 and EdDSA.
	Algorithms []string
	Leeway     time.Duration    // between the clocks; 0: 30 s
	Client     *http.Client     // fetches metadata and keys; nil: one with a time-out of 10 s
	Now        func() time.Time // nil: the clock
}

// A Verifier checks tokens. It is safe for concurrent use.
type Verifier struct {
	config Config
	algs   []jose.SignatureAlgorithm
	keys   *keys
}

// Claims are what a good token says (RFC 9068 §2.2).
type Claims struct {
	Issuer    string
	Subject   string // the user, or the client where it acts for itself
	ClientID  string
	Audience  []string
	Scopes    []string
	ACR       string   // how the person proved who they are, "" where it is not said
	AMR       []string // by which methods (RFC 8176)
	AuthTime  time.Time
	IssuedAt  time.Time
	ExpiresAt time.Time
	ID        string         // jti
	Extra     map[string]any // all claims, by their names
}

// ErrInvalid is wrapped by Verify where the token is not good; every other error means
// that the issuer's keys could not be had.
var ErrInvalid = errors.New("resource: invalid token")

// New makes a Verifier. It fetches nothing yet.
func New(c Config) (*Verifier, error) {
	issuer, err := url.Parse(c.Issuer)
	switch {
	case err != nil || issuer.Host == "":
		return nil, errors.New("resource: Config.Issuer has to be the issuer's absolute URL")
	case c.Audience == "":
		return nil, errors.New("resource: Config.Audience is missing: name the API as the provider knows it")
	}
	if c.Leeway == 0 {
		c.Leeway = 30 * time.Second
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Client == nil {
		c.Client = &http.Client{Timeout: 10 * time.Second}
	}
	if len(c.Algorithms) == 0 {
		c.Algorithms = []string{"RS256", "ES256", "EdDSA"}
	}
	v := &Verifier{config: c, keys: &keys{config: c}}
	for _, alg := range c.Algorithms {
		if alg == "none" || strings.HasPrefix(alg, "HS") {
			return nil, fmt.Errorf("resource: Config.Algorithms: %s is no public-key signature", alg)
		}
		v.algs = append(v.algs, jose.SignatureAlgorithm(alg))
	}
	return v, nil
}

// wire is the token's JSON.
type wire struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience audience `json:"aud"`
	ClientID string   `json:"client_id"`
	Expiry   *float64 `json:"exp"`
	NotYet   float64  `json:"nbf"`
	IssuedAt float64  `json:"iat"`
	ID       string   `json:"jti"`
	Scope    string   `json:"scope"`
	ACR      string   `json:"acr"`
	AMR      []string `json:"amr"`
	AuthTime float64  `json:"auth_time"`
}

// An audience is one string or a list of them (RFC 7519 §4.1.3).
type audience []string

// UnmarshalJSON implements json.Unmarshaler.
func (a *audience) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(a))
}

// Verify checks token as RFC 9068 §4 says.
func (v *Verifier) Verify(ctx context.Context, token string) (*Claims, error) {
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
	var w wire
	c := &Claims{}
	if json.Unmarshal(payload, &w) != nil || json.Unmarshal(payload, &c.Extra) != nil {
		return nil, fmt.Errorf("%w: the claims are not JSON of the right types", ErrInvalid)
	}
	if err := v.holds(&w); err != nil {
		return nil, err
	}
	c.Issuer, c.Subject, c.ClientID, c.Audience, c.ID = w.Issuer, w.Subject, w.ClientID, w.Audience, w.ID
	c.Scopes, c.ACR, c.AMR = strings.Fields(w.Scope), w.ACR, w.AMR
	c.AuthTime, c.IssuedAt, c.ExpiresAt = moment(w.AuthTime), moment(w.IssuedAt), moment(*w.Expiry)
	return c, nil
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

// moment is a NumericDate (RFC 7519 §2), the zero time for 0.
func moment(seconds float64) time.Time {
	const last = 253402300799 // the end of the year 9999
	if seconds <= 0 {
		return time.Time{}
	}
	return time.Unix(int64(min(seconds, last)), 0).UTC()
}
