package provider

import (
	"context"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// health is what load balancers ask. Draining makes readiness red while requests are
// still served, so that they send no new ones.
type health struct{ draining atomic.Bool }

// Drain turns readiness red for good. Requests are still answered.
func (s *Site) Drain() { s.health.draining.Store(true) }

// fixed are the routes of the machine itself. They stand at the root of the host
// whatever the issuer's path is, and cost no look at the database but readiness.
func (s *Site) fixed(r *http.Request) http.HandlerFunc {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return nil
	}
	switch r.URL.Path {
	case "/healthz":
		return func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok\n") }
	case "/readyz":
		return s.readyz
	case "/robots.txt":
		return func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "User-agent: *\nDisallow: /\n") }
	}
	return nil
}

func (s *Site) readyz(w http.ResponseWriter, r *http.Request) {
	if s.health.draining.Load() {
		plain(w, http.StatusServiceUnavailable, "shutting down\n")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	if s.opts.Ready != nil {
		if err := s.opts.Ready(ctx); err != nil {
			s.opts.Logger.WarnContext(r.Context(), "not ready", "error", err)
			plain(w, http.StatusServiceUnavailable, "the database does not answer\n")
			return
		}
	}
	plain(w, http.StatusOK, "ready\n")
}

// worthASpan keeps health checks out of traces.
func worthASpan(r *http.Request) bool {
	return r.URL.Path != "/healthz" && r.URL.Path != "/readyz"
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}
