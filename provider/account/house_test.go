package account_test

import (
	"context"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	pquerna "github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/factors/email"
	"github.com/sallyport-id/sallyport/factors/otp"
	"github.com/sallyport-id/sallyport/factors/password"
	"github.com/sallyport-id/sallyport/factors/phone"
	"github.com/sallyport-id/sallyport/factors/push"
	"github.com/sallyport-id/sallyport/factors/recovery"
	"github.com/sallyport-id/sallyport/factors/sms"
	"github.com/sallyport-id/sallyport/factors/standin"
	"github.com/sallyport-id/sallyport/factors/voice"
	"github.com/sallyport-id/sallyport/factors/webauthn"
	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/provider"
	"github.com/sallyport-id/sallyport/provider/account"
	"github.com/sallyport-id/sallyport/provider/oidc"
	"github.com/sallyport-id/sallyport/storage"
	"github.com/sallyport-id/sallyport/storage/storagetest"
	"github.com/sallyport-id/sallyport/themes"
)

// A house is a site with nothing but sign-ins and accounts, with a clock that tests move.
type house struct {
	t      *testing.T
	db     *storage.DB
	flows  *flows.Engine
	ring   *factors.Registry
	server *httptest.Server

	mu    sync.Mutex
	clock time.Time
	mails []string // "to: subject"
	texts chan string
}

const callback = "https://app.example/callback"

const secret = "the quick fox jumps over"

func open(t *testing.T, engine string) *house {
	t.Helper()
	h := &house{t: t, texts: make(chan string, 4), clock: time.Now().UTC().Add(-30 * 24 * time.Hour).Truncate(time.Second)}
	h.server = httptest.NewUnstartedServer(nil)
	issuer := &url.URL{Scheme: "http", Host: h.server.Listener.Addr().String(), Path: "/tenant/"}
	var err error
	h.db, err = storage.Open(t.Context(), storage.Options{DSN: storagetest.DSN(t, engine), Sealer: storagetest.Sealer(t), Now: h.now, Logger: slog.New(slog.DiscardHandler)})
	h.must(err)
	t.Cleanup(func() { _ = h.db.Close() })
	_, err = h.db.Migrate(t.Context())
	h.must(err)
	h.policy(policy.Never)
	vendor := httptest.NewServer(&standin.Twilio{AccountSID: "AC00", AuthToken: "token", Got: func(s standin.Sent) { h.texts <- s.Text }})
	t.Cleanup(vendor.Close)
	texts, calls := sms.Defaults(), voice.Defaults()
	texts.Sender, calls.Sender = "twilio", "twilio"
	for _, c := range []*phone.Twilio{&texts.Twilio, &calls.Twilio} {
		c.AccountSID, c.AuthToken, c.From, c.BaseURL = "AC00", "token", "+4915112345678", vendor.URL
	}
	h.ring, err = factors.Open(factors.Env{Issuer: "Test", Origin: "http://localhost", Now: h.now}, map[string]factors.Config{
		factors.Password: password.Defaults(), factors.OTP: otp.Defaults(), factors.RecoveryCode: recovery.Defaults(),
		factors.Email: email.Defaults(), factors.SMS: texts, factors.Voice: calls, factors.Push: push.Defaults(), factors.Roaming: webauthn.Roaming(), factors.Platform: webauthn.Platform(),
	})
	h.must(err)
	var words []fs.FS
	for _, name := range h.ring.Names() {
		words = append(words, h.ring.Info(name).Words)
	}
	pages, err := themes.New(themes.Options{Words: words, Base: "/tenant", Now: h.now})
	h.must(err)
	h.flows, err = flows.New(flows.Options{Issuer: issuer, Name: "Test", DB: h.db, Factors: h.ring, Themes: pages, Mailer: h, Ladder: policy.DefaultLadder(), Now: h.now, Address: provider.Address})
	h.must(err)
	op, err := oidc.New(t.Context(), oidc.Options{
		Issuer: issuer.String(), DB: h.db, Flows: h.flows, Themes: pages, ACRValues: policy.DefaultLadder().Values(), Config: oidc.DefaultConfig(), Now: h.now, Address: provider.Address,
	})
	h.must(err)
	people := account.New(account.Options{Issuer: issuer, Name: "Test", Flows: h.flows, Factors: h.ring, Themes: pages, Bearer: op.Bearer})
	site, err := provider.New(provider.Options{
		Issuer: issuer, Themes: pages, Logger: slog.New(slog.DiscardHandler), Now: h.now, Ready: h.db.Ping,
		Rooms: []provider.Room{op.Mount, func(browser, _ *http.ServeMux) { h.flows.Mount(browser) }, people.Mount},
	})
	h.must(err)
	h.server.Config.Handler = site
	h.server.Start()
	t.Cleanup(h.server.Close)
	return h
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

func (h *house) policy(word string) {
	h.t.Helper()
	h.must(h.db.PutSettings(h.t.Context(), &storage.Settings{Policy: word, Factors: []string{factors.Roaming, factors.Platform, factors.OTP, factors.SMS, factors.Voice, factors.Push, factors.Email, factors.RecoveryCode}}))
}

// Send implements flows.Mailer.
func (h *house) Send(_ context.Context, to, subject, _, _ string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.mails = append(h.mails, to+": "+subject)
	return nil
}

// mailed waits until all mails are out, and takes them.
func (h *house) mailed() []string {
	h.t.Helper()
	h.must(h.flows.Close(h.t.Context()))
	h.mu.Lock()
	defer h.mu.Unlock()
	mails := h.mails
	h.mails = nil
	return mails
}

// events are the log's lines of a kind.
func (h *house) events(kind string) []*storage.Event {
	h.t.Helper()
	all, err := h.db.Events(h.t.Context(), storage.EventFilter{Type: kind})
	h.must(err)
	return all
}

// A person has a browser, a password, and the key of an authenticator app where they have
// one.
type person struct {
	*storage.User
	h      *house
	key    string
	step   int64 // of the code that was shown last
	client *http.Client
	at     *url.URL
	status int
	body   string
	asked  []string // what the pages asked for since the last visit
}

func (h *house) person(name string) *person {
	h.t.Helper()
	one := &person{h: h, User: &storage.User{ID: storage.NewID("usr"), Username: name, Email: name + "@example.com", EmailVerified: true}}
	h.must(h.db.CreateUser(h.t.Context(), one.User))
	one.own(factors.Password, factors.Answer{"password": secret})
	one.client = newClient(h.t)
	return one
}

func newClient(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), callback) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
}

