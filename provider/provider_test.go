package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/sallyport-id/sallyport/themes"
)

// site is a Site with a few routes that show what reaches a handler.
func site(t *testing.T, change func(*Options)) (*Site, *bytes.Buffer) {
	t.Helper()
	pages, err := themes.New(themes.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	opts := Options{
		Issuer: &url.URL{Scheme: "https", Host: "id.example", Path: "/"}, Themes: pages,
		Rooms: []Room{func(browser, api *http.ServeMux) { mount(t, browser, api) }}, CrossSite: []string{"POST /authorize"},
		Logger: slog.New(slog.NewJSONHandler(&log, nil)),
	}
	if change != nil {
		change(&opts)
	}
	s, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return s, &log
}

func mount(t *testing.T, browser, api *http.ServeMux) {
	echo := func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		err = json.NewEncoder(w).Encode(map[string]any{
			"path": r.URL.Path, "address": Address(r).String(), "id": RequestID(r.Context()),
			"headers": r.Header, "size": len(body),
		})
		if err != nil {
			t.Error(err)
		}
	}
	browser.HandleFunc("GET /login/{id}", echo)
	browser.HandleFunc("POST /login/{id}", echo)
	browser.HandleFunc("GET /authorize", echo)
	browser.HandleFunc("POST /authorize", echo)
	browser.HandleFunc("GET /panic", func(http.ResponseWriter, *http.Request) { panic("secret-of-the-stack") })
	browser.HandleFunc("GET /half", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half")
		panic("late")
	})
	api.HandleFunc("POST /token", echo)
	api.HandleFunc("GET /.well-known/openid-configuration", echo)
	api.HandleFunc("GET /.well-known/oauth-authorization-server", echo)
}

type seen struct {
	Path, Address, ID string
	Headers           http.Header
	Size              int
}

func call(s http.Handler, method, target string, body io.Reader, headers ...string) (*httptest.ResponseRecorder, seen) {
	r := httptest.NewRequest(method, target, body)
	r.RemoteAddr = "192.0.2.7:1234"
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	var got seen
	_ = json.Unmarshal(w.Body.Bytes(), &got) // not every answer is JSON
	return w, got
}

func TestCrossSitePosts(t *testing.T) {
	s, _ := site(t, nil)
	for _, row := range []struct {
		target, fetch, origin string
		want                  int
	}{
		{"/login/1", "cross-site", "https://evil.example", 403},
		{"/login/1", "same-site", "https://sub.id.example", 403},
		{"/login/1", "", "https://evil.example", 403},
		{"/login/1", "", "null", 403},
		{"/login/1", "same-origin", "https://id.example", 200},
		{"/login/1", "none", "", 200},
		{"/login/1", "", "https://id.example", 200}, // behind a proxy that rewrites Host
		{"/login/1", "", "", 200},                   // no browser
		{"/authorize", "cross-site", "https://rp.example", 200},
		{"/token", "cross-site", "https://rp.example", 200},
	} {
		headers := []string{"Sec-Fetch-Site", row.fetch, "Origin", row.origin}
		w, _ := call(s, "POST", "http://internal:8080"+row.target, strings.NewReader("a=b"), headers...)
		if w.Code != row.want {
			t.Errorf("POST %s from %q (%q): %d, want %d", row.target, row.origin, row.fetch, w.Code, row.want)
		}
	}
}

func TestCORE34CORSOnTheAPIGroupOnly(t *testing.T) {
	s, _ := site(t, nil)
	w, _ := call(s, "OPTIONS", "/token", nil, "Origin", "https://spa.example",
		"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "auth0-client,authorization,content-type,dpop")
	if w.Header().Get("Access-Control-Allow-Origin") != "*" || w.Header().Get("Access-Control-Allow-Credentials") != "" || w.Code >= 300 {
		t.Errorf("preflight: %d %v", w.Code, w.Header())
	}
	w, _ = call(s, "POST", "/token", strings.NewReader(""), "Origin", "https://spa.example")
	if w.Header().Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("request: %v", w.Header())
	}
	for _, method := range []string{"GET", "OPTIONS"} {
		w, _ = call(s, method, "/authorize", nil, "Origin", "https://spa.example", "Access-Control-Request-Method", "GET")
		if w.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s /authorize allows other origins: %v", method, w.Header())
		}
	}
}

