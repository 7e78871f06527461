package main

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/auth0/go-auth0/authentication"
	"github.com/auth0/go-auth0/authentication/ciba"
	"github.com/auth0/go-auth0/authentication/database"
	"github.com/auth0/go-auth0/authentication/oauth"
	"github.com/auth0/go-auth0/authentication/passwordless"
)

// as is the SDK in the name of a client. New reads the keys of the issuer.
func (p *program) as(ctx context.Context, name string) (*authentication.Authentication, error) {
	c := p.Clients[name]
	return authentication.New(ctx, p.Domain, authentication.WithClientID(c.ID), authentication.WithClientSecret(c.Secret))
}

func (p *program) authentication(ctx context.Context) error {
	p.topic = "Authentication"
	web, err := p.as(ctx, "web")
	if err != nil {
		return err
	}
	machine, err := p.as(ctx, "machine")
	if err != nil {
		return err
	}
	p.works("authentication.New", func() error { return nil }) // it would have failed above
	p.codeFlow(ctx, web)
	p.differs("OAuth.LoginWithClientCredentials", "`sub` is the client_id, with no `@clients` behind it", func() error {
		t, err := machine.OAuth.LoginWithClientCredentials(ctx, oauth.LoginWithClientCredentialsRequest{Audience: p.API}, oauth.IDTokenValidationOptions{})
		if err != nil {
			return err
		}
		parts := strings.Split(t.AccessToken, ".")
		claims, err := base64.RawURLEncoding.DecodeString(parts[min(1, len(parts)-1)])
		return errors.Join(err, want(strings.Contains(string(claims), `"sub":"`+p.Clients["machine"].ID+`"`), "a JWT for the client", string(claims)))
	})
	p.works("OAuth.LoginWithGrant", func() error {
		t, err := machine.OAuth.LoginWithGrant(ctx, "client_credentials", url.Values{
			"client_id": {p.Clients["machine"].ID}, "client_secret": {p.Clients["machine"].Secret}, "audience": {p.API},
		}, oauth.IDTokenValidationOptions{})
		if err != nil {
			return err
		}
		return want(t.AccessToken != "", "a token", t)
	})
	p.elsewhere(ctx, web)
	return nil
}

// codeFlow signs somebody in and uses what comes of it.
func (p *program) codeFlow(ctx context.Context, web *authentication.Authentication) {
	home, who := p.Web+"/callback", p.People["go"]
	login := url.Values{"client_id": {p.Clients["web"].ID}, "scope": {"openid profile email offline_access"}, "audience": {p.API}, "nonce": {"n-1"}, "max_age": {"600"}}
	var tokens *oauth.TokenSet
	p.works("OAuth.LoginWithAuthCode", func() error {
		answer, err := p.authorize(who, login)
		if err != nil {
			return err
		}
		tokens, err = web.OAuth.LoginWithAuthCode(ctx, oauth.LoginWithAuthCodeRequest{Code: answer.Get("code"), RedirectURI: home}, oauth.IDTokenValidationOptions{Nonce: "n-1", MaxAge: 600e9})
		if err != nil {
			return err
		}
		return want(tokens.RefreshToken != "" && tokens.IDToken != "", "a refresh token and an ID token", tokens)
	})
	p.works("OAuth.LoginWithAuthCodeWithPKCE", func() error {
		verifier, challenge := pkce()
		with := url.Values{"client_id": login["client_id"], "scope": {"openid"}, "code_challenge": {challenge}, "code_challenge_method": {"S256"}}
		answer, err := p.authorize(who, with)
		if err != nil {
			return err
		}
		_, err = web.OAuth.LoginWithAuthCodeWithPKCE(ctx, oauth.LoginWithAuthCodeWithPKCERequest{Code: answer.Get("code"), CodeVerifier: verifier, RedirectURI: home}, oauth.IDTokenValidationOptions{})
		return err
	})
	p.works("OAuth.PushedAuthorization", func() error {
		pushed, err := web.OAuth.PushedAuthorization(ctx, oauth.PushedAuthorizationRequest{ResponseType: "code", RedirectURI: home, Scope: "openid"})
		if err != nil {
			return err
		}
		_, err = p.authorize(who, url.Values{"client_id": login["client_id"], "request_uri": {pushed.RequestURI}})
		return err
	})
	p.works("UserInfo", func() error {
		info, err := web.UserInfo(ctx, tokens.AccessToken)
		if err != nil {
			return err
		}
		return want(info.Email == who.Email && info.UpdatedAt != nil, "who signed in", info)
	})
	p.works("OAuth.RefreshToken", func() error {
		fresh, err := web.OAuth.RefreshToken(ctx, oauth.RefreshTokenRequest{RefreshToken: tokens.RefreshToken}, oauth.IDTokenValidationOptions{})
		if err != nil {
			return err
		}
		tokens = fresh
		return want(fresh.RefreshToken != "", "the next refresh token", fresh)
	})
	p.works("OAuth.RevokeRefreshToken", func() error {
		if err := web.OAuth.RevokeRefreshToken(ctx, oauth.RevokeRefreshTokenRequest{Token: tokens.RefreshToken}); err != nil {
			return err
		}
		_, err := web.OAuth.RefreshToken(ctx, oauth.RefreshTokenRequest{RefreshToken: tokens.RefreshToken}, oauth.IDTokenValidationOptions{})
		return want(err != nil && strings.Contains(err.Error(), "invalid_grant"), "invalid_grant afterwards", err)
	})
}

