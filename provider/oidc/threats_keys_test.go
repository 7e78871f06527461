package oidc_test

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/factors/webauthn"
	"github.com/sallyport-id/sallyport/storage"
)

// A forgery changes an honest answer before it is signed, or what is sent in its place.
// other is a key of alan's.
type forgery struct {
	answer func(s *shown, other *softKey)
	text   func(honest string) string
}

func (f forgery) of(s shown, other *softKey, pack func(shown) string) string {
	if f.answer != nil {
		f.answer(&s, other)
	}
	text := pack(s)
	if f.text != nil {
		text = f.text(text)
	}
	return text
}

func forged(change func(s *shown)) forgery {
	return forgery{answer: func(s *shown, _ *softKey) { change(s) }}
}

// forgeries are what is wrong whatever is asked for.
func forgeries() map[string]forgery {
	return map[string]forgery{
		"a wrong challenge":     forged(func(s *shown) { s.challenge = base64.RawURLEncoding.EncodeToString(make([]byte, 32)) }),
		"no challenge":          forged(func(s *shown) { s.challenge = "" }),
		"a wrong origin":        forged(func(s *shown) { s.origin = "https://localhost.evil.example" }),
		"another port":          forged(func(s *shown) { s.origin = "http://localhost:1" }),
		"a wrong rpIdHash":      forged(func(s *shown) { s.rp = "evil.example" }),
		"nobody there (UP=0)":   forged(func(s *shown) { s.flags &^= flagUP }),
		"nobody known (UV=0)":   forged(func(s *shown) { s.flags &^= flagUV }),
		"a backup of no copies": forged(func(s *shown) { s.flags |= flagBS }),
		"crossOrigin":           forged(func(s *shown) { s.cross = true }),
		"topOrigin":             forged(func(s *shown) { s.cross, s.top = true, "https://evil.example" }),
		"topOrigin alone":       forged(func(s *shown) { s.top = s.origin }),
		"a credential id of 64 kB": forged(func(s *shown) {
			s.id = bytes.Repeat([]byte{7}, 48<<10) // 64 KiB in base64url
		}),
		"a credential id of 1024 bytes": forged(func(s *shown) { s.id = bytes.Repeat([]byte{7}, 1024) }),
		"malformed JSON":                {text: func(s string) string { return s[:len(s)-1] }},
		"no JSON at all":                {text: func(string) string { return "\x00\xff" }},
		"nothing":                       {text: func(string) string { return "" }},
		"JSON that is deep":             {text: func(string) string { return strings.Repeat(`{"response":`, 5000) }},
	}
}

// signatures are wrong answers to who is asked for a key of theirs.
func signatures() map[string]forgery {
	all := forgeries()
	for name, f := range map[string]forgery{
		"type create":                   forged(func(s *shown) { s.kind = "webauthn.create" }),
		"the counter again":             forged(func(s *shown) { s.counter = 1 }),
		"the counter of a copy":         forged(func(s *shown) { s.counter = 0 }),
		"a key with copies all at once": forged(func(s *shown) { s.flags |= flagBE }),
		"a credential of another user":  {answer: func(s *shown, other *softKey) { s.id, s.handle, s.by = other.id, other.handle, other.private }},
		"its id, signed by another":     {answer: func(s *shown, other *softKey) { s.by = other.private }},
		"the userHandle of another":     {answer: func(s *shown, other *softKey) { s.handle = other.handle }},
		"a credential nobody knows":     forged(func(s *shown) { s.id = []byte("nobody knows it") }),
	} {
		all[name] = f
	}
	return all
}

