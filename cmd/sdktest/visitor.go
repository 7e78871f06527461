package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"sync"

	"golang.org/x/net/html"
)

// A visitor is somebody at a browser without scripts: cookies, redirects and forms.
// The fields of the pages are known by their names (package themes).
type visitor struct {
	desk *desk
	http *http.Client
	mu   sync.Mutex
}

// A visit is what somebody does with a browser.
type visit struct {
	Browser string `json:"browser"` // name of one that keeps its cookies; empty: a new one
	URL     string `json:"url"`
	// Until ends the visit as soon as the browser would open an address that begins so;
	// without, it ends with a page that has nothing to fill in.
	Until string `json:"until"`
	person
}

// landed is how a visit ended.
type landed struct {
	URL    string   `json:"url"` // last address
	Status int      `json:"status"`
	Page   string   `json:"page"`  // its source; empty where Until ended it
	Asked  []string `json:"asked"` // what was filled in: username, password, code, …
}

func (d *desk) visit(ctx context.Context, in visit) (landed, error) {
	d.mu.Lock()
	v := d.browsers[in.Browser]
	if v == nil {
		jar, err := cookiejar.New(nil)
		if err != nil {
			d.mu.Unlock()
			return landed{}, err
		}
		v = &visitor{desk: d, http: &http.Client{
			Jar: jar, Transport: d.http.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}}
		if in.Browser != "" {
			d.browsers[in.Browser] = v
		}
	}
	d.mu.Unlock()
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.walk(ctx, in)
}

// walk opens pages and answers their forms until there is nothing left to do.
func (v *visitor) walk(ctx context.Context, in visit) (landed, error) {
	at := landed{URL: in.URL, Asked: []string{}}
	var post url.Values
	for range 24 {
		if in.Until != "" && strings.HasPrefix(at.URL, in.Until) && post == nil {
			return at, nil
		}
		res, page, err := v.open(ctx, at.URL, post) //nolint:bodyclose // open read and closed it
		if err != nil {
			return at, err
		}
		at.Status, at.Page, post = res.StatusCode, "", nil
		if to := res.Header.Get("Location"); to != "" {
			next, err := res.Request.URL.Parse(to)
			if err != nil {
				return at, err
			}
			at.URL = next.String()
			continue
		}
		at.Page = page
		f, err := findForm(page)
		if err != nil {
			return at, err
		}
		asked, err := v.fill(ctx, f, in.person)
		if f == nil || asked == "" || err != nil {
			return at, err
		}
		at.Asked = append(at.Asked, asked)
		next, err := res.Request.URL.Parse(f.action)
		if err != nil {
			return at, err
		}
		at.URL, post = next.String(), f.fields
	}
	return at, fmt.Errorf("no end of pages at %s, asked %v", at.URL, at.Asked)
}

func (v *visitor) open(ctx context.Context, address string, post url.Values) (*http.Response, string, error) {
	method := http.MethodGet
	if post != nil {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(post.Encode()))
	if err != nil {
		return nil, "", err
	}
	req.Header.Set("Accept", "text/html,application/xhtml+xml")
	req.Header.Set("Accept-Language", "en")
	req.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) sdktest")
	if post != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	res, err := v.http.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	return res, string(b), err
}

// fill answers a form and says by what, with nothing for one that it does not know.
func (v *visitor) fill(ctx context.Context, f *form, p person) (asked string, err error) {
	switch {
	case f == nil:
		return "", nil
	case f.fields.Has("iss") && f.fields.Has("state"):
		return "form_post", nil
	case f.fields.Has("username"):
		f.fields.Set("username", p.Username)
		f.fields.Set("password", p.Password)
		f.fields.Set("act", "answer")
		return "password", nil
	case f.fields.Has("password"):
		f.fields.Set("password", p.Password)
		f.fields.Set("act", "answer")
		return "password", nil
	case f.fields.Has("code"):
		if p.TOTP == "" {
			return "", errors.New("a code is asked of somebody without an authenticator app")
		}
		shown, err := v.desk.code(ctx, codeWanted{p.TOTP})
		f.fields.Set("code", shown.Code)
		f.fields.Set("act", "answer")
		return "code", err
	case slices.Contains(f.buttons, "act=allow"):
		f.fields.Set("act", "allow")
		return "consent", nil
	case slices.Contains(f.buttons, "act=logout-yes"):
		f.fields.Set("act", "logout-yes")
		return "logout", nil
	}
	return "", nil
}

// A form is the first one of a page that posts.
type form struct {
	action  string
	fields  url.Values
	buttons []string // NAME=VALUE
}

func findForm(page string) (*form, error) {
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return nil, err
	}
	var found *form
	var read func(n *html.Node, in *form)
	read = func(n *html.Node, in *form) {
		switch name := attribute(n, "name"); {
		case n.Type != html.ElementNode:
		case n.Data == "form" && found == nil && strings.EqualFold(attribute(n, "method"), "post"):
			found = &form{action: attribute(n, "action"), fields: url.Values{}}
			in = found
		case in == nil || name == "":
		case n.Data == "button":
			in.buttons = append(in.buttons, name+"="+attribute(n, "value"))
		case n.Data == "input" && attribute(n, "type") != "checkbox":
			in.fields.Set(name, attribute(n, "value"))
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			read(c, in)
		}
	}
	read(root, nil)
	return found, nil
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
