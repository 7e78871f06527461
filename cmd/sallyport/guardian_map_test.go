package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// guardianMap is every call that manages factors and what people prove themselves with, and
// the scope that it takes; what each answers is in the tests of its noun.
const guardianMap = `
read:guardian_factors             GET /guardian/factors
update:guardian_factors           PUT /guardian/factors/{name}
read:mfa_policies                 GET /guardian/policies
update:mfa_policies               PUT /guardian/policies
read:guardian_factors             GET /guardian/factors/phone/message-types
update:guardian_factors           PUT /guardian/factors/phone/message-types
read:guardian_factors             GET /guardian/factors/phone/selected-provider /guardian/factors/sms/selected-provider
update:guardian_factors           PUT /guardian/factors/phone/selected-provider /guardian/factors/sms/selected-provider
read:guardian_factors             GET /guardian/factors/phone/providers/twilio /guardian/factors/sms/providers/twilio
update:guardian_factors           PUT /guardian/factors/phone/providers/twilio /guardian/factors/sms/providers/twilio
read:guardian_factors             GET /guardian/factors/phone/templates /guardian/factors/sms/templates
update:guardian_factors           PUT /guardian/factors/phone/templates /guardian/factors/sms/templates
read:guardian_factors             GET /guardian/factors/phone/settings /guardian/factors/email/settings
update:guardian_factors           PUT /guardian/factors/phone/settings /guardian/factors/email/settings
read:guardian_factors             GET /guardian/factors/push-notification/selected-provider
update:guardian_factors           PUT /guardian/factors/push-notification/selected-provider
read:guardian_factors             GET /guardian/factors/push-notification/providers/sns /guardian/factors/push-notification/providers/apns
update:guardian_factors           PUT /guardian/factors/push-notification/providers/sns /guardian/factors/push-notification/providers/apns
update:guardian_factors           PATCH /guardian/factors/push-notification/providers/sns /guardian/factors/push-notification/providers/apns
update:guardian_factors           PUT /guardian/factors/push-notification/providers/fcm /guardian/factors/push-notification/providers/fcmv1
update:guardian_factors           PATCH /guardian/factors/push-notification/providers/fcm /guardian/factors/push-notification/providers/fcmv1
read:guardian_factors             GET /guardian/factors/duo/settings
update:guardian_factors           PUT /guardian/factors/duo/settings
update:guardian_factors           PATCH /guardian/factors/duo/settings
read:guardian_factors             GET /guardian/factors/webauthn-roaming/settings /guardian/factors/webauthn-platform/settings
update:guardian_factors           PUT /guardian/factors/webauthn-roaming/settings /guardian/factors/webauthn-platform/settings
create:guardian_enrollment_tickets POST /guardian/enrollments/ticket
read:guardian_enrollments         GET /guardian/enrollments/{id}
delete:guardian_enrollments       DELETE /guardian/enrollments/{id}
read:users                        GET /users/{id}/enrollments
read:authentication_methods       GET /users/{id}/authentication-methods /users/{id}/authentication-methods/{method}
create:authentication_methods     POST /users/{id}/authentication-methods
update:authentication_methods     PUT /users/{id}/authentication-methods
update:authentication_methods     PATCH /users/{id}/authentication-methods/{method}
delete:authentication_methods     DELETE /users/{id}/authentication-methods /users/{id}/authentication-methods/{method}
delete:guardian_enrollments       DELETE /users/{id}/authenticators
update:users                      DELETE /users/{id}/multifactor/{provider}
update:users                      POST /users/{id}/multifactor/actions/invalidate-remember-browser
update:users                      POST /users/{id}/recovery-code-regeneration
update:users                      POST /users/{id}/risk-assessments/clear
read:attack_protection            GET /risk-assessments/settings /risk-assessments/settings/new-device
update:attack_protection          PATCH /risk-assessments/settings /risk-assessments/settings/new-device
read:prompts                      GET /prompts/mfa-push
update:prompts                    PATCH /prompts/mfa-push
`

// TestGuardian_Map: each of these calls is there and takes its scope.
func TestGuardian_Map(t *testing.T) {
	x := newTenant(t, nil)
	var doc apiDocument
	if status := x.send(http.MethodGet, "/api/v2/openapi.json", "", nil, &doc); status != http.StatusOK {
		t.Fatalf("no document: %d", status)
	}
	scopes := map[string][]string{}
	for _, o := range doc.operations() {
		scopes[o.method+" "+strings.TrimPrefix(o.path, "/api/v2")] = o.scopes
	}
	for line := range strings.Lines(strings.TrimSpace(guardianMap)) {
		words := strings.Fields(line)
		for _, path := range words[2:] {
			if call := words[1] + " " + path; !slices.Contains(scopes[call], words[0]) {
				t.Errorf("%s takes %v, want %s", call, scopes[call], words[0])
			}
		}
	}
}
