// Package policy says what a login needs next. It is pure: no clock, no database, no
// HTTP; it sees Facts and answers with a Decision. Of the machine it reads the time zones.
//
// Decide walks the table in checks.go from top to bottom; the first unmet row wins.
// Nobody stores "the current step": single sign-on, step-up, max_age, prompt and
// re-authentication for the settings page are this one function with other facts.
//
//	need          unmet when                                              prompt=none
//	------------  ------------------------------------------------------  ---------------------------------
//	deny          cancelled, client disabled, user blocked, locked out    access_denied
//	identify      no user, another than asked for, a switch of account    login_required
//	prove-first   no first proof that counts for max_age and prompt       login_required
//	              none of late, and something would be set up             interaction_required
//	reset         the password has expired                                interaction_required
//	rules         scripts have still to run (no page)
//	redirect      a script sends the person elsewhere first               interaction_required
//	deny          a script's command leaves nothing to show or set up     access_denied
//	prove-second  a script commands a proof                               login_required
//	enroll        a script commands a new authenticator                   login_required
//	deny          a row of a policy refuses                               access_denied
//	deny          the asked acr cannot be met here                        unmet_authentication_requirements
//	              what policy or script want cannot, or has no mailbox    access_denied
//	prove-second  a factor is due, or the asked acr wants more            login_required for policy and script,
//	                                                                      interaction_required for acr_values,
//	                                                                      unmet_… for an essential acr
//	enroll        the same, nothing fit is enrolled, and it may be now    interaction_required
//	consent       asked scopes not granted, or prompt=consent             consent_required
//	done
//
// Who says whether a second factor is due: commands of scripts; or else the provider
// that one named; or else the first document that says something, of the organization,
// the client and the tenant. Unknown words are the strict ones. What the relying party
// asked for by acr is a floor under all that: it may be raised, never lowered.
//
// Policies may list the factors that count, the nearest list wins; a command's own list
// counts for the command, and a script that names duo wants duo. The floor is above the
// lists: where nothing that is listed can meet it, what can is on offer.
//
// A remembered browser meets the policy and nothing else: not an asked acr, not max_age,
// not prompt=login, not the adaptive policy, not an interval, no command, and a script's
// provider only where the script says so; where it does not, a second factor is shown in
// each sign-in, whatever the session has. A recovery code and a code by e-mail are
// weak: they let a person through a due factor but raise no acr, unless the admin says
// so (WeakCounts).
//
// The adaptive policy asks where the confidence is low, or not known. Who owns no second
// factor then shows the mailbox first, and sets one up on that; without a mailbox the
// login ends. Who may put the first factor off (Grace) may do so behind the mailbox.
//
// The first second factor may be enrolled on a fresh first proof. Adding one to an
// account that has one needs a second proof first, and not a weak one, so nobody
// replaces a lost factor by being made to enrol, or by having the mailbox; a command to
// enrol is refused there, until another had one shown. An invitation
// (Enroll) asks for one more authenticator under the same rules. Where the admin says so
// (InvitedOnly), the first one needs an invitation too: whoever stole a password is not
// the first to set a factor up. Who looks after their own account (Own) shows such a proof
// for everything that they change.
//
// Offers come in the order of the policy that lists some or else in the admin's, what
// the person used last on this device before all, weak ones behind all. A command's come
// in its own order.
package policy

import (
	"time"

	"github.com/sallyport-id/sallyport/factors"
)

// Need is what has to happen next.
type Need string

// The needs, in the order in which they are checked.
const (
	Deny        Need = "deny"
	Identify    Need = "identify"
	ProveFirst  Need = "prove-first"
	Reset       Need = "reset"
	Rules       Need = "rules"    // scripts have still to run: no page
	Redirect    Need = "redirect" // a script sends the person elsewhere first
	Enroll      Need = "enroll"
	ProveSecond Need = "prove-second"
	Consent     Need = "consent"
	Done        Need = "done"
)

// Why a second factor is wanted, where nobody asked for an acr.
const (
	ReasonPolicy   = "policy"   // only the policy wants it
	ReasonInterval = "interval" // likewise, and the one that was shown is too old for it
	ReasonRisk     = "risk"     // the adaptive policy, of a sign-in that looks strange
	ReasonRule     = "rule"     // a script
)

