// Package provider owns the site: the one mux in which every route of Sallyport is
// found, and what holds for all of them. It knows which routes belong to people's
// browsers and which to programs, and gives each group its protection; it does not
// know what any route does. The rooms below it (oidc, and later mfaapi, device,
// management, account) mount their own handlers and never see one another.
//
//	request → visit (id, real address, log, metrics, panic) → headers, body limit
//	        → browser: cross-origin check → flows, oidc pages, assets
//	        → api:     CORS, no cookies   → oidc endpoints
//	        → neither: 404 or 405, as a page or as JSON
package provider

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"

	"github.com/sallyport-id/sallyport/themes"
)

// A Room mounts its routes: those that people's browsers visit with cookies on
// browser, those that programs call on api. Patterns are below the issuer's path and
// name their method. Its handlers build links from the issuer, never from the Host
// header.
type Room func(browser, api *http.ServeMux)

// Options say what the site is made of.
type Options struct {
	Issuer *url.URL // public address; its path, if any, is the prefix of every route
	Rooms  []Room
	Themes *themes.Renderer
	// Ready reports why the provider cannot serve now, nil if it can: usually the
	// database's ping. It has 2 s.
	Ready func(context.Context) error
	// Proxies are the addresses whose X-Forwarded-For and X-Request-Id are believed.
	Proxies []netip.Prefix
	// MaxBody is the largest accepted request body in bytes, 0 for 256 KiB.
	MaxBody int64
	// Larger are the routes of the api group that take larger bodies, by pattern, in bytes.
	Larger map[string]int64
	// CrossSite are browser patterns that other sites may post to: endpoints whose
	// specification says so and which change nothing by themselves.
	CrossSite []string
	Metrics   prometheus.Registerer // nil: none
	Tracing   bool                  // make OpenTelemetry spans with the global tracer provider
	Logger    *slog.Logger
	Now       func() time.Time
}

// A Site is the handler of the whole provider.
type Site struct {
	opts    Options
	prefix  string // of the issuer's path, without the last slash
	browser *http.ServeMux
	api     *http.ServeMux
	groups  map[*http.ServeMux]http.Handler
	visits  http.Handler
	metrics *metrics
	health  health
}

// New builds the site. It panics where two rooms claim one pattern, as ServeMux does.
func New(opts Options) (*Site, error) {
	if opts.Issuer == nil || opts.Issuer.Host == "" {
		return nil, errors.New("provider: Issuer has to be an absolute URL")
	}
	if opts.MaxBody == 0 {
		opts.MaxBody = 256 << 10
	}
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	s := &Site{
		opts:    opts,
		prefix:  strings.TrimSuffix(opts.Issuer.Path, "/"),
		browser: http.NewServeMux(),
		api:     http.NewServeMux(),
	}
	for _, mount := range opts.Rooms {
		mount(s.browser, s.api)
	}
	s.browser.Handle("GET /assets/", opts.Themes.Assets())
	guard, err := s.crossOrigin()
	if err != nil {
		return nil, err
	}
	s.groups = map[*http.ServeMux]http.Handler{
		s.browser: guard.Handler(s.browser),
		s.api:     crossOriginReads(withoutCookies(s.api)),
	}
	if s.metrics, err = newMetrics(opts.Metrics); err != nil {
		return nil, err
	}
	s.visits = http.HandlerFunc(s.visit)
	if opts.Tracing {
		s.visits = otelhttp.NewHandler(s.visits, "sallyport", otelhttp.WithFilter(worthASpan),
			otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string { return s.find(r).name(r) }))
	}
	return s, nil
}

// ServeHTTP implements http.Handler.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.visits.ServeHTTP(w, r) }

// A route is where a request goes: a group of the site with the pattern that matched
// there, or neither.
type route struct {
	mux     *http.ServeMux
	pattern string
}

// name is the route as logs, spans and metrics call it. It never holds a value from
// the address, which may be a secret.
func (f route) name(r *http.Request) string {
	if f.pattern != "" {
		return f.pattern
	}
	return r.Method + " unmatched"
}

// find looks r up without serving it. A preflight goes where the request that it
// announces will go.
func (s *Site) find(r *http.Request) route {
	if h := s.fixed(r); h != nil {
		return route{pattern: r.Method + " " + r.URL.Path}
	}
	inner, ok := s.below(r)
	if !ok {
		return route{}
	}
	if method := r.Header.Get("Access-Control-Request-Method"); r.Method == http.MethodOptions && method != "" {
		announced := *inner
		announced.Method = method
		inner = &announced
	}
	for _, mux := range []*http.ServeMux{s.api, s.browser} {
		if _, pattern := mux.Handler(inner); pattern != "" {
			return route{mux: mux, pattern: pattern}
		}
	}
	return route{}
}

// below is r with the issuer's path taken off, and whether r is below it at all. The
// authorization server metadata of an issuer with a path stands outside of it
// (RFC 8414 §3.1).
func (s *Site) below(r *http.Request) (*http.Request, bool) {
	const metadata = "/.well-known/oauth-authorization-server"
	path := r.URL.Path
	switch {
	case s.prefix == "":
		return r, true
	case path == metadata+s.prefix || path == metadata+s.prefix+"/":
		path = metadata
	case path == s.prefix:
		path = "/"
	case strings.HasPrefix(path, s.prefix+"/"):
		path = strings.TrimPrefix(path, s.prefix)
	default:
		return nil, false
	}
	inner := *r
	address := *r.URL
	address.Path, address.RawPath = path, ""
	inner.URL = &address
	return &inner, true
}

// serve hands r to its group, or says that there is nothing.
func (s *Site) serve(w http.ResponseWriter, r *http.Request, f route) {
	if h := s.fixed(r); h != nil {
		h(w, r)
		return
	}
	inner, ok := s.below(r)
	if ok && f.mux != nil {
		s.groups[f.mux].ServeHTTP(w, inner)
		return
	}
	if ok {
		if allowed := s.methods(inner); len(allowed) > 0 {
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			s.fail(w, r, http.StatusMethodNotAllowed, "this address does not take "+r.Method)
			return
		}
	}
	s.fail(w, r, http.StatusNotFound, "there is nothing at this address")
}

// methods are those that some route takes at r's path.
func (s *Site) methods(r *http.Request) []string {
	var allowed []string
	probe := *r
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} {
		probe.Method = method
		_, a := s.api.Handler(&probe)
		_, b := s.browser.Handler(&probe)
		if a != "" || b != "" {
			allowed = append(allowed, method)
		}
	}
	return allowed
}
