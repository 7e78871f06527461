package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// A target is a running provider with what the operations need of it.
type target struct {
	issuer  string
	meta    metadata
	http    *http.Client
	machine credentials // client_credentials, and the caller of introspection
	login   credentials // policy never
	strong  credentials // policy always
	keys    credentials // policy never, takes passkeys
	opaque  string      // audience with opaque tokens
	jwt     string      // audience with JWT tokens
	people  []human
}

type credentials struct{ id, secret string }

// A human can sign in once a time step: a used one-time code is refused.
type human struct{ name, password, totp string }

// metadata is what discovery says (RFC 8414 §2).
type metadata struct {
	Authorization string `json:"authorization_endpoint"`
	Token         string `json:"token_endpoint"`
	Introspection string `json:"introspection_endpoint"`
	UserInfo      string `json:"userinfo_endpoint"`
}

// redirectURI is registered for the clients of the benchmark; nobody listens there.
const redirectURI = "http://127.0.0.1:9/callback"

// tokens is a token response (RFC 6749 §5.1).
type tokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	ID      string `json:"id_token"`
	Error   string `json:"error"`
	Detail  string `json:"error_description"`
}

func newHTTP(connections int) *http.Client {
	return &http.Client{
		Timeout:       30 * time.Second,
		Transport:     &http.Transport{MaxIdleConns: connections * 2, MaxIdleConnsPerHost: connections * 2},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// send does one request and reads its answer to the end, so that the connection is
// used again.
func (t *target) send(ctx context.Context, method, address string, form url.Values, prepare func(*http.Request)) (*http.Response, []byte, error) {
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, nil, err
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if prepare != nil {
		prepare(req)
	}
	res, err := t.http.Do(req)
	if err != nil {
		return nil, nil, err
	}
	b, err := io.ReadAll(res.Body)
	return res, b, errors.Join(err, res.Body.Close())
}

func (t *target) token(ctx context.Context, c credentials, form url.Values) (tokens, error) {
	var out tokens
	res, b, err := t.send(ctx, http.MethodPost, t.meta.Token, form, c.basic)
	if err != nil {
		return out, err
	}
	if err := json.Unmarshal(b, &out); err != nil || res.StatusCode != http.StatusOK {
		return out, fmt.Errorf("token endpoint: %s: %s %s", res.Status, out.Error, out.Detail)
	}
	return out, nil
}

// basic authenticates by RFC 6749 §2.3.1.
func (c credentials) basic(req *http.Request) {
	req.SetBasicAuth(url.QueryEscape(c.id), url.QueryEscape(c.secret))
}

func (t *target) request(c credentials, more url.Values) string {
	q := url.Values{
		"client_id": {c.id}, "redirect_uri": {redirectURI}, "response_type": {"code"},
		"scope": {"openid profile offline_access"}, "state": {"a-state-of-the-benchmark"}, "nonce": {"a-nonce-of-the-benchmark"},
	}
	for name, values := range more {
		q[name] = values
	}
	return t.meta.Authorization + "?" + q.Encode()
}

func (t *target) redeem(ctx context.Context, c credentials, location string) (tokens, error) {
	at, err := url.Parse(location)
	if err != nil {
		return tokens{}, err
	}
	if at.Query().Get("code") == "" {
		return tokens{}, fmt.Errorf("no code in %s", location)
	}
	return t.token(ctx, c, url.Values{
		"grant_type": {"authorization_code"}, "code": {at.Query().Get("code")}, "redirect_uri": {redirectURI},
	})
}
