package main

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/oauth2"
)

// callback is a redirect_uri that nobody listens on: the test reads where the browser
// was sent (RFC 8252 §7.3 lets the demo's clients use any port).
const callback = "http://127.0.0.1:9/callback"

// A browser signs a person of the demo in with its client that always wants a second
// proof.
type browser struct {
	t              *testing.T
	http           *http.Client
	agent          string
	oauth          oauth2.Config
	verifier       string
	user, password string

	at     *url.URL
	body   string
	landed *url.URL // at the callback
}

func (s *site) browser(user string) *browser {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	b := &browser{t: s.t, agent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", user: user}
	b.http = &http.Client{Jar: jar, CheckRedirect: func(req *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(req.URL.String(), callback) {
			b.landed = req.URL
			return http.ErrUseLastResponse
		}
		return nil
	}}
	for _, u := range s.ready.Users {
		if u.Username == user {
			b.password = u.Password
		}
	}
	for _, c := range s.ready.Clients {
		if c.Name == "mfa" {
			b.oauth = oauth2.Config{ClientID: c.ID, ClientSecret: c.Secret, RedirectURL: callback, Scopes: []string{"openid"}}
		}
	}
	b.oauth.Endpoint = oauth2.Endpoint{AuthURL: s.ready.Issuer + "authorize", TokenURL: s.ready.Issuer + "oauth/token"}
	if b.password == "" || b.oauth.ClientID == "" {
		s.t.Fatalf("no %s or no client in %+v", user, s.ready)
	}
	return b
}

func (b *browser) do(method, address string, form url.Values) *browser {
	b.t.Helper()
	req, err := http.NewRequest(method, address, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("User-Agent", b.agent)
	req.Header.Set("Accept-Language", "en")
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	res, err := b.http.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	b.at, b.body = res.Request.URL, string(raw)
	return b
}

// reload looks at the page again.
func (b *browser) reload() *browser {
	b.t.Helper()
	return b.do(http.MethodGet, b.at.String(), nil)
}

// post presses a button of the page: names and values in turn.
func (b *browser) post(fields ...string) *browser {
	b.t.Helper()
	form := url.Values{}
	for pair := range slices.Chunk(fields, 2) {
		form.Set(pair[0], pair[1])
	}
	return b.do(http.MethodPost, b.at.String(), form)
}

// signIn begins and gives the password.
func (b *browser) signIn() *browser {
	b.t.Helper()
	b.landed, b.verifier = nil, oauth2.GenerateVerifier()
	request := b.oauth.AuthCodeURL("a-state", oauth2.S256ChallengeOption(b.verifier), oauth2.SetAuthURLParam("prompt", "login"))
	b.do(http.MethodGet, request, nil)
	return b.post("act", "answer", "username", b.user, "password", b.password)
}

// says checks the page.
func (b *browser) says(words string) *browser {
	b.t.Helper()
	if !strings.Contains(html.UnescapeString(b.body), words) {
		b.t.Fatalf("no %q on %s:\n%s", words, b.at, b.body)
	}
	return b
}

func (b *browser) find(what, pattern string) string {
	b.t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(b.body)
	if m == nil {
		b.t.Fatalf("no %s on %s:\n%s", what, b.at, b.body)
	}
	return html.UnescapeString(m[1])
}

// number is what the page shows to be typed.
func (b *browser) number() string {
	b.t.Helper()
	return b.find("number", `id="number"[^>]*>(\d\d)<`)
}

// amr redeems the code and returns what the ID token says was shown.
func (b *browser) amr() []any {
	b.t.Helper()
	if b.landed == nil || b.landed.Query().Get("code") == "" {
		b.t.Fatalf("not signed in, but at %s:\n%s", b.at, b.body)
	}
	token, err := b.oauth.Exchange(b.t.Context(), b.landed.Query().Get("code"), oauth2.VerifierOption(b.verifier))
	if err != nil {
		b.t.Fatal(err)
	}
	raw, _ := token.Extra("id_token").(string)
	claims := jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(raw, claims); err != nil {
		b.t.Fatal(err)
	}
	amr, _ := claims["amr"].([]any)
	return amr
}

// picture begins to set a phone up and returns the address that its page holds.
func (b *browser) picture() string {
	b.t.Helper()
	b.signIn().post("act", "other").says("Protect your account").post("act", "enroll", "factor", "push").says("Set up your phone")
	return b.find("address", `id="open-page" href="([^"]+)"`)
}

// enroll sets d up for the person.
func (b *browser) enroll(d *device) view {
	b.t.Helper()
	var v view
	d.json(&v, "enroll", b.picture(), "--name", "Terminal of "+b.user)
	b.post("act", "answer").says("Save your recovery codes").post("act", "done", "saved", "1")
	if b.landed == nil {
		b.t.Fatalf("set up, and not signed in: %s\n%s", b.at, b.body)
	}
	return v
}
