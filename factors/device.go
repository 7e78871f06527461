package factors

import "time"

// A Receiver is a factor that the person answers on a device of theirs, beside the
// browser in which they sign in. The device shows Challenge.Token; the caller finds the
// login by it and hands over what the device says.
type Receiver interface {
	// Tell is what the device has to know of c, a JSON object; nil where c asks it
	// nothing: it is answered already, or sets the device up.
	Tell(c *Challenge) []byte

	// Receive notes in c.State what the device of a answers. The browser's Verify comes
	// after it: it gives ErrPending before, and the proof once the person has approved.
	//
	// Errors: ErrWrong where the answer is not the device's, or not to this question, in
	// time and in form; then the question stays open. ErrSpent, ErrExpired.
	Receive(s Subject, a *Authenticator, c *Challenge, answer Answer) (Verdict, error)
}

// A Pairer is a Receiver whose devices register themselves.
type Pairer interface {
	Receiver

	// Pair takes the device on for a pending authenticator and its challenge c.
	//
	// Errors: ErrWrong in a *Malformed where registration is none, ErrSpent where another
	// device was first, ErrExpired.
	Pair(s Subject, a *Authenticator, c *Challenge, registration []byte) (*Pairing, error)

	// Recognise reports whether credential comes from the device of a and is meant for
	// one of audiences.
	//
	// Errors: ErrWrong.
	Recognise(a *Authenticator, credential string, audiences []string, now time.Time) error

	// Amend changes what is known of the device, where change is not empty, and returns
	// it as JSON. Errors: ErrWrong in a *Malformed.
	Amend(a *Authenticator, change []byte) ([]byte, error)
}

// A Pairing is what a device gets to know once, when it is taken on.
type Pairing struct {
	Credential string // opaque; Recognise knows it again
	Codes      *TOTP  // of the one-time passwords that the device shows too; nil: none
}

// A Malformed says which member of what a device sent is wrong. It wraps ErrWrong.
type Malformed struct {
	Field string // "public_key"
	Mend  string // "use an RSA key of at least 2048 bits, or a P-256 key"
}

func (m *Malformed) Error() string { return "factors: " + m.Field + ": " + m.Mend }

// Unwrap makes errors.Is(m, ErrWrong) true.
func (m *Malformed) Unwrap() error { return ErrWrong }

// A Verdict is what the person said on their device.
type Verdict string

// The verdicts. Each but Approved ends the question.
const (
	Approved   Verdict = "approved"
	Denied     Verdict = "denied"
	Reported   Verdict = "reported"   // denied: it was somebody else who signs in
	Mismatched Verdict = "mismatched" // approved with another number than the page shows
)