func TestNoCookiesInTheAPIGroup(t *testing.T) {
	s, _ := site(t, nil)
	if _, got := call(s, "POST", "/token", nil, "Cookie", "session=1"); got.Headers.Get("Cookie") != "" {
		t.Error("the api group sees cookies")
	}
	if _, got := call(s, "GET", "/login/1", nil, "Cookie", "session=1"); got.Headers.Get("Cookie") == "" {
		t.Error("the browser group sees no cookies")
	}
}

func TestBCP12Headers(t *testing.T) {
	s, _ := site(t, nil)
	for _, target := range []string{"/login/1", "/nothing", "/panic", "/token", "/healthz"} {
		for _, accept := range []string{"text/html", "*/*"} {
			w, _ := call(s, "GET", target, nil, "Accept", accept)
			h := w.Header()
			csp := h.Get("Content-Security-Policy")
			if h.Get("X-Frame-Options") != "DENY" || !strings.Contains(csp, "frame-ancestors 'none'") || !strings.Contains(csp, "default-src 'none'") ||
				h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") == "" ||
				h.Get("Strict-Transport-Security") == "" || !strings.Contains(h.Get("Cache-Control"), "no-store") {
				t.Errorf("%s (%s): %v", target, accept, h)
			}
		}
	}
	plain, _ := site(t, func(o *Options) { o.Issuer = &url.URL{Scheme: "http", Host: "127.0.0.1:8080", Path: "/"} })
	if w, _ := call(plain, "GET", "/login/1", nil); w.Header().Get("Strict-Transport-Security") != "" {
		t.Error("HSTS over http")
	}
}

func TestBCP15RealAddress(t *testing.T) {
	s, _ := site(t, func(o *Options) {
		o.Proxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/32")}
	})
	direct, _ := site(t, nil)
	for _, row := range []struct {
		s    *Site
		xff  []string
		want string
	}{
		{direct, []string{"203.0.113.9"}, "192.0.2.7"}, // not from a proxy of ours
		{s, nil, "192.0.2.7"},
		{s, []string{"203.0.113.9"}, "203.0.113.9"},
		{s, []string{"10.9.9.9, 203.0.113.9"}, "203.0.113.9"}, // the left one is what the client wrote
		{s, []string{"10.9.9.9", "203.0.113.9, 2001:db8::1"}, "203.0.113.9"},
		{s, []string{"203.0.113.9, 192.0.2.50"}, "203.0.113.9"},
		{s, []string{"rubbish"}, "192.0.2.7"},
		{s, []string{"203.0.113.9, rubbish"}, "192.0.2.7"},
		{s, []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
	} {
		var headers []string
		for _, v := range row.xff {
			headers = append(headers, "X-Forwarded-For", v)
		}
		headers = append(headers, "X-Forwarded-Host", "evil.example", "X-Ssl-Client-Cert", "x", "Forwarded", "for=1", "X-Real-Ip", "1.1.1.1")
		_, got := call(row.s, "GET", "/login/1", nil, headers...)
		if got.Address != row.want {
			t.Errorf("X-Forwarded-For %q: %s, want %s", row.xff, got.Address, row.want)
		}
		for name := range got.Headers {
			if strings.HasPrefix(name, "X-Forwarded") || strings.HasPrefix(name, "X-Ssl") || name == "Forwarded" || name == "X-Real-Ip" {
				t.Errorf("a handler sees %s", name)
			}
		}
	}
}

func TestRequestIDs(t *testing.T) {
	s, log := site(t, nil)
	w, got := call(s, "GET", "/login/1", nil, "X-Request-Id", "from-a-stranger")
	if got.ID == "" || got.ID == "from-a-stranger" || w.Header().Get("X-Request-Id") != got.ID || !strings.Contains(log.String(), got.ID) {
		t.Errorf("id %q, header %q", got.ID, w.Header().Get("X-Request-Id"))
	}
	behind, _ := site(t, func(o *Options) { o.Proxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} })
	if _, got := call(behind, "GET", "/login/1", nil, "X-Request-Id", "from-the-proxy"); got.ID != "from-the-proxy" {
		t.Errorf("id %q", got.ID)
	}
	if _, got := call(behind, "GET", "/login/1", nil, "X-Request-Id", "new\nline"); strings.Contains(got.ID, "\n") {
		t.Errorf("id %q", got.ID)
	}
}

