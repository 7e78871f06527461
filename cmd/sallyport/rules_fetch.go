package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"github.com/sallyport-id/sallyport/cmd/sallyport/config"
	"github.com/sallyport-id/sallyport/flows/rules"
)

// scriptSettings are what rules and actions may.
type scriptSettings struct {
	Fetch   []string      `doc:"hosts that fetch of actions may reach, such as api.example.com; empty: none"`
	Timeout time.Duration `doc:"how long the scripts of one sign-in may run, fetches included"`
	Workers int           `doc:"sign-ins whose scripts run at once"`
}

// check finds what is out of range.
func (s *scriptSettings) check(f *config.Faults) {
	if s.Timeout < 10*time.Millisecond || s.Timeout > 20*time.Second {
		f.Add("rules.timeout", s.Timeout.String()+" is out of range", "use 10ms to 20s")
	}
	if s.Workers < 1 || s.Workers > 256 {
		f.Add("rules.workers", fmt.Sprintf("%d is out of range", s.Workers), "use 1 to 256")
	}
	for _, host := range s.Fetch {
		if u, err := url.Parse("https://" + host); err != nil || u.Host != host {
			f.Add("rules.fetch", fmt.Sprintf("%q is no host", host), "write api.example.com, without a scheme")
		}
	}
}

// runner runs the scripts of a provider.
func (s *scriptSettings) runner() (*rules.Runner, error) {
	o, err := rulesOptions()
	if err != nil {
		return nil, err
	}
	o.Timeout, o.Workers, o.Fetch = s.Timeout, s.Workers, s.fetcher().fetch
	return rules.NewRunner(o)
}

const (
	fetchBody   = 64 << 10
	fetchEach   = 100 * time.Millisecond // one more, on the long run
	fetchAtOnce = 20
)

// A fetcher is the side of fetch that decides: what is not on the list is not reached, and
// nobody is led elsewhere by a redirect.
type fetcher struct {
	hosts  []string
	meter  *rate.Limiter
	client *http.Client
}

func (s *scriptSettings) fetcher() *fetcher {
	return &fetcher{
		hosts: s.Fetch, meter: rate.NewLimiter(rate.Every(fetchEach), fetchAtOnce),
		client: &http.Client{Timeout: s.Timeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
}

type fetchRequest struct {
	URL     string            `json:"url"`
	Method  string            `json:"method"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
}

type fetchAnswer struct {
	Status  int               `json:"status,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    string            `json:"body,omitempty"`
	Error   string            `json:"error,omitempty"`
}

// fetch answers a script, with what went wrong in words.
func (f *fetcher) fetch(ctx context.Context, request string) string {
	answer, err := f.do(ctx, request)
	if err != nil {
		answer = &fetchAnswer{Error: err.Error()}
	}
	b, err := json.Marshal(answer)
	if err != nil {
		return `{"error":"the answer cannot be passed on"}`
	}
	return string(b)
}

func (f *fetcher) do(ctx context.Context, request string) (*fetchAnswer, error) {
	var q fetchRequest
	if err := json.Unmarshal([]byte(request), &q); err != nil {
		return nil, errors.New("the request cannot be read")
	}
	u, err := url.Parse(q.URL)
	if err != nil || u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return nil, errors.New("only https addresses are fetched")
	}
	if !slices.Contains(f.hosts, u.Host) {
		return nil, fmt.Errorf("%s is not among rules.fetch", u.Host)
	}
	if !f.meter.Allow() {
		return nil, errors.New("too many fetches on this site; try again later")
	}
	r, err := http.NewRequestWithContext(ctx, q.Method, u.String(), strings.NewReader(q.Body))
	if err != nil {
		return nil, errors.New("the request is malformed")
	}
	for name, value := range q.Headers {
		r.Header.Set(name, value)
	}
	res, err := f.client.Do(r)
	if err != nil {
		return nil, errors.New("it cannot be reached")
	}
	defer func() { _ = res.Body.Close() }() // it was read
	body, err := io.ReadAll(io.LimitReader(res.Body, fetchBody+1))
	if err != nil || len(body) > fetchBody {
		return nil, fmt.Errorf("its answer is broken or has more than %d bytes", fetchBody)
	}
	a := &fetchAnswer{Status: res.StatusCode, Body: string(body), Headers: map[string]string{}}
	for name := range res.Header {
		a.Headers[name] = res.Header.Get(name)
	}
	return a, nil
}
