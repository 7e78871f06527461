package push

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/factors/standin"
)

// A browsers is the other side of Web Push: a push service with its browsers.
type browsers struct {
	service standin.PushService
	config  WebPush
	mu      sync.Mutex
	got     []standin.Pushed
}

func openBrowsers(t *testing.T) *browsers {
	t.Helper()
	b := &browsers{}
	b.service.Got = func(p standin.Pushed) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.got = append(b.got, p)
	}
	server := httptest.NewServer(&b.service)
	t.Cleanup(server.Close)
	key, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	b.config = WebPush{PrivateKey: key, Subject: "mailto:admin@acme.example", Services: pushServices(), BaseURL: server.URL}
	return b
}

func (b *browsers) sender(t *testing.T) *webPush {
	t.Helper()
	w, err := b.config.open()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (b *browsers) subscribe(t *testing.T, key string) (subscription, token string) {
	t.Helper()
	text, err := b.service.Subscribe(key)
	if err != nil {
		t.Fatal(err)
	}
	var s struct{ Endpoint string }
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	return text, path.Base(s.Endpoint)
}

func aNote() note {
	return note{ID: "txn_1", Title: "Acme", Body: "Is it you?", Data: []byte(`{"txn":"t1"}`), Expires: time.Now().Add(90 * time.Second)}
}

func TestWebPush(t *testing.T) {
	b := openBrowsers(t)
	w := b.sender(t)
	s, token := b.subscribe(t, w.public)
	again := aNote()
	again.ID = "txn_2"
	for _, n := range []note{aNote(), aNote(), again} {
		if err := w.send(t.Context(), "WEBPUSH", s, n); err != nil {
			t.Fatal(err)
		}
	}
	if len(b.got) != 3 {
		t.Fatalf("%d messages", len(b.got))
	}
	p := b.got[0]
	if p.Err != nil || string(p.Data) != `{"id":"txn_1","title":"Acme","body":"Is it you?","data":{"txn":"t1"}}` {
		t.Errorf("%s, %v", p.Data, p.Err)
	}
	if p.Token != token || p.TTL != 90*time.Second || p.Urgency != "high" || p.Subject != "mailto:admin@acme.example" || len(p.Topic) != 32 {
		t.Errorf("%+v", p)
	}
	if b.got[1].Topic != p.Topic || b.got[2].Topic == p.Topic {
		t.Errorf("topics %q, %q, %q", p.Topic, b.got[1].Topic, b.got[2].Topic)
	}
}

// Without base_url, on TLS, at a host with a port that is on the list.
func TestWebPushItself(t *testing.T) {
	b := openBrowsers(t)
	server := httptest.NewTLSServer(&b.service)
	defer server.Close()
	b.service.Origin, b.config.BaseURL = server.URL, ""
	b.config.Subject, b.config.Services = "https://acme.example/abuse", []string{strings.TrimPrefix(server.URL, "https://")}
	w := b.sender(t)
	w.http.Transport = server.Client().Transport
	s, _ := b.subscribe(t, w.public)
	if err := w.send(t.Context(), "WEBPUSH", s, aNote()); err != nil {
		t.Fatal(err)
	}
	if len(b.got) != 1 || b.got[0].Err != nil || b.got[0].Subject != "https://acme.example/abuse" {
		t.Errorf("%+v", b.got)
	}
}

// What each failure means for another attempt.
func TestWebPushFailures(t *testing.T) {
	always := func(f standin.Fault) func(*browsers, *webPush, string, *note) {
		return func(b *browsers, _ *webPush, _ string, _ *note) { b.service.Faults.Always(f) }
	}
	for name, c := range map[string]struct {
		spoil func(*browsers, *webPush, string, *note)
		want  error // nil: nobody knows
	}{
		"too many":                   {always(standin.Fault{Status: 429}), factors.ErrUnsent},
		"broken":                     {always(standin.Fault{Status: 500}), factors.ErrUnsent},
		"overloaded":                 {always(standin.Fault{Status: 503}), factors.ErrUnsent},
		"not understood":             {always(standin.Fault{Status: 400}), factors.ErrUndeliverable},
		"too large for the service":  {always(standin.Fault{Status: 413}), factors.ErrUndeliverable},
		"an answer of no standard":   {always(standin.Fault{Status: 418}), nil},
		"dropped before it is taken": {always(standin.Fault{Drop: true}), nil},
		"taken, and then dropped":    {always(standin.Fault{Drop: true, After: true}), nil},
		"the browser is gone": {func(b *browsers, _ *webPush, token string, _ *note) {
			b.service.Unsubscribe(token)
		}, factors.ErrUndeliverable},
		"subscribed with another key": {func(b *browsers, w *webPush, _ string, _ *note) {
			w.config.PrivateKey, _ = NewKey()
			w.public, _ = w.config.PublicKey()
		}, factors.ErrUndeliverable},
		"too late":  {func(_ *browsers, _ *webPush, _ string, n *note) { n.Expires = time.Now() }, factors.ErrUndeliverable},
		"too large": {func(_ *browsers, _ *webPush, _ string, n *note) { n.Body = strings.Repeat("x", recordSize) }, factors.ErrUndeliverable},
		"no object": {func(_ *browsers, _ *webPush, _ string, n *note) { n.Data = []byte("{") }, factors.ErrUndeliverable},
		"no key":    {func(_ *browsers, w *webPush, _ string, _ *note) { w.public = "" }, factors.ErrUndeliverable},
		"slow": {func(b *browsers, w *webPush, _ string, _ *note) {
			b.service.Faults.Always(standin.Fault{Wait: time.Minute})
			w.http.Timeout = 50 * time.Millisecond
		}, nil},
		"nobody there": {func(_ *browsers, w *webPush, _ string, _ *note) {
			w.http.Transport = rerouted{&url.URL{Scheme: "http", Host: "127.0.0.1:1"}}
		}, factors.ErrUnsent},
	} {
		t.Run(name, func(t *testing.T) {
			b := openBrowsers(t)
			w := b.sender(t)
			s, token := b.subscribe(t, w.public)
			n := aNote()
			c.spoil(b, w, token, &n)
			err := w.send(t.Context(), "WEBPUSH", s, n)
			sure := errors.Is(err, factors.ErrUnsent) || errors.Is(err, factors.ErrUndeliverable)
			switch {
			case err == nil:
				t.Error("no error")
			case c.want == nil && sure || c.want != nil && !errors.Is(err, c.want):
				t.Errorf("%v, want %v", err, c.want)
			case strings.Contains(err.Error(), token) || strings.Contains(err.Error(), n.Title):
				t.Errorf("the error tells too much: %v", err)
			}
		})
	}
}

// A push service that sends elsewhere is not followed.
func TestWebPushRedirect(t *testing.T) {
	b := openBrowsers(t)
	followed := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/inside" {
			followed = true
		}
		http.Redirect(w, r, "/inside", http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	b.config.BaseURL = server.URL
	w := b.sender(t)
	s, _ := b.subscribe(t, w.public)
	if err := w.send(t.Context(), "WEBPUSH", s, aNote()); err == nil || followed {
		t.Errorf("%v, followed: %t", err, followed)
	}
}

// The endpoint is what a browser says, and so what anybody says.
func TestSubscription(t *testing.T) {
	b := openBrowsers(t)
	w := b.sender(t)
	good, _ := b.subscribe(t, w.public)
	var s map[string]any
	if err := json.Unmarshal([]byte(good), &s); err != nil {
		t.Fatal(err)
	}
	keys := s["keys"]
	refused := func(endpoint string, keys any, want bool) {
		t.Helper()
		text, err := json.Marshal(map[string]any{"endpoint": endpoint, "keys": keys})
		if err != nil {
			t.Fatal(err)
		}
		err = w.checkSubscription(string(text))
		if (err != nil) != want {
			t.Errorf("%s: %v", endpoint, err)
		}
		if err == nil {
			return
		}
		if sent := w.send(t.Context(), "WEBPUSH", string(text), aNote()); !errors.Is(sent, factors.ErrUndeliverable) {
			t.Errorf("%s is sent to: %v", endpoint, sent)
		}
		if strings.Contains(err.Error(), "secret-path") {
			t.Errorf("the error tells the endpoint: %v", err)
		}
	}
	for _, endpoint := range []string{
		"https://fcm.googleapis.com/fcm/send/a:b", "https://jmt17.google.com/fcm/send/a:b", "https://updates.push.services.mozilla.com/wpush/v2/x",
		"https://wns2-par02p.notify.windows.com/w/?token=x", "https://web.push.apple.com/x",
	} {
		refused(endpoint, keys, false)
	}
	for _, endpoint := range []string{
		"", "/secret-path", "http://fcm.googleapis.com/secret-path", "https://127.0.0.1/secret-path", "https://fcm.googleapis.com:8443/secret-path",
		"https://fcm.googleapis.com@127.0.0.1/secret-path", "https://x@fcm.googleapis.com/secret-path", "https://fcm.googleapis.com.evil.example/secret-path",
		"https://evilpush.apple.com.example/secret-path", "https://xpush.apple.com/secret-path", "https://push.apple.com/secret-path", "https://.push.apple.com:1/secret-path",
		"https://script.google.com/secret-path", "https://[::1]/secret-path", "https://169.254.169.254/secret-path", "file:///secret-path", "https://fcm.googleapis.com/x#secret-path",
	} {
		refused(endpoint, keys, true)
	}
	point := strings.Repeat("A", 87)
	for _, keys := range []any{nil, map[string]string{}, map[string]string{"p256dh": point, "auth": "BTBZMqHH6r4Tts7J_aSIgg"}, map[string]string{"p256dh": w.public, "auth": "AA"}} {
		refused("https://fcm.googleapis.com/x", keys, true)
	}
	for _, text := range []string{"", "null", "[]", "x", `{"endpoint":1}`, `{"endpoint":"https://fcm.googleapis.com/` + strings.Repeat("x", longestSubscription) + `"}`} {
		if w.checkSubscription(text) == nil {
			t.Errorf("%.40s is taken", text)
		}
	}
}

func TestWebPushSettings(t *testing.T) {
	for want, change := range map[string]func(*WebPush){
		"private_key: is no base64url":                func(c *WebPush) { c.PrivateKey = "!" },
		"private_key: is no key":                      func(c *WebPush) { c.PrivateKey = "AAAA" },
		"subject: is no address":                      func(c *WebPush) { c.Subject = "admin@acme.example" },
		"services: \"https://push.example\" is":       func(c *WebPush) { c.Services = []string{"https://push.example"} },
		"services: \"*\" is":                          func(c *WebPush) { c.Services = []string{"*"} },
		"services: \"*.com\" is":                      func(c *WebPush) { c.Services = []string{"*.com"} },
		"services: \"push.*.example\" is":             func(c *WebPush) { c.Services = []string{"push.*.example"} },
		"services: \"\" is":                           func(c *WebPush) { c.Services = []string{""} },
		"base_url: \"http://push.example\" is":        func(c *WebPush) { c.BaseURL = "http://push.example" },
		"base_url: \"push\" is":                       func(c *WebPush) { c.BaseURL = "push" },
		"services: \"Push.example\" is no host; use ": func(c *WebPush) { c.Services = []string{"Push.example"} },
	} {
		b := openBrowsers(t)
		change(&b.config)
		if _, err := b.config.open(); err == nil || !strings.Contains(err.Error(), "web_push."+want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	off := WebPush{Services: pushServices()}
	if w, err := off.open(); err != nil || w.public != "" {
		t.Errorf("%+v, %v", w, err)
	}
}

func FuzzSubscription(f *testing.F) {
	f.Add("https://fcm.googleapis.com/x")
	f.Add("https://a.push.apple.com@127.0.0.1/")
	f.Add("https://127.0.0.1\\.push.apple.com/")
	key, err := NewKey()
	if err != nil {
		f.Fatal(err)
	}
	config := WebPush{PrivateKey: key, Subject: "mailto:a@b.example", Services: pushServices()}
	w, err := config.open()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, endpoint string) {
		text, err := json.Marshal(map[string]any{"endpoint": endpoint, "keys": map[string]string{"p256dh": w.public, "auth": "BTBZMqHH6r4Tts7J_aSIgg"}})
		if err != nil || w.checkSubscription(string(text)) != nil {
			return
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, endpoint, nil)
		if err != nil || r.URL.Scheme != "https" || !config.uses(r.URL.Hostname()) || r.URL.Port() != "" {
			t.Errorf("%q goes to %v, %v", endpoint, r, err)
		}
	})
}
