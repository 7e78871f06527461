package oidc_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/flows/policy"
)

// course is what happens in a sign-in: the factors that are shown and set up, and how it
// ends. Whatever is more than the password has to be the recipe's will.
func (k *kitchen) course(b *browser, name, client string, pairs ...string) string {
	k.t.Helper()
	a := k.ask(client, pairs...)
	steps, p := k.walk(b.begin(a), name)
	if _, r := k.record(name); len(steps) > 1 && !k.wills(r) {
		k.t.Errorf("%v: by %q, not by the recipe (%+v)", steps, r.Asked.Source, r.Denial)
	}
	if steps[len(steps)-1] == "in" {
		amr := amrOf(a.redeem(p.answer()).is(200, "").id())
		if shown := len(steps) > 1 && steps[0] != "away"; shown && !slices.Contains(amr, "mfa") {
			k.t.Errorf("%v: amr %v", steps, amr)
		}
	}
	return strings.Join(steps, ", ")
}

// wills reports whether it was the recipe that wanted what a record tells.
func (k *kitchen) wills(r *flows.Record) bool {
	says := r.Facts.Ruling
	by := []string{says.Script}
	for _, c := range says.Commands {
		by = append(by, c.Script)
	}
	if r.Denial != nil {
		by = append(by, r.Denial.Script)
	}
	return says.Redirect || slices.ContainsFunc(by, func(script string) bool { return strings.HasPrefix(script, k.name) })
}

// walk answers pages as the person would, up to the end or to a page that they have no
// answer to.
func (k *kitchen) walk(p *page, name string) (steps []string, end *page) {
	k.t.Helper()
	for range 12 {
		step := ""
		switch q := p.at.Query(); {
		case p.home && q.Get("error") == "access_denied":
			return append(steps, "deny: "+q.Get("error_description")), p
		case p.home && q.Has("error"):
			return append(steps, "error: "+q.Get("error")), p
		case p.home:
			return append(steps, "in"), p
		case p.has("username") && p.has("password"):
			p = p.press("answer", "username", name, "password", k.users[name].password)
		case p.has("password"):
			p = p.press("answer", "password", k.users[name].password)
		case p.has("saved"):
			p = p.press("done", "saved", "1")
		case leaves.MatchString(p.body):
			return append(steps, "away"), p
		case strings.HasPrefix(p.title(), "Choose how"):
			p = p.press("choose", "factor", k.prefers)
		case p.has("phone_number"):
			step, p = "set up sms", p.show(name, factors.SMS)
		case otpauth.MatchString(unescape(p.body)):
			step, p = "set up otp", p.show(name, factors.OTP)
		case p.has("code") && strings.Contains(p.body, `value="resend"`):
			step, p = "sms", p.show(name, factors.SMS)
		case p.has("code"):
			step, p = "otp", p.show(name, factors.OTP)
		default:
			return append(steps, k.barred(p, name)), p
		}
		if step != "" {
			steps = append(steps, step)
		}
	}
	k.t.Fatalf("no end: %v", steps)
	return nil, nil
}

// barred is why a sign-in ends on a page of ours.
func (k *kitchen) barred(p *page, name string) string {
	k.t.Helper()
	switch _, r := k.record(name); {
	case r.Final.Need != policy.Deny:
		return p.title()
	case r.Denial != nil && r.Denial.Fault:
		return "fault"
	default:
		return r.Final.Reason
	}
}

// scores is the site that recipe 23 asks: the score is the address's last number, and for
// 200 and more the site is out of order.
func scores(_ context.Context, request string) string {
	var q struct {
		URL, Body string
		Headers   map[string]string
	}
	var b struct{ IP string }
	if json.Unmarshal([]byte(request), &q) != nil || json.Unmarshal([]byte(q.Body), &b) != nil || q.URL != "https://score.example.com/v1/ip" {
		return `{"error":"not allowed"}`
	}
	last := b.IP[strings.LastIndexByte(b.IP, '.')+1:]
	if len(last) == 3 && last >= "200" {
		return `{"status":503,"body":"later"}`
	}
	return fmt.Sprintf(`{"status":200,"body":"{\"risk_score\":%s}"}`, last)
}