// registrations are wrong answers to who sets a key up.
func registrations() map[string]forgery {
	bomb := func([]byte) []byte {
		return slices.Concat(cborText("fmt"), cborText("packed"), cborText("attStmt"), bytes.Repeat([]byte{0x81}, 20_000), []byte{0})
	}
	crowd := func([]byte) []byte { // a map of 2^32 entries, by its word
		return slices.Concat(cborText("fmt"), cborText("packed"), cborText("attStmt"), []byte{0xba, 0xff, 0xff, 0xff, 0xff})
	}
	all := forgeries()
	for name, f := range map[string]forgery{
		"type get":                             forged(func(s *shown) { s.kind = "webauthn.get" }),
		"an id that is known, of another user": {answer: func(s *shown, other *softKey) { s.id = other.id }},
		"a CBOR depth bomb":                    forged(func(s *shown) { s.statement = bomb }),
		"CBOR that promises too much":          forged(func(s *shown) { s.statement = crowd }),
		"no new key":                           forged(func(s *shown) { s.flags &^= flagAT }),
		"a bad attestation signature": forged(func(s *shown) {
			s.statement = func(signed []byte) []byte { return s.packed(append(signed, 0)) }
		}),
		"a bad attestation chain": forged(func(s *shown) {
			s.statement = func(signed []byte) []byte { return s.packed(signed, []byte("no certificate")) }
		}),
		"an attestation of an unknown kind": forged(func(s *shown) {
			s.statement = func([]byte) []byte {
				return slices.Concat(cborText("fmt"), cborText("crystal"), cborText("attStmt"), []byte{0xa0})
			}
		}),
	} {
		all[name] = f
	}
	return all
}

// packed is a statement in the format packed (WebAuthn §8.2), signed by the new key
// itself, with certificates if there are any.
func (s shown) packed(signed []byte, x5c ...[]byte) []byte {
	b := slices.Concat(cborText("fmt"), cborText("packed"), cborText("attStmt"), []byte{0xa2 + byte(min(len(x5c), 1))},
		cborText("alg"), []byte{0x26}, cborText("sig"), cborBytes(s.sign(signed)))
	if len(x5c) > 0 {
		b = append(append(b, cborText("x5c")...), 0x80|byte(len(x5c)))
		for _, c := range x5c {
			b = append(b, cborBytes(c)...)
		}
	}
	return b
}

// strict is a house where keys verify people, with alan and his key in it.
func strict(t *testing.T) (*house, *softKey) {
	t.Helper()
	h := keyed(t, func(p *plan) {
		p.keys = func(c *webauthn.Config) { c.UserVerification, c.Attestation = "required", "direct" }
	})
	h.person("alan")
	return h, h.withKey("alan")
}

// refuses fails the test unless do has n answers refused, by the audit log.
func (h *house) refuses(n int, do func()) {
	h.t.Helper()
	before := len(h.refused())
	do()
	if got := len(h.refused()) - before; got != n {
		h.t.Errorf("%d refusals in the audit log, want %d", got, n)
	}
}

func (h *house) refused() []*storage.Event {
	h.t.Helper()
	all, err := h.db.Events(h.t.Context(), storage.EventFilter{Type: "proof.refused", Limit: 1000})
	h.must(err)
	return all
}

// run is t.Run for the house, an hour later.
func (h *house) run(name string, test func()) {
	outer := h.t
	outer.Run(name, func(t *testing.T) {
		h.t = t
		defer func() { h.t = outer }()
		h.wait(time.Hour)
		test()
	})
}

// T-26: each is refused and counted, and the challenge dies with the first answer to
// it, so that the honest one, made for the same challenge, comes too late.
func TestT26_WebAuthnAttacks(t *testing.T) {
	h, other := strict(t)
	for name, f := range registrations() {
		h.run("T-26-regression: "+name+", for a new key", func() { h.attackRegistration(f, other) })
	}
	k := h.withKey("ada")
	for name, f := range signatures() {
		h.run("T-26-regression: "+name+", for a signature", func() { h.attackSignature(f, k, other) })
	}
	for name, f := range signatures() {
		if name != "a credential of another user" { // that opens what is theirs
			h.run("T-26-regression: "+name+", for a passkey", func() { h.attackPasskey(f, k, other) })
		}
	}
	h.run("T-26-regression: an answer that was given before", func() { h.replay(k) })
	h.run("T-26-regression: an answer to another login's challenge", func() { h.otherLogin(k) })
	h.run("T-26-regression: an id that is known, of the same user", func() { h.knownID(k) })
}

