package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/sallyport-id/sallyport/cmd/sallyport/demo"
	"github.com/sallyport-id/sallyport/factors/standin"
	"github.com/sallyport-id/sallyport/flows/policy"
)

var codeInMessage = regexp.MustCompile(`\b\d(?:\.?\d){5}\b`)

// received waits for the newest message of a kind and returns its code. Codes of calls
// are read digit by digit.
func (v *visitor) received(subject string, after int) string {
	v.t.Helper()
	var code string
	v.p.await("a message: "+subject, func() bool {
		var all []struct{ Subject, Text string }
		get(v.t, v.p.ready.Inbox, &all)
		if len(all) <= after || !strings.Contains(all[0].Subject, subject) {
			return false
		}
		code = strings.ReplaceAll(codeInMessage.FindString(all[0].Text), ".", "")
		return code != ""
	})
	return code
}

func (v *visitor) messages() int {
	v.t.Helper()
	var all []struct{ Subject string }
	get(v.t, v.p.ready.Inbox, &all)
	return len(all)
}

// signs opens one of the demo's clients and gives name and password.
func (v *visitor) signs(client, name string) *visitor {
	v.t.Helper()
	v.forget()
	v.open(v.p.ready.App + "signin/" + client)
	for _, u := range v.p.ready.Users {
		if u.Username == name {
			v.password(name, u.Password)
		}
	}
	return v
}

// bring adds a person to the running demo.
func (p *process) bring(u demo.User) {
	p.t.Helper()
	file := filepath.Join(p.t.TempDir(), "people.jsonl")
	line := fmt.Sprintf(`{"username":%q,"email":%q,"password_hash":%q}`+"\n", u.Username, u.Username+"@demo.example", crashHash)
	if err := os.WriteFile(file, []byte(line), 0o600); err != nil {
		p.t.Fatal(err)
	}
	p.run("user", "import", file)
	p.ready.Users = append(p.ready.Users, u)
}

// paired is a phone that the picture on v's page sets up.
func (v *visitor) paired() *standin.Phone {
	v.t.Helper()
	phone, err := standin.NewPhone("A phone")
	if err != nil {
		v.t.Fatal(err)
	}
	base, ticket, err := standin.Scan(v.attribute("#open-page", "href"))
	if err == nil {
		err = phone.Enroll(v.t.Context(), base, ticket)
	}
	if err != nil {
		v.t.Fatal(err)
	}
	return phone
}

// approves answers what the phone is asked, with the number on v's page where there is
// one.
func (v *visitor) approves(phone *standin.Phone) {
	v.t.Helper()
	v.says("#title", "Answer on your phone")
	number := ""
	if v.has("#number") {
		number, _ = v.text("#number")
	}
	v.leave("approve on the phone", func() {
		q, err := phone.Ask(v.t.Context())
		if err == nil {
			err = phone.Approve(v.t.Context(), q, number)
		}
		if err != nil {
			v.t.Fatal(err)
		}
	})
}

// TestAMR07_PlainApproval: where the operator leaves the number out, a yes on the phone
// is worth the same; it is off by default.
func TestAMR07_PlainApproval(t *testing.T) {
	p := startDev(t, "--set", "factors.push.number_matching=off")
	v := &visitor{tab: openChromium(t, true), p: p, scripts: true}
	v.signs("mfa", "ada").click("#other").click(`button[value="push"]`).says("#title", "Set up your phone")
	phone := v.paired()
	v.see("#codes").tick("#saved").click("#continue").amr("mca", "mfa", "pwd", "swk")
	v.signs("mfa", "ada").says("main", "say that it’s you")
	if v.has("#number") {
		t.Error("a number is shown")
	}
	v.approves(phone)
	v.amr("mca", "mfa", "pwd", "swk")
}

