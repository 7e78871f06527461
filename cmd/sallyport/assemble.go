package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/flows/rules"
	"github.com/sallyport-id/sallyport/provider"
	"github.com/sallyport-id/sallyport/provider/account"
	"github.com/sallyport-id/sallyport/provider/device"
	"github.com/sallyport-id/sallyport/provider/management"
	"github.com/sallyport-id/sallyport/provider/mfaapi"
	"github.com/sallyport-id/sallyport/provider/oidc"
	"github.com/sallyport-id/sallyport/provider/reference"
	"github.com/sallyport-id/sallyport/storage"
	"github.com/sallyport-id/sallyport/themes"
)

// openHouse opens the register. It does not migrate.
func openHouse(ctx context.Context, s *settings, log *slog.Logger) (*house, error) {
	if s.Seal.Keyset == "" {
		return nil, &misuse{what: "seal.keyset: is not set", mend: "set seal.keyset_file to the file that the provider uses"}
	}
	sealer, err := storage.NewSealer([]byte(s.Seal.Keyset))
	if err != nil {
		return nil, err
	}
	db, err := storage.Open(ctx, storage.Options{
		DSN: string(s.Database.DSN), Sealer: sealer, Now: time.Now, Logger: log,
		Timeout: s.Database.Timeout, MaxConns: s.Database.MaxConns,
	})
	if err != nil {
		return nil, fmt.Errorf("database.dsn: %w", err)
	}
	setup := management.NewSetup(management.SetupOptions{
		DB: db, Factors: s.registry, Configured: s.Factors, Keys: factorKeys{}, Env: s.env(), Logger: log,
	})
	return &house{settings: s, db: db, factors: s.registry, setup: setup, now: time.Now}, nil
}

// parts are what serve and dev bring to a provider, each its own.
type parts struct {
	logger   *slog.Logger
	registry *prometheus.Registry
	tracing  bool
	mailer   flows.Mailer
	preview  bool // show every page in every state
}

// A built provider is its site and the work that it does beside requests.
type built struct {
	site  *provider.Site
	house *house
	oidc  *oidc.Provider
	flows *flows.Engine
	admin *management.API
	files *sources
	rules *rules.Runner
	looks *management.Looks
	post  *management.Post
	log   *slog.Logger
}

