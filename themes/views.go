package themes

import "time"

// A View is what one page shows. Its fields are data, never HTML; its Page is the
// stem of the template in pages/.
type View interface{ Page() string }

// Frame is what every page of a login shows around its form. It is embedded in each
// view.
type Frame struct {
	Lang   string // BCP 47, chosen by Renderer.Match
	Client Client
	// Account is the person signing in, empty until known.
	Account string
	// Action is where the page's form posts to.
	Action string
	// Notice is a message id with data, shown above the form: an error, a hint.
	Notice *Notice
	// CanChooseOther shows "Try another way"; CanCancel "Back to <app>".
	CanChooseOther bool
	CanCancel      bool
	// CanSkip shows "Not now", where setting a factor up may be put off.
	CanSkip bool
	// CanSwitch shows "Not you?" beside the account.
	CanSwitch bool
	// FormAction is the origin that the page's CSP has to allow beside 'self'.
	FormAction string
	// Popup keeps the page's tie to the window that opened it, which waits for an answer.
	Popup     bool
	RequestID string
}

// Client is the application as people see it.
type Client struct {
	Name, URI, LogoURI, PolicyURI, TosURI, RedirectHost string
}

// A Notice is a message for a person.
type Notice struct {
	Kind  string         // "error", "info", "good", "warn"
	ID    string         // message id
	Data  map[string]any // values of the message; time.Time values are shown in words
	Field string         // the form field it belongs to, "" for the page
}

// Every form posts a field named "act" from its button:
// "answer" (default), "choose" (with "factor"), "other", "cancel", "switch",
// "resend", "skip", "allow", "deny", "reset", "done", "enroll" (with "factor").
type (
	// Identify is the sign-in page: name and password in one form.
	Identify struct {
		Frame
		Username string // fields: username, password
		CanReset bool
		Passkey  string // options for navigator.credentials.get, "" for none; field: credential
	}
	// Password asks a known person's password (re-authentication).
	Password struct {
		Frame
		CanReset bool   // field: password; hidden: username
		Passkey  string // as above
	}
	// Code asks for a one-time code. Field: code.
	Code struct {
		Frame
		Factor      string // "otp", "recovery-code", … chooses the words
		Digits      int    // 0: free text
		Destination string
		CanResend   bool
		ResendAt    time.Time // zero: at once; until then login.js holds the button back
		LockedUntil time.Time // zero: not locked; else the form is left out and the page says when
		// Instead are other ways to get the same code: "Call me instead".
		Instead []Choice
		// Enroll is true where the code confirms what is being set up; then the address
		// that it went to can be mended.
		Enroll   bool
		Remember time.Duration // how long not to ask again; 0: not offered. Field: remember
		// Watch is where login.js asks whether the page has changed, "" for nowhere.
		Watch string
	}
	// EnrollTo asks for the number or address that codes are to go to.
	EnrollTo struct {
		Frame
		Factor string
		Field  string // "phone_number" or "email", also the name of the field
		Value  string // as typed before
	}
	// PublicKey asks for a security key or the device's lock, or sets one up. Fields:
	// credential and, to set up, label.
	PublicKey struct {
		Frame
		Factor  string
		Options string // JSON for navigator.credentials
		Enroll  bool
		Offer   bool   // it may be put off: acts later and never
		Label   string // what the new key is called, "" where that is not asked

		Remember time.Duration // as above
	}
	// Wait asks the person to answer on another device, by the number that it shows.
	Wait struct {
		Frame
		Factor      string
		Number      string    // to be typed there, "" where nothing is
		Destination string    // the device
		Expired     bool      // it was not answered in time: it can be asked again
		ResendAt    time.Time // as above
		Instead     []Choice
		Remember    time.Duration
		Watch       string
	}
	// EnrollDevice shows the picture by which a phone is set up.
	EnrollDevice struct {
		Frame
		Factor string
		URI    string // drawn as an inline SVG QR code; a link where it is a page
		App    App    // to be installed first; its zero value: none
		Watch  string
	}
	// Authenticator is the page that is a device: it keeps a key in the browser and
	// answers questions. authenticator.js shows the part of it that fits.
	Authenticator struct {
		Frame
		Site string // absolute address, without a slash at the end
		Path string // of the devices' protocol below it
		Key  string // by which push services know the site, "" for no notifications
	}
	// Enrolled says that what an invitation asked for is set up.
	Enrolled struct{ Frame }
	// Vendor sends the person to another site, which sends them back.
	Vendor struct {
		Frame
		Factor   string
		Location string
	}
	// Picker lets the person choose among factors. Field: factor.
	Picker struct {
		Frame
		Enroll  bool // choose what to set up rather than what to use
		Choices []Choice
	}
	// EnrollCode shows the key of an authenticator app and asks its first code.
	// Field: code.
	EnrollCode struct {
		Frame
		Factor string
		URI    string // otpauth://, drawn as an inline SVG QR code
		Key    string
		Digits int
		// Handheld is true where the page is open on the device that has the app: then the
		// key comes first and the picture is folded away.
		Handheld bool
	}
	// RecoveryCodes shows new codes once. Fields: saved (checkbox).
	RecoveryCodes struct {
		Frame
		Codes []string
	}
	// Consent lists what the app will get. Buttons: allow, deny.
	Consent struct {
		Frame
		Scopes []Scope
	}
	// SetPassword asks for a new password: expired, reset, or changed.
	// Fields: password_current (when Current), password_new, password_again.
	SetPassword struct {
		Frame
		Current   bool
		Why       string // "expired", "reset", "change"
		MinLength int
	}
	// ResetRequest asks for the name to send a reset mail to. Field: username.
	ResetRequest struct{ Frame }
	// ResetSent says: if the account exists, a mail is on its way.
	ResetSent struct{ Frame }
	// Logout asks whether to sign out. Buttons: logout-yes, logout-no.
	Logout struct{ Frame }
	// SignedOut says it is done. ReturnTo is a link, only ever a registered address.
	SignedOut struct {
		Frame
		ReturnTo string
	}
	// Denied ends a login that policy or an admin refused.
	Denied struct {
		Frame
		Reason   string // message id: "denied.blocked", "denied.not_enough", …
		ReturnTo string
	}
	// Expired says that the login took too long or was already used.
	Expired struct {
		Frame
		ReturnTo string
	}
	// Locked says when to try again.
	Locked struct {
		Frame
		Until time.Time
	}
	// Failure is the error page.
	Failure struct {
		Frame
		Status      int
		Code        string // OAuth error code or "", shown small
		Description string // for developers, shown small, escaped
		ReturnTo    string
	}
	// FormPost submits an authorization response by itself (OAuth 2.0 Form Post
	// Response Mode), with a button where scripts are off.
	FormPost struct {
		Frame
		To     string
		Fields []Field
	}
	// Activate asks for the code that a device shows. Field: user_code.
	Activate struct {
		Frame
		UserCode string // as typed before, or as the address has it
	}
	// ActivateConfirm asks whether the person began this on the device themselves.
	// Buttons: allow, deny.
	ActivateConfirm struct {
		Frame
		UserCode string
	}
	// Activated says that the device goes on by itself, or not.
	Activated struct {
		Frame
		Denied bool
	}
	// VerifyEmail asks a new person to confirm their address, or says that it is done.
	VerifyEmail struct {
		Frame
		Done     bool
		ReturnTo string // a link, once it is done; only ever a registered address
	}
	// WebMessage hands an authorization response to the application's window that opened
	// or frames it.
	WebMessage struct {
		Frame
		Origin   string // of the application: nobody else may frame the page or read the answer
		Response string // JSON
	}
	// PasswordChanged confirms a change or reset.
	PasswordChanged struct {
		Frame
		ReturnTo string
	}
)

