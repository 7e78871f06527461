package oidc_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

const bye = "https://app.example/bye"

func (h *house) logout(pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return h.at("/oidc/logout") + "?" + q.Encode()
}

func TestRPL01_HintAndRegisteredURI(t *testing.T) {
	h := open(t)
	for _, method := range []string{"GET", "POST"} {
		b := h.browser()
		hint := b.tokens("ada", h.ask("web")).text("id_token")
		var p *page
		if method == "GET" {
			p = b.get(h.logout("id_token_hint", hint, "post_logout_redirect_uri", bye, "state", "a&b é"))
		} else {
			p = b.postFrom("https://app.example", h.at("/oidc/logout"), url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {bye}, "state": {"a&b é"}})
		}
		if !p.home || !strings.HasPrefix(p.at.String(), bye) || p.at.Query().Get("state") != "a&b é" {
			t.Errorf("%s: at %s (%d)", method, p.at, p.status)
		}
		b.begin(h.ask("web", "prompt", "none")).fails("login_required")
	}
}

func TestRPL02_OldAndForeignHints(t *testing.T) {
	h := open(t)
	b := h.browser()
	hint := b.tokens("ada", h.ask("web")).text("id_token")
	foreign := h.browser().tokens("grace", h.ask("web")).text("id_token")
	elsewhere := h.browser().tokens("ada", h.ask("web")).text("id_token") // another session of hers
	h.wait(2 * time.Hour)
	for _, other := range []string{foreign, elsewhere} {
		b.get(h.logout("id_token_hint", other, "post_logout_redirect_uri", bye)).says("Sign out?")
	}
	if p := b.get(h.logout("id_token_hint", hint, "post_logout_redirect_uri", bye)); !p.home {
		t.Errorf("expired but genuine: %d at %s", p.status, p.at)
	}
}

func TestRPL03_ClientAndHintDisagree(t *testing.T) {
	h := open(t)
	b := h.browser()
	hint := b.tokens("ada", h.ask("web")).text("id_token")
	if p := b.get(h.logout("id_token_hint", hint, "client_id", "mfa", "post_logout_redirect_uri", bye)); p.home || p.status != 400 {
		t.Errorf("%d at %s", p.status, p.at)
	}
	if p := b.get(h.logout("id_token_hint", hint+"x")); p.home || p.status != 400 {
		t.Errorf("forged: %d", p.status)
	}
	b.begin(h.ask("web", "prompt", "none")).answer()
}

func TestRPL04_NoRedirectElsewhere(t *testing.T) {
	h := open(t)
	b := h.browser()
	hint := b.tokens("ada", h.ask("web")).text("id_token")
	for _, uri := range []string{"https://evil.example/", bye + "?a=b", bye + "/", "https://app.example/BYE", "javascript:alert(1)", "//evil.example"} {
		for _, address := range []string{h.logout("id_token_hint", hint, "post_logout_redirect_uri", uri), h.logout("post_logout_redirect_uri", uri), h.logout("client_id", "web", "post_logout_redirect_uri", uri)} {
			if p := b.get(address); p.home || p.status != 400 {
				t.Errorf("%s: %d at %s", address, p.status, p.at)
			}
		}
	}
	if p := b.get(h.logout("post_logout_redirect_uri", bye)); p.home {
		t.Error("a redirect that nobody vouches for")
	}
}

func TestRPL05_Confirmation(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.begin(h.ask("web")).signIn("ada").answer()
	p := b.get(h.logout()).says("Sign out?")
	// From another site the answer does not count.
	if q := b.postFrom("https://evil.example", h.at("/oidc/logout/confirm"), url.Values{"act": {"logout-yes"}}); q.status != http.StatusForbidden {
		t.Errorf("cross-site: %d", q.status)
	}
	p.press("logout-no").says("Sign out?")
	b.begin(h.ask("web", "prompt", "none")).answer()
	p = b.get(h.logout("client_id", "web", "post_logout_redirect_uri", bye, "state", "1")).says("Sign out?").press("logout-yes")
	if !p.home || p.at.Query().Get("state") != "1" {
		t.Errorf("at %s", p.at)
	}
	b.get(h.logout()).says("You’re signed out")
}

func TestRPL06_NothingIsLeft(t *testing.T) {
	h := open(t)
	b := h.browser()
	got := b.tokens("ada", h.ask("web"))
	offline := b.tokens("ada", h.ask("web", "scope", "openid offline_access"))
	jar := b.cookies()
	b.get(h.logout()).press("logout-yes")
	b.begin(h.ask("web", "prompt", "none")).fails("login_required")
	old := h.browser()
	old.setCookies(jar)
	old.begin(h.ask("web", "prompt", "none")).fails("login_required")
	h.userinfo(got.text("access_token")).is(401, "invalid_token")
	h.refresh("web", offline.text("refresh_token")).is(200, "") // outlives the session by its scope
}

func TestRPL07_OtherParameters(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.begin(h.ask("web")).signIn("ada").answer()
	p := b.get(h.logout("logout_hint", strings.Repeat("x", 4000), "ui_locales", "de xx"))
	if p.status != 200 || !strings.Contains(p.body, `<html lang="de"`) {
		t.Errorf("%d %.100s", p.status, p.body)
	}
}

func (b *browser) cookies() []*http.Cookie {
	u, err := url.Parse(b.h.issuer)
	b.h.must(err)
	return b.http.Jar.Cookies(u)
}

func (b *browser) setCookies(all []*http.Cookie) {
	u, err := url.Parse(b.h.issuer)
	b.h.must(err)
	b.http.Jar.SetCookies(u, all)
}
