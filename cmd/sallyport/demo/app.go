package demo

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// A Client is one registration that the application can sign in with.
type Client struct {
	Name         string // in the address of its callback
	Called       string // by people
	Title        string // on its button
	Explanation  string // of its policy
	Operation    Operation
	ClientID     string
	ClientSecret string
}

// An Operation is the sensitive thing that an application does by an API.
type Operation struct{ Title, Explanation, Address string }

// AppOptions say where the application lives and whom it trusts.
type AppOptions struct {
	Issuer   string
	Address  string // its own origin, "http://127.0.0.1:4180"
	Audience string // of the API it calls
	Desk     string // address of the start page
	Clients  []Client
	Logger   *slog.Logger
	Now      func() time.Time
}

// An App is the demo application. It keeps its sessions in memory: it is gone with
// the process, like everything a demo should be.
type App struct {
	opts AppOptions
	http *http.Client

	mu       sync.Mutex
	provider *oidc.Provider
	sessions map[string]*session
}

// A session is one browser of the application.
type session struct {
	started map[string]start // by state
	client  Client
	token   *oauth2.Token
	idToken string
	claims  map[string]any
	name    string   // from UserInfo
	result  *outcome // of the sensitive operation, shown once
	expires time.Time
}

const (
	cookie      = "demo_app"
	sessionLife = 12 * time.Hour
	maxSessions = 10_000
)

// NewApp makes the application. It looks for the provider when it is first needed,
// so that the two may start in any order.
func NewApp(opts AppOptions) *App {
	return &App{opts: opts, http: &http.Client{Timeout: 20 * time.Second}, sessions: map[string]*session{}}
}

// Handler serves the application.
func (a *App) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.home)
	mux.HandleFunc("GET /signin/{client}", a.signIn)
	mux.HandleFunc("GET /callback/{client}", a.callback)
	mux.HandleFunc("POST /sensitive", a.sensitive)
	mux.HandleFunc("POST /refresh", a.refresh)
	mux.HandleFunc("POST /signout", a.signOut)
	mux.HandleFunc("GET /signed-out", a.signedOut)
	mux.Handle("GET /style.css", style)
	return guard(mux, a.opts.Issuer)
}

// discover reads the provider's metadata once.
func (a *App) discover(ctx context.Context) (*oidc.Provider, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.provider != nil {
		return a.provider, nil
	}
	// The provider keeps its context for later key fetches: not the request's.
	p, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), a.http), a.opts.Issuer)
	if err != nil {
		return nil, err
	}
	a.provider = p
	return p, nil
}

// session finds or makes the browser's session.
func (a *App) session(w http.ResponseWriter, r *http.Request) *session {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.opts.Now()
	if c, err := r.Cookie(cookie); err == nil {
		if s := a.sessions[c.Value]; s != nil && now.Before(s.expires) {
			return s
		}
	}
	if len(a.sessions) >= maxSessions {
		clear(a.sessions)
	}
	id := rand.Text()
	s := &session{started: map[string]start{}, expires: now.Add(sessionLife)}
	a.sessions[id] = s
	http.SetCookie(w, &http.Cookie{Name: cookie, Value: id, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	return s
}

// homePage is the application's only page: signed out, or signed in with the claims.
type homePage struct {
	Page
	Clients  []Client
	Client   Client
	SignedIn bool
	Name     string
	Facts    []fact
	Claims   []claim
	Refresh  bool
	Result   *outcome
	Problem  string
}

func (a *App) home(w http.ResponseWriter, r *http.Request) {
	s := a.session(w, r)
	a.mu.Lock()
	p := homePage{
		Page: Page{Title: "Demo application", Desk: a.opts.Desk}, Clients: a.opts.Clients, Client: s.client,
		SignedIn: s.token != nil, Result: s.result,
	}
	if p.SignedIn {
		p.Name = s.name
		p.Facts = factsOf(s.claims, a.opts.Now())
		p.Claims = claimsOf(s.claims)
		p.Refresh = s.token.RefreshToken != ""
	}
	s.result = nil
	a.mu.Unlock()
	render(w, http.StatusOK, "home", p)
}

// problem says what went wrong, to a developer: this is a demo.
func (a *App) problem(w http.ResponseWriter, status int, what string) {
	render(w, status, "problem", homePage{Page: Page{Title: "That did not work", Desk: a.opts.Desk}, Problem: what})
}
