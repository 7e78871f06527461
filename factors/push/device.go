package push

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4"

	"github.com/sallyport-id/sallyport/factors"
)

// How devices are reached, by the names of the protocol; WEBPUSH is ours.
const (
	serviceAPNS    = "APNS"
	serviceGCM     = "GCM"
	serviceWebPush = "WEBPUSH"
)

const (
	maxRegistration = 16 << 10
	maxIdentifier   = 256
	maxName         = 60
	maxAddress      = 4 << 10
	minRSA          = 2048 // bits, SP 800-57
)

// A device is the secret of an authenticator. Key is its public key; what it may not
// lose is the address, by which somebody could be pestered, and the one-time key.
type device struct {
	Identifier string          `json:"identifier"` // the device's own, the iss of its answers
	Service    string          `json:"service,omitempty"`
	Address    string          `json:"address,omitempty"` // of the service: a token, a subscription
	Key        jose.JSONWebKey `json:"key"`
	Credential []byte          `json:"credential"` // SHA-256 of the opaque one
	Codes      factors.TOTP    `json:"codes"`
}

func deviceOf(a *factors.Authenticator) (device, error) {
	var d device
	if err := json.Unmarshal(a.Secret, &d); err != nil {
		return d, fmt.Errorf("push: device of %s: %w", a.ID, err)
	}
	return d, nil
}

func (d device) in(a *factors.Authenticator) error {
	b, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("push: device: %w", err)
	}
	a.Secret = b
	return nil
}

// A registration is what a device sends of itself: all of it to be taken on, parts of
// it to be changed.
type registration struct {
	Identifier *string `json:"identifier,omitempty"`
	Name       *string `json:"name,omitempty"`
	Push       *struct {
		Service string `json:"service"`
		Token   string `json:"token"`
	} `json:"push_credentials,omitempty"`
	Key json.RawMessage `json:"public_key,omitempty"`
}

func readRegistration(b []byte) (registration, error) {
	var r registration
	if len(b) > maxRegistration {
		return r, &factors.Malformed{Field: "body", Mend: fmt.Sprintf("use at most %d bytes", maxRegistration)}
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return r, &factors.Malformed{Field: "body", Mend: "send a JSON object with identifier, name, push_credentials and public_key"}
	}
	return r, nil
}

// apply takes over what r holds.
func (f *Factor) apply(r registration, a *factors.Authenticator, d *device) error {
	if r.Identifier != nil {
		if n := len(*r.Identifier); n == 0 || n > maxIdentifier || !utf8.ValidString(*r.Identifier) {
			return &factors.Malformed{Field: "identifier", Mend: fmt.Sprintf("use 1 to %d bytes", maxIdentifier)}
		}
		d.Identifier = *r.Identifier
	}
	if r.Name != nil {
		a.Label = nameOf(*r.Name)
	}
	if r.Push != nil {
		if err := f.checkAddress(r.Push.Service, r.Push.Token); err != nil {
			return err
		}
		d.Service, d.Address = r.Push.Service, r.Push.Token
	}
	return nil
}

// nameOf is a device's name as pages can show it.
func nameOf(text string) string {
	if text = oneLine(text); text == "" {
		return fallbackName
	}
	return text
}

// oneLine is a short text in one line, without what a screen or a terminal takes for
// orders.
func oneLine(text string) string {
	text = strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || c == utf8.RuneError || unicode.Is(unicode.Cf, c) {
			return ' '
		}
		return c
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	if short := []rune(text); len(short) > maxName {
		text = strings.TrimSpace(string(short[:maxName]))
	}
	return text
}

const fallbackName = "Phone"

func (f *Factor) checkAddress(service, token string) error {
	switch {
	case service == "" && token == "":
		return nil
	case service != serviceAPNS && service != serviceGCM && service != serviceWebPush:
		return &factors.Malformed{Field: "push_credentials.service", Mend: "use APNS, GCM or WEBPUSH"}
	case token == "" || len(token) > maxAddress:
		return &factors.Malformed{Field: "push_credentials.token", Mend: "send what the push service gave the device"}
	case service == serviceWebPush && f.web.checkSubscription(token) != nil:
		return &factors.Malformed{Field: "push_credentials.token", Mend: "send the subscription of a push service that this site uses"}
	}
	return nil
}

