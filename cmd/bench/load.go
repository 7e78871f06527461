package main

import (
	"context"
	"errors"
	"sync"
	"time"
)

// A work does one operation with worker's own state and returns an error where the
// answer is not the right one.
type work func(ctx context.Context, worker int) error

// A figure is what a measurement found.
type figure struct {
	done   int
	failed int
	first  error // the first failure
	took   time.Duration
	cpu    time.Duration // of the measured processes
}

func (f figure) perSecond() float64 { return float64(f.done) / f.took.Seconds() }

// cost is the CPU time of one operation.
func (f figure) cost() time.Duration {
	if f.done == 0 {
		return 0
	}
	return f.cpu / time.Duration(f.done)
}

// load runs do on so many workers for d, each beginning anew as soon as its answer is
// there (a closed loop), and counts. errDone ends a worker early.
func load(ctx context.Context, workers int, d time.Duration, cpu func() (time.Duration, error), do work) (figure, error) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	var f figure
	before, err := cpu()
	if err != nil {
		return f, err
	}
	begin := time.Now()
	var mu sync.Mutex
	var wg sync.WaitGroup
	for worker := range workers {
		wg.Go(func() {
			for ctx.Err() == nil {
				err := do(context.WithoutCancel(ctx), worker)
				mu.Lock()
				switch {
				case errors.Is(err, errDone):
					mu.Unlock()
					return
				case err != nil:
					f.failed++
					if f.first == nil {
						f.first = err
					}
				default:
					f.done++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	f.took = time.Since(begin)
	after, err := cpu()
	f.cpu = after - before
	return f, err
}

// errDone says that a worker has nothing left to do.
var errDone = errors.New("nothing left to do")