// Policies of a tenant, an organization or a client. Refuse is for rows alone.
const (
	Never    = "never"
	Always   = "always"
	Adaptive = "adaptive" // where a sign-in looks unlike the person's own
	Refuse   = "deny"
)

// A Scene is where and how a sign-in happens, for the conditions of rows. What is
// unknown is "" or nil; an empty list that is not nil is known to name nothing. What
// becomes of conditions on the unknown: When.
type Scene struct {
	Address    string   `json:"address,omitempty"` // IP address
	Country    string   `json:"country,omitempty"` // as DE
	Continent  string   `json:"continent,omitempty"`
	Roles      []string `json:"roles,omitzero"`
	Groups     []string `json:"groups,omitzero"`
	Scopes     []string `json:"scopes,omitzero"` // asked for, an API's by their own names
	Connection string   `json:"connection,omitempty"`
}

// A Ruling is what rules and actions said so far.
type Ruling struct {
	// Pending is true where some have still to run, before anything that is said below is
	// done.
	Pending bool `json:"pending,omitempty"`
	// Provider is what one of them said of a second factor: any, none, duo, guardian,
	// google-authenticator; "": nothing. An unknown word is any.
	Provider string `json:"provider,omitempty"`
	// Remember is true where a remembered browser may stand for it.
	Remember bool   `json:"remember,omitempty"`
	Script   string `json:"script,omitempty"` // that said Provider
	// Commands are what has to be shown or set up, one after the other. Where there are
	// any, neither Provider nor a policy is asked.
	Commands []Command `json:"commands,omitempty"`
	// Redirect is true where the person has to be sent elsewhere first.
	Redirect bool `json:"redirect,omitempty"`
}

// A Command is a script's demand for one proof, or for one new authenticator, of any of
// Factors (our names), the best first.
type Command struct {
	Script  string   `json:"script"`
	Enroll  bool     `json:"enroll,omitempty"`
	Factors []string `json:"factors"`
	Picker  bool     `json:"picker,omitempty"` // the person chooses
}

// A FactorFact is one factor that is enabled for the tenant and for the client.
type FactorFact struct {
	Name     string        `json:",omitzero"`
	Info     factors.Info  `json:"-"`
	Enrolled bool          `json:",omitzero"` // the user has a usable authenticator of it
	Kinds    factors.Kind  `json:",omitzero"` // the best that this factor can give
	Traits   factors.Trait `json:",omitzero"` // likewise; of the authenticators of it that the user has, where there are any
}

