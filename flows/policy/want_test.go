package policy

import (
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/factors"
)

func organization(d Document) func(*Facts) { return func(f *Facts) { f.OrganizationPolicy = d } }
func client(d Document) func(*Facts)       { return func(f *Facts) { f.ClientPolicy = d } }
func tenant(d Document) func(*Facts)       { return func(f *Facts) { f.TenantPolicy = d } }
func at(s Scene) func(*Facts)              { return func(f *Facts) { f.Scene = s } }
func every(d time.Duration) *Duration      { age := Duration(d); return &age }

// abroad is a row for whoever is not in Germany.
func abroad(policy string) Row {
	return Row{Name: "abroad", When: When{Countries: Set{Not: true, Values: []string{"DE"}}}, Policy: policy}
}

// Which document decides, and what of the others still counts.
func TestScopes(t *testing.T) {
	once := shown(pwd(second))
	rows := Document{Rows: []Row{abroad(Always)}}
	decides(t, []sentence{
		{"the organization comes before the client", person(once, organization(Document{Policy: Always}), client(Document{Policy: Never})), verdict{ProveSecond, "policy", "login_required", "organization", both}},
		{"also where it asks for nothing", person(once, organization(Document{Policy: Never}), client(Document{Policy: Always})), satisfied("organization")},
		{"the client comes before the tenant", person(once, always, client(Document{Policy: Never})), satisfied("client")},
		{"a row that fits comes before the policy", person(once, client(Document{Policy: Never, Rows: rows.Rows}), at(Scene{Country: "FR"})), verdict{ProveSecond, "policy", "login_required", "client: abroad", both}},
		{"one that does not, does not", person(once, client(Document{Policy: Never, Rows: rows.Rows}), at(Scene{Country: "DE"})), satisfied("client")},
		{"a document without a row that fits says nothing", person(once, client(rows), at(Scene{Country: "DE"})), satisfied("tenant")},
		{"the first row that fits", person(once, tenant(Document{Rows: []Row{abroad(Never), {Name: "all", When: abroad("").When, Policy: Always}}}), at(Scene{Country: "FR"})), satisfied("tenant: abroad")},
		{"a country that nobody knows is not at home", person(once, client(Document{Policy: Never, Rows: rows.Rows})), verdict{ProveSecond, "policy", "login_required", "client: abroad", both}},
		{"nor abroad, for a row that asks for nothing", person(once, always, client(Document{Rows: []Row{abroad(Never)}})), verdict{ProveSecond, "policy", "login_required", "tenant", both}},
		{"deny", person(once, client(Document{Rows: []Row{abroad(Refuse)}}), at(Scene{Country: "FR"})), verdict{Deny, "policy_denied", "access_denied", "client: abroad", nil}},
		{"deny of who cannot be placed", person(once, client(Document{Rows: []Row{abroad(Refuse)}})), verdict{Deny, "policy_denied", "access_denied", "client: abroad", nil}},
		{"deny is for who showed a first factor", person(client(Document{Rows: []Row{abroad(Refuse)}})), verdict{ProveFirst, "no_proof", "login_required", "client: abroad", []string{factors.Password}}},
		{"deny is a policy: a script has the word before it", person(once, rule("none"), client(Document{Rows: []Row{abroad(Refuse)}})), satisfied("rule geo")},
		{"a row without a word that is known is strict", person(once, client(Document{Rows: []Row{abroad("")}})), verdict{ProveSecond, "policy", "login_required", "client: abroad", both}},
		{"nobody says anything: strict", person(once, tenant(Document{})), verdict{ProveSecond, "policy", "login_required", "tenant", both}},
		{"an adaptive row", person(once, adaptive("low"), client(Document{Policy: Never, Rows: []Row{abroad(Adaptive)}})), verdict{ProveSecond, "risk", "login_required", "client: abroad", both}},
	})
}

