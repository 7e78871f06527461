package policy

import (
	"fmt"
	"math/bits"
	"slices"

	"github.com/sallyport-id/sallyport/factors"
)

// A Level is a demand on a set of proofs. The zero Level is met by any proof.
type Level struct {
	// Kinds is how many different factor kinds are needed (known, had, inherent).
	Kinds int
	// PhishingResistant wants one proof that a relaying site cannot use.
	PhishingResistant bool
	// Hardware wants a key that is attested to live in hardware.
	Hardware bool
}

// A Rung gives a Level the name that relying parties ask for.
type Rung struct {
	Value string
	Level Level
}

// A Ladder is the table of acr values, weakest first. Where several rungs have one
// Level, the first is its canonical name. It is what discovery publishes as
// acr_values_supported.
type Ladder []Rung

// The values that the rest of the house names.
const (
	SingleFactor      = "urn:sallyport:acr:1fa"
	MultiFactor       = "http://schemas.openid.net/pape/policies/2007/06/multi-factor"
	PhishingResistant = "phr"
)

// DefaultLadder is the table of values in common use: PAPE, OpenID EAP, NIST
// SP 800-63B assurance levels, REFEDS, PSD2 and the SAML class for passwords.
func DefaultLadder() Ladder {
	one, two := Level{Kinds: 1}, Level{Kinds: 2}
	return Ladder{
		{SingleFactor, one},
		{"http://idmanagement.gov/ns/assurance/aal/1", one},
		{"https://refeds.org/profile/sfa", one},
		{"urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport", one},
		{MultiFactor, two},
		{"http://idmanagement.gov/ns/assurance/aal/2", two},
		{"https://refeds.org/profile/mfa", two},
		{"urn:openbanking:psd2:sca", two},
		{"urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken", two},
		{PhishingResistant, Level{Kinds: 1, PhishingResistant: true}},
		{"http://schemas.openid.net/pape/policies/2007/06/phishing-resistant", Level{Kinds: 1, PhishingResistant: true}},
		{"http://schemas.openid.net/pape/policies/2007/06/multi-factor-physical", Level{Kinds: 2, Hardware: true}},
		{"phrh", Level{Kinds: 1, PhishingResistant: true, Hardware: true}},
	}
}

// Validate reports what is wrong with a configured ladder, naming the value.
func (l Ladder) Validate() error {
	seen := map[string]bool{}
	for i, rung := range l {
		switch {
		case rung.Value == "":
			return fmt.Errorf("acr[%d].value: empty; give the value that applications ask for", i)
		case seen[rung.Value]:
			return fmt.Errorf("acr[%d].value: %q stands twice; remove one", i, rung.Value)
		case rung.Level.Kinds < 0 || rung.Level.Kinds > 3:
			return fmt.Errorf("acr[%d].kinds: %d; there are three kinds of factors, use 0 to 3", i, rung.Level.Kinds)
		}
		seen[rung.Value] = true
	}
	return nil
}

// Values lists the acr values, weakest first.
func (l Ladder) Values() []string {
	values := make([]string, len(l))
	for i, rung := range l {
		values[i] = rung.Value
	}
	return values
}

func (l Ladder) level(value string) (Level, bool) {
	i := slices.IndexFunc(l, func(r Rung) bool { return r.Value == value })
	if i < 0 {
		return Level{}, false
	}
	return l[i].Level, true
}

// Meets reports whether proofs reach value. Unknown values are never met.
func (l Ladder) Meets(value string, proofs []factors.Proof, weakCounts bool) bool {
	level, ok := l.level(value)
	return ok && level.metBy(strengthOf(proofs, weakCounts))
}

// Known keeps the values that the ladder has, in the order given.
func (l Ladder) Known(values []string) []string {
	return slices.DeleteFunc(slices.Clone(values), func(v string) bool {
		_, ok := l.level(v)
		return !ok
	})
}

// achieved names the highest level that s reaches, "" where it reaches none. Of the
// names of that level it takes the first that was asked for, else the canonical one.
func (l Ladder) achieved(s strength, asked []string) string {
	at := -1
	for i, rung := range l {
		if rung.Level.metBy(s) && (at < 0 || rung.Level != l[at].Level) {
			at = i
		}
	}
	if at < 0 {
		return ""
	}
	for _, value := range asked {
		if level, ok := l.level(value); ok && level == l[at].Level {
			return value
		}
	}
	return l[at].Value
}

// A strength is what a set of proofs amounts to.
type strength struct {
	kinds  factors.Kind
	traits factors.Trait
}

// strengthOf adds proofs up. A proof without amr counts for nothing; a weak one
// (recovery code, e-mail) only where the admin said so.
func strengthOf(proofs []factors.Proof, weakCounts bool) strength {
	var s strength
	for _, p := range proofs {
		if len(p.AMR) > 0 && (weakCounts || p.Traits&factors.Weak == 0) {
			s = s.with(p.Kinds, p.Traits)
		}
	}
	return s
}

func (s strength) with(k factors.Kind, t factors.Trait) strength {
	return strength{kinds: s.kinds | k, traits: s.traits | t&^factors.Weak}
}

func (l Level) metBy(s strength) bool {
	return s.kinds != 0 && bits.OnesCount8(uint8(s.kinds)) >= l.Kinds &&
		(!l.PhishingResistant || s.traits&factors.PhishingResistant != 0) &&
		(!l.Hardware || s.traits&factors.Hardware != 0)
}

// methods is the amr of proofs (RFC 8176): their union in the order shown, and "mfa"
// where they are of two kinds.
func methods(proofs []factors.Proof, weakCounts bool) []string {
	var amr []string
	for _, p := range proofs {
		for _, name := range p.AMR {
			if !slices.Contains(amr, name) {
				amr = append(amr, name)
			}
		}
	}
	if bits.OnesCount8(uint8(strengthOf(proofs, weakCounts).kinds)) > 1 && !slices.Contains(amr, "mfa") {
		amr = append(amr, "mfa")
	}
	return amr
}
