package standin

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Phone is a phone with an app that is built with a Guardian SDK: it speaks the
// protocol as those do, with an RSA key whose modulus has a zero before it and with
// times that have fractions. Its fields are what it keeps; how the key is kept is its
// keeper's business.
type Phone struct {
	Identifier string          `json:"identifier"` // of the phone
	Name       string          `json:"name"`
	Key        *rsa.PrivateKey `json:"-"`
	Service    string          `json:"service,omitempty"` // APNS or GCM, "" where it is told nothing
	Address    string          `json:"address,omitempty"`

	Account    string `json:"account,omitempty"` // the rest: once it is enrolled
	Issuer     string `json:"issuer,omitempty"`
	ID         string `json:"id,omitempty"`
	UserID     string `json:"user_id,omitempty"`
	Base       string `json:"base,omitempty"` // address of the protocol
	Credential string `json:"credential,omitempty"`
	Secret     string `json:"secret,omitempty"` // of its one-time codes, base32; "" without any
	Algorithm  string `json:"algorithm,omitempty"`
	Digits     int    `json:"digits,omitempty"`
	Period     int    `json:"period,omitempty"` // seconds

	// HTTP sends the requests, nil: http.DefaultClient. Agent is what they say that they
	// come from, "" for an SDK's name.
	HTTP  *http.Client `json:"-"`
	Agent string       `json:"-"`
	// Tamper changes the claims of an answer before they are signed.
	Tamper func(claims map[string]any) `json:"-"`
	Now    func() time.Time            `json:"-"` // nil: the clock
}

// NewPhone is a phone out of the box.
func NewPhone(name string) (*Phone, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	return &Phone{Identifier: rand.Text(), Name: name, Key: key}, nil
}

// A Question is what a phone is asked.
type Question struct {
	Token       string  `json:"txtkn"`
	Challenge   string  `json:"c"`
	Device      string  `json:"dai"`
	Site        string  `json:"sh"`
	StartedAt   string  `json:"d"`
	Source      *Source `json:"s"`
	Number      bool    `json:"number"` // that the page shows is wanted
	Application string  `json:"application"`
	Account     string  `json:"account"`
	Address     string  `json:"address"`
}

// A Source is the browser that is signed in with.
type Source struct {
	Browser Part `json:"b"`
	System  Part `json:"os"`
}

// A Part is a browser or a system.
type Part struct {
	Name    string `json:"n"`
	Version string `json:"v"`
}

// A Refused is the other side's error. Code is "" where the answer was not one that
// the SDKs can read: another server stands there, or one before it is in the way.
type Refused struct {
	Status     int           `json:"statusCode"`
	Code       string        `json:"errorCode"`
	Message    string        `json:"message"`
	RetryAfter time.Duration `json:"-"` // 0: it does not say
}

func (r *Refused) Error() string { return fmt.Sprintf("%d %s: %s", r.Status, r.Code, r.Message) }

// ErrNoPage is Scan's where an address is of another page.
var ErrNoPage = errors.New("standin: not the address of a page that sets phones up")

// Scan reads what a picture holds: an otpauth address, the address of a page, or the
// ticket itself, for which base has to be known.
func Scan(text string) (base, ticket string, err error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return "", "", err
	case u.Scheme == "otpauth":
		return u.Query().Get("base_url"), u.Query().Get("enrollment_tx_id"), nil
	case u.Scheme == "http" || u.Scheme == "https":
		path, ok := strings.CutSuffix(u.Path, "/authenticator")
		if !ok {
			return "", "", ErrNoPage
		}
		site := url.URL{Scheme: u.Scheme, Host: u.Host, Path: path + "/appliance-mfa"}
		return site.String(), u.Fragment, nil
	}
	return "", text, nil
}

