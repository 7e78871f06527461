package management

import (
	"context"
	"time"
)

// every does something each d until ctx ends, for the first time after d.
func every(ctx context.Context, d time.Duration, do func(context.Context)) {
	tick := time.NewTicker(d)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		do(ctx)
	}
}
