package oidc_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/sallyport-id/sallyport/provider/oidc"
	"github.com/sallyport-id/sallyport/storage"
)

func TestCORE18_IDToken(t *testing.T) {
	h := open(t)
	got := h.browser().tokens("grace", h.ask("mfa", "scope", "openid profile"))
	id := got.id()
	sub, _ := id["sub"].(string)
	if id["iss"] != h.issuer || sub == "" || len(sub) > 255 || id["aud"] != "mfa" || id["azp"] != nil || id["nonce"] != "n-0S6" || id["acr"] != multi {
		t.Errorf("%v", id)
	}
	for _, name := range []string{"exp", "iat", "auth_time"} {
		if _, ok := id[name].(float64); !ok {
			t.Errorf("%s = %v", name, id[name])
		}
	}
	if amr, _ := id["amr"].([]any); len(amr) != 3 || amr[0] != "pwd" || amr[1] != "otp" || amr[2] != "mfa" {
		t.Errorf("amr %v", id["amr"])
	}
	if id["name"] != nil {
		t.Error("scope claims are in the ID token of the code flow")
	}
	h.must(h.db.DeleteUser(t.Context(), h.users["ada"].ID))
	old := h.users["ada"].ID
	if again := h.person("ada"); again.ID == old {
		t.Error("the sub of a deleted user came back")
	}
}

func TestCORE19_Algorithms(t *testing.T) {
	h := open(t)
	for _, alg := range []string{"RS256", "ES256", "EdDSA"} {
		h.register("alg-"+strings.ToLower(alg), "client_secret_basic", func(c *storage.Client) { c.Metadata.IDTokenSignedResponseAlg = alg })
		_, header := h.claims(h.browser().tokens("ada", h.ask("alg-"+strings.ToLower(alg))).text("id_token"))
		if header.Algorithm != alg || header.KeyID == "" {
			t.Errorf("%s: %+v", alg, header)
		}
	}
	if doc := h.get("/.well-known/openid-configuration").raw; strings.Contains(doc, `"none"]`) && strings.Contains(doc, `signing_alg_values_supported":["none`) {
		t.Error("alg none is advertised")
	}
}

func TestCORE20_AtHash(t *testing.T) {
	h := open(t)
	h.register("ed", "client_secret_basic", func(c *storage.Client) { c.Metadata.IDTokenSignedResponseAlg = "EdDSA" })
	got := h.browser().tokens("ada", h.ask("web"))
	sum := sha256.Sum256([]byte(got.text("access_token")))
	if want := base64.RawURLEncoding.EncodeToString(sum[:16]); got.id()["at_hash"] != want {
		t.Errorf("RS256: at_hash %v, want %s", got.id()["at_hash"], want)
	}
	got = h.browser().tokens("ada", h.ask("ed"))
	long := sha512.Sum512([]byte(got.text("access_token")))
	if want := base64.RawURLEncoding.EncodeToString(long[:32]); got.id()["at_hash"] != want {
		t.Errorf("EdDSA: at_hash %v, want %s", got.id()["at_hash"], want)
	}
}

func TestCORE21_ClientAuthMethod(t *testing.T) {
	h := open(t)
	got := h.call("", "/oauth/token", "grant_type", "client_credentials", "client_id", "machine", "client_secret", h.secret["machine"]).is(http.StatusUnauthorized, "invalid_client")
	if !strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Basic ") {
		t.Errorf("WWW-Authenticate %q", got.header.Get("WWW-Authenticate"))
	}
	h.call("machine", "/oauth/token", "grant_type", "client_credentials", "client_secret", "x").is(http.StatusBadRequest, "invalid_request")
	h.secret["machine"] = "wrong"
	if got = h.token("machine", "grant_type", "client_credentials"); !strings.HasPrefix(got.is(http.StatusUnauthorized, "invalid_client").header.Get("WWW-Authenticate"), "Basic ") {
		t.Errorf("WWW-Authenticate %q", got.header.Get("WWW-Authenticate"))
	}
	unknown := h.call("", "/oauth/token", "grant_type", "client_credentials", "client_id", "nobody", "client_secret", "x")
	if unknown.raw != got.raw {
		t.Errorf("an unknown client is told apart: %s and %s", unknown.raw, got.raw)
	}
	h.call("spa", "/oauth/token", "grant_type", "client_credentials").is(http.StatusBadRequest, "unauthorized_client")
	h.amend("web", func(c *storage.Client) { c.Disabled = true })
	h.token("web", "grant_type", "authorization_code", "code", "x").is(http.StatusUnauthorized, "invalid_client")
}

