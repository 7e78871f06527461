package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/descope/virtualwebauthn"
)

// multiFactor asks for a sign-in with every factor: others may not add a passkey.
const multiFactor = "http://schemas.openid.net/pape/policies/2007/06/multi-factor"

// A pocket is a passkey with the software that keeps it.
type pocket struct {
	site   virtualwebauthn.RelyingParty
	device virtualwebauthn.Authenticator
	key    virtualwebauthn.Credential
}

// passkeyLogin signs in from the authorization request to the tokens with a passkey, each
// time with a new browser: a sign-in over the page without a password hash.
func passkeyLogin(ctx context.Context, t *target, workers int) (work, error) {
	pockets := make([]*pocket, workers)
	for i := range pockets {
		var err error
		if pockets[i], err = enrol(ctx, t, t.people[len(t.people)-1-i]); err != nil { // login_code begins with the others
			return nil, err
		}
	}
	return func(ctx context.Context, worker int) error {
		location, err := t.visitor().signIn(ctx, t.request(t.keys, nil), pockets[worker])
		if err != nil {
			return err
		}
		_, err = t.redeem(ctx, t.keys, location)
		return err
	}, nil
}

// enrol gives a person a passkey by the API for their own account.
func enrol(ctx context.Context, t *target, h human) (*pocket, error) {
	location, err := t.visitor().signIn(ctx, t.request(t.keys, url.Values{
		"audience": {t.issuer + "me/"}, "scope": {"openid create:me:authentication_methods"}, "acr_values": {multiFactor},
	}), h)
	if err != nil {
		return nil, err
	}
	got, err := t.redeem(ctx, t.keys, location)
	if err != nil {
		return nil, err
	}
	methods := t.issuer + "me/v1/authentication-methods"
	var asked struct {
		ID      string          `json:"id"`
		Session string          `json:"auth_session"`
		Options json.RawMessage `json:"authn_params_public_key"`
	}
	if err := t.post(ctx, methods, got.Access, map[string]any{"type": "passkey"}, http.StatusAccepted, &asked); err != nil {
		return nil, err
	}
	p, response, err := newPocket(t.issuer, asked.Options)
	if err != nil {
		return nil, err
	}
	answer := map[string]any{"auth_session": asked.Session, "authn_response": response}
	return p, t.post(ctx, methods+"/"+asked.ID+"/verify", got.Access, answer, http.StatusCreated, nil)
}

// newPocket makes a passkey as the provider asks for it, and the answer that says so.
func newPocket(issuer string, options json.RawMessage) (*pocket, json.RawMessage, error) {
	asked, err := virtualwebauthn.ParseAttestationOptions(`{"publicKey":` + string(options) + `}`)
	if err != nil {
		return nil, nil, err
	}
	p := &pocket{
		site:   virtualwebauthn.RelyingParty{ID: asked.RelyingPartyID, Origin: strings.TrimSuffix(issuer, "/")},
		device: virtualwebauthn.NewAuthenticatorWithOptions(virtualwebauthn.AuthenticatorOptions{UserHandle: []byte(asked.UserID)}), key: wholeKey(),
	}
	return p, json.RawMessage(virtualwebauthn.CreateAttestationResponse(p.site, p.device, p.key, *asked)), nil
}

// wholeKey makes a key whose coordinates need all their bytes: of others the virtual
// authenticator leaves the zeros away.
func wholeKey() virtualwebauthn.Credential {
	const whole = 77 // RFC 9053 §7.1.1: a map of five, with two strings of 32 bytes
	for {
		if key := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2); len(key.Key.AttestationData()) == whole {
			return key
		}
	}
}

var offered = regexp.MustCompile(`data-key="([^"]*)" data-offer`)

// answer fills the form for passkeys of a page, as its script does.
func (p *pocket) answer(page string) (url.Values, error) {
	found := offered.FindStringSubmatch(page)
	if found == nil {
		return nil, fmt.Errorf("a page without an offer to use a passkey: %.200s", page)
	}
	asked, err := virtualwebauthn.ParseAssertionOptions(`{"publicKey":` + html.UnescapeString(found[1]) + `}`)
	if err != nil {
		return nil, err
	}
	p.key.Counter++
	return url.Values{"act": {"passkey"}, "credential": {virtualwebauthn.CreateAssertionResponse(p.site, p.device, p.key, *asked)}}, nil
}

// post sends JSON with a person's token.
func (t *target) post(ctx context.Context, address, token string, body map[string]any, status int, into any) error {
	content, err := json.Marshal(body)
	if err != nil {
		return err
	}
	res, b, err := t.send(ctx, http.MethodPost, address, nil, func(r *http.Request) {
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(content)), int64(len(content))
	})
	if err := expect(res, err, status); err != nil {
		return fmt.Errorf("%w: %s", err, b)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(b, into)
}
