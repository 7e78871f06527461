package main

import (
	"encoding/json"
	"errors"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/cmd/sallyport/config"
	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/factors/standin"
	"github.com/sallyport-id/sallyport/provider/management"
)

// text sends a text message as the outbox does.
func text(t *testing.T, h *house) error {
	t.Helper()
	courier, ok := h.factors.Get(factors.SMS).(factors.Courier)
	if !ok {
		t.Fatal("texts have no courier")
	}
	return courier.Send(t.Context(), factors.Message{ID: "1", Factor: factors.SMS, To: "+4915123456789", Code: "314159", Purpose: factors.PurposeVerify, Locale: "en", Issuer: "Test"})
}

// TestRow30_TwilioWithoutRestart: what an administrator writes is what the next message
// goes out with, here and in every other process.
func TestRow30_TwilioWithoutRestart(t *testing.T) {
	var sent []standin.Sent
	vendor := &standin.Twilio{AccountSID: "AC1", AuthToken: "second", Got: func(s standin.Sent) { sent = append(sent, s) }}
	web := httptest.NewServer(vendor)
	defer web.Close()
	x := newTenant(t, func(s *settings) {
		s.Database.DSN = config.Secret("sqlite:" + filepath.Join(t.TempDir(), "sallyport.db"))
	})
	other, err := openHouse(t.Context(), x.house.settings, newLogger(testLog{t}, "text", warnings))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.db.Close() }()
	// Their process has a registry of its own.
	if other.factors, err = factors.Open(x.house.settings.env(), x.house.settings.Factors); err != nil {
		t.Fatal(err)
	}
	other.setup = management.NewSetup(management.SetupOptions{
		DB: other.db, Factors: other.factors, Configured: x.house.settings.Factors, Keys: factorKeys{}, Env: x.house.settings.env(), Logger: newLogger(testLog{t}, "text", warnings),
	})

	x.guardian(200, "GET", "/factors/phone/selected-provider", "").says(t, `{"provider":"auth0"}`)
	x.guardian(200, "PUT", "/factors/phone/selected-provider", `{"provider":"twilio"}`).says(t, `{"provider":"twilio"}`)
	if err := text(t, x.house); !errors.Is(err, factors.ErrUnsent) {
		t.Errorf("without an account: %v", err)
	}
	if lacks := x.house.factors.Info(factors.SMS).Missing; lacks == "" {
		t.Error("texts are on offer without an account")
	}
	err = x.house.setup.Set(t.Context(), x.house.desk(false), management.FactorEdit{Factor: factors.SMS, Edit: func(map[string]management.Setting) map[string]any {
		return map[string]any{"twilio.base_url": web.URL}
	}})
	if err != nil {
		t.Fatal(err)
	}
	x.guardian(200, "PUT", "/factors/sms/providers/twilio", `{"from":"+15005550006","auth_token":"first","sid":"AC1"}`).
		says(t, `{"from":"+15005550006","messaging_service_sid":null,"auth_token":null,"sid":"AC1"}`)
	if err := text(t, x.house); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("with the old token: %v", err)
	}
	x.guardian(200, "PUT", "/factors/phone/providers/twilio", `{"from":"+15005550006","auth_token":"second","sid":"AC1"}`)
	if err := text(t, x.house); err != nil || len(sent) != 1 || sent[0].From != "+15005550006" {
		t.Errorf("with the new token: %v, sent %+v", err, sent)
	}
	x.guardian(200, "PUT", "/factors/phone/providers/twilio", `{"messaging_service_sid":"MG1","sid":"AC1"}`)
	if err := text(t, x.house); err != nil || sent[len(sent)-1].From != "MG1" {
		t.Errorf("by a service, with the token that was there: %v, sent %+v", err, sent)
	}
	got := x.guardian(200, "GET", "/factors/phone/providers/twilio", "")
	got.says(t, `{"from":null,"messaging_service_sid":"MG1","auth_token":null,"sid":"AC1"}`)

	if err := text(t, other); !errors.Is(err, factors.ErrUnsent) {
		t.Errorf("the other process before it has looked: %v", err)
	}
	if err := other.setup.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := text(t, other); err != nil {
		t.Errorf("the other process: %v", err)
	}
	x.guardian(400, "PUT", "/factors/phone/providers/twilio", `{"from":"+1","sid":"A C","auth_token":"x"}`).complains(t, "twilio.account_sid")
	if err := text(t, x.house); err != nil {
		t.Errorf("after a change that was refused: %v", err)
	}
	for _, e := range x.events("factor.changed") {
		if b, _ := json.Marshal(e); strings.Contains(string(b), "second") {
			t.Errorf("a secret is in the log: %s", b)
		}
	}
}

