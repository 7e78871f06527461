package policy

import (
	"slices"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/factors"
)

func mail(age time.Duration) factors.Proof {
	return factors.Proof{Factor: factors.Email, AMR: []string{"otp"}, Kinds: factors.Has, Traits: factors.Weak, At: noon.Add(-age)}
}

// mailbox is a person whose address is known.
func mailbox(f *Facts) {
	f.Factors = append(f.Factors, FactorFact{
		Name: factors.Email, Info: factors.Info{Second: true, Dependent: true, Kinds: factors.Has, Traits: factors.Weak}, Enrolled: true, Kinds: factors.Has, Traits: factors.Weak,
	})
}

// enabled are factors that the person may set up.
func enabled(names ...string) func(*Facts) {
	return func(f *Facts) {
		for _, name := range names {
			f.Factors = append(f.Factors, FactorFact{Name: name, Info: factors.Info{Second: true, Enrollable: true, Kinds: factors.Has}, Kinds: factors.Has})
		}
	}
}

// has are further factors that the person set up.
func has(names ...string) func(*Facts) {
	return func(f *Facts) {
		enabled(names...)(f)
		for i := range names {
			f.Factors[len(f.Factors)-1-i].Enrolled = true
		}
	}
}

func adaptive(confidence string) func(*Facts) {
	return func(f *Facts) { f.TenantPolicy.Policy, f.Confidence = Adaptive, confidence }
}

func rule(provider string) func(*Facts) {
	return func(f *Facts) { f.Ruling.Provider, f.Ruling.Script = provider, "geo" }
}

func mayRemember(f *Facts) { f.Ruling.Remember = true }

func challenge(names ...string) func(*Facts) {
	return func(f *Facts) {
		f.Ruling.Commands = append(f.Ruling.Commands, Command{Script: "geo", Factors: names, Picker: len(names) > 1})
	}
}

func enrol(names ...string) func(*Facts) {
	return func(f *Facts) {
		f.Ruling.Commands = append(f.Ruling.Commands, Command{Script: "geo", Enroll: true, Factors: names, Picker: len(names) > 1})
	}
}

func since(names ...string) func(*Facts) { return func(f *Facts) { f.EnrolledNow = names } }

// A verdict is what of a decision the cases below are about.
type verdict struct {
	need   Need
	reason string
	oauth  string
	source string
	offers []string
}

type sentence struct {
	name  string
	facts Facts
	want  verdict
}

func decides(t *testing.T, cases []sentence) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := Decide(c.facts)
			got := verdict{d.Need, d.Reason, d.Error, d.Source, d.Offers}
			if got.need != c.want.need || got.reason != c.want.reason || got.oauth != c.want.oauth || got.source != c.want.source || !slices.Equal(got.offers, c.want.offers) {
				t.Errorf("\ngot  %q\nwant %q", got, c.want)
			}
		})
	}
}

var both = []string{factors.OTP, factors.RecoveryCode}

func satisfied(source string) verdict { return verdict{Done, "satisfied", "", source, nil} }

