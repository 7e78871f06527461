package mfaapi

import (
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows"
)

// prefixes begin the ids of authenticators, by factor.
var prefixes = map[string]string{
	factors.OTP: "totp", factors.SMS: "sms", factors.Voice: "voice", factors.Email: "email", factors.Push: "push",
	factors.RecoveryCode: "recovery-code", factors.Roaming: "webauthn-roaming", factors.Platform: "webauthn-platform", factors.Duo: "duo",
}

// channels are the ways to ask out of band, by factor.
var channels = map[string]string{factors.SMS: "sms", factors.Voice: "voice", factors.Push: "auth0", factors.Email: "email"}

// floods are what there was too much of, by factor.
var floods = map[string]string{
	factors.SMS: "SMS sent by the user", factors.Voice: "voice calls made by the user", factors.Email: "emails sent by the user",
	factors.Push: "push notifications sent by the user", "": "requests",
}

const (
	ours   = "aut_" // begins our ids
	theirs = "dev_"
)

// named is the id of an authenticator here: "totp|dev_…".
func named(a *factors.Authenticator) string {
	return prefixes[a.Factor] + "|" + theirs + strings.TrimPrefix(a.ID, ours)
}

// read takes an id apart; both values are "" where it is none.
func read(id string) (factor, own string) {
	prefix, rest, _ := strings.Cut(id, "|")
	rest, ok := strings.CutPrefix(rest, theirs)
	for name, p := range prefixes {
		if ok && p == prefix && rest != "" {
			return name, ours + rest
		}
	}
	return "", ""
}

// factorOf is the factor of a channel, "" for none.
func factorOf(channel string) string {
	for name, c := range channels {
		if c == channel {
			return name
		}
	}
	return ""
}

// An authenticator as programs see it.
type authenticator struct {
	ID        string `json:"id"`
	Type      string `json:"type"`
	Kind      string `json:"authenticator_type"`
	Active    bool   `json:"active"`
	Channel   string `json:"oob_channel,omitempty"`
	Name      string `json:"name,omitempty"`
	CreatedAt string `json:"created_at,omitempty"`
	LastAuth  string `json:"last_auth,omitempty"`
}

const instant = "2006-01-02T15:04:05.000Z"

func shown(h flows.Held) authenticator {
	a := authenticator{
		ID: named(h.Authenticator), Type: flows.TypeOf(h.Factor), Kind: flows.ChallengeType(h.Factor), Active: h.Usable(), Channel: channels[h.Factor],
		CreatedAt: h.CreatedAt.UTC().Format(instant), LastAuth: stamp(h.LastUsedAt),
	}
	switch h.Factor {
	case factors.SMS, factors.Voice:
		a.Name = flows.MaskedNumber(h.Address)
	case factors.Email:
		a.Name = flows.MaskedMail(h.Address)
	case factors.OTP, factors.RecoveryCode: // their labels are no names
	default:
		a.Name = h.Label
	}
	return a
}

func stamp(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(instant)
}
