package webauthn

import (
	"context"
	"embed"
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

// Factor implements factors.Factor, factors.Discoverer and factors.Grader. An authenticator's secret
// is its credential record (WebAuthn §4), its handle the credential's id.
type Factor struct {
	config  *Config
	kind    kind
	rp      *webauthn.WebAuthn
	makers  makers
	missing string
}

// Info says that a key which verified its holder is two factors, that no other site
// can use it, and that it can open a login.
func (f *Factor) Info() factors.Info {
	info := factors.Info{
		First: true, Second: true, Enrollable: true, Rate: f.config.Rate, Missing: f.missing,
		Kinds: factors.Has | factors.Is, Traits: factors.PhishingResistant, Order: f.kind.order, Words: words,
	}
	if len(f.makers.known) > 0 {
		info.Traits |= factors.Hardware
	}
	if f.kind.factor == factors.Platform {
		info.Dependent, info.Progressive = true, true
	}
	return info
}

// RelatedOrigins are the other sites that may use these keys.
func (f *Factor) RelatedOrigins() []string { return f.config.Origins }

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
// for a label, or for a key that nobody vouches for where somebody has to.
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
	if err := key.keep(a); err != nil {
		return nil, err
	}
	c.State = nil
	return f.proof(s, a, key, verified), nil
}

func (f *Factor) check(s factors.Subject, a *factors.Authenticator, session webauthn.SessionData, answer factors.Answer) (*record, bool, error) {
	if a.ConfirmedAt.IsZero() {
		return f.register(s, a, session, answer)
	}
	if f.Handle(answer) != a.Handle {
		return nil, false, fmt.Errorf("webauthn: %w: another key", factors.ErrWrong)
	}
	r, err := read(a)
	if err != nil {
		return nil, false, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes([]byte(answer[fieldKey]))
	if err != nil {
		return nil, false, wrong(err)
	}
	// Which keys may answer was decided above, and a discovered person is known by now.
	p := person{s, []webauthn.Credential{r.Credential}}
	session.UserID, session.AllowedCredentialIDs = p.WebAuthnID(), nil
	key, err := f.rp.ValidateLogin(p, session, parsed)
	if err != nil {
		return nil, false, wrong(err)
	}
	if key.Authenticator.CloneWarning {
		return nil, false, fmt.Errorf("webauthn: %w: the key's counter went back: it may have been copied", factors.ErrWrong)
	}
	r.Credential = *key
	return r, parsed.Response.AuthenticatorData.Flags.HasUserVerified(), nil
}

func (f *Factor) register(s factors.Subject, a *factors.Authenticator, session webauthn.SessionData, answer factors.Answer) (*record, bool, error) {
	label, given := answer[fieldLabel]
	label = strings.TrimSpace(label)
	switch n := utf8.RuneCountInString(label); {
	case !given:
		label = a.Label
	case n < minLabel || n > maxLabel || strings.ContainsAny(label, "\x00\r\n") || !utf8.ValidString(label):
		return nil, false, &factors.Rejection{Message: "webauthn.label", Data: map[string]any{"Min": minLabel, "Max": maxLabel}, Field: fieldLabel}
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes([]byte(answer[fieldKey]))
	if err != nil {
		return nil, false, wrong(err)
	}
	key, err := f.rp.CreateCredential(person{Subject: s}, session, parsed)
	if err != nil {
		return nil, false, wrong(err)
	}
	r := &record{Credential: *key, Maker: f.makers.vouch(parsed.Response.AttestationObject, s.Now)}
	if f.config.RequireAttestation && r.Maker == "" {
		return nil, false, &factors.Rejection{Message: "webauthn.maker"}
	}
	r.Attestation = webauthn.CredentialAttestation{} // what it came to is enough
	a.Label = label
	return r, r.Flags.UserVerified, nil
}

// proof says what was proven: that a key was there, what is known of where it lives,
// and whether it knew who held it (RFC 8176; pop: OpenID EAP ACR Values 1.0).
func (f *Factor) proof(s factors.Subject, a *factors.Authenticator, key *record, verified bool) *factors.Proof {
	p := &factors.Proof{
		Factor: f.kind.factor, AuthenticatorID: a.ID, AMR: []string{"pop", "user"}, Kinds: factors.Has, Traits: factors.PhishingResistant, At: s.Now,
	}
	switch {
	case key.Flags.BackupEligible:
		p.AMR[0] = "swk"
	case f.hardware(key):
		p.AMR[0] = "hwk"
		p.Traits |= factors.Hardware
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
