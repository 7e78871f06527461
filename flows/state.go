package flows

import (
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/risk"
	"github.com/sallyport-id/sallyport/themes"
)

// state is what a login keeps. It is sealed at rest and lives an hour.
type state struct {
	Ask    Ask             `json:"ask"`
	Proofs []factors.Proof `json:"proofs,omitempty"` // of this login only
	// Challenge is the open question; Pending is the authenticator that it confirms,
	// empty where it asks for one that is confirmed.
	Challenge *factors.Challenge `json:"challenge,omitempty"`
	Pending   string             `json:"pending,omitempty"`
	// Shown is what the person has to read and keep before the login goes on.
	Shown *factors.Prompt `json:"shown,omitempty"`

	Typed   string `json:"typed,omitempty"`   // the name, as typed
	Picking bool   `json:"picking,omitempty"` // the picker is open
	// Passkey is the question to whoever has a passkey, while nobody has shown anything.
	Passkey *factors.Challenge `json:"passkey,omitempty"`
	// Platform is true where the browser says that its device has a lock to ask; Offer is
	// the factor that is offered in passing, before the login ends.
	Platform bool   `json:"platform,omitempty"`
	Offer    string `json:"offer,omitempty"`
	Enrolled bool   `json:"enrolled,omitempty"` // something was set up in this login
	// EnrolledNow are the factors of that; Skipped, that the person put it off.
	EnrolledNow []string `json:"enrolled_now,omitempty"`
	Skipped     bool     `json:"skipped,omitempty"`
	// Scripted is what rules and actions said, nil where none ran; Risk, how much the login
	// looks like the person's own; Record, the decision that was made then.
	Scripted *scripted    `json:"scripted,omitempty"`
	History  *history     `json:"history,omitempty"` // of the person, as it was then
	Risk     *risk.Report `json:"risk,omitempty"`
	Record   *Record      `json:"record,omitempty"`
	// Mailbox is true where the mailbox of who has nothing else has to vouch for a sign-in
	// that looks strange.
	Mailbox  bool   `json:"mailbox,omitempty"`
	Asking   string `json:"asking,omitempty"`   // the factor whose number or address is asked
	Asked    string `json:"asked,omitempty"`    // that, as typed
	Switched bool   `json:"switched,omitempty"` // the session's person is not the one
	Consent  bool   `json:"consent,omitempty"`  // given in this login
	Session  string `json:"session,omitempty"`  // that this login made or raised
	Denied   string `json:"denied,omitempty"`   // how it ended without a result

	Notice      *themes.Notice `json:"notice,omitempty"` // for the next page
	LockedUntil time.Time      `json:"locked_until,omitzero"`
	ActiveAt    time.Time      `json:"active_at"`
	Remember    bool           `json:"remember,omitempty"` // the person's wish

	Message   string    `json:"message,omitempty"` // that the open question waits for
	SentAt    time.Time `json:"sent_at,omitzero"`
	Sends     int       `json:"sends,omitempty"` // in this login
	ResendAt  time.Time `json:"resend_at,omitzero"`
	HeldUntil time.Time `json:"held_until,omitzero"` // nobody is asked by Held before
	Held      string    `json:"held,omitempty"`
	// Of a sign-in without a browser: Question names the open one; Companion are the recovery
	// codes that go with what is set up; Caller, who sets it up where they are signed in.
	Question  string                 `json:"question,omitempty"`
	Companion *factors.Authenticator `json:"companion,omitempty"`
	Caller    *Caller                `json:"caller,omitempty"`
	// Verdict is what was said on a device to the question that it ended.
	Verdict factors.Verdict `json:"verdict,omitempty"`
}

// The ways in which a person ends a login.
const (
	cancelled = "cancelled"
	refused   = "consent"
)
