package themes

import "time"

func accountPreviews(now time.Time) (list []Preview) {
	f := demo().ending()
	f.Client, f.Account = Client{Name: "Acme"}, "ada@acme.example"
	day := 24 * time.Hour
	phone := Holding{ID: "aut_3", Factor: "sms", Label: "•••• 42", Added: now.Add(-200 * day), Used: now.Add(-3 * time.Hour)}
	call := Holding{ID: "aut_4", Factor: "voice", Label: "•••• 42", Added: now.Add(-200 * day)}
	key := Holding{ID: "aut_1", Factor: "webauthn-roaming", Label: "Blue key", Added: now.Add(-90 * day), Used: now.Add(-2 * day), CanRename: true}
	here := Spot{ID: "ses_1", Browser: "Firefox", System: "Linux", Place: "Berlin, Germany", Address: "203.0.113.7", Since: now.Add(-day), Seen: now, This: true}
	there := Spot{ID: "ses_2", Browser: "Safari", System: "iOS", Address: "2001:db8:85a3:8d3:1319:8a2e:370:7348", Since: now.Add(-9 * day), Seen: now.Add(-5 * day)}
	full := Account{
		Frame: f, Home: "/account", Password: now.Add(-40 * day), CanAdd: true,
		Keys: []Holding{{ID: "aut_0", Factor: "webauthn-platform", Label: "Ada’s laptop with a rather long name to be kept", Added: now.Add(-time.Hour), CanRename: true}, key},
		Seconds: []Holding{
			{ID: "aut_2", Factor: "otp", Added: now.Add(-300 * day), Used: now.Add(-30 * time.Second), CanRename: true}, phone, call,
			{ID: "aut_5", Factor: "email", Label: "a•••@acme.example", Automatic: true, Added: now},
			{ID: "aut_6", Factor: "push", Label: "Ada’s phone", Locked: true, CanRename: true, Added: now},
			{ID: "aut_7", Factor: "duo", Dormant: true, Added: now},
		},
		Codes:    Codes{CanRenew: true, Have: true, Left: 7, Made: now.Add(-2 * day)},
		Sessions: []Spot{here, there, {ID: "ses_3", Seen: now.Add(-time.Hour)}},
		Browsers: []Spot{here, there},
		Apps:     []Granted{{ID: "notes", Name: "Acme Notes", Scopes: []Scope{{Value: "profile", Known: true}, {Value: "read", Description: "Read your notes"}}, Since: now.Add(-60 * day)}},
	}
	for i, id := range DeedIDs() {
		full.Activity = append(full.Activity, Deed{ID: id, At: now.Add(-time.Duration(i*i) * time.Hour), Place: "Berlin, Germany", Address: "203.0.113.7", Admin: i%7 == 6})
	}
	full.Activity[1].Factor = "otp"
	add(&list, "full", full)
	changed := full
	changed.Frame = f.with(&Notice{Kind: "good", ID: "account.done.removed"})
	changed.Seconds = []Holding{{ID: "aut_5", Factor: "email", Label: "a•••@acme.example", Automatic: true, Off: true, Added: now}}
	changed.Codes = Codes{CanRenew: true}
	add(&list, "changed", changed)
	add(&list, "bare", Account{
		Frame: f, Home: "/account", Password: now.Add(-40 * day), CanAdd: true, Sessions: []Spot{here},
		Activity: []Deed{{ID: "deed.login.done", At: now}},
	})
	add(&list, "remove", AccountAct{Frame: f, Home: "/account", Act: "remove", Holding: &phone, With: []Holding{call}})
	for _, why := range []string{"account.kept.last_second", "account.kept.last_way"} {
		add(&list, why, AccountAct{Frame: f, Home: "/account", Act: "remove", Holding: &key, Kept: why})
	}
	mailbox := full.Seconds[3]
	add(&list, "disable", AccountAct{Frame: f, Home: "/account", Act: "disable", Holding: &mailbox})
	add(&list, "enable", AccountAct{Frame: f, Home: "/account", Act: "enable", Holding: &mailbox})
	add(&list, "end", AccountAct{Frame: f, Home: "/account", Act: "end", Spot: &there})
	add(&list, "end_others", AccountAct{Frame: f, Home: "/account", Act: "end-others"})
	add(&list, "forget", AccountAct{Frame: f, Home: "/account", Act: "forget", Spot: &here})
	add(&list, "forget_all", AccountAct{Frame: f, Home: "/account", Act: "forget-all"})
	add(&list, "revoke", AccountAct{Frame: f, Home: "/account", Act: "revoke", App: "Acme Notes"})
	add(&list, "name", AccountName{Frame: f, Home: "/account", Holding: key, Value: key.Label, Max: 50})
	short := wrong("account.name", "name")
	short.Data = map[string]any{"Min": 2, "Max": 50}
	add(&list, "refused", AccountName{Frame: f.with(short), Home: "/account", Holding: key, Value: "x", Max: 50})
	sign := demo()
	add(&list, "again", RenewCodes{Frame: sign, Left: true})
	add(&list, "first", RenewCodes{Frame: sign})
	return list
}
