package oidc_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/flows/policy"
)

// A pump is somebody who has passwords and wants messages sent.
type pump struct {
	h    *house
	page *page
}

// pumps are so many accounts, each in a browser at an address of its own or all at one.
func pumps(h *house, n int, apart bool) []*pump {
	h.t.Helper()
	var all []*pump
	for i := range n {
		name, address := fmt.Sprintf("pump%d", i), "127.0.0.1"
		if h.person(name); apart {
			address = fmt.Sprintf("127.0.1.%d", i+1)
		}
		p := h.browserAt(address).begin(h.ask("web")).name(h, name)
		all = append(all, &pump{h: h, page: p})
	}
	return all
}

// sends asks for a message to a number.
func (p *pump) sends(number string) {
	p.h.t.Helper()
	p.page = p.page.b.post(p.page.at.String(), url.Values{"act": {"enroll"}, "factor": {factors.SMS}, "phone_number": {number}})
}

func threatT04(t *testing.T) {
	generous := flows.Rate{Burst: 1000, Period: time.Second}
	// all lifts every limit but the ones that are left.
	all := func(left func(l, was *flows.Limits)) func(*flows.Config) {
		return func(c *flows.Config) {
			was := c.Limits
			c.Limits.SendTo, c.Limits.SendGroup, c.Limits.SendCountry, c.Limits.SendAddress = generous, generous, generous, generous
			left(&c.Limits, &was)
		}
	}
	mobile := func(i int) string { return fmt.Sprintf("+49 1512 %07d", 1000000+i*100_003) } // each of another block
	for name, c := range map[string]struct {
		pumps int
		apart bool
		to    func(i int) string
		left  func(l, was *flows.Limits)
		want  int
	}{
		"one person":  {1, false, mobile, func(_, _ *flows.Limits) {}, 10},
		"one number":  {3, true, func(int) string { return "+49 151 23456789" }, func(l, was *flows.Limits) { l.SendTo = was.SendTo }, 10},
		"one address": {4, false, mobile, func(l, was *flows.Limits) { l.SendAddress = was.SendAddress }, 30},
		"one carrier's block": {4, true, func(i int) string { return fmt.Sprintf("+49 1512 34%05d", 10000+i) },
			func(l, was *flows.Limits) { l.SendGroup = was.SendGroup }, 30},
		"one country": {3, true, mobile, func(l, _ *flows.Limits) { l.SendCountry = flows.Rate{Burst: 12, Period: time.Minute} }, 12},
	} {
		t.Run(name, func(t *testing.T) {
			h := phones(t, all(c.left))
			for i, p := range pumps(h, c.pumps, c.apart) {
				for j := range 12 {
					p.sends(c.to(i*12 + j))
				}
			}
			if n := len(h.phoned()); n != c.want {
				t.Errorf("%d messages, want %d", n, c.want)
			}
		})
	}
	t.Run("every limit at once, over countries", func(t *testing.T) {
		h := phones(t)
		countries := []string{"+49151234", "+4366412", "+4179123", "+336123", "+3461212", "+447400", "+4670123", "+393123", "+316123", "+48512"}
		for i, p := range pumps(h, 5, false) {
			for j := range 12 {
				n := countries[(i+j)%len(countries)]
				p.sends(n + fmt.Sprintf("%05d", 12345+i*1000+j))
			}
		}
		if n := len(h.phoned()); n == 0 || n > 30 {
			t.Errorf("%d messages were asked for from one address, want 1 to 30", n)
		}
	})
	t.Run("numbers that earn, and numbers of no country", func(t *testing.T) {
		h := phones(t)
		p := pumps(h, 1, false)[0]
		for _, number := range []string{"+49 900 1234567", "+881 612345678", "+870 773123456", "+979 123456789", "+882 16 12345678"} {
			if p.sends(number); !p.page.has("phone_number") || strings.Contains(p.page.body, `name="code"`) {
				t.Errorf("%s is taken: %s", number, p.page.title())
			}
		}
		if n := len(h.phoned()); n != 0 {
			t.Errorf("%d messages", n)
		}
	})
	t.Run("nothing before the first proof", func(t *testing.T) {
		h := build(t, plan{policy: policy.Always, factors: []string{factors.SMS, factors.Voice, factors.Email}})
		h.withPhone()
		h.wait(time.Hour)
		sent, mailed := len(h.phoned()), len(h.arrived())
		b := h.browser()
		p := b.begin(h.ask("web", "login_hint", "ada"))
		for _, act := range []string{"enroll", "resend", "choose", "other", "answer"} {
			for _, factor := range []string{factors.SMS, factors.Voice, factors.Email} {
				b.post(p.at.String(), url.Values{"act": {act}, "factor": {factor}, "username": {"ada"}, "phone_number": {"+4915123456789"}, "email": {"a@example.com"}})
			}
		}
		p.press("answer", "username", "ada", "password", "a guess")
		if n := len(h.phoned()) - sent + len(h.arrived()) - mailed; n != 0 {
			t.Errorf("%d messages", n)
		}
	})
}
