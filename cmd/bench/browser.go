package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp/totp"
)

// A visitor is a browser without a screen: it keeps cookies and knows the fields of
// the sign-in pages by their names.
type visitor struct {
	*target
	cookies map[string]string
}

func (t *target) visitor() *visitor { return &visitor{target: t, cookies: map[string]string{}} }

func (v *visitor) fetch(ctx context.Context, method, address string, form url.Values) (*http.Response, []byte, error) {
	res, b, err := v.send(ctx, method, address, form, func(req *http.Request) {
		for name, value := range v.cookies {
			req.AddCookie(&http.Cookie{Name: name, Value: value})
		}
		if form != nil {
			req.Header.Set("Sec-Fetch-Site", "same-origin")
		}
	})
	if err != nil {
		return nil, nil, err
	}
	for _, c := range res.Cookies() {
		if c.MaxAge < 0 {
			delete(v.cookies, c.Name)
		} else {
			v.cookies[c.Name] = c.Value
		}
	}
	return res, b, nil
}

// A holder fills the forms of the sign-in pages.
type holder interface {
	answer(page string) (url.Values, error)
}

// signIn follows an authorization request through the pages as h and returns the
// address that the browser was sent to with the code.
func (v *visitor) signIn(ctx context.Context, request string, h holder) (string, error) {
	address, form := request, url.Values(nil)
	for range 16 {
		method := http.MethodGet
		if form != nil {
			method = http.MethodPost
		}
		res, page, err := v.fetch(ctx, method, address, form)
		if err != nil {
			return "", err
		}
		form = nil
		if location := res.Header.Get("Location"); location != "" {
			next, err := res.Request.URL.Parse(location)
			if err != nil {
				return "", err
			}
			address = next.String()
			if strings.HasPrefix(address, redirectURI) {
				return address, nil
			}
			continue
		}
		if res.StatusCode != http.StatusOK {
			return "", fmt.Errorf("%s %s: %s", method, res.Request.URL.Path, res.Status)
		}
		if form, err = h.answer(string(page)); err != nil {
			return "", fmt.Errorf("%s: %w", res.Request.URL.Path, err)
		}
		address = res.Request.URL.String()
	}
	return "", fmt.Errorf("no end of pages at %s", address)
}

// answer fills the form of a page.
func (h human) answer(page string) (url.Values, error) {
	switch {
	case strings.Contains(page, `name="username"`):
		return url.Values{"username": {h.name}, "password": {h.password}, "act": {"answer"}}, nil
	case strings.Contains(page, `name="code"`):
		code, err := totp.GenerateCode(h.totp, time.Now())
		return url.Values{"code": {code}, "act": {"answer"}}, err
	}
	return nil, fmt.Errorf("a page that the benchmark does not know: %.200s", page)
}