func TestCORE22_BasicIsFormEncoded(t *testing.T) {
	h := open(t)
	h.token("machine", "grant_type", "client_credentials", "audience", testAPI).is(http.StatusOK, "") // its secret holds ": + % é"
	r, err := http.NewRequest(http.MethodPost, h.at("/oauth/token"), strings.NewReader(url.Values{"grant_type": {"client_credentials"}, "audience": {testAPI}}.Encode()))
	h.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth("machine", h.secret["machine"]) // not encoded
	h.do(r).is(http.StatusUnauthorized, "invalid_client")
}

func TestCORE23_CodeMisuse(t *testing.T) {
	h := open(t)
	b := h.browser()
	a := h.ask("web", "scope", "openid offline_access")
	q := b.begin(a).signIn("ada").answer()
	h.token("post", "grant_type", "authorization_code", "code", q.Get("code"), "redirect_uri", callback).is(http.StatusBadRequest, "invalid_grant")
	h.token("web", "grant_type", "authorization_code", "code", q.Get("code"), "redirect_uri", callback+"/").is(http.StatusBadRequest, "invalid_grant")
	h.token("web", "grant_type", "authorization_code", "code", q.Get("code")).is(http.StatusBadRequest, "invalid_grant")
	got := a.redeem(q).is(http.StatusOK, "")
	if got.header.Get("Cache-Control") != "no-store" {
		t.Error("the answer may be stored")
	}
	h.userinfo(got.text("access_token")).is(http.StatusOK, "")
	a.redeem(q).is(http.StatusBadRequest, "invalid_grant")
	h.userinfo(got.text("access_token")).is(http.StatusUnauthorized, "invalid_token")
	h.refresh("web", got.text("refresh_token")).is(http.StatusBadRequest, "invalid_grant")
	if len(h.events("grant.reused")) != 1 {
		t.Error("the reuse is not in the audit log")
	}
	q = b.begin(a).answer()
	h.wait(61 * time.Second)
	a.redeem(q).is(http.StatusBadRequest, "invalid_grant")
	for _, garbage := range []string{"x", "ac_" + strings.Repeat("A", 48), q.Get("code") + "x", strings.ToLower(q.Get("code"))} {
		h.token("web", "grant_type", "authorization_code", "code", garbage, "redirect_uri", callback).is(http.StatusBadRequest, "invalid_grant")
	}
}

