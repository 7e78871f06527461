package management

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/storage"
)

// A logCode is how a line of the audit log is told to who reads Auth0's. Of the rows for a
// type, the first whose member has the value is the line's; no member fits every line.
type logCode struct {
	kind, member, value string
	code, words         string
}

// logCodes are those with a counterpart at Auth0 (log event type codes); every other type
// is sp_ and its own name. Sign-ins are written, with a browser or without, and codes
// that become tokens are not: those say what a sign-in said.
var logCodes = []logCode{
	{"login.done", "exchange", "password", "sepft", "Successful exchange of a password for tokens"},
	{"login.done", "exchange", "mfa-otp", "seotpft", "Successful exchange of a password and a one-time password for tokens"},
	{"login.done", "exchange", "mfa-oob", "seoobft", "Successful exchange of a password and an answer on a device for tokens"},
	{"login.done", "exchange", "mfa-recovery-code", "sercft", "Successful exchange of a password and a recovery code for tokens"},
	{"login.done", "exchange", "refresh", "sertft", "Successful exchange of a refresh token"},
	{"login.done", "", "", "s", "Successful login"},
	{"login.denied", "exchange", "refresh", "fertft", "Failed exchange of a refresh token"},
	{"login.denied", "exchange", "password", "fepft", "Failed exchange of a password for tokens"},
	{"login.denied", "", "", "f", "Failed login"},
	{"exchange.unfinished", "", "", "mfar", "Multi-factor authentication required"},
	{"exchange.refused", "exchange", "password", "fepft", "Failed exchange of a password for tokens"},
	{"exchange.refused", "exchange", "mfa-otp", "feotpft", "Failed exchange of a password and a one-time password for tokens"},
	{"exchange.refused", "exchange", "mfa-oob", "feoobft", "Failed exchange of a password and an answer on a device for tokens"},
	{"exchange.refused", "exchange", "mfa-recovery-code", "fercft", "Failed exchange of a password and a recovery code for tokens"},
	{"login.limited", "factor", "password", "limit_wc", "Blocked account: too many wrong passwords"},
	{"login.limited", "factor", "recovery-code", "gd_recovery_rate_limit_exceed", "Guardian - Too many wrong recovery codes"},
	{"login.limited", "", "", "gd_otp_rate_limit_exceed", "Guardian - Too many wrong codes"},
	{"proof.refused", "factor", "password", "fp", "Failed login: wrong password"},
	{"proof.refused", "factor", "recovery-code", "gd_recovery_failed", "Guardian - Wrong recovery code"},
	{"proof.refused", "factor", "webauthn-roaming", "gd_webauthn_challenge_failed", "Guardian - Failed WebAuthn challenge"},
	{"proof.refused", "factor", "webauthn-platform", "gd_webauthn_challenge_failed", "Guardian - Failed WebAuthn challenge"},
	{"proof.refused", "", "", "gd_auth_failed", "Guardian - Second factor authentication failed"},
	{"proof.accepted", "factor", "password", "sp_proof_accepted", "Right password"},
	{"proof.accepted", "factor", "recovery-code", "gd_recovery_succeed", "Guardian - Recovery succeed"},
	{"proof.accepted", "", "", "gd_auth_succeed", "Guardian - Second factor authentication succeed"},
	{"challenge.started", "", "", "gd_start_auth", "Guardian - Second factor authentication started"},
	{"challenge.rejected", "", "", "gd_auth_rejected", "Guardian - Second factor authentication rejected"},
	{"challenge.denied", "", "", "gd_auth_rejected", "Guardian - Second factor authentication rejected"},
	{"challenge.limited", "", "", "limit_phone", "Too many messages"},
	{"message.sent", "channel", "sms", "gd_send_sms", "Guardian - Text message sent"},
	{"message.sent", "channel", "voice", "gd_send_voice", "Guardian - Call made"},
	{"message.sent", "channel", "push", "gd_send_pn", "Guardian - Push notification sent"},
	{"message.sent", "channel", "email", "gd_send_email", "Guardian - E-mail sent"},
	{"message.failed", "channel", "sms", "gd_send_sms_failure", "Guardian - Text message not sent"},
	{"message.failed", "channel", "voice", "gd_send_voice_failure", "Guardian - Call not made"},
	{"message.failed", "channel", "push", "gd_send_pn_failure", "Guardian - Push notification not sent"},
	{"authenticator.added", "", "", "gd_enrollment_complete", "Guardian - Enrollment complete"},
	{"enrollment.started", "", "", "gd_start_enroll", "Guardian - Enrollment started"},
	{"authenticator.paired", "", "", "gd_start_enroll", "Guardian - A phone has read the picture"},
	{"authenticator.removed", "", "", "gd_unenroll", "Guardian - Unenroll"},
	{"authenticator.changed", "", "", "gd_update_device_account", "Guardian - Device account updated"},
	{"authenticator.updated", "", "", "gd_update_device_account", "Guardian - Device account updated"},
	{"factor.changed", "", "", "gd_tenant_update", "Guardian - Updates tenant settings"},
	{"factor.disabled", "", "", "gd_tenant_update", "Guardian - Updates tenant settings"},
	{"factor.enabled", "", "", "gd_tenant_update", "Guardian - Updates tenant settings"},
	{"factor.ordered", "", "", "gd_tenant_update", "Guardian - Updates tenant settings"},
	{"policy.changed", "", "", "gd_tenant_update", "Guardian - Updates tenant settings"},
	{"password.changed", "", "", "scp", "Successful change of password"},
	{"password.reset_mailed", "", "", "scpr", "Successful request to change a password"},
	{"session.ended", "why", "signed out", "slo", "Successful logout"},
	{"user.created", "signup", "true", "ss", "Successful signup"},
	{"user.created", "", "", "sapi", "Successful API operation"},
	{"user.updated", "", "", "sapi", "Successful API operation"},
	{"user.changed", "by", "api", "sapi", "Successful API operation"},
	{"user.roles", "", "", "sapi", "Successful API operation"},
	{"user.deleted", "", "", "sdu", "Successful user deletion"},
	{"user.email_verified", "", "", "sv", "Successful verification of an e-mail address"},
	{"user.verification_mailed", "", "", "svr", "Successful request to verify an e-mail address"},
	{"grant.reused", "", "", "ferrt", "Failed exchange: a refresh token or code was used twice"},
	{"token.revoked", "", "", "srrt", "Successful revocation of a refresh token"},
}