// The order in which Auth0 evaluates a login (auth0-mfa.md §2.9), with the floor of
// DESIGN.md §4 under it. What a step says of other rooms (who assesses, who writes
// history) is what this one does with the outcome.
func TestRow_2_9(t *testing.T) {
	once := shown(pwd(second))
	decides(t, []sentence{
		{"2.9 step 1 the first factor opens the login", person(once), satisfied("tenant")},
		{"2.9 step 1 and nothing does without it", person(always), verdict{ProveFirst, "no_proof", "login_required", "tenant", []string{factors.Password}}},
		{"2.9 step 2 an assessment that failed is low", person(once, adaptive("")), verdict{ProveSecond, "risk", "login_required", "tenant", both}},
		{"2.9 step 2 so is a word that nobody knows", person(once, adaptive("odd")), verdict{ProveSecond, "risk", "login_required", "tenant", both}},
		{"2.9 step 2 assessed, not acted on: the policy is never", person(once, func(f *Facts) { f.Confidence = "low" }), satisfied("tenant")},
		{"2.9 step 3 scripts run before a factor is asked for", person(once, always, func(f *Facts) { f.Ruling.Pending = true }), verdict{Rules, "rules", "", "tenant", nil}},
		{"2.9 step 3 but not before the first factor", person(func(f *Facts) { f.Ruling.Pending = true }), verdict{ProveFirst, "no_proof", "login_required", "tenant", []string{factors.Password}}},
		{"2.9 step 3 a redirect", person(once, always, func(f *Facts) { f.Ruling.Redirect = true }), verdict{Redirect, "redirect", "interaction_required", "tenant", nil}},
		{"2.9 step 4 deny ends it, whatever is wanted besides", person(once, always, rule("any"), challenge(factors.OTP), func(f *Facts) { f.Denied = "not from here" }), verdict{Deny, "not from here", "access_denied", "rule geo", nil}},
		{"2.9 step 5 challengeWith", person(once, challenge(factors.OTP)), verdict{ProveSecond, "rule", "login_required", "rule geo", []string{factors.OTP}}},
		{"2.9 step 5 one by one", person(shown(pwd(second), otp(second)), has(factors.SMS), challenge(factors.OTP), challenge(factors.SMS, factors.Voice)), verdict{ProveSecond, "rule", "login_required", "rule geo", []string{factors.SMS}}},
		{"2.9 step 5 enrollWith", person(once, nothing, enrol(factors.OTP)), verdict{Enroll, "rule", "login_required", "rule geo", []string{factors.OTP}}},
		{"2.9 step 5 commands silence multifactor.enable", person(once, has(factors.SMS), rule("any"), challenge(factors.SMS)), verdict{ProveSecond, "rule", "login_required", "rule geo", []string{factors.SMS}}},
		{"2.9 step 5 and the policy, once they are met", person(once, always, nothing, enrol(factors.OTP), since(factors.OTP)), satisfied("rule geo")},
		{"2.9 step 5 commands do not silence the floor", person(shown(pwd(second), rc(second)), challenge(factors.RecoveryCode), asks(MultiFactor)), verdict{ProveSecond, "acr_values", "interaction_required", "acr_values", []string{factors.OTP}}},
		{"2.9 step 6 multifactor.enable before the policy", person(once, rule("any")), verdict{ProveSecond, "rule", "login_required", "rule geo", both}},
		{"2.9 step 6 none before the policy", person(once, always, rule("none")), satisfied("rule geo")},
		{"2.9 step 6 none lowers no floor", person(once, always, rule("none"), asks(MultiFactor)), verdict{ProveSecond, "acr_values", "interaction_required", "acr_values", []string{factors.OTP}}},
		{"2.9 step 6 none lowers no essential floor", person(once, rule("none"), needs(MultiFactor)), verdict{ProveSecond, "essential_acr", "unmet_authentication_requirements", "acr_values", []string{factors.OTP}}},
		{"2.9 step 7 a second factor not older than 15 minutes", person(shown(pwd(hour), otp(20*time.Minute)), account), verdict{ProveSecond, "interval", "login_required", "client: account", both}},
		{"2.9 step 7 a younger one stands", person(shown(pwd(hour), otp(10*time.Minute)), account), satisfied("client: account")},
		{"2.9 step 8 always", person(once, always), verdict{ProveSecond, "policy", "login_required", "tenant", both}},
		{"2.9 step 8 adaptive, low", person(once, adaptive("low")), verdict{ProveSecond, "risk", "login_required", "tenant", both}},
		{"2.9 step 8 adaptive, medium", person(once, adaptive("medium")), satisfied("tenant")},
		{"2.9 step 8 adaptive, high", person(once, adaptive("high")), satisfied("tenant")},
		{"2.9 step 8 adaptive, neutral", person(once, adaptive("neutral"), func(f *Facts) { f.AskAt = "high" }), satisfied("tenant")},
		{"2.9 step 8 adaptive, asked up to medium", person(once, adaptive("medium"), func(f *Facts) { f.AskAt = "medium" }), verdict{ProveSecond, "risk", "login_required", "tenant", both}},
		{"2.9 step 8 never", person(once), satisfied("tenant")},
		{"2.9 step 8 never, except for acr_values", person(once, asks(MultiFactor)), verdict{ProveSecond, "acr_values", "interaction_required", "acr_values", []string{factors.OTP}}},
		{"2.9 step 9 a remembered browser", person(once, always, trusted), satisfied("tenant")},
		{"2.9 step 9 not where the script does not allow it", person(once, rule("any"), trusted), verdict{ProveSecond, "rule", "login_required", "rule geo", both}},
		{"2.9 step 9 where the script allows it", person(once, rule("any"), mayRemember, trusted), satisfied("rule geo")},
		{"2.9 step 9 not for a low confidence", person(once, adaptive("low"), trusted), verdict{ProveSecond, "risk", "login_required", "tenant", both}},
		{"2.9 step 9 not for a low confidence, though the script allows it", person(once, adaptive("low"), rule("any"), mayRemember, trusted), verdict{ProveSecond, "rule", "login_required", "rule geo", both}},
		{"2.9 step 9 not for acr_values", person(once, always, trusted, asks(MultiFactor)), verdict{ProveSecond, "acr_values", "interaction_required", "acr_values", []string{factors.OTP}}},
		{"2.9 step 9 not for a command", person(once, trusted, mayRemember, challenge(factors.OTP)), verdict{ProveSecond, "rule", "login_required", "rule geo", []string{factors.OTP}}},
		{"2.9 step 10 prompt=none and a factor is due", person(once, always, prompt("none")), verdict{ProveSecond, "policy", "login_required", "tenant", both}},
		{"2.9 step 10 prompt=none and a script wants one", person(once, rule("any"), prompt("none")), verdict{ProveSecond, "rule", "login_required", "rule geo", both}},
		{"2.9 step 11 who has none sets one up", person(once, nothing, rule("any")), verdict{Enroll, "rule", "interaction_required", "rule geo", []string{factors.OTP}}},
		{"2.9 step 11 low: the mailbox first", person(once, nothing, mailbox, adaptive("low")), verdict{ProveSecond, "risk", "login_required", "tenant", []string{factors.Email}}},
		{"2.9 step 11 low: then the factor", person(shown(pwd(second), mail(second)), nothing, mailbox, adaptive("low")), verdict{Enroll, "risk", "interaction_required", "tenant", []string{factors.OTP}}},
		{"2.9 step 11 low: without a mailbox it ends", person(once, nothing, adaptive("low")), verdict{Deny, "no_mailbox", "access_denied", "tenant", nil}},
		{"2.9 step 11 medium: no friction", person(once, nothing, mailbox, adaptive("medium")), satisfied("tenant")},
		{"2.9 step 12 a passkey is both factors for the policy", person(shown(passkey(false)), always, keyed), satisfied("tenant")},
		{"2.9 step 12 a script may skip a factor for it", person(shown(passkey(false)), always, keyed, rule("none")), satisfied("rule geo")},
		{"2.9 step 13 what was shown is enough", person(shown(pwd(second), otp(second)), rule("any"), asks(MultiFactor)), satisfied("rule geo")},
		{"2.9 step 15 what was shown before the login was started over meets no command", person(shown(pwd(second), otp(6*time.Minute)), challenge(factors.OTP)), verdict{ProveSecond, "rule", "login_required", "rule geo", []string{factors.OTP}}},
	})
}

