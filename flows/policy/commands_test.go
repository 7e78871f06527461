package policy

import (
	"testing"

	"github.com/sallyport-id/sallyport/factors"
)

// What scripts command (auth0-mfa.md §2.5).
func TestCommands(t *testing.T) {
	once, twice := shown(pwd(second)), shown(pwd(second), otp(second))
	show := func(names ...string) verdict {
		return verdict{ProveSecond, "rule", "login_required", "rule geo", names}
	}
	add := func(names ...string) verdict {
		return verdict{Enroll, "rule", "login_required", "rule geo", names}
	}
	ends := func(reason string) verdict { return verdict{Deny, reason, "access_denied", "rule geo", nil} }
	decides(t, []sentence{
		{"challenge: in the command's order", person(once, has(factors.SMS), challenge(factors.SMS, factors.OTP)), show(factors.SMS, factors.OTP)},
		{"challenge: what was used last changes nothing", person(once, has(factors.SMS), challenge(factors.SMS, factors.OTP), func(f *Facts) { f.LastUsed = factors.OTP }), show(factors.SMS, factors.OTP)},
		{"challenge: whatever a policy lists", person(once, has(factors.SMS), challenge(factors.SMS), client(Document{Factors: []string{factors.OTP}})), show(factors.SMS)},
		{"challenge: what is not set up or not enabled is passed over", person(once, enabled(factors.SMS), challenge(factors.SMS, factors.Push, factors.OTP)), show(factors.OTP)},
		{"challenge: none is left", person(once, enabled(factors.SMS), challenge(factors.SMS, factors.Push)), ends("mfa_not_set_up")},
		{"challenge: a password is no second factor", person(once, challenge(factors.Password, factors.OTP)), satisfied("rule geo")},
		{"challenge: a weak one, where the script says so", person(once, mailbox, challenge(factors.Email)), show(factors.Email)},
		{"challenge: met in this login", person(twice, challenge(factors.OTP)), satisfied("rule geo")},
		{"challenge: not by the session", person(shown(pwd(hour), otp(hour)), challenge(factors.OTP)), show(factors.OTP)},
		{"challenge: any is met by one of them", person(twice, has(factors.SMS), challenge(factors.SMS, factors.OTP)), satisfied("rule geo")},
		{"challenge: one after the other", person(twice, has(factors.SMS), challenge(factors.OTP), challenge(factors.SMS)), show(factors.SMS)},
		{"challenge: what was done counts for whoever asks again", person(twice, challenge(factors.OTP), challenge(factors.OTP)), satisfied("rule geo")},
		{"challenge: the second one has nothing left", person(twice, challenge(factors.OTP), challenge(factors.SMS)), ends("mfa_not_set_up")},
		{"challenge: on a session", person(shown(pwd(hour)), fresh, challenge(factors.OTP)), show(factors.OTP)},
		{"enroll: the first factor", person(once, nothing, enabled(factors.SMS), enrol(factors.SMS, factors.OTP)), add(factors.SMS, factors.OTP)},
		{"enroll: on an old first proof", person(shown(pwd(hour)), fresh, nothing, enrol(factors.OTP)), verdict{ProveFirst, "enrollment", "interaction_required", "rule geo", []string{factors.Password}}},
		{"enroll: what the account has is passed over", person(twice, enabled(factors.SMS), enrol(factors.OTP, factors.SMS)), add(factors.SMS)},
		{"enroll: none is left", person(twice, enrol(factors.OTP)), ends("mfa_not_set_up")},
		{"enroll: nothing that is dependent", person(once, nothing, enrol(factors.RecoveryCode)), ends("mfa_not_set_up")},
		{"enroll: the account's own comes first", person(once, enabled(factors.SMS), enrol(factors.SMS)), ends("enroll_needs_challenge")},
		{"enroll: and a recovery code is not enough", person(shown(pwd(second), rc(second)), enabled(factors.SMS), enrol(factors.SMS)), ends("enroll_needs_challenge")},
		{"enroll: behind a challenge", person(once, enabled(factors.SMS), challenge(factors.OTP), enrol(factors.SMS)), show(factors.OTP)},
		{"enroll: which is met", person(twice, enabled(factors.SMS), challenge(factors.OTP), enrol(factors.SMS)), add(factors.SMS)},
		{"enroll: met", person(twice, enrol(factors.OTP), since(factors.OTP)), satisfied("rule geo")},
		{"enroll: two want two", person(twice, enabled(factors.SMS), enrol(factors.OTP, factors.SMS), enrol(factors.OTP, factors.SMS), since(factors.OTP)), add(factors.SMS)},
		{"enroll: two, and one factor to set up", person(twice, enrol(factors.OTP), enrol(factors.OTP), since(factors.OTP)), ends("mfa_not_set_up")},
		{"enroll: no room", person(once, nothing, full, enrol(factors.OTP)), ends("full")},
		{"enroll: not without an invitation, where one is needed", person(once, nothing, invitedOnly, enrol(factors.OTP)), ends("uninvited")},
		{"scripts that have still to run come before", person(once, challenge(factors.OTP), func(f *Facts) { f.Ruling.Pending = true }), verdict{Rules, "rules", "", "rule geo", nil}},
		{"a row that refuses is not asked", person(once, challenge(factors.OTP), client(Document{Rows: []Row{abroad(Refuse)}})), show(factors.OTP)},
		{"an acr beyond reach is refused behind them", person(twice, challenge(factors.OTP), needs(phr)), verdict{Deny, "essential_acr", "unmet_authentication_requirements", "rule geo", nil}},
	})
}

// Each command names its script, and whether the person chooses.
func TestCommandNames(t *testing.T) {
	f := person(shown(pwd(second)), has(factors.SMS), enabled(factors.Push))
	f.Ruling.Commands = []Command{
		{Script: "one", Factors: []string{factors.OTP}},
		{Script: "two", Factors: []string{factors.SMS, factors.RecoveryCode}, Picker: true},
		{Script: "three", Factors: []string{factors.Push, factors.OTP}, Enroll: true, Picker: true},
	}
	for _, want := range []struct {
		source string
		picker bool
		offers int
		done   func()
	}{
		{"rule one", false, 1, func() { shown(otp(second))(&f) }},
		{"rule two", true, 2, func() { shown(rc(second))(&f) }},
		{"rule three", false, 1, func() { since(factors.Push)(&f) }},
	} {
		if d := Decide(f); d.Source != want.source || d.Picker != want.picker || len(d.Offers) != want.offers || !Commanded(f) {
			t.Errorf("%q, picker %t, offers %q; want %q, %t, %d", d.Source, d.Picker, d.Offers, want.source, want.picker, want.offers)
		}
		want.done()
	}
	if d := Decide(f); d.Need != Done || Commanded(f) {
		t.Errorf("%s (%s), commanded %t", d.Need, d.Reason, Commanded(f))
	}
}
