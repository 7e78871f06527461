package policy

import (
	"slices"

	"github.com/sallyport-id/sallyport/factors"
)

// A check is one row of the table: what is needed, and when.
type check struct {
	need Need
	// unmet reports whether the row stands in the way, with a stable word for why and
	// the OAuth error that says so where no page may be shown.
	unmet func(*view) (unmet bool, reason, oauth string)
}

// checks is the order of a decision; the first unmet row wins. The verdict of rules
// will be one more row before Enroll.
var checks = []check{
	{Deny, denied},
	{Identify, unidentified},
	{ProveFirst, firstMissing},
	{Reset, passwordSpent},
	{Deny, unreachable},
	{ProveSecond, secondMissing},
	{Enroll, notEnrolled},
	{Consent, notConsented},
}

// Decide says what is needed next. See the package's doc for the table.
func Decide(f Facts) Decision {
	v := look(&f)
	d := Decision{
		Need: Done, ACR: v.acr(), AMR: methods(v.fresh, f.WeakCounts), Reason: "satisfied", Proofs: v.fresh,
	}
	if d.Remembered = v.due && !v.second() && v.remembered(); d.Remembered {
		d.AMR = append(d.AMR, "rmb") // ours: RFC 8176 has no name for what is no method
	}
	for _, c := range checks {
		if unmet, reason, oauth := c.unmet(v); unmet {
			d.Need, d.Reason, d.Error = c.need, reason, oauth
			break
		}
	}
	d.Offers = v.offers(d.Need)
	return d
}

// A view is the facts with what follows from them.
type view struct {
	*Facts
	fresh  []factors.Proof // count for this ask
	due    bool            // the policy wants a second factor
	floor  Level           // the asked acr that is aimed at
	asks   string          // its value, "" where none is
	beyond string          // why no asked value can be reached, as a reason, or ""
}

func look(f *Facts) *view {
	v := &view{Facts: f}
	for _, p := range f.Proofs {
		if v.counts(p) {
			v.fresh = append(v.fresh, p)
		}
	}
	policy := f.ClientPolicy.Policy
	if policy == "" {
		policy = f.TenantPolicy.Policy
	}
	v.due = policy != Never // an unknown word is the strict one
	v.aim()
	return v
}

// counts reports whether a proof is fresh enough. What was proven since the login
// began always is: otherwise max_age=1 could never be met.
func (v *view) counts(p factors.Proof) bool {
	if !p.At.Before(v.RequestedAt) {
		return true
	}
	if slices.Contains(v.Prompt, "login") || v.Switch {
		return false
	}
	return v.MaxAge == nil || p.At.After(v.Now.Add(-*v.MaxAge))
}

// since reports whether a first proof was made in this login.
func (v *view) since() bool {
	return slices.ContainsFunc(v.fresh, func(p factors.Proof) bool {
		return v.opens(p) && !p.At.Before(v.RequestedAt)
	})
}

// opens reports whether a proof can open a login: a password, or a key that verified
// who holds it. One that was only touched cannot.
func (v *view) opens(p factors.Proof) bool {
	if p.Factor == factors.Password {
		return true
	}
	alone := (Level{Kinds: 2}).metBy(strength{kinds: p.Kinds})
	return alone && v.has(p.Factor, func(f FactorFact) bool { return f.Info.First })
}

func (v *view) has(name string, is func(FactorFact) bool) bool {
	return slices.ContainsFunc(v.Factors, func(f FactorFact) bool { return f.Name == name && is(f) })
}

// aim picks the asked acr value: of the essential ones or else of the voluntary
// ones, the first in request order that can be reached (OpenID Connect Core
// §5.5.1.1, RFC 9470 §4). Values that the ladder does not have are ignored, but an
// essential request of only such values cannot be met.
func (v *view) aim() {
	asked, essential := v.EssentialACR, true
	if len(asked) == 0 {
		asked, essential = v.ACRValues, false
	}
	known := v.Ladder.Known(asked)
	for _, value := range known {
		level, _ := v.Ladder.level(value)
		if level.metBy(v.potential()) {
			v.asks, v.floor = value, level
			return
		}
	}
	switch {
	case len(asked) == 0 || v.UserID == "":
	case essential:
		v.beyond = "essential_acr"
	case v.StrictACR && len(known) == len(asked):
		v.beyond = "acr_values"
	}
}

// potential is what the person could reach here: with what is proven, with what is
// enrolled, and with what may be enrolled now.
func (v *view) potential() strength {
	s := v.strength()
	for _, f := range v.Factors {
		if f.Enrolled || v.enrollable(f) {
			if f.Traits&factors.Weak == 0 || v.WeakCounts {
				s = s.with(f.Kinds, f.Traits)
			}
		}
	}
	return s
}