// Enroll has the phone taken on.
func (p *Phone) Enroll(ctx context.Context, base, ticket string) error {
	body := map[string]any{"identifier": p.Identifier, "name": p.Name, "public_key": p.publicKey()}
	if p.Service != "" {
		body["push_credentials"] = map[string]string{"service": p.Service, "token": p.Address}
	}
	var answer struct {
		ID      string `json:"id"`
		URL     string `json:"url"`
		Issuer  string `json:"issuer"`
		UserID  string `json:"user_id"`
		Token   string `json:"token"`
		Account string `json:"account"`
		TOTP    struct {
			Secret    string `json:"secret"`
			Algorithm string `json:"algorithm"`
			Digits    int    `json:"digits"`
			Period    int    `json:"period"`
		} `json:"totp"`
	}
	if err := p.call(ctx, http.MethodPost, base+"/api/enroll", `Ticket id="`+ticket+`"`, body, &answer); err != nil {
		return err
	}
	if answer.ID == "" || answer.URL == "" || answer.Issuer == "" || answer.UserID == "" || answer.Token == "" {
		return errors.New("standin: the answer lacks what the SDKs insist on")
	}
	p.ID, p.Base, p.Issuer, p.UserID = answer.ID, answer.URL, answer.Issuer, answer.UserID
	p.Credential, p.Account = answer.Token, answer.Account
	p.Secret, p.Algorithm, p.Digits, p.Period = answer.TOTP.Secret, answer.TOTP.Algorithm, answer.TOTP.Digits, answer.TOTP.Period
	return nil
}

// publicKey is the JWK as Java makes it: BigInteger.toByteArray has a sign.
func (p *Phone) publicKey() map[string]string {
	n := append([]byte{0}, p.Key.N.Bytes()...)
	return map[string]string{
		"kty": "RSA", "alg": "RS256", "use": "sig", "n": base64.RawURLEncoding.EncodeToString(n),
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(p.Key.E)).Bytes()),
	}
}

// Ask is what the phone is asked just now, nil for nothing.
func (p *Phone) Ask(ctx context.Context) (*Question, error) {
	var q Question
	err := p.call(ctx, http.MethodGet, p.Base+"/api/device-accounts/"+p.ID+"/question", "Bearer "+p.statement(), nil, &q)
	if err != nil || q.Token == "" {
		return nil, err
	}
	return &q, nil
}

// Approve says yes, with the number where one is wanted.
func (p *Phone) Approve(ctx context.Context, q *Question, number string) error {
	claims := map[string]any{"auth0_guardian_accepted": true}
	if number != "" {
		claims["number"] = number
	}
	return p.answer(ctx, q, claims)
}

// Deny says no, with a reason: "mistake", "hack".
func (p *Phone) Deny(ctx context.Context, q *Question, reason string) error {
	return p.answer(ctx, q, map[string]any{"auth0_guardian_accepted": false, "auth0_guardian_reason": reason})
}

func (p *Phone) answer(ctx context.Context, q *Question, claims map[string]any) error {
	now := p.now()
	claims["iss"], claims["sub"], claims["aud"] = p.Identifier, q.Challenge, p.Base+"/api/resolve-transaction"
	claims["iat"], claims["exp"] = now, now+30
	claims["auth0_guardian_method"] = "push"
	if p.Tamper != nil {
		p.Tamper(claims)
	}
	body := map[string]string{"challenge_response": p.Sign(claims)}
	return p.call(ctx, http.MethodPost, p.Base+"/api/resolve-transaction", "Bearer "+q.Token, body, nil)
}

// Change changes what is known of the phone; Remove removes it.
func (p *Phone) Change(ctx context.Context, body map[string]any) (about map[string]any, err error) {
	err = p.call(ctx, http.MethodPatch, p.Base+"/api/device-accounts/"+p.ID, "Bearer "+p.Credential, body, &about)
	return about, err
}

// Remove has the phone forgotten.
func (p *Phone) Remove(ctx context.Context) error {
	return p.call(ctx, http.MethodDelete, p.Base+"/api/device-accounts/"+p.ID, "Bearer "+p.statement(), nil, nil)
}

// statement says for two hours that it is this phone that speaks.
func (p *Phone) statement() string {
	now := p.now()
	return p.Sign(map[string]any{"iat": now, "exp": now + 7200, "aud": p.Base + "/api/device-accounts", "iss": p.ID, "sub": p.UserID})
}

// now has fractions, as Swift writes it.
func (p *Phone) now() float64 {
	at := time.Now()
	if p.Now != nil {
		at = p.Now()
	}
	return float64(at.UnixMilli()) / 1000
}

// Sign makes a JWT of claims, its slashes escaped as Swift does.
func (p *Phone) Sign(claims map[string]any) string {
	part := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			panic(err) // texts, numbers and booleans
		}
		return base64.RawURLEncoding.EncodeToString(bytes.ReplaceAll(b, []byte("/"), []byte(`\/`)))
	}
	text := part(map[string]string{"alg": "RS256", "typ": "JWT"}) + "." + part(claims)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, p.Key, crypto.SHA256, sum[:])
	if err != nil {
		panic(err) // a key of ours
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}
