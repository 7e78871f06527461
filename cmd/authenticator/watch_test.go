package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/factors/standin"
)

// A site that wants to be left alone is.
func TestRetryAfter(t *testing.T) {
	var asked []time.Time
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked = append(asked, time.Now())
		w.Header().Set("Content-Type", "application/json")
		switch len(asked) {
		case 1:
			w.Header().Set("Retry-After", "3")
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = w.Write([]byte(`{"statusCode":429,"errorCode":"too_many_requests"}`))
		case 2:
			w.WriteHeader(http.StatusNoContent)
		default:
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"statusCode":404,"errorCode":"device_account_not_found"}`))
		}
	}))
	defer server.Close()
	phone, err := standin.NewPhone("x")
	if err != nil {
		t.Fatal(err)
	}
	a := &account{Phone: *phone}
	a.ID, a.Base = "aut_1", server.URL
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	sights := make(chan sight)
	ended := make(chan struct{})
	go func() { watch(ctx, a, sights); close(ended) }()
	var refused *standin.Refused
	if s := <-sights; !errors.As(s.err, &refused) || refused.RetryAfter != 3*time.Second {
		t.Errorf("%v", s.err)
	}
	if s := <-sights; s.err != nil || s.question != nil {
		t.Errorf("%+v", s)
	}
	if s := <-sights; !gone(s.err) {
		t.Errorf("%v", s.err)
	}
	<-ended
	if gap := asked[1].Sub(asked[0]); gap < 3*time.Second {
		t.Errorf("asked again after %s", gap)
	}
	if gap := asked[2].Sub(asked[1]); gap < every || len(asked) != 3 {
		t.Errorf("%d times, the last after %s", len(asked), gap)
	}
	if ctx.Err() != nil {
		t.Error("a site that has forgotten the device is still asked")
	}
}

func TestPause(t *testing.T) {
	broken := errors.New("x")
	for _, c := range []struct {
		err      error
		failures int
		want     time.Duration
	}{
		{nil, 0, every}, {broken, 1, 2 * every}, {broken, 2, 4 * every}, {broken, 9999, seldom},
		{&standin.Refused{Status: 429, RetryAfter: time.Minute}, 1, time.Minute},
		{&standin.Refused{Status: 503, RetryAfter: time.Millisecond}, 5, every},
	} {
		if got := pause(c.err, c.failures); got != c.want {
			t.Errorf("%v, %d times: %s, want %s", c.err, c.failures, got, c.want)
		}
	}
}
