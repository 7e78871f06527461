package oidc

import (
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/storage"
)

// said are outcomes of sign-ins without a browser. SDKs compare the texts: each stands here
// as Auth0 has it.
var said = []struct {
	outcome error
	answer  oauthError
}{
	{flows.ErrCredentials, oauthError{Code: "invalid_grant", Description: "Wrong email or password.", status: http.StatusForbidden}},
	{flows.ErrMalformed, oauthError{Code: "invalid_grant", Description: "Malformed mfa_token", status: http.StatusForbidden}},
	{flows.ErrGone, oauthError{Code: "expired_token", Description: "mfa_token is expired", status: http.StatusForbidden}},
	{flows.ErrOtherClient, oauthError{Code: "invalid_request", Description: "mfa_token not issued to this client", status: http.StatusBadRequest}},
	{flows.ErrForeign, oauthError{Code: "invalid_request", Description: "The oob_code doesn't match the mfa_token", status: http.StatusBadRequest}},
	{flows.ErrNoCode, oauthError{Code: "invalid_request", Description: "Missing required parameter: binding_code", status: http.StatusBadRequest}},
	{flows.ErrAnswered, oauthError{Code: "invalid_grant", Description: "MFA Authorization rejected.", status: http.StatusForbidden}},
	{flows.ErrSlowDown, oauthError{Code: "slow_down", Description: "You are polling too often: wait five seconds between two requests.", status: http.StatusTooManyRequests, wait: flows.PollEvery}},
	{flows.ErrHasNone, oauthError{Code: "association_required", Description: "User is not enrolled. You can use /mfa/associate endpoint to enroll the first authenticator.", status: http.StatusForbidden}},
	{flows.ErrEnrolled, oauthError{Code: "access_denied", Description: "User is already enrolled.", status: http.StatusForbidden}},
	{flows.ErrStale, oauthError{Code: "unmet_authentication_requirements", Description: "Sign in again, with the second factor of the account: it was not shown, or too long ago.", status: http.StatusForbidden}},
	{flows.ErrKept, oauthError{Code: "access_denied", Description: "This authenticator cannot be removed.", status: http.StatusForbidden}},
	{factors.ErrPending, oauthError{Code: "authorization_pending", Description: "Authorization pending: please repeat the request in a few seconds.", status: http.StatusBadRequest}},
	{factors.ErrExpired, oauthError{Code: "expired_token", Description: "oob_code is expired", status: http.StatusForbidden}},
	{factors.ErrBusy, oauthError{Code: "temporarily_unavailable", Description: ours["temporarily_unavailable"], status: http.StatusServiceUnavailable}},
}

// wrongs are what each grant says of an answer that is not right.
var wrongs = map[string]string{
	grantOTP: "Invalid otp_code.", grantOOB: "Invalid binding_code.", grantRecovery: "MFA Authorization rejected.",
}

// types are the types of challenges that the grants answer.
var types = map[string]string{grantOTP: "otp", grantOOB: "oob", grantRecovery: "recovery-code"}

// plainly puts what came of a sign-in without a browser into Auth0's words.
func (p *Provider) plainly(err error, kind string) error {
	var needed *flows.SecondNeeded
	var limited *flows.Limited
	var refusal *flows.Refusal
	var unfit *flows.Unfit
	switch {
	case err == nil:
		return nil
	case errors.As(err, &needed):
		return required(needed)
	case kind == grantRefresh:
		return err
	case errors.As(err, &limited) && isMFAGrant(kind):
		return tooMany("invalid_request", "Too many failed codes. Wait for some minutes before retrying.", limited)
	case errors.As(err, &limited):
		return tooMany("too_many_attempts", "Too many attempts. Wait for some minutes before retrying.", limited)
	case errors.As(err, &refusal):
		e := translate(refusal)
		if e.Code != "invalid_request" {
			e.status = http.StatusForbidden
		}
		return e
	case errors.As(err, &unfit):
		return &oauthError{Code: "unsupported_challenge_type", Description: unfit.Says(types[kind]), status: http.StatusUnauthorized}
	case isMFAGrant(kind) && (errors.Is(err, factors.ErrWrong) || errors.Is(err, factors.ErrSpent)):
		return &oauthError{Code: "invalid_grant", Description: wrongs[kind], status: http.StatusForbidden}
	}
	for _, one := range said {
		if errors.Is(err, one.outcome) {
			answer := one.answer
			return &answer
		}
	}
	return err
}

func tooMany(code, description string, l *flows.Limited) *oauthError {
	return &oauthError{Code: code, Description: description, status: http.StatusTooManyRequests, wait: l.Wait}
}

// required is mfa_required, with what will do.
func required(n *flows.SecondNeeded) *oauthError {
	e := &oauthError{
		Code: "mfa_required", Description: "Multifactor authentication required", status: http.StatusForbidden,
		MFAToken: n.Token, Requirements: &requirements{}, Recovery: n.Recovery,
	}
	if n.Enroll != nil {
		e.Requirements.Enroll = kindsOf(n.Enroll)
	} else {
		e.Requirements.Challenge = kindsOf(n.Challenge)
	}
	return e
}

// requirements are mfa_requirements: one of the two.
type requirements struct {
	Challenge *[]kindOf `json:"challenge,omitempty"`
	Enroll    *[]kindOf `json:"enroll,omitempty"`
}

type kindOf struct {
	Type string `json:"type"`
}

func kindsOf(names []string) *[]kindOf {
	kinds := []kindOf{}
	for _, name := range names {
		if k := (kindOf{flows.TypeOf(name)}); !slices.Contains(kinds, k) {
			kinds = append(kinds, k)
		}
	}
	return &kinds
}

// Refuse answers a program with what came of a sign-in without a browser, for the rooms
// that serve it beside the token endpoint.
func (p *Provider) Refuse(w http.ResponseWriter, r *http.Request, err error) {
	p.refuse(w, r, p.plainly(err, ""))
}

// Calling finds out which client calls, by the credentials in r or form, and is r as it
// counts for limits: from the person whom a trusted client's server asks for.
func (p *Provider) Calling(r *http.Request, form url.Values) (*storage.Client, *http.Request, error) {
	c, err := p.authenticate(r, form)
	if err != nil {
		return nil, nil, err
	}
	return c.Client, p.onBehalf(r, c), nil
}
