package webauthn

import (
	"context"
	"embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/sallyport-id/sallyport/factors"
)

//go:embed locales
var words embed.FS

const (
	maxAnswer  = 64 << 10
	maxLabel   = 50
	minLabel   = 2
	fieldKey   = "credential" // PublicKeyCredential.toJSON()
	fieldLabel = "label"      // what the person calls a new key
)

// Factor implements factors.Factor and factors.Discoverer. An authenticator's secret
// is its credential record (WebAuthn §4), its handle the credential's id.
type Factor struct {
	config  *Config
	kind    kind
	rp      *webauthn.WebAuthn
	missing string
}

// Info says that a key which verified its holder is two factors, that no other site
// can use it, and that it can open a login.
func (f *Factor) Info() factors.Info {
	info := factors.Info{
		First: true, Second: true, Enrollable: true, Rate: f.config.Rate, Missing: f.missing,
		Kinds: factors.Has | factors.Is, Traits: factors.PhishingResistant, Order: f.kind.order, Words: words,
	}
	if f.kind.factor == factors.Platform {
		info.Dependent, info.Progressive = true, true
	}
	return info
}

// RelatedOrigins are the other sites that may use these keys.
func (f *Factor) RelatedOrigins() []string { return f.config.Origins }

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
		var key webauthn.Credential
		if err := json.Unmarshal(a.Secret, &key); err != nil {
			return p, fmt.Errorf("webauthn: credential record of %s: %w", a.ID, err)
		}
		p.keys = append(p.keys, key)
	}
	return p, nil
}

func (f *Factor) ready() error {
	if f.rp == nil {
		return fmt.Errorf("webauthn: %w: %s", factors.ErrUnsupported, f.missing)
	}
	return nil
}

// Enroll asks for a new key. A key that the person has already is refused by itself.
func (f *Factor) Enroll(_ context.Context, s factors.Subject, _ factors.Answer) (*factors.Authenticator, *factors.Challenge, error) {
	p, err := of(s, s.Authenticators...)
	if err == nil {
		err = f.ready()
	}
	if err != nil {
		return nil, nil, err
	}
	options, session, err := f.rp.BeginRegistration(p, webauthn.WithExclusions(webauthn.Credentials(p.keys).CredentialDescriptors()))
	if err != nil {
		return nil, nil, fmt.Errorf("webauthn: %w", err)
	}
	c, err := f.ask(s, options.Response, session)
	if err != nil {
		return nil, nil, err
	}
	return &factors.Authenticator{Factor: f.kind.factor, Label: f.kind.label, CreatedAt: s.Now}, c, nil
}

// Challenge asks for any of the person's keys.
func (f *Factor) Challenge(_ context.Context, s factors.Subject, a *factors.Authenticator) (*factors.Challenge, error) {
	list := s.Authenticators
	if a != nil {
		list = []*factors.Authenticator{a}
	}
	p, err := of(s, list...)
	if err == nil {
		err = f.ready()
	}
	if err != nil {
		return nil, err
	}
	options, session, err := f.rp.BeginLogin(p)
	if err != nil {
		return nil, fmt.Errorf("webauthn: %w", err)
	}
	c, err := f.ask(s, options.Response, session)
	if err == nil && a != nil {
		c.AuthenticatorID = a.ID
	}
	return c, err
}

// Discover asks whoever is there for a key that knows them and verifies it.
func (f *Factor) Discover(s factors.Subject) (*factors.Challenge, error) {
	if err := f.ready(); err != nil {
		return nil, err
	}
	options, session, err := f.rp.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, fmt.Errorf("webauthn: %w", err)
	}
	return f.ask(s, options.Response, session)
}

// Handle is the credential's id.
func (f *Factor) Handle(answer factors.Answer) string {
	var key struct {
		ID string `json:"id"`
	}
	text := answer[fieldKey]
	if len(text) > maxAnswer || json.Unmarshal([]byte(text), &key) != nil || len(key.ID) > 1400 { // WebAuthn §4: 1023 bytes
		return ""
	}
	return key.ID
}

func (f *Factor) ask(s factors.Subject, options any, session *webauthn.SessionData) (*factors.Challenge, error) {
	shown, err := json.Marshal(options)
	if err != nil {
		return nil, fmt.Errorf("webauthn: %w", err)
	}
	kept, err := json.Marshal(session)
	if err != nil {
		return nil, fmt.Errorf("webauthn: %w", err)
	}
	return &factors.Challenge{
		Factor: f.kind.factor, ExpiresAt: s.Now.Add(f.config.Lifetime), State: kept,
		Prompt: factors.Prompt{Kind: factors.PromptPublicKey, Options: string(shown)},
	}, nil
}

