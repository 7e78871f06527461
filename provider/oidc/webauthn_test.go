package oidc_test

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
)

// Row 50: a security key is set up during a sign-in and is the second factor of the
// next one.
func TestRow50_SecurityKey(t *testing.T) {
	h := keyed(t)
	k := h.key()
	a := h.ask("web")
	p := h.browser().begin(a).name(h, "ada").press("enroll", "factor", factors.Roaming).says("Add a security key")
	p = p.press("answer", "credential", p.create(k), "label", "Blue key").press("done", "saved", "1")
	for range 2 {
		got := a.redeem(p.answer()).is(http.StatusOK, "").id()
		if !slices.Equal(amrOf(got), []string{"mfa", "pop", "pwd", "user"}) || got["acr"] != "phr" {
			t.Errorf("amr %v, acr %v", got["amr"], got["acr"])
		}
		a = h.ask("web")
		p = h.browser().begin(a).name(h, "ada").says("Use your security key")
		p = p.press("answer", "credential", p.get(k))
	}
	if own := h.owned("ada", factors.Roaming); len(own) != 1 || own[0].Label != "Blue key" || own[0].Counter != 3 {
		t.Errorf("%+v", own)
	}
}

// Row 52: each of several keys opens the same account, and removing one leaves the
// others.
func TestRow52_SeveralKeys(t *testing.T) {
	h := keyed(t)
	keys := []*softKey{h.withKey("ada")}
	p := h.invited("ada", factors.Roaming).says("Use your security key")
	p = p.press("answer", "credential", p.get(keys[0])).says("Add a security key")
	for _, label := range []string{"", " ", "x", strings.Repeat("x", 51)} {
		p = p.press("answer", "credential", p.create(h.key()), "label", label).says("Error: Add a security key")
		if !strings.Contains(p.body, "name of 2 to 50") {
			t.Errorf("%q: %s", label, p.body)
		}
	}
	keys = append(keys, h.key())
	p.press("answer", "credential", p.create(keys[1]), "label", "Red key").says("You’re all set")
	for _, k := range keys {
		p = h.browser().begin(h.ask("web")).name(h, "ada").says("Use your security key")
		p.press("answer", "credential", p.get(k)).answer()
	}
	own := h.owned("ada", factors.Roaming)
	at := slices.IndexFunc(own, func(a *factors.Authenticator) bool { return a.Label == "Red key" })
	if len(own) != 2 || at < 0 {
		t.Fatalf("%+v", own)
	}
	h.must(h.db.DeleteAuthenticator(t.Context(), own[at].ID))
	p = h.browser().begin(h.ask("web")).name(h, "ada")
	p = p.press("answer", "credential", p.get(keys[1])).says("Error: Use your security key")
	p.press("answer", "credential", p.get(keys[0])).answer()
}

// invited is the first page after the password for a person who was asked to set a
// factor up.
func (h *house) invited(name, factor string) *page {
	h.t.Helper()
	link, err := h.flows.Invite(h.t.Context(), h.users[name].User, []string{factor}, false, &storage.Event{ID: storage.NewID("evt"), At: h.now(), Type: "test"})
	h.must(err)
	return h.browser().get(link).name(h, name)
}

// Row 53: fifteen questions a minute; the sixteenth has to wait, and is told how long.
func TestRow53_Counters(t *testing.T) {
	h := keyed(t)
	k := h.withKey("ada")
	h.wait(time.Minute)
	p := h.browser().begin(h.ask("web")).name(h, "ada")
	for asked := 1; asked < 15; asked++ {
		if p = p.press("choose", "factor", factors.Roaming).says("Use your security key"); p.status != http.StatusOK {
			t.Fatalf("question %d: status %d", asked+1, p.status)
		}
	}
	p = p.press("choose", "factor", factors.Roaming)
	if p.status != http.StatusTooManyRequests || p.header.Get("Retry-After") != "4" || !strings.Contains(p.body, "data-left=") {
		t.Errorf("status %d, Retry-After %q\n%s", p.status, p.header.Get("Retry-After"), p.body)
	}
	if keyOptions.MatchString(p.body) {
		t.Error("a key is asked for all the same")
	}
	if limited := h.events("challenge.limited"); len(limited) != 1 || limited[0].Data["factor"] != factors.Roaming {
		t.Errorf("%+v", limited)
	}
	h.browser().begin(h.ask("web")).name(h, "ada").says("Choose how") // another browser is the same person
	h.wait(4 * time.Second)
	p = p.press("choose", "factor", factors.Roaming).says("Use your security key")
	p.press("answer", "credential", p.get(k)).answer()
}

