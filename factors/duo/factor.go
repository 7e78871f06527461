package duo

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/duosecurity/duo_universal_golang/duouniversal"

	"github.com/sallyport-id/sallyport/factors"
)

//go:embed locales
var words embed.FS

// Factor implements factors.Factor.
type Factor struct {
	config *Config
	ready  bool
	base   *url.URL // in place of Duo
}

// Info says that Duo stands alone: what it offers replaces every other second factor.
func (f *Factor) Info() factors.Info {
	info := factors.Info{
		Second: true, Enrollable: true, Exclusive: true, Sends: true, Rate: f.config.Rate, Kinds: factors.Has, Order: 90, Words: words,
	}
	if !f.ready {
		info.Missing = "factors.duo.client_id"
	}
	return info
}

// asked is what a challenge keeps.
type asked struct {
	State string `json:"state,omitempty"`
	Open  bool   `json:"open,omitempty"` // Duo was away, and that is allowed
}

// Enroll sends the person to Duo, which sets up what they have there.
func (f *Factor) Enroll(ctx context.Context, s factors.Subject, _ factors.Answer) (*factors.Authenticator, *factors.Challenge, error) {
	a := &factors.Authenticator{Factor: factors.Duo, Label: f.name(s), CreatedAt: s.Now}
	c, err := f.Challenge(ctx, s, a)
	return a, c, err
}

// name is what Duo knows the person by.
func (f *Factor) name(s factors.Subject) string {
	if f.config.Username == "email" {
		return s.Email
	}
	return s.Username
}

// Challenge asks whether Duo is there, and says where to go.
//
// Errors: factors.ErrUnsupported where it is not, or does not know whom to ask.
func (f *Factor) Challenge(ctx context.Context, s factors.Subject, a *factors.Authenticator) (*factors.Challenge, error) {
	if a == nil || !f.ready || f.name(s) == "" {
		return nil, fmt.Errorf("duo: %w", factors.ErrUnsupported)
	}
	client, err := f.client(s.Callback)
	if err != nil {
		return nil, fmt.Errorf("duo: %w", err)
	}
	// Its length is what Duo asks for (22 to 1024), its beginning leads back to the login.
	kept := asked{State: s.LoginID + "." + rand.Text() + rand.Text()}
	c := &factors.Challenge{Factor: factors.Duo, AuthenticatorID: a.ID, ExpiresAt: s.Now.Add(f.config.Lifetime), Prompt: factors.Prompt{Kind: factors.PromptRedirect}}
	_, err = within(ctx, client.HealthCheck)
	switch {
	case err == nil:
		if c.Prompt.Location, err = client.CreateAuthURL(f.name(s), kept.State); err != nil {
			return nil, fmt.Errorf("duo: %w", err)
		}
		c.Prompt.Location = f.moved(c.Prompt.Location)
	case f.config.FailMode == "open":
		kept.Open = true
		c.Prompt.Location = s.Callback + "?" + url.Values{"state": {kept.State}}.Encode()
	default:
		return nil, fmt.Errorf("duo: %w: it cannot be reached: %s", factors.ErrUnsupported, plain(err))
	}
	if c.State, err = json.Marshal(kept); err != nil {
		return nil, fmt.Errorf("duo: %w", err)
	}
	return c, nil
}

// moved is an address at Duo as the stand-in has it.
func (f *Factor) moved(address string) string {
	u, err := url.Parse(address)
	if f.base == nil || err != nil {
		return address
	}
	u.Scheme, u.Host = f.base.Scheme, f.base.Host
	return u.String()
}

