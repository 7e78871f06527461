// Package factors is the contract between a factor and the rest of Sallyport.
//
// A factor is a kind of thing a person can show: a password, a one-time code, a
// recovery code. Each lives in a folder of its own below this one, imports this
// package and its own vendor library, and is named once, in the list of
// cmd/sallyport/factors.go. A factor knows no HTTP, no SQL and no page: it turns an
// Answer into a Proof. Attempts, lock-out, expiry, storage and audit are the
// business of package flows, written once for all factors.
package factors

import (
	"context"
	"errors"
	"time"
)

// Names of the factors that other rooms have to know. A name is a factor's identity
// in tables, URLs and policies.
const (
	Password     = "password"
	OTP          = "otp"
	RecoveryCode = "recovery-code"
	Duo          = "duo"
	Platform     = "webauthn-platform" // the device's own lock
	Roaming      = "webauthn-roaming"  // a security key
	SMS          = "sms"
	Voice        = "voice"
	Email        = "email"
	Push         = "push"
)

// A Factor is three verbs over an authenticator. Implementations are safe for
// concurrent use and keep no state between calls.
type Factor interface {
	// Enroll makes a pending authenticator from answer (for a password: the new
	// password; for most factors: empty) and, unless the authenticator is confirmed
	// at birth (ConfirmedAt is set), the challenge whose first successful Verify
	// confirms it. The caller stores both and assigns ID and UserID.
	//
	// Errors: ErrWrong wrapped in a *Rejection where the answer is not acceptable.
	Enroll(ctx context.Context, s Subject, answer Answer) (*Authenticator, *Challenge, error)

	// Challenge asks for a proof of a (nil: of any of s.Authenticators). Side effects
	// such as sending a message are allowed; the caller calls it from a POST only.
	Challenge(ctx context.Context, s Subject, a *Authenticator) (*Challenge, error)

	// Verify checks answer. It may change a (its Secret, Counter, Handle, Label) and
	// c.State; the caller commits both together with the proof, under a version
	// check, so a counter is burnt before a proof counts.
	//
	// Errors: ErrWrong, ErrPending, ErrExpired, ErrSpent; anything else is a fault.
	Verify(ctx context.Context, s Subject, a *Authenticator, c *Challenge, answer Answer) (*Proof, error)
}

// The whole error contract. Verify and Enroll wrap exactly these for outcomes that
// the caller branches on; every other error is a fault of the machine, not of the
// person.
var (
	ErrWrong       = errors.New("factors: wrong answer")
	ErrPending     = errors.New("factors: no answer yet")
	ErrExpired     = errors.New("factors: challenge expired")
	ErrSpent       = errors.New("factors: answer already used")
	ErrUnsupported = errors.New("factors: not supported")

	// ErrBusy says that the machine has no room for the work now (password hashing is
	// limited); the caller answers 503 and asks to try again.
	ErrBusy = errors.New("factors: busy")
)

// A Decoy spends what a Verify would, for names that nobody has, so that the time of
// an answer does not tell them apart.
type Decoy interface {
	Decoy(ctx context.Context, answer Answer) error
}

// A Single is a factor of which one secret is shown at a time where a program asks for it
// (recovery codes): each use is answered with the next one.
type Single interface {
	// One puts one more secret into a, or into a new authenticator where a is nil, and says
	// what it is. The caller commits a.
	One(s Subject, a *Authenticator) (*Authenticator, string, error)
}

// A Rejection says why an answer is not acceptable for enrolment, as a message id of
// the factor's own words with its data. It wraps ErrWrong.
type Rejection struct {
	Message string         // message id, e.g. "password.too_short"
	Data    map[string]any // values for the message, e.g. {"Min": 15}
	Field   string         // of the form, that it is about; empty: not about one
}

func (r *Rejection) Error() string { return "factors: rejected: " + r.Message }

// Unwrap makes errors.Is(r, ErrWrong) true.
func (r *Rejection) Unwrap() error { return ErrWrong }

// An Answer is what the person or the device sent, by form field name: "password",
// "code", "credential", … Values are as sent, not trimmed.
type Answer map[string]string

