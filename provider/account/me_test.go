package account_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/descope/virtualwebauthn"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/provider/management"
	"github.com/sallyport-id/sallyport/storage"
)

const everything = "openid read:me:factors read:me:authentication_methods create:me:authentication_methods update:me:authentication_methods " +
	"delete:me:authentication_methods read:me:sessions delete:me:sessions read:me:activity read:me:remembered_browsers delete:me:remembered_browsers"

// An app acts for a person with a token.
type app struct {
	h     *house
	token string
}

// app signs the person in to an application, with every factor where full, and takes the
// token.
func (one *person) app(scope string, full bool) *app {
	h := one.h
	h.t.Helper()
	if _, err := h.db.ClientByID(h.t.Context(), "spa"); err != nil {
		c := &storage.Client{ID: "spa", Name: "App"}
		c.Metadata = storage.ClientMetadata{TokenEndpointAuthMethod: "none", RedirectURIs: []string{callback}, GrantTypes: []string{"authorization_code"}}
		c.Settings.FirstParty = true
		management.ClientDefaults(c)
		h.must(management.ValidateClient(c))
		h.must(h.db.CreateClient(h.t.Context(), c))
	}
	const verifier = "a-verifier-that-is-long-enough-to-be-one-of-pkce"
	sum := sha256.Sum256([]byte(verifier))
	ask := url.Values{
		"client_id": {"spa"}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {scope}, "state": {"s"}, "audience": {h.server.URL + "/tenant/me/"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}, "prompt": {"login"},
	}
	if full {
		ask.Set("acr_values", policy.MultiFactor)
	}
	one.client = newClient(h.t)
	one.get("/authorize?" + ask.Encode()).proves()
	code := one.at.Query().Get("code")
	if code == "" {
		h.t.Fatalf("no code at %s: %s", one.at, one.body)
	}
	res, err := http.PostForm(h.server.URL+"/tenant/oauth/token", url.Values{
		"grant_type": {"authorization_code"}, "client_id": {"spa"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier},
	})
	h.must(err)
	defer func() { _ = res.Body.Close() }()
	var got struct {
		Token string `json:"access_token"`
	}
	h.must(json.NewDecoder(res.Body).Decode(&got))
	if got.Token == "" {
		h.t.Fatalf("no token: %d", res.StatusCode)
	}
	return &app{h, got.Token}
}

// A reply is an answer of the API.
type reply struct {
	h        *house
	status   int
	location string
	text     string
	body     map[string]any
}

func (a *app) call(method, path string, body any) *reply {
	a.h.t.Helper()
	var content io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		a.h.must(err)
		content = strings.NewReader(string(b))
	}
	req, err := http.NewRequest(method, a.h.server.URL+"/tenant/me/v1"+path, content)
	a.h.must(err)
	if a.token != "" {
		req.Header.Set("Authorization", "Bearer "+a.token)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(req)
	a.h.must(err)
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	a.h.must(err)
	r := &reply{h: a.h, status: res.StatusCode, location: res.Header.Get("Location"), text: string(b)}
	if len(b) > 0 {
		a.h.must(json.Unmarshal(b, &r.body))
	}
	return r
}

func (r *reply) is(status int, word string) *reply {
	r.h.t.Helper()
	if r.status != status {
		r.h.t.Fatalf("%d, want %d: %s", r.status, status, r.text)
	}
	if status < 400 {
		return r
	}
	for _, member := range []string{"type", "title", "detail", "status"} {
		if r.body[member] == nil {
			r.h.t.Errorf("no %s in %s", member, r.text)
		}
	}
	if word != "" && r.body["type"] != word {
		r.h.t.Errorf("%s, want %s", r.text, word)
	}
	return r
}

func (r *reply) says(name string) string {
	text, _ := r.body[name].(string)
	return text
}

// list are the members called name of the objects in a list.
func (r *reply) list(of, name string) []string {
	all, _ := r.body[of].([]any)
	var texts []string
	for _, one := range all {
		text, _ := one.(map[string]any)[name].(string)
		texts = append(texts, text)
	}
	return texts
}