func TestTheLogHasNoAddresses(t *testing.T) {
	s, log := site(t, nil)
	call(s, "GET", "/login/login-secret?code=query-secret", nil)
	call(s, "GET", "/nothing/path-secret", nil)
	if strings.Contains(log.String(), "secret") || strings.Count(log.String(), `"msg":"request"`) != 2 ||
		!strings.Contains(log.String(), `"route":"GET /login/{id}"`) {
		t.Errorf("log:\n%s", log)
	}
}

func TestR28PanicEndsOneRequest(t *testing.T) {
	reg := prometheus.NewRegistry()
	s, log := site(t, func(o *Options) { o.Metrics = reg })
	w, _ := call(s, "GET", "/panic", nil, "Accept", "text/html")
	id := w.Header().Get("X-Request-Id")
	if w.Code != 500 || !strings.Contains(w.Body.String(), id) || strings.Contains(w.Body.String(), "secret-of-the-stack") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if !strings.Contains(log.String(), "secret-of-the-stack") || !strings.Contains(log.String(), id) {
		t.Errorf("log:\n%s", log)
	}
	if w, _ := call(s, "GET", "/half", nil); w.Body.String() != "half" {
		t.Errorf("a late panic wrote into the answer: %s", w.Body)
	}
	if w, _ := call(s, "GET", "/login/1", nil); w.Code != 200 {
		t.Errorf("afterwards: %d", w.Code)
	}
	if _, n := gathered(t, reg, "sallyport_http_panics_total"); n != 2 {
		t.Errorf("%v panics counted", n)
	}
}

func TestMetricsHaveBoundedSeries(t *testing.T) {
	reg := prometheus.NewRegistry()
	s, _ := site(t, func(o *Options) { o.Metrics = reg })
	for _, target := range []string{"/login/1", "/login/2", "/a", "/b", "/c"} {
		call(s, "GET", target, nil)
	}
	call(s, "BREW", "/d", nil)
	if n, _ := gathered(t, reg, "sallyport_http_request_duration_seconds"); n != 2 {
		t.Errorf("%d series, want one for the route and one for what matches none", n)
	}
}

// gathered is the number of series of a metric and the sum of its counters.
func gathered(t *testing.T, reg *prometheus.Registry, name string) (series int, sum float64) {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			series++
			sum += m.GetCounter().GetValue()
		}
	}
	return series, sum
}