// TestAMR signs in every way there is, in a real browser, and looks at what the tokens
// say: exactly what was shown. AMR-13 (federation) has nothing to sign in with here.
func TestAMR(t *testing.T) {
	p := startDev(t)
	p.bring(demo.User{Username: "berta", Password: crashPassword})
	p.bring(demo.User{Username: "dora", Password: crashPassword})
	v := &visitor{tab: openChromium(t, true), p: p, scripts: true}
	run := func(name string, step func(v *visitor)) {
		t.Run(name, func(t *testing.T) {
			tab := *v.tab
			tab.t = t
			one := *v
			one.tab = &tab
			step(&one)
			v.codes, v.phone = one.codes, one.phone
		})
	}
	grace := &phone{t: t, secret: *p.ready.Users[enrolled].TOTPSecret}
	run("AMR-01 password", func(v *visitor) {
		v.signs("confidential", "ada").amr("pwd")
		v.claim("acr", policy.SingleFactor)
	})
	run("AMR-02 one-time password", func(v *visitor) {
		v.signs("mfa", "grace").code(grace.code())
		v.amr("mfa", "otp", "pwd")
	})
	run("AMR-14 after a refresh", func(v *visitor) {
		v.click("#refresh").amr("mfa", "otp", "pwd")
	})
	run("AMR-15 silently, for another application", func(v *visitor) {
		v.open(v.p.ready.App + "signin/public")
		v.amr("mfa", "otp", "pwd")
	})
	run("AMR-16 after a step-up", func(v *visitor) {
		v.signs("confidential", "grace").amr("pwd")
		v.click("#sensitive")
		v.code(grace.code())
		v.says("body", "The money is on its way.")
		v.amr("mfa", "otp", "pwd")
	})
	run("AMR-12 in a remembered browser", func(v *visitor) {
		v.signs("mfa", "grace").see("#remember").tick("#remember")
		v.code(grace.code())
		v.amr("mfa", "otp", "pwd")
		v.signOut()
		v.open(v.p.ready.App + "signin/mfa")
		v.password("grace", v.p.ready.Users[enrolled].Password)
		v.amr("pwd", "rmb")
		v.claim("acr", policy.SingleFactor)
	})
	run("AMR-03 text message", func(v *visitor) {
		v.signs("mfa", "alan").click("#other").click(`button[value="sms"]`).says("#title", "Add your phone number")
		v.fill("#phone_number", "12").click("#continue").says("#notice", "not a phone number")
		v.clear("#phone_number").fill("#phone_number", "+49 151 23456789")
		before := v.messages()
		v.click("#continue").says("#title", "Enter your code")
		v.code(v.received("Text message", before))
		v.see("#codes")
		v.codes = strings.Fields(v.attribute("#codes", "data-text"))
		v.tick("#saved").click("#continue").amr("mfa", "pwd", "sms")
	})
	run("AMR-04 telephone call", func(v *visitor) {
		v.signs("mfa", "alan").says("#title", "Enter your code")
		before := v.messages()
		v.click(`button[value^="voice"]`).says("main", "We are calling")
		v.code(v.received("Phone call", before))
		v.amr("mfa", "pwd", "tel")
	})
	run("AMR-05 e-mail", func(v *visitor) {
		v.signs("mfa", "alan").click("#other")
		before := v.messages()
		v.click(`button[value="email"]`).says("main", "We sent an e-mail")
		v.code(v.received("is your code", before))
		v.amr("email", "pwd")
		v.claim("acr", policy.SingleFactor)
	})
	run("AMR-10 recovery code", func(v *visitor) {
		v.signs("mfa", "alan").click("#other").click(`button[value="recovery-code"]`)
		v.fill("#code", v.codes[0]).click("#continue")
		v.amr("pwd", "rc")
		v.claim("acr", policy.SingleFactor)
	})
	run("AMR-11 Duo, by push", func(v *visitor) {
		v.signs("duo", "ada").says("#title", "Continue with Duo").click("#continue")
		v.says("#title", "stand-in").click(`button[value="duo_push"]`).amr("mca", "mfa", "pwd", "swk")
	})
	run("AMR-17 Duo, by what nobody knows", func(v *visitor) {
		v.signs("duo", "ada").click("#continue").says("#title", "stand-in").click("#deny")
		v.says("#notice", "not let through").click("#continue").click(`button[value="bypass_code"]`)
		v.amr("pwd")
		v.claim("acr", policy.SingleFactor)
	})
	run("AMR-06 a question on the phone, with a number", func(v *visitor) {
		v.signs("mfa", "dora").click("#other").click(`button[value="push"]`).says("#title", "Set up your phone")
		phone := v.paired()
		v.see("#codes").tick("#saved").click("#continue").amr("mca", "mfa", "pwd", "swk")
		v.signs("mfa", "dora")
		v.approves(phone)
		v.amr("mca", "mfa", "pwd", "swk")
		v.claim("acr", policy.MultiFactor)
	})
	run("AMR-09 a key that was touched", func(v *visitor) {
		_, unplug := v.plug(key(false))
		defer unplug()
		v.signs("mfa", "berta").says("#title", "Add a security key").click("#continue")
		v.see("#codes").tick("#saved").click("#continue")
		v.amr("mfa", "pop", "pwd", "user")
		v.signs("mfa", "berta").says("#title", "Use your security key").click("#continue").amr("mfa", "pop", "pwd", "user")
	})
	run("AMR-08 a passkey, and nothing else", func(v *visitor) {
		_, unplug := v.plug(lock(true))
		defer unplug()
		v.signs("mfa", "grace").code(grace.code())
		v.says("#title", "Sign in faster on this device").click("#continue")
		v.see("#codes").tick("#saved").click("#continue")
		v.amr("mfa", "otp", "pwd", "swk", "user")
		v.forget()
		v.open(v.p.ready.App + "signin/mfa") // the browser offers the one name it knows
		v.amr("mfa", "swk", "user")
	})
}

// clear empties a field.
func (b *tab) clear(selector string) *tab {
	b.t.Helper()
	b.do("clear "+selector, chromedp.Clear(chromedp.CSS(selector)))
	return b
}