// Lists of factors: the nearest counts, in its order.
func TestLists(t *testing.T) {
	once, two := shown(pwd(second)), has(factors.SMS)
	sms := Document{Factors: []string{factors.SMS}}
	decides(t, []sentence{
		{"order", person(once, two, tenant(Document{Policy: Always, Factors: []string{factors.SMS, factors.OTP}})), verdict{ProveSecond, "policy", "login_required", "tenant", []string{factors.SMS, factors.OTP}}},
		{"what was used last comes first all the same", person(once, two, tenant(Document{Policy: Always, Factors: []string{factors.SMS, factors.OTP}}), func(f *Facts) { f.LastUsed = factors.OTP }), verdict{ProveSecond, "policy", "login_required", "tenant", []string{factors.OTP, factors.SMS}}},
		{"the client lists, the tenant decides", person(once, two, always, client(sms)), verdict{ProveSecond, "policy", "login_required", "tenant", []string{factors.SMS}}},
		{"the tenant lists, the client decides", person(once, two, client(Document{Policy: Always}), tenant(Document{Policy: Never, Factors: sms.Factors})), verdict{ProveSecond, "policy", "login_required", "client", []string{factors.SMS}}},
		{"a row's list comes before its document's", person(once, two, tenant(Document{Factors: []string{factors.OTP}, Rows: []Row{{Name: "abroad", When: abroad("").When, Policy: Always, Factors: sms.Factors}}})), verdict{ProveSecond, "policy", "login_required", "tenant: abroad", []string{factors.SMS}}},
		{"a proof of what is not listed does not count", person(shown(pwd(second), otp(second)), two, always, client(sms)), verdict{ProveSecond, "policy", "login_required", "tenant", []string{factors.SMS}}},
		{"who owns none of the list shows their own", person(once, enabled(factors.SMS), always, client(sms)), verdict{ProveSecond, "policy", "login_required", "tenant", []string{factors.OTP}}},
		{"and then adds one of the list", person(shown(pwd(second), otp(second)), enabled(factors.SMS), always, client(sms)), verdict{Enroll, "policy", "interaction_required", "tenant", []string{factors.SMS}}},
		{"a recovery code adds none", person(shown(pwd(second), rc(second)), enabled(factors.SMS), always, client(sms)), verdict{ProveSecond, "policy", "login_required", "tenant", []string{factors.OTP}}},
		{"a list that nobody here can meet", person(once, always, client(Document{Factors: []string{factors.Duo}})), verdict{Deny, "not_enough", "access_denied", "tenant", nil}},
		{"the first factor set up is one of the list", person(once, nothing, enabled(factors.SMS), always, client(sms)), verdict{Enroll, "policy", "interaction_required", "tenant", []string{factors.SMS}}},
		{"the floor is above the list", person(once, owns(resistant), always, client(Document{Factors: []string{factors.OTP}}), asks(phr)), verdict{ProveSecond, "acr_values", "interaction_required", "acr_values", []string{factors.Roaming}}},
		{"where the list can meet the floor, by that", person(once, two, always, client(sms), asks(MultiFactor)), verdict{ProveSecond, "acr_values", "interaction_required", "acr_values", []string{factors.SMS}}},
		{"a list without a policy narrows no floor", person(once, two, client(Document{Policy: Never, Factors: sms.Factors}), asks(MultiFactor)), verdict{ProveSecond, "acr_values", "interaction_required", "acr_values", []string{factors.SMS, factors.OTP}}},
	})
}

// What a script's provider means.
func TestProvider(t *testing.T) {
	once, many := shown(pwd(second)), has(factors.SMS, factors.Voice, factors.Duo)
	rule2 := func(want ...string) verdict { return verdict{ProveSecond, "rule", "login_required", "rule geo", want} }
	decides(t, []sentence{
		{"any: all that is enabled", person(once, many, rule("any")), rule2(factors.OTP, factors.SMS, factors.Voice, factors.Duo, factors.RecoveryCode)},
		{"a word that nobody knows: likewise", person(once, many, rule("sms")), rule2(factors.OTP, factors.SMS, factors.Voice, factors.Duo, factors.RecoveryCode)},
		{"duo: that alone", person(once, many, rule("duo")), rule2(factors.Duo)},
		{"duo: whatever is listed", person(once, many, rule("duo"), client(Document{Factors: []string{factors.SMS}})), rule2(factors.Duo)},
		{"duo: another proof does not count", person(shown(pwd(second), otp(second)), many, rule("duo")), rule2(factors.Duo)},
		{"guardian", person(once, many, mailbox, rule("guardian")), rule2(factors.OTP, factors.SMS, factors.RecoveryCode, factors.Email)},
		{"google-authenticator: no recovery code", person(once, many, mailbox, rule("google-authenticator")), rule2(factors.OTP, factors.SMS, factors.Email)},
		{"what a policy lists narrows any", person(once, many, rule("any"), client(Document{Factors: []string{factors.Voice, factors.SMS}})), rule2(factors.Voice, factors.SMS)},
		{"and guardian", person(once, many, rule("guardian"), client(Document{Factors: []string{factors.Voice, factors.SMS}})), rule2(factors.SMS)},
		{"to nothing, which is nobody's way in", person(once, many, rule("guardian"), client(Document{Factors: []string{factors.Voice}})), verdict{Deny, "not_enough", "access_denied", "rule geo", nil}},
		{"what was shown in the session stands where browsers may be remembered", person(shown(pwd(hour), otp(hour)), rule("any"), mayRemember), satisfied("rule geo")},
		{"and not where they may not", person(shown(pwd(hour), otp(hour)), rule("any")), verdict{ProveSecond, "rule", "login_required", "rule geo", both}},
		{"what was shown in this login always does", person(shown(pwd(second), otp(second)), rule("any")), satisfied("rule geo")},
		{"low, and nothing owned: the mailbox first", person(once, nothing, mailbox, adaptive("low"), rule("any")), verdict{ProveSecond, "risk", "login_required", "rule geo", []string{factors.Email}}},
	})
}

