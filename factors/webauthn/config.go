package webauthn

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/sallyport-id/sallyport/factors"
)

// Config is the setting of one kind of authenticator.
type Config struct {
	RPID               string        `koanf:"rp_id" doc:"domain that keys are made for: the site's host or a parent of it; changing it makes all keys useless"`
	Origins            []string      `doc:"further sites that may use these keys, as https://shop.example (Related Origin Requests)"`
	UserVerification   string        `doc:"whether the key checks who holds it: discouraged, preferred or required"`
	Attestation        string        `doc:"whether a new key is asked who made it: none, or direct"`
	AttestationRoots   []string      `doc:"files of certificates in PEM, of makers whose keys live in hardware: they reach phrh"`
	RequireAttestation bool          `doc:"whether keys of other makers are turned away; those that people have still work"`
	Lifetime           time.Duration `doc:"how long a question stays open"`
	Rate               factors.Rate

	kind kind
}

// A kind is what tells security keys from the device's own lock.
type kind struct {
	factor     string
	attachment protocol.AuthenticatorAttachment
	resident   protocol.ResidentKeyRequirement
	label      string
	order      int
}

// Roaming are the defaults of security keys: they are not asked for their PIN, because
// a password stands beside them.
func Roaming() *Config {
	return &Config{
		UserVerification: "discouraged", Attestation: attestNone, Lifetime: 5 * time.Minute, Rate: factors.Rate{Burst: 15, Period: 4 * time.Second},
		kind: kind{factors.Roaming, protocol.CrossPlatform, protocol.ResidentKeyRequirementPreferred, "Security key", 10},
	}
}

// Platform are the defaults of a device's own lock, which always checks who it is.
func Platform() *Config {
	return &Config{
		UserVerification: "required", Attestation: attestNone, Lifetime: 5 * time.Minute, Rate: factors.Rate{Burst: 15, Period: 4 * time.Second},
		kind: kind{factors.Platform, protocol.Platform, protocol.ResidentKeyRequirementRequired, "This device", 15},
	}
}

// Open checks the settings. The error names the key.
func (c *Config) Open(env factors.Env) (factors.Factor, error) {
	f := &Factor{config: c, kind: c.kind}
	var faults []error
	switch protocol.UserVerificationRequirement(c.UserVerification) {
	case protocol.VerificationDiscouraged, protocol.VerificationPreferred, protocol.VerificationRequired:
	default:
		faults = append(faults, fmt.Errorf("user_verification: %q is unknown; use discouraged, preferred or required", c.UserVerification))
	}
	if c.kind.factor == factors.Platform && c.UserVerification != "required" {
		faults = append(faults, errors.New("user_verification: a device's own lock always verifies; use required"))
	}
	faults = append(faults, f.trust())
	if c.Lifetime < 30*time.Second || c.Lifetime > 10*time.Minute {
		faults = append(faults, fmt.Errorf("lifetime: %s; use 30s to 10m", c.Lifetime))
	}
	if err := c.Rate.Check(); err != nil {
		faults = append(faults, fmt.Errorf("rate.%w", err))
	}
	if env.Origin != "" {
		faults = append(faults, f.at(env))
	}
	return f, errors.Join(faults...)
}

// trust reads whose word counts for what a key is.
func (f *Factor) trust() error {
	c := f.config
	switch {
	case c.Attestation != attestNone && c.Attestation != attestDirect:
		return fmt.Errorf("attestation: %q is unknown; use none or direct", c.Attestation)
	case c.Attestation == attestNone && len(c.AttestationRoots) > 0:
		return errors.New("attestation_roots: no key is asked who made it; set attestation: direct")
	case c.RequireAttestation && len(c.AttestationRoots) == 0:
		return errors.New("require_attestation: no maker is trusted, so no key could be added; give attestation_roots")
	}
	var err error
	f.makers, err = loadMakers(c.AttestationRoots)
	return err
}

// at makes the relying party of a site.
func (f *Factor) at(env factors.Env) error {
	site, err := url.Parse(env.Origin)
	if err != nil {
		return fmt.Errorf("rp_id: the site has no address: %w", err)
	}
	host := site.Hostname()
	if _, err := netip.ParseAddr(host); err == nil {
		f.missing = "a host name in issuer: browsers keep no keys for the IP address " + host
		return nil
	}
	id := f.config.RPID
	if id == "" {
		id = host
	}
	if host != id && !strings.HasSuffix(host, "."+id) || !strings.Contains(id, ".") && id != host {
		return fmt.Errorf("rp_id: %q is neither the site's host %s nor a parent of it; use that, or leave it out", id, host)
	}
	for _, origin := range f.config.Origins {
		if u, err := url.Parse(origin); err != nil || u.Scheme != "https" || u.Host == "" || u.Path != "" {
			return fmt.Errorf("origins: %q is no site; use https://shop.example", origin)
		}
	}
	f.rp, err = webauthn.New(&webauthn.Config{
		RPID: id, RPDisplayName: env.Issuer, RPOrigins: append([]string{site.Scheme + "://" + site.Host}, f.config.Origins...),
		AttestationPreference: protocol.ConveyancePreference(f.config.Attestation),
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			AuthenticatorAttachment: f.kind.attachment, ResidentKey: f.kind.resident,
			UserVerification: protocol.UserVerificationRequirement(f.config.UserVerification),
		},
	})
	if err != nil {
		return fmt.Errorf("rp_id: %w", err)
	}
	return nil
}
