package oidc_test

import (
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
)

// tries is how often each pair of concurrent uses is played, on each database; make sweep
// plays them all.
func tries() int {
	if testing.Short() {
		return 20
	}
	return 100
}

// once plays two uses of one thing at the same moment, again and again: exactly one
// succeeds each time.
func once(t *testing.T, what string, prepare func() (first, second func() bool)) {
	t.Helper()
	for i := range tries() {
		uses := make(chan func() bool, 2)
		first, second := prepare()
		uses <- first
		uses <- second
		if n := together(2, func() bool { return (<-uses)() }); n != 1 {
			t.Fatalf("try %d: %d of 2 uses of one %s succeeded", i, n, what)
		}
	}
}

func TestCORE24_OneCodeOnce(t *testing.T) {
	engines(t, func(t *testing.T, engine string) {
		h := build(t, plan{engine: engine})
		b := h.browser()
		b.begin(h.ask("web")).signIn("ada").answer()
		once(t, "code", func() (func() bool, func() bool) {
			a := h.ask("web")
			q := b.begin(a).answer()
			use := func() bool { return a.redeem(q).status == 200 }
			return use, use
		})
	})
}

func TestOneRefreshTokenOnce(t *testing.T) {
	engines(t, func(t *testing.T, engine string) {
		h := build(t, plan{engine: engine})
		none := int64(0)
		h.register("strictly", "client_secret_basic", func(c *storage.Client) { c.Settings.RefreshGrace = &none })
		b := h.browser()
		b.begin(h.ask("strictly")).signIn("ada").answer()
		once(t, "refresh token", func() (func() bool, func() bool) {
			got := b.tokens("ada", h.ask("strictly", "scope", "openid offline_access")).text("refresh_token")
			use := func() bool { return h.refresh("strictly", got).status == 200 }
			return use, use
		})
	})
}

// With a grace for lost answers both may be answered, and still one chain lives.
func TestOneRefreshChainWithGrace(t *testing.T) {
	engines(t, func(t *testing.T, engine string) {
		h := build(t, plan{engine: engine})
		b := h.browser()
		b.begin(h.ask("web")).signIn("ada").answer()
		for i := range tries() / 4 {
			got := b.tokens("ada", h.ask("web", "scope", "openid offline_access")).text("refresh_token")
			answers := make(chan *reply, 2)
			together(2, func() bool { answers <- h.refresh("web", got); return true })
			alive := 0
			for range 2 {
				if r := <-answers; r.status == 200 && h.refresh("web", r.text("refresh_token")).status == 200 {
					alive++
				}
			}
			if alive > 1 {
				t.Fatalf("try %d: %d chains live", i, alive)
			}
		}
	})
}

func TestOneCodeOfAnAppOnce(t *testing.T) {
	engines(t, func(t *testing.T, engine string) {
		h := build(t, plan{engine: engine})
		once(t, "one-time password", func() (func() bool, func() bool) {
			h.wait(10 * time.Minute)
			first := h.browser().begin(h.ask("mfa")).name(h, "grace").says("Enter your code")
			second := h.browser().begin(h.ask("mfa")).name(h, "grace").says("Enter your code")
			code := h.code(h.users["grace"])
			return func() bool { return first.press("answer", "code", code).home }, func() bool { return second.press("answer", "code", code).home }
		})
	})
}

func TestOneRecoveryCodeOnce(t *testing.T) {
	engines(t, func(t *testing.T, engine string) {
		h := build(t, plan{engine: engine})
		u := h.users["grace"]
		once(t, "recovery code", func() (func() bool, func() bool) {
			h.wait(10 * time.Minute)
			if len(u.codes) == 0 {
				h.freshCodes(u)
			}
			code := u.codes[0]
			u.codes = u.codes[1:]
			at := func() *page {
				p := h.browser().begin(h.ask("mfa")).name(h, "grace").press("other")
				return p.press("choose", "factor", factors.RecoveryCode).says("Use a recovery code")
			}
			first, second := at(), at()
			return func() bool { return first.press("answer", "code", code).home }, func() bool { return second.press("answer", "code", code).home }
		})
	})
}

// freshCodes gives u a new set of recovery codes.
func (h *house) freshCodes(u *user) {
	h.t.Helper()
	ctx := h.t.Context()
	list, err := h.db.Authenticators(ctx, u.ID)
	h.must(err)
	for _, a := range list {
		if a.Factor == factors.RecoveryCode {
			h.must(h.db.DeleteAuthenticator(ctx, a.ID))
		}
	}
	a, c, err := h.ring.Get(factors.RecoveryCode).Enroll(ctx, factors.Subject{UserID: u.ID, Now: h.now()}, nil)
	h.must(err)
	u.codes = c.Prompt.Codes
	h.add(u, a)
}
