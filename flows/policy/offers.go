package policy

import (
	"slices"

	"github.com/sallyport-id/sallyport/factors"
)

// offers are the factors that bring the person nearer to need, in the order of the
// policy that lists some or else in the admin's, but for the one that they used last on
// this device, which comes first. Weak ones are last.
func (v *view) offers(need Need) []string {
	var strong, weak []string
	for i := range v.Factors {
		switch f := &v.Factors[i]; {
		case !v.offered(need, f):
		case f.Traits&factors.Weak != 0:
			weak = append(weak, f.Name)
		default:
			strong = append(strong, f.Name)
		}
	}
	v.order(strong)
	v.order(weak)
	if at := slices.Index(strong, v.LastUsed); at > 0 && need == ProveSecond {
		copy(strong[1:at+1], strong[:at])
		strong[0] = v.LastUsed
	}
	return append(strong, weak...)
}

// order sorts names as the policy lists them, others behind.
func (v *view) order(names []string) {
	if v.want.factors == nil || len(names) < 2 {
		return
	}
	rank := func(name string) int {
		if i := slices.Index(v.want.factors, name); i >= 0 {
			return i
		}
		return len(v.want.factors)
	}
	slices.SortStableFunc(names, func(a, b string) int { return rank(a) - rank(b) })
}

// any reports whether there is something to offer.
func (v *view) any(need Need) bool {
	for i := range v.Factors {
		if v.offered(need, &v.Factors[i]) {
			return true
		}
	}
	return false
}

func (v *view) offered(need Need, f *FactorFact) bool {
	switch need {
	case ProveFirst:
		return f.Info.First && f.Enrolled
	case ProveSecond:
		switch {
		case v.mailFirst():
			return f.Name == factors.Email && f.Enrolled
		case v.strange() && !v.below:
			return false
		}
		return v.provable(f) && v.helps(f) && v.listed(f, v.provable)
	case Enroll:
		return v.enrollable(f) && v.reaches(f) && (v.invited() || v.listed(f, v.enrollable))
	}
	return false
}

// provable reports whether there is a proof of f to be made that is not there.
func (v *view) provable(f *FactorFact) bool {
	return f.Info.Second && f.Enrolled && (!v.shown(f.Name) || v.better(f))
}

// shown reports whether a proof of a factor stands, also for the policy.
func (v *view) shown(name string) bool {
	return slices.ContainsFunc(v.fresh, func(p factors.Proof) bool { return p.Factor == name && v.young(p) })
}

// better reports whether the person has another authenticator of f, than the one that was
// shown, which is attested as the asked acr wants it.
func (v *view) better(f *FactorFact) bool {
	return v.floor.Hardware && f.Traits&factors.Hardware != 0 && v.strength.traits&factors.Hardware == 0
}

// helps reports whether a proof of f brings the login nearer: a weak one only where
// the policy alone asks; any where the account's own second factor has to be shown
// before a stronger one can be added. Who has a strong enough one shows that: a weaker
// one is no way round it (T-45).
func (v *view) helps(f *FactorFact) bool {
	if f.Traits&factors.Weak != 0 && !v.WeakCounts && v.owes() {
		return false
	}
	if f.Traits&factors.Weak != 0 && !v.WeakCounts {
		return v.want.due && !v.stands && !v.below
	}
	return !v.below || v.meets(f) || v.OwnsSecond && !v.vouched() && !v.has(func(own *FactorFact) bool {
		return own.Enrolled && own.Info.Second && v.meets(own)
	})
}

// listed reports whether f is one that counts for the policy, as long as that lacks one.
// Two others are let through: where the floor is not met and nothing that is listed
// could meet it, what can; and where the account has no factor that is listed, its own,
// for it has to be shown before a listed one is added.
func (v *view) listed(f *FactorFact, possible func(*FactorFact) bool) bool {
	if v.want.factors == nil || !v.want.due || v.stands || v.want.takes(f.Name) || v.owes() {
		return true
	}
	if v.below {
		return !v.has(func(g *FactorFact) bool { return v.want.takes(g.Name) && possible(g) && v.meets(g) })
	}
	if v.remembered() {
		return true
	}
	return f.Enrolled && f.Traits&factors.Weak == 0 && v.OwnsSecond && !v.vouched() && v.bridges()
}

// bridges reports whether the account lacks a factor that is listed and could add one.
func (v *view) bridges() bool {
	takes := func(f *FactorFact) bool { return v.want.takes(f.Name) && f.Info.Second }
	return !v.has(func(f *FactorFact) bool { return takes(f) && f.Enrolled }) &&
		!v.Full && v.has(func(f *FactorFact) bool { return takes(f) && f.settable() })
}

func (v *view) has(is func(*FactorFact) bool) bool {
	for i := range v.Factors {
		if is(&v.Factors[i]) {
			return true
		}
	}
	return false
}

// settable reports whether a person may set f up during a sign-in.
func (f *FactorFact) settable() bool { return f.Info.Second && f.Info.Enrollable && !f.Info.Dependent }

// enrollable: the first second factor may be enrolled on a fresh first proof; adding
// one needs a second proof that is not weak (DESIGN, bootstrap). So a forced enrolment never replaces
// a lost factor.
func (v *view) enrollable(f *FactorFact) bool {
	wanted, settable := !f.Enrolled && (v.OwnsSecond || !v.InvitedOnly), f.settable()
	if v.invited() {
		wanted = slices.Contains(v.Enroll, f.Name)
	}
	if v.Own {
		wanted, settable = wanted && (v.OwnsSecond || !v.InvitedOnly), f.Info.Second && (v.OwnsSecond || f.settable())
	}
	full := v.Full && !(f.Info.Companion && f.Enrolled) // a set takes the place of the old one
	return wanted && !full && settable && (!v.OwnsSecond || v.vouched())
}

// invited reports whether an invitation to set a factor up is still open.
func (v *view) invited() bool { return len(v.Enroll) > 0 && !v.Enrolled }

// reaches reports whether f leaves nothing of the floor unmet.
func (v *view) reaches(f *FactorFact) bool { return v.asks == "" || v.meets(f) }

// meets reports whether a proof of f would reach the asked acr.
func (v *view) meets(f *FactorFact) bool {
	return v.floor.metBy(v.strength.with(f.Kinds, f.Traits))
}