func (v *view) strength() strength { return strengthOf(v.fresh, v.WeakCounts) }

// acr is the value for the tokens: what was achieved. A request for several factors is
// answered with its own value once that is met, because applications compare it with
// what they asked for, and a key among the factors makes "phr" of it otherwise.
func (v *view) acr() string {
	if len(v.EssentialACR) == 0 && v.asks != "" && v.floor.Kinds > 1 && v.floor.metBy(v.strength()) {
		return v.asks
	}
	for _, value := range v.EssentialACR {
		if v.Ladder.Meets(value, v.fresh, v.WeakCounts) {
			return value
		}
	}
	return v.Ladder.achieved(v.strength(), v.ACRValues)
}

// second reports whether a proof beside the first one stands: another factor, or a
// first one that is two kinds by itself, as a passkey with its user verified is.
func (v *view) second() bool {
	if (Level{Kinds: 2}).metBy(strengthOf(v.fresh, true)) {
		return true
	}
	return slices.ContainsFunc(v.fresh, func(p factors.Proof) bool {
		return !v.opens(p) && v.has(p.Factor, func(f FactorFact) bool { return f.Info.Second })
	})
}

// enrollable: the first second factor may be enrolled on a fresh first proof; adding
// one needs a second proof that is not weak (DESIGN, bootstrap). So a forced enrolment never replaces
// a lost factor.
func (v *view) enrollable(f FactorFact) bool {
	wanted := !f.Enrolled && (v.OwnsSecond || !v.InvitedOnly)
	if v.invited() {
		wanted = slices.Contains(v.Enroll, f.Name)
	}
	return wanted && !v.Full && f.Info.Second && f.Info.Enrollable && !f.Info.Dependent && (!v.OwnsSecond || v.vouched())
}

// enrolsOnOldProof reports whether something would be set up next though nobody had
// shown a first proof for a while when this login began: whoever finds an open browser adds nothing (T-08).
func (v *view) enrolsOnOldProof() bool {
	recent := func(p factors.Proof) bool {
		return v.opens(p) && !p.At.Before(v.RequestedAt.Add(-v.FreshFor))
	}
	return v.lacks() && len(v.offers(ProveSecond)) == 0 && len(v.offers(Enroll)) > 0 && !slices.ContainsFunc(v.fresh, recent)
}

// vouched reports whether a second proof stands that is as good as the account's own: a
// mailbox or a recovery code lets a person in, but adds no factor to who has one.
func (v *view) vouched() bool {
	if (Level{Kinds: 2}).metBy(v.strength()) {
		return true
	}
	return slices.ContainsFunc(v.fresh, func(p factors.Proof) bool {
		weak := p.Traits&factors.Weak != 0 && !v.WeakCounts
		return !weak && !v.opens(p) && v.has(p.Factor, func(f FactorFact) bool { return f.Info.Second })
	})
}

// invited reports whether an invitation to set a factor up is still open.
func (v *view) invited() bool { return len(v.Enroll) > 0 && !v.Enrolled }

func denied(v *view) (bool, string, string) {
	switch {
	case v.Denied != "":
		return true, v.Denied, "access_denied"
	case v.ClientDisabled:
		return true, "client_disabled", "access_denied"
	case v.UserBlocked && len(v.fresh) > 0:
		return true, "blocked", "access_denied"
	case v.LockedUntil.After(v.Now):
		return true, "locked", "access_denied"
	}
	return false, "", ""
}

func unidentified(v *view) (bool, string, string) {
	switch {
	case v.UserID == "":
		return true, "no_user", "login_required"
	case v.Subject != "" && v.UserID != v.Subject:
		return true, "other_user", "login_required"
	case v.Switch && !v.since():
		return true, "switch", "login_required"
	case slices.Contains(v.Prompt, "select_account") && !v.since():
		return true, "select_account", "login_required"
	}
	return false, "", ""
}

func firstMissing(v *view) (bool, string, string) {
	if slices.ContainsFunc(v.fresh, v.opens) {
		return v.enrolsOnOldProof(), "enrollment", "interaction_required"
	}
	switch {
	case slices.Contains(v.Prompt, "login"):
		return true, "prompt_login", "login_required"
	case v.MaxAge != nil:
		return true, "max_age", "login_required"
	}
	return true, "no_proof", "login_required"
}

func passwordSpent(v *view) (bool, string, string) {
	return v.PasswordExpired, "password_expired", "interaction_required"
}

// unreachable ends a login whose demand nobody can meet here: an acr beyond what the
// person has, or a due factor with nothing enrolled and nothing that may be.
func unreachable(v *view) (bool, string, string) {
	if v.beyond != "" {
		return true, v.beyond, "unmet_authentication_requirements"
	}
	toShow := len(v.offers(ProveSecond)) > 0 && (v.lacks() || v.OwnsSecond && !v.vouched())
	if (v.lacks() || v.invited()) && !toShow && len(v.offers(Enroll)) == 0 {
		return true, v.lacking(), "access_denied"
	}
	return false, "", ""
}

