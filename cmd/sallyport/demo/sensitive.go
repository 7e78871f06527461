package demo

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// An outcome is what came of the sensitive operation.
type outcome struct {
	Done    bool
	Message string
}

// sensitive calls the API as a person asked. Where the API wants a fresher or
// stronger sign-in, the application asks the provider for exactly that (RFC 9470 §4)
// and tries once more when the person comes back.
func (a *App) sensitive(w http.ResponseWriter, r *http.Request) {
	s := a.session(w, r)
	a.mu.Lock()
	signedIn, client := s.token != nil, s.client
	a.mu.Unlock()
	if !signedIn {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	if ask := a.callAPI(r.Context(), s); ask != nil {
		a.begin(w, r, client, ask, true)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// callAPI does the sensitive thing and notes the outcome in s. It returns what the
// API asks of the next sign-in, nil if nothing.
func (a *App) callAPI(ctx context.Context, s *session) url.Values {
	a.mu.Lock()
	token, address := s.token.AccessToken, s.client.Operation.Address
	a.mu.Unlock()
	result, ask := a.transfer(ctx, address, token)
	a.mu.Lock()
	defer a.mu.Unlock()
	s.result = &result
	return ask
}

func (a *App) transfer(ctx context.Context, address, token string) (outcome, url.Values) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, nil)
	if err != nil {
		return outcome{Message: err.Error()}, nil
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := a.http.Do(req)
	if err != nil {
		return outcome{Message: "The API did not answer: " + err.Error()}, nil
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode == http.StatusUnauthorized {
		challenge := res.Header.Get("WWW-Authenticate")
		return outcome{Message: "The API refused: " + challenge}, stepUp(challenge)
	}
	var answer struct {
		Message string `json:"message"`
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, 1<<16)).Decode(&answer); err != nil {
		return outcome{Message: "The API answered " + res.Status + "."}, nil
	}
	return outcome{Done: res.StatusCode == http.StatusOK, Message: answer.Message}, nil
}

var parameter = regexp.MustCompile(`([a-z_]+)="?([^",]*)"?`)

// stepUp reads the demands of an insufficient_user_authentication challenge
// (RFC 9470 §3), nil where it is another one.
func stepUp(challenge string) url.Values {
	said := map[string]string{}
	for _, m := range parameter.FindAllStringSubmatch(strings.TrimPrefix(challenge, "Bearer "), -1) {
		said[m[1]] = m[2]
	}
	if said["error"] != "insufficient_user_authentication" {
		return nil
	}
	ask := url.Values{}
	for _, name := range []string{"acr_values", "max_age"} {
		if said[name] != "" {
			ask.Set(name, said[name])
		}
	}
	return ask
}
