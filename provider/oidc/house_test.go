package oidc_test

import (
	"bytes"
	"context"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/factors/duo"
	"github.com/sallyport-id/sallyport/factors/email"
	"github.com/sallyport-id/sallyport/factors/otp"
	"github.com/sallyport-id/sallyport/factors/password"
	"github.com/sallyport-id/sallyport/factors/push"
	"github.com/sallyport-id/sallyport/factors/recovery"
	"github.com/sallyport-id/sallyport/factors/standin"
	"github.com/sallyport-id/sallyport/factors/webauthn"
	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/provider"
	"github.com/sallyport-id/sallyport/provider/device"
	"github.com/sallyport-id/sallyport/provider/management"
	"github.com/sallyport-id/sallyport/provider/mfaapi"
	"github.com/sallyport-id/sallyport/provider/oidc"
	"github.com/sallyport-id/sallyport/storage"
	"github.com/sallyport-id/sallyport/storage/storagetest"
	"github.com/sallyport-id/sallyport/themes"
)

// A house is a whole provider on a real database, behind a real listener, with a
// clock that tests move.
type house struct {
	t      *testing.T
	issuer string
	site   string // the origin that keys are made for
	db     *storage.DB
	flows  *flows.Engine
	oidc   *oidc.Provider
	ring   *factors.Registry
	server *httptest.Server
	log    *syncBuffer
	mails  *mailbox
	twilio *twilio
	duo    *standin.Duo

	duoConfig *duo.Config
	users     map[string]*user
	secret    map[string]string // by client
	method    map[string]string // of authentication, likewise

	plan    plan
	dsn     string
	engines []*flows.Engine

	mu    sync.Mutex
	nodes []http.Handler // that take requests in turn
	turn  int
	clock time.Time
	ctx   func(context.Context) context.Context // of each request, for the query count
}

type user struct {
	*storage.User
	password, key string
	codes         []string // recovery
}

// A plan says how a house differs from the usual one.
type plan struct {
	engine  string
	path    string // of the issuer
	policy  string
	factors []string // enabled for the tenant
	flows   func(*flows.Config)
	oidc    func(*oidc.Config)
	ladder  policy.Ladder
	keys    func(*webauthn.Config) // security keys
	duo     func(*duo.Config)
	rules   bool                                                      // scripts run, and places are known
	fetch   func(ctx context.Context, request string) (answer string) // what actions reach
}

const (
	testAPI   = "https://api.example/"
	ledgerAPI = "https://ledger.example/"
	multi     = policy.MultiFactor
	single    = policy.SingleFactor
	callback  = "https://app.example/callback"
)

func open(t *testing.T) *house { return build(t, plan{}) }

func build(t *testing.T, p plan) *house {
	t.Helper()
	if p.engine == "" {
		p.engine = "sqlite"
	}
	if p.path == "" {
		p.path = "/"
	}
	h := &house{
		t: t, users: map[string]*user{}, secret: map[string]string{}, method: map[string]string{}, log: &syncBuffer{}, mails: &mailbox{}, twilio: openTwilio(t),
		clock: time.Now().UTC().Add(-500 * 24 * time.Hour).Truncate(time.Second), plan: p, dsn: storagetest.DSN(t, p.engine),
	}
	h.duo, h.duoConfig = openDuo(t)
	h.server = httptest.NewUnstartedServer(nil)
	issuer := &url.URL{Scheme: "http", Host: h.server.Listener.Addr().String(), Path: p.path}
	h.issuer = issuer.String()
	h.db = h.store()
	_, err := h.db.Migrate(t.Context())
	h.must(err)
	h.forge(func() { h.assemble(p, issuer) })
	h.server.Config.Handler = http.HandlerFunc(h.serve)
	h.server.Config.BaseContext = func(net.Listener) context.Context { return context.Background() }
	h.server.Start()
	t.Cleanup(h.server.Close)
	if p.policy == "" {
		p.policy = policy.Never
	}
	if p.factors == nil {
		p.factors = []string{factors.OTP, factors.RecoveryCode}
	}
	h.must(h.db.PutSettings(t.Context(), &storage.Settings{Policy: p.policy, Factors: p.factors}))
	h.people()
	h.applications()
	return h
}

