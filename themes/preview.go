package themes

import "time"

// A Preview is one page in one state.
type Preview struct {
	Name  string // the page's stem
	State string // a word for the state, unique within the page
	View  View
}

// demo is the frame of the previews.
func demo() Frame {
	return Frame{
		Lang: fallback,
		Client: Client{
			Name: "Acme Notes", URI: "https://notes.acme.example/", PolicyURI: "https://notes.acme.example/privacy",
			TosURI: "https://notes.acme.example/terms", RedirectHost: "notes.acme.example",
		},
		Account: "ada@acme.example", Action: "/login/preview", FormAction: "https://notes.acme.example",
		CanCancel: true, CanSwitch: true, RequestID: "01JZ8Q5T3M",
	}
}

func (f Frame) with(n *Notice) Frame { f.Notice = n; return f }
func (f Frame) stranger() Frame      { f.Account = ""; return f }
func (f Frame) choosing() Frame      { f.CanChooseOther = true; return f }
func (f Frame) ending() Frame        { f.CanCancel, f.CanSwitch, f.Action = false, false, ""; return f }

func wrong(id, field string) *Notice { return &Notice{Kind: "error", ID: id, Field: field} }

// Previews are all pages in all their states, as they would be at now. Tests,
// screenshots, the preview server and the check at start use the same list.
func Previews(now time.Time) []Preview {
	var all []Preview
	for _, some := range [][]Preview{
		identifyPreviews(now), codePreviews(now), waitPreviews(now), pickerPreviews(), enrollPreviews(), consentPreviews(),
		passwordPreviews(), endPreviews(now), devicePreviews(), failurePreviews(), accountPreviews(now),
	} {
		all = append(all, some...)
	}
	return all
}

// keyOptions are those of a question that nobody asks.
const keyOptions = `{"challenge":"q83vEjRWeJCrze8SNFZ4kA"}`

func add(list *[]Preview, state string, v View) {
	*list = append(*list, Preview{Name: v.Page(), State: state, View: v})
}

func identifyPreviews(now time.Time) (list []Preview) {
	f := demo().stranger()
	add(&list, "empty", Identify{Frame: f, CanReset: true})
	add(&list, "passkey", Identify{Frame: f, CanReset: true, Passkey: keyOptions})
	add(&list, "hinted", Identify{Frame: f, CanReset: true, Username: "ada@acme.example"})
	add(&list, "wrong", Identify{Frame: f.with(wrong("identify.wrong", "password")), CanReset: true, Username: "ada@acme.example"})
	add(&list, "limited", Identify{CanReset: true, Username: "ada@acme.example", Frame: f.with(&Notice{
		Kind: "warn", ID: "login.limited", Data: map[string]any{"Until": now.Add(6 * time.Minute)},
	})})
	bare := f
	bare.Client, bare.CanCancel = Client{}, false
	add(&list, "bare", Identify{Frame: bare})
	long := f
	long.Client.Name = "Donaudampfschifffahrtsgesellschaft <b>Customer</b> Portal & Timetable"
	add(&list, "long", Identify{Frame: long, CanReset: true, Username: "wolfeschlegelsteinhausenbergerdorff@donaudampfschifffahrt.example"})
	add(&list, "changed", Identify{Frame: f.with(&Notice{Kind: "info", ID: "login.changed"})})
	return list
}

