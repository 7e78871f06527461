package resource_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/sallyport-id/sallyport/provider/resource"
)

const (
	api   = "https://api.example/"
	multi = "http://schemas.openid.net/pape/policies/2007/06/multi-factor"
)

// An issuer publishes keys and signs tokens.
type issuer struct {
	t      *testing.T
	server *httptest.Server
	keys   atomic.Pointer[jose.JSONWebKeySet]
	asked  atomic.Int64
	down   atomic.Bool
	now    atomic.Pointer[time.Time]
	key    *ecdsa.PrivateKey
	kid    string
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{t: t}
	at := time.Now()
	i.now.Store(&at)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/oauth-authorization-server", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": i.server.URL + "/", "jwks_uri": i.server.URL + "/keys"})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		i.asked.Add(1)
		if i.down.Load() {
			http.Error(w, "down", http.StatusBadGateway)
			return
		}
		_ = json.NewEncoder(w).Encode(i.keys.Load())
	})
	i.server = httptest.NewServer(mux)
	t.Cleanup(i.server.Close)
	i.rotate("k1")
	return i
}

func (i *issuer) rotate(kid string) {
	i.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		i.t.Fatal(err)
	}
	i.key, i.kid = key, kid
	i.keys.Store(&jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: kid, Use: "sig", Algorithm: "ES256"}}})
}

func (i *issuer) wait(d time.Duration) {
	at := i.now.Load().Add(d)
	i.now.Store(&at)
}

func (i *issuer) claims(change func(map[string]any)) map[string]any {
	now := i.now.Load()
	c := map[string]any{
		"iss": i.server.URL + "/", "sub": "usr_1", "aud": []string{api, "x"}, "client_id": "app", "exp": now.Add(time.Hour).Unix(), "iat": now.Unix(),
		"jti": "1", "scope": "read transfer", "acr": multi, "amr": []string{"pwd", "otp", "mfa"}, "auth_time": now.Add(-time.Minute).Unix(),
	}
	if change != nil {
		change(c)
	}
	return c
}

func (i *issuer) sign(typ string, c map[string]any) string {
	return i.signWith(jose.ES256, jose.JSONWebKey{Key: i.key, KeyID: i.kid}, typ, c)
}

func (i *issuer) signWith(alg jose.SignatureAlgorithm, key any, typ string, c map[string]any) string {
	i.t.Helper()
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, (&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	if err != nil {
		i.t.Fatal(err)
	}
	b, err := json.Marshal(c)
	if err != nil {
		i.t.Fatal(err)
	}
	jws, err := s.Sign(b)
	if err != nil {
		i.t.Fatal(err)
	}
	text, err := jws.CompactSerialize()
	if err != nil {
		i.t.Fatal(err)
	}
	return text
}

func (i *issuer) verifier() *resource.Verifier {
	i.t.Helper()
	v, err := resource.New(resource.Config{Issuer: i.server.URL + "/", Audience: api, Now: func() time.Time { return *i.now.Load() }})
	if err != nil {
		i.t.Fatal(err)
	}
	return v
}

func ask(v *resource.Verifier, need resource.Need, authorization ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/transfer?access_token=nobody-reads-this", nil)
	for _, a := range authorization {
		r.Header.Add("Authorization", a)
	}
	w := httptest.NewRecorder()
	v.Require(need)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, ok := resource.FromContext(r.Context())
		if !ok {
			http.Error(w, "no claims", http.StatusInternalServerError)
			return
		}
		_, _ = w.Write([]byte(c.Subject))
	})).ServeHTTP(w, r)
	return w
}

