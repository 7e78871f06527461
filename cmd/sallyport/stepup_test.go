package main

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"testing"

	"golang.org/x/oauth2"
)

var challengeParameter = regexp.MustCompile(`([a-z_]+)="([^"]*)"`)

// transfer calls the demo's sensitive operation: its status, and what the challenge
// says.
func (p *process) transfer(token string) (int, map[string]string) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.ready.App+"api/transfer", nil)
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	said := map[string]string{}
	for _, m := range challengeParameter.FindAllStringSubmatch(res.Header.Get("WWW-Authenticate"), -1) {
		said[m[1]] = m[2]
	}
	return res.StatusCode, said
}

// An API asks for more, a client does what the challenge says, once, and is through
// (RFC 9470 §4). Where the person cannot do it, the provider says so: the client gets
// no token with which it would be sent round again.
func TestSTEP08_OneLoop(t *testing.T) {
	p := startDev(t)
	c, grace, ada := p.client("confidential"), p.meet("grace"), p.meet("ada")
	config := &oauth2.Config{
		ClientID: c.ClientID, ClientSecret: c.ClientSecret, RedirectURL: callback, Scopes: []string{"openid", "transfer"},
		Endpoint: oauth2.Endpoint{AuthURL: p.ready.Issuer + "authorize", TokenURL: p.ready.Issuer + "oauth/token"},
	}
	request := func(ask url.Values) string {
		options := []oauth2.AuthCodeOption{oauth2.SetAuthURLParam("audience", demoAudience)}
		for name := range ask {
			options = append(options, oauth2.SetAuthURLParam(name, ask.Get(name)))
		}
		return config.AuthCodeURL("s", options...)
	}
	token := func(answer url.Values) string {
		t.Helper()
		got, err := config.Exchange(t.Context(), answer.Get("code"))
		if err != nil {
			t.Fatalf("%v: %v", answer, err)
		}
		return got.AccessToken
	}

	weak := token(grace.visit(request(nil), callback))
	status, said := p.transfer(weak)
	if status != http.StatusUnauthorized || said["error"] != "insufficient_user_authentication" || said["acr_values"] == "" || said["max_age"] == "" {
		t.Fatalf("%d %v", status, said)
	}
	more := url.Values{"acr_values": {said["acr_values"]}, "max_age": {said["max_age"]}}
	strong := token(grace.visit(request(more), callback))
	if !slices.Equal(grace.asked, []string{"code"}) {
		t.Errorf("asked %v, want only the code", grace.asked)
	}
	if status, said := p.transfer(strong); status != http.StatusOK {
		t.Errorf("after the loop: %d %v", status, said)
	}
	if status, again := p.transfer(weak); status != http.StatusUnauthorized || again["acr_values"] != said["acr_values"] {
		t.Errorf("the first token now: %d %v", status, again)
	}

	// Ada has no second factor. She may set one up, and if she leaves, there is no token.
	token(ada.visit(request(nil), callback))
	more.Set("prompt", "none")
	if answer := ada.visit(request(more), callback); answer.Get("code") != "" || answer.Get("error") == "" {
		t.Errorf("without a second factor: %v", answer)
	}
}