// Facts is all that a decision depends on. What the configuration says of factors and acr
// values is no part of a record: it is that of the day on which one is looked at.
type Facts struct {
	Now time.Time `json:",omitzero"`

	// The ask.
	Prompt       []string       `json:",omitzero"` // values of the prompt parameter
	MaxAge       *time.Duration `json:",omitzero"` // nil: not asked
	ACRValues    []string       `json:",omitzero"` // voluntary, in the order of preference
	EssentialACR []string       `json:",omitzero"` // one of these or an error
	StrictACR    bool           `json:",omitzero"` // unmet voluntary values are an error too
	RequestedAt  time.Time      `json:",omitzero"` // when this login began
	FreshFor     time.Duration  `json:",omitzero"` // how old, at RequestedAt, a first proof may be on which something is set up
	Subject      string         `json:",omitzero"` // the only user acceptable, "" for any (id_token_hint, claims sub)

	// Enroll is an invitation to set up one of these factors; Enrolled, that it was done
	// in this login.
	Enroll   []string `json:",omitzero"`
	Enrolled bool     `json:",omitzero"`
	// Own is true where the person looks after their own account: they show the best that
	// it has, whatever policies say, and may set up what no sign-in offers.
	Own bool `json:",omitzero"`

	// The client, its organization and the tenant.
	ClientDisabled     bool     `json:",omitzero"`
	OrganizationPolicy Document `json:",omitzero"`
	ClientPolicy       Document `json:",omitzero"`
	TenantPolicy       Document `json:",omitzero"`
	Scene              Scene    `json:",omitzero"`
	// Ruling is what scripts said. Where they have something to say, policies have not.
	Ruling Ruling `json:",omitzero"`
	// Confidence that this is the person's own sign-in: low, medium, high or neutral; ""
	// where nobody assessed it, which is as low. AskAt is the highest one at which Adaptive
	// asks, "": low.
	Confidence string `json:",omitzero"`
	AskAt      string `json:",omitzero"`
	// GraceSince is when the person first put setting a factor up off, zero: never
	// before; GraceUsed, how often they put it off; Skipped, that they do in this login.
	GraceSince time.Time `json:",omitzero"`
	GraceUsed  int       `json:",omitzero"`
	Skipped    bool      `json:",omitzero"`
	// EnrolledNow are the factors that were set up in this login, in order.
	EnrolledNow []string `json:",omitzero"`
	// InvitedOnly is the admin's word that nobody sets a first authenticator up on a
	// password alone: it takes an invitation.
	InvitedOnly bool   `json:",omitzero"`
	Ladder      Ladder `json:"-"`
	// WeakCounts is the admin's word that a recovery code or an e-mail code raises
	// acr like any other second factor.
	WeakCounts bool         `json:",omitzero"`
	Factors    []FactorFact `json:",omitzero"` // enabled for tenant ∩ client, in the admin's order

	// The person.
	UserID          string    `json:",omitzero"` // "" not identified
	UserBlocked     bool      `json:",omitzero"`
	PasswordExpired bool      `json:",omitzero"`
	LockedUntil     time.Time `json:",omitzero"` // a limit refuses every answer until then
	Denied          string    `json:",omitzero"` // why the login ended, in a word: "cancelled", "rule_denied"
	Switch          bool      `json:",omitzero"` // the person chose to use another account
	// LastUsed is the factor that the person used last on this device, "" where nobody
	// knows. It changes the order of offers and nothing else.
	LastUsed string `json:",omitzero"`
	// Full is true where the account has as many authenticators as one may have.
	Full bool `json:",omitzero"`
	// OwnsSecond is true where the account has any confirmed second factor that is
	// not weak, usable here or not: then none can be added on a first proof alone.
	OwnsSecond bool `json:",omitzero"`

	// Proofs of the session and of this login, all of UserID.
	Proofs []factors.Proof `json:",omitzero"`
	// Remembered is true where a second factor was shown in this browser before and the
	// person wished not to be asked again.
	Remembered bool `json:",omitzero"`

	// Consent.
	ConsentNeeded bool `json:",omitzero"` // some asked scope is not granted yet
	ConsentGiven  bool `json:",omitzero"` // given in this login
}

// A Decision is the first unmet row, or Done.
type Decision struct {
	Need Need `json:",omitzero"`
	// Offers are the factors that would satisfy the need, best first.
	Offers []string `json:",omitzero"`
	// ACR is the value that the proofs reach now; AMR the union of their methods.
	ACR string   `json:",omitzero"`
	AMR []string `json:",omitzero"`
	// Reason is a stable word for logs and the decision record: "policy",
	// "acr_values", "max_age", … Done is "satisfied", or "grace" where a factor was put off.
	Reason string `json:",omitzero"`
	// Error is the OAuth error for prompt=none and for Deny.
	Error string `json:",omitzero"`
	// Remembered is true where a remembered browser stands for the factor that the policy
	// wants. It proves nothing: AMR says "rmb", ACR what was shown.
	Remembered bool `json:",omitzero"`
	// Source is who wants the second factor, or wants none: "rule NAME", "organization",
	// "client", "tenant", these with ": " and the name of a row, "acr_values".
	Source string `json:",omitzero"`
	// Rememberable is true where a remembered browser could stand for what is wanted now,
	// the next time.
	Rememberable bool `json:",omitzero"`
	// Skippable is true where setting a factor up may be put off.
	Skippable bool `json:",omitzero"`
	// Picker is true where the person is to choose among the offers.
	Picker bool `json:",omitzero"`
	// Proofs are those that are fresh enough to count for the ask.
	Proofs []factors.Proof `json:",omitzero"`
}