func (h *house) attackSignature(f forgery, k, other *softKey) {
	counter := h.owned("ada", factors.Roaming)[0].Counter
	first := h.browser().begin(h.ask("web")).name(h, "ada").says("Use your security key")
	var p, late *page
	h.refuses(1, func() {
		p = first.press("answer", "credential", f.of(first.shows(k), other, shown.assertion)).says("Error: Use your security key")
	})
	if own := h.owned("ada", factors.Roaming); own[0].Failures != 1 || own[0].Counter != counter {
		h.t.Errorf("failures %d, counter %d, was %d", own[0].Failures, own[0].Counter, counter)
	}
	h.refuses(1, func() {
		late = first.press("answer", "credential", first.get(k)).says("Error: Use your security key")
	})
	if keyOptions.FindString(first.body) == keyOptions.FindString(p.body) || keyOptions.FindString(p.body) == keyOptions.FindString(late.body) {
		h.t.Error("a challenge is asked twice")
	}
	h.refuses(0, func() { late.press("answer", "credential", late.get(k)).answer() })
	if own := h.owned("ada", factors.Roaming); own[0].Failures != 0 || own[0].Counter != int64(k.counter) {
		h.t.Errorf("failures %d, counter %d, want 0 and %d", own[0].Failures, own[0].Counter, k.counter)
	}
}

func (h *house) attackRegistration(f forgery, other *softKey) {
	k := h.key()
	first := h.browser().begin(h.ask("web")).name(h, "ada").press("enroll", "factor", factors.Roaming).says("Add a security key")
	var late *page
	h.refuses(1, func() {
		first.press("answer", "credential", f.of(first.shows(k), other, shown.registration)).says("Error: Add a security key")
	})
	h.refuses(1, func() {
		late = first.press("answer", "credential", first.create(k)).says("Error: Add a security key")
	})
	if own := h.owned("ada", factors.Roaming); len(own) != 1 || own[0].Usable() || own[0].Handle != "" {
		h.t.Errorf("%+v", own)
	}
	h.refuses(0, func() {
		late.press("answer", "credential", late.create(k)).press("done", "saved", "1").answer()
	})
	for _, a := range append(h.owned("ada", factors.Roaming), h.owned("ada", factors.RecoveryCode)...) {
		h.must(h.db.DeleteAuthenticator(h.t.Context(), a.ID))
	}
}

func (h *house) attackPasskey(f forgery, k, other *softKey) {
	first := h.browser().begin(h.ask("web")).says("Sign in")
	var late *page
	h.refuses(1, func() {
		first.press("passkey", "credential", f.of(first.shows(k), other, shown.assertion)).says("Error: Sign in")
	})
	h.refuses(1, func() { late = first.press("passkey", "credential", first.get(k)).says("Error: Sign in") })
	h.refuses(0, func() { late.press("passkey", "credential", late.get(k)).answer() })
}

func (h *house) replay(k *softKey) {
	p := h.browser().begin(h.ask("web")).name(h, "ada")
	used := p.get(k)
	p.press("answer", "credential", used).answer()
	p = h.browser().begin(h.ask("web")).name(h, "ada")
	h.refuses(1, func() { p.press("answer", "credential", used).says("Error: Use your security key") })
	p = h.browser().begin(h.ask("web"))
	used = p.get(k)
	p.press("passkey", "credential", used).answer()
	p = h.browser().begin(h.ask("web"))
	h.refuses(1, func() { p.press("passkey", "credential", used).says("Error: Sign in") })
}

