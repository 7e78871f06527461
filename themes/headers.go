package themes

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// policy is what every page may do: load style, scripts and pictures from here, post
// here, and nothing else. There is no unsafe-* and no nonce, because no page has
// anything inline. Trusted Types shut the DOM's HTML sinks, which login.js never
// uses.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; form-action 'self'"

// setHeaders sets what keeps a page to itself. A page of a login is never stored, by
// nobody (it would come back after sign-out), never framed, and tells other sites
// nothing by its address.
func setHeaders(h http.Header, v View) {
	h.Set("Content-Security-Policy", policy+formActions(v)+installable(v))
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	message, answers := v.(WebMessage)
	if answers || frameOf(v).Popup {
		h.Set("Cross-Origin-Opener-Policy", "unsafe-none") // or the window that opened the page is lost
	}
	if ancestor := source(message.Origin); answers && ancestor != "" {
		h.Del("X-Frame-Options") // it has no way to name an origin
		h.Set("Content-Security-Policy", strings.Replace(policy, "frame-ancestors 'none'", "frame-ancestors"+ancestor, 1))
	}
	h.Set("Permissions-Policy", "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()")
}

// installable is what a page needs beside to be installed and notified.
func installable(v View) string {
	if _, ok := v.(Authenticator); ok {
		return "; worker-src 'self'; manifest-src 'self'"
	}
	return ""
}

// formActions are the origins that the page's forms may end at beside ours. Browsers
// hold the whole redirect chain of a form against form-action, so the application's
// origin has to be named on each page of a login.
func formActions(v View) string {
	allowed := source(frameOf(v).FormAction)
	if post, ok := v.(FormPost); ok && source(post.To) != allowed {
		allowed += source(post.To)
	}
	return allowed
}

// These are the parts of a host-source and scheme-source of CSP Level 3 §2.3.1.
// Nothing else gets into the header.
var (
	hostPart   = regexp.MustCompile(`^[A-Za-z0-9*.-]+(:[0-9]+)?$`)
	schemePart = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*$`)
)

// source turns an address into a source expression with a space before it, empty for
// what cannot be one. A scheme without a host (an app's own) and an IPv6 host, for
// which CSP has no syntax, are named by their scheme.
func source(address string) string {
	u, err := url.Parse(address)
	if err != nil || !schemePart.MatchString(u.Scheme) {
		return ""
	}
	web := u.Scheme == "https" || u.Scheme == "http"
	switch {
	case web && hostPart.MatchString(u.Host):
		return " " + u.Scheme + "://" + u.Host
	case web && !strings.HasPrefix(u.Host, "["):
		return ""
	}
	return " " + u.Scheme + ":"
}