func codePreviews(now time.Time) (list []Preview) {
	f := demo().choosing()
	otp := Code{Frame: f, Factor: "otp", Digits: 6}
	add(&list, "empty", otp)
	remembered := otp
	remembered.Remember = 30 * 24 * time.Hour
	add(&list, "remember", remembered)
	for _, id := range []string{"wrong", "spent", "expired"} {
		v := otp
		v.Frame = f.with(wrong("code."+id, "code"))
		add(&list, id, v)
	}
	locked := otp
	locked.LockedUntil = now.Add(6 * time.Minute)
	add(&list, "locked", locked)
	add(&list, "recovery", Code{Frame: f, Factor: "recovery-code"})
	add(&list, "recovery_wrong", Code{Frame: f.with(wrong("code.wrong", "code")), Factor: "recovery-code"})
	add(&list, "sent", Code{Frame: f, Factor: "sms", Digits: 6, Destination: "•••• 42", CanResend: true, ResendAt: now.Add(28 * time.Second),
		Instead: []Choice{{Factor: "voice"}}, Watch: "/login/preview/state"})
	add(&list, "unsent", Code{Frame: f.with(&Notice{Kind: "warn", ID: "code.unsent"}), Factor: "sms", Digits: 6, Destination: "•••• 42", CanResend: true})
	add(&list, "late", Code{Frame: f.with(&Notice{Kind: "warn", ID: "code.late"}), Factor: "email", Digits: 6, Destination: "a•••@acme.example", CanResend: true})
	form := otp
	form.Frame = f.with(wrong("code.form", "code"))
	add(&list, "form", form)
	add(&list, "enroll", Code{Frame: f, Factor: "email", Digits: 6, Destination: "a•••@acme.example", CanResend: true, Enroll: true})
	add(&list, "eight_digits", Code{Frame: demo(), Factor: "otp", Digits: 8})
	return list
}

func waitPreviews(now time.Time) (list []Preview) {
	f := demo().choosing()
	w := Wait{
		Frame: f, Factor: "push", Number: "42", Destination: "Ada’s phone", ResendAt: now.Add(28 * time.Second),
		Instead: []Choice{{Factor: "otp"}}, Remember: 30 * 24 * time.Hour, Watch: "/login/preview/state",
	}
	add(&list, "number", w)
	early := w
	early.Frame = f.with(&Notice{Kind: "info", ID: "wait.pending"})
	add(&list, "pending", early)
	plain := w
	plain.Number = ""
	add(&list, "plain", plain)
	late := w
	late.Expired, late.ResendAt = true, time.Time{}
	add(&list, "expired", late)
	d := EnrollDevice{Frame: f, Factor: "push", URI: "https://id.acme.example/authenticator#JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSW", Watch: "/login/preview/state"}
	add(&list, "page", d)
	app := d
	app.App = App{Name: "Acme Guard", AppleLink: "https://apps.apple.example/acme", GoogleLink: "https://play.example/acme"}
	app.URI = "otpauth://totp/Acme:ada%40acme.example?enrollment_tx_id=JBSWY3DPEHPK3PXP&issuer=Acme"
	add(&list, "app", app)
	add(&list, "device", Authenticator{Frame: demo().ending().stranger(), Site: "https://id.acme.example", Path: "/appliance-mfa", Key: "BEl62iUYgUivxIkv69yViEuiBIa"})
	for _, id := range []string{"denied", "reported", "mismatched", "superseded"} {
		add(&list, id, Picker{Frame: demo().with(&Notice{Kind: "warn", ID: "wait." + id}), Choices: []Choice{{Factor: "push", Detail: "Ada’s phone"}, {Factor: "otp"}}})
	}
	add(&list, "held", Picker{Choices: []Choice{{Factor: "otp"}}, Frame: demo().with(&Notice{Kind: "warn", ID: "wait.held", Data: map[string]any{"Until": now.Add(14 * time.Minute)}})})
	return list
}

func pickerPreviews() (list []Preview) {
	f := demo()
	app := Choice{Factor: "otp"}
	codes := Choice{Factor: "recovery-code", Left: 7}
	add(&list, "one", Picker{Frame: f, Choices: []Choice{app}})
	add(&list, "some", Picker{Frame: f, Choices: []Choice{app, {Factor: "password"}, codes}})
	add(&list, "many", Picker{Frame: f, Choices: []Choice{
		{Factor: "webauthn-platform"}, {Factor: "webauthn-roaming"}, {Factor: "push", Detail: "Ada’s phone"}, app,
		{Factor: "sms", Detail: "•••• 42", Value: "sms aut_1"}, {Factor: "email", Detail: "a•••@acme.example"}, codes,
	}})
	add(&list, "enroll", Picker{Frame: f, Enroll: true, Choices: []Choice{app, {Factor: "sms"}, {Factor: "webauthn-roaming"}}})
	return list
}

