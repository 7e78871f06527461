package main

import (
	"context"
	"errors"
	"time"

	"github.com/sallyport-id/sallyport/factors/standin"
)

const (
	every  = 2 * time.Second  // between two looks
	seldom = 30 * time.Second // between two looks at a site that is not well
)

// A sight is what a site says at one look.
type sight struct {
	at       *account
	question *standin.Question // nil: nothing is asked
	err      error
}

// watch looks at the site of a until ctx ends or the site has forgotten this device.
func watch(ctx context.Context, a *account, out chan<- sight) {
	failures := 0
	for {
		q, err := a.Ask(ctx)
		if ctx.Err() != nil {
			return
		}
		if failures++; err == nil {
			failures = 0
		}
		select {
		case out <- sight{a, q, err}:
		case <-ctx.Done():
			return
		}
		if gone(err) {
			return
		}
		select {
		case <-time.After(pause(err, failures)):
		case <-ctx.Done():
			return
		}
	}
}

// pause is the time until the next look: what the site wants, and else the longer the
// more often it failed.
func pause(err error, failures int) time.Duration {
	var refused *standin.Refused
	if errors.As(err, &refused) && refused.RetryAfter > 0 {
		return max(every, refused.RetryAfter)
	}
	return min(every<<min(failures, 6), seldom)
}
