package main

import (
	"fmt"
	"html"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
	"golang.org/x/oauth2"
)

// A shop is a provider behind a proxy that knows places, one application with several
// client_ids, and a Chromium in front.
type shop struct {
	*served
	t       *testing.T
	app     *httptest.Server
	browser *tab
}

func openShop(t *testing.T) *shop {
	t.Helper()
	places := filepath.Join(t.TempDir(), "city.mmdb")
	writePlaces(t, places)
	s := &shop{t: t}
	s.served = startServe(t, "sqlite:"+filepath.Join(t.TempDir(), "sallyport.db"), []string{
		"SALLYPORT_RISK_PLACES=" + places, "SALLYPORT_PROXIES=127.0.0.1/32", "SALLYPORT_SHUTDOWN_DELAY=0s",
	})
	s.data = filepath.Dir(s.config)
	s.run("factor", "enable", "otp")
	mux := http.NewServeMux()
	mux.HandleFunc("/callback", s.callback)
	s.app = httptest.NewServer(mux)
	t.Cleanup(s.app.Close)
	s.browser = openChromium(t, true)
	return s
}

// file is one with content b.
func (s *shop) file(name string, b []byte) string {
	s.t.Helper()
	path := filepath.Join(s.t.TempDir(), name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// register makes the application known as client.
func (s *shop) register(client string) {
	s.t.Helper()
	s.run("client", "create", "--id", client, "--name", client, "--type", "native", "--auth-method", "none", "--first-party",
		"--redirect-uri", s.app.URL+"/callback")
}

func (s *shop) relyingParty(client string) *oauth2.Config {
	return &oauth2.Config{
		ClientID: client, RedirectURL: s.app.URL + "/callback", Scopes: []string{oidc.ScopeOpenID},
		Endpoint: oauth2.Endpoint{AuthURL: s.issuer + "authorize", TokenURL: s.issuer + "oauth/token", AuthStyle: oauth2.AuthStyleInParams},
	}
}

// callback is the application's page: it exchanges the code and shows how the person
// signed in. The state is the client_id.
func (s *shop) callback(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	token, err := s.relyingParty(q.Get("state")).Exchange(r.Context(), q.Get("code"), oauth2.VerifierOption(crashVerifier))
	var claims struct{ AMR []string }
	if err == nil {
		raw, _ := token.Extra("id_token").(string)
		claims.AMR, err = amrOf(r, s.issuer, q.Get("state"), raw)
	}
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
	}
	_, _ = fmt.Fprintf(w, "<!doctype html><p id=claim-amr>%s</p><p id=error>%s</p>", html.EscapeString(fmt.Sprint(claims.AMR)), html.EscapeString(fmt.Sprint(err))) // the browser may be gone
}

func amrOf(r *http.Request, issuer, client, raw string) ([]string, error) {
	provider, err := oidc.NewProvider(r.Context(), issuer)
	if err != nil {
		return nil, err
	}
	id, err := provider.Verifier(&oidc.Config{ClientID: client}).Verify(r.Context(), raw)
	if err != nil {
		return nil, err
	}
	var claims struct {
		AMR []string `json:"amr"`
	}
	err = id.Claims(&claims)
	return claims.AMR, err
}

// A profile is a browser that was never used before, in the Chromium that runs.
func (s *shop) profile(t *testing.T) *tab {
	t.Helper()
	ctx, stop := chromedp.NewContext(s.browser.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(stop)
	// The tab lives as long as the context of its first step.
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank"), chromedp.EmulateViewport(390, 844)); err != nil {
		t.Fatal(err)
	}
	return &tab{t: t, ctx: ctx}
}

// at is the browser at an address, by the word of the proxy.
func (b *tab) at(address string) *tab {
	b.t.Helper()
	headers := network.SetExtraHTTPHeadersParams{Headers: network.Headers{"X-Forwarded-For": address}}
	if _, err := chromedp.Call(b.ctx, network.SetExtraHTTPHeaders, headers); err != nil {
		b.t.Fatal(err)
	}
	return b
}

// comes signs somebody in and checks whether a second factor is asked for.
func (s *shop) comes(b *tab, client, who string, phone *phone, asked bool) {
	b.t.Helper()
	b.open(s.relyingParty(client).AuthCodeURL(client, oauth2.S256ChallengeOption(crashVerifier)))
	b.see("#continue").fill("#username", who).fill("#password", crashPassword).click("#continue")
	if asked {
		b.says("#title", "Enter your code").leave("the code", func() { b.fill("#code", phone.code()) })
		b.amr("pwd", "otp", "mfa")
	} else {
		b.amr("pwd")
	}
}

// writePlaces writes the database of the places that the tests know.
func writePlaces(t *testing.T, path string) {
	t.Helper()
	w, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "GeoLite2-City", IncludeReservedNetworks: true})
	if err != nil {
		t.Fatal(err)
	}
	for address, p := range map[string]struct {
		country, continent string
		lat, lon           float64
	}{
		office: {"DE", "EU", 52.52, 13.405}, berlin: {"DE", "EU", 52.52, 13.405},
		paris: {"FR", "EU", 48.8566, 2.3522}, newYork: {"US", "NA", 40.71, -74.0},
	} {
		n := &net.IPNet{IP: net.ParseIP(address).To4(), Mask: net.CIDRMask(32, 32)}
		if err := w.Insert(n, mmdbtype.Map{
			"country":   mmdbtype.Map{"iso_code": mmdbtype.String(p.country)},
			"continent": mmdbtype.Map{"code": mmdbtype.String(p.continent)},
			"location":  mmdbtype.Map{"latitude": mmdbtype.Float64(p.lat), "longitude": mmdbtype.Float64(p.lon)},
		}); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.WriteTo(f); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