// readKey takes RSA and P-256. Apps send an RSA modulus with a zero before it, as Java
// writes numbers.
func readKey(raw json.RawMessage) (jose.JSONWebKey, error) {
	var key jose.JSONWebKey
	wrong := &factors.Malformed{Field: "public_key", Mend: "send a JWK of an RSA key of at least 2048 bits, or of a P-256 key"}
	if len(raw) == 0 || json.Unmarshal(raw, &key) != nil || !key.IsPublic() {
		return key, wrong
	}
	switch k := key.Key.(type) {
	case *rsa.PublicKey:
		if k.N.BitLen() < minRSA || k.N.BitLen() > 4*minRSA || k.E < 3 || k.E%2 == 0 {
			return key, wrong
		}
		key.Algorithm = string(jose.RS256)
	case *ecdsa.PublicKey:
		if k.Curve != elliptic.P256() {
			return key, wrong
		}
		key.Algorithm = string(jose.ES256)
	default:
		return key, wrong
	}
	return jose.JSONWebKey{Key: key.Key, Algorithm: key.Algorithm, Use: "sig"}, nil
}

// Pair implements factors.Pairer.
func (f *Factor) Pair(s factors.Subject, a *factors.Authenticator, c *factors.Challenge, body []byte) (*factors.Pairing, error) {
	switch {
	case a == nil || c == nil || a.Factor != factors.Push || c.AuthenticatorID != a.ID || !a.ConfirmedAt.IsZero():
		return nil, factors.ErrWrong
	case !s.Now.Before(c.ExpiresAt):
		return nil, factors.ErrExpired
	case len(c.State) == 0:
		return nil, factors.ErrSpent
	}
	k, err := kept(c)
	if err != nil {
		return nil, err
	}
	if k.Paired || k.Question != nil {
		return nil, factors.ErrSpent
	}
	r, err := readRegistration(body)
	if err != nil {
		return nil, err
	}
	if r.Identifier == nil {
		return nil, &factors.Malformed{Field: "identifier", Mend: "send what tells this device from others"}
	}
	d := device{Codes: f.codes()}
	if d.Key, err = readKey(r.Key); err != nil {
		return nil, err
	}
	a.Label = fallbackName
	if err := f.apply(r, a, &d); err != nil {
		return nil, err
	}
	credential := rand.Text() + rand.Text()
	d.Credential = hash(credential)
	if err := d.in(a); err != nil {
		return nil, err
	}
	k.Paired = true
	return &factors.Pairing{Credential: credential, Codes: &d.Codes}, k.in(c)
}

// codes is a new key of the one-time passwords that the device shows: what every app
// understands (RFC 6238, RFC 4226 §4 R6).
func (f *Factor) codes() factors.TOTP {
	secret := make([]byte, 20)
	if _, err := rand.Read(secret); err != nil {
		panic("push: no random numbers: " + err.Error()) // crypto/rand ends the program itself
	}
	return factors.TOTP{Secret: secret, Algorithm: "SHA1", Digits: 6, Period: 30}
}

// Recognise implements factors.Pairer: the credential is the opaque one, or a statement
// that the device signs for a while.
func (f *Factor) Recognise(a *factors.Authenticator, credential string, audiences []string, now time.Time) error {
	if a == nil || a.Factor != factors.Push || len(a.Secret) == 0 {
		return factors.ErrWrong
	}
	d, err := deviceOf(a)
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(hash(credential), d.Credential) == 1 {
		return nil
	}
	_, err = d.read(credential, want{issuer: a.ID, subject: a.UserID, audiences: audiences, life: statementLife, now: now})
	return err
}

// Amend implements factors.Pairer.
func (f *Factor) Amend(a *factors.Authenticator, change []byte) ([]byte, error) {
	d, err := deviceOf(a)
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(change)) > 0 {
		r, err := readRegistration(change)
		if err != nil {
			return nil, err
		}
		if len(r.Key) > 0 {
			return nil, &factors.Malformed{Field: "public_key", Mend: "set the device up anew to change its key"}
		}
		if err := f.apply(r, a, &d); err != nil {
			return nil, err
		}
		if err := d.in(a); err != nil {
			return nil, err
		}
	}
	about := map[string]any{"id": a.ID, "identifier": d.Identifier, "name": a.Label}
	if d.Service != "" {
		about["push_credentials"] = map[string]string{"service": d.Service, "token": d.Address}
	}
	return json.Marshal(about)
}

// Link implements factors.Linker: the device shows codes of the factor otp too.
func (f *Factor) Link(a *factors.Authenticator) ([]*factors.Authenticator, error) {
	d, err := deviceOf(a)
	if err != nil {
		return nil, err
	}
	codes, err := d.Codes.Authenticator(a.ConfirmedAt)
	if err != nil {
		return nil, fmt.Errorf("push: %w", err)
	}
	codes.Label, codes.ConfirmedAt = a.Label, a.ConfirmedAt
	return []*factors.Authenticator{codes}, nil
}

func hash(credential string) []byte {
	sum := sha256.Sum256([]byte(credential))
	return sum[:]
}