// account is an application for whose scopes the factor has to be young.
func account(f *Facts) {
	age := Duration(15 * time.Minute)
	f.Scene.Scopes = []string{"read:me:authentication_methods"}
	f.ClientPolicy.Rows = []Row{{Name: "account", When: When{Scopes: Set{Values: f.Scene.Scopes}}, Policy: Always, Interval: &age}}
}

func keyed(f *Facts) {
	f.Factors = append(f.Factors, FactorFact{Name: "webauthn", Info: factors.Info{First: true, Second: true, Kinds: factors.Has | factors.Is}, Enrolled: true, Kinds: factors.Has | factors.Is})
}

// Step 13: amr and acr tell what was shown. Step 14: a try that failed changes no fact,
// so the next one is asked as it was.
func TestRow_2_9_Outcome(t *testing.T) {
	d := Decide(person(shown(pwd(second), otp(second)), rule("any"), asks(MultiFactor)))
	if d.ACR != MultiFactor || !slices.Contains(d.AMR, "mfa") {
		t.Errorf("2.9 step 13: acr %q, amr %q", d.ACR, d.AMR)
	}
	low := person(shown(pwd(second)), adaptive("low"))
	first := Decide(low)
	low.Now = low.Now.Add(time.Minute)
	if again := Decide(low); again.Need != ProveSecond || again.Need != first.Need || again.Reason != first.Reason {
		t.Errorf("2.9 step 14: %s (%s), then %s (%s)", first.Need, first.Reason, again.Need, again.Reason)
	}
}
