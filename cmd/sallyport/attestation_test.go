package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"html/template"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/sallyport-id/sallyport/flows/policy"
)

// AMR-09, hardware: Chromium's own authenticator attests its keys. Where the operator
// trusts who made it, the tokens say hwk and phrh; where nobody does, they say of the
// same key pop and phr.
func TestAMR09_Hardware(t *testing.T) {
	p := startDev(t)
	p.stop() // its people and clients stay
	v := &visitor{tab: openChromium(t, true), p: p, scripts: true}
	root := v.maker()
	s := p.serve("SALLYPORT_FACTORS_WEBAUTHN_ROAMING_ATTESTATION=direct", "SALLYPORT_FACTORS_WEBAUTHN_ROAMING_ATTESTATION_ROOTS="+root,
		"SALLYPORT_FACTORS_WEBAUTHN_ROAMING_REQUIRE_ATTESTATION=true")
	app := s.application()

	v.plug(key(false))
	v.open(app + "?acr_values=phrh")
	v.ada()
	v.says("#title", "Add a security key").click("#continue").see("#codes").tick("#saved").click("#continue")
	v.amr("hwk", "mfa", "pwd", "user")
	v.claim("acr", "phrh")
	v.forget()
	v.open(app + "?acr_values=phrh")
	v.ada()
	v.says("#title", "Use your security key").click("#continue").amr("hwk", "mfa", "pwd", "user")
	v.claim("acr", "phrh")
	v.forget()
	v.open(app + "?acr_values=" + url.QueryEscape("http://schemas.openid.net/pape/policies/2007/06/multi-factor-physical"))
	v.ada()
	v.click("#continue")
	v.claim("acr", "multi-factor-physical")

	// The same key, and nobody is trusted any more.
	s.stop()
	s = p.serve()
	app = s.application()
	v.forget()
	v.open(app + "?acr_values=phrh")
	v.ada()
	v.says("#error", "unmet_authentication_requirements")
	v.forget()
	v.open(app + "?acr_values=" + url.QueryEscape("phrh "+policy.PhishingResistant))
	v.ada()
	v.says("#title", "Use your security key").click("#continue").amr("mfa", "pop", "pwd", "user")
	v.claim("acr", policy.PhishingResistant)
}

// maker is a file with a trust anchor for the browser's authenticators. They attest
// with one batch key, and sign its certificate anew each time; so the anchor is that
// key with its name (RFC 5280 §6.1.1), in a certificate of ours.
func (b *tab) maker() string {
	b.t.Helper()
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<title>a page</title>"))
	}))
	defer page.Close()
	_, unplug := b.plug(key(false))
	defer unplug()
	b.open(strings.Replace(page.URL, "127.0.0.1", "localhost", 1))
	text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`navigator.credentials.create({publicKey: {
		rp: {id: "localhost", name: "a page"}, user: {id: new Uint8Array(1), name: "a", displayName: "a"}, challenge: new Uint8Array(32),
		pubKeyCredParams: [{type: "public-key", alg: -7}], attestation: "direct"}}).then(made => made.toJSON().response.attestationObject)`, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatal(err)
	}
	batch := batchCertificate(b.t, text)
	signer, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.t.Fatal(err)
	}
	anchor := &x509.Certificate{
		SerialNumber: big.NewInt(1), RawSubject: batch.RawSubject, IsCA: true, BasicConstraintsValid: true,
		NotBefore: batch.NotBefore, NotAfter: batch.NotAfter,
		DNSNames: []string{"chromium.invalid"}, // or it would pass for the batch's own certificate, which is no anchor
	}
	der, err := x509.CreateCertificate(rand.Reader, anchor, &x509.Certificate{RawSubject: batch.RawSubject}, batch.PublicKey, signer)
	if err != nil {
		b.t.Fatal(err)
	}
	path := filepath.Join(b.t.TempDir(), "chromium.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		b.t.Fatal(err)
	}
	return path
}

// batchCertificate is the one certificate of a packed attestation object, a CBOR array
// of one byte string.
func batchCertificate(t *testing.T, object string) *x509.Certificate {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(object)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := bytes.Cut(raw, []byte("x5c\x81\x59"))
	if !ok || len(rest) < 2 {
		t.Fatalf("the browser does not attest: %q", raw)
	}
	cert, err := x509.ParseCertificate(rest[2 : 2+binary.BigEndian.Uint16(rest)])
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// serve runs `sallyport serve` on the data of a demo that was stopped.
func (p *process) serve(environ ...string) *process {
	p.t.Helper()
	at, err := url.Parse(p.ready.Issuer)
	if err != nil {
		p.t.Fatal(err)
	}
	environ = append(environ, "SALLYPORT_LISTEN=127.0.0.1:"+at.Port(), "SALLYPORT_SHUTDOWN_DELAY=100ms")
	s := launch(p.t, environ, "serve", "--config", filepath.Join(p.data, "sallyport.yaml"))
	s.ready = p.ready
	s.await("/readyz", func() bool { return status(p.ready.Issuer+"readyz") == http.StatusOK })
	return s
}

var claimsPage = template.Must(template.New("").Parse(`<!doctype html><title>The application</title><body>
{{range $name, $value := .}}<p id="{{$name}}">{{$value}}</p>{{end}}</body>`))

// application is the address of a relying party that signs people in at the provider
// and shows what it was told of them.
func (p *process) application() string {
	p.t.Helper()
	c, ctx := p.client("mfa"), p.t.Context()
	provider, err := oidc.NewProvider(ctx, p.ready.Issuer)
	if err != nil {
		p.t.Fatal(err)
	}
	config := &oauth2.Config{ClientID: c.ClientID, ClientSecret: c.ClientSecret, Endpoint: provider.Endpoint(), Scopes: []string{oidc.ScopeOpenID}}
	verifier := oauth2.GenerateVerifier()
	mux := http.NewServeMux()
	app := httptest.NewServer(mux)
	p.t.Cleanup(app.Close)
	config.RedirectURL = app.URL + "/callback"
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		ask := oauth2.SetAuthURLParam("acr_values", r.FormValue("acr_values"))
		http.Redirect(w, r, config.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier), ask), http.StatusFound)
	})
	mux.HandleFunc("GET /callback", func(w http.ResponseWriter, r *http.Request) {
		shown := map[string]any{"error": r.FormValue("error")}
		if code := r.FormValue("code"); code != "" {
			claims, err := redeemed(r, provider, config, code, verifier)
			shown["claim-amr"], shown["claim-acr"], shown["error"] = fmt.Sprint(claims.AMR), claims.ACR, err
		}
		_ = claimsPage.Execute(w, shown)
	})
	return app.URL + "/"
}

type told struct {
	AMR []string `json:"amr"`
	ACR string   `json:"acr"`
}

func redeemed(r *http.Request, provider *oidc.Provider, config *oauth2.Config, code, verifier string) (claims told, err error) {
	token, err := config.Exchange(r.Context(), code, oauth2.VerifierOption(verifier))
	if err != nil {
		return claims, err
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := provider.Verifier(&oidc.Config{ClientID: config.ClientID, Now: time.Now}).Verify(r.Context(), raw)
	if err != nil {
		return claims, err
	}
	return claims, id.Claims(&claims)
}
