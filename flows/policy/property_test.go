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
	f := person(mailbox)
	yes := func(name string) bool { return rapid.Bool().Draw(t, name) }
	values := append(DefaultLadder().Values(), "urn:unknown", "")
	some := func(name string) []string { return rapid.SliceOfN(rapid.SampledFrom(values), 0, 3).Draw(t, name) }
	f.Prompt = rapid.SliceOfN(rapid.SampledFrom([]string{"login", "none", "consent", "select_account"}), 0, 2).Draw(t, "prompt")
	if yes("has max_age") {
		age := time.Duration(rapid.IntRange(0, 7200).Draw(t, "max_age")) * time.Second
		f.MaxAge = &age
	}
	f.ACRValues, f.EssentialACR, f.StrictACR = some("acr_values"), some("essential"), yes("strict")
	f.ClientDisabled, f.UserBlocked, f.PasswordExpired = rare(t, "disabled"), rare(t, "blocked"), yes("expired")
	f.OwnsSecond, f.WeakCounts, f.Switch, f.Remembered = yes("owns"), yes("weak"), yes("switch"), yes("remembered")
	f.Full, f.InvitedOnly, f.LastUsed = rare(t, "full"), rare(t, "invited only"), rapid.SampledFrom([]string{"", factors.OTP, factors.RecoveryCode, "odd"}).Draw(t, "last used")
	f.ConsentNeeded, f.ConsentGiven = yes("needs consent"), yes("gave consent")
	f.FreshFor = time.Duration(rapid.IntRange(0, 60).Draw(t, "fresh for")) * time.Minute
	anyPolicies(t, &f)
	anyRuling(t, &f)
	for i := range f.Factors {
		f.Factors[i].Enrolled = yes("enrolled")
	}
	f.Factors = f.Factors[:rapid.IntRange(0, len(f.Factors)).Draw(t, "factors")]
	if rare(t, "stranger") {
		f.UserID = ""
	}
	for _, p := range []factors.Proof{pwd(0), otp(0), rc(0), mail(0), passkey(false)} {
		if f.UserID != "" && yes("shown "+p.Factor) {
			p.At = noon.Add(-time.Duration(rapid.IntRange(0, 7200).Draw(t, "age")) * time.Second)
			f.Proofs = append(f.Proofs, p)
		}
	}
	return f
}

func rare(t *rapid.T, name string) bool { return rapid.IntRange(0, 7).Draw(t, name) == 0 }

func anyPolicies(t *rapid.T, f *Facts) {
	names := []string{factors.OTP, factors.RecoveryCode, factors.Email, "webauthn"}
	draw := func(scope string, words ...string) Document {
		d := Document{Policy: rapid.SampledFrom(words).Draw(t, scope)}
		if rare(t, scope+" lists") {
			d.Factors = rapid.SliceOfNDistinct(rapid.SampledFrom(names), 1, 3, rapid.ID).Draw(t, "list")
		}
		if rare(t, scope+" has an interval") {
			d.Interval = every(time.Duration(rapid.IntRange(0, 7200).Draw(t, "interval")) * time.Second)
		}
		if rare(t, scope+" has grace") {
			d.Grace = &Grace{SignIns: rapid.IntRange(0, 2).Draw(t, "sign-ins")}
		}
		if rare(t, scope+" has a row") {
			d.Rows = []Row{abroad(rapid.SampledFrom([]string{Never, Always, Adaptive, Refuse, ""}).Draw(t, "row"))}
		}
		return d
	}
	f.OrganizationPolicy = draw("organization", "", "", "", Never, Always, Adaptive)
	f.ClientPolicy = draw("client", "", "", Never, Always, Adaptive)
	f.TenantPolicy = draw("tenant", "", Never, Always, Adaptive, "odd")
	f.Scene.Country = rapid.SampledFrom([]string{"", "DE", "FR"}).Draw(t, "country")
	f.Confidence = rapid.SampledFrom([]string{"", "low", "medium", "high", "neutral"}).Draw(t, "confidence")
	f.AskAt = rapid.SampledFrom([]string{"", "low", "medium", "high"}).Draw(t, "ask at")
	f.Skipped, f.GraceUsed = rapid.Bool().Draw(t, "skipped"), rapid.IntRange(0, 2).Draw(t, "put off")
}

func anyRuling(t *rapid.T, f *Facts) {
	f.Ruling = Ruling{
		Pending: rare(t, "pending"), Redirect: rare(t, "redirect"), Script: "geo", Remember: rapid.Bool().Draw(t, "may remember"),
		Provider: rapid.SampledFrom([]string{"", "", "", "any", "none", "duo", "guardian", "odd"}).Draw(t, "provider"),
	}
	if rare(t, "commands") {
		lists := rapid.SliceOfN(rapid.SampledFrom([]string{factors.OTP, factors.RecoveryCode, factors.Email, factors.SMS}), 1, 3)
		for range rapid.IntRange(1, 3).Draw(t, "how many") {
			f.Ruling.Commands = append(f.Ruling.Commands, Command{Script: "geo", Enroll: rapid.Bool().Draw(t, "enroll"), Factors: lists.Draw(t, "of")})
		}
	}
}

