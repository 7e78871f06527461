package flows

import (
	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/rules"
)

// Auth0's names of factors in actions, and ours.

// factorNames are our factors that a script means by one of its own.
func factorNames(f rules.Factor) []string {
	switch f.Type {
	case "phone":
		switch f.Options["preferredMethod"] {
		case "sms":
			return []string{factors.SMS}
		case "voice":
			return []string{factors.Voice}
		}
		return []string{factors.SMS, factors.Voice}
	case "push-notification":
		return []string{factors.Push}
	}
	return []string{f.Type}
}

// factorType is what scripts call one of our factors, with its options.
func factorType(name string) map[string]any {
	switch name {
	case factors.SMS, factors.Voice:
		return map[string]any{"type": "phone", "options": map[string]any{"preferredMethod": name}}
	case factors.Push:
		return map[string]any{"type": "push-notification"}
	}
	return map[string]any{"type": name}
}

// TypeOf is what scripts and programs call one of our factors.
func TypeOf(name string) string {
	t, _ := factorType(name)["type"].(string)
	return t
}

// ChallengeType is how a factor is asked in the MFA API: by what the person knows to type,
// or out of band.
func ChallengeType(name string) string {
	switch name {
	case factors.SMS, factors.Voice, factors.Email, factors.Push:
		return "oob"
	}
	return name
}

// providerOf is Auth0's name of who keeps an authenticator, in user.multifactor.
func providerOf(name string) string {
	if name == factors.Duo {
		return "duo"
	}
	return "guardian"
}