func enrollPreviews() (list []Preview) {
	f := demo()
	app := EnrollCode{
		Frame: f, Factor: "otp", Digits: 6, Key: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
		URI: "otpauth://totp/Sallyport:ada%40acme.example?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Sallyport",
	}
	add(&list, "empty", app)
	skip := app
	skip.CanSkip, skip.CanChooseOther = true, true
	add(&list, "skippable", skip)
	held := app
	held.Handheld = true
	add(&list, "handheld", held)
	failed := app
	failed.Frame = f.with(wrong("code.wrong", "code"))
	add(&list, "wrong", failed)
	add(&list, "key", PublicKey{Frame: f.choosing(), Factor: "webauthn-roaming", Options: keyOptions})
	add(&list, "key_wrong", PublicKey{Frame: f.with(&Notice{Kind: "error", ID: "public_key.wrong"}), Factor: "webauthn-roaming", Options: keyOptions})
	add(&list, "key_another", PublicKey{Frame: f.with(&Notice{Kind: "info", ID: "public_key.another"}), Factor: "webauthn-roaming", Options: keyOptions})
	add(&list, "key_maker", PublicKey{Frame: f.with(&Notice{Kind: "error", ID: "webauthn.maker"}), Factor: "webauthn-roaming", Options: keyOptions, Enroll: true, Label: "Security key"})
	add(&list, "key_new", PublicKey{Frame: f.choosing(), Factor: "webauthn-roaming", Options: keyOptions, Enroll: true, Label: "Security key"})
	add(&list, "key_offer", PublicKey{Frame: f, Factor: "webauthn-platform", Options: keyOptions, Enroll: true, Offer: true})
	add(&list, "duo", Vendor{Frame: f.choosing(), Factor: "duo", Location: "https://api-1.duosecurity.example/oauth/v1/authorize"})
	add(&list, "elsewhere", Vendor{Frame: f, Location: "https://terms.example/accept"})
	add(&list, "done", Enrolled{Frame: f.ending()})
	add(&list, "phone", EnrollTo{Frame: f, Factor: "sms", Field: "phone_number"})
	add(&list, "refused", EnrollTo{Frame: f.with(wrong("phone.invalid", "phone_number")), Factor: "voice", Field: "phone_number", Value: "12"})
	add(&list, "mailbox", EnrollTo{Frame: f, Factor: "email", Field: "email"})
	codes := []string{
		"7K4M-2QXR", "P9DA-H3TZ", "W6EC-Y8NB", "3VUF-K5GJ", "R2XS-M7PL",
		"Q8HT-4WDA", "Z5NB-C9EK", "G3JY-V6UF", "L7PM-X2RS", "D4WA-T8QH",
	}
	add(&list, "fresh", RecoveryCodes{Frame: f, Codes: codes})
	return list
}

func consentPreviews() (list []Preview) {
	f := demo()
	f.CanCancel = false
	add(&list, "standard", Consent{Frame: f, Scopes: []Scope{
		{Value: "openid", Known: true}, {Value: "profile", Known: true}, {Value: "email", Known: true},
	}})
	add(&list, "custom", Consent{Frame: f, Scopes: []Scope{
		{Value: "openid", Known: true}, {Value: "phone", Known: true}, {Value: "address", Known: true},
		{Value: "offline_access", Known: true},
		{Value: "https://api.acme.example read:notes", Description: "Read your notes and notebooks"},
		{Value: "https://api.acme.example purge"},
	}})
	return list
}

func passwordPreviews() (list []Preview) {
	f := demo()
	add(&list, "empty", Password{Frame: f, CanReset: true})
	add(&list, "wrong", Password{Frame: f.with(wrong("password.wrong", "password")), CanReset: true})
	for _, why := range []string{"expired", "reset", "change"} {
		add(&list, why, SetPassword{Frame: f, Why: why, Current: why == "change", MinLength: 15})
	}
	add(&list, "mismatch", SetPassword{Frame: f.with(wrong("password.mismatch", "password_again")), Why: "reset", MinLength: 8})
	short := wrong("password.too_short", "password_new")
	short.Data = map[string]any{"Min": 15}
	add(&list, "short", SetPassword{Frame: f.with(short), Why: "reset", MinLength: 15})
	g := f.stranger()
	add(&list, "empty", ResetRequest{Frame: g})
	add(&list, "invalid_link", ResetRequest{Frame: g.with(&Notice{Kind: "warn", ID: "reset.invalid"})})
	add(&list, "sent", ResetSent{Frame: g})
	add(&list, "changed", PasswordChanged{Frame: f.ending(), ReturnTo: f.Client.URI})
	return list
}

