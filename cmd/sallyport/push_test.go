package main

import (
	"testing"

	"github.com/sallyport-id/sallyport/cmd/sallyport/demo"
)

// TestWebAuthenticator sets a browser up as a phone and signs in with another one: the
// number is typed, the question denied and reported, the device removed.
func TestWebAuthenticator(t *testing.T) {
	p := startDev(t)
	p.bring(demo.User{Username: "carla", Password: crashPassword})
	v := &visitor{tab: openChromium(t, true), p: p, scripts: true}
	phone := openChromium(t, true)
	phone.name = "-phone"

	v.signs("mfa", "carla").click(`button[value="push"]`).says("#title", "Set up your phone")
	picture := v.attribute("#open-page", "href")
	phone.open(picture).says("#setup", "From then on")
	phone.tick("#pair").says("#message", "Done.")
	v.see("#codes").tick("#saved").click("#continue").amr("mca", "mfa", "pwd", "swk")

	phone.open(picture).tick("#pair").says("#message", "expired") // the picture works once

	phone.open(p.ready.Issuer+"authenticator").says("#idle", "Nobody signs in")
	v.signs("mfa", "carla").says("#title", "Answer on your phone")
	phone.says("#q-application", "Demo bank").says("#q-account", "carla").says("#q-address", "127.0.0.1")
	number, err := v.text("#number")
	if err != nil {
		t.Fatal(err)
	}
	v.leave("approve on the phone", func() { phone.fill("#number", number).tick("#approve") })
	phone.says("#message", "You are being signed in")
	v.amr("mca", "mfa", "pwd", "swk")

	v.signs("mfa", "carla").says("#title", "Answer on your phone")
	phone.says("#q-application", "Demo bank").fill("#number", "00").tick("#approve").says("#message", "another number")
	v.says("#notice", "The number on your phone was another one")

	v.click(`button[value="push"]`).says("#title", "Answer on your phone")
	phone.says("#q-application", "Demo bank").tick("#deny").says("#message", "Nobody was signed in")
	v.says("#notice", "You said no on your phone")

	v.click(`button[value="push"]`).says("#title", "Answer on your phone")
	phone.says("#q-application", "Demo bank").tick("#report").says("#message", "Change your password")
	v.says("#notice", "you said that this isn’t you")
	p.await("the mail about it", func() bool { return v.hasMail("You reported a sign-in") })

	// The code that the device shows works too.
	v.signs("mfa", "carla").click(`button[value^="otp"]`).says("#title", "Enter your code")
	code, err := phone.text("[data-code]")
	if err != nil {
		t.Fatal(err)
	}
	v.fill("#code", code[:3]+code[4:7])
	v.tick("#continue")
	v.amr("mfa", "otp", "pwd")

	phone.tick("[data-remove]").tick(`#sure button[value="yes"]`).says("#message", "removed").says("#empty", "isn’t set up yet")
	v.signs("mfa", "carla").says("#title", "Use a recovery code")
}

func (v *visitor) hasMail(subject string) bool {
	v.t.Helper()
	var all []struct{ Subject string }
	get(v.t, v.p.ready.Inbox, &all)
	for _, m := range all {
		if m.Subject == subject {
			return true
		}
	}
	return false
}
