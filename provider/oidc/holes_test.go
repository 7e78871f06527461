package oidc_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/sallyport-id/sallyport/provider/oidc"
	"github.com/sallyport-id/sallyport/storage"
)

// The numbers are those of the list in the package's doc.

func TestHole01_WrongVerifierDoesNotClearTheWay(t *testing.T) {
	h := open(t)
	a := h.ask("web").pkce() // a client that PKCE is not required of
	q := h.browser().begin(a).signIn("ada").answer()
	right := a.verifier
	a.verifier = strings.Repeat("x", 43)
	a.redeem(q).is(400, "invalid_grant")
	a.verifier = ""
	a.redeem(q).is(400, "invalid_grant")
	a.verifier = right
	a.redeem(q).is(200, "")
}

func TestHole02_OneSpendOnly(t *testing.T) {
	engines(t, func(t *testing.T, engine string) {
		h := build(t, plan{engine: engine})
		b := h.browser()
		a := h.ask("web")
		q := b.begin(a).signIn("ada").answer()
		if n := together(8, func() bool { return a.redeem(q).status == 200 }); n != 1 {
			t.Errorf("%d of 8 redemptions of one code succeeded", n)
		}
	})
}

func TestHole03_PAR(t *testing.T) {
	h := open(t)
	h.amend("post", func(c *storage.Client) { c.Metadata.RequirePAR = true })
	a := h.ask("post", "prompt", "")
	_, address := a.push()
	// What the front channel adds does not join.
	p := h.browser().get(address + "&prompt=none&scope=openid+profile&code_challenge=x&claims=%7B")
	p.says("Sign in")
	if strings.Contains(p.signIn("ada").answer().Encode(), "error") {
		t.Error("the front channel's parameters count")
	}
	// Credentials are not kept.
	_, address = a.push()
	u, err := url.Parse(address)
	h.must(err)
	g, err := h.db.GrantByKey(t.Context(), storage.GrantPAR, h.db.Hash("token", u.Query().Get("request_uri")))
	h.must(err)
	if strings.Contains(string(g.Data), "secret") {
		t.Errorf("a pushed request holds credentials: %s", g.Data)
	}
	// Another client's try does not burn it; time does.
	h.browser().get(strings.Replace(address, "client_id=post", "client_id=web", 1))
	h.browser().get(address).says("Sign in")
	_, address = a.push()
	h.wait(3 * time.Minute)
	if p := h.browser().get(address); p.home || p.status != 400 {
		t.Errorf("expired: %d", p.status)
	}
}

func TestHole04_ExpiredAssertionIsNoServerError(t *testing.T) {
	h := open(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	h.must(err)
	jwks, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k1"}}})
	h.must(err)
	h.register("signer", "private_key_jwt", func(c *storage.Client) { c.Metadata.JWKS = jwks })
	for _, dates := range [][2]time.Duration{{-time.Hour, -2 * time.Hour}, {time.Minute, 10 * time.Minute}} {
		text := assertion(h, jose.ES256, key, map[string]any{"iss": "signer", "sub": "signer", "aud": h.issuer, "jti": rand.Text(),
			"exp": h.now().Add(dates[0]).Unix(), "iat": h.now().Add(dates[1]).Unix()})
		h.call("", "/oauth/token", "grant_type", "authorization_code", "code", "x", "client_assertion", text,
			"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer").is(401, "invalid_client")
	}
}

func TestHole05_UnknownGrant(t *testing.T) {
	h := open(t)
	h.token("web", "grant_type", "magic").is(400, "unsupported_grant_type")
	h.token("web", "grant_type", "authorization_code refresh_token").is(400, "unsupported_grant_type")
}

func TestHole06_WWWAuthenticate(t *testing.T) {
	h := open(t)
	for _, path := range []string{"/oauth/token", "/oauth/revoke", "/oauth/introspect", "/oauth/par"} {
		got := h.call("", path, "client_id", "web", "client_secret", "x", "token", "x", "grant_type", "authorization_code").is(401, "invalid_client")
		if !strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Basic realm=") {
			t.Errorf("%s: %q", path, got.header.Get("WWW-Authenticate"))
		}
	}
}

func TestHole07_ForgedRefreshToken(t *testing.T) {
	h := open(t)
	got := h.browser().tokens("ada", h.ask("web", "scope", "openid offline_access")).text("refresh_token")
	forged := got[:len(got)-2] + map[bool]string{true: "AA", false: "BB"}[!strings.HasSuffix(got, "AA")]
	count := h.counting()
	h.refresh("web", forged).is(400, "invalid_grant")
	if n := count(); n != 0 {
		t.Errorf("a forged token cost %d queries", n)
	}
	h.refresh("web", got).is(200, "") // and did no harm
}

