package demo

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// A start is one authorization request that is under way.
type start struct {
	client   Client
	nonce    string
	verifier string
	retry    bool // do the sensitive thing when it comes back
	at       time.Time
}

func (a *App) client(name string) (Client, bool) {
	i := slices.IndexFunc(a.opts.Clients, func(c Client) bool { return c.Name == name })
	if i < 0 {
		return Client{}, false
	}
	return a.opts.Clients[i], true
}

func (a *App) config(p *oidc.Provider, c Client) *oauth2.Config {
	return &oauth2.Config{
		ClientID: c.ClientID, ClientSecret: c.ClientSecret, Endpoint: p.Endpoint(),
		RedirectURL: a.opts.Address + "/callback/" + c.Name,
		Scopes:      []string{oidc.ScopeOpenID, "profile", "email", oidc.ScopeOfflineAccess, "transfer"},
	}
}

func (a *App) signIn(w http.ResponseWriter, r *http.Request) {
	c, ok := a.client(r.PathValue("client"))
	if !ok {
		a.problem(w, http.StatusNotFound, "There is no such client.")
		return
	}
	a.begin(w, r, c, nil, false)
}

// begin sends the browser to the provider. ask holds acr_values and max_age of a
// step-up, nil at the first sign-in.
func (a *App) begin(w http.ResponseWriter, r *http.Request, c Client, ask url.Values, retry bool) {
	p, err := a.discover(r.Context())
	if err != nil {
		a.problem(w, http.StatusBadGateway, "The provider did not answer: "+err.Error())
		return
	}
	s := a.session(w, r)
	state := rand.Text()
	st := start{client: c, nonce: rand.Text(), verifier: oauth2.GenerateVerifier(), retry: retry, at: a.opts.Now()}
	a.mu.Lock()
	for k, old := range s.started {
		if a.opts.Now().Sub(old.at) > time.Hour {
			delete(s.started, k)
		}
	}
	s.started[state] = st
	a.mu.Unlock()
	params := []oauth2.AuthCodeOption{
		oidc.Nonce(st.nonce), oauth2.S256ChallengeOption(st.verifier), oauth2.SetAuthURLParam("audience", a.opts.Audience),
	}
	for k := range ask {
		params = append(params, oauth2.SetAuthURLParam(k, ask.Get(k)))
	}
	http.Redirect(w, r, a.config(p, c).AuthCodeURL(state, params...), http.StatusSeeOther)
}

func (a *App) callback(w http.ResponseWriter, r *http.Request) {
	s, q := a.session(w, r), r.URL.Query()
	a.mu.Lock()
	st, ok := s.started[q.Get("state")]
	delete(s.started, q.Get("state"))
	a.mu.Unlock()
	if !ok || st.client.Name != r.PathValue("client") {
		a.problem(w, http.StatusBadRequest, "This answer belongs to no sign-in of this browser. Start again.")
		return
	}
	if iss := q.Get("iss"); iss != a.opts.Issuer { // RFC 9207 §2.4
		a.problem(w, http.StatusBadRequest, fmt.Sprintf("The answer came from %q instead of %q.", iss, a.opts.Issuer))
		return
	}
	if q.Has("error") {
		a.problem(w, http.StatusOK, q.Get("error")+": "+q.Get("error_description"))
		return
	}
	if err := a.redeem(r.Context(), s, st, q.Get("code")); err != nil {
		a.problem(w, http.StatusBadGateway, err.Error())
		return
	}
	if st.retry {
		a.callAPI(r.Context(), s)
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// redeem turns the code into tokens and checks the ID token (OpenID Connect Core
// §3.1.3.7); the library does all of it but the nonce.
func (a *App) redeem(ctx context.Context, s *session, st start, code string) error {
	p, err := a.discover(ctx)
	if err != nil {
		return err
	}
	ctx = oidc.ClientContext(ctx, a.http)
	token, err := a.config(p, st.client).Exchange(ctx, code, oauth2.VerifierOption(st.verifier))
	if err != nil {
		return err
	}
	return a.accept(ctx, s, st.client, st.nonce, token)
}

// accept stores what a token response says about the person. A refresh may leave the
// ID token out, and never has a nonce to compare.
func (a *App) accept(ctx context.Context, s *session, c Client, nonce string, token *oauth2.Token) error {
	raw, _ := token.Extra("id_token").(string)
	if raw == "" {
		return fmt.Errorf("the token response has no id_token")
	}
	p, err := a.discover(ctx)
	if err != nil {
		return err
	}
	id, err := p.Verifier(&oidc.Config{ClientID: c.ClientID, Now: a.opts.Now}).Verify(ctx, raw)
	if err != nil {
		return err
	}
	if nonce != "" && id.Nonce != nonce {
		return fmt.Errorf("the ID token has another nonce than the request")
	}
	claims := map[string]any{}
	if err := id.Claims(&claims); err != nil {
		return err
	}
	// What a person is called is not in the ID token of the code flow (§5.4).
	profile := map[string]any{}
	info, err := p.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err == nil {
		err = info.Claims(&profile)
	}
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	s.client, s.token, s.idToken, s.claims, s.name = c, token, raw, claims, personName(profile)
	return nil
}

// refresh trades the refresh token for new tokens, to show that acr, amr and
// auth_time stay what they were.
func (a *App) refresh(w http.ResponseWriter, r *http.Request) {
	s := a.session(w, r)
	p, err := a.discover(r.Context())
	a.mu.Lock()
	client, token := s.client, s.token
	a.mu.Unlock()
	if err != nil || token == nil {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	ctx := oidc.ClientContext(r.Context(), a.http)
	stale := &oauth2.Token{RefreshToken: token.RefreshToken, Expiry: time.Unix(1, 0)}
	fresh, err := a.config(p, client).TokenSource(ctx, stale).Token()
	if err == nil {
		err = a.accept(ctx, s, client, "", fresh)
	}
	if err != nil {
		a.problem(w, http.StatusBadGateway, err.Error())
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// signOut ends the application's session, then asks the provider to end its own
// (OpenID Connect RP-Initiated Logout §2).
func (a *App) signOut(w http.ResponseWriter, r *http.Request) {
	s := a.session(w, r)
	a.mu.Lock()
	hint, client := s.idToken, s.client
	*s = session{started: map[string]start{}, expires: s.expires}
	a.mu.Unlock()
	var meta struct {
		EndSession string `json:"end_session_endpoint"`
	}
	if p, err := a.discover(r.Context()); err != nil || p.Claims(&meta) != nil || meta.EndSession == "" || hint == "" {
		http.Redirect(w, r, "/signed-out", http.StatusSeeOther)
		return
	}
	q := url.Values{
		"id_token_hint": {hint}, "client_id": {client.ClientID},
		"post_logout_redirect_uri": {a.opts.Address + "/signed-out"},
	}
	join := "?"
	if strings.Contains(meta.EndSession, "?") {
		join = "&"
	}
	http.Redirect(w, r, meta.EndSession+join+q.Encode(), http.StatusSeeOther)
}

func (a *App) signedOut(w http.ResponseWriter, _ *http.Request) {
	render(w, http.StatusOK, "home", homePage{
		Page: Page{Title: "You are signed out", Desk: a.opts.Desk}, Clients: a.opts.Clients,
	})
}
