package push

import (
	"context"
	"crypto/rand"
	"embed"
	"fmt"
	"net/url"
	"strings"

	"github.com/sallyport-id/sallyport/factors"
)

//go:embed locales
var words embed.FS

// Factor implements factors.Factor, factors.Pairer, factors.Linker and factors.Courier.
type Factor struct {
	config *Config
	phones *delivery
	web    *webPush
}

// Info says that a phone is something the person has, and that asking it is limited
// twice: how often, and how often in vain.
func (f *Factor) Info() factors.Info {
	return factors.Info{
		Second: true, Enrollable: true, Sends: true, Rate: f.config.Rate, Unapproved: f.config.Unapproved, Kinds: factors.Has, Order: 20, Words: words,
	}
}

// Enroll shows the address that sets a device up: a page of the site, or what a phone
// app reads. It works once.
func (f *Factor) Enroll(_ context.Context, s factors.Subject, _ factors.Answer) (*factors.Authenticator, *factors.Challenge, error) {
	c := &factors.Challenge{
		Factor: factors.Push, Token: rand.Text() + rand.Text(), ExpiresAt: s.Now.Add(f.config.EnrollLifetime), Prompt: factors.Prompt{Kind: factors.PromptWait},
	}
	c.Prompt.URI = f.address(s, c.Token)
	if f.config.App == appSDK {
		c.Prompt.App = factors.App{Name: f.config.AppName, AppleLink: f.config.AppleLink, GoogleLink: f.config.GoogleLink}
	}
	if err := (asked{}).in(c); err != nil {
		return nil, nil, err
	}
	return &factors.Authenticator{Factor: factors.Push, Label: fallbackName, CreatedAt: s.Now}, c, nil
}

// Base is the path of the protocol below a site's address. The SDKs append it
// themselves.
const Base = "/appliance-mfa"

// Page is the path of the web authenticator.
const Page = "/authenticator"

// address is what the picture holds. The ticket stands behind a #, where no server and
// no log sees it.
func (f *Factor) address(s factors.Subject, ticket string) string {
	if f.config.App == appWeb {
		return s.Site + Page + "#" + ticket
	}
	label := escape(s.Issuer) + ":" + escape(s.Username)
	q := []string{"enrollment_tx_id=" + url.QueryEscape(ticket), "issuer=" + escape(s.Issuer), "base_url=" + url.QueryEscape(s.Site+Base)}
	return "otpauth://totp/" + label + "?" + strings.Join(q, "&")
}

// escape leaves spaces as %20 and colons out, as in the factor otp: apps split the
// label there.
func escape(text string) string {
	return strings.ReplaceAll(url.QueryEscape(strings.ReplaceAll(text, ":", " ")), "+", "%20")
}

// Challenge asks the device of a, which has to be named, and tells it.
func (f *Factor) Challenge(_ context.Context, s factors.Subject, a *factors.Authenticator) (*factors.Challenge, error) {
	if a == nil {
		return nil, factors.ErrUnsupported
	}
	d, err := deviceOf(a)
	if err != nil {
		return nil, err
	}
	c := &factors.Challenge{
		Factor: factors.Push, AuthenticatorID: a.ID, Token: rand.Text() + rand.Text(), ExpiresAt: s.Now.Add(f.config.Lifetime),
		Prompt: factors.Prompt{Kind: factors.PromptWait, Destination: a.Label},
	}
	q := f.question(s, a, c.Token, c.ExpiresAt)
	k := asked{Question: &q}
	if q.Number {
		k.Number = twoDigits()
		c.Prompt.Number = k.Number
	}
	if err := k.in(c); err != nil {
		return nil, err
	}
	if d.Service != "" {
		c.Message, err = f.message(s, d, c)
	}
	return c, err
}

// Verify gives the proof once the device has approved, or was taken on.
//
// Errors: factors.ErrPending, factors.ErrWrong, factors.ErrSpent, factors.ErrExpired.
func (f *Factor) Verify(_ context.Context, s factors.Subject, a *factors.Authenticator, c *factors.Challenge, _ factors.Answer) (*factors.Proof, error) {
	switch {
	case a == nil || c == nil || a.Factor != factors.Push || c.Factor != factors.Push || c.AuthenticatorID != a.ID:
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
	pairing := a.ConfirmedAt.IsZero()
	switch {
	case pairing != (k.Question == nil):
		return nil, factors.ErrWrong
	case pairing && !k.Paired, !pairing && k.Verdict == "":
		return nil, factors.ErrPending
	case !pairing && k.Verdict != factors.Approved:
		return nil, fmt.Errorf("push: %w: %s", factors.ErrWrong, k.Verdict)
	}
	c.State, c.Token = nil, ""
	return &factors.Proof{
		Factor: factors.Push, AuthenticatorID: a.ID, AMR: []string{"swk", "mca"}, Kinds: factors.Has, At: s.Now,
	}, nil
}

// ApplicationServerKey is the key by which push services know this site, "" where the
// web authenticator is not notified.
func (f *Factor) ApplicationServerKey() string { return f.web.public }