func TestRow28_MessageTypes(t *testing.T) {
	x := newTenant(t, nil)
	x.guardian(200, "GET", "/factors/phone/message-types", "").says(t, `{"message_types":["sms"]}`)
	x.guardian(200, "PUT", "/factors/sms", `{"enabled":true}`)
	if got := x.enabled(); got != "otp sms recovery-code" {
		t.Errorf("enabled: %s", got)
	}
	x.guardian(200, "PUT", "/factors/phone/message-types", `{"message_types":["sms","voice"]}`).says(t, `{"message_types":["sms","voice"]}`)
	if got := x.enabled(); got != "otp sms voice recovery-code" {
		t.Errorf("enabled: %s", got)
	}
	x.guardian(200, "PUT", "/factors/phone/message-types", `{"message_types":["voice"]}`)
	if got := x.enabled(); got != "otp voice recovery-code" {
		t.Errorf("enabled: %s", got)
	}
	x.guardian(400, "PUT", "/factors/phone/message-types", `{"message_types":["fax"]}`)
	x.guardian(200, "PUT", "/factors/sms", `{"enabled":false}`)
	if got := x.enabled(); got != "otp recovery-code" {
		t.Errorf("enabled: %s", got)
	}
}

func TestRow34_CodeSettings(t *testing.T) {
	x := newTenant(t, nil)
	for _, name := range []string{"phone", "email"} {
		at := "/factors/" + name + "/settings"
		x.guardian(200, "GET", at, "").says(t, `{"otp_length":6,"otp_expiration_time":300}`)
		x.guardian(200, "PUT", at, `{"otp_length":10,"otp_expiration_time":30}`)
		x.guardian(200, "GET", at, "").says(t, `{"otp_length":10,"otp_expiration_time":30}`)
		for _, words := range []string{`{"otp_length":5}`, `{"otp_length":11}`, `{"otp_expiration_time":29}`, `{"otp_expiration_time":601}`} {
			x.guardian(400, "PUT", at, words)
		}
	}
	x.guardian(400, "PUT", "/factors/phone/templates", `{"enrollment_message":"Hello","verification_message":"{{code}}"}`).complains(t, "the code is not in it")
	x.guardian(200, "PUT", "/factors/sms/templates", `{"enrollment_message":"E {{code}}","verification_message":"V {{code}}"}`)
	x.guardian(200, "GET", "/factors/phone/templates", "").says(t, `{"enrollment_message":"E {{code}}","verification_message":"V {{code}}"}`)
}

func TestRow48_PushProvidersByAPI(t *testing.T) {
	x := newTenant(t, nil)
	const at = "/factors/push-notification"
	x.guardian(200, "GET", at+"/selected-provider", "").says(t, `{"provider":"guardian"}`)
	x.guardian(200, "PUT", at+"/selected-provider", `{"provider":"sns"}`)
	x.guardian(200, "GET", at+"/selected-provider", "").says(t, `{"provider":"sns"}`)
	const account = `"aws_access_key_id":"AKIA1","aws_region":"eu-central-1","sns_apns_platform_application_arn":null,"sns_gcm_platform_application_arn":"arn:aws:sns:eu-central-1:123456789012:app/GCM/x"`
	x.guardian(200, "PUT", at+"/providers/sns", `{`+account+`,"aws_secret_access_key":"shh"}`).says(t, `{`+account+`}`)
	x.guardian(200, "GET", at+"/providers/sns", "").says(t, `{`+account+`}`)
	if got := x.house.setup.Settings(factors.Push); got["delivery.provider"].Text() != "sns" || got["delivery.sns.secret_access_key"].Text() != "shh" {
		t.Errorf("%+v", got)
	}
	x.guardian(400, "PATCH", at+"/providers/sns", `{"aws_region":"nowhere at all"}`).complains(t, "delivery.sns.region")
	x.guardian(400, "PUT", at+"/providers/apns", `{"bundle_id":"com.example.app","p12":"bm9uZQ==","sandbox":true}`).complains(t, "delivery.apns.certificate")
	x.guardian(200, "GET", at+"/providers/apns", "").says(t, `{"bundle_id":null,"sandbox":false,"enabled":false}`)
	x.guardian(400, "PUT", at+"/providers/fcmv1", `{"server_credentials":"{}"}`).complains(t, "delivery.fcm.credentials")
	if got := x.guardian(403, "PUT", at+"/providers/fcm", `{"server_key":"k"}`); got.object(t)["errorCode"] != "operation_not_supported" {
		t.Errorf("%+v", got)
	}
	x.may(guardianScopes, 200, "PATCH", "/prompts/mfa-push", `{"app_name":"Acme","apple_app_link":"https://apps.example/a"}`)
	x.may(guardianScopes, 200, "GET", "/prompts/mfa-push", "").says(t, `{"app_name":"Acme","apple_app_link":"https://apps.example/a","google_app_link":null}`)
	const duo = "/factors/duo/settings"
	x.guardian(400, "PUT", duo, `{"ikey":"short","skey":"x","host":"api-1.duosecurity.com"}`).complains(t, "client_id")
	x.guardian(200, "PUT", duo, `{"ikey":"`+demoDuoClient+`","skey":"`+demoDuoSecret+`","host":"`+demoDuoHost+`"}`)
	x.guardian(200, "GET", duo, "").says(t, `{"ikey":"`+demoDuoClient+`","host":"`+demoDuoHost+`"}`)
	x.guardian(200, "PUT", duo, `{}`)
	if lacks := x.house.factors.Info(factors.Duo).Missing; lacks == "" {
		t.Error("Duo is on offer without an account")
	}
}