func TestRequire(t *testing.T) {
	i := newIssuer(t)
	v := i.verifier()
	five, minute := 5*time.Minute, 30*time.Second
	good := "Bearer " + i.sign("at+jwt", i.claims(nil))
	with := func(change func(map[string]any)) string { return "Bearer " + i.sign("at+jwt", i.claims(change)) }
	for _, c := range []struct {
		name          string
		need          resource.Need
		authorization []string
		status        int
		challenge     string // what follows the realm
	}{
		{"good", resource.Need{Scopes: []string{"transfer"}, ACR: []string{"phr", multi}, MaxAge: &five}, []string{good}, 200, ""},
		{"scheme in lower case", resource.Need{}, []string{"bearer " + good[7:]}, 200, ""},
		{"no token", resource.Need{}, nil, 401, ""},
		{"another scheme", resource.Need{}, []string{"Basic eDp5"}, 401, ""},
		{"two tokens", resource.Need{}, []string{good, good}, 400, `error="invalid_request", error_description="more than one Authorization header"`},
		{"empty token", resource.Need{}, []string{"Bearer "}, 400, `error="invalid_request", error_description="the Authorization header holds no bearer token"`},
		{"a list of tokens", resource.Need{}, []string{good + ", " + good}, 400, `error="invalid_request", error_description="the Authorization header holds no bearer token"`},
		{"tab", resource.Need{}, []string{"Bearer\t" + good[7:]}, 400, `error="invalid_request", error_description="the Authorization header holds no bearer token"`},
		{"garbage", resource.Need{}, []string{"Bearer x.y.z"}, 401, `error="invalid_token", error_description="not a JWT that is signed by an allowed algorithm"`},
		{"ID token", resource.Need{}, []string{"Bearer " + i.sign("JWT", i.claims(nil))}, 401, `error="invalid_token", error_description="not an access token"`},
		{"expired", resource.Need{}, []string{with(func(c map[string]any) { c["exp"] = i.now.Load().Add(-time.Minute).Unix() })}, 401, `error="invalid_token", error_description="expired"`},
		{"not yet", resource.Need{}, []string{with(func(c map[string]any) { c["nbf"] = i.now.Load().Add(time.Minute).Unix() })}, 401, `error="invalid_token", error_description="not valid yet"`},
		{"no exp", resource.Need{}, []string{with(func(c map[string]any) { delete(c, "exp") })}, 401, `error="invalid_token", error_description="without sub or exp"`},
		{"EXP is not exp", resource.Need{}, []string{with(func(c map[string]any) { delete(c, "exp"); c["EXP"] = i.now.Load().Add(time.Hour).Unix() })}, 401, `error="invalid_token", error_description="without sub or exp"`},
		{"Scope is not scope", resource.Need{Scopes: []string{"admin"}}, []string{with(func(c map[string]any) { c["Scope"] = "admin" })}, 403, `error="insufficient_scope", error_description="the token lacks a scope", scope="admin"`},
		{"wrong types", resource.Need{}, []string{with(func(c map[string]any) { c["exp"] = "soon" })}, 401, `error="invalid_token", error_description="the claims are not JSON of the right types"`},
		{"opaque", resource.Need{}, []string{"Bearer sp_at_1.x"}, 401, `error="invalid_token", error_description="not a JWT that is signed by an allowed algorithm"`},
		{"audience", resource.Need{}, []string{with(func(c map[string]any) { c["aud"] = "https://other.example/" })}, 401, `error="invalid_token", error_description="for another audience"`},
		{"issuer", resource.Need{}, []string{with(func(c map[string]any) { c["iss"] = "https://evil.example/" })}, 401, `error="invalid_token", error_description="of another issuer"`},
		{"scope", resource.Need{Scopes: []string{"read", "admin"}}, []string{good}, 403, `error="insufficient_scope", error_description="the token lacks a scope", scope="read admin"`},
		{"acr", resource.Need{ACR: []string{"phr"}, MaxAge: &five}, []string{good}, 401, `error="insufficient_user_authentication", error_description="a different authentication level is required", acr_values="phr", max_age="300"`},
		{"age", resource.Need{MaxAge: &minute}, []string{good}, 401, `error="insufficient_user_authentication", error_description="more recent authentication is required", max_age="30"`},
		{"no auth_time", resource.Need{MaxAge: &five}, []string{with(func(c map[string]any) { delete(c, "auth_time") })}, 401, `error="insufficient_user_authentication", error_description="more recent authentication is required", max_age="300"`},
		{"quotes", resource.Need{ACR: []string{"a\"b\\c\r\nX: y"}}, []string{good}, 401, `error="insufficient_user_authentication", error_description="a different authentication level is required", acr_values="a\"b\\cX: y"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := ask(v, c.need, c.authorization...)
			want := ""
			if c.status != 200 {
				want = strings.TrimSuffix(`Bearer realm="`+api+`", `+c.challenge, ", ")
				refusedWell(t, w, c.challenge)
			}
			if w.Code != c.status || w.Header().Get("WWW-Authenticate") != want {
				t.Errorf("%d %s\nwant %d %s", w.Code, w.Header().Get("WWW-Authenticate"), c.status, want)
			}
			if c.status == 200 && w.Body.String() != "usr_1" {
				t.Errorf("body %q", w.Body)
			}
		})
	}
}

// refusedWell checks what all refusals have: no caching, and the error as JSON where
// there is one.
func refusedWell(t *testing.T, w *httptest.ResponseRecorder, challenge string) {
	t.Helper()
	if w.Header().Get("Cache-Control") != "no-store" {
		t.Error("may be cached")
	}
	if challenge == "" {
		if w.Body.Len() > 0 {
			t.Errorf("body %q", w.Body)
		}
		return
	}
	var said map[string]string
	if err := json.Unmarshal(w.Body.Bytes(), &said); err != nil {
		t.Fatal(err)
	}
	if want := `error="` + said["error"] + `", error_description="` + said["error_description"] + `"`; !strings.HasPrefix(challenge, want) {
		t.Errorf("body says %s", want)
	}
}

func TestAlgorithms(t *testing.T) {
	i := newIssuer(t)
	v := i.verifier()
	public, err := json.Marshal(i.keys.Load().Keys[0])
	if err != nil {
		t.Fatal(err)
	}
	hmac := i.signWith(jose.HS256, jose.JSONWebKey{Key: public, KeyID: "k1"}, "at+jwt", i.claims(nil))
	payload := strings.Split(hmac, ".")[1]
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"at+jwt"}`)) + "." + payload + "."
	for name, token := range map[string]string{"HS256 with the public key": hmac, "none": none} {
		if w := ask(v, resource.Need{}, "Bearer "+token); w.Code != 401 {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	if _, err := resource.New(resource.Config{Issuer: "https://id.example/", Audience: api, Algorithms: []string{"HS256"}}); err == nil {
		t.Error("HS256 can be configured")
	}
}

func TestKeys(t *testing.T) {
	i := newIssuer(t)
	v := i.verifier()
	old := "Bearer " + i.sign("at+jwt", i.claims(nil))
	if w := ask(v, resource.Need{}, old); w.Code != 200 {
		t.Fatal(w.Code)
	}
	i.rotate("k2")
	fresh := "Bearer " + i.sign("at+jwt", i.claims(nil))
	for range 50 {
		ask(v, resource.Need{}, fresh)
	}
	if n := i.asked.Load(); n != 1 {
		t.Errorf("an unknown key was looked for %d times within the pause", n)
	}
	i.wait(11 * time.Second)
	if w := ask(v, resource.Need{}, fresh); w.Code != 200 {
		t.Errorf("after rotation: %d", w.Code)
	}
	i.down.Store(true)
	i.wait(20 * time.Minute)
	if w := ask(v, resource.Need{}, fresh); w.Code != 200 {
		t.Errorf("while the issuer is down: %d", w.Code)
	}
	if w := ask(i.verifier(), resource.Need{}, fresh); w.Code != 503 || w.Header().Get("WWW-Authenticate") != "" {
		t.Errorf("without any key: %d %s", w.Code, w.Header().Get("WWW-Authenticate"))
	}
}

func TestNew(t *testing.T) {
	good := func(change func(*resource.Config)) resource.Config {
		c := resource.Config{Issuer: "https://id.example/", Audience: api, Introspect: &resource.Introspection{Endpoint: "https://id.example/introspect", ClientID: "api", ClientSecret: "s"}}
		change(&c)
		return c
	}
	for name, change := range map[string]func(*resource.Config){
		"Config.Issuer":                  func(c *resource.Config) { c.Issuer = "id.example" },
		"Config.Audience":                func(c *resource.Config) { c.Audience = "" },
		"Config.JWKSURI":                 func(c *resource.Config) { c.JWKSURI = "/keys" },
		"Config.Leeway":                  func(c *resource.Config) { c.Leeway = -1 },
		"Config.Algorithms":              func(c *resource.Config) { c.Algorithms = []string{"none"} },
		"Config.Introspect.Endpoint":     func(c *resource.Config) { c.Introspect.Endpoint = "ftp://id.example" },
		"Config.Introspect.ClientID":     func(c *resource.Config) { c.Introspect.ClientID = "" },
		"Config.Introspect.ClientSecret": func(c *resource.Config) { c.Introspect.ClientSecret = "" },
	} {
		if _, err := resource.New(good(change)); err == nil || !strings.Contains(err.Error(), name+" ") && !strings.Contains(err.Error(), name+":") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := resource.New(good(func(*resource.Config) {})); err != nil {
		t.Error(err)
	}
}

func TestClaims(t *testing.T) {
	i := newIssuer(t)
	got, err := i.verifier().Verify(t.Context(), i.sign("at+jwt", i.claims(func(c map[string]any) { c["tenant"] = "t1" })))
	if err != nil {
		t.Fatal(err)
	}
	now := i.now.Load().Truncate(time.Second)
	if got.Subject != "usr_1" || got.ClientID != "app" || got.ID != "1" || got.ACR != multi || got.Extra["tenant"] != "t1" {
		t.Errorf("%+v", got)
	}
	if !slices.Equal(got.Scopes, []string{"read", "transfer"}) || !slices.Equal(got.AMR, []string{"pwd", "otp", "mfa"}) || !slices.Equal(got.Audience, []string{api, "x"}) {
		t.Errorf("%+v", got)
	}
	if !got.IssuedAt.Equal(now) || !got.Expiry.Equal(now.Add(time.Hour)) || !got.AuthTime.Equal(now.Add(-time.Minute)) {
		t.Errorf("%+v", got)
	}
	if _, ok := resource.FromContext(t.Context()); ok {
		t.Error("claims out of nothing")
	}
}

func FuzzAuthorization(f *testing.F) {
	v, err := resource.New(resource.Config{Issuer: "https://id.invalid/", Audience: api, JWKSURI: "http://127.0.0.1:1/"})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"", "Bearer", "Bearer ", "bearer a.b.c", "Basic x", "Bearer eyJhbGciOiJub25lIn0.e30."} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		w := ask(v, resource.Need{}, header)
		if w.Code == http.StatusOK || w.Code == http.StatusInternalServerError {
			t.Errorf("%q: %d", header, w.Code)
		}
	})
}