// progressed signs in with a password and a one-time code, in a browser whose device has
// a lock.
func (b *browser) progressed(name string) *page {
	b.h.t.Helper()
	p := b.begin(b.h.ask("mfa")).press("answer", "username", name, "password", b.h.users[name].password, "platform", "1")
	if p = p.press("choose", "factor", factors.OTP); !p.has("code") {
		return p
	}
	return p.press("answer", "code", b.h.code(b.h.users[name]))
}

// Row 54: the device's lock is offered after another second factor and never before;
// later is two weeks, never a year, for this person in this browser.
func TestRow54_Progressive(t *testing.T) {
	const day = 24 * time.Hour
	h := keyed(t)
	b := h.browser()
	p := h.browser().begin(h.ask("mfa")).press("answer", "username", "ada", "password", h.users["ada"].password, "platform", "1")
	if strings.Contains(p.press("other").says("Protect your account").body, factors.Platform) {
		t.Error("offered as the first factor")
	}
	h.register("single", "client_secret_basic", func(c *storage.Client) { c.Settings.Policy = "never" })
	h.browser().begin(h.ask("single")).press("answer", "username", "grace", "password", h.users["grace"].password, "platform", "1").answer()
	h.browser().begin(h.ask("mfa")).name(h, "grace").press("answer", "code", h.code(h.users["grace"])).answer() // a device without a lock

	p = b.progressed("grace").says("Sign in faster")
	p.press("later").answer()
	for _, c := range []struct {
		wait  time.Duration
		asked bool
	}{{13 * day, false}, {2 * day, true}} {
		b.drop("session")
		h.wait(c.wait)
		if p = b.progressed("grace"); p.home == c.asked {
			t.Errorf("%s later: offered is not %v: %q", c.wait, c.asked, p.title())
		}
	}
	p.says("Sign in faster").press("never").answer()
	for _, c := range []struct {
		wait  time.Duration
		asked bool
	}{{363 * day, false}, {3 * day, true}} {
		b.drop("session")
		h.wait(c.wait)
		if p = b.progressed("grace"); p.home == c.asked {
			t.Errorf("%s after never: offered is not %v: %q", c.wait, c.asked, p.title())
		}
	}
	p.says("Sign in faster").press("later").answer()
	h.browser().progressed("grace").says("Sign in faster") // another browser
	h.giveOTP(h.users["ada"])
	b.drop("session")
	b.progressed("ada").says("Sign in faster") // another person
}

// Row 55: each of a person's devices has a lock of its own, and each opens the account
// by itself.
func TestRow55_TwoLaptops(t *testing.T) {
	h := keyed(t)
	for range 2 {
		k, b := h.key(), h.browser()
		p := b.progressed("grace").says("Sign in faster")
		p.press("answer", "credential", p.create(k)).answer()
		b.drop("session")
		a := h.ask("mfa")
		p = b.begin(a)
		got := a.redeem(p.press("passkey", "credential", p.get(k)).answer()).is(http.StatusOK, "").id()
		if !slices.Equal(amrOf(got), []string{"mfa", "pop", "user"}) || got["acr"] != "phr" {
			t.Errorf("amr %v, acr %v", got["amr"], got["acr"])
		}
	}
	own := h.owned("grace", factors.Platform)
	if len(own) != 2 || own[0].Handle == own[1].Handle || bytes.Equal(own[0].Secret, own[1].Secret) {
		t.Errorf("%+v", own)
	}
}
