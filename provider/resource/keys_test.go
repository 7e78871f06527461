package resource_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/sallyport-id/sallyport/provider/resource"
)

// answering is a verifier of i's tokens that gets the keys from answer.
func (i *issuer) answering(answer http.HandlerFunc) *resource.Verifier {
	i.t.Helper()
	s := httptest.NewServer(answer)
	i.t.Cleanup(s.Close)
	v, err := resource.New(resource.Config{Issuer: i.server.URL + "/", Audience: api, JWKSURI: s.URL, Now: func() time.Time { return *i.now.Load() }})
	if err != nil {
		i.t.Fatal(err)
	}
	return v
}

func must(t *testing.T, v *resource.Verifier, token string) {
	t.Helper()
	if _, err := v.Verify(t.Context(), token); err != nil {
		t.Fatal(err)
	}
}

// Someone without a token can hang up while the keys are fetched. The others still get
// them.
func TestFetchOutlivesItsRequest(t *testing.T) {
	i := newIssuer(t)
	v := i.verifier()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, _ = v.Verify(gone, i.sign("at+jwt", i.claims(nil)))
	must(t, v, i.sign("at+jwt", i.claims(nil)))
}

// Someone who names an unknown key while the issuer is slow holds up nobody whose key
// is known.
func TestKnownKeysWaitForNobody(t *testing.T) {
	i := newIssuer(t)
	var slow atomic.Bool
	asked, hold := make(chan struct{}, 1), make(chan struct{})
	v := i.answering(func(w http.ResponseWriter, _ *http.Request) {
		if slow.Load() {
			asked <- struct{}{}
			<-hold
		}
		_ = json.NewEncoder(w).Encode(i.keys.Load())
	})
	good := i.sign("at+jwt", i.claims(nil))
	must(t, v, good)
	slow.Store(true)
	i.wait(11 * time.Second)
	unknown := i.signWith(jose.ES256, jose.JSONWebKey{Key: i.key, KeyID: "nobody's"}, "at+jwt", i.claims(nil))
	var all sync.WaitGroup
	all.Go(func() { _, _ = v.Verify(t.Context(), unknown) })
	<-asked
	must(t, v, good)
	i.wait(10 * time.Minute) // the key is due for a look now, and somebody is at it
	must(t, v, good)
	close(hold)
	all.Wait()
}

func TestManyAskOnce(t *testing.T) {
	i := newIssuer(t)
	v := i.verifier()
	good := i.sign("at+jwt", i.claims(nil))
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := v.Verify(t.Context(), good); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := i.asked.Load(); n != 1 {
		t.Errorf("%d fetches", n)
	}
}

// Answers that are none leave the keys as they are.
func TestBadSets(t *testing.T) {
	for name, body := range map[string]string{
		"no set": `{}`, "empty": `{"keys":[]}`, "not JSON": `<html>`, "larger than 1 MiB": `{"keys":[` + strings.Repeat(" ", 1<<20) + `]}`,
	} {
		t.Run(name, func(t *testing.T) {
			i := newIssuer(t)
			var bad atomic.Bool
			v := i.answering(func(w http.ResponseWriter, _ *http.Request) {
				if bad.Load() {
					_, _ = w.Write([]byte(body))
					return
				}
				_ = json.NewEncoder(w).Encode(i.keys.Load())
			})
			good := i.sign("at+jwt", i.claims(nil))
			must(t, v, good)
			bad.Store(true)
			i.wait(11 * time.Minute)
			must(t, v, good)
			i.wait(10 * time.Second)
			must(t, v, good)
		})
	}
}

func TestUnknownKindsOfKeys(t *testing.T) {
	i := newIssuer(t)
	v := i.answering(func(w http.ResponseWriter, _ *http.Request) {
		key, _ := json.Marshal(i.keys.Load().Keys[0])
		_, _ = w.Write([]byte(`{"keys":[{"kty":"NEW","kid":"n"},{"kty":"oct","kid":"k1","k":"AAAA"},{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"},` + string(key) + `]}`))
	})
	must(t, v, i.sign("at+jwt", i.claims(nil)))
}

// A key that the issuer withdrew must not count for as long as the issuer is kept
// from saying so.
func TestKeysEnd(t *testing.T) {
	i := newIssuer(t)
	v := i.verifier()
	must(t, v, i.sign("at+jwt", i.claims(nil)))
	i.down.Store(true)
	i.wait(50 * time.Minute)
	must(t, v, i.sign("at+jwt", i.claims(nil)))
	i.wait(11 * time.Minute)
	if _, err := v.Verify(t.Context(), i.sign("at+jwt", i.claims(nil))); err == nil || errors.Is(err, resource.ErrInvalid) {
		t.Errorf("keys of an hour ago: %v", err)
	}
	i.down.Store(false)
	i.wait(11 * time.Second)
	must(t, v, i.sign("at+jwt", i.claims(nil)))
}

func TestWithdrawnKey(t *testing.T) {
	i := newIssuer(t)
	v := i.verifier()
	old := i.sign("at+jwt", i.claims(nil))
	must(t, v, old)
	i.rotate("k2")
	i.wait(11 * time.Minute)
	if _, err := v.Verify(t.Context(), old); !errors.Is(err, resource.ErrInvalid) {
		t.Error(err)
	}
}