// elsewhere are the calls beside the standard ones.
func (p *program) elsewhere(ctx context.Context, web *authentication.Authentication) {
	p.works("OAuth.LoginWithPassword", func() error {
		for _, realm := range []string{"", connection} {
			t, err := web.OAuth.LoginWithPassword(ctx, oauth.LoginWithPasswordRequest{
				Username: p.People["go"].Email, Password: p.People["go"].Password, Realm: realm, Scope: "openid offline_access", Audience: p.API,
			}, oauth.IDTokenValidationOptions{})
			if err != nil {
				return err
			}
			if err := want(t.IDToken != "" && t.RefreshToken != "", "tokens", t); err != nil {
				return err
			}
		}
		_, err := web.OAuth.LoginWithPassword(ctx, oauth.LoginWithPasswordRequest{Username: p.People["go"].Email, Password: "wrong"}, oauth.IDTokenValidationOptions{})
		return want(err != nil && strings.Contains(err.Error(), "Wrong email or password."), "Auth0's words for a wrong password", err)
	})
	p.works("Database.Signup", func() error {
		made, err := web.Database.Signup(ctx, database.SignupRequest{Connection: connection, Email: "new-go@sdktest.example", Password: "a long and new password"})
		if err != nil {
			return err
		}
		return want(made.ID != "" && made.Email == "new-go@sdktest.example", "an account", made)
	})
	p.works("Database.ChangePassword", func() error {
		for _, email := range []string{p.People["go"].Email, "nobody@sdktest.example"} {
			said, err := web.Database.ChangePassword(ctx, database.ChangePasswordRequest{Connection: connection, Email: email})
			if err != nil {
				return err
			}
			if err := want(strings.Contains(said, "We've just sent you an email"), "the same words for everybody", said); err != nil {
				return err
			}
		}
		return nil
	})
	const passwordlessWhy = "nobody signs in by a code alone: a code that was sent is a second factor here"
	p.missing("Passwordless.SendEmail", http.StatusNotFound, passwordlessWhy, func() error {
		_, err := web.Passwordless.SendEmail(ctx, passwordless.SendEmailRequest{Email: p.People["go"].Email})
		return err
	})
	p.missing("Passwordless.LoginWithEmail", http.StatusBadRequest, passwordlessWhy, func() error {
		_, err := web.Passwordless.LoginWithEmail(ctx, passwordless.LoginWithEmailRequest{Email: p.People["go"].Email, Code: "123456"}, oauth.IDTokenValidationOptions{})
		return err
	})
	p.missing("Passwordless.SendSMS", http.StatusNotFound, passwordlessWhy, func() error {
		_, err := web.Passwordless.SendSMS(ctx, passwordless.SendSMSRequest{PhoneNumber: "+15005550010"})
		return err
	})
	p.missing("Passwordless.LoginWithSMS", http.StatusBadRequest, passwordlessWhy, func() error {
		_, err := web.Passwordless.LoginWithSMS(ctx, passwordless.LoginWithSMSRequest{PhoneNumber: "+15005550010", Code: "123456"}, oauth.IDTokenValidationOptions{})
		return err
	})
	p.missing("CIBA.Initiate", http.StatusNotFound, "there is no backchannel authentication (CIBA)", func() error {
		_, err := web.CIBA.Initiate(ctx, ciba.Request{
			ClientID: p.Clients["web"].ID, ClientSecret: p.Clients["web"].Secret, Scope: "openid", BindingMessage: "ABC",
			LoginHint: map[string]string{"format": "iss_sub", "iss": p.Issuer, "sub": "nobody"},
		})
		return err
	})
}

// connection is the one database of people.
const connection = "Username-Password-Authentication"