// Verify takes what Duo sent the browser back with: answer["state"] and
// answer["duo_code"].
//
// Errors: factors.ErrWrong, factors.ErrSpent, factors.ErrExpired; factors.ErrUnsupported
// where Duo cannot be reached.
func (f *Factor) Verify(ctx context.Context, s factors.Subject, a *factors.Authenticator, c *factors.Challenge, answer factors.Answer) (*factors.Proof, error) {
	switch {
	case a == nil || c == nil || a.Factor != factors.Duo || c.Factor != factors.Duo || c.AuthenticatorID != a.ID:
		return nil, factors.ErrWrong
	case !s.Now.Before(c.ExpiresAt):
		return nil, factors.ErrExpired
	case len(c.State) == 0:
		return nil, factors.ErrSpent
	}
	var kept asked
	if err := json.Unmarshal(c.State, &kept); err != nil {
		return nil, fmt.Errorf("duo: state: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(kept.State), []byte(answer["state"])) != 1 {
		return nil, factors.ErrWrong
	}
	p := &factors.Proof{Factor: factors.Duo, AuthenticatorID: a.ID, At: s.Now}
	if !kept.Open {
		said, err := f.exchange(ctx, s, answer["duo_code"])
		if err != nil {
			return nil, err
		}
		p.AMR, p.Kinds, p.Traits = shown(said)
	}
	c.State = nil
	return p, nil
}

func (f *Factor) exchange(ctx context.Context, s factors.Subject, code string) (*duouniversal.TokenResponse, error) {
	if code == "" || len(code) > 1024 {
		return nil, factors.ErrWrong
	}
	client, err := f.client(s.Callback)
	if err != nil {
		return nil, fmt.Errorf("duo: %w", err)
	}
	said, err := within(ctx, func() (*duouniversal.TokenResponse, error) {
		return client.ExchangeAuthorizationCodeFor2faResult(code, f.name(s))
	})
	var unreachable *url.Error
	switch {
	case errors.As(err, &unreachable) || errors.Is(err, context.DeadlineExceeded):
		return nil, fmt.Errorf("duo: %w: it cannot be reached: %s", factors.ErrUnsupported, plain(err))
	case err != nil:
		return nil, fmt.Errorf("duo: %w: its answer does not hold", factors.ErrWrong)
	case said.AuthResult.Result != "allow":
		return nil, fmt.Errorf("duo: %w: it said %q", factors.ErrWrong, said.AuthResult.Result)
	}
	return said, nil
}

// within bounds a call of Duo's client, which knows no context.
func within[T any](ctx context.Context, call func() (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, vendorTimeout)
	defer cancel()
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		v, err := call()
		done <- result{v, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// plain leaves the address out, in which there are tokens.
func plain(err error) string {
	var at *url.Error
	if errors.As(err, &at) {
		return at.Err.Error()
	}
	return err.Error()
}

// methods are the words of auth_context.factor that are known.
// https://duo.com/docs/adminapi#authentication-logs
var methods = map[string][]string{
	"duo_push": {"swk", "mca"}, "verified_duo_push": {"swk", "mca"}, "phone_call": {"tel"},
	"sms_passcode": {"sms"}, "passcode": {"otp"}, "duo_mobile_passcode": {"otp"}, "hardware_token": {"otp"},
	"yubikey_code": {"otp"}, "yubikey_passcode": {"otp"}, "digipass_go_7_token": {"otp"},
	"webauthn_credential": {"pop", "user"}, "webauthn_security_key": {"pop", "user"}, "webauthn_chrome_touch_id": {"pop", "user"},
	"platform_authenticator": {"pop", "user"}, "roaming_authenticator": {"pop", "user"}, "u2f_token": {"pop", "user"},
}

// shown is what a person did at Duo. A bypass, a remembered device or a trusted network
// is nothing.
func shown(said *duouniversal.TokenResponse) ([]string, factors.Kind, factors.Trait) {
	word := strings.ReplaceAll(strings.ToLower(said.AuthContext.Factor), " ", "_")
	amr := methods[word]
	switch {
	case len(amr) == 0 || strings.Contains(said.AuthContext.Reason, "bypass"):
		return nil, 0, 0
	case amr[0] == "pop":
		return amr, factors.Has, factors.PhishingResistant
	}
	return amr, factors.Has, 0
}
