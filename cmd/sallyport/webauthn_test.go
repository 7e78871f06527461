package main

import (
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/sallyport-id/sallyport/flows/policy"
)

// plug gives the browser an authenticator and returns what takes it away.
func (b *tab) plug(o webauthn.VirtualAuthenticatorOptions) (id webauthn.AuthenticatorID, unplug func()) {
	b.t.Helper()
	if o.Protocol == "" {
		o.Protocol = webauthn.AuthenticatorProtocolCtap2
	}
	o.AutomaticPresenceSimulation = true
	if _, err := chromedp.Call(b.ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		b.t.Fatal(err)
	}
	got, err := chromedp.Call(b.ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &o})
	if err != nil {
		b.t.Fatal(err)
	}
	return got.AuthenticatorID, func() {
		if _, err := chromedp.Call(b.ctx, webauthn.RemoveVirtualAuthenticator, webauthn.RemoveVirtualAuthenticatorParams(got)); err != nil {
			b.t.Fatal(err)
		}
	}
}

// A key is one to plug in, a lock the device's own.
func key(verifies bool) webauthn.VirtualAuthenticatorOptions {
	return webauthn.VirtualAuthenticatorOptions{
		Transport: webauthn.AuthenticatorTransportUsb, HasUserVerification: verifies, IsUserVerified: verifies, HasResidentKey: verifies,
	}
}

func lock(synced bool) webauthn.VirtualAuthenticatorOptions {
	return webauthn.VirtualAuthenticatorOptions{
		Transport: webauthn.AuthenticatorTransportInternal, HasUserVerification: true, IsUserVerified: true, HasResidentKey: true,
		DefaultBackupEligibility: synced, DefaultBackupState: synced,
	}
}

// amr waits for the application's page and fails the test unless the claim is exactly
// this set.
func (b *tab) amr(want ...string) {
	b.t.Helper()
	b.see("#claim-amr")
	text, err := b.text("#claim-amr")
	if err != nil {
		b.t.Fatal(err)
	}
	got := strings.FieldsFunc(text, func(c rune) bool { return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz", c) })
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		b.t.Errorf("amr %v, want %v", got, want)
	}
}

// Rows 50 and 54: a security key, the offer of the device's own lock, and a sign-in
// with nothing else.
func TestRow50_54_ChromiumKeys(t *testing.T) {
	p := startDev(t)
	v := &visitor{tab: openChromium(t, true), p: p, scripts: true}
	_, unplug := v.plug(key(false))
	v.open(p.ready.App + "signin/mfa")
	v.ada()
	v.says("#title", "Add a security key")
	v.do("clear", chromedp.Clear(chromedp.CSS("#label")))
	v.fill("#label", "Blue key").click("#continue")
	v.see("#codes").tick("#saved").click("#continue")
	v.amr("mfa", "pop", "pwd", "user")
	v.claim("acr", policy.PhishingResistant)
	v.signOut()

	// The next time the device has a lock, and offers it.
	_, unlock := v.plug(lock(true))
	v.open(p.ready.App + "signin/mfa")
	v.ada()
	v.says("#title", "Use your security key").click("#continue")
	v.says("#title", "Sign in faster on this device").click("#later")
	v.amr("mfa", "pop", "pwd", "user")
	v.signOut()
	v.open(p.ready.App + "signin/mfa")
	v.ada()
	v.click("#continue")
	v.amr("mfa", "pop", "pwd", "user") // not asked again for two weeks
	v.signOut()
	v.forget()
	v.open(p.ready.App + "signin/mfa")
	v.ada()
	v.click("#continue").says("#title", "Sign in faster").click("#continue")
	v.amr("mfa", "pop", "pwd", "swk", "user")
	v.signOut()

	// Nothing but the device: no name, no password.
	unplug()
	v.open(p.ready.App + "signin/mfa") // the virtual device picks the one name that the browser offers
	v.amr("mfa", "swk", "user")
	v.claim("acr", policy.PhishingResistant)
	v.click("#sensitive").says("body", "The money is on its way.")
	v.signOut()

	// A device without it: nothing happens, and the password is still there.
	unlock()
	_, _ = v.plug(lock(false))
	v.open(p.ready.App + "signin/mfa").see("#passkey").see("#username")

	// Row 53: fifteen questions a minute are enough, those of above among them.
	one := p.meet("ada")
	one.get(p.ready.App + "signin/mfa")
	one.act()
	asked := 0
	for ; one.status == http.StatusOK && asked < 30; asked++ {
		one.send(form{method: http.MethodPost, action: one.at.String()}, url.Values{"act": {"choose"}, "factor": {"webauthn-roaming"}})
	}
	if one.status != http.StatusTooManyRequests || asked < 8 || asked > 20 {
		t.Errorf("status %d after %d questions", one.status, asked)
	}
}

// Row 57: without scripts no key can be asked. The page says so, and the other ways are
// open.
func TestRow57_NoScripts(t *testing.T) {
	p := startDev(t)
	v := &visitor{tab: openChromium(t, true), p: p, scripts: true}
	v.plug(key(false))
	v.open(p.ready.App + "signin/mfa")
	v.ada()
	v.says("#title", "Add a security key").click("#continue").see("#codes")
	v.codes = strings.Fields(v.attribute("#codes", "data-text"))
	v.tick("#saved").click("#continue").amr("mfa", "pop", "pwd", "user")

	bare := &visitor{tab: openChromium(t, false), p: p}
	bare.open(p.ready.App + "signin/mfa").see("#username")
	if bare.visible("#passkey") {
		t.Error("a passkey is offered")
	}
	bare.ada()
	bare.says("#title", "Use your security key").says("main", "This way needs JavaScript")
	if bare.visible("#continue") {
		t.Error("there is a button that does nothing")
	}
	bare.click("#other").says("#title", "Choose how").click(`button[value="recovery-code"]`)
	bare.fill("#code", v.codes[0]).click("#continue").amr("pwd", "rc")

	// Who has nothing yet sets another one up.
	bare.forget()
	bare.open(p.ready.App + "signin/mfa")
	bare.password("alan", p.ready.Users[len(p.ready.Users)-1].Password)
	bare.says("main", "This way needs JavaScript")
	bare.click("#other").click(`button[value="otp"]`).see("#qr")
}

// visible reports whether the element that selector finds takes any room.
func (b *tab) visible(selector string) bool {
	b.t.Helper()
	script := fmt.Sprintf(`(e => e !== null && e.getClientRects().length > 0)(document.querySelector(%q))`, selector)
	seen, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](script))
	if err != nil {
		b.t.Fatal(err)
	}
	return seen
}

// forget clears the cookies, as another browser on the same device would have none.
func (b *tab) forget() {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, network.ClearBrowserCookies, cdp.Empty{}); err != nil {
		b.t.Fatal(err)
	}
}

// Other sites learn from a document whether they may use the passkeys.
func TestRelatedOrigins(t *testing.T) {
	s := startServe(t, "sqlite:"+filepath.Join(t.TempDir(), "sallyport.db"), []string{"SALLYPORT_FACTORS_WEBAUTHN_PLATFORM_ORIGINS=https://shop.example,https://help.example"})
	var document struct{ Origins []string }
	get(t, s.issuer+".well-known/webauthn", &document)
	if !slices.Equal(document.Origins, []string{"https://help.example", "https://shop.example"}) {
		t.Errorf("%v", document.Origins)
	}
}