// adminNouns are what only administrators change: an API operation, in Auth0's words.
var adminNouns = []string{"api.", "client.", "client_grant.", "email_provider.", "email_template.", "job.", "key.", "organization.", "prompt.", "role.", "rule.", "tenant.", "log_stream."}

// codeOf is the code of a line, with words about it.
func codeOf(e *storage.Event) (code, words string) {
	for _, c := range logCodes {
		if c.kind == e.Type && (c.member == "" || fmt.Sprint(e.Data[c.member]) == c.value) {
			return c.code, c.words
		}
	}
	for _, noun := range adminNouns {
		if strings.HasPrefix(e.Type, noun) {
			return "sapi", "Successful API operation"
		}
	}
	return "sp_" + strings.ReplaceAll(e.Type, ".", "_"), strings.ReplaceAll(strings.ReplaceAll(e.Type, ".", " "), "_", " ")
}

// ofCode is the condition that a line has a code.
func ofCode(code string) storage.Condition {
	var any []storage.Condition
	for i, c := range logCodes {
		if c.code != code {
			continue
		}
		all := []storage.Condition{*is("type", c.kind)}
		for _, before := range logCodes[:i] {
			if before.kind == c.kind {
				hit := before.hit()
				all = append(all, storage.Condition{Not: &hit})
			}
		}
		any = append(any, storage.Condition{All: append(all, c.hit())})
	}
	if code == "sapi" {
		for _, noun := range adminNouns {
			any = append(any, storage.Condition{Test: &storage.Test{Field: "type", Like: noun + "*"}})
		}
	}
	name, ok := strings.CutPrefix(code, "sp_")
	if ok && !slices.ContainsFunc(adminNouns, func(noun string) bool { return strings.HasPrefix(name, strings.ReplaceAll(noun, ".", "_")) }) {
		own := storage.Condition{All: []storage.Condition{{Test: &storage.Test{Field: "type", Like: strings.ReplaceAll(name, "_", "?")}}}}
		for _, c := range logCodes {
			if strings.ReplaceAll(c.kind, ".", "_") == name {
				hit := storage.Condition{All: []storage.Condition{*is("type", c.kind), c.hit()}}
				own.All = append(own.All, storage.Condition{Not: &hit})
			}
		}
		any = append(any, own)
	}
	if len(any) == 0 {
		return storage.Condition{Not: &storage.Condition{}}
	}
	return storage.Condition{Any: any}
}

// hit is the condition that a line of c's type is c's.
func (c logCode) hit() storage.Condition {
	if c.member == "" {
		return storage.Condition{}
	}
	begin := `*"` + c.member + `":`
	return storage.Condition{Any: []storage.Condition{
		{Test: &storage.Test{Field: "data", Like: begin + `"` + c.value + `"*`}}, {Test: &storage.Test{Field: "data", Like: begin + c.value + "*"}},
	}}
}