func TestCORE25_UserInfo(t *testing.T) {
	h := open(t)
	got := h.browser().tokens("ada", h.ask("web", "scope", "openid email"))
	token := got.text("access_token")
	send := func(method, target, authorization, body string) *reply {
		r, err := http.NewRequest(method, h.at(target), strings.NewReader(body))
		h.must(err)
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		if body != "" {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		return h.do(r)
	}
	send("GET", "/userinfo", "Bearer "+token, "").is(200, "")
	send("GET", "/userinfo", "bearer "+token, "").is(200, "")
	send("POST", "/userinfo", "Bearer "+token, "").is(200, "")
	send("POST", "/userinfo", "", "access_token="+token).is(200, "")
	send("POST", "/userinfo", "Bearer "+token, "access_token="+token).is(400, "invalid_request")
	if bare := send("GET", "/userinfo?access_token="+token, "", ""); bare.status != 401 || strings.Contains(bare.header.Get("WWW-Authenticate"), "error") {
		t.Errorf("token in the query: %d %q", bare.status, bare.header.Get("WWW-Authenticate"))
	}
	if bad := send("GET", "/userinfo", "Bearer nonsense", "").is(401, "invalid_token"); !strings.Contains(bad.header.Get("WWW-Authenticate"), `error="invalid_token"`) {
		t.Errorf("%q", bad.header.Get("WWW-Authenticate"))
	}
	plain := h.browser().tokens("ada", h.ask("web", "scope", "email")).text("access_token")
	h.userinfo(plain).is(403, "insufficient_scope")
	machine := h.token("machine", "grant_type", "client_credentials", "audience", ledgerAPI).text("access_token")
	h.userinfo(machine).is(403, "insufficient_scope")
	block(h, "ada", true)
	h.userinfo(token).is(401, "invalid_token")
	block(h, "ada", false)
	h.wait(11 * time.Minute)
	h.userinfo(token).is(401, "invalid_token")
	h.register("signed", "client_secret_basic", func(c *storage.Client) { c.Metadata.UserinfoSignedResponseAlg = "ES256" })
	info := h.userinfo(h.browser().tokens("ada", h.ask("signed", "scope", "openid email")).text("access_token"))
	claims, header := h.claims(info.raw)
	if info.header.Get("Content-Type") != "application/jwt" || claims["aud"] != "signed" || claims["iss"] != h.issuer || claims["email"] == nil || header.Algorithm != "ES256" {
		t.Errorf("signed UserInfo: %v %v", claims, header)
	}
}

func TestCORE26_SubIsTheSame(t *testing.T) {
	h := open(t)
	got := h.browser().tokens("ada", h.ask("web"))
	if info := h.userinfo(got.text("access_token")); info.text("sub") == "" || info.text("sub") != got.id()["sub"] {
		t.Errorf("%v and %v", info.body["sub"], got.id()["sub"])
	}
}

func TestCORE27_28_ClaimsByScope(t *testing.T) {
	h := open(t)
	info := h.userinfo(h.browser().tokens("ada", h.ask("web", "scope", "openid profile email phone address")).text("access_token")).body
	if info["email_verified"] != true || info["phone_number_verified"] != false || info["birthdate"] != "1990-01-01" {
		t.Errorf("%v", info)
	}
	if a, ok := info["address"].(map[string]any); !ok || a["country"] != "CH" {
		t.Errorf("address %v", info["address"])
	}
	if _, ok := info["updated_at"].(float64); !ok {
		t.Errorf("updated_at %v", info["updated_at"])
	}
	for name, value := range info {
		if value == nil || value == "" {
			t.Errorf("%s is %v instead of absent", name, value)
		}
	}
	only := h.userinfo(h.browser().tokens("ada", h.ask("web")).text("access_token")).body
	if len(only) != 1 || only["sub"] == nil {
		t.Errorf("scope openid: %v", only)
	}
	mail := h.userinfo(h.browser().tokens("ada", h.ask("web", "scope", "openid email")).text("access_token")).body
	if len(mail) != 3 || mail["email"] != "ada@example.com" {
		t.Errorf("scope email: %v", mail)
	}
}

func TestCORE29_Refresh(t *testing.T) {
	h := open(t)
	first := h.browser().tokens("grace", h.ask("mfa", "scope", "openid profile offline_access read", "audience", testAPI))
	h.wait(5 * time.Minute)
	second := h.refresh("mfa", first.text("refresh_token")).is(200, "")
	a, b := first.id(), second.id()
	for _, name := range []string{"iss", "sub", "aud", "auth_time", "acr"} {
		if a[name] != b[name] {
			t.Errorf("%s: %v, then %v", name, a[name], b[name])
		}
	}
	if b["iat"].(float64) <= a["iat"].(float64) || len(b["amr"].([]any)) != 3 {
		t.Errorf("iat %v, amr %v", b["iat"], b["amr"])
	}
	narrow := h.refresh("mfa", second.text("refresh_token"), "scope", "openid").is(200, "")
	if narrow.text("scope") != "openid" {
		t.Errorf("scope %q", narrow.text("scope"))
	}
	h.refresh("mfa", narrow.text("refresh_token"), "scope", "openid write").is(400, "invalid_scope")
	// The next one is as wide as the sign-in allowed.
	if wide := h.refresh("mfa", narrow.text("refresh_token")).is(200, ""); wide.text("scope") != "openid profile offline_access read" {
		t.Errorf("scope %q", wide.text("scope"))
	}
}

func TestCORE31_PrivateKeyJWT(t *testing.T) {
	h := open(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	h.must(err)
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	h.must(err)
	jwks, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k1"}}})
	h.must(err)
	h.register("signer", "private_key_jwt", func(c *storage.Client) {
		c.Metadata.JWKS, c.Metadata.GrantTypes, c.Metadata.ResponseTypes, c.Metadata.RedirectURIs = jwks, []string{"client_credentials"}, nil, nil
		c.Settings.Audiences = map[string][]string{ledgerAPI: {"read"}}
	})
	good := func() map[string]any {
		return map[string]any{"iss": "signer", "sub": "signer", "aud": h.issuer, "exp": h.now().Add(time.Minute).Unix(), "iat": h.now().Unix(), "jti": rand.Text()}
	}
	try := func(assertion string) *reply {
		return h.call("", "/oauth/token", "grant_type", "client_credentials", "client_assertion", assertion,
			"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	}
	for _, aud := range []any{h.issuer, h.at("/oauth/token"), []string{"x", h.issuer}} {
		c := good()
		c["aud"] = aud
		try(assertion(h, jose.ES256, key, c)).is(200, "")
	}
	skewed := good()
	skewed["iat"], skewed["nbf"] = h.now().Add(20*time.Second).Unix(), h.now().Add(20*time.Second).Unix()
	try(assertion(h, jose.ES256, key, skewed)).is(200, "")
	once := assertion(h, jose.ES256, key, good())
	try(once).is(200, "")
	try(once).is(401, "invalid_client")
	for name, change := range map[string]func(map[string]any){
		"iss is not sub": func(c map[string]any) { c["iss"] = "web" }, "wrong aud": func(c map[string]any) { c["aud"] = "https://other.example/" },
		"no exp": func(c map[string]any) { delete(c, "exp") }, "exp far ahead": func(c map[string]any) { c["exp"] = h.now().Add(2 * time.Hour).Unix() },
		"expired": func(c map[string]any) { c["exp"] = h.now().Add(-2 * time.Minute).Unix() }, "no jti": func(c map[string]any) { delete(c, "jti") },
		"iat ahead": func(c map[string]any) { c["iat"] = h.now().Add(10 * time.Minute).Unix() },
	} {
		c := good()
		change(c)
		if got := try(assertion(h, jose.ES256, key, c)); got.status != 401 || got.text("error") != "invalid_client" {
			t.Errorf("%s: %d %s", name, got.status, got.raw)
		}
	}
	try(assertion(h, jose.ES256, other, good())).is(401, "invalid_client")
	try(assertion(h, jose.HS256, jwks, good())).is(401, "invalid_client") // the public key as a secret
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + strings.Split(once, ".")[1] + "."
	try(none).is(401, "invalid_client")
}

func assertion(h *house, alg jose.SignatureAlgorithm, key any, claims map[string]any) string {
	h.t.Helper()
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: "k1"}}, nil)
	h.must(err)
	text, err := jwt.Signed(s).Claims(claims).Serialize()
	h.must(err)
	return text
}

func TestCORE31_JWKSURI(t *testing.T) {
	h := open(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	h.must(err)
	kid := "k0"
	keys := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: kid}}})
	})
	h.register("fetched", "private_key_jwt", func(c *storage.Client) {
		c.Metadata.JWKSURI, c.Metadata.GrantTypes, c.Metadata.ResponseTypes, c.Metadata.RedirectURIs = keys, []string{"client_credentials"}, nil, nil
		c.Settings.Audiences = map[string][]string{ledgerAPI: {"read"}}
	})
	try := func() *reply {
		return h.call("", "/oauth/token", "grant_type", "client_credentials", "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
			"client_assertion", assertion(h, jose.ES256, key, map[string]any{"iss": "fetched", "sub": "fetched", "aud": h.issuer, "exp": h.now().Add(time.Minute).Unix(), "jti": rand.Text()}))
	}
	try().is(401, "invalid_client") // k1 is not there yet
	kid = "k1"
	try().is(401, "invalid_client") // and is not looked for again at once
	h.wait(11 * time.Second)
	try().is(200, "")
}

