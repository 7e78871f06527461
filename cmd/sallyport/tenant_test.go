package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/cmd/sallyport/config"
	"github.com/sallyport-id/sallyport/provider/management"
	"github.com/sallyport-id/sallyport/storage"
)

// A tenant is the whole product in this process, on a database of its own, for tests of
// its APIs. Its mails are kept.
type tenant struct {
	*built
	t      testing.TB
	url    string // of the site, without a slash at the end
	issuer string
	mails  *mailbox
	clock  *clock
	tokens map[string]held // of the Management API, by scopes
}

// held is a token until it ends.
type held struct {
	token string
	ends  time.Time
}

// A clock is the real one, set forward.
type clock struct{ ahead time.Duration }

func (c *clock) now() time.Time { return time.Now().Add(c.ahead) }

// A mailbox is where mails end.
type mailbox struct {
	mu   sync.Mutex
	sent []sentMail
}

type sentMail struct{ to, subject, text, html string }

func (m *mailbox) Send(_ context.Context, to, subject, text, html string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sent = append(m.sent, sentMail{to, subject, text, html})
	return nil
}

// all are the mails so far. Call flows.Close first, to have those under way.
func (m *mailbox) all() []sentMail {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.sent)
}

// newTenant starts one. change may set what is not the default.
func newTenant(t testing.TB, change func(*settings)) *tenant {
	t.Helper()
	web := httptest.NewUnstartedServer(nil)
	s := defaultSettings()
	s.Issuer = "http://" + web.Listener.Addr().String() + "/"
	s.Database.DSN = "sqlite::memory:"
	keyset, err := storage.GenerateKeyset()
	if err != nil {
		t.Fatal(err)
	}
	s.Seal.Keyset = config.Secret(keyset)
	if change != nil {
		change(s)
	}
	if err := s.check(); err != nil {
		t.Fatal(err)
	}
	x := &tenant{t: t, url: strings.TrimSuffix(s.Issuer, "/"), issuer: s.Issuer, mails: &mailbox{}, clock: &clock{}, tokens: map[string]held{}}
	log := newLogger(testLog{t}, "text", warnings)
	h, err := openHouse(t.Context(), s, log)
	if err != nil {
		t.Fatal(err)
	}
	h.now = x.clock.now
	if _, err := h.db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if x.built, err = h.newProvider(t.Context(), parts{logger: log, registry: newRegistry(), mailer: x.mails}); err != nil {
		t.Fatal(err)
	}
	web.Config.Handler = x.site
	web.Start()
	t.Cleanup(func() {
		web.Close()
		x.close()
		if err := h.db.Close(); err != nil {
			t.Error(err)
		}
	})
	return x
}

// testLog writes lines to the test's log.
type testLog struct{ t testing.TB }

func (l testLog) Write(b []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(b)))
	return len(b), nil
}

// client registers an application and gives its secret, "" of a public one. change
// completes it.
func (x *tenant) client(id string, change func(*storage.Client)) string {
	x.t.Helper()
	c := &storage.Client{ID: id, Name: id}
	change(c)
	management.ClientDefaults(c)
	secret := ""
	if !c.Public() {
		secret, c.Secrets = x.house.newSecret(nil, 0)
	}
	if err := management.ValidateClient(c); err != nil {
		x.t.Fatal(err)
	}
	if err := x.house.db.CreateClient(x.t.Context(), c); err != nil {
		x.t.Fatal(err)
	}
	return secret
}

// shop registers the application that people sign in to.
func (x *tenant) shop() {
	x.t.Helper()
	x.client("shop", func(c *storage.Client) {
		c.Metadata.RedirectURIs, c.Metadata.TokenEndpointAuthMethod, c.Metadata.ApplicationType = []string{shopCallback}, "none", "native"
		c.Settings.FirstParty = true
	})
}

