package main

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/sallyport-id/sallyport/flows/policy"
)

// TestChromium lives through the first weeks of a person with a real browser, once
// with scripts and once without.
func TestChromium(t *testing.T) {
	for _, mode := range []struct {
		name    string
		scripts bool
	}{{"scripts", true}, {"no scripts", false}} {
		t.Run(mode.name, func(t *testing.T) {
			p := startDev(t)
			v := &visitor{tab: openChromium(t, mode.scripts), p: p, scripts: mode.scripts}
			v.firstSignIn()
			v.signInWithCode()
			v.silentSignIn()
			v.signOutAtTheProvider()
			v.stepUp()
			v.consent()
			v.recoveryCode()
			v.forgottenPassword()
			v.wrongCodes()
		})
	}
}

// A visitor is ada at the demo application, in front of a browser.
type visitor struct {
	*tab
	p       *process
	scripts bool
	phone   *phone
	codes   []string
}

func (v *visitor) password(name, password string) {
	v.t.Helper()
	v.see("#continue").fill("#username", name).fill("#password", password).click("#continue")
}

func (v *visitor) ada() { v.t.Helper(); v.password("ada", v.p.ready.Users[fresh].Password) }

// code types a code; a page with scripts sends it by itself.
func (v *visitor) code(code string) {
	v.t.Helper()
	v.see("#code").leave("the code", func() {
		v.fill("#code", code)
		if !v.scripts || v.has("#remember") {
			v.tick("#continue")
		}
	})
}

// claim waits for the application's page to show a claim.
func (v *visitor) claim(name, want string) {
	v.t.Helper()
	v.see("#claim-"+name).says("#claim-"+name, want)
}

func (v *visitor) signOut() {
	v.t.Helper()
	v.open(v.p.ready.App).click("#signout").see("body")
	v.says("body", "igned out")
}

func (v *visitor) firstSignIn() {
	v.open(v.p.ready.App).see("#signin-mfa").click("#signin-mfa")
	v.see("#continue").fill("#username", "ada").fill("#password", "not the password").click("#continue")
	v.see("#notice").says("#notice", "Wrong e-mail or password")
	v.do("clear", chromedp.Clear(chromedp.CSS("#username")))
	v.ada()
	v.see("#other").click("#other").says("#title", "Protect your account").click(`button[value="otp"]`)
	v.see("#qr")
	v.phone = &phone{t: v.t, secret: strings.ReplaceAll(v.attribute("#key", "data-text"), " ", ""),
		last: time.Now().Unix()/30 - 1} // the first code has to be known still when it is tried again
	v.code(v.phone.code())
	v.see("#codes")
	v.codes = strings.Fields(v.attribute("#codes", "data-text"))
	if len(v.codes) != 10 {
		v.t.Fatalf("recovery codes: %v", v.codes)
	}
	v.tick("#saved").click("#continue")
	v.claim("acr", policy.MultiFactor)
	v.claim("amr", "otp")
	v.claim("auth_time", "20")
	v.click("#sensitive").says("body", "The money is on its way.") // proven just now: asked for nothing
	v.signOut()
}

func (v *visitor) signInWithCode() {
	v.open(v.p.ready.App).click("#signin-mfa")
	v.ada()
	v.says("#title", "Enter your code")
	used := totpCode(v.t, v.phone.secret, v.phone.shown())
	v.code(used)
	v.see("#notice").says("#notice", "already used")
	v.code(v.phone.wrongCode())
	v.see("#notice").says("#notice", "didn’t match")
	v.code(v.phone.code())
	v.claim("acr", policy.MultiFactor)
}

func (v *visitor) silentSignIn() {
	v.open(v.p.ready.App + "signin/public") // another application, and no page in between
	v.claim("acr", policy.MultiFactor)
	if at := v.location(); !strings.HasPrefix(at, v.p.ready.App) {
		v.t.Errorf("stopped at %s", at)
	}
}

func (v *visitor) signOutAtTheProvider() {
	v.open(v.p.ready.Issuer + "oidc/logout").see("#logout-yes").click("#logout-no")
	v.see("#notice").says("#notice", "still signed in").click("#logout-yes")
	v.says("#title", "signed out")
	v.open(v.p.ready.App + "signin/mfa").see("#username")
}

func (v *visitor) stepUp() {
	v.open(v.p.ready.App + "signin/confidential")
	v.ada()
	v.claim("acr", policy.SingleFactor)
	v.click("#sensitive")
	v.says("#title", "Enter your code") // the password stands
	v.code(v.phone.code())
	v.says("body", "The money is on its way.")
	v.claim("amr", "mfa")
	v.signOut()
}

func (v *visitor) consent() {
	v.open(v.p.ready.App + "signin/partner")
	v.ada()
	v.see("#consent-allow").says("#title", "Allow access?").click("#consent-deny")
	v.says("body", "access_denied")
	v.open(v.p.ready.App + "signin/partner")
	v.ada() // a sign-in that was broken off leaves no session
	v.see("#consent-allow").click("#consent-allow")
	v.claim("acr", policy.SingleFactor)
	v.signOut()
}

func (v *visitor) recoveryCode() {
	v.open(v.p.ready.App + "signin/mfa")
	v.ada()
	v.see("#other").click("#other").says("#title", "Choose how")
	v.click(`button[value="recovery-code"]`).says("#title", "recovery code")
	v.fill("#code", strings.ToLower(v.codes[3])).click("#continue")
	v.claim("amr", "rc")
	v.open(v.p.ready.Inbox).says("body", "A recovery code was used")
	v.signOut()
	v.open(v.p.ready.App + "signin/mfa")
	v.ada()
	v.click("#other").click(`button[value="recovery-code"]`).fill("#code", v.codes[3]).click("#continue")
	v.see("#notice").says("#notice", "didn’t match")
	v.click("#cancel").says("body", "access_denied")
}

func (v *visitor) forgottenPassword() {
	v.open(v.p.ready.App + "signin/mfa").see("#reset").click("#reset")
	v.says("#title", "Reset your password").fill("#username", "ada@demo.example").click("#continue")
	v.says("#title", "Check your mail")
	var mails []struct {
		Subject string
		Links   []string
	}
	v.p.await("reset mail", func() bool {
		get(v.t, v.p.ready.Inbox, &mails)
		return len(mails) > 0 && strings.Contains(mails[0].Subject, "new password") && len(mails[0].Links) > 0
	})
	v.open(mails[0].Links[0]).says("#title", "Choose a new password")
	const next = "three ferries cross before breakfast"
	v.fill("#password_new", next).fill("#password_again", next+"!").click("#continue")
	v.see("#notice").says("#notice", "not the same")
	v.fill("#password_new", next).fill("#password_again", next).click("#continue").says("#title", "Password changed")
	v.open(mails[0].Links[0]).says("#notice", "already used")
	v.open(v.p.ready.App + "signin/mfa")
	v.password("ada", next)
	v.says("#title", "Enter your code") // the reset was no second factor
	v.click("#cancel").says("body", "access_denied")
}

func (v *visitor) wrongCodes() {
	v.open(v.p.ready.App + "signin/mfa")
	v.password("grace", v.p.ready.Users[enrolled].Password)
	wrong := (&phone{t: v.t, secret: *v.p.ready.Users[enrolled].TOTPSecret}).wrongCode()
	for range 10 {
		v.code(wrong)
		v.see("#notice").says("#notice", "didn’t match")
	}
	v.code(wrong)
	v.see("#retry").says("main", "Too many tries").says("main", "in ")
	v.open(v.location()).see("#retry")
}
