package policy

import (
	"slices"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/factors"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const phr = PhishingResistant

// Facts of a person with a password, an app and recovery codes, who has shown nothing.
func person(change ...func(*Facts)) Facts {
	f := Facts{
		Now: noon, RequestedAt: noon.Add(-time.Minute), TenantPolicy: Document{Policy: Never}, Ladder: DefaultLadder(), UserID: "u", OwnsSecond: true,
		Factors: []FactorFact{
			{Name: factors.Password, Info: factors.Info{First: true, Kinds: factors.Knows}, Enrolled: true, Kinds: factors.Knows},
			{Name: factors.OTP, Info: factors.Info{Second: true, Enrollable: true, Kinds: factors.Has}, Enrolled: true, Kinds: factors.Has},
			{Name: factors.RecoveryCode, Info: factors.Info{Second: true, Dependent: true, Companion: true, Kinds: factors.Has, Traits: factors.Weak}, Enrolled: true, Kinds: factors.Has, Traits: factors.Weak},
		},
	}
	for _, c := range change {
		c(&f)
	}
	return f
}

func pwd(age time.Duration) factors.Proof {
	return factors.Proof{Factor: factors.Password, AMR: []string{"pwd"}, Kinds: factors.Knows, At: noon.Add(-age)}
}

func otp(age time.Duration) factors.Proof {
	return factors.Proof{Factor: factors.OTP, AMR: []string{"otp"}, Kinds: factors.Has, At: noon.Add(-age)}
}

func rc(age time.Duration) factors.Proof {
	return factors.Proof{Factor: factors.RecoveryCode, AMR: []string{"rc"}, Kinds: factors.Has, Traits: factors.Weak, At: noon.Add(-age)}
}

func shown(proofs ...factors.Proof) func(*Facts) {
	return func(f *Facts) { f.Proofs = append(f.Proofs, proofs...) }
}

func invited(f *Facts) { f.Enroll = []string{factors.OTP} }
func trusted(f *Facts) { f.Remembered = true }
func full(f *Facts)    { f.Full = true }
func always(f *Facts)  { f.TenantPolicy.Policy = Always }

func invitedOnly(f *Facts) { f.InvitedOnly = true }
func nothing(f *Facts) {
	f.OwnsSecond = false
	f.Factors[1].Enrolled = false
	f.Factors[2].Enrolled = false
}
func stranger(f *Facts) {
	f.UserID, f.OwnsSecond = "", false
	for i := range f.Factors {
		f.Factors[i].Enrolled = false
	}
}
func prompt(values ...string) func(*Facts) { return func(f *Facts) { f.Prompt = values } }
func fresh(f *Facts)                       { f.FreshFor = 10 * time.Minute }
func maxAge(d time.Duration) func(*Facts)  { return func(f *Facts) { f.MaxAge = &d } }
func asks(values ...string) func(*Facts)   { return func(f *Facts) { f.ACRValues = values } }
func needs(values ...string) func(*Facts)  { return func(f *Facts) { f.EssentialACR = values } }

// owns is a person who has security keys, the best of which have traits.
func owns(traits factors.Trait) func(*Facts) {
	return func(f *Facts) {
		f.Factors = append(f.Factors, FactorFact{
			Name: factors.Roaming, Info: factors.Info{First: true, Second: true, Enrollable: true, Kinds: factors.Has | factors.Is, Traits: factors.PhishingResistant | factors.Hardware},
			Enrolled: true, Kinds: factors.Has | factors.Is, Traits: traits,
		})
	}
}

func touched(traits factors.Trait) factors.Proof {
	return factors.Proof{Factor: factors.Roaming, AMR: []string{"pop"}, Kinds: factors.Has, Traits: traits, At: noon.Add(-second)}
}

const (
	resistant = factors.PhishingResistant
	attested  = factors.PhishingResistant | factors.Hardware
)

const second, hour = time.Second, time.Hour

// rows are the sentences of the package's table, each with what is decided.
var rows = []struct {
	sentence string
	facts    Facts
	need     Need
	reason   string
	oauth    string
	offers   []string
}{
	{"deny: cancelled", person(shown(pwd(second)), func(f *Facts) { f.Denied = "cancelled" }), Deny, "cancelled", "access_denied", nil},
	{"deny: client disabled", person(func(f *Facts) { f.ClientDisabled = true }), Deny, "client_disabled", "access_denied", nil},
	{"deny: user blocked, once the password is right", person(shown(pwd(second)), func(f *Facts) { f.UserBlocked = true }), Deny, "blocked", "access_denied", nil},
	{"a blocked user is not told before", person(func(f *Facts) { f.UserBlocked = true }), ProveFirst, "no_proof", "login_required", []string{factors.Password}},
	{"deny: locked out", person(func(f *Facts) { f.LockedUntil = noon.Add(hour) }), Deny, "locked", "access_denied", nil},
	{"a lock that is over", person(shown(pwd(second)), func(f *Facts) { f.LockedUntil = noon.Add(-hour) }), Done, "satisfied", "", nil},
	{"identify: no user", person(stranger), Identify, "no_user", "login_required", nil},
	{"identify: another than asked for", person(shown(pwd(second)), func(f *Facts) { f.Subject = "v" }), Identify, "other_user", "login_required", nil},
	{"identify: a switch of account", person(shown(pwd(hour)), func(f *Facts) { f.Switch = true }), Identify, "switch", "login_required", nil},
	{"identify: prompt=select_account", person(shown(pwd(hour)), prompt("select_account")), Identify, "select_account", "login_required", nil},
	{"select_account is met by a proof of this login", person(shown(pwd(second)), prompt("select_account")), Done, "satisfied", "", nil},
	{"prove-first: no proof", person(), ProveFirst, "no_proof", "login_required", []string{factors.Password}},
	{"prove-first: none that counts for max_age", person(shown(pwd(hour)), maxAge(10*time.Minute)), ProveFirst, "max_age", "login_required", []string{factors.Password}},
	{"a young proof counts for max_age", person(shown(pwd(5*time.Minute)), maxAge(10*time.Minute)), Done, "satisfied", "", nil},
	{"max_age=0 is met by a proof of this login", person(shown(pwd(second)), maxAge(0)), Done, "satisfied", "", nil},
	{"prove-first: none that counts for prompt=login", person(shown(pwd(hour)), prompt("login")), ProveFirst, "prompt_login", "login_required", []string{factors.Password}},
	{"a second factor is no first one", person(shown(otp(second))), ProveFirst, "no_proof", "login_required", []string{factors.Password}},
	{"reset: the password has expired", person(shown(pwd(second)), always, func(f *Facts) { f.PasswordExpired = true }), Reset, "password_expired", "interaction_required", nil},
	{"deny: the asked acr cannot be met here", person(shown(pwd(second)), needs(phr)), Deny, "essential_acr", "unmet_authentication_requirements", nil},
	{"deny: the policy cannot be met here", person(shown(pwd(second)), always, nothing, func(f *Facts) { f.Factors = f.Factors[:1] }), Deny, "not_enough", "access_denied", nil},
	{"prove-second: a factor is due", person(shown(pwd(second)), always), ProveSecond, "policy", "login_required", []string{factors.OTP, factors.RecoveryCode}},
	{"prove-second: the client's policy comes before the tenant's", person(shown(pwd(second)), func(f *Facts) { f.ClientPolicy.Policy = Always }), ProveSecond, "policy", "login_required", []string{factors.OTP, factors.RecoveryCode}},
	{"the client's never comes before the tenant's always", person(shown(pwd(second)), always, func(f *Facts) { f.ClientPolicy.Policy = Never }), Done, "satisfied", "", nil},
	{"an unknown policy is the strict one", person(shown(pwd(second)), func(f *Facts) { f.TenantPolicy.Policy = "sometimes" }), ProveSecond, "policy", "login_required", []string{factors.OTP, factors.RecoveryCode}},
	{"prove-second: the asked acr wants more", person(shown(pwd(second)), asks(MultiFactor)), ProveSecond, "acr_values", "interaction_required", []string{factors.OTP}},
	{"prove-second: the essential acr wants more", person(shown(pwd(second)), needs(MultiFactor)), ProveSecond, "essential_acr", "unmet_authentication_requirements", []string{factors.OTP}},
	{"policy never does not lower an asked acr", person(shown(pwd(second)), asks(MultiFactor), func(f *Facts) { f.ClientPolicy.Policy = Never }), ProveSecond, "acr_values", "interaction_required", []string{factors.OTP}},
	{"an asked acr does not lower the policy", person(shown(pwd(second)), always, asks(SingleFactor)), ProveSecond, "policy", "login_required", []string{factors.OTP, factors.RecoveryCode}},
	{"enroll: a factor is due, none is enrolled", person(shown(pwd(second)), always, nothing), Enroll, "policy", "interaction_required", []string{factors.OTP}},
	{"enroll: the asked acr wants one", person(shown(pwd(second)), asks(MultiFactor), nothing), Enroll, "acr_values", "interaction_required", []string{factors.OTP}},
	{"prove-first: something would be set up on an old proof", person(shown(pwd(hour)), always, nothing, fresh), ProveFirst, "enrollment", "interaction_required", []string{factors.Password}},
	{"a young proof is enough to set something up", person(shown(pwd(5*time.Minute)), always, nothing, fresh), Enroll, "policy", "interaction_required", []string{factors.OTP}},
	{"who has the strong factor that is asked for shows that, and no weaker one", person(shown(pwd(second)), needs(phr), func(f *Facts) {
		f.Factors = append(f.Factors, FactorFact{
			Name: factors.Roaming, Enrolled: true, Kinds: factors.Has, Traits: factors.PhishingResistant, Info: factors.Info{Second: true, Enrollable: true},
		})
	}), ProveSecond, "essential_acr", "unmet_authentication_requirements", []string{factors.Roaming}},
	{"no enrolment in place of a factor that the account has", person(shown(pwd(second)), always, func(f *Facts) { f.Factors[1].Enrolled, f.Factors[2].Enrolled = false, false }), Deny, "not_enough", "access_denied", nil},
	{"a recovery code satisfies a due factor", person(shown(pwd(second), rc(second)), always), Done, "satisfied", "", nil},
	{"a recovery code raises no acr", person(shown(pwd(second), rc(second)), asks(MultiFactor)), ProveSecond, "acr_values", "interaction_required", []string{factors.OTP}},
	{"unless the admin says so", person(shown(pwd(second), rc(second)), asks(MultiFactor), func(f *Facts) { f.WeakCounts = true }), Done, "satisfied", "", nil},
	{"an old second proof does not count for max_age", person(shown(pwd(second), otp(hour)), always, maxAge(10*time.Minute)), ProveSecond, "policy", "login_required", []string{factors.OTP, factors.RecoveryCode}},
	{"an old second proof counts where no age is asked", person(shown(pwd(hour), otp(hour)), always), Done, "satisfied", "", nil},
	{"consent: asked scopes not granted", person(shown(pwd(second)), func(f *Facts) { f.ConsentNeeded = true }), Consent, "scopes", "consent_required", nil},
	{"consent: prompt=consent", person(shown(pwd(second)), prompt("consent")), Consent, "prompt_consent", "consent_required", nil},
	{"consent is given", person(shown(pwd(second)), prompt("consent"), func(f *Facts) { f.ConsentNeeded, f.ConsentGiven = true, true }), Done, "satisfied", "", nil},
	{"an invitation: who has no second factor sets one up", person(shown(pwd(second)), nothing, invited), Enroll, "invitation", "interaction_required", []string{factors.OTP}},
	{"an invitation: who has one shows it first", person(shown(pwd(second)), invited), ProveSecond, "invitation", "interaction_required", []string{factors.OTP}},
	{"an invitation: and then adds another", person(shown(pwd(second), otp(second)), invited), Enroll, "invitation", "interaction_required", []string{factors.OTP}},
	{"an invitation: a recovery code is not enough to add one", person(shown(pwd(second), rc(second)), invited), ProveSecond, "invitation", "interaction_required", []string{factors.OTP}},
	{"an invitation: once", person(shown(pwd(second), otp(second)), invited, func(f *Facts) { f.Enrolled = true }), Done, "satisfied", "", nil},
	{"an invitation to what is not enabled", person(shown(pwd(second)), nothing, func(f *Facts) { f.Enroll = []string{factors.SMS} }), Deny, "not_enough", "access_denied", nil},
	{"a remembered browser meets the policy", person(shown(pwd(second)), always, trusted), Done, "satisfied", "", nil},
	{"a remembered browser meets no asked acr", person(shown(pwd(second)), always, trusted, asks(MultiFactor)), ProveSecond, "acr_values", "interaction_required", []string{factors.OTP}},
	{"a remembered browser meets no max_age", person(shown(pwd(second)), always, trusted, maxAge(10*time.Minute)), ProveSecond, "policy", "login_required", []string{factors.OTP, factors.RecoveryCode}},
	{"a remembered browser meets no prompt=login", person(shown(pwd(0)), always, trusted, prompt("login")), ProveSecond, "policy", "login_required", []string{factors.OTP, factors.RecoveryCode}},
	{"consent comes last", person(shown(pwd(second)), always, func(f *Facts) { f.ConsentNeeded = true }), ProveSecond, "policy", "login_required", []string{factors.OTP, factors.RecoveryCode}},
	{"done", person(shown(pwd(second), otp(second)), always), Done, "satisfied", "", nil},
	{"a voluntary acr beyond reach is let go", person(shown(pwd(second)), asks(phr)), Done, "satisfied", "", nil},
	{"but not where the client is strict", person(shown(pwd(second)), asks(phr), func(f *Facts) { f.StrictACR = true }), Deny, "acr_values", "unmet_authentication_requirements", nil},
	{"strict, and a value that nobody knows: let go", person(shown(pwd(second)), asks(phr, "urn:x"), func(f *Facts) { f.StrictACR = true }), Done, "satisfied", "", nil},
	{"prove-second: nothing that a relaying site could use stands beside the key that is asked for", person(shown(pwd(second)), asks(phr), owns(resistant)), ProveSecond, "acr_values", "interaction_required", []string{factors.Roaming}},
	{"hardware is beyond a key that nobody vouches for", person(shown(pwd(second)), needs("phrh"), owns(resistant)), Deny, "essential_acr", "unmet_authentication_requirements", nil},
	{"prove-second: the attested one of several keys", person(shown(pwd(second), touched(resistant)), needs("phrh"), owns(attested)), ProveSecond, "essential_acr", "unmet_authentication_requirements", []string{factors.Roaming}},
	{"the attested key was shown", person(shown(pwd(second), touched(attested)), needs("phrh"), owns(attested)), Done, "satisfied", "", nil},
	{"any of several keys where hardware is not asked for", person(shown(pwd(second), touched(resistant)), always, asks(phr), owns(attested)), Done, "satisfied", "", nil},
	{"prove-second: what was used last on this device comes first", person(shown(pwd(second)), always, owns(resistant), func(f *Facts) { f.LastUsed = factors.Roaming }), ProveSecond, "policy", "login_required", []string{factors.Roaming, factors.OTP, factors.RecoveryCode}},
	{"but nothing weak does", person(shown(pwd(second)), always, func(f *Facts) { f.LastUsed = factors.RecoveryCode }), ProveSecond, "policy", "login_required", []string{factors.OTP, factors.RecoveryCode}},
	{"and nothing that is not on offer", person(shown(pwd(second)), asks(MultiFactor), func(f *Facts) { f.LastUsed = factors.SMS }), ProveSecond, "acr_values", "interaction_required", []string{factors.OTP}},
	{"deny: a factor is due and there is no room for one", person(shown(pwd(second)), always, nothing, full), Deny, "full", "access_denied", nil},
	{"an invitation finds no room", person(shown(pwd(second), otp(second)), invited, full), Deny, "full", "access_denied", nil},
	{"an invitation to what is not enabled, of who could show more", person(shown(pwd(second), otp(second)), owns(resistant), func(f *Facts) { f.Enroll = []string{factors.SMS} }), Deny, "not_enough", "access_denied", nil},
	{"no room is no trouble where nothing is missing", person(shown(pwd(second), otp(second)), always, full), Done, "satisfied", "", nil},
	{"deny: a first factor takes an invitation", person(shown(pwd(second)), always, nothing, invitedOnly), Deny, "uninvited", "access_denied", nil},
	{"enroll: with the invitation that it takes", person(shown(pwd(second)), always, nothing, invitedOnly, invited), Enroll, "invitation", "interaction_required", []string{factors.OTP}},
	{"who has a factor is asked for it as ever", person(shown(pwd(second)), always, invitedOnly), ProveSecond, "policy", "login_required", []string{factors.OTP, factors.RecoveryCode}},
	{"rules: scripts have still to run", person(shown(pwd(second)), func(f *Facts) { f.Ruling.Pending = true }), Rules, "rules", "", nil},
	{"redirect: a script sends the person elsewhere", person(shown(pwd(second)), func(f *Facts) { f.Ruling.Redirect = true }), Redirect, "redirect", "interaction_required", nil},
	{"deny: a command leaves nothing to show", person(shown(pwd(second)), challenge(factors.SMS)), Deny, "mfa_not_set_up", "access_denied", nil},
	{"prove-second: a script commands a proof", person(shown(pwd(second)), challenge(factors.OTP)), ProveSecond, "rule", "login_required", []string{factors.OTP}},
	{"enroll: a script commands a new authenticator", person(shown(pwd(second)), nothing, enrol(factors.OTP)), Enroll, "rule", "login_required", []string{factors.OTP}},
	{"deny: a row of a policy refuses", person(shown(pwd(second)), client(Document{Rows: []Row{abroad(Refuse)}})), Deny, "policy_denied", "access_denied", nil},
	{"deny: what looks strange, and no mailbox", person(shown(pwd(second)), nothing, adaptive("low")), Deny, "no_mailbox", "access_denied", nil},
	{"an essential acr that is met does not speak for the policy", person(shown(pwd(second)), always, needs(SingleFactor)), ProveSecond, "policy", "login_required", []string{factors.OTP, factors.RecoveryCode}},
	{"the first value that can be met is aimed at", person(shown(pwd(second)), asks(phr, MultiFactor)), ProveSecond, "acr_values", "interaction_required", []string{factors.OTP}},
}

func TestRows(t *testing.T) {
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			d := Decide(row.facts)
			if d.Need != row.need || d.Reason != row.reason || d.Error != row.oauth || !slices.Equal(d.Offers, row.offers) {
				t.Errorf("%s, %s, %q, offers %v\nwant %s, %s, %q, offers %v", d.Need, d.Reason, d.Error, d.Offers, row.need, row.reason, row.oauth, row.offers)
			}
		})
	}
}

// Every check decides some row: a check that is added without one fails here.
func TestEveryCheckHasARow(t *testing.T) {
	used := make([]bool, len(checks))
	for _, row := range rows {
		v := look(&row.facts)
		for i, c := range checks {
			if unmet, _, _ := c.unmet(v); unmet {
				used[i] = true
				break
			}
		}
	}
	for i, ok := range used {
		if !ok {
			t.Errorf("check %d (%s) decides no row of the test", i, checks[i].need)
		}
	}
}
