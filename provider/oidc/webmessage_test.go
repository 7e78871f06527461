package oidc_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/storage"
)

var webMessage = regexp.MustCompile(`<p id="web-message" hidden data-origin="([^"]*)" data-response="([^"]*)">`)

// message is the answer that the page posts to the window of the application's.
func (p *page) message() url.Values {
	p.b.h.t.Helper()
	m := webMessage.FindStringSubmatch(p.body)
	if m == nil || p.home {
		p.b.h.t.Fatalf("at %s: status %d, title %q, no message", p.at, p.status, p.title())
	}
	fields, v := map[string]string{}, url.Values{}
	p.b.h.must(json.Unmarshal([]byte(unescape(m[2])), &fields))
	for name, value := range fields {
		v.Set(name, value)
	}
	if to := unescape(m[1]); to != "https://app.example" {
		p.b.h.t.Errorf("the answer goes to %q", to)
	}
	return v
}

func (p *page) directive(name string) string {
	for one := range strings.SplitSeq(p.header.Get("Content-Security-Policy"), ";") {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(one), name+" "); ok {
			return rest
		}
	}
	return ""
}

func TestWebMessageAnswersTheWindowOfTheApplication(t *testing.T) {
	h := open(t)
	b := h.browser()
	a := h.ask("spa", "response_mode", "web_message", "auth0Client", "e30", "screen_hint", "signup", "connection", "x", "login_hint", "ada", "state", `a"b'<c>`)
	first := b.begin(a)
	if coop := first.header.Get("Cross-Origin-Opener-Policy"); coop != "unsafe-none" || first.header.Get("X-Frame-Options") != "DENY" || first.directive("frame-ancestors") != "'none'" {
		t.Errorf("a page of the sign-in: opener policy %q, frames %q %q", coop, first.header.Get("X-Frame-Options"), first.directive("frame-ancestors"))
	}
	p := first.signIn("ada")
	got := p.message()
	if got.Get("state") != `a"b'<c>` || got.Get("iss") != h.issuer {
		t.Errorf("%v", got)
	}
	if p.directive("frame-ancestors") != "https://app.example" || p.header.Get("X-Frame-Options") != "" || strings.Contains(p.header.Get("Content-Security-Policy"), "unsafe") || strings.Contains(p.body, "<script>") {
		t.Errorf("frames %q, policy %q", p.header.Get("X-Frame-Options"), p.header.Get("Content-Security-Policy"))
	}
	a.redeem(got).is(http.StatusOK, "")
	if silent := b.begin(a.with("prompt", "none")).message(); silent.Get("code") == "" {
		t.Errorf("in a frame: %v", silent)
	}
	if plain := b.begin(h.ask("web", "prompt", "login")); plain.header.Get("Cross-Origin-Opener-Policy") != "same-origin" {
		t.Error("other sign-ins keep no tie to the window that opened them")
	}
}

// Row 97: spa-js knows by these words that it has to open a popup.
func TestRow97_SilentAuthenticationThatNeedsMFA(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.begin(h.ask("web")).signIn("grace").answer()
	for _, mode := range []string{"web_message", "query"} {
		p := b.begin(h.ask("mfa", "prompt", "none", "response_mode", mode))
		var got url.Values
		if mode == "query" {
			got = p.answer()
		} else {
			got = p.message()
		}
		if got.Get("error") != "login_required" || got.Get("error_description") != "Multifactor authentication required" {
			t.Errorf("%s: %v", mode, got)
		}
	}
	stranger := h.browser().begin(h.ask("spa", "prompt", "none", "response_mode", "web_message")).message()
	if stranger.Get("error") != "login_required" || stranger.Get("error_description") != "Login required" {
		t.Errorf("nobody: %v", stranger)
	}
}

func TestWebMessageToAForeignOriginIsRefused(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.begin(h.ask("spa")).signIn("ada").answer()
	if p := b.begin(h.ask("spa", "response_mode", "web_message", "redirect_uri", "https://evil.example/callback")); p.home || p.status != http.StatusBadRequest || p.directive("frame-ancestors") != "'none'" {
		t.Errorf("not registered: %d at %s", p.status, p.at)
	}
	b.begin(h.ask("native", "response_mode", "web_message", "redirect_uri", "com.example.app:/callback")).fails("invalid_request")
	h.amend("spa", func(c *storage.Client) { c.Settings.WebOrigins = []string{"https://other.example"} })
	b.begin(h.ask("spa", "response_mode", "web_message")).fails("invalid_request")
	h.amend("spa", func(c *storage.Client) { c.Settings.WebOrigins = []string{"https://app.example"} })
	if b.begin(h.ask("spa", "response_mode", "web_message")).message().Get("code") == "" {
		t.Error("a registered web origin is refused")
	}
}