func TestHole08_RevocationWithoutDatabase(t *testing.T) {
	h := open(t)
	got := h.browser().tokens("ada", h.ask("web"))
	h.must(h.db.Close())
	if r := h.call("web", "/oauth/revoke", "token", got.text("access_token")).is(503, "temporarily_unavailable"); r.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

func TestHole09_IntrospectionNeedsTheClient(t *testing.T) {
	h := open(t)
	got := h.browser().tokens("ada", h.ask("web", "scope", "openid offline_access"))
	r, err := http.NewRequest(http.MethodPost, h.at("/oauth/introspect"), strings.NewReader("token="+got.text("access_token")))
	h.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", "Bearer "+got.text("access_token"))
	h.do(r).is(401, "invalid_client")
	access, refresh := h.introspect("web", got.text("access_token")).body, h.introspect("web", got.text("refresh_token")).body
	if refresh["exp"].(float64)-access["exp"].(float64) < 24*3600 {
		t.Errorf("exp of access %v, of refresh %v", access["exp"], refresh["exp"])
	}
}

func TestHole10_NoJWTConfusion(t *testing.T) {
	h := open(t)
	h.register("es", "client_secret_basic", func(c *storage.Client) { c.Metadata.IDTokenSignedResponseAlg = "ES256" }) // signed by the same key
	got := h.browser().tokens("ada", h.ask("es", "scope", "openid read", "audience", testAPI))
	h.userinfo(got.text("id_token")).is(401, "invalid_token")
	if r := h.introspect("es", got.text("id_token")); r.raw != `{"active":false}` {
		t.Errorf("%s", r.raw)
	}
	h.browser().begin(h.ask("es", "id_token_hint", got.text("access_token"))).fails("invalid_request")
}

func TestHole11_NoTokenInTheAddress(t *testing.T) {
	h := open(t)
	got := h.browser().tokens("ada", h.ask("web"))
	if r := h.get("/userinfo?access_token=" + got.text("access_token")); r.status != 401 {
		t.Errorf("%d %s", r.status, r.raw)
	}
}

func TestHole12_ScopesHaveCase(t *testing.T) {
	h := open(t)
	got := h.browser().tokens("ada", h.ask("web", "scope", "OpenID Offline_Access"))
	if got.text("id_token") != "" || got.text("refresh_token") != "" {
		t.Errorf("%v", got.body)
	}
}

func TestHole13_RefreshScopeAndDates(t *testing.T) {
	h := open(t)
	h.register("ed", "client_secret_basic", func(c *storage.Client) { c.Metadata.IDTokenSignedResponseAlg = "EdDSA" })
	b := h.browser()
	got := b.tokens("ada", h.ask("ed", "scope", "openid read offline_access", "audience", testAPI))
	h.wait(time.Minute)
	next := h.refresh("ed", got.text("refresh_token"), "scope", "openid").is(200, "")
	first, _ := h.claims(got.text("access_token"))
	second, _ := h.claims(next.text("access_token"))
	if next.text("scope") != "openid" || second["scope"] != "openid" || second["iat"].(float64)-first["iat"].(float64) < 60 {
		t.Errorf("%v", second)
	}
	h.refresh("ed", next.text("refresh_token"), "scope", "profile").is(400, "invalid_scope")
	// An EdDSA token is good as a hint.
	b.begin(h.ask("ed", "id_token_hint", got.text("id_token"), "prompt", "none")).answer()
}

func TestHole14_RequestObjectErrorsAreRedirected(t *testing.T) {
	h := open(t)
	h.browser().begin(h.ask("web", "request", "broken")).fails("request_not_supported")
	if p := h.browser().begin(h.ask("web", "request", "broken", "redirect_uri", "https://evil.example/")); p.home || p.status != 400 {
		t.Errorf("to an unregistered address: %d at %s", p.status, p.at)
	}
}

func TestHole15_HintsAreVerified(t *testing.T) {
	h, other := open(t), open(t)
	foreign := other.browser().tokens("ada", other.ask("web")).text("id_token")
	h.browser().begin(h.ask("web", "id_token_hint", foreign)).fails("invalid_request")
	mine := h.browser().tokens("ada", h.ask("mfa")).text("id_token")
	h.browser().begin(h.ask("web", "id_token_hint", mine)).fails("invalid_request") // another aud
	payload := strings.Split(mine, ".")[1]
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + payload + "."
	h.browser().begin(h.ask("mfa", "id_token_hint", none)).fails("invalid_request")
}

func TestHole16_ErrorsTellNothing(t *testing.T) {
	h := open(t)
	a := h.ask("web")
	q := h.browser().begin(a).signIn("ada").answer()
	wrongClient := h.token("post", "grant_type", "authorization_code", "code", q.Get("code"), "redirect_uri", callback)
	unknown := h.token("post", "grant_type", "authorization_code", "code", "nonsense", "redirect_uri", callback)
	if wrongClient.raw != unknown.raw {
		t.Errorf("%s\n%s", wrongClient.raw, unknown.raw)
	}
	h.secret["web"] = "wrong"
	if a, b := h.token("web", "grant_type", "authorization_code"), h.call("", "/oauth/token", "client_id", "nobody", "client_secret", "x", "grant_type", "authorization_code"); a.raw != b.raw {
		t.Errorf("%s\n%s", a.raw, b.raw)
	}
	for _, word := range []string{"OAuth 2.0 Client", "hint", "debug", "fosite"} {
		if strings.Contains(unknown.raw, word) {
			t.Errorf("%q in %s", word, unknown.raw)
		}
	}
}

func TestHole17_TokensAreOfOneKindAndUnreadable(t *testing.T) {
	h := open(t)
	got := h.browser().tokens("ada", h.ask("web", "scope", "openid offline_access"))
	access, refresh := got.text("access_token"), got.text("refresh_token")
	h.userinfo(refresh).is(401, "invalid_token")
	h.userinfo("at_"+strings.TrimPrefix(refresh, "rt_")).is(401, "invalid_token")
	h.refresh("web", access).is(400, "invalid_grant")
	h.refresh("web", "rt_"+strings.TrimPrefix(access, "at_")).is(400, "invalid_grant")
	// The table's key is nothing that a reader of it could send.
	g, err := h.db.GrantByKey(t.Context(), storage.GrantRefresh, h.db.Hash("token", refresh))
	h.must(err)
	for _, text := range []string{base64.RawURLEncoding.EncodeToString(g.Key), string(g.Data)} {
		if strings.Contains(refresh, text) || strings.Contains(text, refresh[3:20]) {
			t.Error("the table holds a part of the token")
		}
	}
	h.refresh("web", "rt_"+base64.RawURLEncoding.EncodeToString(g.Key)).is(400, "invalid_grant")
	h.refresh("web", refresh).is(200, "")
}

// TestSettings asserts what RFC 9700 and OAuth 2.1 want and fosite does not do by
// itself.
func TestSettings(t *testing.T) {
	c := oidc.DefaultConfig()
	if c.CodeTTL > time.Minute || c.AccessTokenTTL > 15*time.Minute || c.RefreshTokenTTL >= c.RefreshTokenAbsoluteTTL || c.RefreshGrace > 30*time.Second {
		t.Errorf("%+v", c)
	}
	long := c
	long.CodeTTL = 2 * time.Minute
	if long.Validate() == nil {
		t.Error("a code may live two minutes")
	}
	h := open(t)
	b := h.browser()
	b.begin(h.ask("web")).signIn("ada").answer()
	b.begin(h.ask("pkce", "code_challenge", "", "code_challenge_method", "")).fails("invalid_request")          // PKCE by default
	b.begin(h.ask("pkce", "code_challenge_method", "plain")).fails("invalid_request")                           // S256 only
	b.begin(h.ask("web", "response_type", "id_token token")).fails("unsupported_response_type")                 // no implicit
	h.token("web", "grant_type", "password", "username", "ada", "password", "x").is(403, "unauthorized_client") // no ROPC unless the client has it
	if q := b.begin(h.ask("web", "state", "")).answer(); q.Get("code") == "" {                                  // state is optional
		t.Errorf("%v", q)
	}
	if q := b.begin(h.ask("web", "state", "1")).answer(); q.Get("state") != "1" {
		t.Errorf("%v", q)
	}
	doc := h.get("/.well-known/openid-configuration").body
	if !slices.Equal(texts(doc["response_types_supported"]), []string{"code"}) || doc["authorization_response_iss_parameter_supported"] != true {
		t.Errorf("%v", doc)
	}
}

// together runs do n times at once and counts how often it succeeded.
func together(n int, do func() bool) int {
	var wg sync.WaitGroup
	start := make(chan struct{})
	good := make([]bool, n)
	for i := range n {
		wg.Go(func() {
			<-start
			good[i] = do()
		})
	}
	close(start)
	wg.Wait()
	count := 0
	for _, ok := range good {
		if ok {
			count++
		}
	}
	return count
}