func TestCORE32_Rotation(t *testing.T) {
	h := open(t)
	before := h.get("/.well-known/jwks.json")
	if strings.Contains(before.raw, `"d":`) || before.header.Get("Cache-Control") == "" {
		t.Errorf("key set: %v %.100s", before.header, before.raw)
	}
	old := h.browser().tokens("ada", h.ask("web", "scope", "openid offline_access"))
	_, first := h.claims(old.text("id_token"))
	config := oidc.DefaultConfig()
	_, err := oidc.RotateKeys(t.Context(), h.db, h.now(), config, "test")
	h.must(err)
	h.must(h.oidc.Tick(t.Context()))
	// Published now, signs after the overlap.
	if n := keyCount(h); n != 6 {
		t.Fatalf("%d keys are published, want 6", n)
	}
	_, header := h.claims(h.browser().tokens("ada", h.ask("web")).text("id_token"))
	if header.KeyID != first.KeyID {
		t.Error("the new key signs before applications can know it")
	}
	h.wait(config.KeyOverlap + time.Second)
	now := h.browser().tokens("ada", h.ask("web", "id_token_hint", old.text("id_token")))
	if _, header = h.claims(now.text("id_token")); header.KeyID == first.KeyID {
		t.Error("the old key still signs")
	}
	h.claims(old.text("id_token")) // still published
	// By schedule: after KeyRotation without a word from anyone.
	h.wait(config.KeyRotation)
	h.must(h.oidc.Tick(t.Context()))
	if n := keyCount(h); n != 6 {
		t.Errorf("%d keys are published, want the three that sign and three that will", n)
	}
	if len(h.events("key.rotated")) != 6 {
		t.Errorf("%d rotations are in the audit log, want 6", len(h.events("key.rotated")))
	}
	// One that cannot be read does not stop the others.
	h.must(h.db.PutSigningKey(t.Context(), &storage.SigningKey{ID: "bad", Alg: "RS256", Private: []byte("no key"), NotBefore: h.now()}))
	h.wait(config.KeyOverlap + time.Second)
	h.must(h.oidc.Tick(t.Context()))
	if _, header = h.claims(h.browser().tokens("ada", h.ask("web")).text("id_token")); header.KeyID == "bad" || keyCount(h) < 6 {
		t.Errorf("beside a bad key %q signs, and %d are published", header.KeyID, keyCount(h))
	}
}

func keyCount(h *house) int {
	h.t.Helper()
	var set jose.JSONWebKeySet
	h.must(json.Unmarshal([]byte(h.get("/.well-known/jwks.json").raw), &set))
	return len(set.Keys)
}