type body map[string]any

// Row 111: what there is and can be, and each type from 202 to 201.
func TestRow111_Types(t *testing.T) {
	h := open(t, "sqlite")
	ada := h.person("ada")
	a := ada.app(everything, false)
	if got := a.call("GET", "/factors", nil).is(200, "").list("factors", "type"); !slices.Contains(got, "totp") || slices.Contains(got, "passkey") {
		t.Errorf("factors %q", got)
	}
	if got := a.call("GET", "/authentication-methods", nil).is(200, "").list("authentication_methods", "type"); !slices.Equal(got, []string{"password"}) {
		t.Errorf("methods %q", got)
	}
	h.mailed()

	// An authenticator app, the first second factor: a recovery code comes with it.
	made := a.call("POST", "/authentication-methods", body{"type": "totp"}).is(202, "")
	id, session, key := made.says("id"), made.says("auth_session"), made.says("manual_input_code")
	if !strings.HasSuffix(made.location, "/tenant/me/v1/authentication-methods/"+id) || !strings.HasPrefix(made.says("barcode_uri"), "otpauth://") || made.says("recovery_code") == "" {
		t.Errorf("%s %s", made.location, made.text)
	}
	verify := "/authentication-methods/" + id + "/verify"
	a.call("GET", "/authentication-methods/"+id, nil).is(404, "")
	a.call("POST", verify, body{"auth_session": session, "otp_code": "000"}).is(400, "")
	a.call("POST", verify, body{"auth_session": session + "x", "otp_code": ada.code(key)}).is(400, "")
	a.call("POST", "/authentication-methods/aut_other/verify", body{"auth_session": session, "otp_code": "123456"}).is(404, "")
	got := a.call("POST", verify, body{"auth_session": session, "otp_code": ada.code(key)}).is(201, "")
	if got.says("id") != id || got.says("type") != "totp" || got.body["confirmed"] != true || got.says("created_at") == "" {
		t.Error(got.text)
	}
	if mails := h.mailed(); !slices.Equal(mails, []string{"ada@example.com: A new way to sign in was added"}) {
		t.Errorf("mails %q", mails)
	}
	ada.key = key

	// Now the account has more than the token showed.
	a.call("POST", "/authentication-methods", body{"type": "totp"}).is(403, "unmet_authentication_requirements")
	a.call("PATCH", "/authentication-methods/"+id, body{"name": "Phone"}).is(403, "unmet_authentication_requirements")
	a.call("DELETE", "/authentication-methods/"+id, nil).is(403, "unmet_authentication_requirements")
	a = ada.app(everything, true)
	a.call("POST", verify, body{"auth_session": session, "otp_code": ada.code(key)}).is(404, "") // it is over
	if got := a.call("PATCH", "/authentication-methods/"+id, body{"name": " Work phone "}).is(200, ""); got.says("name") != "Work phone" {
		t.Error(got.text)
	}
	a.call("PATCH", "/authentication-methods/"+id, body{"name": "x"}).is(400, "invalid_request")
	if got := a.call("GET", "/authentication-methods?type=totp", nil).is(200, "").list("authentication_methods", "name"); !slices.Equal(got, []string{"Work phone"}) {
		t.Errorf("%q", got)
	}
	ada.messagesByAPI(a)
	ada.codesByAPI(a)
	ada.keysByAPI(a)
	ada.passwordByAPI(a)
}

var sixDigits = regexp.MustCompile(`\b[0-9]{6}\b`)

