package flows

import (
	"strings"

	"github.com/sallyport-id/sallyport/flows/policy"
)

// refused puts a decision into the words of OAuth. What a rule says to the application
// is said in its words; what went wrong in one is nobody's business there.
func (l *login) refused(d policy.Decision) *Refusal {
	if s := l.state.Scripted; d.Reason == deniedByRule && s != nil && s.Denial != nil {
		return &Refusal{Code: "access_denied", Description: printable(s.Denial.Reason), Ask: l.state.Ask}
	}
	return refusal(d, l.state.Ask)
}

// refusal is refused where no script has spoken.
func refusal(d policy.Decision, ask Ask) *Refusal {
	code := d.Error
	if code == "" {
		code = "access_denied"
	}
	if d.Reason == "account" && ask.ClientID != "" { // Auth0's words, which its SDKs compare
		code, d.Reason = "login_required", policy.ReasonPolicy
	}
	description, ok := refusals[d.Reason]
	if !ok {
		description = "The login cannot be completed: " + printable(d.Reason) + "."
	}
	return &Refusal{Code: code, Description: description, Reason: d.Reason, Ask: ask}
}

// refusals say a decision's reason to developers.
var refusals = map[string]string{
	"cancelled":       "The person cancelled the sign-in.",
	"consent":         "The person did not allow the access.",
	"client_disabled": "The client is disabled.",
	"blocked":         "The user is blocked.",
	"not_enough":      "A second factor is due, and the user has none and may not enrol one here.",
	"uninvited":       "A second factor is due, and the user needs an invitation to set up their first.",
	"full":            "A second factor is due, and the user has as many authenticators as one may have.",
	"no_user":         "Login required",
	"other_user":      "Another user than the one asked for is signed in.",
	"policy":          "Multifactor authentication required",
	"rule":            "Multifactor authentication required",
	"risk":            "Multifactor authentication required",
	"interval":        "Multifactor authentication required",
	"redirect":        "The person has to be sent to another page.",
	"rule_failed":     "The sign-in was refused.",
	"policy_denied":   "The sign-in was refused by the policy of the site.",
	"mfa_not_set_up":  "The factors that are asked for are not set up.",
	"no_mailbox":      "The sign-in is unusual, and the user has no e-mail address to confirm it with.",
	"not_member":      "The user is no member of the organization.",

	"enroll_needs_challenge": "The user has a second factor and has to show it before another is set up.",
	"acr_values":             "The requested acr_values need further authentication.",
	"essential_acr":          "The essential acr cannot be met.",
	"max_age":                "The authentication is older than max_age allows.",
	"scopes":                 "Consent required",
	"prompt_consent":         "Consent required",
	"invitation":             "The person was invited to set up an authenticator.",
}

// printable keeps the characters that RFC 6749 §5.2 allows in a description.
func printable(s string) string {
	return strings.Map(func(c rune) rune {
		if c < 0x20 || c > 0x7e || c == '"' || c == '\\' {
			return -1
		}
		return c
	}, s)
}

// barred is why nobody gets any further, "" where nothing bars them.
func (l *login) barred() string {
	if l.outsider() && !l.mistaken() {
		return "not_member"
	}
	if l.state.Scripted == nil {
		return ""
	}
	return l.state.Scripted.denied()
}

// denied is the reason of what scripts refuse, "" where they do not.
func (s *scripted) denied() string {
	switch {
	case s.Denial == nil:
		return ""
	case s.Denial.Fault:
		return ruleFailed
	}
	return deniedByRule
}