// newProvider puts the rooms together.
func (h *house) newProvider(ctx context.Context, p parts) (*built, error) {
	s := h.settings
	if err := h.setup.Load(ctx); err != nil {
		return nil, err
	}
	issuer, err := url.Parse(s.Issuer)
	if err != nil {
		return nil, fmt.Errorf("issuer: %w", err)
	}
	pages, err := s.pages(h.factors, issuer, p.logger)
	if err != nil {
		return nil, err
	}
	looks := management.NewLooks(h.db, pages, p.logger)
	if err := looks.Load(ctx); err != nil {
		return nil, err
	}
	post := management.NewPost(management.PostOptions{DB: h.db, Configured: p.mailer, Sender: s.Mail.From, Open: openMail, Logger: p.logger})
	if err := post.Load(ctx); err != nil {
		return nil, err
	}
	files, err := s.Risk.open()
	if err != nil {
		return nil, err
	}
	runner, err := s.Rules.runner()
	if err != nil {
		return nil, err
	}
	scripts, err := h.db.Scripts(ctx)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(scripts, func(s *storage.Script) bool { return s.Enabled && s.Deployed > 0 }) {
		runner.Warm()
	}
	engine, err := flows.New(flows.Options{
		Issuer: issuer, Name: s.Name, DB: h.db, Factors: h.factors, Themes: pages, Mailer: post, Config: s.Login,
		Ladder: s.ladder(), Now: h.now, Logger: p.logger, Address: provider.Address,
		Rules: runner, Risk: s.Risk.Assess, Places: files.places, Lists: files.lists,
	})
	if err != nil {
		return nil, err
	}
	op, err := oidc.New(ctx, oidc.Options{
		Issuer: s.Issuer, DB: h.db, Flows: engine, Themes: pages, ACRValues: s.ladder().Values(), Config: s.Tokens, Now: h.now,
		Logger: p.logger, Address: provider.Address,
	})
	if err != nil {
		return nil, err
	}
	devices := device.New(device.Options{
		Issuer: issuer, Name: s.Name, Flows: engine, Themes: pages, Logger: p.logger, ApplicationServerKey: func() string { return applicationServerKey(h.factors) },
	})
	people := account.New(account.Options{Issuer: issuer, Name: s.Name, Flows: engine, Factors: h.factors, Themes: pages, Bearer: op.Bearer, Logger: p.logger})
	streams, err := s.Streams.open()
	if err != nil {
		return nil, err
	}
	admin, err := management.New(management.Options{
		Issuer: s.Issuer, Name: s.Name, ACRValues: s.ladder().Values(), DB: h.db, Flows: engine, Factors: h.factors, Setup: h.setup, Looks: looks, Post: post, Bearer: op.Bearer, Connection: s.Login.Connection,
		NewSecret: h.oneSecret, Keys: op, Streams: streams, Logger: p.logger, Now: h.now, Address: provider.Address,
	})
	if err != nil {
		return nil, err
	}
	steps := mfaapi.New(mfaapi.Options{Issuer: s.Issuer, Flows: engine, Bearer: op.Bearer, Calling: op.Calling, Refuse: op.Refuse})
	rooms := []provider.Room{
		op.Mount, steps.Mount, admin.Mount, people.Mount, devices.Mount,
		func(browser, _ *http.ServeMux) { engine.Mount(browser) },
		func(browser, _ *http.ServeMux) {
			reference.Mount(browser, pages, reference.API{Base: management.Base, Document: admin.OpenAPI},
				reference.API{Base: mfaapi.Base, Document: steps.OpenAPI}, reference.API{Base: account.Base, Document: people.OpenAPI})
		},
		func(browser, _ *http.ServeMux) {
			browser.HandleFunc("GET /.well-known/webauthn", tellOrigins(h.factors))
		},
	}
	if p.preview {
		rooms = append(rooms, func(browser, _ *http.ServeMux) {
			browser.Handle("GET /preview", pages.PreviewHandler())
			browser.Handle("GET /preview/", pages.PreviewHandler())
		})
	}
	site, err := provider.New(provider.Options{
		Issuer: issuer, Rooms: rooms, Themes: pages, Ready: h.db.Ping, Proxies: s.Proxies, MaxBody: s.MaxBody, Larger: management.Larger,
		CrossSite: oidc.CrossSite,
		Metrics:   p.registry, Tracing: p.tracing, Logger: p.logger, Now: h.now,
	})
	if err != nil {
		return nil, err
	}
	return &built{site: site, house: h, oidc: op, flows: engine, admin: admin, files: files, rules: runner, looks: looks, post: post, log: p.logger}, nil
}

// pages opens the theme with the words of every factor.
func (s *settings) pages(list *factors.Registry, issuer *url.URL, log *slog.Logger) (*themes.Renderer, error) {
	var words []fs.FS
	for _, name := range list.Names() {
		if w := list.Info(name).Words; w != nil {
			words = append(words, w)
		}
	}
	pages, err := themes.New(themes.Options{
		Dir: s.Theme.Dir, Words: words, Brand: themes.Brand{Name: s.Name, Hue: s.Theme.Hue, LogoFile: s.Theme.Logo},
		Base: pathPrefix(issuer), Now: time.Now, Logger: log,
	})
	if err != nil {
		return nil, &misuse{what: "theme: " + err.Error(), mend: "mend the file or leave it out of theme.dir"}
	}
	return pages, nil
}

// relatedOrigins are the other sites that may use this one's passkeys.
func relatedOrigins(list *factors.Registry) []string {
	var all []string
	for _, name := range list.Names() {
		if f, ok := list.Get(name).(interface{ RelatedOrigins() []string }); ok {
			all = append(all, f.RelatedOrigins()...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// applicationServerKey is the key by which push services know this site, "" where no
// factor has one.
func applicationServerKey(list *factors.Registry) string {
	for _, name := range list.Names() {
		if f, ok := list.Get(name).(interface{ ApplicationServerKey() string }); ok {
			return f.ApplicationServerKey()
		}
	}
	return ""
}

// tellOrigins is the document that browsers read before another site may use a passkey
// of this one (WebAuthn Level 3 §5.11.1).
func tellOrigins(list *factors.Registry) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		origins := relatedOrigins(list)
		if len(origins) == 0 {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string][]string{"origins": origins}) // the browser has gone
	}
}

// pathPrefix is the path of an issuer without its last slash.
func pathPrefix(issuer *url.URL) string { return strings.TrimSuffix(issuer.Path, "/") }
