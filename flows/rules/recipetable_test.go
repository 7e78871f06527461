package rules

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"testing"
	"time"
)

const pape = "http://schemas.openid.net/pape/policies/2007/06/multi-factor"

// device is recipe 6's fingerprint of testdata/login.
var device = func() string {
	h := sha1.Sum([]byte("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36|203.0.113.7"))
	return base64.StdEncoding.EncodeToString(h[:])
}()

// recipes says what each decides.
func recipes(t *testing.T) map[string][]want {
	t.Helper()
	type meta = map[string]any
	saturday, evening := noon.AddDate(0, 0, 5), noon.Add(7*time.Hour)
	no := facts{"roles": []any{"editor"}}
	token := func(payload string) map[string]any {
		s, err := sign("s3cret", payload, "60", claims{Sub: "usr_01J9Z6Q4T6Y5W3"}, noon)
		if err != nil {
			t.Fatal(err)
		}
		return meta{"session_token": s, "state": "s1"}
	}
	h := hmac.New(sha256.New, []byte("s3cret"))
	h.Write([]byte("usr_01J9Z6Q4T6Y5W3.s1"))
	proof := meta{"proof": "s1." + hex.EncodeToString(h.Sum(nil)), "state": "s1"}
	return map[string][]want{
		"01-applications":     {both(facts{"client": "payroll"}, "any"), both(nil, "")},
		"02-opt-in":           {both(nil, "any, remembered"), both(facts{"user_metadata": meta{"use_mfa": false}}, ""), both(facts{"user_metadata": nil}, "")},
		"03-network":          {both(nil, "guardian"), both(facts{"ip": "198.51.100.9"}, ""), both(facts{"ip": "::ffff:198.51.100.9"}, ""), both(facts{"ip": "2001:db8::9"}, "guardian")},
		"04-continent":        {both(nil, ""), both(facts{"continent": "NA"}, "any"), both(facts{"continent": nil}, "any")},
		"05-country-changed":  {both(nil, ""), both(facts{"country": "FR", "app_metadata": meta{"last_location": "DE"}}, "any; last_location=FR"), both(facts{"app_metadata": meta{}}, "any; last_location=DE")},
		"06-device-changed":   {{facts{"device": "low"}, "any; device=" + device, "any"}, {facts{"app_metadata": meta{"device": device}}, "", ""}},
		"07-office-hours":     {both(nil, ""), both(facts{"now": saturday}, "any"), both(facts{"now": evening}, "any"), both(facts{"now": noon.Add(-5 * time.Hour)}, "any")},
		"08-groups":           {both(nil, "guardian"), both(facts{"app_metadata": meta{"authorization": meta{"groups": []any{"staff"}}}, "roles": []any{}}, "")},
		"09-connection":       {both(nil, "any, remembered"), both(facts{"connection": "corp.example"}, "")},
		"10-scope":            {both(nil, ""), both(facts{"scope": "openid transfer:funds", "scopes": []any{"openid", "transfer:funds"}}, "any"), both(facts{"scope": "transfer:funds2", "scopes": []any{"transfer:funds2"}}, "")},
		"11-acr":              {both(nil, ""), both(facts{"acr": pape, "acrs": []any{pape}}, "any"), both(facts{"acr": pape, "acrs": []any{pape}, "methods": []any{method("pwd"), method("mfa", "otp")}}, "")},
		"12-once-per-session": {both(nil, "any"), both(facts{"methods": []any{method("pwd"), method("mfa", "otp")}}, "")},
		"13-not-on-refresh":   {both(nil, "any, remembered"), both(facts{"protocol": "oauth2-refresh-token"}, "")},
		"14-confidence":       {both(nil, "any"), both(facts{"confidence": "low"}, "any"), both(facts{"confidence": "high"}, ""), both(facts{"multifactor": []any{}}, "")},
		"15-impossible-travel": {both(nil, ""), both(facts{"travel": "substantial_travel_from_last_login"}, ""),
			both(facts{"travel": "impossible_travel_from_last_login"}, "deny: Nobody travels that fast.")},
		"16-enrollment": {both(nil, ""), both(facts{"multifactor": []any{}}, "any"), both(facts{"multifactor": nil}, "any")},
		"17-passkey":    {both(nil, "any"), both(facts{"methods": []any{method("passkey")}}, "none")},
		"18-organization-factors": {
			{facts{"multifactor": []any{"otp"}}, "any", "challenge otp,phone"}, {facts{"factors": "phone", "multifactor": []any{"phone"}}, "any", "challenge phone"},
			both(facts{"factors": "webauthn-roaming"}, "deny: The organization asks for another factor."), both(facts{"organization": nil}, ""),
		},
		"19-role-second-factor": {{nil, "any", "challenge otp; challenge phone"}, {no, "any, remembered", "challenge otp"}},
		"20-sequence":           {{facts{"methods": []any{method("pwd"), method("mfa", "phone")}}, "any", "challenge any otp,webauthn-roaming"}, both(facts{"methods": []any{method("pwd"), method("mfa", "otp")}}, "")},
		"21-two-factors": {
			{facts{"multifactor": []any{"guardian", "phone"}}, "any", "challenge otp; challenge phone"}, both(no, ""),
			{facts{"enrolled": factorsOf("phone", "email")}, "deny: An administrator needs two factors; enrol another one.", "challenge phone; enroll otp"},
			{facts{"multifactor": []any{}, "enrolled": factorsOf("email")}, "any", "enroll otp; enroll phone"},
		},
		"22-external": {
			{nil, "to https://mfa.example.com/start?user=usr_01J9Z6Q4T6Y5W3", "to https://mfa.example.com/start?"},
			{facts{"cannotRedirect": true}, "to https://mfa.example.com/start?user=usr_01J9Z6Q4T6Y5W3", "deny: This sign-in needs a browser."},
			{facts{"protocol": "redirect-callback", "query": proof, "continue": true}, "", "-"},
			{facts{"protocol": "redirect-callback", "query": meta{"proof": "s1.00", "state": "s1"}}, "deny: The second factor was not given.", "-"},
			{facts{"protocol": "redirect-callback", "query": meta{"proof": proof["proof"], "state": "s2"}}, "deny: The second factor was not given.", "-"},
			{facts{"continue": true, "query": token(`{"verified":true,"state":"s1"}`)}, "-", "did https://mfa.example.com/"},
			{facts{"continue": true, "query": token(`{"verified":"no","state":"s1"}`)}, "-", "deny: The second factor was not given."},
			{facts{"continue": true, "query": token(`{"verified":true,"state":"s0"}`)}, "-", "fault: 22-external.action.js, line 18: TypeError: the token is of another sign-in; give its state back in it"},
		},
		"23-signals": {
			{nil, "", ""}, {facts{"badIP": "found_on_deny_list"}, "any", ""}, {facts{"ja4": "t13d190900_9dc949149365_97f8aa674fd9"}, "", "any"}, {facts{"asn": "64500"}, "", "any"},
			{facts{"ip": "203.0.113.50"}, "", "any"}, {facts{"ip": "203.0.113.99"}, "", "deny: The address is not trusted."},
		},
		"24-interval": {
			both(nil, ""), both(facts{"connection": "corp.example"}, "any"), both(facts{"connection": "corp.example", "client": "kiosk"}, ""),
			both(facts{"connection": "email", "app_metadata": meta{"use_mfa": false}}, ""), both(facts{"connection": "email", "methods": []any{method("mfa", "otp")}}, ""),
			both(facts{"connection": "email", "methods": []any{meta{"name": "mfa", "timestamp": noon.Add(-9 * time.Hour).UnixMilli()}}}, "any"),
		},
	}
}