func TestPick(t *testing.T) {
	big, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := newIssuer(t)
	ec := i.key
	jwk := func(key any, kid, alg, use string) jose.JSONWebKey {
		return jose.JSONWebKey{Key: key, KeyID: kid, Algorithm: alg, Use: use}
	}
	for _, c := range []struct {
		name string
		alg  jose.SignatureAlgorithm
		key  any
		kid  string // of the token
		set  []jose.JSONWebKey
		good bool
	}{
		{"RS256", jose.RS256, big, "r", []jose.JSONWebKey{jwk(big.Public(), "r", "RS256", "sig")}, true},
		{"EdDSA", jose.EdDSA, ed, "e", []jose.JSONWebKey{jwk(ed.Public(), "e", "", "")}, true},
		{"the kid of two, told by kind", jose.ES256, ec, "x", []jose.JSONWebKey{jwk(big.Public(), "x", "", ""), jwk(ec.Public(), "x", "", "")}, true},
		{"no kid, one that fits", jose.ES256, ec, "", []jose.JSONWebKey{jwk(big.Public(), "r", "", ""), jwk(ec.Public(), "x", "", "")}, true},
		{"no kid, two that fit", jose.RS256, big, "", []jose.JSONWebKey{jwk(big.Public(), "a", "", ""), jwk(big.Public(), "b", "", "")}, false},
		{"key of another algorithm", jose.RS256, big, "r", []jose.JSONWebKey{jwk(big.Public(), "r", "PS256", "sig")}, false},
		{"key for encryption", jose.RS256, big, "r", []jose.JSONWebKey{jwk(big.Public(), "r", "", "enc")}, false},
		{"another kid", jose.ES256, ec, "y", []jose.JSONWebKey{jwk(ec.Public(), "x", "ES256", "sig")}, false},
		{"algorithm not allowed", jose.PS256, big, "r", []jose.JSONWebKey{jwk(big.Public(), "r", "", "")}, false},
		{"another curve", jose.ES256, ec, "x", []jose.JSONWebKey{jwk(p384.Public(), "x", "", "")}, false},
		{"somebody else's key", jose.EdDSA, ed, "e", []jose.JSONWebKey{jwk(ed25519.PublicKey(make([]byte, 32)), "e", "EdDSA", "sig")}, false},
		{"a private key is published", jose.EdDSA, ed, "e", []jose.JSONWebKey{jwk(ed, "e", "EdDSA", "sig")}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := i.answering(func(w http.ResponseWriter, _ *http.Request) {
				_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: c.set})
			})
			_, err := v.Verify(t.Context(), i.signWith(c.alg, jose.JSONWebKey{Key: c.key, KeyID: c.kid}, "at+jwt", i.claims(nil)))
			if (err == nil) != c.good {
				t.Error(err)
			}
		})
	}
}

func TestMetadata(t *testing.T) {
	i := newIssuer(t)
	for _, c := range []struct {
		name, at, says, uri string
		good                bool
	}{
		{"RFC 8414 with a path", "/.well-known/oauth-authorization-server/t1", "/t1", "", true},
		{"OpenID Connect with a path", "/t1/.well-known/openid-configuration", "/t1", "", true},
		{"of another issuer", "/t1/.well-known/openid-configuration", "/t2", "", false},
		{"nonsense for an address", "/t1/.well-known/openid-configuration", "/t1", "keys", false},
		{"nowhere", "/other", "/t1", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s *httptest.Server
			s = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch r.URL.Path {
				case c.at:
					uri := c.uri
					if uri == "" {
						uri = s.URL + "/keys"
					}
					_ = json.NewEncoder(w).Encode(map[string]string{"issuer": s.URL + c.says, "jwks_uri": uri})
				case "/keys":
					_ = json.NewEncoder(w).Encode(i.keys.Load())
				default:
					http.NotFound(w, r)
				}
			}))
			defer s.Close()
			v, err := resource.New(resource.Config{Issuer: s.URL + "/t1", Audience: api})
			if err != nil {
				t.Fatal(err)
			}
			_, err = v.Verify(t.Context(), i.sign("at+jwt", i.claims(func(m map[string]any) { m["iss"] = s.URL + "/t1" })))
			if (err == nil) != c.good || errors.Is(err, resource.ErrInvalid) {
				t.Error(err)
			}
		})
	}
}

// An issuer by https does not send for its keys by http.
func TestNoWayDownFromHTTPS(t *testing.T) {
	i := newIssuer(t)
	var s *httptest.Server
	s = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": s.URL, "jwks_uri": i.server.URL + "/keys"})
	}))
	defer s.Close()
	v, err := resource.New(resource.Config{Issuer: s.URL, Audience: api, Client: s.Client()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = v.Verify(t.Context(), i.sign("at+jwt", i.claims(func(m map[string]any) { m["iss"] = s.URL }))); err == nil || i.asked.Load() > 0 {
		t.Errorf("%v, asked %d times", err, i.asked.Load())
	}
}
