package oidc

import (
	"errors"
	"fmt"
	"time"
)

// Config is the room's settings. The zero value of a field is not a default: begin
// with DefaultConfig.
type Config struct {
	CodeTTL                 time.Duration `doc:"how long an authorization code works, at most 60s"`
	AccessTokenTTL          time.Duration `doc:"how long an access token works where neither client nor API say"`
	IDTokenTTL              time.Duration `doc:"how long an ID token counts"`
	RefreshTokenTTL         time.Duration `doc:"a refresh token that was not used for this long ends"`
	RefreshTokenAbsoluteTTL time.Duration `doc:"a chain of refresh tokens ends this long after its sign-in"`
	// RefreshGrace covers a lost answer: a client may present the token it has just
	// used once more, as long as nothing that came from it has been used.
	RefreshGrace time.Duration `doc:"how long a just used refresh token may be sent again after a lost answer; 0: never"`
	PARTTL       time.Duration `koanf:"par_ttl" doc:"how long a pushed authorization request waits to be used"`
	// KeyOverlap is how long a new key is published before it signs, and so how long
	// applications may cache the key set.
	KeyOverlap  time.Duration `doc:"how long a new signing key is published before it signs"`
	KeyRotation time.Duration `doc:"how long a key signs; 0: until it is rotated by hand"`
}

// DefaultConfig returns safe settings.
func DefaultConfig() Config {
	const day = 24 * time.Hour
	return Config{
		CodeTTL: time.Minute, AccessTokenTTL: 10 * time.Minute, IDTokenTTL: time.Hour,
		RefreshTokenTTL: 15 * day, RefreshTokenAbsoluteTTL: 90 * day, RefreshGrace: 10 * time.Second,
		PARTTL: 90 * time.Second, KeyOverlap: time.Hour, KeyRotation: 90 * day,
	}
}

// Validate reports every setting that is out of range, by name and with the mend.
func (c Config) Validate() error {
	const day = 24 * time.Hour
	var faults []error
	between := func(name string, d, low, high time.Duration) {
		if d < low || d > high {
			faults = append(faults, fmt.Errorf("%s: %s is out of range: use %s to %s", name, d, low, high))
		}
	}
	between("code_ttl", c.CodeTTL, time.Second, time.Minute)
	between("access_token_ttl", c.AccessTokenTTL, 10*time.Second, day)
	between("id_token_ttl", c.IDTokenTTL, 10*time.Second, day)
	between("refresh_token_absolute_ttl", c.RefreshTokenAbsoluteTTL, time.Minute, 400*day)
	between("refresh_token_ttl", c.RefreshTokenTTL, time.Minute, c.RefreshTokenAbsoluteTTL)
	between("refresh_grace", c.RefreshGrace, 0, time.Minute)
	between("par_ttl", c.PARTTL, 5*time.Second, 10*time.Minute)
	between("key_overlap", c.KeyOverlap, time.Minute, 30*day)
	if c.KeyRotation != 0 {
		between("key_rotation", c.KeyRotation, 2*c.KeyOverlap, 400*day)
	}
	return errors.Join(faults...)
}