func (h *house) otherLogin(k *softKey) {
	p, q := h.browser().begin(h.ask("web")).name(h, "ada"), h.browser().begin(h.ask("web")).name(h, "ada")
	answer := p.get(k)
	h.refuses(1, func() { q.press("answer", "credential", answer).says("Error: Use your security key") })
	p.press("answer", "credential", answer).answer()
}

func (h *house) knownID(k *softKey) {
	again := h.key()
	again.id = k.id
	p := h.invited("ada", factors.Roaming)
	p = p.press("answer", "credential", p.get(k)).says("Add a security key")
	if !strings.Contains(unescape(p.body), base64.RawURLEncoding.EncodeToString(k.id)) {
		h.t.Error("the browser is not told which key is known")
	}
	h.refuses(1, func() {
		p = p.press("answer", "credential", p.create(again)).says("Error: Add a security key")
	})
	p.press("answer", "credential", p.create(h.key())).says("You’re all set")

	// Nor as the lock of a device.
	p = h.browser().begin(h.ask("mfa")).press("answer", "username", "ada", "password", h.users["ada"].password, "platform", "1")
	p = p.press("answer", "credential", p.get(k)).says("Sign in faster")
	h.refuses(1, func() {
		p = p.press("answer", "credential", p.create(again)).says("Error: Sign in faster")
	})
	p.press("answer", "credential", p.create(h.key())).answer()
	if one, two := h.owned("ada", factors.Roaming), h.owned("ada", factors.Platform); len(one) != 2 || len(two) != 1 {
		h.t.Errorf("%+v, %+v", one, two)
	}
}

// A key of a maker that is not trusted is turned away where one has to be, with a
// sentence for the person and a line for the admin.
func TestT26_AttestationRequired(t *testing.T) {
	maker := newMaker(t)
	h := keyed(t, func(p *plan) {
		p.keys = func(c *webauthn.Config) {
			c.Attestation, c.AttestationRoots, c.RequireAttestation = "direct", []string{maker.root}, true
		}
	})
	vouched := func(p *page) string {
		s := p.shows(h.key())
		s.statement = maker.vouch
		return s.registration()
	}
	first := h.browser().begin(h.ask("web")).name(h, "ada").press("enroll", "factor", factors.Roaming)
	s := first.shows(h.key())
	s.statement = func(signed []byte) []byte { return s.packed(signed) } // its own word
	var p *page
	h.refuses(1, func() {
		p = first.press("answer", "credential", s.registration()).says("Error: Add a security key")
	})
	if !strings.Contains(p.body, "Use one from a maker that this service knows") {
		t.Errorf("%s", p.body)
	}
	if got := h.refused(); got[0].Data["reason"] != "webauthn.maker" {
		t.Errorf("%+v", got[0])
	}
	h.refuses(1, func() { p = first.press("answer", "credential", vouched(first)).says("Error: Add a security key") }) // too late
	p.press("answer", "credential", vouched(p)).press("done", "saved", "1").answer()
}

// T-44: a site in between gets a code through, and nothing of a key: the browser signs
// for the site that it sees. An application that asks for phr is offered no code.
func TestT44_PhishingProxy(t *testing.T) {
	h := keyed(t)
	k := h.withKey("ada")
	h.giveOTP(h.users["ada"])
	const evil = "http://localhost.evil.example"
	victim := h.browser() // what it relays, it relays as it is
	a := h.ask("web")
	p := victim.begin(a).name(h, "ada").press("other").press("choose", "factor", factors.OTP)
	if got := a.redeem(p.press("answer", "code", h.code(h.users["ada"])).answer()).is(http.StatusOK, "").id(); got["acr"] != multi {
		t.Errorf("acr %v", got["acr"])
	}
	for name, change := range map[string]func(*shown){
		"as the browser sees it": func(s *shown) { s.origin, s.rp = evil, "localhost.evil.example" },
		"with our domain":        func(s *shown) { s.origin = evil },
		"with a key made for there": func(s *shown) {
			s.origin, s.rp, s.id, s.by = evil, "localhost.evil.example", h.key().id, h.key().private
		},
	} {
		h.run(name, func() {
			p := h.browser().begin(h.ask("web", "acr_values", "phr")).name(h, "ada").says("Use your security key")
			if strings.Contains(p.body, `value="other"`) {
				h.t.Error("there is another way")
			}
			p = p.press("choose", "factor", factors.OTP).says("Use your security key")
			s := p.shows(k)
			change(&s)
			h.refuses(1, func() { p.press("answer", "credential", s.assertion()).says("Error: Use your security key") })
			p = h.browser().begin(h.ask("web"))
			s = p.shows(k)
			change(&s)
			h.refuses(1, func() { p.press("passkey", "credential", s.assertion()).says("Error: Sign in") })
		})
	}
}

