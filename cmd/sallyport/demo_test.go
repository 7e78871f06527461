package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/sallyport-id/sallyport/cmd/sallyport/demo"
	"github.com/sallyport-id/sallyport/flows/policy"
)

// The office of the demo has factors of its own, in its order, and lets people put the
// first one off twice.
func TestDemoOffice(t *testing.T) {
	p := startDev(t)
	for n := range 2 {
		ada := p.meet("ada")
		ada.get(p.ready.App + "signin/office")
		ada.act()
		if !ada.offers("skip") {
			t.Fatalf("sign-in %d: setting up cannot be put off:\n%s", n+1, ada.text())
		}
		if ada.submit("skip"); !strings.Contains(ada.text(), "Signed in as Ada Lovelace at Demo office") {
			t.Fatalf("sign-in %d, put off:\n%s", n+1, ada.text())
		}
	}
	ada := p.meet("ada")
	ada.get(p.ready.App + "signin/office")
	ada.act()
	if ada.offers("skip") || !strings.Contains(ada.body, "otpauth:") {
		t.Fatalf("the third sign-in is no app to set up:\n%s", ada.text())
	}
	ada.submit("other")
	var offered []string
	for _, f := range ada.forms {
		for _, b := range f.buttons {
			if b.name == "factor" {
				offered = append(offered, b.value)
			}
		}
	}
	if !slices.Equal(offered, []string{"otp", "sms"}) {
		t.Errorf("offered %v, want the app and then texts", offered)
	}
}

// The treasury asks for nothing at the sign-in; its API wants a passkey or a key, and the
// token says so.
func TestDemoTreasury(t *testing.T) {
	p := startDev(t)
	v := &visitor{tab: openChromium(t, true), p: p, scripts: true}
	v.plug(key(false))
	for name, address := range map[string]string{"desk": p.ready.Dashboard, "app": p.ready.App} {
		v.open(address)
		v.size(320)
		if v.sticksOut() {
			t.Errorf("%s sticks out to the side", address)
		}
		if *shots != "" {
			v.portrait("demo-" + name)
		}
	}
	v.open(p.ready.App).see("#signin-treasury").click("#signin-treasury")
	v.ada()
	v.claim("acr", policy.SingleFactor)
	v.says("#sensitive", "Transfer").click("#sensitive")
	v.says("#title", "Add a security key").click("#continue")
	v.says("body", "The money is on its way.")
	v.claim("acr", policy.PhishingResistant)
	v.amr("mfa", "pop", "pwd", "user")
	v.signOut()

	v.open(p.ready.App + "signin/treasury")
	v.ada()
	v.claim("acr", policy.SingleFactor)
	v.click("#sensitive").says("#title", "Use your security key").click("#continue")
	v.says("body", "The money is on its way.")
	v.claim("acr", policy.PhishingResistant)
	if why := p.run("explain", "--user", "ada"); !strings.Contains(why, "decided by   the application, which asked for phr, phrh") || !strings.Contains(why, "Demo treasury") {
		t.Errorf("explain:\n%s", why)
	}
}

// sticksOut reports whether the page is wider than the window.
func (b *tab) sticksOut() bool {
	b.t.Helper()
	out, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > innerWidth`))
	if err != nil {
		b.t.Fatal(err)
	}
	return out
}

// The demo's rule does nothing before somebody enables it; then explain names it.
func TestDemoRule(t *testing.T) {
	p := startDev(t)
	if list := p.run("rules", "list"); !strings.Contains(list, demo.RuleName) || !strings.Contains(list, "version 1, disabled") {
		t.Fatalf("rules:\n%s", list)
	}
	signIn := func() []string {
		grace := p.meet("grace")
		grace.get(p.ready.App + "signin/confidential")
		for grace.act() {
		}
		return grace.asked
	}
	if asked := signIn(); !slices.Equal(asked, []string{"password"}) {
		t.Fatalf("without the rule: asked %v", asked)
	}
	p.run("rules", "enable", demo.RuleName)
	p.await("the rule's say", func() bool { return slices.Equal(signIn(), []string{"password", "code"}) })
	why := p.run("explain", "--user", "grace")
	for _, want := range []string{`decided by   rule "` + demo.RuleName + `"`, "this browser: ", "Demo shop", "acr " + policy.MultiFactor} {
		if !strings.Contains(why, want) {
			t.Errorf("explain lacks %q:\n%s", want, why)
		}
	}
}
