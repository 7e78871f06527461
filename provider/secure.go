package provider

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"

	"github.com/rs/cors"

	"github.com/sallyport-id/sallyport/themes"
)

// setHeaders sets what holds for every answer until a handler knows better. Pages
// bring their own policy from themes.
func (s *Site) setHeaders(h http.Header, id string) {
	h.Set("X-Request-Id", id)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	// Not no-referrer: with it browsers post "Origin: null", and the cross-origin
	// check would have nothing but Sec-Fetch-Site.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	if s.opts.Issuer.Scheme == "https" {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// crossOrigin guards the browser group: a form on another site cannot act for the
// person, but for the routes that Options.CrossSite names.
func (s *Site) crossOrigin() (*http.CrossOriginProtection, error) {
	guard := http.NewCrossOriginProtection()
	// Behind a proxy that rewrites Host the issuer's own origin would look foreign.
	if err := guard.AddTrustedOrigin(s.opts.Issuer.Scheme + "://" + s.opts.Issuer.Host); err != nil {
		return nil, fmt.Errorf("provider: issuer: %w", err)
	}
	for _, pattern := range s.opts.CrossSite {
		guard.AddInsecureBypassPattern(pattern)
	}
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, http.StatusForbidden, "this form was sent from another site")
	}))
	return guard, nil
}

// crossOriginReads lets pages of any origin call the api group from scripts. That is
// safe because nothing there looks at a cookie.
func crossOriginReads(next http.Handler) http.Handler {
	return cors.New(cors.Options{
		AllowedOrigins: []string{"*"},
		AllowedMethods: []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"},
		AllowedHeaders: []string{"Authorization", "Content-Type", "Auth0-Client", "DPoP", "X-Request-Language"},
		ExposedHeaders: []string{"WWW-Authenticate", "DPoP-Nonce", "Retry-After", "X-Request-Id"},
		MaxAge:         3600,
	}).Handler(next)
}

// withoutCookies takes cookies off before a handler of the api group could come to
// rely on them.
func withoutCookies(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("Cookie")
		next.ServeHTTP(w, r)
	})
}

// admit refuses bodies that are too large or packed before any handler reads them.
// A body of unknown length is read here, so that too much is 413 and not a handler's
// idea of a broken form.
func (s *Site) admit(w http.ResponseWriter, r *http.Request, f route) bool {
	limit := s.opts.MaxBody
	if f.mux == s.api {
		limit = max(limit, s.opts.Larger[f.pattern])
	}
	switch {
	case r.Body == nil || r.Body == http.NoBody:
		return true
	case r.Header.Get("Content-Encoding") != "":
		s.fail(w, r, http.StatusUnsupportedMediaType, "send the body without Content-Encoding")
		return false
	case r.ContentLength > limit:
		w.Header().Set("Connection", "close")
		s.fail(w, r, http.StatusRequestEntityTooLarge, fmt.Sprintf("the body may have %d bytes", limit))
		return false
	case r.ContentLength >= 0:
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		return true
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		s.fail(w, r, http.StatusRequestEntityTooLarge, fmt.Sprintf("the body may have %d bytes", limit))
		return false
	}
	if err != nil {
		s.fail(w, r, http.StatusBadRequest, "the body ended early")
		return false
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return true
}

// fail answers for the site itself: a page for people, JSON for programs. why is a
// sentence of ours and holds nothing from the request.
func (s *Site) fail(w http.ResponseWriter, r *http.Request, status int, why string) {
	id := RequestID(r.Context())
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		lang := s.opts.Themes.Match(nil, "", r.Header.Get("Accept-Language"))
		s.opts.Themes.Render(w, status, themes.Failure{
			Frame: themes.Frame{Lang: lang, RequestID: id}, Status: status, Description: why,
		})
		return
	}
	code := "invalid_request"
	if status >= 500 {
		code = "server_error"
	}
	body, err := json.Marshal(map[string]string{"error": code, "error_description": why, "request_id": id})
	if err != nil {
		panic(err) // strings only
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client has gone; the log line says so
}

// peer is the other end of the connection.
func peer(r *http.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap().WithZone("")
}

func (s *Site) trusted(a netip.Addr) bool {
	for _, p := range s.opts.Proxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// realAddress walks X-Forwarded-For from the right, where trusted proxies wrote, to
// the first address that is not one of theirs. What stands further left was written
// by anybody.
func (s *Site) realAddress(r *http.Request) netip.Addr {
	at := peer(r)
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && s.trusted(at); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		at = hop.Unmap().WithZone("")
	}
	return at
}

// stripForwarded removes what proxies say, once it is understood, so that no handler
// can believe it by accident.
func stripForwarded(h http.Header) {
	for name := range h {
		if strings.HasPrefix(name, "X-Forwarded-") || strings.HasPrefix(name, "X-Ssl-") ||
			name == "Forwarded" || name == "X-Real-Ip" {
			delete(h, name)
		}
	}
}