func (h *house) store() *storage.DB {
	h.t.Helper()
	db, err := storage.Open(h.t.Context(), storage.Options{DSN: h.dsn, Sealer: storagetest.Sealer(h.t), Now: h.now, Logger: slog.New(slog.DiscardHandler)})
	h.must(err)
	h.t.Cleanup(func() { _ = db.Close() })
	return db
}

// serve gives a request to the node whose turn it is.
func (h *house) serve(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	wrap, node := h.ctx, h.nodes[h.turn%len(h.nodes)]
	h.turn++
	h.mu.Unlock()
	if wrap != nil {
		r = r.WithContext(wrap(r.Context()))
	}
	node.ServeHTTP(w, r)
}

// grow adds a second node, which knows the first one by the database alone. A database in
// memory is one process's: there the nodes share the door to it.
func (h *house) grow() {
	h.t.Helper()
	db := h.db
	if h.plan.engine == "postgres" {
		h.db = h.store()
	}
	issuer, err := url.Parse(h.issuer)
	h.must(err)
	h.assemble(h.plan, issuer)
	h.db = db
}

// restart forgets all that is in memory.
func (h *house) restart() {
	h.t.Helper()
	h.arrived()
	h.mu.Lock()
	h.nodes, h.engines = nil, nil
	h.mu.Unlock()
	issuer, err := url.Parse(h.issuer)
	h.must(err)
	h.assemble(h.plan, issuer)
}

