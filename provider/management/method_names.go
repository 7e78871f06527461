package management

import (
	"strings"

	"github.com/sallyport-id/sallyport/factors"
)

// prefixes begin Auth0's ids of authenticators, by factor, and types name them. A number
// is one thing of theirs, with a way for texts and one for calls in it.
var (
	prefixes = map[string]string{
		factors.OTP: "totp", factors.SMS: "sms", factors.Voice: "voice", factors.Email: "email", factors.Push: "push", factors.RecoveryCode: "recovery-code",
		factors.Roaming: "webauthn-roaming", factors.Platform: "webauthn-platform", factors.Duo: "duo", factors.Password: "password",
	}
	ownIDs, theirIDs = "aut_", "dev_"
)

func isNumber(factor string) bool { return factor == factors.SMS || factor == factors.Voice }

// methodType is Auth0's type of a factor's authenticators.
func methodType(factor string) string {
	if isNumber(factor) {
		return "phone"
	}
	return prefixes[factor]
}

// methodID is Auth0's id of an authenticator: "totp|dev_…".
func methodID(prefix, id string) string {
	return prefix + "|" + theirIDs + strings.TrimPrefix(id, ownIDs)
}

// ownID is our id of one of Auth0's, "" where it is none.
func ownID(id string) string {
	_, rest, ok := strings.Cut(id, "|")
	if !ok {
		return ""
	}
	if rest, ok = strings.CutPrefix(rest, theirIDs); !ok {
		return ""
	}
	return ownIDs + rest
}