// How long a second factor stands.
func TestInterval(t *testing.T) {
	eight := tenant(Document{Policy: Always, Interval: every(8 * hour)})
	again := verdict{ProveSecond, "interval", "login_required", "tenant", both}
	decides(t, []sentence{
		{"a young proof", person(shown(pwd(9*hour), otp(7*hour)), eight), satisfied("tenant")},
		{"an old one", person(shown(pwd(time.Minute*2), otp(9*hour)), eight), again},
		{"none at all", person(shown(pwd(second)), eight), verdict{ProveSecond, "policy", "login_required", "tenant", both}},
		{"an old one still is what the acr is about", person(shown(pwd(9*hour), otp(9*hour)), asks(MultiFactor), tenant(Document{Policy: Never, Interval: every(8 * hour)})), satisfied("acr_values")},
		{"a proof of this login is never too old", person(shown(pwd(second), otp(second)), tenant(Document{Policy: Always, Interval: every(0)})), satisfied("tenant")},
		{"the nearest one", person(shown(pwd(9*hour), otp(7*hour)), eight, client(Document{Interval: every(hour)})), again},
		{"a row's", person(shown(pwd(9*hour), otp(9*hour)), tenant(Document{Interval: every(hour), Rows: []Row{{Name: "abroad", When: abroad("").When, Policy: Always, Interval: every(10 * hour)}}})), satisfied("tenant: abroad")},
		{"for a script's provider too", person(shown(pwd(9*hour), otp(9*hour)), eight, rule("any")), verdict{ProveSecond, "rule", "login_required", "rule geo", both}},
		{"no remembered browser stands in", person(shown(pwd(second)), eight, trusted), verdict{ProveSecond, "policy", "login_required", "tenant", both}},
		{"an old passkey", person(shown(func() factors.Proof { p := passkey(false); p.At = noon.Add(-9 * hour); return p }()), keyed, eight), verdict{ProveSecond, "interval", "login_required", "tenant", []string{factors.OTP, "webauthn", factors.RecoveryCode}}},
	})
}

// Low confidence of who owns no second factor (acceptance row 75).
func TestStrangeAndNothingOwned(t *testing.T) {
	low, mailed := adaptive("low"), shown(pwd(second), mail(second))
	weak := func(f *Facts) { f.WeakCounts = true }
	decides(t, []sentence{
		{"a proof by e-mail of before is none", person(shown(pwd(second), mail(hour)), nothing, mailbox, low), verdict{ProveSecond, "risk", "login_required", "tenant", []string{factors.Email}}},
		{"a recovery code is none", person(shown(pwd(second), rc(second)), mailbox, low, func(f *Facts) { f.OwnsSecond = false }), verdict{ProveSecond, "risk", "login_required", "tenant", []string{factors.Email}}},
		{"the mailbox is no second factor, also where weak ones count", person(mailed, nothing, mailbox, low, weak), verdict{Enroll, "risk", "interaction_required", "tenant", []string{factors.OTP}}},
		{"nothing can be set up: the mailbox was all", person(mailed, nothing, mailbox, low, invitedOnly), satisfied("tenant")},
		{"an asked acr does not go round it", person(shown(pwd(second)), nothing, mailbox, low, asks(MultiFactor)), verdict{ProveSecond, "risk", "login_required", "tenant", []string{factors.Email}}},
		{"nor an invitation", person(shown(pwd(second)), nothing, mailbox, low, invited), verdict{ProveSecond, "risk", "login_required", "tenant", []string{factors.Email}}},
		{"nor a list", person(shown(pwd(second)), nothing, mailbox, low, client(Document{Factors: []string{factors.OTP}})), verdict{ProveSecond, "risk", "login_required", "tenant", []string{factors.Email}}},
		{"nor grace", person(shown(pwd(second)), nothing, mailbox, low, func(f *Facts) { f.TenantPolicy.Grace, f.Skipped = &Grace{}, true }), verdict{ProveSecond, "risk", "login_required", "tenant", []string{factors.Email}}},
		{"behind the mailbox it may be put off", person(mailed, nothing, mailbox, low, func(f *Facts) { f.TenantPolicy.Grace, f.Skipped = &Grace{}, true }), verdict{Done, "grace", "", "tenant", nil}},
		{"the factor was set up", person(shown(pwd(second), mail(second), otp(second)), mailbox, low), satisfied("tenant")},
	})
}

