package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestFetch: actions reach what is on the list, as they asked for it, and nothing else.
func TestFetch(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/elsewhere":
			http.Redirect(w, r, "http://127.0.0.1:1/metadata", http.StatusFound)
		case "/huge":
			_, _ = io.Copy(w, io.LimitReader(zeros{}, fetchBody+1))
		case "/slow":
			select {
			case <-r.Context().Done():
			case <-time.After(5 * time.Second):
			}
		default:
			body, _ := io.ReadAll(r.Body)
			w.Header().Set("X-Method", r.Method)
			_, _ = io.WriteString(w, r.Header.Get("Authorization")+" "+string(body))
		}
	}))
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "http://")
	s := scriptSettings{Fetch: []string{host, "score.example.com"}, Timeout: 300 * time.Millisecond}
	f := s.fetcher()
	ask := func(url string) fetchAnswer {
		t.Helper()
		request, err := json.Marshal(fetchRequest{URL: url, Method: http.MethodPost, Headers: map[string]string{"Authorization": "Bearer x"}, Body: "ip"})
		if err != nil {
			t.Fatal(err)
		}
		var a fetchAnswer
		if err := json.Unmarshal([]byte(f.fetch(t.Context(), string(request))), &a); err != nil {
			t.Fatal(err)
		}
		return a
	}
	if a := ask(server.URL + "/score"); a.Status != 200 || a.Body != "Bearer x ip" || a.Headers["X-Method"] != http.MethodPost {
		t.Errorf("%+v", a)
	}
	if a := ask(server.URL + "/elsewhere"); a.Status != http.StatusFound || a.Error != "" {
		t.Errorf("a redirect: %+v", a)
	}
	for url, why := range map[string]string{
		"http://score.example.com/":              "only https",
		"https://other.example.com/":             "not among rules.fetch",
		"https://score.example.com@evil.example": "not among rules.fetch",
		"file:///etc/passwd":                     "only https",
		"http://127.0.0.1:1/":                    "not among rules.fetch",
		server.URL + "/huge":                     "more than 65536 bytes",
		server.URL + "/slow":                     "cannot be reached",
	} {
		if a := ask(url); !strings.Contains(a.Error, why) || a.Body != "" {
			t.Errorf("%s: %+v, want %q", url, a, why)
		}
	}
	metered := false
	for range 2 * fetchAtOnce {
		metered = metered || strings.Contains(ask(server.URL).Error, "too many fetches")
	}
	if !metered {
		t.Error("nothing meters fetch")
	}
	if got := f.fetch(t.Context(), "nonsense"); !strings.Contains(got, "cannot be read") {
		t.Errorf("%s", got)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}