// elsewhere is the same person at another browser.
func (one *person) elsewhere() *person {
	other := *one
	other.client = newClient(one.h.t)
	return &other
}

// own gives the person an authenticator.
func (one *person) own(factor string, answer factors.Answer) *factors.Authenticator {
	one.h.t.Helper()
	a, c, err := one.h.ring.Get(factor).Enroll(one.h.t.Context(), factors.Subject{UserID: one.ID, Username: one.Username, Issuer: "Test", Now: one.h.now()}, answer)
	one.h.must(err)
	if factor == factors.OTP && one.key == "" {
		one.key = c.Prompt.Key
	}
	a.ID, a.UserID, a.ConfirmedAt = storage.NewID("aut"), one.ID, one.h.now()
	one.h.must(one.h.db.CreateAuthenticator(one.h.t.Context(), a))
	return a
}

// code is a new one of the app; the clock moves on where it has to.
func (one *person) code(key string) string {
	one.h.t.Helper()
	if step := one.h.now().Unix() / 30; step <= one.step {
		one.h.wait(time.Duration(one.step-step+1) * 30 * time.Second)
	}
	now := one.h.now()
	one.step = now.Unix() / 30
	code, err := totp.GenerateCodeCustom(key, now, totp.ValidateOpts{Period: 30, Digits: pquerna.DigitsSix})
	one.h.must(err)
	return code
}

func (one *person) send(method, address string, form url.Values, headers ...string) *person {
	one.h.t.Helper()
	target, err := url.Parse(one.h.server.URL + "/tenant" + address)
	one.h.must(err)
	if strings.HasPrefix(address, "/tenant/") {
		target.Path = strings.TrimPrefix(target.Path, "/tenant")
	}
	req, err := http.NewRequest(method, target.String(), strings.NewReader(form.Encode()))
	one.h.must(err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := one.client.Do(req)
	one.h.must(err)
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	one.h.must(err)
	one.at, one.status, one.body = res.Request.URL, res.StatusCode, string(b)
	if to := res.Header.Get("Location"); strings.HasPrefix(to, callback) {
		one.at, err = url.Parse(to)
		one.h.must(err)
	}
	return one
}

func (one *person) get(address string) *person {
	one.h.t.Helper()
	one.asked = nil
	return one.send(http.MethodGet, address, nil)
}

// post sends a form to the page that is shown.
func (one *person) post(pairs ...string) *person {
	one.h.t.Helper()
	return one.send(http.MethodPost, one.at.Path, formOf(pairs))
}

// direct posts to an address whose page was never opened.
func (one *person) direct(address string, pairs ...string) *person {
	one.h.t.Helper()
	one.asked = nil
	return one.send(http.MethodPost, address, formOf(pairs))
}

func formOf(pairs []string) url.Values {
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return form
}

// proves shows what the pages of a sign-in ask for, until another page comes.
func (one *person) proves() *person {
	one.h.t.Helper()
	for range 6 {
		switch {
		case !strings.Contains(one.at.Path, "/login/"):
			return one
		case strings.Contains(one.body, `id="username"`):
			one.asked = append(one.asked, "name")
			one.post("username", one.Username, "password", secret)
		case strings.Contains(one.body, `id="password"`):
			one.asked = append(one.asked, "password")
			one.post("password", secret)
		case strings.Contains(one.body, `id="code"`) && !strings.Contains(one.body, "otpauth:"):
			one.asked = append(one.asked, "code")
			one.post("code", one.code(one.key))
		case strings.Contains(one.body, "data-key=") && !strings.Contains(one.body, `data-create="1"`):
			one.asked = append(one.asked, "key")
			one.post("act", "choose", "factor", factors.OTP)
		default:
			return one
		}
	}
	one.h.t.Fatalf("no end of pages: %v\n%s", one.asked, one.body)
	return one
}

// is checks the page that is shown.
func (one *person) is(status int, path string, says ...string) *person {
	one.h.t.Helper()
	if one.status != status || !strings.HasPrefix(one.at.Path, "/tenant"+path) {
		one.h.t.Fatalf("%d at %s, want %d at %s\n%s", one.status, one.at, status, path, one.body)
	}
	for _, text := range says {
		if !strings.Contains(one.body, text) {
			one.h.t.Fatalf("%s does not say %q:\n%s", one.at, text, one.body)
		}
	}
	return one
}

func (one *person) wasAsked(want ...string) *person {
	one.h.t.Helper()
	if !slices.Equal(one.asked, want) {
		one.h.t.Errorf("at %s: asked for %v, want %v", one.at, one.asked, want)
	}
	return one
}

// authenticators are the person's, by factor.
func (one *person) authenticators(factor string) []*factors.Authenticator {
	one.h.t.Helper()
	all, err := one.h.db.Authenticators(one.h.t.Context(), one.ID)
	one.h.must(err)
	return slices.DeleteFunc(all, func(a *factors.Authenticator) bool { return a.Factor != factor })
}
