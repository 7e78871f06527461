package policy

import (
	"slices"
	"time"

	"github.com/sallyport-id/sallyport/factors"
)

// A want is what scripts or, where they are silent, the policies say of a second factor.
// The asked acr is no part of it: that is the floor under all they say.
type want struct {
	due      bool
	denied   bool   // a row refuses
	strange  bool   // the adaptive policy asks
	remember bool   // a remembered browser may stand for it
	reason   string // one of the Reason constants
	source   string // see Decision
	// factors are those that count, best first; nil: all, not nil and empty: none.
	factors  []string
	interval *Duration
	grace    *Grace
}

// takes reports whether a proof of a factor counts.
func (w *want) takes(factor string) bool {
	return w.factors == nil || slices.Contains(w.factors, factor)
}

func (d *Duration) length() time.Duration { return time.Duration(*d) }

// wants asks, in this order, commands, a script's provider, and the documents of the
// organization, the client and the tenant.
func (f *Facts) wants() want {
	if c := f.Ruling.Commands; len(c) > 0 {
		return want{source: byRule(c[len(c)-1].Script), reason: ReasonRule}
	}
	w := f.policies()
	if f.Ruling.Provider == "" {
		return w
	}
	// Where the sign-in is strange besides, no remembered browser stands for the factor,
	// and nothing is set up without the mailbox.
	w.remember = w.interval == nil && f.Ruling.Remember && !w.strange
	if !f.Ruling.Remember {
		w.interval = &eachTime
	}
	w.due, w.denied, w.grace = true, false, nil
	w.reason, w.source = ReasonRule, byRule(f.Ruling.Script)
	switch f.Ruling.Provider {
	case "none":
		w.due, w.strange = false, false
	case "duo": // alone, whatever the documents list
		w.factors = duo
	case "guardian":
		w.factors = f.within(guardian, w.factors)
	case "google-authenticator": // has no recovery code at Auth0
		w.factors = f.within(guardian[:4], w.factors)
	}
	return w
}

// eachTime is how long a second factor stands where a script forbids remembering: it is
// shown in each sign-in. A script that wants it once in a session, or every few hours,
// looks at the methods of the session itself, as Auth0's do.
var eachTime Duration

func byRule(script string) string { return "rule " + script }

// What Auth0's providers mean in its Universal Login.
var (
	duo      = []string{factors.Duo}
	guardian = []string{factors.Push, factors.SMS, factors.OTP, factors.Email, factors.RecoveryCode}
)

// within narrows the factors that a policy lists, or else all, to some.
func (f *Facts) within(some, listed []string) []string {
	names := []string{}
	for _, name := range listed {
		if slices.Contains(some, name) {
			names = append(names, name)
		}
	}
	for i := range f.Factors {
		if name := f.Factors[i].Name; listed == nil && slices.Contains(some, name) {
			names = append(names, name)
		}
	}
	return names
}

// policies asks the documents. The first one that says something decides; factors and
// interval are those of the nearest one that names any, decided or not.
func (f *Facts) policies() want {
	var w want
	for _, scope := range [...]struct {
		name string
		*Document
	}{{"organization", &f.OrganizationPolicy}, {"client", &f.ClientPolicy}, {"tenant", &f.TenantPolicy}} {
		d, row := scope.Document, scope.row(&f.Scene, f.Now)
		if row != nil && w.factors == nil && len(row.Factors) > 0 {
			w.factors = row.Factors
		}
		if row != nil && w.interval == nil {
			w.interval = row.Interval
		}
		if w.factors == nil && len(d.Factors) > 0 {
			w.factors = d.Factors
		}
		if w.interval == nil {
			w.interval = d.Interval
		}
		switch {
		case w.source != "":
		case row != nil:
			w.source, w.grace = scope.name+": "+row.Name, d.Grace
			w.follow(row.Policy, f)
			w.denied = row.Policy == Refuse
		case d.Policy != "" || scope.name == "tenant":
			w.source, w.grace = scope.name, d.Grace
			w.follow(d.Policy, f)
		}
	}
	w.remember = w.interval == nil && !w.strange
	return w
}

// follow takes the word of a policy. An unknown one is the strict one.
func (w *want) follow(word string, f *Facts) {
	w.due, w.reason = word != Never, ReasonPolicy
	if word == Adaptive {
		w.due = doubtful(f.Confidence, f.AskAt)
		w.strange, w.reason = w.due, ReasonRisk
	}
}

// row is the first one that fits, or nil.
func (d *Document) row(s *Scene, now time.Time) *Row {
	for i := range d.Rows {
		if r := &d.Rows[i]; r.When.fits(s, now, r.Policy != Never) {
			return r
		}
	}
	return nil
}

// doubtful reports whether a confidence is one at which the adaptive policy asks. What
// nobody assessed or nobody understands is low, a limit that nobody understands the
// strictest one.
func doubtful(confidence, askAt string) bool {
	least := 0
	switch confidence {
	case "neutral":
		return false
	case "medium":
		least = 1
	case "high":
		least = 2
	}
	switch askAt {
	case "", "low":
		return least == 0
	case "medium":
		return least <= 1
	}
	return true
}

// wanting reports whether what scripts or policies want is missing.
func (v *view) wanting() bool {
	switch {
	case !v.want.due:
		return false
	case v.strange():
		return v.mailFirst() || v.any(Enroll) && !v.skipped()
	}
	return !v.stands && !v.remembered() && !v.skipped()
}

// strange reports whether the sign-in looks strange and the person owns no factor that
// could vouch for them. Then the mailbox has to, before anything is set up: whoever
// stole a password has no other way to a factor of their own. It is no second factor by
// that.
func (v *view) strange() bool {
	return v.want.strange && !v.OwnsSecond && !slices.ContainsFunc(v.fresh, func(p factors.Proof) bool {
		return p.Traits&factors.Weak == 0 && v.second(p) && v.young(p)
	})
}

// mailFirst reports whether the mailbox has still to vouch, in this login.
func (v *view) mailFirst() bool {
	return v.strange() && !slices.ContainsFunc(v.fresh, func(p factors.Proof) bool { return p.Factor == factors.Email && v.now(p) })
}

// remembered reports whether this browser may stand for the policy's factor.
func (v *view) remembered() bool {
	return v.Remembered && v.want.remember && v.MaxAge == nil && !v.Switch && !slices.Contains(v.Prompt, "login")
}

// skippable reports whether setting up a first factor may be put off: only the policy
// wants one, its grace is not over, one can be set up, and none be shown instead.
func (v *view) skippable() bool {
	g := v.want.grace
	if g == nil || !v.want.due || v.OwnsSecond || v.below || v.invited() || v.any(ProveSecond) || !v.any(Enroll) {
		return false
	}
	over := !v.GraceSince.IsZero() && g.For > 0 && !v.Now.Before(v.GraceSince.Add(time.Duration(g.For)))
	return !over && (g.SignIns <= 0 || v.GraceUsed < g.SignIns)
}

// skipped reports whether the person puts it off, and may.
func (v *view) skipped() bool { return v.Skipped && v.skippable() }
