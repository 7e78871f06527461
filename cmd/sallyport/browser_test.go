package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// A browser does what a person with a browser does, without its scripts: it keeps
// cookies, follows redirects, fills forms and presses buttons.
type browser struct {
	t      *testing.T
	client *http.Client
	// stop is an address prefix that is not followed: the callback of a relying party
	// that nobody runs. landed is where the browser would have gone.
	stop   string
	landed *url.URL

	at     *url.URL
	status int
	header http.Header
	body   string
	forms  []form
	filled map[string]string
}

// A form of the page, with its buttons as act values.
type form struct {
	method, action string
	fields         url.Values
	buttons        []button
}

type button struct{ name, value string }

func newBrowser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{t: t, filled: map[string]string{}}
	b.client = &http.Client{Jar: jar, CheckRedirect: func(req *http.Request, via []*http.Request) error {
		if b.stop != "" && strings.HasPrefix(req.URL.String(), b.stop) {
			b.landed = req.URL
			return http.ErrUseLastResponse
		}
		if len(via) > 20 {
			t.Errorf("redirects in a circle at %s", req.URL)
			return http.ErrUseLastResponse
		}
		return nil
	}}
	return b
}

// get opens address, typed by hand.
func (b *browser) get(address string) *browser {
	b.t.Helper()
	req, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Sec-Fetch-Site", "none")
	return b.do(req)
}

// fill types into fields of the page. What the page does not have is a mistake of
// the test.
func (b *browser) fill(fields map[string]string) *browser {
	b.t.Helper()
	for name, value := range fields {
		if _, ok := b.formWith(func(f form) bool { return f.fields.Has(name) }); !ok {
			b.t.Fatalf("no field %q on %s:\n%s", name, b.at, b.text())
		}
		b.filled[name] = value
	}
	return b
}

// submit presses the button whose act is act; "" presses the first button of the
// form that was filled, or of the first form.
func (b *browser) submit(act string) *browser {
	b.t.Helper()
	return b.press("act", act)
}

// press presses the button called name with value.
func (b *browser) press(name, value string) *browser {
	b.t.Helper()
	f, ok := b.formWith(func(f form) bool {
		if value == "" {
			for field := range b.filled {
				if f.fields.Has(field) {
					return true
				}
			}
			return len(b.filled) == 0
		}
		return f.has(name, value)
	})
	if !ok {
		b.t.Fatalf("no button %s=%q on %s (%d):\n%s", name, value, b.at, b.status, b.text())
	}
	values := url.Values{}
	for field, v := range f.fields {
		values[field] = v
	}
	for field, v := range b.filled {
		if f.fields.Has(field) {
			values.Set(field, v)
		}
	}
	if value == "" && len(f.buttons) > 0 {
		name, value = f.buttons[0].name, f.buttons[0].value
	}
	if name != "" && value != "" {
		values.Set(name, value)
	}
	return b.send(f, values)
}

func (f form) has(name, value string) bool {
	for _, one := range f.buttons {
		if one.name == name && one.value == value {
			return true
		}
	}
	return false
}

func (b *browser) formWith(ok func(form) bool) (form, bool) {
	for _, f := range b.forms {
		if ok(f) {
			return f, true
		}
	}
	return form{}, false
}

func (b *browser) send(f form, values url.Values) *browser {
	b.t.Helper()
	target, err := b.at.Parse(f.action)
	if err != nil {
		b.t.Fatal(err)
	}
	if f.method == http.MethodGet {
		target.RawQuery = values.Encode()
		return b.get(target.String())
	}
	req, err := http.NewRequest(http.MethodPost, target.String(), strings.NewReader(values.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", b.at.Scheme+"://"+b.at.Host)
	site := "same-origin"
	if target.Host != b.at.Host {
		site = "cross-site"
	}
	req.Header.Set("Sec-Fetch-Site", site)
	return b.do(req)
}

func (b *browser) do(req *http.Request) *browser {
	b.t.Helper()
	b.landed, b.filled = nil, map[string]string{}
	req.Header.Set("Accept", "text/html,application/xhtml+xml")
	req.Header.Set("Accept-Language", "en")
	req.Header.Set("User-Agent", "Mozilla/5.0 (test)")
	res, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	b.at, b.status, b.header, b.body = res.Request.URL, res.StatusCode, res.Header, string(raw)
	root, err := html.Parse(strings.NewReader(b.body))
	if err != nil {
		b.t.Fatal(err)
	}
	b.forms = nil
	b.collect(root, nil)
	return b
}

// collect finds the forms below n.
func (b *browser) collect(n *html.Node, in *form) {
	if n.Type == html.ElementNode {
		switch n.Data {
		case "form":
			b.forms = append(b.forms, form{
				method: strings.ToUpper(attr(n, "method", "get")), action: attr(n, "action", b.at.String()), fields: url.Values{},
			})
			in = &b.forms[len(b.forms)-1]
		case "input", "select", "textarea", "button":
			if in != nil {
				in.add(n)
			}
		}
	}
	for child := n.FirstChild; child != nil; child = child.NextSibling {
		b.collect(child, in)
	}
}

func (f *form) add(n *html.Node) {
	name, kind := attr(n, "name", ""), attr(n, "type", "text")
	if n.Data == "button" && kind == "text" {
		kind = "submit"
	}
	switch kind {
	case "submit":
		f.buttons = append(f.buttons, button{name, attr(n, "value", "")})
	case "checkbox", "radio":
		if name != "" && hasAttr(n, "checked") {
			f.fields.Set(name, attr(n, "value", "on"))
		} else if name != "" && !f.fields.Has(name) {
			f.fields[name] = nil
		}
	default:
		if name != "" {
			f.fields.Set(name, attr(n, "value", ""))
		}
	}
}

func attr(n *html.Node, name, otherwise string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return otherwise
}

func hasAttr(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

// text is what a person reads on the page.
func (b *browser) text() string {
	root, err := html.Parse(strings.NewReader(b.body))
	if err != nil {
		b.t.Fatal(err)
	}
	var words []string
	var read func(*html.Node)
	read = func(n *html.Node) {
		if n.Type == html.ElementNode && (n.Data == "style" || n.Data == "script" || n.Data == "head") {
			return
		}
		if n.Type == html.TextNode {
			words = append(words, strings.Fields(n.Data)...)
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			read(c)
		}
	}
	read(root)
	return strings.Join(words, " ")
}
