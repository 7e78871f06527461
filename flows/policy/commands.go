package policy

import (
	"slices"

	"github.com/sallyport-id/sallyport/factors"
)

// A step is what the first command that is not met makes necessary. The zero step is
// none.
type step struct {
	need   Need
	reason string
	source string
	oauth  string
	offers []string
	picker bool
}

// Commanded reports whether a command of a script is not met yet: the scripts behind it
// have to wait.
func Commanded(f Facts) bool { return look(&f).step.need != "" }

// next goes through the commands. A challenge is met by a proof of one of its factors
// in this login, whoever asked for it; what was set up in this login meets one command
// each.
func (v *view) next() step {
	var used uint64
	for i := range v.Ruling.Commands {
		c := &v.Ruling.Commands[i]
		switch {
		case c.Enroll:
			if !v.enrolledFor(c, &used) {
				return v.settle(c, v.enrollments(c), Enroll)
			}
		case !v.shownFor(c):
			return v.settle(c, v.challenges(c), ProveSecond)
		}
	}
	return step{}
}

func (v *view) shownFor(c *Command) bool {
	return slices.ContainsFunc(v.fresh, func(p factors.Proof) bool {
		return v.now(p) && slices.Contains(c.Factors, p.Factor)
	})
}

// enrolledFor reports whether an authenticator that was set up in this login meets c,
// and marks it used.
func (v *view) enrolledFor(c *Command, used *uint64) bool {
	for i, name := range v.EnrolledNow {
		if mark := uint64(1) << (i % 64); *used&mark == 0 && slices.Contains(c.Factors, name) {
			*used |= mark
			return true
		}
	}
	return false
}

// challenges are the factors of c that the person can show. The others are passed over.
func (v *view) challenges(c *Command) []string {
	return v.usable(c, func(f *FactorFact) bool { return f.Info.Second && f.Enrolled })
}

// enrollments are the factors of c that could be set up, leaving aside what the account
// has to show before.
func (v *view) enrollments(c *Command) []string {
	if v.Full || v.InvitedOnly && !v.OwnsSecond && !v.invited() {
		return nil
	}
	return v.usable(c, func(f *FactorFact) bool { return !f.Enrolled && f.settable() })
}

func (v *view) usable(c *Command, is func(*FactorFact) bool) []string {
	var names []string
	for i, name := range c.Factors {
		if f := v.factor(name); f != nil && is(f) && !slices.Contains(c.Factors[:i], name) {
			names = append(names, name)
		}
	}
	return names
}

// settle says what c makes necessary, with the factors that it leaves. Without any the
// login fails, as it does where something would be set up on an account that has a
// factor and did not show it: both are Auth0's "mfar".
func (v *view) settle(c *Command, names []string, need Need) step {
	s := step{need: need, reason: ReasonRule, source: byRule(c.Script), oauth: "login_required", offers: names, picker: c.Picker && len(names) > 1}
	switch {
	case len(names) == 0:
		s.reason = "mfa_not_set_up"
		if why := v.lacking(); c.Enroll && why != "not_enough" {
			s.reason = why
		}
	case c.Enroll && v.OwnsSecond && !v.vouched():
		s.reason = "enroll_needs_challenge"
	default:
		return s
	}
	s.need, s.oauth, s.offers, s.picker = Deny, "access_denied", nil, false
	return s
}
