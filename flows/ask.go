package flows

import (
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
)

// An Ask is what a relying party wants of a login. It is made by the provider from a
// validated request and never changes while the login runs.
type Ask struct {
	ClientID     string         `json:"client_id"`
	LoginHint    string         `json:"login_hint,omitempty"`
	UILocales    []string       `json:"ui_locales,omitempty"`
	ACRValues    []string       `json:"acr_values,omitempty"`    // voluntary, best first
	EssentialACR []string       `json:"essential_acr,omitempty"` // one of these or an error
	Subject      string         `json:"sub,omitempty"`           // only this user will do
	MaxAge       *time.Duration `json:"max_age,omitempty"`
	Prompt       []string       `json:"prompt,omitempty"`
	// Enroll has the person set up one more authenticator, of one of these factors.
	// Ticket is the key of the invitation that this uses up.
	Enroll []string `json:"enroll,omitempty"`
	// Own is for pages on which people look after their account: they show the strongest
	// that it has, whatever policies say.
	Own    bool   `json:"own,omitempty"`
	Ticket []byte `json:"ticket,omitempty"`
	// Scopes that consent is about: OpenID Connect scopes by name, an API's as
	// "audience scope".
	Scopes []ScopeAsk `json:"scopes,omitempty"`
	// Organization is the id of the one that the person signs in to, "" for none.
	Organization string `json:"organization,omitempty"`
	// Invitation is the ticket by which the person joins that organization, "" for none.
	Invitation  string    `json:"invitation,omitempty"`
	RequestedAt time.Time `json:"requested_at"`
	// Direct is how a sign-in without a browser began, "" in a browser. Origin is what the
	// caller needs to go on where it is done.
	Direct string `json:"direct,omitempty"`
	Origin []byte `json:"origin,omitempty"`
	// Resume is the path on this site to go to when the login is done; it gets
	// ?login=ID. FormAction is the origin of the redirect_uri for the page's CSP.
	Resume     string `json:"resume"`
	FormAction string `json:"form_action"`
	// Popup says that the pages may be in a window of the application's, which waits for
	// the answer there.
	Popup bool `json:"popup,omitempty"`
	// Request are the parameters of the authorization request, form-encoded: the provider
	// reads them again at the end, and scripts see them.
	Request []byte `json:"request,omitempty"`
}

// A ScopeAsk is one line of the consent page.
type ScopeAsk struct {
	Value       string `json:"value"`                 // as stored in consents
	Description string `json:"description,omitempty"` // the admin's sentence; empty for standard scopes
}

// A Result is what a finished login proved.
type Result struct {
	LoginID   string // empty when the session alone satisfied the ask
	UserID    string
	SessionID string
	AuthTime  time.Time // of the newest proof that counts
	ACR       string
	AMR       []string
	Proofs    []factors.Proof
	Scopes    []string // consented, of Ask.Scopes
	Claims    Claims   // that scripts set
	// Record is why, to be stored with what the caller makes of the result; nil: it is
	// stored already.
	Record *storage.Decision
	Ask    Ask
}

// Claims are what scripts put into tokens beside the standard's.
type Claims struct {
	IDToken     map[string]any
	AccessToken map[string]any
	// Add and Remove change the scopes of the access token.
	Add    []string
	Remove []string
}

// A Refusal ends a login without a result. Code is the OAuth or OpenID Connect
// error code, Description a sentence for developers in the RFC 6749 character set.
type Refusal struct {
	Code        string
	Description string
	Reason      string // of the decision, "" where a script spoke
	Ask         Ask
}

func (r *Refusal) Error() string { return r.Code + ": " + r.Description }
