package policy

import (
	"math/bits"
	"slices"

	"github.com/sallyport-id/sallyport/factors"
)

// A view is the facts with what follows from them.
type view struct {
	*Facts
	fresh    []factors.Proof // count for this ask
	strength strength        // of these
	want     want            // what the policies and scripts want
	stands   bool            // a second proof that is enough for that
	floor    Level           // the asked acr that is aimed at
	asks     string          // its value, "" where none is
	beyond   string          // why no asked value can be reached, as a reason, or ""
	below    bool            // the floor is not met
	step     step            // the first command that is not met
}

func look(f *Facts) *view {
	v := &view{Facts: f}
	for _, p := range f.Proofs {
		if v.counts(p) {
			v.fresh = append(v.fresh, p)
		}
	}
	v.strength = strengthOf(v.fresh, v.WeakCounts)
	v.want = f.wants()
	v.stands = !v.strange() && slices.ContainsFunc(v.fresh, func(p factors.Proof) bool { return v.second(p) && v.young(p) })
	v.aim()
	v.below = v.asks != "" && !v.floor.metBy(v.strength)
	v.step = v.next()
	return v
}

// counts reports whether a proof is fresh enough. What was proven since the login
// began always is: otherwise max_age=1 could never be met.
func (v *view) counts(p factors.Proof) bool {
	if v.now(p) {
		return true
	}
	if slices.Contains(v.Prompt, "login") || v.Switch {
		return false
	}
	return v.MaxAge == nil || p.At.After(v.Now.Add(-*v.MaxAge))
}

// now reports whether a proof was made in this login.
func (v *view) now(p factors.Proof) bool { return !p.At.Before(v.RequestedAt) }

// young reports whether a second proof is not too old for the policy. What was shown in
// this login never is.
func (v *view) young(p factors.Proof) bool {
	return v.want.interval == nil || v.now(p) || p.At.After(v.Now.Add(-v.want.interval.length()))
}

// since reports whether a first proof was made in this login.
func (v *view) since() bool {
	return slices.ContainsFunc(v.fresh, func(p factors.Proof) bool { return v.opens(p) && v.now(p) })
}

// opens reports whether a proof can open a login: a password, or a key that verified
// who holds it. One that was only touched cannot.
func (v *view) opens(p factors.Proof) bool {
	if p.Factor == factors.Password {
		return true
	}
	f := v.factor(p.Factor)
	return f != nil && f.Info.First && bits.OnesCount8(uint8(p.Kinds)) > 1
}

// factor is what is known of a factor that is enabled here, or nil.
func (v *view) factor(name string) *FactorFact {
	for i := range v.Factors {
		if v.Factors[i].Name == name {
			return &v.Factors[i]
		}
	}
	return nil
}

// second reports whether a proof is, beside the first one or as a first one that is two
// kinds by itself (a passkey with its user verified), a second factor that is wanted.
func (v *view) second(p factors.Proof) bool {
	if !v.want.takes(p.Factor) {
		return false
	}
	if len(p.AMR) > 0 && bits.OnesCount8(uint8(p.Kinds)) > 1 {
		return true
	}
	if v.opens(p) {
		return false
	}
	if f := v.factor(p.Factor); f != nil && f.Info.Second {
		return true
	}
	return len(p.AMR) > 0 && p.Kinds&^v.firsts() != 0 && v.firsts() != 0
}

// firsts are the kinds of the proofs that can open a login.
func (v *view) firsts() factors.Kind {
	var kinds factors.Kind
	for _, p := range v.fresh {
		if v.opens(p) {
			kinds |= p.Kinds
		}
	}
	return kinds
}

// vouched reports whether a second proof stands that is as good as the account's own: a
// mailbox or a recovery code lets a person in, but adds no factor to who has one.
func (v *view) vouched() bool {
	if (Level{Kinds: 2}).metBy(v.strength) {
		return true
	}
	return slices.ContainsFunc(v.fresh, func(p factors.Proof) bool {
		f := v.factor(p.Factor)
		weak := p.Traits&factors.Weak != 0 && !v.WeakCounts
		return !weak && !v.opens(p) && f != nil && f.Info.Second
	})
}

// aim picks the asked acr value: of the essential ones or else of the voluntary
// ones, the first in request order that can be reached (OpenID Connect Core
// §5.5.1.1, RFC 9470 §4). Values that the ladder does not have are ignored, but an
// essential request of only such values cannot be met. What a policy or a script says
// does not enter: the floor is never lowered.
func (v *view) aim() {
	asked, essential := v.EssentialACR, true
	if len(asked) == 0 {
		asked, essential = v.ACRValues, false
	}
	if len(asked) == 0 {
		return
	}
	known, potential := v.Ladder.Known(asked), v.potential()
	for _, value := range known {
		level, _ := v.Ladder.level(value)
		if level.metBy(potential) {
			v.asks, v.floor = value, level
			return
		}
	}
	switch {
	case v.UserID == "":
	case essential:
		v.beyond = "essential_acr"
	case v.StrictACR && len(known) == len(asked):
		v.beyond = "acr_values"
	}
}

// potential is what the person could reach here: with what is proven, with what is
// enrolled, and with what may be enrolled now.
func (v *view) potential() strength {
	s := v.strength
	for i := range v.Factors {
		f := &v.Factors[i]
		if (f.Enrolled || v.enrollable(f)) && (f.Traits&factors.Weak == 0 || v.WeakCounts) {
			s = s.with(f.Kinds, f.Traits)
		}
	}
	return s
}

// acr is the value for the tokens: what was achieved. A request for several factors is
// answered with its own value once that is met, because applications compare it with
// what they asked for, and a key among the factors makes "phr" of it otherwise.
func (v *view) acr() string {
	if len(v.EssentialACR) == 0 && v.asks != "" && v.floor.Kinds > 1 && !v.below {
		return v.asks
	}
	for _, value := range v.EssentialACR {
		if v.Ladder.Meets(value, v.fresh, v.WeakCounts) {
			return value
		}
	}
	return v.Ladder.achieved(v.strength, v.ACRValues)
}