// lacking says why nothing can be set up that would be enough.
func (v *view) lacking() string {
	switch {
	case v.Full:
		return "full"
	case v.InvitedOnly && !v.OwnsSecond && !v.invited():
		return "uninvited"
	}
	return "not_enough"
}

// remembered reports whether this browser may stand for the policy's factor.
func (v *view) remembered() bool {
	return v.Remembered && v.MaxAge == nil && !v.Switch && !slices.Contains(v.Prompt, "login")
}

// lacks reports whether the policy or the asked acr wants more than stands.
func (v *view) lacks() bool {
	return v.due && !v.second() && !v.remembered() || v.asks != "" && !v.floor.metBy(v.strength())
}

func secondMissing(v *view) (bool, string, string) {
	if v.invited() && v.OwnsSecond && !v.vouched() && len(v.offers(ProveSecond)) > 0 {
		return true, "invitation", "interaction_required"
	}
	if !v.lacks() || len(v.offers(ProveSecond)) == 0 {
		return false, "", ""
	}
	reason, oauth := v.wanted()
	return true, reason, oauth
}

func notEnrolled(v *view) (bool, string, string) {
	if v.invited() {
		return true, "invitation", "interaction_required"
	}
	if !v.lacks() {
		return false, "", ""
	}
	reason, _ := v.wanted()
	return true, reason, "interaction_required"
}

// wanted says who wants the second factor. For the policy the error is Auth0's,
// which its SDKs know; RFC 9470 and Core have their own for the others.
func (v *view) wanted() (reason, oauth string) {
	switch {
	case len(v.EssentialACR) > 0 && v.asks != "":
		return "essential_acr", "unmet_authentication_requirements"
	case v.asks != "" && !v.floor.metBy(v.strength()):
		return "acr_values", "interaction_required"
	}
	return ReasonPolicy, "login_required"
}

func notConsented(v *view) (bool, string, string) {
	if v.ConsentGiven {
		return false, "", ""
	}
	if slices.Contains(v.Prompt, "consent") {
		return true, "prompt_consent", "consent_required"
	}
	return v.ConsentNeeded, "scopes", "consent_required"
}

// offers are the factors that bring the person nearer to need, in the admin's order but
// for the one that they used last on this device, which comes first. Weak ones are last.
func (v *view) offers(need Need) []string {
	var strong, weak []string
	for _, f := range v.Factors {
		switch {
		case !v.offered(need, f):
		case f.Traits&factors.Weak != 0:
			weak = append(weak, f.Name)
		case f.Name == v.LastUsed && need == ProveSecond:
			strong = append([]string{f.Name}, strong...)
		default:
			strong = append(strong, f.Name)
		}
	}
	return append(strong, weak...)
}

func (v *view) offered(need Need, f FactorFact) bool {
	switch need {
	case ProveFirst:
		return f.Info.First && f.Enrolled
	case ProveSecond:
		return f.Info.Second && f.Enrolled && (!v.shown(f.Name) || v.better(f)) && v.helps(f)
	case Enroll:
		return v.enrollable(f) && (v.asks == "" || v.meets(f))
	}
	return false
}

func (v *view) shown(name string) bool {
	return slices.ContainsFunc(v.fresh, func(p factors.Proof) bool { return p.Factor == name })
}

// better reports whether the person has another authenticator of f, than the one that was
// shown, which is attested as the asked acr wants it.
func (v *view) better(f FactorFact) bool {
	return v.floor.Hardware && f.Traits&factors.Hardware != 0 && v.strength().traits&factors.Hardware == 0
}

// helps reports whether a proof of f brings the login nearer: a weak one only where
// the policy alone asks; any where the account's own second factor has to be shown
// before a stronger one can be added. Who has a strong enough one shows that: a weaker
// one is no way round it (T-45).
func (v *view) helps(f FactorFact) bool {
	if f.Traits&factors.Weak != 0 && !v.WeakCounts {
		return v.due && !v.second() && (v.asks == "" || v.floor.metBy(v.strength()))
	}
	if v.asks == "" || v.floor.metBy(v.strength()) {
		return true
	}
	return v.meets(f) || v.OwnsSecond && !v.vouched() && !slices.ContainsFunc(v.Factors, func(own FactorFact) bool {
		return own.Enrolled && own.Info.Second && v.meets(own)
	})
}

// meets reports whether a proof of f would reach the asked acr.
func (v *view) meets(f FactorFact) bool {
	return v.floor.metBy(v.strength().with(f.Kinds, f.Traits))
}
