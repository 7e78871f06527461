package rules

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"sync"
	"time"
)

// Options are what a Runner is made of; Command is required.
type Options struct {
	Command []string      // that runs Serve: this binary with the verb for it
	Environ []string      // of the workers, which get nothing else; TZ is UTC unless it is here
	Workers int           // at once; 0: 2; one more for jobs Apart
	Timeout time.Duration // of one job; 0: a second
	// Fetch answers fetch of actions; nil: nobody reaches the network.
	Fetch func(ctx context.Context, request string) (answer string)
}

const (
	grace      = 40 * time.Millisecond // for a worker to say that it was interrupted
	retireHeap = 48 << 20              // a worker that holds more is replaced
	retireJobs = 10_000
	apartTime  = time.Second // of a job Apart, at most
)

// tuning is for a process that does one thing at a time in a small heap: no thread looks
// for other work, and garbage may be four times what is live before it is collected.
var tuning = []string{"TZ=UTC", "GOMAXPROCS=1", "GOGC=400"}

// A Runner runs jobs in worker processes. It is safe for concurrent use.
type Runner struct {
	o     Options
	slots chan struct{}
	apart chan struct{} // room for one
	warm  sync.Once
	mu    sync.Mutex
	idle  []*worker
	shut  bool
}

// A worker is one process.
type worker struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	line *line
	jobs int
}

// NewRunner makes a Runner. Its workers are started by Warm, or with the first job: a site
// without scripts has none.
func NewRunner(o Options) (*Runner, error) {
	if o.Workers == 0 {
		o.Workers = 2
	}
	if o.Timeout == 0 {
		o.Timeout = usualTime
	}
	if _, err := exec.LookPath(o.Command[0]); err != nil {
		return nil, fmt.Errorf("rules: worker: %w", err)
	}
	return &Runner{o: o, slots: make(chan struct{}, o.Workers), apart: make(chan struct{}, 1)}, nil
}

// Warm starts the workers ahead of need, once.
func (r *Runner) Warm() { r.ahead(r.o.Workers) }

func (r *Runner) ahead(n int) {
	r.warm.Do(func() {
		for range n {
			go r.add()
		}
	})
}

func (r *Runner) start() (*worker, error) {
	cmd := exec.Command(r.o.Command[0], r.o.Command[1:]...)                    //nolint:gosec // our own binary
	cmd.Env = slices.Concat(tuning, r.o.Environ, []string{"GOTRACEBACK=none"}) // a trace would delay its end
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("rules: worker: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("rules: worker: %w", err)
	}
	if err := coarsely(cmd.Start); err != nil {
		return nil, fmt.Errorf("rules: worker: %w", err)
	}
	return &worker{cmd: cmd, in: in, line: newLine(in, out)}, nil
}

func (w *worker) end() {
	_ = w.in.Close()
	_ = w.cmd.Process.Kill() // it may have ended by itself
	_ = w.cmd.Wait()         // and how is of no matter
}

// take is an idle worker, or a new one.
func (r *Runner) take() (*worker, error) {
	r.mu.Lock()
	if n := len(r.idle); n > 0 {
		w := r.idle[n-1]
		r.idle = r.idle[:n-1]
		r.mu.Unlock()
		return w, nil
	}
	r.mu.Unlock()
	return r.start()
}

// give puts a worker back.
func (r *Runner) give(w *worker) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.shut || len(r.idle) > r.o.Workers {
		go w.end()
		return
	}
	r.idle = append(r.idle, w)
}

// replace ends a worker and starts one in its place, ahead of the next job.
func (r *Runner) replace(w *worker) {
	w.end()
	r.add()
}

func (r *Runner) add() {
	w, err := r.start()
	if err != nil {
		return // the next job tries again, and says why
	}
	r.give(w)
}

// Close ends the workers that are idle; others end with their job.
func (r *Runner) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.shut = true
	for _, w := range r.idle {
		w.end()
	}
	r.idle = nil
}

// ErrBusy says that no worker was free in time.
var ErrBusy = errors.New("rules: no worker is free")

// Run runs a job within its time. A zero Timeout of j is the Runner's.
//
// Errors: *Fault where a script failed, did not end or needed too much; ErrBusy.
func (r *Runner) Run(ctx context.Context, j Job) (*Verdict, error) {
	if j.Timeout == 0 {
		j.Timeout = r.o.Timeout
	}
	slots := r.slots
	if j.Apart {
		slots, j.Timeout = r.apart, min(j.Timeout, apartTime)
	}
	defer r.ahead(r.o.Workers - 1)
	select {
	case slots <- struct{}{}:
		defer func() { <-slots }()
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", ErrBusy, ctx.Err())
	}
	w, m, sound, err := r.attempt(ctx, j)
	for tries := 0; errors.Is(err, errDead) && tries <= r.o.Workers; tries++ {
		go r.replace(w)
		w, m, sound, err = r.attempt(ctx, j)
	}
	if w == nil {
		return nil, err
	}
	w.jobs++
	if sound && m.Heap < retireHeap && w.jobs < retireJobs {
		r.give(w)
	} else {
		go r.replace(w)
	}
	switch {
	case err != nil:
		return nil, err
	case m.Fault != nil:
		return nil, m.Fault
	}
	return m.Verdict, nil
}

// errDead says that a worker ended while it was idle, and was handed nothing.
var errDead = errors.New("rules: the worker has ended")

func (r *Runner) attempt(ctx context.Context, j Job) (w *worker, m fromWorker, sound bool, err error) {
	if w, err = r.take(); err != nil {
		return nil, m, false, err
	}
	m, sound, err = r.converse(ctx, w, j)
	return w, m, sound, err
}

// converse hands a job over and serves its fetches. A worker that does not answer in
// time is killed: nothing else ends a call that builds a gigabyte.
func (r *Runner) converse(ctx context.Context, w *worker, j Job) (m fromWorker, sound bool, err error) {
	deadline := time.Now().Add(j.Timeout + grace)
	late := make(chan struct{})
	timer := time.AfterFunc(j.Timeout+grace, func() {
		close(late)
		_ = w.cmd.Process.Kill() // it may have ended by itself
	})
	defer timer.Stop()
	if err = w.line.job(j, j.Compile); err != nil && timer.Stop() {
		return m, false, errDead
	}
	for err == nil {
		if m, err = w.line.receive(); err != nil {
			break
		}
		switch {
		case m.Lacking:
			err = w.line.job(j, true)
			continue
		case m.Fetch != nil:
			err = w.line.send(toWorker{Answering: true, Answer: r.fetch(ctx, deadline, j, *m.Fetch)})
			continue
		case m.Verdict == nil && m.Fault == nil:
			err = errors.New("no outcome")
			continue
		}
		return m, true, nil
	}
	why := "its worker ended: it needed more memory than it may have"
	select {
	case <-late:
		why = fmt.Sprintf("it took longer than %s", j.Timeout)
	default:
	}
	return m, false, &Fault{Script: names(j), Why: why}
}

func (r *Runner) fetch(ctx context.Context, deadline time.Time, j Job, request string) string {
	switch {
	case j.Offline:
		return `{"error":"a trial reaches nothing"}`
	case r.o.Fetch == nil:
		return `{"error":"this site lets no script reach the network"}`
	}
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	return r.o.Fetch(ctx, request)
}

// names are those of the scripts that may have been at fault.
func names(j Job) string {
	if len(j.Scripts) == 1 {
		return j.Scripts[0].Name
	}
	return "one of the scripts"
}