// messagesByAPI adds a number, which takes texts and calls and is one method; another
// mailbox; and a phone, which has to answer first.
func (one *person) messagesByAPI(a *app) {
	t := one.h.t
	a.call("POST", "/authentication-methods", body{"type": "phone", "phone_number": "12"}).is(400, "invalid_request")
	made := a.call("POST", "/authentication-methods", body{"type": "phone", "phone_number": "+49 151 23456789"}).is(202, "")
	got := a.call("POST", "/authentication-methods/"+made.says("id")+"/verify",
		body{"auth_session": made.says("auth_session"), "otp_code": sixDigits.FindString(<-one.h.texts)}).is(201, "")
	if got.says("phone_number") != "+4915123456789" || got.says("preferred_authentication_method") != "sms" {
		t.Error(got.text)
	}
	if all := a.call("GET", "/authentication-methods?type=phone", nil).is(200, "").list("authentication_methods", "id"); !slices.Equal(all, []string{made.says("id")}) {
		t.Errorf("phones %q", all)
	}
	a.call("DELETE", "/authentication-methods/"+made.says("id"), nil).is(204, "")
	if len(one.authenticators(factors.Voice)) != 0 {
		t.Error("calls go to a number that was removed")
	}
	one.h.mailed()
	made = a.call("POST", "/authentication-methods", body{"type": "email", "email": "ada@elsewhere.example"}).is(202, "")
	code := sixDigits.FindString(strings.Join(one.h.mailed(), " "))
	got = a.call("POST", "/authentication-methods/"+made.says("id")+"/verify", body{"auth_session": made.says("auth_session"), "otp_code": code}).is(201, "")
	if got.says("email") != "ada@elsewhere.example" {
		t.Error(got.text)
	}
	made = a.call("POST", "/authentication-methods", body{"type": "push-notification"}).is(202, "")
	if made.says("barcode_uri") == "" {
		t.Error(made.text)
	}
	a.call("POST", "/authentication-methods/"+made.says("id")+"/verify", body{"auth_session": made.says("auth_session")}).is(409, "authorization_pending")
}

// codesByAPI replaces the recovery code: the old one is good until the new one is confirmed.
func (one *person) codesByAPI(a *app) {
	t := one.h.t
	before := string(one.authenticators(factors.RecoveryCode)[0].Secret)
	made := a.call("POST", "/authentication-methods", body{"type": "recovery-code"}).is(202, "")
	if made.says("recovery_code") == "" || string(one.authenticators(factors.RecoveryCode)[0].Secret) != before {
		t.Errorf("%s", made.text)
	}
	got := a.call("POST", "/authentication-methods/"+made.says("id")+"/verify", body{"auth_session": made.says("auth_session")}).is(201, "")
	if got.says("type") != "recovery-code" || string(one.authenticators(factors.RecoveryCode)[0].Secret) == before {
		t.Error(got.text)
	}
}

// keysByAPI adds a security key (row 56) and a passkey.
func (one *person) keysByAPI(a *app) {
	t := one.h.t
	for _, kind := range []string{"webauthn-roaming", "passkey"} {
		made := a.call("POST", "/authentication-methods", body{"type": kind}).is(202, "")
		wrong := body{"auth_session": made.says("auth_session"), "authn_response": body{"id": "none"}}
		a.call("POST", "/authentication-methods/"+made.says("id")+"/verify", wrong).is(400, "invalid_answer")
		a.call("POST", "/authentication-methods/"+made.says("id")+"/verify", wrong).is(404, "") // a question is for one answer
		made = a.call("POST", "/authentication-methods", body{"type": kind}).is(202, "")
		options, err := json.Marshal(body{"publicKey": made.body["authn_params_public_key"]})
		one.h.must(err)
		parsed, err := virtualwebauthn.ParseAttestationOptions(string(options))
		one.h.must(err)
		response := virtualwebauthn.CreateAttestationResponse(virtualwebauthn.RelyingParty{ID: "localhost", Origin: "http://localhost"},
			virtualwebauthn.NewAuthenticator(), virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2), *parsed)
		verify := "/authentication-methods/" + made.says("id") + "/verify"
		got := a.call("POST", verify, body{"auth_session": made.says("auth_session"), "authn_response": json.RawMessage(response)}).is(201, "")
		if got.says("type") != kind || got.says("key_id") == "" || got.says("public_key") == "" {
			t.Error(got.text)
		}
		a.call("DELETE", "/authentication-methods/"+made.says("id"), nil).is(204, "")
		a.call("DELETE", "/authentication-methods/"+made.says("id"), nil).is(404, "")
	}
}

