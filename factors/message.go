package factors

import (
	"context"
	"errors"
)

// A Message has to reach the person before they can answer a challenge. The caller
// keeps it sealed until it is sent, sends it at most once, and forgets it.
type Message struct {
	ID      string `json:"id"`     // assigned by the caller, the same for each attempt
	Factor  string `json:"factor"` // whose Courier takes it; mail where that has none
	To      string `json:"to"`     // E.164 number or mail address
	Code    string `json:"code"`
	Purpose string `json:"purpose"` // PurposeEnroll or PurposeVerify
	Locale  string `json:"locale"`  // BCP 47
	Name    string `json:"name"`    // of the person
	Client  string `json:"client"`  // name of the application
	Issuer  string `json:"issuer"`  // name of the site
	Host    string `json:"host"`    // of the site, for codes that browsers fill in
	// Data is the factor's own, for its Courier.
	Data []byte `json:"data,omitempty"`
	// Groups are what a vendor's price or a fraud depends on, for limits beside those
	// of person, number and network: "country:DE", "prefix:+49151".
	Groups []string `json:"groups,omitempty"`
}

// Purposes of a message.
const (
	PurposeEnroll = "enrollment"
	PurposeVerify = "second-factor-authentication"
)

// A Courier is a factor that hands its messages to a vendor.
type Courier interface {
	// Send returns nil once the vendor has taken m over.
	//
	// Errors: ErrUnsent where it certainly has not, so that another attempt cannot
	// send it twice; ErrUndeliverable where every attempt will end so. With any other
	// error nobody knows, and there is no other attempt.
	Send(ctx context.Context, m Message) error
}

// What a Courier says of a message that did not get through.
var (
	ErrUnsent        = errors.New("factors: not sent")
	ErrUndeliverable = errors.New("factors: cannot be delivered")
)

// An Implier is a factor that a person has by what is known of them: a mailbox that is
// known to be theirs takes codes.
type Implier interface {
	// Implied is that authenticator, confirmed, or nil. The caller assigns ID and
	// UserID and keeps it once it was asked; disabling it is how a person opts out.
	Implied(s Subject) *Authenticator
}

// A Discoverer is a factor whose answer says whose it is, so that nobody has to type a
// name: a passkey.
type Discoverer interface {
	// Discover asks everyone; the subject is nobody yet. Its challenge is answered
	// where the person's authenticator verified them.
	Discover(s Subject) (*Challenge, error)
	// Handle is the handle of the authenticator that gave an answer, "" where it is no
	// answer.
	Handle(answer Answer) string
}

// A Numbered is a factor whose authenticators are telephone numbers.
type Numbered interface {
	// Number is the kind of an authenticator's number (mobile, fixed_line, voip,
	// premium_rate, toll_free, unknown) and its country, as DE.
	Number(a *Authenticator) (kind, country string)
}

// An Addressed is a factor whose authenticators are places that messages go to.
type Addressed interface {
	// Address is where those for a go: a number in E.164, or a mail address. It is for
	// programs that have to mask it in a way of their own.
	Address(s Subject, a *Authenticator) string
}

// A Keyed is a factor whose authenticators are public keys (WebAuthn §4).
type Keyed interface {
	// Key is what is known of the key of a, which is confirmed.
	Key(a *Authenticator) (*Key, error)
}

// A Key is a public key with what its maker said of it. Byte strings are in base64url.
type Key struct {
	ID           string
	PublicKey    string // COSE_Key
	AAGUID       string // as UUID: the model
	UserHandle   string
	RelyingParty string
	Synced       bool // it may have copies on other devices
	BackedUp     bool // it has
}

// A Linker is a factor whose authenticators come in pairs with another factor's: a
// number takes texts and calls, a phone that is asked shows codes too.
type Linker interface {
	// Link makes the other authenticators that a, which was just confirmed, brings
	// along. The caller assigns ID, UserID and Link.
	Link(a *Authenticator) ([]*Authenticator, error)
}