// When a first factor may be put off.
func TestGrace(t *testing.T) {
	once := shown(pwd(second))
	for name, c := range map[string]struct {
		facts     Facts
		skippable bool
	}{
		"an offer":                        {person(once, always, nothing, grace(0, 0)), true},
		"an offer that was put off often": {person(once, always, nothing, grace(0, 0), putOff(400*24*hour, 99)), true},
		"asked for the first time":        {person(once, always, nothing, grace(hour, 3)), true},
		"within the time":                 {person(once, always, nothing, grace(2*hour, 0), putOff(hour, 9)), true},
		"at its end":                      {person(once, always, nothing, grace(hour, 0), putOff(hour, 0)), false},
		"the last sign-in":                {person(once, always, nothing, grace(0, 3), putOff(hour, 2)), true},
		"and one more":                    {person(once, always, nothing, grace(0, 3), putOff(hour, 3)), false},
		"sign-ins left, no time":          {person(once, always, nothing, grace(hour, 3), putOff(2*hour, 1)), false},
		"no grace":                        {person(once, always, nothing), false},
		"not for an asked acr":            {person(once, always, nothing, grace(0, 0), asks(MultiFactor)), false},
		"not for a script":                {person(once, always, nothing, grace(0, 0), rule("any")), false},
		"not for an invitation":           {person(once, always, nothing, grace(0, 0), invited), false},
		"not by another scope's":          {person(once, nothing, grace(0, 0), client(Document{Policy: Always})), false},
	} {
		t.Run(name, func(t *testing.T) {
			if d := Decide(c.facts); d.Need != Enroll || d.Skippable != c.skippable {
				t.Errorf("%s (%s), skippable %t", d.Need, d.Reason, d.Skippable)
			}
			c.facts.Skipped = true
			if d := Decide(c.facts); (d.Need == Done) != c.skippable || c.skippable && d.Reason != "grace" {
				t.Errorf("skipped: %s (%s)", d.Need, d.Reason)
			}
		})
	}
	for name, f := range map[string]Facts{
		"who owns a factor shows it":  person(once, always, grace(0, 0)),
		"so does who has a mailbox":   person(once, always, nothing, mailbox, grace(0, 0)),
		"a command is not put off":    person(once, always, nothing, grace(0, 0), enrol(factors.OTP)),
		"nor what cannot be set up":   person(once, always, nothing, grace(0, 0), full),
		"nor a first factor":          person(always, nothing, grace(0, 0)),
		"nor one of an account's own": person(once, always, grace(0, 0), func(f *Facts) { f.Factors = f.Factors[:2]; f.Factors[1].Enrolled = false }),
	} {
		f.Skipped = true
		if d := Decide(f); d.Need == Done || d.Skippable {
			t.Errorf("%s: %s (%s), skippable %t", name, d.Need, d.Reason, d.Skippable)
		}
	}
}

func grace(d time.Duration, signIns int) func(*Facts) {
	return func(f *Facts) { f.TenantPolicy.Grace = &Grace{For: Duration(d), SignIns: signIns} }
}

func putOff(ago time.Duration, times int) func(*Facts) {
	return func(f *Facts) { f.GraceSince, f.GraceUsed = noon.Add(-ago), times }
}

// What the page may promise: that this browser is not asked the next time.
func TestRememberable(t *testing.T) {
	once := shown(pwd(second))
	for name, c := range map[string]struct {
		facts Facts
		want  bool
	}{
		"the policy":           {person(once, always), true},
		"a script that may":    {person(once, rule("any"), mayRemember), true},
		"a script":             {person(once, rule("any")), false},
		"a command":            {person(once, mayRemember, challenge(factors.OTP)), false},
		"risk":                 {person(once, adaptive("low")), false},
		"risk beside a script": {person(once, adaptive("low"), rule("any"), mayRemember), false},
		"an interval":          {person(once, tenant(Document{Policy: Always, Interval: every(hour)})), false},
		"acr_values":           {person(once, always, asks(MultiFactor)), false},
		"an invitation":        {person(once, always, invited), false},
		"nothing":              {person(once), false},
		"done":                 {person(shown(pwd(second), otp(second)), always), false},
	} {
		if d := Decide(c.facts); d.Rememberable != c.want {
			t.Errorf("%s: %t (%s, %s)", name, d.Rememberable, d.Need, d.Reason)
		}
	}
}