func endPreviews(now time.Time) (list []Preview) {
	f := demo()
	end := f.ending()
	ask := f
	ask.CanCancel = false
	add(&list, "ask", Logout{Frame: ask})
	add(&list, "done", SignedOut{Frame: end.stranger(), ReturnTo: f.Client.URI})
	add(&list, "nowhere", SignedOut{Frame: Frame{Lang: fallback}})
	for _, reason := range []string{"blocked", "client_disabled", "cancelled", "not_enough", "uninvited", "full",
		"rule_failed", "policy_denied", "mfa_not_set_up", "enroll_needs_challenge", "no_mailbox", "not_member"} {
		add(&list, reason, Denied{Frame: end, Reason: "denied." + reason, ReturnTo: f.Client.URI})
	}
	add(&list, "late", Expired{Frame: end.stranger(), ReturnTo: f.Client.URI})
	add(&list, "nowhere", Expired{Frame: end.stranger()})
	add(&list, "until", Locked{Frame: f, Until: now.Add(6 * time.Minute)})
	add(&list, "long", Locked{Frame: f, Until: now.Add(30 * time.Hour)})
	return list
}

func devicePreviews() (list []Preview) {
	f := demo()
	f.CanCancel, f.CanSwitch = false, false
	g := f.stranger()
	g.Client = Client{}
	add(&list, "ask", VerifyEmail{Frame: f})
	add(&list, "done", VerifyEmail{Frame: g.ending(), Done: true})
	add(&list, "empty", Activate{Frame: g})
	add(&list, "typed", Activate{Frame: g, UserCode: "QTZL-MCBW"})
	add(&list, "wrong", Activate{Frame: g.with(wrong("activate.wrong", "user_code")), UserCode: "QTZL-MCB"})
	add(&list, "ask", ActivateConfirm{Frame: f.stranger(), UserCode: "QTZL-MCBW"})
	add(&list, "done", Activated{Frame: g.ending()})
	add(&list, "denied", Activated{Frame: g.ending(), Denied: true})
	return list
}

func failurePreviews() (list []Preview) {
	f := demo().ending().stranger()
	add(&list, "request", Failure{Frame: f, Status: 400, Code: "invalid_request", ReturnTo: f.Client.URI,
		Description: "redirect_uri is not registered for this client: <script>alert(1)</script>"})
	add(&list, "missing", Failure{Frame: Frame{Lang: fallback, RequestID: f.RequestID}, Status: 404})
	add(&list, "ours", Failure{Frame: f, Status: 500})
	add(&list, "busy", Failure{Frame: f, Status: 503})
	add(&list, "api", Reference{Frame: f.ending(), Title: "Management API", Document: "/api/v2/openapi.json", Groups: []CallGroup{{Name: "users", Calls: []Call{{
		ID: "patch_users_id", Method: "PATCH", Path: "/api/v2/users/{id}", Summary: "Change a user", Scopes: []string{"update:users", "update:users_app_metadata"},
		Parameters: []Member{{Name: "id", Type: "path, string, at most 128 characters", Required: true}},
		Body:       []Member{{Name: "blocked", Type: "boolean"}, {Name: "identities[].profileData.email_verified", Type: "boolean", Doc: "read again at each sign-in"}},
		Statuses:   []Status{{"200", "OK"}, {"404", "There is no such thing."}},
	}}}}})
	add(&list, "message", WebMessage{Frame: f, Origin: "https://notes.acme.example", Response: `{"code":"SplxlOBeZQQYbYS6WxSbIA","state":"af0\"ifjsldkj"}`})
	add(&list, "post", FormPost{Frame: f, To: "https://notes.acme.example/callback", Fields: []Field{
		{Name: "code", Value: "SplxlOBeZQQYbYS6WxSbIA"}, {Name: "state", Value: `af0"ifjsldkj`},
	}})
	return list
}
