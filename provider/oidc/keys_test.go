package oidc_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"regexp"
	"slices"
	"testing"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/policy"
)

// A softKey is a security key, or a device's lock, with a browser that does as told.
type softKey struct {
	id      []byte
	private *ecdsa.PrivateKey
	counter uint32
	handle  []byte // of whom it was made for
}

func (h *house) key() *softKey {
	h.t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	h.must(err)
	return &softKey{id: []byte(rand.Text()), private: private}
}

// The flags of authenticator data (WebAuthn §6.1).
const (
	flagUP = 1 << 0
	flagUV = 1 << 2
	flagBE = 1 << 3
	flagBS = 1 << 4
	flagAT = 1 << 6
)

// A shown is what a browser hands over, with everything that can be wrong in it.
type shown struct {
	kind, challenge, origin, top string
	cross                        bool
	rp                           string
	flags                        byte
	counter                      uint32
	id, handle                   []byte
	by                           *ecdsa.PrivateKey
	statement                    func(signed []byte) []byte // fmt and attStmt in CBOR; nil: the format none
}

var keyOptions = regexp.MustCompile(`data-key="([^"]*)"`)

// shows is the honest answer of k to the page's question.
func (p *page) shows(k *softKey) shown {
	p.b.h.t.Helper()
	m := keyOptions.FindStringSubmatch(p.body)
	if m == nil {
		p.b.h.t.Fatalf("at %s: no key is asked for (status %d, title %q)", p.at, p.status, p.title())
	}
	var options struct {
		Challenge, RPID string
		RP              struct{ ID string }
		User            struct{ ID string }
	}
	p.b.h.must(json.Unmarshal([]byte(unescape(m[1])), &options))
	k.counter++
	s := shown{
		kind: "webauthn.get", challenge: options.Challenge, origin: p.b.h.site, rp: options.RPID, flags: flagUP | flagUV,
		counter: k.counter, id: k.id, handle: k.handle, by: k.private,
	}
	if options.User.ID != "" {
		s.kind, s.rp, s.flags = "webauthn.create", options.RP.ID, s.flags|flagAT
		var err error
		k.handle, err = base64.RawURLEncoding.DecodeString(options.User.ID)
		p.b.h.must(err)
	}
	return s
}

// create and get are the honest answers as they are sent.
func (p *page) create(k *softKey) string { p.b.h.t.Helper(); return p.shows(k).registration() }
func (p *page) get(k *softKey) string    { p.b.h.t.Helper(); return p.shows(k).assertion() }

func (s shown) clientData() []byte {
	data := map[string]any{"type": s.kind, "challenge": s.challenge, "origin": s.origin, "crossOrigin": s.cross}
	if s.top != "" {
		data["topOrigin"] = s.top
	}
	return packed(data)
}

func packed(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // a mistake of the test
	}
	return b
}

func (s shown) authData() []byte {
	of := sha256.Sum256([]byte(s.rp))
	data := append(of[:], s.flags)
	data = binary.BigEndian.AppendUint32(data, s.counter)
	if s.flags&flagAT == 0 {
		return data
	}
	data = append(data, make([]byte, 16)...) // no model
	data = binary.BigEndian.AppendUint16(data, uint16(min(len(s.id), 1<<16-1)))
	data = append(data, s.id...)
	point, err := s.by.PublicKey.Bytes() // 4, x, y
	if err != nil {
		panic(err)
	}
	data = append(data, 0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32) // ES256 on P-256 (RFC 9053 §7.1.1)
	data = append(data, point[1:33]...)
	return append(append(data, 0x22, 0x58, 32), point[33:]...)
}

func (s shown) sign(signed []byte) []byte {
	digest := sha256.Sum256(signed)
	signature, err := ecdsa.SignASN1(rand.Reader, s.by, digest[:])
	if err != nil {
		panic(err)
	}
	return signature
}

// signed is what signatures are made over (WebAuthn §6.3.3).
func (s shown) signed() []byte {
	of := sha256.Sum256(s.clientData())
	return append(s.authData(), of[:]...)
}

func (s shown) credential(response map[string]any) string {
	id := base64.RawURLEncoding.EncodeToString(s.id)
	return string(packed(map[string]any{"id": id, "rawId": id, "type": "public-key", "response": response}))
}

func (s shown) assertion() string {
	b64 := base64.RawURLEncoding.EncodeToString
	return s.credential(map[string]any{
		"clientDataJSON": b64(s.clientData()), "authenticatorData": b64(s.authData()), "signature": b64(s.sign(s.signed())), "userHandle": b64(s.handle),
	})
}

// registration puts the attestation object together: a map of three, the statement's
// two first.
func (s shown) registration() string {
	b64 := base64.RawURLEncoding.EncodeToString
	statement := slices.Concat(cborText("fmt"), cborText("none"), cborText("attStmt"), []byte{0xa0})
	if s.statement != nil {
		statement = s.statement(s.signed())
	}
	object := slices.Concat([]byte{0xa3}, statement, cborText("authData"), cborBytes(s.authData()))
	return s.credential(map[string]any{"clientDataJSON": b64(s.clientData()), "attestationObject": b64(object)})
}

// cborText and cborBytes are strings in CBOR (RFC 8949 §3.1).
func cborText(s string) []byte { return append([]byte{0x60 | byte(len(s)&0x1f)}, s...) }

func cborBytes(b []byte) []byte {
	return append([]byte{0x5a, byte(len(b) >> 24), byte(len(b) >> 16), byte(len(b) >> 8), byte(len(b))}, b...)
}

// keyed is a house of keys.
func keyed(t *testing.T, change ...func(*plan)) *house {
	t.Helper()
	p := plan{policy: policy.Always, factors: []string{factors.Roaming, factors.Platform, factors.OTP, factors.RecoveryCode}}
	for _, f := range change {
		f(&p)
	}
	return build(t, p)
}

// withKey has a person who has nothing yet set a security key up.
func (h *house) withKey(name string) *softKey {
	h.t.Helper()
	k := h.key()
	p := h.browser().begin(h.ask("web")).name(h, name).press("enroll", "factor", factors.Roaming).says("Add a security key")
	p.press("answer", "credential", p.create(k)).press("done", "saved", "1").answer()
	return k
}

// owned are the person's authenticators of a factor.
func (h *house) owned(name, factor string) []*factors.Authenticator {
	h.t.Helper()
	all, err := h.db.Authenticators(h.t.Context(), h.users[name].ID)
	h.must(err)
	return slices.DeleteFunc(all, func(a *factors.Authenticator) bool { return a.Factor != factor })
}
