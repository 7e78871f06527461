package main

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/zitadel/oidc/v3/pkg/client/rp"
	zitadel "github.com/zitadel/oidc/v3/pkg/oidc"
	"golang.org/x/oauth2"
)

// callback is a redirect_uri that nobody listens on: the test reads where the browser
// was sent. The demo's clients are native, so the port is theirs to choose (RFC 8252
// §7.3).
const callback = "http://127.0.0.1:9/callback"

// Other people's relying-party libraries, unchanged, against the running binary.
func TestRelyingPartyGoOIDC(t *testing.T) {
	p := startDev(t)
	ctx, c, grace := t.Context(), p.client("mfa"), p.meet("grace")
	provider, err := oidc.NewProvider(ctx, p.ready.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	config := &oauth2.Config{
		ClientID: c.ClientID, ClientSecret: c.ClientSecret, Endpoint: provider.Endpoint(), RedirectURL: callback,
		Scopes: []string{oidc.ScopeOpenID, oidc.ScopeOfflineAccess, "profile", "email"},
	}
	verifier := oauth2.GenerateVerifier()
	answer := grace.visit(config.AuthCodeURL("a-state", oidc.Nonce("a-nonce"), oauth2.S256ChallengeOption(verifier)), callback)
	if !slices.Equal(grace.asked, []string{"password", "code"}) {
		t.Errorf("asked %v, want the password and the code", grace.asked)
	}
	if answer.Get("state") != "a-state" || answer.Get("iss") != p.ready.Issuer {
		t.Fatalf("answer %v", answer)
	}
	token, err := config.Exchange(ctx, answer.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	first := verifyGoOIDC(ctx, t, provider, c.ClientID, token)
	if first.Nonce != "a-nonce" {
		t.Errorf("nonce %q", first.Nonce)
	}
	info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil || info.Subject != first.Subject || info.Email != "grace@demo.example" {
		t.Fatalf("userinfo %+v, %v", info, err)
	}
	refreshed, err := config.TokenSource(ctx, &oauth2.Token{RefreshToken: token.RefreshToken}).Token()
	if err != nil {
		t.Fatal(err)
	}
	second := verifyGoOIDC(ctx, t, provider, c.ClientID, refreshed)
	if second.Subject != first.Subject || refreshed.RefreshToken == token.RefreshToken {
		t.Error("the refresh changed the person or kept the refresh token")
	}
	var meta struct {
		EndSession string `json:"end_session_endpoint"`
	}
	if err := provider.Claims(&meta); err != nil {
		t.Fatal(err)
	}
	raw, _ := refreshed.Extra("id_token").(string)
	signOutAndCheck(t, p, grace, meta.EndSession, raw, config.AuthCodeURL("s2", oauth2.S256ChallengeOption(verifier), oauth2.SetAuthURLParam("prompt", "none")))
}

func verifyGoOIDC(ctx context.Context, t *testing.T, provider *oidc.Provider, client string, token *oauth2.Token) *oidc.IDToken {
	t.Helper()
	raw, _ := token.Extra("id_token").(string)
	id, err := provider.Verifier(&oidc.Config{ClientID: client}).Verify(ctx, raw)
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		AMR      []string `json:"amr"`
		AuthTime int64    `json:"auth_time"`
		ACR      string   `json:"acr"`
	}
	if err := id.Claims(&claims); err != nil {
		t.Fatal(err)
	}
	slices.Sort(claims.AMR)
	if !slices.Equal(claims.AMR, []string{"mfa", "otp", "pwd"}) || claims.ACR == "" || claims.AuthTime == 0 {
		t.Errorf("claims %+v", claims)
	}
	return id
}

// zitadel's library revokes with the secret in the form, so the client is the one
// that is registered for client_secret_post.
func TestRelyingPartyZitadel(t *testing.T) {
	p := startDev(t)
	ctx, c, grace := t.Context(), p.client("partner"), p.meet("grace")
	party, err := rp.NewRelyingPartyOIDC(ctx, p.ready.Issuer, c.ClientID, c.ClientSecret, callback,
		[]string{zitadel.ScopeOpenID, zitadel.ScopeOfflineAccess, zitadel.ScopeProfile, zitadel.ScopeEmail},
		rp.WithSigningAlgsFromDiscovery())
	if err != nil {
		t.Fatal(err)
	}
	verifier := oauth2.GenerateVerifier()
	request := rp.AuthURL("a-state", party, rp.WithCodeChallenge(oauth2.S256ChallengeFromVerifier(verifier)))
	answer := grace.visit(request, callback)
	tokens, err := rp.CodeExchange[*zitadel.IDTokenClaims](ctx, answer.Get("code"), party, rp.WithCodeVerifier(verifier))
	if err != nil {
		t.Fatal(err)
	}
	info, err := rp.Userinfo[*zitadel.UserInfo](ctx, tokens.AccessToken, tokens.TokenType, tokens.IDTokenClaims.Subject, party)
	if err != nil || info.Email != "grace@demo.example" || info.Name == "" {
		t.Fatalf("userinfo %+v, %v", info, err)
	}
	refreshed, err := rp.RefreshTokens[*zitadel.IDTokenClaims](ctx, party, tokens.RefreshToken, "", "")
	if err != nil {
		t.Fatal(err)
	}
	if refreshed.IDTokenClaims.Subject != tokens.IDTokenClaims.Subject || refreshed.IDTokenClaims.GetAuthTime() != tokens.IDTokenClaims.GetAuthTime() {
		t.Error("the refresh changed the person or the moment of the sign-in")
	}
	if err := rp.RevokeToken(ctx, party, refreshed.RefreshToken, "refresh_token"); err != nil {
		t.Fatal(err)
	}
	if _, err := rp.RefreshTokens[*zitadel.IDTokenClaims](ctx, party, refreshed.RefreshToken, "", ""); err == nil {
		t.Error("a revoked refresh token still works")
	}
	silent := rp.AuthURL("s2", party, rp.WithCodeChallenge(oauth2.S256ChallengeFromVerifier(verifier)), rp.WithPrompt("none"))
	signOutAndCheck(t, p, grace, party.GetEndSessionEndpoint(), refreshed.IDToken, silent)
}

// signOutAndCheck signs out at the provider with an ID token as hint, and then the
// silent request has to fail.
func signOutAndCheck(t *testing.T, p *process, one *person, endpoint, hint, silent string) {
	t.Helper()
	if answer := one.visit(silent, callback); answer.Get("code") == "" {
		t.Fatalf("no silent sign-in before signing out: %v", answer)
	}
	back := p.ready.App + "signed-out"
	one.stop = back
	one.get(endpoint + "?" + url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {back}, "state": {"bye"}}.Encode())
	if one.landed == nil || one.landed.Query().Get("state") != "bye" {
		t.Fatalf("signing out ended at %s (%d): %s", one.at, one.status, one.text())
	}
	if answer := one.visit(silent, callback); answer.Get("error") != "login_required" {
		t.Errorf("after signing out: %v, want login_required", answer)
	}
	if one.status >= http.StatusInternalServerError {
		t.Errorf("status %d", one.status)
	}
}
