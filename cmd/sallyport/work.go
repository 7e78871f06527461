package main

import (
	"context"
	"time"
)

const (
	workEvery  = time.Minute
	sweepBatch = 1000
	closeAfter = 5 * time.Second
)

// work does what a provider has to do beside requests, until ctx ends: it sends what was
// not sent yet, follows what others set of factors, pages and the mail server, and the files
// that risk is assessed by, passes the log on, does jobs, reads and rotates signing keys, and removes what is over. Several nodes may do so at once.
func (b *built) work(ctx context.Context) {
	go b.flows.Work(ctx)
	go b.house.setup.Watch(ctx)
	go b.looks.Watch(ctx)
	go b.post.Watch(ctx)
	go b.admin.Work(ctx)
	go b.admin.WorkJobs(ctx)
	go b.files.watch(ctx, b.log)
	tick := time.NewTicker(workEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := b.oidc.Tick(ctx); err != nil && ctx.Err() == nil {
			b.log.ErrorContext(ctx, "signing keys not read", "error", err)
		}
		b.sweep(ctx)
	}
}

func (b *built) sweep(ctx context.Context) {
	for ctx.Err() == nil {
		n, err := b.house.db.Sweep(ctx, sweepBatch)
		if err != nil && ctx.Err() == nil {
			b.log.ErrorContext(ctx, "old rows not removed", "error", err)
		}
		if err != nil || n == 0 {
			return
		}
	}
}

// close waits for what requests left under way: mails.
func (b *built) close() {
	ctx, cancel := context.WithTimeout(context.Background(), closeAfter)
	defer cancel()
	if err := b.flows.Close(ctx); err != nil {
		b.log.Warn("mails were left unsent", "error", err)
	}
	b.rules.Close()
}