func (h *house) assemble(p plan, issuer *url.URL) {
	logger := slog.New(slog.NewJSONHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	roaming := webauthn.Roaming()
	if p.keys != nil {
		p.keys(roaming)
	}
	if p.duo != nil {
		p.duo(h.duoConfig)
	}
	// Browsers keep no keys for an IP address, so people's browsers know the house by name.
	h.site = "http://localhost:" + issuer.Port()
	var err error
	h.ring, err = factors.Open(factors.Env{Issuer: "Test", Origin: h.site, Now: h.now, Logger: logger}, map[string]factors.Config{
		factors.Roaming: roaming, factors.Platform: webauthn.Platform(),
		factors.Password: password.Defaults(), factors.OTP: otp.Defaults(), factors.RecoveryCode: recovery.Defaults(),
		factors.Duo: h.duoConfig, factors.SMS: h.twilio.sms(), factors.Voice: h.twilio.voice(), factors.Email: email.Defaults(),
		factors.Push: push.Defaults(),
	})
	h.must(err)
	var words []fs.FS
	for _, name := range h.ring.Names() {
		words = append(words, h.ring.Info(name).Words)
	}
	pages, err := themes.New(themes.Options{Words: words, Now: h.now, Logger: logger})
	h.must(err)
	fc, oc := flows.DefaultConfig(), oidc.DefaultConfig()
	if p.flows != nil {
		p.flows(&fc)
	}
	if p.oidc != nil {
		p.oidc(&oc)
	}
	if p.ladder == nil {
		p.ladder = policy.DefaultLadder()
	}
	options := flows.Options{
		Issuer: issuer, Name: "Test", DB: h.db, Factors: h.ring, Themes: pages, Mailer: h.mails, Config: fc,
		Ladder: p.ladder, Now: h.now, Logger: logger, Address: provider.Address,
	}
	if p.rules {
		options.Rules = h.runner()
		options.Places, options.Lists = h.files()
	}
	h.flows, err = flows.New(options)
	h.must(err)
	h.oidc, err = oidc.New(h.t.Context(), oidc.Options{
		Issuer: h.issuer, DB: h.db, Flows: h.flows, Themes: pages, ACRValues: p.ladder.Values(), Config: oc, Now: h.now, Logger: logger, Address: provider.Address,
	})
	h.must(err)
	site, err := provider.New(provider.Options{
		Issuer: issuer, Themes: pages, Logger: logger, Now: h.now, CrossSite: oidc.CrossSite, Ready: h.db.Ping,
		Rooms: []provider.Room{h.oidc.Mount, func(browser, _ *http.ServeMux) { h.flows.Mount(browser) },
			device.New(device.Options{Issuer: issuer, Name: "Test", Flows: h.flows, Themes: pages, Logger: logger}).Mount,
			mfaapi.New(mfaapi.Options{Issuer: h.issuer, Flows: h.flows, Bearer: h.oidc.Bearer, Calling: h.oidc.Calling, Refuse: h.oidc.Refuse}).Mount},
	})
	h.must(err)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.nodes, h.engines = append(h.nodes, site), append(h.engines, h.flows)
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clock = h.clock.Add(time.Microsecond)
	return h.clock
}

// wait moves the clock on.
func (h *house) wait(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clock = h.clock.Add(d)
}

// people: ada has a password, grace a one-time password and recovery codes beside.
func (h *house) people() {
	for _, name := range []string{"ada", "grace"} {
		u := h.person(name)
		if name == "grace" {
			h.giveOTP(u)
		}
	}
}

func (h *house) person(name string) *user {
	ctx := h.t.Context()
	u := &user{password: "the quick " + name + " jumps over", User: &storage.User{
		ID: storage.NewID("usr"), Username: name, Email: name + "@example.com", EmailVerified: true, Name: name, GivenName: name,
		PhoneNumber: "+41446681800", Address: &storage.Address{Country: "CH"}, Birthdate: "1990-01-01",
	}}
	h.must(h.db.CreateUser(ctx, u.User))
	a, _ := h.enroll(factors.Password, factors.Subject{UserID: u.ID, Now: h.now()}, u.password)
	h.add(u, a)
	h.users[name] = u
	return u
}

func (h *house) giveOTP(u *user) {
	ctx := h.t.Context()
	s := factors.Subject{UserID: u.ID, Username: u.Username, Issuer: "Test", Now: h.now()}
	a, c, err := h.ring.Get(factors.OTP).Enroll(ctx, s, nil)
	h.must(err)
	a.ConfirmedAt, u.key = h.now(), c.Prompt.Key
	h.add(u, a)
	a, u.codes = h.enroll(factors.RecoveryCode, s, "")
	h.add(u, a)
}

func (h *house) add(u *user, a *factors.Authenticator) {
	a.ID, a.UserID = storage.NewID("aut"), u.ID
	h.must(h.db.CreateAuthenticator(h.t.Context(), a))
}

// applications are the kinds of clients that tests need, by name.
func (h *house) applications() {
	ctx := h.t.Context()
	h.must(h.db.CreateAPI(ctx, &storage.API{Audience: testAPI, Name: "API", TokenFormat: "jwt", Scopes: []storage.Scope{{Value: "read"}, {Value: "write", Description: "Change things"}}}))
	h.must(h.db.CreateAPI(ctx, &storage.API{Audience: ledgerAPI, Name: "Ledger", TokenFormat: "opaque", Scopes: []storage.Scope{{Value: "read"}}}))
	off := false
	for _, c := range []struct {
		name, method string
		change       func(*storage.Client)
	}{
		{"web", "client_secret_basic", func(c *storage.Client) { c.Settings.RequirePKCE = &off }},
		{"post", "client_secret_post", func(c *storage.Client) { c.Settings.RequirePKCE = &off }},
		{"pkce", "client_secret_basic", nil},
		{"spa", "none", nil},
		{"mfa", "client_secret_basic", func(c *storage.Client) { c.Settings.Policy = policy.Always; c.Settings.RequirePKCE = &off }},
		{"partner", "client_secret_basic", func(c *storage.Client) { c.Settings.FirstParty = false; c.Settings.RequirePKCE = &off }},
		{"native", "none", func(c *storage.Client) {
			c.Metadata.ApplicationType = "native"
			c.Metadata.RedirectURIs = []string{"http://127.0.0.1/callback", "com.example.app:/callback"}
		}},
		{"pushing", "client_secret_basic", func(c *storage.Client) { c.Metadata.RequirePAR = true; c.Settings.RequirePKCE = &off }},
		{"machine", "client_secret_basic", func(c *storage.Client) {
			c.Metadata.GrantTypes, c.Metadata.ResponseTypes, c.Metadata.RedirectURIs = []string{"client_credentials"}, nil, nil
			c.Settings.Audiences = map[string][]string{testAPI: {"read"}, ledgerAPI: {"read"}}
		}},
		{"server", "client_secret_basic", func(c *storage.Client) {
			c.Metadata.GrantTypes, c.Metadata.ResponseTypes, c.Metadata.RedirectURIs = []string{"client_credentials"}, nil, nil
			c.Settings.Audiences = map[string][]string{ledgerAPI: nil}
		}},
	} {
		h.register(c.name, c.method, c.change)
	}
}

// register makes a client with the usual metadata but for what change says.
func (h *house) register(name, method string, change func(*storage.Client)) *storage.Client {
	h.t.Helper()
	c := &storage.Client{ID: name, Name: name + " application"}
	c.Metadata = storage.ClientMetadata{
		TokenEndpointAuthMethod: method, RedirectURIs: []string{callback},
		GrantTypes: []string{"authorization_code", "refresh_token"}, PostLogoutRedirectURIs: []string{"https://app.example/bye"},
	}
	c.Settings = storage.ClientSettings{FirstParty: true, Audiences: map[string][]string{testAPI: nil, ledgerAPI: nil}}
	management.ClientDefaults(c)
	if change != nil {
		change(c)
	}
	h.must(management.ValidateClient(c))
	h.method[name] = method
	if method == "client_secret_basic" || method == "client_secret_post" {
		h.secret[name] = "secret of " + name + " : + % é"
		c.Secrets = []storage.ClientSecret{{Hash: oidc.HashSecret(h.db, h.secret[name]), CreatedAt: h.now()}}
	}
	h.must(h.db.CreateClient(h.t.Context(), c))
	return c
}

// amend changes a client that is registered.
func (h *house) amend(name string, change func(*storage.Client)) {
	h.t.Helper()
	c, err := h.db.ClientByID(h.t.Context(), name)
	h.must(err)
	change(c)
	h.must(h.db.UpdateClient(h.t.Context(), c))
}

// events are the audit log's lines of a kind, newest first.
func (h *house) events(kind string) []*storage.Event {
	h.t.Helper()
	all, err := h.db.Events(h.t.Context(), storage.EventFilter{Type: kind, Limit: 100})
	h.must(err)
	return all
}

// engines runs a test on each database.
func engines(t *testing.T, test func(t *testing.T, engine string)) {
	for _, engine := range storagetest.Engines {
		t.Run(engine, func(t *testing.T) { test(t, engine) })
	}
}

// A mailbox keeps what was mailed.
type mailbox struct {
	mu   sync.Mutex
	sent []mailed
	next flows.Mailer // that takes them in its place
}

type mailed struct{ to, subject, text string }

// Send implements flows.Mailer.
func (m *mailbox) Send(ctx context.Context, to, subject, text, html string) error {
	m.mu.Lock()
	next := m.next
	m.mu.Unlock()
	if next != nil {
		return next.Send(ctx, to, subject, text, html)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sent = append(m.sent, mailed{to, subject, text})
	return nil
}

// over has mails go over a real mail server from now on.
func (m *mailbox) over(next flows.Mailer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.next = next
}

// arrived waits until the provider has handed over all mails.
func (h *house) arrived() []mailed {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), 10*time.Second)
	defer cancel()
	for _, one := range h.engines {
		h.must(one.Close(ctx))
	}
	h.mails.mu.Lock()
	defer h.mails.mu.Unlock()
	return slices.Clone(h.mails.sent)
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// validate is what registration says of a client.
func validate(c *storage.Client) error {
	management.ClientDefaults(c)
	return management.ValidateClient(c)
}