// Subject is what a factor may know of the person and the moment.
type Subject struct {
	UserID   string
	Username string // what an authenticator app shows as the account
	Email    string
	Name     string
	Phone    string // E.164 or empty
	// EmailVerified is true where Email is known to be the person's.
	EmailVerified bool
	Host          string // of the site: "id.example.com"
	// Site is its address without a slash at the end: "https://id.example.com".
	Site string
	// Address and UserAgent are the browser's, for the person to recognise it by.
	Address, UserAgent string
	// LoginID and Callback are for factors that send people to another site: it sends
	// them back to Callback with a state that begins with LoginID and a dot.
	LoginID, Callback string
	Issuer            string // what an authenticator app shows as the issuer
	Client            string // name of the application being signed in to
	Locale            string // BCP 47 of the person, for messages
	// SecondFactor is true where a further factor is always asked beside this one.
	// The password rules depend on it (NIST SP 800-63B-4 §3.1.1.2).
	SecondFactor bool
	// Authenticators are the person's confirmed authenticators of this factor.
	Authenticators []*Authenticator
	Now            time.Time
}

// An Authenticator is one person's enrolled instance of a factor. It is both the
// contract and a row of the table authenticators; Secret is sealed at rest by
// package storage.
type Authenticator struct {
	ID     string `bun:"id,pk"`
	UserID string `bun:"user_id"`
	Factor string `bun:"factor"`
	// Handle finds the authenticator without knowing the user (a passkey's
	// credential id). Empty for most factors.
	Handle string `bun:"handle,nullzero"`
	// Label is what the person sees: "•••• 42", "My phone".
	Label  string `bun:"label"`
	Secret []byte `bun:"secret"`
	// Counter only grows: the last accepted time step (RFC 6238 §5.2), a signature
	// count.
	Counter int64 `bun:"counter"`
	// LoginID is set while pending: a pending authenticator belongs to the login
	// (or account session) that made it and to no other.
	LoginID string `bun:"login_id,nullzero"`
	// Link is what authenticators that belong together have in common: the number
	// that takes texts and calls. Removing one removes all.
	Link string `bun:"link,nullzero"`
	// Failures counts consecutive wrong answers; DisabledAt is set when there were
	// too many (NIST SP 800-63B-4 §3.2.2).
	Failures    int       `bun:"failures"`
	DisabledAt  time.Time `bun:"disabled_at,nullzero"`
	CreatedAt   time.Time `bun:"created_at"`
	ConfirmedAt time.Time `bun:"confirmed_at,nullzero"`
	LastUsedAt  time.Time `bun:"last_used_at,nullzero"`
	Version     int64     `bun:"version"`
}

// Usable reports whether a can be challenged: confirmed and not disabled.
func (a *Authenticator) Usable() bool { return !a.ConfirmedAt.IsZero() && a.DisabledAt.IsZero() }

// A Challenge is one open question. It is stored inside its login, never shown:
// only Prompt reaches the page.
type Challenge struct {
	ID              string `json:"id"`
	Factor          string `json:"factor"`
	AuthenticatorID string `json:"authenticator_id,omitempty"`
	Prompt          Prompt `json:"prompt"`
	State           []byte `json:"state,omitempty"`
	// Token is what a device answers with (Receiver), empty for other factors. It reaches
	// that device and nobody else.
	Token     string    `json:"token,omitempty"`
	ExpiresAt time.Time `json:"expires_at"`
	// Message has to be sent for the challenge to be answered. It is not kept in it.
	Message *Message `json:"-"`
}

// A Proof is what was shown, when, and how good it was.
type Proof struct {
	Factor          string    `json:"factor"`
	AuthenticatorID string    `json:"authenticator_id,omitempty"`
	AMR             []string  `json:"amr"` // RFC 8176 names; empty: counts for nothing
	Kinds           Kind      `json:"kinds"`
	Traits          Trait     `json:"traits,omitempty"`
	At              time.Time `json:"at"`
}

// Kind is the set of authentication factor kinds a proof covers, in the sense of
// NIST SP 800-63B-4: something known, had, or inherent.
type Kind uint8

// The kinds.
const (
	Knows Kind = 1 << iota
	Has
	Is
)

// Trait is the set of further properties of a proof.
type Trait uint8

// The traits.
const (
	PhishingResistant Trait = 1 << iota // WebAuthn and the like
	Hardware                            // key attested to live in hardware
	// Weak proofs (recovery code, e-mail) satisfy a demand for a second factor at
	// sign-in but never raise acr by default.
	Weak
)