// T-45: who takes the weaker of two ways gets in by it and no further: the tokens say
// so, the audit log does, and what asks for more asks again.
func TestT45_Downgrade(t *testing.T) {
	h := keyed(t)
	k := h.withKey("ada")
	h.giveOTP(h.users["ada"])
	b, a := h.browser(), h.ask("web")
	p := b.begin(a).name(h, "ada").says("Use your security key").press("other").press("choose", "factor", factors.OTP)
	got := a.redeem(p.press("answer", "code", h.code(h.users["ada"])).answer()).is(http.StatusOK, "").id()
	if got["acr"] != multi || !slices.Equal(amrOf(got), []string{"mfa", "otp", "pwd"}) {
		t.Errorf("acr %v, amr %v", got["acr"], got["amr"])
	}
	if shown := h.events("proof.accepted"); shown[0].Data["factor"] != factors.OTP {
		t.Errorf("%+v", shown[0])
	}
	b.begin(h.ask("web", "acr_values", "phr", "prompt", "none")).fails("interaction_required")
	a = h.ask("web", "acr_values", "phr")
	p = b.begin(a).says("Use your security key")
	if got = a.redeem(p.press("answer", "credential", p.get(k)).answer()).is(http.StatusOK, "").id(); got["acr"] != "phr" {
		t.Errorf("acr %v", got["acr"])
	}
}

// Of two keys only one is attested: an application that asks for phrh gets it from that
// one, and the person is told where they took the other.
func TestHardwareOfTwoKeys(t *testing.T) {
	maker := newMaker(t)
	h := keyed(t, func(p *plan) {
		p.keys = func(c *webauthn.Config) { c.Attestation, c.AttestationRoots = "direct", []string{maker.root} }
	})
	plain, hard := h.withKey("ada"), h.key()
	h.browser().begin(h.ask("web", "acr_values", "phrh")).name(h, "ada").fails("unmet_authentication_requirements")
	p := h.invited("ada", factors.Roaming)
	p = p.press("answer", "credential", p.get(plain))
	s := p.shows(hard)
	s.statement = maker.vouch
	p.press("answer", "credential", s.registration()).says("You’re all set")

	a := h.ask("web", "acr_values", "phrh")
	p = h.browser().begin(a).name(h, "ada")
	p = p.press("answer", "credential", p.get(plain)).says("Use your security key")
	if !strings.Contains(p.body, "stronger key") {
		t.Errorf("%s", p.body)
	}
	got := a.redeem(p.press("answer", "credential", p.get(hard)).answer()).is(http.StatusOK, "").id()
	if got["acr"] != "phrh" || !slices.Equal(amrOf(got), []string{"hwk", "mfa", "pwd", "user"}) {
		t.Errorf("acr %v, amr %v", got["acr"], got["amr"])
	}
	physical := "http://schemas.openid.net/pape/policies/2007/06/multi-factor-physical"
	a = h.ask("web", "claims", essential(physical))
	p = h.browser().begin(a).name(h, "ada")
	if got = a.redeem(p.press("answer", "credential", p.get(hard)).answer()).is(http.StatusOK, "").id(); got["acr"] != physical {
		t.Errorf("acr %v", got["acr"])
	}
}
