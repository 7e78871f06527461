package oidc_test

import "net/http"

// named is a browser by a name of its own.
type named struct {
	http.RoundTripper
	agent string
}

func (n named) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set("User-Agent", n.agent)
	return through(n.RoundTripper).RoundTrip(r)
}

// forwarded claims to pass requests of others on.
type forwarded struct {
	http.RoundTripper
	value string
}

func (f forwarded) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set("X-Forwarded-For", f.value)
	r.Header.Set("Forwarded", "for="+f.value)
	r.Header.Set("X-Real-Ip", f.value)
	return through(f.RoundTripper).RoundTrip(r)
}

func through(t http.RoundTripper) http.RoundTripper {
	if t == nil {
		return http.DefaultTransport
	}
	return t
}
