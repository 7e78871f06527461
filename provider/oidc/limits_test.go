package oidc_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/factors/push"
	"github.com/sallyport-id/sallyport/flows"
)

// The limits that Auth0 documents are our defaults. Where ours is another one it is the
// stricter one, and says why.
func TestLimitsByDefault(t *testing.T) {
	h := equipped(t, everything...)
	c := flows.DefaultConfig()
	tries := func(n int, each time.Duration) flows.Rate { return flows.Rate{Burst: n, Period: each} }
	hour := func(r flows.Rate) float64 { return float64(time.Hour) / float64(r.Period) }
	for name, row := range map[string]struct {
		ours, theirs flows.Rate
		why          string
	}{
		"wrong codes, a person":         {c.Limits.CodeUser, tries(10, 6*time.Minute), ""},
		"wrong codes, an authenticator": {c.Limits.CodeAuthenticator, tries(10, 6*time.Minute), ""},
		"wrong recovery codes":          {c.Limits.CodeRecovery, tries(10, 6*time.Minute), "nobody mistypes a printed code ten times (T-16)"},
		"texts":                         {h.ring.Info(factors.SMS).Rate, tries(10, time.Hour), ""},
		"calls":                         {h.ring.Info(factors.Voice).Rate, tries(10, time.Hour), ""},
		"messages to one number":        {c.Limits.SendTo, tries(10, time.Hour), ""},
		"mails":                         {h.ring.Info(factors.Email).Rate, tries(20, time.Minute), ""},
		"pushes":                        {h.ring.Info(factors.Push).Rate, tries(5, 12*time.Second), ""},
		"pushes that nobody approves":   {push.Defaults().Unapproved, tries(5, 12*time.Second), "a person who is asked in vain three times is being worn down (T-01)"},
		"questions to a key":            {h.ring.Info(factors.Roaming).Rate, tries(15, 4*time.Second), ""},
		"questions to a device":         {h.ring.Info(factors.Platform).Rate, tries(15, 4*time.Second), ""},
	} {
		same := row.ours == row.theirs
		if same != (row.why == "") || row.ours.Burst > row.theirs.Burst || hour(row.ours) > hour(row.theirs) {
			t.Errorf("%s: %+v, theirs %+v (%s)", name, row.ours, row.theirs, row.why)
		}
	}
	for name, row := range map[string]struct{ ours, theirs time.Duration }{
		"between the factors": {c.LoginIdle, 5 * time.Minute},
		"an invitation":       {flows.InvitationLifetime, 5 * 24 * time.Hour},
	} {
		if row.ours != row.theirs {
			t.Errorf("%s: %s, theirs %s", name, row.ours, row.theirs)
		}
	}
	if c.Limits.Authenticators != 20 {
		t.Errorf("%d authenticators", c.Limits.Authenticators)
	}
	for _, name := range []string{factors.SMS, factors.Voice, factors.Email} {
		s := factors.Subject{Now: h.now(), Email: "ada@example.com", EmailVerified: true}
		_, asked, err := h.ring.Get(name).Enroll(t.Context(), s, factors.Answer{"phone_number": "+49 30 901820", "email": "ada@example.com"})
		if name == factors.SMS {
			_, asked, err = h.ring.Get(name).Enroll(t.Context(), s, factors.Answer{"phone_number": "+49 151 23456789"})
		}
		h.must(err)
		if life := asked.ExpiresAt.Sub(s.Now); life != 5*time.Minute || asked.Prompt.Digits != 6 {
			t.Errorf("a code of %s: %d digits for %s", name, asked.Prompt.Digits, life)
		}
	}
}

// Five minutes pass between the factors at most; what is set up, or written down, may take
// ten.
func TestBetweenTheFactors(t *testing.T) {
	for _, c := range []struct {
		name, client string
		after        time.Duration
		gone         bool
	}{
		{"grace", "mfa", 299 * time.Second, false},
		{"grace", "mfa", 301 * time.Second, true},
		{"ada", "mfa", 9 * time.Minute, false},
		{"ada", "mfa", 601 * time.Second, true},
	} {
		h := open(t)
		p := h.browser().begin(h.ask(c.client)).name(h, c.name)
		h.wait(c.after)
		if p = p.b.get(p.at.String()); (p.status == http.StatusGone) != c.gone {
			t.Errorf("%s after %s: status %d, %q", c.name, c.after, p.status, p.title())
		}
	}
}
