package resource

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Config says whose tokens are taken. Issuer and Audience are required.
type Config struct {
	Issuer   string // exactly as in the tokens' iss
	Audience string // the API's identifier, one of the tokens' aud; also the realm of challenges
	// JWKSURI is where the issuer's keys are; empty: as its metadata says.
	JWKSURI string
	// Algorithms that signatures may have; empty: RS256, ES256 and EdDSA.
	Algorithms []string
	// Introspect says how to ask about opaque tokens; nil: they are refused.
	Introspect *Introspection
	Leeway     time.Duration    // between the clocks; 0: 30 s
	Client     *http.Client     // asks the issuer; nil: one with a time-out of 10 s
	Now        func() time.Time // nil: the clock
}

// check names the first field that is wrong, and the mend.
func (c *Config) check() error {
	switch {
	case !absolute(c.Issuer):
		return errors.New("resource: Config.Issuer has to be the issuer's absolute http(s) URL, as its tokens say it in iss")
	case c.Audience == "":
		return errors.New("resource: Config.Audience is missing: name the API as the provider knows it")
	case c.JWKSURI != "" && !absolute(c.JWKSURI):
		return errors.New("resource: Config.JWKSURI has to be an absolute http(s) URL; leave it empty to find it in the issuer's metadata")
	case c.Leeway < 0:
		return errors.New("resource: Config.Leeway is negative: leave it 0 for 30 s")
	}
	for _, alg := range c.Algorithms {
		if fits[alg] == nil {
			return fmt.Errorf("resource: Config.Algorithms: %q is no public-key signature known here: leave it empty for RS256, ES256 and EdDSA", alg)
		}
	}
	return c.Introspect.check()
}

func (c *Config) algorithms() []string {
	if len(c.Algorithms) == 0 {
		return []string{"RS256", "ES256", "EdDSA"}
	}
	return slices.Clone(c.Algorithms)
}

// absolute reports whether s is an address that can be asked, without a fragment (RFC
// 8414 §2).
func absolute(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && !strings.Contains(s, "#")
}
