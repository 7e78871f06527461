package factors

// PromptKind says which of the closed set of questions a page has to ask. Themes has
// one part for each.
type PromptKind string

// The closed set of prompts.
const (
	PromptCode      PromptKind = "code"       // type a code
	PromptPassword  PromptKind = "password"   // type a password
	PromptWait      PromptKind = "wait"       // act on another device
	PromptPublicKey PromptKind = "public-key" // navigator.credentials
	PromptRedirect  PromptKind = "redirect"   // go to a vendor's page and come back
	PromptShow      PromptKind = "show"       // read and keep what is shown once
)

// A Prompt is all that the page learns of a challenge. It holds no secret of a
// confirmed authenticator; an enrolment's key and recovery codes are in it because
// the person has to see them once.
type Prompt struct {
	Kind PromptKind `json:"kind"`
	// Digits is the length of the code (PromptCode), 0 where it is not only digits.
	Digits int `json:"digits,omitempty"`
	// Destination is where a message went, masked: "•••• 42".
	Destination string `json:"destination,omitempty"`
	// URI is an otpauth:// address to show as a QR code, Key the same secret in
	// base32 (enrolment of one-time passwords).
	URI string `json:"uri,omitempty"`
	Key string `json:"key,omitempty"`
	// Number is to be entered or compared on the other device (PromptWait).
	Number string `json:"number,omitempty"`
	// App is what a person needs on the other device before it can be set up.
	App App `json:"app,omitzero"`
	// Options is the JSON for navigator.credentials (PromptPublicKey).
	Options string `json:"options,omitempty"`
	// Location is the vendor's address (PromptRedirect).
	Location string `json:"location,omitempty"`
	// Codes are shown once (PromptShow).
	Codes []string `json:"codes,omitempty"`
}

// An App is one that people install. Its zero value: they need none.
type App struct {
	Name       string `json:"name,omitempty"`
	AppleLink  string `json:"apple_link,omitempty"`
	GoogleLink string `json:"google_link,omitempty"`
}