// wishes says, in another way than the code does, what policies and scripts want.
func wishes(f Facts) (due, denied, strange bool) {
	if len(f.Ruling.Commands) > 0 || f.Ruling.Provider == "none" {
		return false, false, false
	}
	word := ""
	for _, d := range []Document{f.OrganizationPolicy, f.ClientPolicy, f.TenantPolicy} {
		if word != "" {
			break
		}
		word = d.Policy
		for _, r := range d.Rows {
			if f.Scene.Country == "FR" || f.Scene.Country == "" && r.Policy != Never {
				word = r.Policy
				if word == "" {
					word = Always
				}
			}
		}
	}
	levels := []string{"low", "medium", "high"}
	limit, confidence := max(slices.Index(levels, f.AskAt), 0), max(slices.Index(levels, f.Confidence), 0)
	strange = word == Adaptive && confidence <= limit && f.Confidence != "neutral"
	scripted := f.Ruling.Provider != ""
	return scripted || strange || word != Never && word != Adaptive, word == Refuse && !scripted, strange
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
		due, denied, strange := wishes(f)
		two := len(d.Proofs) > 1 || slices.ContainsFunc(d.Proofs, func(p factors.Proof) bool { return p.Kinds == factors.Has|factors.Is })
		known := f.Ladder.Known(f.EssentialACR)
		switch {
		case f.UserID == "" || f.ClientDisabled || f.UserBlocked && len(d.Proofs) > 0 || f.PasswordExpired:
			t.Fatalf("done: %+v", f)
		case f.Ruling.Pending || f.Ruling.Redirect || denied || Commanded(f):
			t.Fatalf("done, and a script or a row has its say yet: %+v", f.Ruling)
		case due && !two && !d.Remembered && d.Reason != "grace":
			t.Fatal("done with one factor where two are due")
		case strange && d.Remembered:
			t.Fatal("a remembered browser stands for what looks strange")
		case d.Remembered && (f.MaxAge != nil || slices.Contains(f.Prompt, "login") || f.Ruling.Provider != "" && !f.Ruling.Remember || len(f.Ruling.Commands) > 0):
			t.Fatal("a remembered browser stands for more than the policy")
		case strange && !f.OwnsSecond && !slices.ContainsFunc(d.Proofs, func(p factors.Proof) bool {
			return p.Factor == factors.Email && !p.At.Before(f.RequestedAt) || p.Traits&factors.Weak == 0 && p.Factor != factors.Password
		}):
			t.Fatal("nothing vouches for what looks strange")
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

// Nothing that scripts or policies say lowers what the relying party asked for: whoever
// is done with their help reaches the value that is aimed at without it.
func TestNothingLowersTheFloor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := anyFacts(t)
		f.Ruling.Pending, f.Ruling.Redirect = false, false
		with := Decide(f)
		f.OrganizationPolicy, f.ClientPolicy, f.TenantPolicy, f.Ruling, f.Remembered = Document{}, Document{}, Document{Policy: Never}, Ruling{}, false
		without := look(&f)
		if with.Need == Done && (without.below || without.beyond != "") {
			t.Fatalf("done below %q%s", without.asks, without.beyond)
		}
	})
}

// Deny beats all: who was denied is, whatever else is said.
func TestDenyBeatsAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := anyFacts(t)
		f.Denied = "a rule's words"
		if d := Decide(f); d.Need != Deny || d.Reason != f.Denied || d.Error != "access_denied" || len(d.Offers) > 0 {
			t.Fatalf("%s (%s), offers %q", d.Need, d.Reason, d.Offers)
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
		for range 16 {
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
			case Rules:
				f.Ruling.Pending = false
			case Redirect:
				f.Ruling.Redirect = false
			case Consent:
				f.ConsentGiven = true
			case ProveSecond, Enroll:
				if len(d.Offers) == 0 {
					t.Fatalf("%s offers nothing: %v", d.Need, path)
				}
				f = give(f, d.Offers[0], d.Need)
			}
		}
		t.Fatalf("no end: %v", path)
	})
}

func give(f Facts, name string, need Need) Facts {
	proof := map[string]factors.Proof{factors.OTP: otp(0), factors.RecoveryCode: rc(0), factors.Email: mail(0)}[name]
	f.Proofs = append(slices.DeleteFunc(slices.Clone(f.Proofs), func(p factors.Proof) bool { return p.Factor == name }), proof)
	f.Factors = slices.Clone(f.Factors)
	for i := range f.Factors {
		if f.Factors[i].Name == name && need == Enroll {
			f.Factors[i].Enrolled, f.OwnsSecond = true, true
			f.EnrolledNow = append(slices.Clone(f.EnrolledNow), name)
		}
	}
	return f
}

func BenchmarkDecide(b *testing.B) {
	f := person(shown(pwd(second)), has(factors.SMS), mailbox, asks(MultiFactor), at(Scene{Address: "203.0.113.7", Country: "FR"}), client(Document{
		Factors: []string{factors.SMS, factors.OTP}, Rows: []Row{
			{Name: "office", When: When{Networks: one("10.0.0.0/8", "192.168.0.0/16")}, Policy: Never},
			{Name: "night", When: When{Time: &Times{From: "18:00", To: "08:00", Zone: "Europe/Berlin"}}, Policy: Always}, abroad(Always),
		},
	}))
	b.ReportAllocs()
	for b.Loop() {
		Decide(f)
	}
}
