package provider

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// visited is what the site knows of the request being served.
type visited struct {
	id      string
	address netip.Addr
}

type visitedKey struct{}

// RequestID is the id under which the log has the request that ctx belongs to, empty
// outside of one. Error pages show it.
func RequestID(ctx context.Context) string {
	v, _ := ctx.Value(visitedKey{}).(visited)
	return v.id
}

// Address is where r really came from: the peer, or what trusted proxies say of it.
// Limits, sessions and the audit log use this one and no header.
func Address(r *http.Request) netip.Addr {
	if v, ok := r.Context().Value(visitedKey{}).(visited); ok {
		return v.address
	}
	return peer(r)
}

// visit serves one request and accounts for it: one log line, one observation, and
// whatever a handler does, the process lives.
func (s *Site) visit(w http.ResponseWriter, r *http.Request) {
	start := s.opts.Now()
	f := s.find(r)
	v := visited{address: s.realAddress(r)}
	v.id = s.requestID(r)
	stripForwarded(r.Header)
	r = r.WithContext(context.WithValue(r.Context(), visitedKey{}, v))
	seen := &answer{ResponseWriter: w}
	s.setHeaders(seen.Header(), v.id)
	defer func() {
		if fault := recover(); fault != nil {
			s.survive(seen, r, fault)
		}
		took := s.opts.Now().Sub(start)
		s.metrics.observe(f, r.Method, seen.Status(), took)
		s.logVisit(r, f, v, seen, took)
	}()
	if s.admit(seen, r, f) {
		s.serve(seen, r, f)
	}
}

// survive answers a panic. http.ErrAbortHandler is a handler's way to drop the
// connection and passes on.
func (s *Site) survive(w *answer, r *http.Request, fault any) {
	if fault == http.ErrAbortHandler { //nolint:errorlint // a sentinel that is never wrapped
		panic(fault)
	}
	s.metrics.panicked()
	s.opts.Logger.LogAttrs(r.Context(), slog.LevelError, "panic", slog.String("request_id", RequestID(r.Context())),
		slog.String("fault", fmt.Sprint(fault)), slog.String("stack", string(debug.Stack())))
	if w.status == 0 {
		s.fail(w, r, http.StatusInternalServerError, "something broke on our side; the log has it under this id")
	}
}

// logVisit writes the one line of a request: by its route and never by its address,
// whose path and query may hold codes and tokens.
func (s *Site) logVisit(r *http.Request, f route, v visited, seen *answer, took time.Duration) {
	level := slog.LevelInfo
	if f.mux == nil && f.pattern != "" {
		level = slog.LevelDebug // health checks
	}
	if !s.opts.Logger.Enabled(r.Context(), level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("route", f.name(r)), slog.Int("status", seen.Status()), slog.Int64("bytes", seen.bytes),
		slog.Float64("ms", float64(took.Microseconds())/1000), slog.String("address", v.address.String()),
		slog.String("request_id", v.id),
	}
	if span := trace.SpanContextFromContext(r.Context()); span.HasTraceID() {
		attrs = append(attrs, slog.String("trace_id", span.TraceID().String()))
	}
	s.opts.Logger.LogAttrs(r.Context(), level, "request", attrs...)
}

// requestID believes a trusted proxy's id, so that one id runs through all logs.
func (s *Site) requestID(r *http.Request) string {
	if id := r.Header.Get("X-Request-Id"); id != "" && s.trusted(peer(r)) && plainID(id) {
		return id
	}
	return rand.Text()[:16]
}

func plainID(id string) bool {
	return len(id) <= 64 && strings.Trim(id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_") == ""
}

// An answer remembers what was sent, for the log and the metrics.
type answer struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// Status is what the client got; net/http sends 200 where a handler says nothing.
func (a *answer) Status() int {
	if a.status == 0 {
		return http.StatusOK
	}
	return a.status
}

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= 200 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	n, err := a.ResponseWriter.Write(b)
	a.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
