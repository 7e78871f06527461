package oidc_test

import (
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/flows/policy"
)

// crowd is how many use one thing at the same moment.
const crowd = 50

// copies are so many browsers that show p, each with the cookies of now.
func (p *page) copies(n int) []*page {
	p.b.h.t.Helper()
	cookies := p.b.cookies()
	var all []*page
	for range n {
		b := p.b.h.browser()
		b.setCookies(cookies)
		q := *p
		q.b = b
		all = append(all, &q)
	}
	return all
}

// each hands the pages out, one to each call.
func each(pages []*page, use func(*page) bool) func() bool {
	next := make(chan *page, len(pages))
	for _, p := range pages {
		next <- p
	}
	return func() bool { return use(<-next) }
}

// T-07 with fifty; races_test.go plays pairs of them a hundred times.
func threatT07(t *testing.T) {
	for name, play := range map[string]func(h *house) (pages []*page, use func(*page) bool){
		"the code of a text": func(h *house) ([]*page, func(*page) bool) {
			p := h.browser().begin(h.ask("web")).name(h, "ada").says("Enter your code")
			code := h.texted()
			return p.copies(crowd), func(p *page) bool { return p.press("answer", "code", code).home }
		},
		"a recovery code": func(h *house) ([]*page, func(*page) bool) {
			var pages []*page
			for range crowd / 5 { // sign-ins, each in five browsers
				p := h.browser().begin(h.ask("web")).name(h, "grace").press("other").press("choose", "factor", factors.RecoveryCode)
				pages = append(pages, p.says("Use a recovery code").copies(5)...)
			}
			return pages, func(p *page) bool { return p.press("answer", "code", h.users["grace"].codes[0]).home }
		},
		"the confirmation of an authenticator": func(h *house) ([]*page, func(*page) bool) {
			h.person("bob")
			p := h.browser().begin(h.ask("web")).name(h, "bob").press("enroll", "factor", factors.OTP).says("Set up your authenticator app")
			code := p.confirmation()
			return p.copies(crowd), func(p *page) bool { return p.press("answer", "code", code).home }
		},
		"an invitation": func(h *house) ([]*page, func(*page) bool) {
			h.person("bob")
			link, codes := h.invitation("bob", factors.OTP), map[*page]string{}
			var pages []*page
			for range crowd / 5 {
				for _, p := range h.browser().get(link).name(h, "bob").says("Set up your authenticator app").copies(5) {
					codes[p] = p.confirmation()
					pages = append(pages, p)
				}
			}
			return pages, func(p *page) bool {
				return strings.HasPrefix(p.press("answer", "code", codes[p]).title(), "You’re all set")
			}
		},
		"the link of a reset": func(h *house) ([]*page, func(*page) bool) {
			p := h.browser().get(resetLink(h, "ada")).says("Choose a new password")
			return p.copies(crowd), func(p *page) bool {
				q := p.press("answer", "password_new", "seven lighthouses in a row", "password_again", "seven lighthouses in a row")
				return strings.HasPrefix(q.title(), "Password changed")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			engines(t, func(t *testing.T, engine string) {
				enabled := []string{factors.OTP, factors.SMS}
				if name == "a recovery code" { // making them costs each of the fifty a second
					enabled = append(enabled, factors.RecoveryCode)
				}
				h := build(t, plan{
					engine: engine, policy: policy.Always, factors: enabled,
					flows: func(c *flows.Config) { c.Limits.CodeUser.Burst, c.Limits.CodeAuthenticator.Burst = 1000, 1000 },
				})
				h.withPhone()
				pages, use := play(h)
				if n := together(len(pages), each(pages, use)); n != 1 {
					t.Errorf("%d of %d succeeded", n, len(pages))
				}
			})
		})
	}
}
