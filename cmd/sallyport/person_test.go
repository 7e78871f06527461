package main

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/cmd/sallyport/demo"
)

// A person signs in: someone who knows a password and may carry a phone, with a
// browser of their own.
type person struct {
	*browser
	t     *testing.T
	user  demo.User
	phone *phone
	codes []string // recovery codes they were shown and kept
	asked []string // what the pages asked for, in order, since the last visit
}

// meet is the demo's person called username, with a new browser.
func (p *process) meet(username string) *person {
	p.t.Helper()
	for _, u := range p.ready.Users {
		if u.Username != username {
			continue
		}
		one := &person{browser: newBrowser(p.t), t: p.t, user: u}
		if u.TOTPSecret != nil {
			one.phone = &phone{t: p.t, secret: *u.TOTPSecret}
		}
		return one
	}
	p.t.Fatalf("no user %q in %+v", username, p.ready.Users)
	return nil
}

// visit opens an authorization request and does what each page asks, until the
// browser is sent to an address that begins with callback. It returns the answer.
func (one *person) visit(request, callback string) url.Values {
	one.t.Helper()
	one.asked = nil
	one.stop = callback
	one.get(request)
	for range 12 {
		if one.landed != nil {
			return one.landed.Query()
		}
		if !one.act() {
			one.t.Fatalf("a page that nobody can pass: %s (%d)\n%s", one.at, one.status, one.body)
		}
	}
	one.t.Fatalf("no end of pages: %v, now %s\n%s", one.asked, one.at, one.text())
	return nil
}

// act does what the page asks for and reports whether it knew how.
func (one *person) act() bool {
	one.t.Helper()
	switch {
	case one.shows("username") && one.shows("password"):
		one.note("password")
		one.fill(map[string]string{"username": one.user.Username, "password": one.user.Password}).submit("")
	case one.shows("password"):
		one.note("password")
		one.fill(map[string]string{"password": one.user.Password}).submit("")
	case one.shows("code") && strings.Contains(one.body, "otpauth:"):
		one.note("enroll")
		one.phone = &phone{t: one.t, secret: secretOf(one.t, one.body)}
		one.fill(map[string]string{"code": one.phone.code()}).submit("")
	case one.shows("code"):
		one.note("code")
		one.fill(map[string]string{"code": one.phone.code()}).submit("")
	case one.has("factor", "otp"):
		one.press("factor", "otp")
	case one.shows("saved"):
		one.note("recovery-codes")
		one.codes = recoveryCodesOf(one.t, one.body)
		one.fill(map[string]string{"saved": "on"}).submit("")
	case one.offers("allow"):
		one.note("consent")
		one.submit("allow")
	case one.offers("other"):
		one.submit("other")
	default:
		return false
	}
	return true
}

var (
	keyOnPage  = regexp.MustCompile(`id="key"[^>]*data-text="([A-Z2-7 ]+)"`)
	codeOnPage = regexp.MustCompile(`\b[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){3}\b`)
)

// secretOf is the key that the enrolment page shows for typing.
func secretOf(t *testing.T, body string) string {
	t.Helper()
	m := keyOnPage.FindStringSubmatch(body)
	if m == nil {
		t.Fatalf("no key on the page:\n%s", body)
	}
	return strings.ReplaceAll(m[1], " ", "")
}

// recoveryCodesOf are the codes that a page shows once.
func recoveryCodesOf(t *testing.T, body string) []string {
	t.Helper()
	codes := codeOnPage.FindAllString(body, -1)
	slices.Sort(codes)
	if codes = slices.Compact(codes); len(codes) != 10 {
		t.Fatalf("%d recovery codes on the page, want 10:\n%s", len(codes), body)
	}
	return codes
}

func (one *person) note(page string) { one.asked = append(one.asked, page) }

// shows reports whether the page has a field called name.
func (one *person) shows(name string) bool {
	_, ok := one.formWith(func(f form) bool { return f.fields.Has(name) })
	return ok
}

// has reports whether the page has a button called name with value.
func (one *person) has(name, value string) bool {
	_, ok := one.formWith(func(f form) bool { return f.has(name, value) })
	return ok
}

// offers reports whether the page has a button whose act is act.
func (one *person) offers(act string) bool { return one.has("act", act) }
