package main

import (
	"context"
	"errors"

	"github.com/auth0/go-auth0/authentication"
	"github.com/auth0/go-auth0/authentication/mfa"
	"github.com/auth0/go-auth0/authentication/oauth"
)

func (p *program) mfa(ctx context.Context) error {
	p.topic = "MFA"
	strong, err := p.as(ctx, "strong")
	if err != nil {
		return err
	}
	p.enroll(ctx, strong)
	p.challenge(ctx, strong)
	return nil
}

// waits is the mfa_token of a password that is not enough, or the token where it is.
func (p *program) waits(ctx context.Context, by *authentication.Authentication, who person, audience string) (string, error) {
	t, err := by.OAuth.LoginWithPassword(ctx, oauth.LoginWithPasswordRequest{
		Username: who.Email, Password: who.Password, Audience: audience, Scope: "openid enroll read:authenticators remove:authenticators",
	}, oauth.IDTokenValidationOptions{})
	if err == nil {
		return t.AccessToken, nil
	}
	var refused *authentication.Error
	if !errors.As(err, &refused) || refused.Err != "mfa_required" {
		return "", err
	}
	token := refused.GetMFAToken()
	return token, want(refused.StatusCode == 403 && token != "", "403 with an mfa_token", refused)
}

// enroll gives somebody their first factors: pending ones of every kind, and an app.
func (p *program) enroll(ctx context.Context, strong *authentication.Authentication) {
	who := p.People["go"]
	add := func(token string, body mfa.AddAuthenticatorRequest) (*mfa.AddAuthenticatorResponse, error) {
		return strong.MFA.AddAuthenticator(ctx, token, body)
	}
	var token string
	p.works("mfa_required", func() (err error) {
		token, err = p.waits(ctx, strong, who, "")
		return err
	})
	var sms *mfa.AddAuthenticatorResponse
	p.works("MFA.AddAuthenticator (sms)", func() (err error) {
		if sms, err = add(token, mfa.AddAuthenticatorRequest{AuthenticatorTypes: []string{"oob"}, OOBChannels: []string{"sms"}, PhoneNumber: "+15005550010"}); err != nil {
			return err
		}
		return want(sms.OOBCode != "" && sms.BindingMethod == "prompt" && sms.OOBChannel == "sms", "a challenge", sms)
	})
	var tokens *mfa.VerifyWithRecoveryCodeResponse
	var recovery string
	p.works("MFA.VerifyWithOOB", func() error {
		code, err := p.sent("+15005550010")
		if err != nil {
			return err
		}
		t, err := strong.MFA.VerifyWithOOB(ctx, mfa.VerifyWithOOBRequest{MFAToken: token, OOBCode: sms.OOBCode, BindingCode: code})
		if err != nil {
			return err
		}
		if len(sms.RecoveryCodes) > 0 {
			recovery = sms.RecoveryCodes[0]
		}
		return want(t.IDToken != "", "an ID token", t)
	})
	p.works("MFA.VerifyWithRecoveryCode", func() error {
		again, err := p.waits(ctx, strong, who, "")
		if err != nil {
			return err
		}
		tokens, err = strong.MFA.VerifyWithRecoveryCode(ctx, mfa.VerifyWithRecoveryCodeRequest{MFAToken: again, RecoveryCode: recovery})
		if err != nil {
			return err
		}
		return want(tokens.AccessToken != "" && tokens.RecoveryCode != "" && tokens.RecoveryCode != recovery, "tokens and another recovery code", tokens)
	})
}

// challenge is for somebody with an authenticator app.
func (p *program) challenge(ctx context.Context, strong *authentication.Authentication) {
	who := p.People["go-mfa"]
	var access, id string
	p.works("MFA.ListAuthenticators", func() error {
		token, err := p.waits(ctx, strong, who, "")
		if err != nil {
			return err
		}
		list, err := strong.MFA.ListAuthenticators(ctx, token)
		if err != nil {
			return err
		}
		for _, a := range list {
			if a.AuthenticatorType == "otp" && a.Active {
				id = a.ID
			}
		}
		return want(id != "", "an app", list)
	})
	p.works("MFA.Challenge", func() error {
		token, err := p.waits(ctx, strong, who, "")
		if err != nil {
			return err
		}
		c, err := strong.MFA.Challenge(ctx, mfa.ChallengeRequest{MFAToken: token, ChallengeType: "otp", AuthenticatorID: id})
		if err != nil {
			return err
		}
		return want(c.ChallengeType == "otp", "otp", c)
	})
	p.works("MFA.VerifyWithOTP", func() error {
		token, err := p.waits(ctx, strong, who, p.Issuer+"mfa/")
		if err != nil {
			return err
		}
		code, err := p.totp(who.TOTP)
		if err != nil {
			return err
		}
		t, err := strong.MFA.VerifyWithOTP(ctx, mfa.VerifyWithOTPRequest{MFAToken: token, OTP: code})
		if err != nil {
			return err
		}
		access = t.AccessToken
		return want(access != "", "a token for the MFA API", t)
	})
	p.works("MFA.AddAuthenticator (otp, with an access token)", func() error {
		a, err := strong.MFA.AddAuthenticator(ctx, access, mfa.AddAuthenticatorRequest{AuthenticatorTypes: []string{"otp"}})
		if err != nil {
			return err
		}
		return want(a.Secret != "" && a.BarcodeURI != "", "a key", a)
	})
	p.works("MFA.DeleteAuthenticator", func() error {
		if err := strong.MFA.DeleteAuthenticator(ctx, access, id); err != nil {
			return err
		}
		list, err := strong.MFA.ListAuthenticators(ctx, access)
		for _, a := range list {
			err = errors.Join(err, want(a.ID != id, "it to be gone", a))
		}
		return err
	})
}
