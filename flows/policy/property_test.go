package policy

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sallyport-id/sallyport/factors"
)

// anyFacts draws what a login could be like, likely or not.
func anyFacts(t *rapid.T) Facts {
	f := person()
	yes := func(name string) bool { return rapid.Bool().Draw(t, name) }
	values := append(DefaultLadder().Values(), "urn:unknown", "")
	some := func(name string) []string { return rapid.SliceOfN(rapid.SampledFrom(values), 0, 3).Draw(t, name) }
	f.Prompt = rapid.SliceOfN(rapid.SampledFrom([]string{"login", "none", "consent", "select_account"}), 0, 2).Draw(t, "prompt")
	if yes("has max_age") {
		age := time.Duration(rapid.IntRange(0, 7200).Draw(t, "max_age")) * time.Second
		f.MaxAge = &age
	}
	f.ACRValues, f.EssentialACR, f.StrictACR = some("acr_values"), some("essential"), yes("strict")
	f.ClientDisabled, f.UserBlocked, f.PasswordExpired = yes("disabled"), yes("blocked"), yes("expired")
	f.TenantPolicy.Policy = rapid.SampledFrom([]string{Never, Always, "odd"}).Draw(t, "tenant")
	f.ClientPolicy.Policy = rapid.SampledFrom([]string{"", Never, Always}).Draw(t, "client")
	f.OwnsSecond, f.WeakCounts, f.Switch = yes("owns"), yes("weak"), yes("switch")
	f.Full, f.InvitedOnly, f.LastUsed = yes("full"), yes("invited only"), rapid.SampledFrom([]string{"", factors.OTP, factors.RecoveryCode, "odd"}).Draw(t, "last used")
	f.ConsentNeeded, f.ConsentGiven = yes("needs consent"), yes("gave consent")
	for i := range f.Factors {
		f.Factors[i].Enrolled = yes("enrolled")
	}
	f.Factors = f.Factors[:rapid.IntRange(0, len(f.Factors)).Draw(t, "factors")]
	if yes("stranger") {
		f.UserID = ""
	}
	for _, p := range []factors.Proof{pwd(0), otp(0), rc(0), passkey(false)} {
		if f.UserID != "" && yes("shown "+p.Factor) {
			p.At = noon.Add(-time.Duration(rapid.IntRange(0, 7200).Draw(t, "age")) * time.Second)
			f.Proofs = append(f.Proofs, p)
		}
	}
	return f
}

// Whatever the facts are, there is one decision, the same each time, and Done means
// that every floor is met.
func TestDoneMeetsEveryFloor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := anyFacts(t)
		d := Decide(f)
		if !reflect.DeepEqual(d, Decide(f)) {
			t.Fatal("two decisions from the same facts")
		}
		if d.Need != Done {
			return
		}
		policy := f.ClientPolicy.Policy
		if policy == "" {
			policy = f.TenantPolicy.Policy
		}
		known := f.Ladder.Known(f.EssentialACR)
		switch {
		case f.UserID == "" || f.ClientDisabled || f.UserBlocked && len(d.Proofs) > 0 || f.PasswordExpired:
			t.Fatalf("done: %+v", f)
		case policy != Never && len(d.Proofs) < 2 && !slices.ContainsFunc(d.Proofs, func(p factors.Proof) bool { return p.Kinds == factors.Has|factors.Is }):
			t.Fatal("done with one factor where two are due")
		case len(f.EssentialACR) > 0 && !slices.ContainsFunc(known, func(v string) bool { return f.Ladder.Meets(v, d.Proofs, f.WeakCounts) }):
			t.Fatal("done below the essential acr")
		case f.ConsentNeeded && !f.ConsentGiven:
			t.Fatal("done without consent")
		}
		for _, p := range d.Proofs {
			old := p.At.Before(f.RequestedAt)
			if old && slices.Contains(f.Prompt, "login") || old && f.MaxAge != nil && !p.At.After(f.Now.Add(-*f.MaxAge)) {
				t.Fatalf("an old proof counts: %+v", p)
			}
		}
		if d.ACR != "" && !f.Ladder.Meets(d.ACR, d.Proofs, f.WeakCounts) {
			t.Fatalf("acr %s is more than was shown", d.ACR)
		}
	})
}

// More is never less: one more proof, of this moment, does not make an essential acr
// unreachable, nor the level lower.
func TestAProofNeverHurts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := anyFacts(t)
		before := Decide(f)
		f.Proofs = append(slices.Clone(f.Proofs), otp(0))
		after := Decide(f)
		if before.Need == Done && after.Need != Done {
			t.Fatalf("was done, now needs %s (%s)", after.Need, after.Reason)
		}
		if before.ACR != "" && !f.Ladder.Meets(before.ACR, after.Proofs, f.WeakCounts) {
			t.Fatalf("%s is not met any more", before.ACR)
		}
	})
}

// Who does what is asked for arrives: at Done, or at a refusal, in a few steps.
func TestEveryLoginEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := anyFacts(t)
		var path []Need
		for range 8 {
			d := Decide(f)
			path = append(path, d.Need)
			switch d.Need {
			case Done, Deny:
				return
			case Identify:
				f.UserID, f.Subject = "u", ""
				f.Proofs = []factors.Proof{pwd(0)}
			case ProveFirst:
				f.Proofs = append(f.Proofs, pwd(0))
			case Reset:
				f.PasswordExpired = false
			case Consent:
				f.ConsentGiven = true
			case ProveSecond, Enroll:
				if len(d.Offers) == 0 {
					t.Fatalf("%s offers nothing: %v", d.Need, path)
				}
				f = give(f, d.Offers[0])
			}
		}
		t.Fatalf("no end: %v", path)
	})
}

func give(f Facts, name string) Facts {
	proof := map[string]factors.Proof{factors.OTP: otp(0), factors.RecoveryCode: rc(0)}[name]
	f.Proofs = append(slices.DeleteFunc(slices.Clone(f.Proofs), func(p factors.Proof) bool { return p.Factor == name }), proof)
	f.Factors = slices.Clone(f.Factors)
	for i := range f.Factors {
		if f.Factors[i].Name == name {
			f.Factors[i].Enrolled, f.OwnsSecond = true, true
		}
	}
	return f
}
