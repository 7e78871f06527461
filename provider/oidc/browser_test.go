package oidc_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/pquerna/otp/totp"
)

// A browser is one person's: cookies, and the last page.
type browser struct {
	h    *house
	http *http.Client
}

// A page is where a browser stopped: a page of ours, or the application's address.
type page struct {
	b      *browser
	status int
	header http.Header
	body   string
	at     *url.URL
	home   bool // at is the application's
}

func (h *house) browser() *browser {
	kept, err := newJar(h.now)
	h.must(err)
	return &browser{h: h, http: &http.Client{
		Jar: kept, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// browserAt is a browser at an address of its own: one of this machine's, which has all
// of 127.0.0.0/8.
func (h *house) browserAt(address string) *browser {
	h.t.Helper()
	b := h.browser()
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	wires := &http.Transport{DialContext: dialer.DialContext}
	h.t.Cleanup(wires.CloseIdleConnections)
	b.http.Transport = wires
	return b
}

// follow sends one request and follows redirects until a page or the application.
func (b *browser) follow(r *http.Request) *page {
	b.h.t.Helper()
	for range 10 {
		res, err := b.http.Do(r)
		b.h.must(err)
		body, err := io.ReadAll(res.Body)
		b.h.must(err)
		_ = res.Body.Close()
		p := &page{b: b, status: res.StatusCode, header: res.Header, body: string(body), at: r.URL}
		to := res.Header.Get("Location")
		if to == "" {
			return p
		}
		if res.StatusCode != http.StatusSeeOther {
			b.h.t.Errorf("redirect with status %d, want 303 (BCP-11)", res.StatusCode)
		}
		next, err := r.URL.Parse(to)
		b.h.must(err)
		if next.Host != r.URL.Host {
			p.at, p.home = next, true
			return p
		}
		r, err = http.NewRequest(http.MethodGet, next.String(), nil)
		b.h.must(err)
	}
	b.h.t.Fatal("too many redirects")
	return nil
}

func (b *browser) get(address string) *page {
	b.h.t.Helper()
	r, err := http.NewRequest(http.MethodGet, address, nil)
	b.h.must(err)
	return b.follow(r)
}

// post sends a form as a page of ours does.
func (b *browser) post(address string, form url.Values) *page {
	b.h.t.Helper()
	return b.postFrom(strings.TrimSuffix(b.h.issuer, "/"), address, form)
}

func (b *browser) postFrom(origin, address string, form url.Values) *page {
	b.h.t.Helper()
	r, err := http.NewRequest(http.MethodPost, address, strings.NewReader(form.Encode()))
	b.h.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if u, err := url.Parse(origin); err == nil {
		r.Header.Set("Origin", u.Scheme+"://"+u.Host)
	}
	return b.follow(r)
}

var (
	formAction = regexp.MustCompile(`<form[^>]*action="([^"]*)"`)
	titleTag   = regexp.MustCompile(`(?s)<title>(.*?)</title>`)
	otpauth    = regexp.MustCompile(`otpauth://[^"]+`)
	hidden     = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
	shownCode  = regexp.MustCompile(`\b[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}\b`)
)

func (p *page) title() string {
	if m := titleTag.FindStringSubmatch(p.body); m != nil {
		return strings.TrimSpace(html.UnescapeString(m[1]))
	}
	return ""
}

// says fails the test unless the page's title begins so.
func (p *page) says(title string) *page {
	p.b.h.t.Helper()
	if p.home || !strings.HasPrefix(p.title(), title) {
		p.b.h.t.Fatalf("at %s: status %d, title %q, want %q\n%.600s", p.at, p.status, p.title(), title, p.body)
	}
	return p
}

func (p *page) has(field string) bool { return strings.Contains(p.body, `name="`+field+`"`) }

// press sends the page's form with one of its buttons.
func (p *page) press(act string, pairs ...string) *page {
	p.b.h.t.Helper()
	m := formAction.FindStringSubmatch(p.body)
	if m == nil {
		p.b.h.t.Fatalf("at %s: no form (status %d, title %q)", p.at, p.status, p.title())
	}
	to, err := p.at.Parse(html.UnescapeString(m[1]))
	p.b.h.must(err)
	form := url.Values{"act": {act}}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return p.b.post(to.String(), form)
}

// code is a one-time code that was not used before.
func (h *house) code(u *user) string {
	h.t.Helper()
	h.wait(30 * time.Second)
	c, err := totp.GenerateCode(strings.ReplaceAll(u.key, " ", ""), h.now())
	h.must(err)
	return c
}

// signIn answers pages as the person would, until the application or a page that it
// has no answer to.
func (p *page) signIn(name string) *page {
	p.b.h.t.Helper()
	u := p.b.h.users[name]
	for range 8 {
		switch {
		case p.home || p.status != http.StatusOK:
			return p
		case p.has("username") && p.has("password"):
			p = p.press("answer", "username", name, "password", u.password)
		case p.has("password"):
			p = p.press("answer", "password", u.password)
		case p.has("code"):
			if uri := otpauth.FindString(html.UnescapeString(p.body)); uri != "" {
				at, err := url.Parse(uri)
				p.b.h.must(err)
				u.key = at.Query().Get("secret")
			}
			p = p.press("answer", "code", p.b.h.code(u))
		case p.has("saved"):
			u.codes = shownCode.FindAllString(p.body, -1)
			p = p.press("done", "saved", "1")
		case strings.Contains(p.body, `value="allow"`):
			p = p.press("allow")
		default:
			return p
		}
	}
	return p
}

// An ask is an authorization request in the making.
type ask struct {
	h        *house
	client   string
	form     url.Values
	verifier string
}

// ask is a request of a client, with PKCE unless the client goes without.
func (h *house) ask(client string, pairs ...string) *ask {
	a := &ask{h: h, client: client, form: url.Values{
		"client_id": {client}, "response_type": {"code"}, "redirect_uri": {callback}, "scope": {"openid"}, "state": {"s-" + client}, "nonce": {"n-0S6"},
	}}
	if c, err := h.db.ClientByID(h.t.Context(), client); err == nil && (c.Settings.RequirePKCE == nil || *c.Settings.RequirePKCE) {
		a.pkce()
	}
	if client == "native" {
		a.form.Set("redirect_uri", "http://127.0.0.1/callback")
	}
	return a.with(pairs...)
}

func (a *ask) pkce() *ask {
	a.verifier = rand.Text() + rand.Text()
	sum := sha256.Sum256([]byte(a.verifier))
	return a.with("code_challenge", base64.RawURLEncoding.EncodeToString(sum[:]), "code_challenge_method", "S256")
}

// with sets parameters; an empty value takes one away.
func (a *ask) with(pairs ...string) *ask {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			a.form.Del(pairs[i])
		} else {
			a.form.Set(pairs[i], pairs[i+1])
		}
	}
	return a
}

func (a *ask) url() string { return a.h.at("/authorize") + "?" + a.form.Encode() }

func (h *house) at(path string) string { return strings.TrimSuffix(h.issuer, "/") + path }

func (b *browser) begin(a *ask) *page {
	b.h.t.Helper()
	return b.get(a.url())
}

// answer is what the application got; it fails the test at a page of ours.
func (p *page) answer() url.Values {
	p.b.h.t.Helper()
	if !p.home {
		p.b.h.t.Fatalf("at %s: status %d, title %q, want the application\n%.1500s", p.at, p.status, p.title(), p.body)
	}
	q := p.at.Query()
	if p.at.Fragment != "" {
		q, _ = url.ParseQuery(p.at.EscapedFragment())
	}
	if iss := q.Get("iss"); iss != p.b.h.issuer {
		p.b.h.t.Errorf("iss = %q, want %q (RFC 9207)", iss, p.b.h.issuer)
	}
	return q
}

// fails fails the test unless the application got the error.
func (p *page) fails(code string) url.Values {
	p.b.h.t.Helper()
	q := p.answer()
	if q.Get("error") != code || q.Has("code") {
		p.b.h.t.Errorf("error %q (%s), code %q, want error %q", q.Get("error"), q.Get("error_description"), q.Get("code"), code)
	}
	return q
}

// A reply is what a program got.
type reply struct {
	h      *house
	status int
	header http.Header
	body   map[string]any
	raw    string
}

func (r *reply) text(name string) string { s, _ := r.body[name].(string); return s }

// is fails the test unless the reply has the status and, if any, the error.
func (r *reply) is(status int, code string) *reply {
	r.h.t.Helper()
	if r.status != status || r.text("error") != code {
		r.h.t.Errorf("status %d, error %q (%s), want %d %q", r.status, r.text("error"), r.text("error_description"), status, code)
	}
	return r
}

// call posts a form to an endpoint of programs, as a client ("" for none).
func (h *house) call(client, path string, pairs ...string) *reply {
	h.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	r, err := http.NewRequest(http.MethodPost, h.at(path), nil)
	h.must(err)
	h.authenticate(r, client, form)
	r.Body = io.NopCloser(strings.NewReader(form.Encode()))
	r.ContentLength = int64(len(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return h.do(r)
}

func (h *house) authenticate(r *http.Request, client string, form url.Values) {
	if client == "" {
		return
	}
	switch h.method[client] {
	case "client_secret_basic":
		r.SetBasicAuth(url.QueryEscape(client), url.QueryEscape(h.secret[client]))
	case "client_secret_post":
		form.Set("client_id", client)
		form.Set("client_secret", h.secret[client])
	default:
		form.Set("client_id", client)
	}
}

func (h *house) do(r *http.Request) *reply {
	h.t.Helper()
	res, err := http.DefaultTransport.RoundTrip(r)
	h.must(err)
	b, err := io.ReadAll(res.Body)
	h.must(err)
	_ = res.Body.Close()
	got := &reply{h: h, status: res.StatusCode, header: res.Header, raw: string(b)}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") && !strings.HasPrefix(got.raw, "[") {
		h.must(json.Unmarshal(b, &got.body))
	}
	return got
}

func (h *house) token(client string, pairs ...string) *reply {
	h.t.Helper()
	return h.call(client, "/oauth/token", pairs...)
}

// redeem exchanges the code of an answer.
func (a *ask) redeem(q url.Values, pairs ...string) *reply {
	a.h.t.Helper()
	if q.Get("code") == "" {
		a.h.t.Fatalf("no code: %v", q)
	}
	all := []string{"grant_type", "authorization_code", "code", q.Get("code"), "redirect_uri", a.form.Get("redirect_uri")}
	if a.verifier != "" {
		all = append(all, "code_verifier", a.verifier)
	}
	return a.h.token(a.client, append(all, pairs...)...)
}

// tokens signs a person in and exchanges the code.
func (b *browser) tokens(name string, a *ask) *reply {
	b.h.t.Helper()
	return a.redeem(b.begin(a).signIn(name).answer()).is(http.StatusOK, "")
}

func (h *house) refresh(client, token string, pairs ...string) *reply {
	h.t.Helper()
	return h.token(client, append([]string{"grant_type", "refresh_token", "refresh_token", token}, pairs...)...)
}

func (h *house) userinfo(token string) *reply {
	h.t.Helper()
	r, err := http.NewRequest(http.MethodGet, h.at("/userinfo"), nil)
	h.must(err)
	r.Header.Set("Authorization", "Bearer "+token)
	return h.do(r)
}

func (h *house) introspect(client, token string) *reply {
	h.t.Helper()
	return h.call(client, "/oauth/introspect", "token", token)
}

func (h *house) get(path string) *reply {
	h.t.Helper()
	r, err := http.NewRequest(http.MethodGet, h.at(path), nil)
	h.must(err)
	return h.do(r)
}

// claims verifies a JWT with the published keys and returns its claims and header.
func (h *house) claims(token string) (map[string]any, jose.Header) {
	h.t.Helper()
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256, jose.ES256, jose.EdDSA})
	h.must(err)
	var set jose.JSONWebKeySet
	h.must(json.Unmarshal([]byte(h.get("/.well-known/jwks.json").raw), &set))
	header := jws.Signatures[0].Header
	keys := set.Key(header.KeyID)
	if len(keys) != 1 {
		h.t.Fatalf("kid %q is published %d times", header.KeyID, len(keys))
	}
	payload, err := jws.Verify(keys[0])
	h.must(err)
	claims := map[string]any{}
	h.must(json.Unmarshal(payload, &claims))
	return claims, header
}

func (r *reply) id() map[string]any {
	r.h.t.Helper()
	c, _ := r.h.claims(r.text("id_token"))
	return c
}

func unescape(s string) string { return html.UnescapeString(s) }