func TestT34Bodies(t *testing.T) {
	s, _ := site(t, func(o *Options) { o.MaxBody = 1000 })
	small, large := strings.Repeat("a", 1000), strings.Repeat("a", 1001)
	for _, row := range []struct {
		body io.Reader
		want int
	}{
		{strings.NewReader(small), 200},
		{strings.NewReader(large), 413},
		{struct{ io.Reader }{strings.NewReader(small)}, 200}, // of unknown length
		{struct{ io.Reader }{strings.NewReader(large)}, 413},
		{struct{ io.Reader }{io.LimitReader(zeros{}, 1<<30)}, 413},
	} {
		if w, _ := call(s, "POST", "/token", row.body); w.Code != row.want {
			t.Errorf("%d, want %d", w.Code, row.want)
		}
	}
	if w, _ := call(s, "POST", "/token", strings.NewReader(small), "Content-Encoding", "gzip"); w.Code != 415 {
		t.Errorf("packed: %d", w.Code)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func TestNotFoundAndMethod(t *testing.T) {
	s, _ := site(t, nil)
	w, _ := call(s, "GET", "/nothing", nil, "Accept", "text/html")
	if w.Code != 404 || !strings.Contains(w.Body.String(), "<html") {
		t.Errorf("page: %d %s", w.Code, w.Body)
	}
	w, _ = call(s, "GET", "/nothing", nil)
	if w.Code != 404 || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("program: %d %v", w.Code, w.Header())
	}
	w, _ = call(s, "DELETE", "/login/1", nil)
	if w.Code != 405 || w.Header().Get("Allow") != "GET, HEAD, POST" {
		t.Errorf("method: %d, Allow %q", w.Code, w.Header().Get("Allow"))
	}
	if w, _ = call(s, "GET", "/token", nil); w.Code != 405 || w.Header().Get("Allow") != "POST" {
		t.Errorf("token: %d, Allow %q", w.Code, w.Header().Get("Allow"))
	}
}

func TestDISC01IssuerWithPath(t *testing.T) {
	s, _ := site(t, func(o *Options) { o.Issuer = &url.URL{Scheme: "https", Host: "id.example", Path: "/tenant/"} })
	for target, want := range map[string]string{
		"/tenant/login/1":                                 "/login/1",
		"/tenant/.well-known/openid-configuration":        "/.well-known/openid-configuration",
		"/.well-known/oauth-authorization-server/tenant":  "/.well-known/oauth-authorization-server",
		"/.well-known/oauth-authorization-server/tenant/": "/.well-known/oauth-authorization-server",
	} {
		if w, got := call(s, "GET", target, nil); w.Code != 200 || got.Path != want {
			t.Errorf("%s: %d %s", target, w.Code, got.Path)
		}
	}
	for _, target := range []string{"/login/1", "/tenantlogin/1", "/.well-known/openid-configuration"} {
		if w, _ := call(s, "GET", target, nil); w.Code != 404 {
			t.Errorf("%s: %d", target, w.Code)
		}
	}
}

func TestT15NoOpenRedirectFromOddPaths(t *testing.T) {
	s, _ := site(t, nil)
	for _, target := range []string{"//evil.example/%2e%2e", "/\\evil.example", "/%2f%2fevil.example", "/login/../../evil.example", "//evil.example"} {
		w, _ := call(s, "GET", target, nil)
		if to := w.Header().Get("Location"); to != "" {
			if u, err := url.Parse(to); err != nil || u.Host != "" || strings.HasPrefix(to, "//") || strings.Contains(to, `\`) {
				t.Errorf("%s redirects to %q", target, to)
			}
		}
	}
}

func TestHealth(t *testing.T) {
	var down error
	s, _ := site(t, func(o *Options) { o.Ready = func(context.Context) error { return down } })
	status := func(target string) int { w, _ := call(s, "GET", target, nil); return w.Code }
	if status("/healthz") != 200 || status("/readyz") != 200 || status("/robots.txt") != 200 {
		t.Error("not healthy at the start")
	}
	down = errors.New("gone")
	if status("/healthz") != 200 || status("/readyz") != 503 {
		t.Error("R-04: liveness has to stay green and readiness turn red without a database")
	}
	down = nil
	s.Drain()
	if status("/healthz") != 200 || status("/readyz") != 503 || status("/login/1") != 200 {
		t.Error("R-15: draining turns readiness red and goes on serving")
	}
}

// Addresses are secrets on some routes, and traces go elsewhere.
func TestTracesKnowNoAddress(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	before := otel.GetTracerProvider()
	otel.SetTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)))
	t.Cleanup(func() { otel.SetTracerProvider(before) })
	s, _ := site(t, func(o *Options) {
		o.Tracing = true
		o.Rooms = append(o.Rooms, func(browser, _ *http.ServeMux) {
			browser.HandleFunc("GET /link/{token}", func(http.ResponseWriter, *http.Request) {})
		})
	})
	s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/link/s3cret", nil))
	ended := spans.Ended()
	if len(ended) != 1 || ended[0].Name() != "GET /link/{token}" {
		t.Fatalf("%v", ended)
	}
	for _, a := range ended[0].Attributes() {
		if strings.Contains(a.Value.String(), "s3cret") {
			t.Errorf("%s is %s", a.Key, a.Value.String())
		}
	}
}
