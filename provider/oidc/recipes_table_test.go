package oidc_test

import "time"

// recipes says what each does, by auth0-mfa.md §2.6.
func recipes() map[string][]situation {
	const (
		asked, denied = "otp, in", "deny: Nobody travels that fast."
		lacking       = "deny: The organization asks for another factor."
	)
	stays := func(_ *kitchen, b *browser) *browser { return b }
	farAway := func(_ *kitchen, b *browser) *browser { return b.at(australia) }
	another := func(k *kitchen) string {
		b := k.browserAt(germany)
		b.agent("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
		return k.course(b, "grace", "web")
	}
	updated := func(_ *kitchen, b *browser) *browser {
		b.agent("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Firefox/140.0")
		return b
	}
	return map[string][]situation{
		"01-applications": {
			same("payroll", as("grace", "payroll"), asked), same("another application", as("grace", "web"), "in"),
		},
		"02-opt-in": {
			same("who wants it", person("grace", `{"use_mfa":true}`, "", as("grace", "web")), asked),
			same("who does not", person("grace", `{"use_mfa":false}`, "", as("grace", "web")), "in"),
			same("who says nothing", as("grace", "web"), "in"),
		},
		"03-network": {
			same("in the network", as("grace", "web"), "in"), same("outside", from("127.49.1.1", "grace"), asked),
		},
		"04-continent": {
			same("in Europe", as("grace", "web"), "in"), same("in France too", from(france, "grace"), "in"),
			same("in America", from(america, "grace"), asked), same("where no place is known", from(nowhere, "grace"), asked),
		},
		"05-country-changed": {
			same("the first time", as("grace", "web"), asked),
			same("there again", placed(germany, from(germany, "grace")), "in"), same("abroad", placed(germany, from(france, "grace")), asked),
			same("abroad, after a try that failed", placed(germany, failing(france, from(france, "grace"))), asked),
		},
		"06-device-changed": {
			same("the same device", twice("grace", false, time.Hour, "web"), "otp, in; in"),
			same("another one", placed(germany, another), asked),
		},
		"07-office-hours": {
			same("a working day", clock(time.Wednesday, 0), "in"), same("in the evening", clock(time.Wednesday, 7*time.Hour), asked),
			same("before work", clock(time.Wednesday, 18*time.Hour), asked), same("at the weekend", clock(time.Saturday, 0), asked),
		},
		"08-groups": {
			same("who is in a listed one", member("admin", as("grace", "web")), asked), same("who is in another", member("editor", as("grace", "web")), "in"),
			same("who is in none", as("grace", "web"), "in"),
		},
		"09-connection": {
			same("another register", as("grace", "web"), asked), same("the corporate register", corporate(as("grace", "web")), "in"),
		},
		"10-scope": {
			same("reading", as("grace", "web", "audience", bank, "scope", "openid read"), "in"),
			same("transferring", as("grace", "web", "audience", bank, "scope", "openid transfer:funds"), asked),
		},
		"11-acr": {
			same("asked for", as("grace", "web", "acr_values", multi), asked), same("not asked for", as("grace", "web"), "in"),
			same("another one asked for", as("grace", "web", "acr_values", single), "in"),
			same("asked for again in the session", again("grace", "acr_values", multi), "otp, in; in"),
		},
		"12-once-per-session": {
			same("again in the session", twice("grace", true, 9*time.Hour, "web"), "otp, in; in"),
			same("in another session", twice("grace", false, time.Minute, "web"), "otp, in; otp, in"),
			same("silently", again("grace", "prompt", "none"), "otp, in; in"),
		},
		"13-not-on-refresh": {
			same("a sign-in", as("grace", "web"), asked), same("a refresh of one with a password alone", refreshes, "refreshed"),
		},
		"14-confidence": {
			same("at home", known("grace", stays), "in"), same("far away", known("grace", farAway), asked),
			same("medium", known("grace", updated), asked),
			same("far away without a factor", known("ada", farAway), "in"),
		},
		"15-impossible-travel": {
			same("at home", known("grace", stays), "in"), same("in Sydney an hour later", known("grace", farAway), denied),
			same("in Sydney three days later", known("grace", func(k *kitchen, b *browser) *browser { k.wait(72 * time.Hour); return b.at(australia) }), "in"),
		},
		"16-enrollment": {
			same("without a factor", as("ada", "web"), "set up otp, in"), same("with one", as("grace", "web"), "in"),
			same("without one, and then with it", twice("ada", false, time.Hour, "web"), "set up otp, in; in"),
		},
		"17-passkey": {
			same("a passkey", withPasskey, "in"), same("a password", as("grace", "web"), asked),
		},
		"18-organization-factors": {
			{"one of its factors", within("guardian", "otp,phone", "grace"), asked, asked}, {"the first of its factors", within("guardian,duo", "phone,otp", "linus"), asked, "sms, in"},
			same("none of its factors", within("duo", "webauthn-roaming", "grace"), lacking), same("no factor at all", within("guardian", "otp,phone", "ada"), lacking),
			same("no list", within("", "", "grace"), "in"), same("no organization", as("ada", "web"), "in"),
		},
		"19-role-second-factor": {
			{"an administrator", member("admin", as("linus", "web")), asked, "otp, sms, in"}, same("somebody else", as("linus", "web"), asked),
			{"an administrator without a phone", member("admin", as("grace", "web")), asked, "otp, mfa_not_set_up"},
			{"a browser that may be remembered", remembers("grace"), "in", "not offered"}, same("an administrator's may not", member("admin", remembers("grace")), "not offered"),
		},
		"20-sequence": {
			{"after a code by phone", follows("sms"), "sms, in; sms, in", "sms, otp, in"}, {"after one of an app", follows("otp"), "otp, in; in", "otp, in"},
		},
		"21-two-factors": {
			{"an administrator with one", member("admin", as("grace", "web")), "deny: An administrator needs two factors; enrol another one.", "otp, set up sms, in"},
			{"an administrator with two", member("admin", both("linus")), asked, "otp, sms, in"}, same("somebody else", as("grace", "web"), "in"),
			{"an administrator with none", member("admin", as("ada", "web")), "set up otp, in", "set up otp, set up sms, in"},
		},
		"22-external": {
			same("given there", site(true, secretOfSite), "away, in"), same("not given there", site(false, secretOfSite), "away, deny: The second factor was not given."),
			{"an answer of somebody else", site(true, "guessed"), "away, deny: The second factor was not given.", "away, fault"},
			{"again in the session", twiceViaSite, "away, in; away, in", "away, in; in"},
			{"silently", silently, "error: interaction_required", "deny: This sign-in needs a browser."},
		},
		"23-signals": {
			same("a good address", as("grace", "web"), "in"), {"an address on a list", from(listed, "grace"), asked, "in"},
			{"a doubtful score", from("127.49.0.50", "grace"), "in", asked}, {"a bad score", from("127.49.0.99", "grace"), "in", "deny: The address is not trusted."},
			{"the site is out of order", from("127.49.0.200", "grace"), "in", "deny: The address is not trusted."},
			{"no network", corporate(as("grace", "web")), "in", "fault"},
		},
		"24-interval": {
			same("within eight hours", corporate(twice("grace", true, 7*time.Hour, "payroll")), "otp, in; in"),
			same("after eight hours", corporate(twice("grace", true, 9*time.Hour, "payroll")), "otp, in; otp, in"),
			same("in another session", corporate(twice("grace", false, time.Hour, "web")), "otp, in; otp, in"),
			same("an exempt application", corporate(as("grace", "kiosk")), "in"),
			same("who is exempt", corporate(person("grace", "", `{"use_mfa":false}`, as("grace", "web"))), "in"),
			same("another register", as("grace", "web"), "in"),
		},
	}
}
