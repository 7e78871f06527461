package themes

import "time"

// These are the pages on which people look after their account, beside those of a sign-in:
// their forms post to Frame.Action, their links lead below Home. New recovery codes are
// made in a sign-in of their own, so RenewCodes has no Home.
type (
	// Account shows all that the account has, one row for each thing.
	Account struct {
		Frame
		Home string // address of the page
		// Password is when it was chosen, zero where there is none.
		Password time.Time
		Keys     []Holding // open a sign-in by themselves
		Seconds  []Holding
		CanAdd   bool
		Codes    Codes
		Sessions []Spot
		Browsers []Spot // in which the person is remembered
		Apps     []Granted
		Activity []Deed
	}
	// AccountAct asks whether something is to be done. Act chooses the words: remove,
	// disable, enable, end, end-others, forget, forget-all, revoke. Button: continue.
	AccountAct struct {
		Frame
		Home    string
		Act     string
		Holding *Holding  // that it is about; nil where it is about none
		With    []Holding // what goes with it
		Spot    *Spot     // the session or browser that it is about, likewise
		App     string    // the name of an application
		// Kept is the message that says why it cannot be done, "" where it can.
		Kept string
	}
	// AccountName asks for a new name of an authenticator. Field: name.
	AccountName struct {
		Frame
		Home    string
		Holding Holding
		Value   string
		Max     int
	}
	// RenewCodes asks whether new recovery codes are to be made. Button: continue.
	RenewCodes struct {
		Frame
		Left bool // the old ones stop working
	}
)

// A Holding is an authenticator of the account.
type Holding struct {
	ID, Factor string
	Label      string // its name, or where messages go
	Added      time.Time
	Used       time.Time // zero: never
	Automatic  bool      // by what is known of the person: switched off, not removed
	Off        bool      // switched off by the person
	Locked     bool      // after too many wrong codes
	Dormant    bool      // the people who run the site have switched its kind off
	CanRename  bool
}

// Codes are the recovery codes of the account.
type Codes struct {
	CanRenew bool
	Have     bool
	Left     int
	Made     time.Time
}

// A Spot is a browser somewhere.
type Spot struct {
	ID              string
	Browser, System string // "" where that is not known
	Place, Address  string
	Since, Seen     time.Time
	This            bool
}

// Granted is an application that the person allowed something.
type Granted struct {
	ID, Name string
	Scopes   []Scope
	Since    time.Time
}

// A Deed is a line of what happened to the account. ID is a message of "deed.".
type Deed struct {
	ID, Factor     string
	At             time.Time
	Place, Address string
	Admin          bool // the people who run the site did it
}

// Page returns the template's stem.
func (Account) Page() string { return "account" }

// Page returns the template's stem.
func (AccountAct) Page() string { return "account_act" }

// Page returns the template's stem.
func (AccountName) Page() string { return "account_name" }

// Page returns the template's stem.
func (RenewCodes) Page() string { return "renew_codes" }

func (v Account) values() map[string]any { return map[string]any{"Count": v.ways()} }

func (v AccountAct) variant() string {
	if v.Kept != "" {
		return "kept"
	}
	return v.Act
}

func (v AccountName) focus() string { return "name" }

func (v RenewCodes) variant() string {
	if v.Left {
		return ""
	}
	return "first"
}

// ways is how many things can show that it is the person.
func (v Account) ways() int {
	n := 0
	if !v.Password.IsZero() {
		n++
	}
	for _, list := range [][]Holding{v.Keys, v.Seconds} {
		for _, h := range list {
			if !h.Off && !h.Locked && !h.Dormant {
				n++
			}
		}
	}
	return n
}

// Bare reports whether nothing but a password protects the account.
func (v Account) Bare() bool { return len(v.Keys)+len(v.Seconds) == 0 }

// Elsewhere reports whether there is more than one session.
func (v Account) Elsewhere() bool { return len(v.Sessions) > 1 }

func (Account) wide() bool       { return true }
func (Account) home() string     { return "account" }
func (AccountAct) home() string  { return "account" }
func (AccountName) home() string { return "account" }

// Wide reports whether the page is a list that takes more room than a form does.
func (p *page) Wide() bool {
	v, ok := p.View.(interface{ wide() bool })
	return ok && v.wide()
}

// Keeps reports whether the page is of somebody who is signed in, and not of a sign-in.
func (p *page) Keeps() bool {
	_, ok := p.View.(interface{ home() string })
	return ok
}

// Sheet is the style that a page has beside app.css, empty for none.
func (p *page) Sheet() string {
	if v, ok := p.View.(interface{ sheet() string }); ok {
		return v.sheet()
	}
	if p.Keeps() {
		return "account.css"
	}
	return ""
}

// SignOut is the address of the page that signs out.
func (p *page) SignOut() string { return p.r.Path("/oidc/logout") }

// A When is a moment that has passed, in words.
type When struct{ Text, Full, ISO string }

// When is how long ago t was, or its day where that is long ago.
func (p *page) When(t time.Time) When {
	w := When{Full: p.Date(t), ISO: t.UTC().Format(time.RFC3339)}
	w.Text = p.r.words.since(p.Lang, t, p.r.now())
	return w
}

// Called is what kind of thing an authenticator is. What signs in on this device is, on
// the page of another one, just a passkey.
func (p *page) Called(h Holding) (string, error) {
	if id := "account.factor." + h.Factor; p.r.words.has(p.Lang, id) {
		return p.T(id)
	}
	return p.Factor(h.Factor, "name")
}

// Label is an authenticator's own name, "" where nobody has given it one.
func (p *page) Label(h Holding) string {
	if given, ok := p.r.words.say(fallback, "factor."+h.Factor+".name", nil); ok && given == h.Label {
		return ""
	}
	return h.Label
}

// Spot is what a browser is called.
func (p *page) Spot(s Spot) (string, error) {
	switch {
	case s.Browser == "":
		return p.T("account.browser.unknown")
	case s.System == "":
		return s.Browser, nil
	}
	return p.T("account.browser.on", "Browser", s.Browser, "System", s.System)
}

// A Row is a Holding for parts/holding.html.
type Row struct {
	*page
	Holding Holding
	Home    string // "" where nothing can be done to it here
}

// Row describes an authenticator with what can be done to it.
func (p *page) Row(h Holding) Row {
	r := p.Still(h)
	if v, ok := p.View.(Account); ok {
		r.Home = v.Home
	}
	return r
}

// Still describes an authenticator.
func (p *page) Still(v any) Row {
	switch h := v.(type) {
	case *Holding:
		return Row{page: p, Holding: *h}
	case Holding:
		return Row{page: p, Holding: h}
	}
	return Row{page: p}
}

// Path is a path of the site as browsers address it.
func (p *page) Path(path string) string { return p.r.Path(path) }

// DeedIDs are the messages that say what happened to an account: "deed." and the type of
// an event of the log.
func DeedIDs() []string {
	return []string{
		"deed.login.done", "deed.authenticator.added", "deed.authenticator.removed", "deed.authenticator.renamed", "deed.authenticator.enabled",
		"deed.authenticator.disabled", "deed.recovery_code.used", "deed.recovery_code.regenerated", "deed.password.changed", "deed.password.reset_mailed",
		"deed.proof.refused", "deed.login.denied", "deed.login.limited", "deed.challenge.denied", "deed.challenge.reported", "deed.session.ended",
		"deed.browser.remembered", "deed.browser.revoked", "deed.consent.granted", "deed.consent.revoked", "deed.user.invited", "deed.user.blocked",
	}
}
