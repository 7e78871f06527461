package main

import (
	"context"
	"strings"
	"testing"
	"time"

	cdp "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"

	"github.com/sallyport-id/sallyport/cmd/sallyport/demo"
)

// openPushChromium starts a browser whose push service is the demo's, and whose person
// lets every site notify them.
func openPushChromium(t *testing.T, switches map[string]string) *tab {
	t.Helper()
	b := openChromium(t, true, switches)
	allow := cdp.SetPermissionParams{Permission: &cdp.PermissionDescriptor{Name: "notifications"}, Setting: cdp.PermissionSettingGranted}
	if _, err := chromedp.Call(b.ctx, cdp.SetPermission, allow); err != nil {
		t.Fatal(err)
	}
	return b
}

// await is what a promise of the page becomes.
func (b *tab) await(script string) string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 20*time.Second)
	defer cancel()
	got, err := chromedp.Run(ctx, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v\non the page: %s", script, err, b.page())
	}
	return got
}

// notified waits until the worker of the page shows a notification, takes it away, and
// returns what it says.
func (b *tab) notified(p *process) (said string) {
	b.t.Helper()
	p.await("a notification", func() bool {
		said = b.await(`navigator.serviceWorker.ready.then(w => w.getNotifications()).then(all => all.map(n => {
			n.close()
			return n.title + " " + n.body
		}).join())`)
		return said != ""
	})
	return said
}

// TestWebAuthenticator sets a browser up as a phone and signs in with another one: the
// phone is told by Web Push, the number is typed, the question denied and reported, a
// code used instead, the device removed.
func TestWebAuthenticator(t *testing.T) {
	p := startDev(t)
	p.bring(demo.User{Username: "carla", Password: crashPassword})
	v := &visitor{tab: openChromium(t, true), p: p, scripts: true}
	phone := openPushChromium(t, p.ready.Chromium)
	phone.name = "-phone"
	waits := func() *tab { return v.says("#title", "Answer on your phone") }
	asked := func() *tab { return phone.says("#q-application", "Demo bank") }

	v.signs("mfa", "carla").click("#other").click(`button[value="push"]`).says("#title", "Set up your phone")
	picture := v.attribute("#open-page", "href")
	phone.open(picture).says("#setup", "From then on").tick("#pair").says("#message", "Done.").says("#idle", "Nobody signs in")
	if text, err := phone.text("#app"); err != nil || strings.Contains(text, "Notifications are off") {
		t.Fatalf("the browser is not notified: %s, %v", text, err)
	}
	v.see("#codes").tick("#saved").click("#continue").amr("mca", "mfa", "pwd", "swk")

	phone.open("about:blank").open(picture).tick("#pair").says("#message", "expired") // the picture works once

	// Signing in and out in the phone's own browser leaves the device alone.
	own := *v
	own.tab = phone
	own.open(p.ready.App + "signin/confidential")
	own.password("ada", p.ready.Users[fresh].Password)
	own.amr("pwd")
	own.open(p.ready.Issuer+"oidc/logout").click("#logout-yes").says("#title", "signed out")
	phone.open(p.ready.Issuer+"authenticator").says("#accounts", "carla")

	phone.open("about:blank") // nothing of the site is open: it is told by the push service
	v.signs("mfa", "carla")
	waits()
	phone.open(p.ready.Issuer + "authenticator")
	if said := phone.notified(p); said != "Is that you? Someone signs in to Demo bank as carla." {
		t.Errorf("the notification says %q", said)
	}
	asked().says("#q-account", "carla").says("#q-address", "127.0.0.1").says("#q-source", "Chrome")
	number, err := v.text("#number")
	if err != nil {
		t.Fatal(err)
	}
	v.leave("approve on the phone", func() { phone.fill("#number", number).tick("#approve") })
	phone.says("#message", "You are being signed in")
	v.amr("mca", "mfa", "pwd", "swk")

	v.signs("mfa", "carla")
	waits()
	asked().fill("#number", "00").tick("#approve").says("#message", "another number")
	v.says("#notice", "The number on your phone was another one").click(`button[value="push"]`)
	waits()
	asked().tick("#deny").says("#message", "Nobody was signed in")
	v.says("#notice", "You said no on your phone").click(`button[value="push"]`)
	waits()
	asked().tick("#report").says("#message", "Change your password")
	v.says("#notice", "you said that this isn’t you")
	p.await("the mail about it", func() bool { return v.hasMail("You reported a sign-in") })

	// The phone is left in peace for a while; the code that it shows works.
	v.signs("mfa", "carla").says("#title", "Choose how to continue").click(`button[value="otp"]`).says("#title", "Enter your code")
	code, err := phone.text("[data-code]")
	if err != nil {
		t.Fatal(err)
	}
	v.code(code)
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
