package themes

import (
	"cmp"
	"strings"
	"time"
)

// These methods tell a template three things about a view: the variant that chooses
// special words, the field to start at, and the values that its words may name.

func (v Identify) focus() string {
	if v.Username == "" {
		return "username"
	}
	return "password"
}

func (Activate) focus() string     { return "user_code" }
func (Password) focus() string     { return "password" }
func (ResetRequest) focus() string { return "username" }

func (v Code) variant() string { return v.Factor }

func (v Code) focus() string {
	if !v.LockedUntil.IsZero() {
		return "title"
	}
	return "code"
}

func (v Code) values() map[string]any {
	return map[string]any{"Digits": v.Digits, "Destination": v.Destination}
}

func (v Picker) variant() string {
	if v.Enroll {
		return "enroll"
	}
	return ""
}

func (v PublicKey) variant() string {
	if v.Enroll {
		return "enroll." + v.Factor
	}
	return v.Factor
}

func (v Wait) variant() string {
	switch {
	case v.Expired:
		return "expired"
	case v.Number == "":
		return "plain"
	}
	return ""
}

func (v Wait) values() map[string]any { return map[string]any{"Destination": v.Destination} }

func (v EnrollDevice) variant() string {
	if v.App.Name != "" {
		return "app"
	}
	return ""
}

func (v EnrollDevice) values() map[string]any { return map[string]any{"Name": v.App.Name} }

// Sentences are what authenticator.js says, as ids of the page's own words.
func (Authenticator) Sentences() []string {
	return []string{"say.paired", "say.gone", "say.taken", "say.approved", "say.denied", "say.reported", "say.mismatched", "say.late", "say.offline", "say.removed", "say.failed"}
}

func (Authenticator) script() string { return "authenticator.js" }
func (WebMessage) script() string    { return "web_message.js" }

func (v Vendor) variant() string            { return v.Factor }
func (v EnrollTo) variant() string          { return v.Factor }
func (v EnrollTo) focus() string            { return v.Field }
func (v EnrollCode) variant() string        { return v.Factor }
func (v EnrollCode) values() map[string]any { return map[string]any{"Digits": v.Digits} }
func (v RecoveryCodes) values() map[string]any {
	return map[string]any{"Count": len(v.Codes)}
}

func (v SetPassword) variant() string { return v.Why }

func (v SetPassword) focus() string {
	if v.Current {
		return "password_current"
	}
	return "password_new"
}

func (v SetPassword) values() map[string]any { return map[string]any{"Min": v.MinLength} }

func (v Activated) variant() string {
	if v.Denied {
		return "denied"
	}
	return ""
}

func (v Denied) variant() string { return strings.TrimPrefix(v.Reason, "denied.") }

func (v Failure) variant() string {
	switch {
	case v.Status == 404:
		return "missing"
	case v.Status == 429 || v.Status == 503:
		return "busy"
	case v.Status >= 500:
		return "ours"
	}
	return ""
}

func (v ResetMail) values() map[string]any {
	return map[string]any{"Within": v.ExpiresIn.Round(time.Minute)}
}

func (v VerifyMail) values() map[string]any {
	return map[string]any{"Within": v.ExpiresIn.Round(time.Minute)}
}

func (v VerifyEmail) variant() string {
	if v.Done {
		return "done"
	}
	return ""
}

func (v InviteMail) values() map[string]any {
	return map[string]any{"Within": v.ExpiresIn.Round(time.Minute)}
}

func (v JoinMail) values() map[string]any {
	return map[string]any{"Inviter": cmp.Or(plainName(v.Inviter), v.Name), "Organization": cmp.Or(plainName(v.Organization), v.Name), "Within": v.ExpiresIn.Round(time.Minute)}
}

func (v CodeMail) values() map[string]any {
	return map[string]any{"Code": v.Code, "Application": v.App, "Within": v.ExpiresIn.Round(time.Minute)}
}

func (v NoticeMail) variant() string        { return v.Kind }
func (v NoticeMail) values() map[string]any { return map[string]any{"Count": v.Left} }
