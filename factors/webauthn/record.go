package webauthn

import (
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/sallyport-id/sallyport/factors"
)

// A record is the credential record of a key (WebAuthn §4): its public key, model,
// counter and backup flags. It is the secret of an authenticator.
type record struct {
	webauthn.Credential

	// Maker is the fingerprint of the trust anchor that vouched for the key when it was
	// made. It counts for as long as that anchor is trusted.
	Maker string `json:"maker,omitempty"`
}

// UnmarshalJSON implements json.Unmarshaler: the library's own would hide Maker.
func (r *record) UnmarshalJSON(b []byte) error {
	var ours struct {
		Maker string `json:"maker"`
	}
	if err := json.Unmarshal(b, &ours); err != nil {
		return err
	}
	r.Maker = ours.Maker
	return json.Unmarshal(b, &r.Credential)
}

func read(a *factors.Authenticator) (*record, error) {
	r := &record{}
	if err := json.Unmarshal(a.Secret, r); err != nil {
		return nil, fmt.Errorf("webauthn: credential record of %s: %w", a.ID, err)
	}
	return r, nil
}

// keep puts r into its authenticator.
func (r *record) keep(a *factors.Authenticator) error {
	b, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("webauthn: %w", err)
	}
	a.Secret, a.Handle = b, base64.RawURLEncoding.EncodeToString(r.ID)
	a.Counter = int64(r.Authenticator.SignCount)
	return nil
}

// hardware reports whether a maker that is still trusted vouched for a key that cannot
// leave its chip. One that is synced has copies elsewhere, whatever was said.
func (f *Factor) hardware(r *record) bool {
	return f.makers.known[r.Maker] && !r.Flags.BackupEligible
}

// Grade implements factors.Grader: only some keys are known to live in hardware.
func (f *Factor) Grade(a *factors.Authenticator) factors.Trait {
	if len(f.makers.known) > 0 {
		if r, err := read(a); err == nil && f.hardware(r) {
			return factors.PhishingResistant | factors.Hardware
		}
	}
	return factors.PhishingResistant
}

// Key implements factors.Keyed.
func (f *Factor) Key(a *factors.Authenticator) (*factors.Key, error) {
	r, err := read(a)
	if err != nil {
		return nil, err
	}
	k := &factors.Key{
		ID: a.Handle, PublicKey: base64.RawURLEncoding.EncodeToString(r.PublicKey), UserHandle: base64.RawURLEncoding.EncodeToString([]byte(a.UserID)),
		RelyingParty: f.config.RPID, Synced: r.Flags.BackupEligible, BackedUp: r.Flags.BackupState,
	}
	if f.rp != nil {
		k.RelyingParty = f.rp.Config.RPID
	}
	if id := r.Authenticator.AAGUID; len(id) == 16 {
		k.AAGUID = fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
	}
	return k, nil
}

// person is a subject as the library wants to see one.
type person struct {
	factors.Subject
	keys []webauthn.Credential
}

func (p person) WebAuthnID() []byte                         { return []byte(p.UserID) }
func (p person) WebAuthnName() string                       { return p.Username }
func (p person) WebAuthnCredentials() []webauthn.Credential { return p.keys }

func (p person) WebAuthnDisplayName() string {
	if p.Name != "" {
		return p.Name
	}
	return p.Username
}

func of(s factors.Subject, list ...*factors.Authenticator) (person, error) {
	p := person{Subject: s}
	for _, a := range list {
		r, err := read(a)
		if err != nil {
			return p, err
		}
		p.keys = append(p.keys, r.Credential)
	}
	return p, nil
}