// Verify checks answer["credential"]; for a pending authenticator that is a new key,
// and answer["label"] what to call it.
//
// Errors: factors.ErrWrong, factors.ErrSpent, factors.ErrExpired; *factors.Rejection
// for a label.
func (f *Factor) Verify(_ context.Context, s factors.Subject, a *factors.Authenticator, c *factors.Challenge, answer factors.Answer) (*factors.Proof, error) {
	switch {
	case a == nil || c == nil || a.Factor != f.kind.factor || c.AuthenticatorID != "" && c.AuthenticatorID != a.ID:
		return nil, factors.ErrWrong
	case !s.Now.Before(c.ExpiresAt):
		return nil, factors.ErrExpired
	case len(c.State) == 0:
		return nil, factors.ErrSpent
	case f.Handle(answer) == "":
		return nil, factors.ErrWrong
	}
	var session webauthn.SessionData
	if err := json.Unmarshal(c.State, &session); err != nil {
		return nil, factors.ErrWrong // another factor's
	}
	if err := f.ready(); err != nil {
		return nil, err
	}
	key, verified, err := f.check(s, a, session, answer)
	if err != nil {
		return nil, err
	}
	if err := keep(a, key); err != nil {
		return nil, err
	}
	c.State = nil
	return f.proof(s, a, key, verified), nil
}

func (f *Factor) check(s factors.Subject, a *factors.Authenticator, session webauthn.SessionData, answer factors.Answer) (*webauthn.Credential, bool, error) {
	if a.ConfirmedAt.IsZero() {
		return f.register(s, a, session, answer)
	}
	if f.Handle(answer) != a.Handle {
		return nil, false, fmt.Errorf("webauthn: %w: another key", factors.ErrWrong)
	}
	p, err := of(s, a)
	if err != nil {
		return nil, false, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes([]byte(answer[fieldKey]))
	if err != nil {
		return nil, false, wrong(err)
	}
	// Which keys may answer was decided above, and a discovered person is known by now.
	session.UserID, session.AllowedCredentialIDs = p.WebAuthnID(), nil
	key, err := f.rp.ValidateLogin(p, session, parsed)
	if err != nil {
		return nil, false, wrong(err)
	}
	if key.Authenticator.CloneWarning {
		return nil, false, fmt.Errorf("webauthn: %w: the key's counter went back: it may have been copied", factors.ErrWrong)
	}
	return key, parsed.Response.AuthenticatorData.Flags.HasUserVerified(), nil
}

func (f *Factor) register(s factors.Subject, a *factors.Authenticator, session webauthn.SessionData, answer factors.Answer) (*webauthn.Credential, bool, error) {
	label, given := answer[fieldLabel]
	label = strings.TrimSpace(label)
	switch n := utf8.RuneCountInString(label); {
	case !given:
		label = a.Label
	case n < minLabel || n > maxLabel || strings.ContainsAny(label, "\x00\r\n") || !utf8.ValidString(label):
		return nil, false, &factors.Rejection{Message: "webauthn.label", Data: map[string]any{"Min": minLabel, "Max": maxLabel}}
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes([]byte(answer[fieldKey]))
	if err != nil {
		return nil, false, wrong(err)
	}
	key, err := f.rp.CreateCredential(person{Subject: s}, session, parsed)
	if err != nil {
		return nil, false, wrong(err)
	}
	key.Attestation = webauthn.CredentialAttestation{} // was not asked for
	a.Label = label
	return key, key.Flags.UserVerified, nil
}

// keep puts the record of a key into its authenticator.
func keep(a *factors.Authenticator, key *webauthn.Credential) error {
	b, err := json.Marshal(key)
	if err != nil {
		return fmt.Errorf("webauthn: %w", err)
	}
	a.Secret, a.Handle = b, base64.RawURLEncoding.EncodeToString(key.ID)
	a.Counter = int64(key.Authenticator.SignCount)
	return nil
}

// proof says what was proven: that a key was there, whether it can be copied, and
// whether it knew who held it (RFC 8176; pop: OpenID EAP ACR Values 1.0).
func (f *Factor) proof(s factors.Subject, a *factors.Authenticator, key *webauthn.Credential, verified bool) *factors.Proof {
	p := &factors.Proof{
		Factor: f.kind.factor, AuthenticatorID: a.ID, AMR: []string{"pop", "user"}, Kinds: factors.Has, Traits: factors.PhishingResistant, At: s.Now,
	}
	if key.Flags.BackupEligible {
		p.AMR[0] = "swk"
	}
	if verified {
		p.Kinds |= factors.Is
	}
	return p
}

// wrong hides the library's words, which can repeat what was sent.
func wrong(err error) error {
	if e, ok := errors.AsType[*protocol.Error](err); ok {
		return fmt.Errorf("webauthn: %w: %s", factors.ErrWrong, e.Type)
	}
	return fmt.Errorf("webauthn: %w", factors.ErrWrong)
}
