package mfaapi

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/storage"
)

// A question is the body of POST /mfa/challenge.
type question struct {
	Token   string `json:"mfa_token"`
	Types   string `json:"challenge_type,omitempty" doc:"otp, oob, or both with a space between; left out: any"`
	ID      string `json:"authenticator_id,omitempty" doc:"as GET /mfa/authenticators names it"`
	Channel string `json:"oob_channel,omitempty" enum:"sms,voice,auth0,email"`
	Credentials
}

// A challenged is the answer.
type challenged struct {
	Type    string `json:"challenge_type"`
	Code    string `json:"oob_code,omitempty"`
	Binding string `json:"binding_method,omitempty"`
	Number  string `json:"number,omitempty" doc:"that the person types on their phone"`
}

// challenge is POST /mfa/challenge: it asks for the second factor, and sends what that
// takes.
func (a *API) challenge(w http.ResponseWriter, r *http.Request) {
	var q question
	if !body(w, r, &q) {
		return
	}
	if q.Token == "" {
		missing(w, "mfa_token")
		return
	}
	client, r, err := a.calling(w, r, q)
	if client == nil {
		return
	}
	var d *flows.Direct
	if err == nil {
		d, err = a.Flows.Direct(r, q.Token, client.ID)
	}
	if err != nil {
		a.Refuse(w, r, err)
		return
	}
	d.Speak(r.Header.Get("X-Request-Language"))
	asked, err := a.ask(d, q)
	if errors.Is(err, storage.ErrNotFound) {
		refuse(w, http.StatusBadRequest, "invalid_request", "There is no authenticator with this authenticator_id.")
		return
	}
	if err != nil {
		what := clip(q.Types)
		if what == "" {
			what = "oob otp"
		}
		a.failed(w, r, err, what)
		return
	}
	answer := challenged{Type: flows.ChallengeType(asked.Factor), Code: asked.ID, Number: asked.Number}
	if asked.Code {
		answer.Binding = "prompt"
	}
	reply(w, answer)
}

// calling is the client that asks. Where it is not proven, the answer is written and the
// client nil.
func (a *API) calling(w http.ResponseWriter, r *http.Request, q question) (*storage.Client, *http.Request, error) {
	if q.ClientID == "" && !q.proves() && r.Header.Get("Authorization") == "" {
		missing(w, "client_id")
		return nil, r, nil
	}
	client, on, err := a.Calling(r, q.form())
	if err != nil {
		a.Refuse(w, r, err)
		return nil, r, nil
	}
	return client, on, nil
}

func (a *API) ask(d *flows.Direct, q question) (*flows.Question, error) {
	id := ""
	if q.ID != "" {
		if _, id = read(q.ID); id == "" {
			return nil, storage.ErrNotFound
		}
	}
	return d.Challenge(q.factors(), id)
}

// factors are those that may be asked by, nil for all.
func (q question) factors() []string {
	types := strings.Fields(q.Types)
	if len(types) == 0 && q.Channel == "" {
		return nil
	}
	all := []string{}
	if slices.Contains(types, "otp") {
		all = append(all, factors.OTP)
	}
	if slices.Contains(types, "oob") || len(types) == 0 {
		for name, channel := range channels {
			if q.Channel == "" || q.Channel == channel {
				all = append(all, name)
			}
		}
	}
	return all
}