// TestRow50_51_WebAuthnSettings: user verification, and the domain that keys are for.
func TestRow50_51_WebAuthnSettings(t *testing.T) {
	x := newTenant(t, nil)
	const roaming, platform = "/factors/webauthn-roaming/settings", "/factors/webauthn-platform/settings"
	x.guardian(200, "GET", roaming, "").says(t, `{"userVerification":"discouraged","overrideRelyingParty":false}`)
	for _, verify := range []string{"preferred", "required", "discouraged"} {
		x.guardian(200, "PUT", roaming, `{"userVerification":"`+verify+`","overrideRelyingParty":false}`)
		if got := x.house.setup.Settings(factors.Roaming)["user_verification"].Text(); got != verify {
			t.Errorf("user verification %s, want %s", got, verify)
		}
	}
	x.guardian(400, "PUT", roaming, `{"userVerification":"never"}`)
	x.guardian(400, "PUT", platform, `{"overrideRelyingParty":true}`).complains(t, "relyingPartyIdentifier")

	s := x.house.settings
	env := s.env()
	env.Origin = "https://login.example.com"
	registry, err := factors.Open(env, s.Factors)
	if err != nil {
		t.Fatal(err)
	}
	setup := management.NewSetup(management.SetupOptions{DB: x.house.db, Factors: registry, Configured: s.Factors, Keys: factorKeys{}, Env: env, Logger: newLogger(testLog{t}, "text", warnings)})
	party := func(id string) error {
		return setup.Set(t.Context(), x.house.desk(false), management.FactorEdit{Factor: factors.Platform, Edit: func(map[string]management.Setting) map[string]any { return map[string]any{"rp_id": id} }})
	}
	var invalid *management.Invalid
	if err := party("other.org"); !errors.As(err, &invalid) {
		t.Errorf("another site's domain: %v", err)
	}
	if err := party("example.com"); err != nil {
		t.Errorf("a parent: %v", err)
	}
}

// TestSetup_Broken: settings that the configuration below them has made useless take the
// factor off the offer, and it comes back with a mend.
func TestSetup_Broken(t *testing.T) {
	x := newTenant(t, nil)
	set := func(h *management.Setup, values map[string]any) {
		t.Helper()
		err := h.Set(t.Context(), x.house.desk(false), management.FactorEdit{Factor: factors.SMS, Edit: func(map[string]management.Setting) map[string]any { return values }})
		if err != nil {
			t.Fatal(err)
		}
	}
	set(x.house.setup, map[string]any{"fallback": "", "sender": "twilio", "twilio.account_sid": "AC1", "twilio.auth_token": "t", "twilio.from": "+15005550006"})
	base, err := factorKeys{}.Over(x.house.settings.Factors[factors.SMS], map[string]any{"twilio": map[string]any{"messaging_service_sid": "MG1"}})
	if err != nil {
		t.Fatal(err)
	}
	configured := map[string]factors.Config{factors.SMS: base}
	registry, err := factors.Open(x.house.settings.env(), configured)
	if err != nil {
		t.Fatal(err)
	}
	setup := management.NewSetup(management.SetupOptions{
		DB: x.house.db, Factors: registry, Configured: configured, Keys: factorKeys{}, Env: x.house.settings.env(), Logger: newLogger(testLog{t}, "text", warnings),
	})
	if err := setup.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if lacks := registry.Info(factors.SMS).Missing; !strings.Contains(lacks, "factor show sms") {
		t.Errorf("a broken factor lacks %q", lacks)
	}
	set(setup, map[string]any{"twilio.from": ""})
	if lacks := registry.Info(factors.SMS).Missing; lacks != "" {
		t.Errorf("mended, it lacks %q", lacks)
	}
}
