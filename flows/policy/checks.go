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

// checks is the order of a decision; the first unmet row wins.
var checks = []check{
	{Deny, denied},
	{Identify, unidentified},
	{ProveFirst, firstMissing},
	{Reset, passwordSpent},
	{Rules, rulesPending},
	{Redirect, redirected},
	{Deny, commandFails},
	{ProveSecond, challengeDue},
	{Enroll, enrollmentDue},
	{Deny, refused},
	{Deny, unreachable},
	{ProveSecond, secondMissing},
	{Enroll, notEnrolled},
	{Consent, notConsented},
}

// Decide says what is needed next. See the package's doc for the table.
func Decide(f Facts) Decision {
	v := look(&f)
	d := Decision{
		Need: Done, ACR: v.acr(), AMR: methods(v.fresh, f.WeakCounts), Reason: "satisfied", Proofs: v.fresh, Source: v.source(),
	}
	if d.Remembered = v.want.due && !v.stands && v.remembered(); d.Remembered {
		d.AMR = append(d.AMR, "rmb") // ours: RFC 8176 has no name for what is no method
	}
	for i := range checks {
		if unmet, reason, oauth := checks[i].unmet(v); unmet {
			d.Need, d.Reason, d.Error = checks[i].need, reason, oauth
			break
		}
	}
	v.detail(&d)
	return d
}

// source says who wants the second factor; where the floor alone does, that.
func (v *view) source() string {
	if v.below && !v.mailFirst() || !v.want.due && v.asks != "" && !v.floor.metBy(strength{kinds: factors.Knows}) {
		return "acr_values"
	}
	return v.want.source
}

// detail adds what the page of a need has to know.
func (v *view) detail(d *Decision) {
	if v.commands(d.Need, d.Reason) {
		d.Source, d.Offers, d.Picker = v.step.source, v.step.offers, v.step.picker
		return
	}
	d.Offers = v.offers(d.Need)
	switch d.Need {
	case ProveSecond, Enroll:
		d.Rememberable = d.Reason == v.want.reason && v.want.remember
		d.Skippable = d.Need == Enroll && v.skippable()
	case Done:
		if v.want.due && !v.stands && !d.Remembered && v.skipped() {
			d.Reason = "grace"
		}
	case Deny:
		if d.Reason == "policy_denied" {
			d.Source = v.want.source
		}
	}
}

// commands reports whether a command is behind a decision.
func (v *view) commands(need Need, reason string) bool {
	return v.step.need != "" && need == v.step.need && reason == v.step.reason
}

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

// enrolsOnOldProof reports whether something would be set up next though nobody had
// shown a first proof for a while when this login began: whoever finds an open browser adds nothing (T-08).
func (v *view) enrolsOnOldProof() bool {
	if v.Ruling.Pending || v.Ruling.Redirect {
		return false // what comes next is not known yet
	}
	adds := v.step.need == Enroll || v.step.need == "" && !v.want.denied && v.lacks() && !v.any(ProveSecond) && v.any(Enroll)
	return adds && !slices.ContainsFunc(v.fresh, func(p factors.Proof) bool {
		return v.opens(p) && !p.At.Before(v.RequestedAt.Add(-v.FreshFor))
	})
}

func passwordSpent(v *view) (bool, string, string) {
	return v.PasswordExpired, "password_expired", "interaction_required"
}

func rulesPending(v *view) (bool, string, string) { return v.Ruling.Pending, "rules", "" }

func redirected(v *view) (bool, string, string) {
	return v.Ruling.Redirect, "redirect", "interaction_required"
}

func commandFails(v *view) (bool, string, string)  { return v.stepIs(Deny) }
func challengeDue(v *view) (bool, string, string)  { return v.stepIs(ProveSecond) }
func enrollmentDue(v *view) (bool, string, string) { return v.stepIs(Enroll) }

func (v *view) stepIs(need Need) (bool, string, string) {
	return v.step.need == need, v.step.reason, v.step.oauth
}

func refused(v *view) (bool, string, string) { return v.want.denied, "policy_denied", "access_denied" }

// unreachable ends a login whose demand nobody can meet here: an acr beyond what the
// person has, or a due factor with nothing enrolled and nothing that may be.
func unreachable(v *view) (bool, string, string) {
	if v.beyond != "" {
		return true, v.beyond, "unmet_authentication_requirements"
	}
	if v.mailFirst() {
		return !v.any(ProveSecond), "no_mailbox", "access_denied"
	}
	lacks := v.lacks()
	toShow := (lacks || v.OwnsSecond && !v.vouched()) && v.any(ProveSecond)
	if (lacks || v.invited()) && !toShow && !v.any(Enroll) {
		return true, v.lacking(), "access_denied"
	}
	if v.owes() && !toShow {
		return true, "not_enough", "access_denied"
	}
	return false, "", ""
}

// owes reports whether somebody looks after their account and has still to show the second
// factor that it has.
func (v *view) owes() bool { return v.Own && v.OwnsSecond && !v.vouched() }

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

// lacks reports whether the policy or the asked acr wants more than stands.
func (v *view) lacks() bool { return v.below || v.wanting() }

func secondMissing(v *view) (bool, string, string) {
	if v.invited() && v.OwnsSecond && !v.vouched() && v.any(ProveSecond) {
		return true, "invitation", "interaction_required"
	}
	if v.owes() && v.any(ProveSecond) {
		return true, "account", "interaction_required"
	}
	if !v.lacks() || !v.any(ProveSecond) {
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
	case v.mailFirst():
		return ReasonRisk, "login_required"
	case v.below && len(v.EssentialACR) > 0:
		return "essential_acr", "unmet_authentication_requirements"
	case v.below:
		return "acr_values", "interaction_required"
	case v.want.reason == ReasonPolicy && slices.ContainsFunc(v.fresh, v.second):
		return ReasonInterval, "login_required"
	}
	return v.want.reason, "login_required"
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
