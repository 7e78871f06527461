package oidc_test

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sallyport-id/sallyport/storage"
)

// counting starts to count the database round trips of all requests; the function
// that it returns says how many there were, and stops.
func (h *house) counting() func() int64 {
	var mu sync.Mutex
	var all []*atomic.Int64
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ctx = func(ctx context.Context) context.Context {
		ctx, n := storage.CountQueries(ctx)
		mu.Lock()
		defer mu.Unlock()
		all = append(all, n)
		return ctx
	}
	return func() int64 {
		h.mu.Lock()
		h.ctx = nil
		h.mu.Unlock()
		var sum int64
		for _, n := range all {
			sum += n.Load()
		}
		return sum
	}
}

// TestQueries holds the budgets of the design, on both databases. Clients, APIs,
// settings and keys are in memory by then.
func TestQueries(t *testing.T) {
	engines(t, func(t *testing.T, engine string) {
		h := build(t, plan{engine: engine})
		b := h.browser()
		warm := b.tokens("grace", h.ask("mfa", "scope", "openid offline_access"))
		h.token("machine", "grant_type", "client_credentials", "audience", testAPI).is(200, "")
		h.token("machine", "grant_type", "client_credentials", "audience", ledgerAPI).is(200, "")
		// What is in memory is read again after five seconds. On a busy machine that may be
		// in the middle of what is counted: then it is done anew.
		budgetOf := func(name string, most int64, prepare, do func()) {
			t.Helper()
			var n int64
			for range 3 {
				prepare()
				count := h.counting()
				do()
				if n = count(); n <= most {
					break
				}
			}
			t.Logf("%-30s %2d of %2d", name, n, most)
			if n > most {
				t.Errorf("%s: %d round trips, want at most %d", name, n, most)
			}
		}
		budget := func(name string, most int64, do func()) { t.Helper(); budgetOf(name, most, func() {}, do) }
		budget("discovery", 0, func() { h.get("/.well-known/openid-configuration").is(200, "") })
		budget("jwks", 0, func() { h.get("/.well-known/jwks.json") })
		budget("client_credentials, opaque", 1, func() { h.token("machine", "grant_type", "client_credentials", "audience", ledgerAPI).is(200, "") })
		budget("client_credentials, JWT", 0, func() { h.token("machine", "grant_type", "client_credentials", "audience", testAPI).is(200, "") })
		budget("introspection", 1, func() { h.introspect("mfa", warm.text("access_token")).is(200, "") })
		budget("introspection of garbage", 0, func() { h.introspect("mfa", "garbage").is(200, "") })
		budget("userinfo", 1, func() { h.userinfo(warm.text("access_token")).is(200, "") })
		a := h.ask("mfa")
		var p *page
		budget("authorize, live session", 2, func() { p = b.begin(a) })
		budgetOf("code to tokens", 2, func() { a = h.ask("mfa"); p = b.begin(a) }, func() { a.redeem(p.answer()).is(200, "") })
		budget("refresh", 2, func() { warm = h.refresh("mfa", warm.text("refresh_token")).is(200, "") })
		budget("silent sign-in", 4, func() {
			a := h.ask("mfa", "prompt", "none")
			a.redeem(b.begin(a).answer()).is(http.StatusOK, "")
		})
		var stranger *browser
		budgetOf("password and code, end to end", 16, func() { stranger = h.browser(); h.code(h.users["grace"]) }, func() {
			stranger.tokens("grace", h.ask("mfa"))
		})
	})
}