// set changes the tenant's settings.
func (x *tenant) set(change func(*storage.Settings)) {
	x.t.Helper()
	s, err := x.house.db.Settings(x.t.Context())
	if err != nil {
		x.t.Fatal(err)
	}
	change(s)
	if err := x.house.db.PutSettings(x.t.Context(), s); err != nil {
		x.t.Fatal(err)
	}
}

// token is one for the Management API with scopes, got by a client of its own.
func (x *tenant) token(scopes ...string) string {
	x.t.Helper()
	key := strings.Join(scopes, " ")
	if known := x.tokens[key]; x.clock.now().Before(known.ends) {
		return known.token
	}
	id, audience := "admin"+storage.NewID(""), x.issuer+"api/v2/"
	secret := x.client(id, func(c *storage.Client) {
		c.Metadata.GrantTypes = []string{"client_credentials"}
		c.Settings.Audiences = map[string][]string{audience: scopes}
	})
	x.tokens[key] = x.ask(url.Values{"grant_type": {"client_credentials"}, "audience": {audience}}, id, secret)
	return x.tokens[key].token
}

// ask gets a token at the token endpoint.
func (x *tenant) ask(form url.Values, id, secret string) held {
	x.t.Helper()
	var body struct {
		Token  string        `json:"access_token"`
		Life   time.Duration `json:"expires_in"` // in seconds
		Refuse string        `json:"error_description"`
	}
	x.post("/oauth/token", form, &body, func(r *http.Request) { r.SetBasicAuth(id, secret) })
	if body.Token == "" {
		x.t.Fatalf("no token for %v: %s", form, body.Refuse)
	}
	return held{body.Token, x.clock.now().Add(body.Life*time.Second - time.Minute)}
}

// post sends a form, reads the JSON of the answer into into, and gives the status.
func (x *tenant) post(path string, form url.Values, into any, changes ...func(*http.Request)) int {
	x.t.Helper()
	return x.send(http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()), into, changes...)
}

func (x *tenant) send(method, path, contentType string, body io.Reader, into any, changes ...func(*http.Request)) int {
	x.t.Helper()
	r, err := http.NewRequestWithContext(x.t.Context(), method, x.url+path, body)
	if err != nil {
		x.t.Fatal(err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	for _, change := range changes {
		change(r)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		x.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		x.t.Fatal(err)
	}
	if into != nil && len(text) > 0 {
		if err := json.Unmarshal(text, into); err != nil {
			x.t.Fatalf("%s %s: %d %s: %v", method, path, answer.StatusCode, text, err)
		}
	}
	return answer.StatusCode
}

// A reply is an answer of a JSON API.
type reply struct {
	status int
	body   any
}

// object is the body, which has to be one.
func (r reply) object(t testing.TB) map[string]any {
	t.Helper()
	o, ok := r.body.(map[string]any)
	if !ok {
		t.Fatalf("no object: %d %v", r.status, r.body)
	}
	return o
}

// call calls an API with a bearer token ("": none) and a JSON body (nil: none).
func (x *tenant) call(token, method, path string, body any) reply {
	x.t.Helper()
	var content io.Reader
	kind := ""
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			x.t.Fatal(err)
		}
		content, kind = bytes.NewReader(text), "application/json"
	}
	var got reply
	got.status = x.send(method, path, kind, content, &got.body, func(r *http.Request) {
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
	})
	return got
}

// admin calls the Management API with a token that has just the operation's scopes.
func (x *tenant) admin(scopes, method, path string, body any) reply {
	x.t.Helper()
	return x.call(x.token(strings.Fields(scopes)...), method, management.Base+path, body)
}

// events are the lines of the audit log of a type, the newest first.
func (x *tenant) events(kind string) []*storage.Event {
	x.t.Helper()
	list, err := x.house.db.Events(x.t.Context(), storage.EventFilter{Type: kind})
	if err != nil {
		x.t.Fatal(err)
	}
	return list
}

// fieldsOf are the names of an object's members, in order.
func fieldsOf(o map[string]any) string { return strings.Join(slices.Sorted(maps.Keys(o)), " ") }
