package oidc_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"sync"
	"time"
)

// A jar keeps cookies as long as they say, by the clock of the house.
type jar struct {
	*cookiejar.Jar
	now func() time.Time

	mu   sync.Mutex
	ends map[string]time.Time // by name
}

func newJar(now func() time.Time) (*jar, error) {
	kept, err := cookiejar.New(nil)
	return &jar{Jar: kept, now: now, ends: map[string]time.Time{}}, err
}

// SetCookies implements http.CookieJar.
func (j *jar) SetCookies(u *url.URL, cookies []*http.Cookie) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, c := range cookies {
		delete(j.ends, c.Name)
		if c.MaxAge > 0 {
			j.ends[c.Name] = j.now().Add(time.Duration(c.MaxAge) * time.Second)
		}
	}
	j.Jar.SetCookies(u, cookies)
}

// Cookies implements http.CookieJar.
func (j *jar) Cookies(u *url.URL) []*http.Cookie {
	j.mu.Lock()
	defer j.mu.Unlock()
	now := j.now()
	return slices.DeleteFunc(j.Jar.Cookies(u), func(c *http.Cookie) bool {
		end, ok := j.ends[c.Name]
		return ok && !now.Before(end)
	})
}
