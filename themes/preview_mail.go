package themes

import "time"

// mailPreviews are all mails in all their kinds.
func mailPreviews(now time.Time) []Mail {
	f := demo()
	ada := Person{Email: "ada@acme.example", Username: "ada", Name: "Ada Lovelace", GivenName: "Ada", FamilyName: "Lovelace", Nickname: "ada", EmailVerified: true}
	list := []Mail{
		ResetMail{Frame: f, Name: "Ada Lovelace", To: ada, Link: "https://id.acme.example/reset/5f0c", ExpiresIn: 30 * time.Minute},
		VerifyMail{Frame: f, Name: "Ada Lovelace", To: ada, Link: "https://id.acme.example/verify/5f0c", ExpiresIn: 5 * 24 * time.Hour},
		InviteMail{Frame: f, Name: "Ada Lovelace", To: ada, Link: "https://id.acme.example/enroll/5f0c", ExpiresIn: 5 * 24 * time.Hour},
		JoinMail{Frame: f, To: Person{Email: "ada@acme.example"}, Inviter: "Grace Hopper", Organization: "Acme Corporation", Name: "acme", Link: "https://id.acme.example/invited/org_1/5f0c", ExpiresIn: 7 * 24 * time.Hour},
		CodeMail{Frame: f, Name: "Ada Lovelace", To: ada, Code: "314159", App: "Acme Notes", ExpiresIn: 5 * time.Minute},
		ResetMail{Frame: Frame{}, Link: "https://id.acme.example/reset/5f0c", ExpiresIn: time.Hour},
	}
	for _, kind := range MailKinds() {
		m := NoticeMail{Frame: f, Kind: kind, Name: "Ada Lovelace", To: ada, At: now, Address: "203.0.113.7"}
		switch kind {
		case "authenticator_added", "authenticator_removed", "authenticator_renamed":
			m.Factor = "otp"
		case "sign_in_reported", "sign_in_unapproved":
			m.Factor = "push"
		case "recovery_code_used":
			m.Left = 7
		}
		list = append(list, m)
	}
	return list
}
