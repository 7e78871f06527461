package mfaapi

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows"
)

// An association is the body of POST /mfa/associate.
type association struct {
	Types    []string `json:"authenticator_types" enum:"otp,oob" doc:"the first that is known"`
	Channels []string `json:"oob_channels,omitempty" enum:"sms,voice,auth0,email" doc:"of type oob; auth0 is a push"`
	Phone    string   `json:"phone_number,omitempty" doc:"of sms and voice: +491701234567"`
	Email    string   `json:"email,omitempty" doc:"of email"`
	Credentials
}

// Credentials are those of a client, as every body may have them.
type Credentials struct {
	ClientID      string `json:"client_id,omitempty"`
	Secret        string `json:"client_secret,omitempty"`
	Assertion     string `json:"client_assertion,omitempty"`
	AssertionType string `json:"client_assertion_type,omitempty"`
}

func (c Credentials) form() url.Values {
	form := url.Values{}
	for name, value := range map[string]string{
		"client_id": c.ClientID, "client_secret": c.Secret, "client_assertion": c.Assertion, "client_assertion_type": c.AssertionType,
	} {
		if value != "" {
			form.Set(name, value)
		}
	}
	return form
}

// proves reports whether there is more than a name.
func (c Credentials) proves() bool { return c.Secret != "" || c.Assertion != "" }

// An associated is the answer.
type associated struct {
	Kind     string   `json:"authenticator_type"`
	Secret   string   `json:"secret,omitempty"`
	Barcode  string   `json:"barcode_uri,omitempty"`
	Binding  string   `json:"binding_method,omitempty"`
	Channel  string   `json:"oob_channel,omitempty"`
	Code     string   `json:"oob_code,omitempty"`
	Recovery []string `json:"recovery_codes,omitempty"`
}

// associate is POST /mfa/associate: it begins to set a factor up.
func (a *API) associate(w http.ResponseWriter, r *http.Request) {
	var ask association
	v := a.visitor(w, r, scopeEnroll)
	if v == nil || !body(w, r, &ask) {
		return
	}
	factor, lacks := ask.factor()
	if lacks != "" {
		missing(w, lacks)
		return
	}
	d, err := a.setting(r, v, ask)
	if err != nil {
		a.Refuse(w, r, err)
		return
	}
	d.Speak(r.Header.Get("X-Request-Language"))
	made, err := d.Enroll(factor, factors.Answer{"phone_number": ask.Phone, "email": ask.Email})
	if err != nil {
		a.failed(w, r, err, asked(factor, ask.Types, ask.Channels))
		return
	}
	answer := associated{Kind: flows.ChallengeType(factor), Channel: channels[factor], Code: made.ID, Recovery: made.Recovery}
	switch {
	case factor == factors.OTP:
		answer.Secret, answer.Barcode, answer.Code = made.Prompt.Key, made.Prompt.URI, ""
	case made.Code:
		answer.Binding = "prompt"
	default:
		answer.Barcode = made.Prompt.URI
	}
	reply(w, answer)
}

// factor is what is to be set up, "" for what we do not know, or the parameter that is
// missing.
func (q association) factor() (factor, lacks string) {
	switch {
	case len(q.Types) == 0:
		return "", "authenticator_types"
	case slices.Contains(q.Types, "otp"):
		return factors.OTP, ""
	case !slices.Contains(q.Types, "oob"):
		return "", ""
	case len(q.Channels) == 0:
		return "", "oob_channels"
	}
	factor = factorOf(q.Channels[0])
	switch {
	case (factor == factors.SMS || factor == factors.Voice) && q.Phone == "":
		return "", "phone_number"
	case factor == factors.Email && q.Email == "":
		return "", "email"
	}
	return factor, ""
}

// setting opens what the visitor sets a factor up in. A body that names a client has to
// name the one that has the token, and what it proves has to be right.
func (a *API) setting(r *http.Request, v *visitor, ask association) (*flows.Direct, error) {
	if ask.proves() {
		bare := r.Clone(r.Context())
		bare.Header.Del("Authorization") // that is the visitor's token, and no proof of the client's
		client, on, err := a.Calling(bare, ask.form())
		if err != nil {
			return nil, err
		}
		ask.ClientID, r = client.ID, on
	}
	if v.direct != nil {
		return a.Flows.Direct(r, v.token, ask.ClientID)
	}
	if ask.ClientID != "" && ask.ClientID != v.caller.ClientID {
		return nil, flows.ErrOtherClient
	}
	return a.Flows.Adding(r, v.caller, v.token, flows.Ask{Request: a.sameAgain(v.caller)}, true)
}

// sameAgain is what comes of a factor that is confirmed with an access token: another one,
// and no refresh token, which would outlive the sign-in that the first one came of.
func (a *API) sameAgain(by *flows.Caller) []byte {
	scopes := slices.DeleteFunc(slices.Clone(by.Scopes), func(s string) bool { return s == "offline_access" })
	return []byte(url.Values{"client_id": {by.ClientID}, "audience": {a.audience}, "scope": {strings.Join(scopes, " ")}}.Encode())
}

// asked is what somebody wanted, in their words.
func asked(factor string, types, via []string) string {
	switch {
	case factor != "":
		return flows.ChallengeType(factor)
	case len(via) > 0:
		return clip(via[0])
	case len(types) > 0:
		return clip(types[0])
	}
	return "oob otp"
}

func clip(text string) string {
	kept := []rune{}
	for _, c := range text[:min(len(text), 60)] {
		if c >= ' ' && c <= '~' && c != '"' && c != '\\' {
			kept = append(kept, c)
		}
	}
	return string(kept)
}

// failed answers what kept a question from being asked.
func (a *API) failed(w http.ResponseWriter, r *http.Request, err error, asked string) {
	var limited *flows.Limited
	var unfit *flows.Unfit
	var rejected *factors.Rejection
	switch {
	case errors.As(err, &limited):
		tooMany(w, limited)
	case errors.As(err, &unfit):
		refuse(w, http.StatusUnauthorized, "unsupported_challenge_type", unfit.Says(asked))
	case errors.As(err, &rejected):
		refuse(w, http.StatusBadRequest, "invalid_request", "phone_number or email is not one that codes can be sent to.")
	default:
		a.Refuse(w, r, err)
	}
}
