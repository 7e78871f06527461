package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
)

// An operation is one row of the result. prepare makes what the work needs, outside
// the measured time.
type operation struct {
	name    string
	prepare func(ctx context.Context, t *target, workers int) (work, error)
}

// operations is every row, with the name that it has at the floor.
var operations = []operation{
	{"discovery", discovery},
	{"client_credentials_opaque", func(_ context.Context, t *target, _ int) (work, error) { return machineToken(t, t.opaque), nil }},
	{"client_credentials_jwt", func(_ context.Context, t *target, _ int) (work, error) { return machineToken(t, t.jwt), nil }},
	{"introspection", introspection},
	{"userinfo", userinfo},
	{"refresh", refresh},
	{"silent", silent},
	{"login", func(_ context.Context, t *target, _ int) (work, error) { return fullLogin(t, t.login), nil }},
	{"login_code", func(_ context.Context, t *target, _ int) (work, error) { return fullLogin(t, t.strong), nil }},
	{"passkey", passkeyLogin},
}

// What is measured beside the operations, on products of its own.
const (
	opRules    = "rules"
	opBacktest = "backtest"
)

func operationNames() []string {
	names := make([]string, len(operations))
	for i, o := range operations {
		names[i] = o.name
	}
	return append(names, opRules, opBacktest)
}

func discovery(_ context.Context, t *target, _ int) (work, error) {
	return func(ctx context.Context, _ int) error {
		res, _, err := t.send(ctx, http.MethodGet, t.issuer+".well-known/openid-configuration", nil, nil)
		return expect(res, err, http.StatusOK)
	}, nil
}

func expect(res *http.Response, err error, status int) error {
	if err == nil && res.StatusCode != status {
		err = fmt.Errorf("%s: %s", res.Request.URL.Path, res.Status)
	}
	return err
}

func machineToken(t *target, audience string) work {
	form := url.Values{"grant_type": {"client_credentials"}, "audience": {audience}}
	return func(ctx context.Context, _ int) error {
		_, err := t.token(ctx, t.machine, form)
		return err
	}
}

func introspection(ctx context.Context, t *target, _ int) (work, error) {
	got, err := t.token(ctx, t.machine, url.Values{"grant_type": {"client_credentials"}, "audience": {t.opaque}})
	if err != nil {
		return nil, err
	}
	form := url.Values{"token": {got.Access}}
	return func(ctx context.Context, _ int) error {
		res, b, err := t.send(ctx, http.MethodPost, t.meta.Introspection, form, t.machine.basic)
		if err == nil && !strings.Contains(string(b), `"active":true`) {
			err = fmt.Errorf("introspection: %s", b)
		}
		return expect(res, err, http.StatusOK)
	}, nil
}

// signedIn is a browser with a session and the tokens of its first sign-in.
func signedIn(ctx context.Context, t *target, i int) (*visitor, tokens, error) {
	v := t.visitor()
	location, err := v.signIn(ctx, t.request(t.login, nil), t.people[i%len(t.people)])
	if err != nil {
		return nil, tokens{}, err
	}
	got, err := t.redeem(ctx, t.login, location)
	return v, got, err
}

func userinfo(ctx context.Context, t *target, _ int) (work, error) {
	_, got, err := signedIn(ctx, t, 0)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, _ int) error {
		res, _, err := t.send(ctx, http.MethodGet, t.meta.UserInfo, nil, func(r *http.Request) {
			r.Header.Set("Authorization", "Bearer "+got.Access)
		})
		return expect(res, err, http.StatusOK)
	}, nil
}

func refresh(ctx context.Context, t *target, workers int) (work, error) {
	chains := make([]string, workers)
	for i := range chains {
		_, got, err := signedIn(ctx, t, i)
		if err != nil {
			return nil, err
		}
		chains[i] = got.Refresh
	}
	return func(ctx context.Context, worker int) error {
		got, err := t.token(ctx, t.login, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {chains[worker]}})
		if err != nil {
			return err
		}
		chains[worker] = got.Refresh
		return nil
	}, nil
}

func silent(ctx context.Context, t *target, workers int) (work, error) {
	visitors := make([]*visitor, workers)
	for i := range visitors {
		v, _, err := signedIn(ctx, t, i)
		if err != nil {
			return nil, err
		}
		visitors[i] = v
	}
	request := t.request(t.login, url.Values{"prompt": {"none"}})
	return func(ctx context.Context, worker int) error {
		res, _, err := visitors[worker].fetch(ctx, http.MethodGet, request, nil)
		if err != nil {
			return err
		}
		_, err = t.redeem(ctx, t.login, res.Header.Get("Location"))
		return err
	}, nil
}

// fullLogin signs in from the authorization request to the tokens, each time another
// person with a new browser. With a code every person can do so once.
func fullLogin(t *target, c credentials) work {
	var next atomic.Int64
	return func(ctx context.Context, _ int) error {
		i := int(next.Add(1)) - 1
		if c == t.strong && i >= len(t.people) {
			return errDone
		}
		v := t.visitor()
		location, err := v.signIn(ctx, t.request(c, nil), t.people[i%len(t.people)])
		if err != nil {
			return err
		}
		_, err = t.redeem(ctx, c, location)
		return err
	}
}
