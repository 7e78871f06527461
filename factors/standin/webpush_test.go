package standin

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

func unbase64(t *testing.T, text string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The example of RFC 8291, section 5.
func TestUnseal(t *testing.T) {
	private, err := ecdh.P256().NewPrivateKey(unbase64(t, "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"))
	if err != nil {
		t.Fatal(err)
	}
	auth := unbase64(t, "BTBZMqHH6r4Tts7J_aSIgg")
	body := unbase64(t, "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_"+
		"yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN")
	got, err := unseal(body, private, auth)
	if err != nil || string(got) != "When I grow up, I want to be a watermelon" {
		t.Fatalf("%q, %v", got, err)
	}
	for i := range body {
		bad := slices.Clone(body)
		bad[i] ^= 1
		// The size of a record is the one thing that nothing depends on.
		if got, err := unseal(bad, private, auth); err == nil && (i < 16 || i > 19) {
			t.Errorf("byte %d changed, and it is still %q", i, got)
		}
		if _, err := unseal(body[:i], private, auth); err == nil {
			t.Errorf("cut at %d", i)
		}
	}
	short := slices.Clone(body)
	copy(short[16:], []byte{0, 0, 0, 20})
	if _, err := unseal(short, private, auth); err == nil {
		t.Error("more than one record")
	}
	for padded, want := range map[string]bool{"x\x02": true, "x\x02\x00\x00": true, "x\x01": false, "\x00": false, "": false, "x": false} {
		if got, err := unpad([]byte(padded)); (err == nil) != want || want && string(got) != "x" {
			t.Errorf("%q: %q, %v", padded, got, err)
		}
	}
}

// An application is an application server with its key.
type application struct {
	t       *testing.T
	private *ecdsa.PrivateKey
	key     string
}

func newApplication(t *testing.T) *application {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := private.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return &application{t, private, base64.RawURLEncoding.EncodeToString(point)}
}

func (a *application) authorization(claims jwt.MapClaims) string {
	a.t.Helper()
	text, err := jwt.NewWithClaims(jwt.SigningMethodES256, claims).SignedString(a.private)
	if err != nil {
		a.t.Fatal(err)
	}
	return "vapid t=" + text + ", k=" + a.key
}

func vapid(change ...func(jwt.MapClaims)) jwt.MapClaims {
	c := jwt.MapClaims{"aud": google, "sub": "mailto:a@b.example", "exp": time.Now().Add(time.Hour).Unix()}
	for _, f := range change {
		f(c)
	}
	return c
}

// push sends a message; header changes what is right.
func (a *application) push(s *PushService, endpoint string, header map[string]string, body string) *httptest.ResponseRecorder {
	a.t.Helper()
	u, err := url.Parse(endpoint)
	if err != nil {
		a.t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, u.Path, strings.NewReader(body))
	r.Header.Set("TTL", "60")
	r.Header.Set("Authorization", a.authorization(vapid()))
	for name, value := range header {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func subscribed(t *testing.T, s *PushService, key string) (endpoint string) {
	t.Helper()
	text, err := s.Subscribe(key)
	if err != nil {
		t.Fatal(err)
	}
	var u struct{ Endpoint string }
	if err := json.Unmarshal([]byte(text), &u); err != nil {
		t.Fatal(err)
	}
	return u.Endpoint
}

// Who may push, by RFC 8292.
func TestVouched(t *testing.T) {
	s, a, b := &PushService{}, newApplication(t), newApplication(t)
	endpoint := subscribed(t, s, a.key)
	unsigned, err := jwt.NewWithClaims(jwt.SigningMethodNone, vapid()).SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		authorization string
		status        int
	}{
		"right":           {a.authorization(vapid()), 201},
		"for a web site":  {a.authorization(vapid(func(c jwt.MapClaims) { c["sub"] = "https://b.example" })), 201},
		"nothing":         {"", 401},
		"another scheme":  {"Bearer x", 401},
		"another's key":   {b.authorization(vapid()), 403},
		"a borrowed key":  {strings.Split(b.authorization(vapid()), " k=")[0] + " k=" + a.key, 403},
		"another service": {a.authorization(vapid(func(c jwt.MapClaims) { c["aud"] = "https://push.example" })), 403},
		"too long":        {a.authorization(vapid(func(c jwt.MapClaims) { c["exp"] = time.Now().Add(25 * time.Hour).Unix() })), 403},
		"too late":        {a.authorization(vapid(func(c jwt.MapClaims) { c["exp"] = time.Now().Add(-time.Minute).Unix() })), 403},
		"without an end":  {a.authorization(vapid(func(c jwt.MapClaims) { delete(c, "exp") })), 403},
		"nobody to blame": {a.authorization(vapid(func(c jwt.MapClaims) { delete(c, "sub") })), 403},
		"unsigned":        {"vapid t=" + unsigned + ", k=" + a.key, 403},
		"no token":        {"vapid k=" + a.key, 403},
	} {
		if w := a.push(s, endpoint, map[string]string{"Authorization": c.authorization}, ""); w.Code != c.status {
			t.Errorf("%s: status %d, want %d", name, w.Code, c.status)
		}
	}
	if _, err := s.Subscribe("AAAA"); err == nil {
		t.Error("a subscription with no key")
	}
}

// What RFC 8030 asks of a message, and what it answers.
func TestPush(t *testing.T) {
	var got []Pushed
	s, a := &PushService{Got: func(p Pushed) { got = append(got, p) }}, newApplication(t)
	endpoint := subscribed(t, s, a.key)
	for name, c := range map[string]struct {
		header map[string]string
		body   string
		status int
	}{
		"no time to live":   {map[string]string{"TTL": ""}, "", 400},
		"a wrong one":       {map[string]string{"TTL": "-1"}, "", 400},
		"an urgency":        {map[string]string{"Urgency": "extreme"}, "", 400},
		"a long topic":      {map[string]string{"Topic": strings.Repeat("x", 33)}, "", 400},
		"a strange topic":   {map[string]string{"Topic": "a b"}, "", 400},
		"not encrypted":     {nil, "x", 400},
		"an old encryption": {map[string]string{"Content-Encoding": "aesgcm"}, "x", 400},
		"too large":         {map[string]string{"Content-Encoding": "aes128gcm"}, strings.Repeat("x", 4097), 413},
	} {
		if w := a.push(s, endpoint, c.header, c.body); w.Code != c.status {
			t.Errorf("%s: status %d, want %d", name, w.Code, c.status)
		}
	}
	if len(got) != 0 {
		t.Fatalf("%+v", got)
	}
	w := a.push(s, endpoint, map[string]string{"TTL": "99999999", "Urgency": "low", "Topic": "t"}, "")
	if w.Code != 201 || !strings.HasPrefix(w.Header().Get("Location"), google+"/") || w.Header().Get("TTL") != "2419200" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if len(got) != 1 || got[0].TTL != longest || got[0].Urgency != "low" || got[0].Topic != "t" || got[0].Data != nil {
		t.Errorf("%+v", got)
	}
	s.Faults.Always(Fault{Status: 429})
	if w := a.push(s, endpoint, nil, ""); w.Code != 429 || w.Header().Get("Retry-After") == "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	s.Faults.None()
	if w := a.push(s, endpoint+"x", nil, ""); w.Code != 404 {
		t.Errorf("an endpoint of nobody: %d", w.Code)
	}
	s.Unsubscribe(endpoint[strings.LastIndex(endpoint, "/")+1:])
	if w := a.push(s, endpoint, nil, ""); w.Code != 410 {
		t.Errorf("an endpoint that is gone: %d", w.Code)
	}
}