// A Choice is one row of the picker.
type Choice struct {
	Factor string
	Detail string // "•••• 42"
	Left   int    // how often it still works; 0: that is not counted
	// Value is what the button sends: the factor's name, or that and an authenticator.
	// Empty: Factor.
	Value string
}

// Sends is what the choice's button sends.
func (c Choice) Sends() string {
	if c.Value != "" {
		return c.Value
	}
	return c.Factor
}

// An App is one that people install.
type App struct{ Name, AppleLink, GoogleLink string }

// A Scope is one sentence of the consent page.
type Scope struct {
	Value, Description string
	// Known scopes (openid, profile, email, …) have words of ours.
	Known bool
}

// A Field is one hidden input.
type Field struct{ Name, Value string }

// Page returns the template's stem.
func (Identify) Page() string        { return "identify" }
func (Password) Page() string        { return "password" }
func (Code) Page() string            { return "code" }
func (Picker) Page() string          { return "picker" }
func (EnrollCode) Page() string      { return "enroll_code" }
func (EnrollTo) Page() string        { return "enroll_to" }
func (PublicKey) Page() string       { return "public_key" }
func (Vendor) Page() string          { return "vendor" }
func (Wait) Page() string            { return "wait" }
func (EnrollDevice) Page() string    { return "enroll_device" }
func (Authenticator) Page() string   { return "authenticator" }
func (Enrolled) Page() string        { return "enrolled" }
func (RecoveryCodes) Page() string   { return "recovery_codes" }
func (Consent) Page() string         { return "consent" }
func (SetPassword) Page() string     { return "set_password" }
func (ResetRequest) Page() string    { return "reset_request" }
func (ResetSent) Page() string       { return "reset_sent" }
func (Logout) Page() string          { return "logout" }
func (SignedOut) Page() string       { return "signed_out" }
func (Denied) Page() string          { return "denied" }
func (Expired) Page() string         { return "expired" }
func (Locked) Page() string          { return "locked" }
func (Failure) Page() string         { return "failure" }
func (FormPost) Page() string        { return "form_post" }
func (Activate) Page() string        { return "activate" }
func (ActivateConfirm) Page() string { return "activate_confirm" }
func (Activated) Page() string       { return "activated" }
func (VerifyEmail) Page() string     { return "verify_email" }
func (WebMessage) Page() string      { return "web_message" }
func (PasswordChanged) Page() string { return "password_changed" }