func (one *person) passwordByAPI(a *app) {
	made := a.call("POST", "/authentication-methods", body{"type": "password"}).is(202, "")
	verify := "/authentication-methods/" + made.says("id") + "/verify"
	a.call("POST", verify, body{"auth_session": made.says("auth_session"), "new_password": "short"}).is(400, "invalid_request")
	got := a.call("POST", verify, body{"auth_session": made.says("auth_session"), "new_password": "quite another fox jumps"}).is(201, "")
	if got.says("type") != "password" {
		one.h.t.Error(got.text)
	}
	a.call("DELETE", "/authentication-methods/"+got.says("id"), nil).is(401, "invalid_token") // every token has ended
}

// Row 111: who may call what.
func TestRow111_WhoMay(t *testing.T) {
	h := open(t, "sqlite")
	ada, eve := h.person("ada"), h.person("eve")
	mine := ada.own(factors.OTP, nil)
	ada.own(factors.RecoveryCode, nil)
	reads := ada.app("openid read:me:authentication_methods", true)
	for _, c := range []struct{ method, path string }{
		{"POST", "/authentication-methods"}, {"PATCH", "/authentication-methods/" + mine.ID}, {"DELETE", "/authentication-methods/" + mine.ID}, {"GET", "/factors"},
		{"POST", "/authentication-methods/" + mine.ID + "/verify"}, {"GET", "/sessions"}, {"DELETE", "/sessions/x"}, {"GET", "/activity"},
		{"GET", "/remembered-browsers"}, {"DELETE", "/remembered-browsers/x"},
	} {
		reads.call(c.method, c.path, nil).is(403, "insufficient_scope")
		(&app{h, ""}).call(c.method, c.path, nil).is(401, "invalid_token")
	}
	reads.call("GET", "/authentication-methods/"+mine.ID, nil).is(200, "")

	// Another person's are as if they were not there.
	other := eve.app(everything, false)
	for _, method := range []string{"GET", "DELETE"} {
		other.call(method, "/authentication-methods/"+mine.ID, nil).is(404, "")
	}
	other.call("PATCH", "/authentication-methods/"+mine.ID, body{"name": "Mine now"}).is(404, "")
	full := ada.app(everything, true)
	made := full.call("POST", "/authentication-methods", body{"type": "totp"}).is(202, "")
	stolen := body{"auth_session": made.says("auth_session"), "otp_code": ada.code(made.says("manual_input_code"))}
	other.call("POST", "/authentication-methods/"+made.says("id")+"/verify", stolen).is(404, "")
	if len(eve.authenticators(factors.OTP)) != 0 {
		t.Error("eve has a factor of ada's")
	}

	// The last factor that a policy wants stays; a sign-in that is too old changes nothing.
	h.policy(policy.Always)
	full.call("DELETE", "/authentication-methods/"+mine.ID, nil).is(409, "last_second_factor")
	h.policy(policy.Never)
	sessions := full.call("GET", "/sessions", nil).is(200, "").list("sessions", "id")
	full.call("DELETE", "/sessions/"+sessions[len(sessions)-1], nil).is(204, "")
	full.call("GET", "/remembered-browsers", nil).is(200, "")
	if types := full.call("GET", "/activity", nil).is(200, "").list("activity", "type"); !slices.Contains(types, "session.ended") {
		t.Errorf("activity %q", types)
	}
	if got := h.events("session.ended"); got[0].ClientID != "spa" {
		t.Errorf("the log does not name the application: %+v", got[0])
	}
	full.call("POST", "/authentication-methods", body{"type": "carrier-pigeon"}).is(400, "invalid_request")
	full.call("POST", "/authentication-methods", body{"type": "email"}).is(400, "invalid_request")
	full.call("POST", "/authentication-methods", body{"type": "totp", "colour": "red"}).is(400, "invalid_request")
	full.call("GET", "/authentication-methods?sort=1", nil).is(400, "invalid_request")
}
