package management

import (
	"context"
	"errors"
	"runtime/debug"
	"sync"
	"time"

	"github.com/sallyport-id/sallyport/storage"
)

// What jobs read and write, by kind of part.
const (
	partInput  = "input"
	partOutput = "output"
	partErrors = "errors"
	partUsed   = "used" // links, by number
)

const (
	jobEvery = 2 * time.Second
	jobLease = 2 * time.Minute // a step takes much less
	jobTries = 5               // without any progress
)

// A jobFault is why a job cannot be done, however often it is tried.
type jobFault struct{ why string }

func (f *jobFault) Error() string { return f.why }

// WorkJobs does the jobs that wait, until ctx ends. One type does not wait for the other.
func (a *API) WorkJobs(ctx context.Context) {
	var all sync.WaitGroup
	for _, kind := range []string{jobImport, jobExport} {
		all.Go(func() {
			a.doJobs(ctx, kind)
			every(ctx, jobEvery, func(ctx context.Context) { a.doJobs(ctx, kind) })
		})
	}
	all.Wait()
}

// DoJobs does the jobs that wait now.
func (a *API) DoJobs(ctx context.Context) {
	a.doJobs(ctx, jobImport)
	a.doJobs(ctx, jobExport)
}

func (a *API) doJobs(ctx context.Context, kind string) {
	open, err := a.DB.OpenJobs(ctx, kind)
	for _, row := range open {
		if ctx.Err() != nil {
			return
		}
		if err := a.doJob(ctx, row); err != nil && ctx.Err() == nil {
			a.Logger.ErrorContext(ctx, "job", "job", row.ID, "type", kind, "error", err)
		}
	}
	if err != nil && ctx.Err() == nil {
		a.Logger.ErrorContext(ctx, "jobs not read", "error", err)
	}
}

// doJob takes a job that nobody is at, and does it to its end. Where ctx ends or the
// machine fails, whoever comes next goes on where it was: each step is stored with how far
// the job is.
func (a *API) doJob(ctx context.Context, row *storage.Job) error {
	j, err := readJob(row)
	if err != nil || a.Now().Before(row.LeasedUntil) {
		return err
	}
	if j.Tries >= jobTries {
		return notLost(a.finishJob(ctx, j, &jobFault{"It did not get on in several tries. Try again, and look at the log of the provider."}))
	}
	if j.Started.IsZero() {
		j.Started = a.Now().UTC()
	}
	j.Status, j.Tries = "processing", j.Tries+1
	if err := a.lease(ctx, j); err != nil {
		return notLost(err)
	}
	err = a.runJob(ctx, j)
	var fault *jobFault
	switch {
	case err == nil:
		return notLost(a.finishJob(ctx, j, nil))
	case errors.As(err, &fault):
		return notLost(a.finishJob(ctx, j, fault))
	case errors.Is(err, storage.ErrConflict): // another node has it now
		return nil
	}
	j.row.LeasedUntil = a.Now().Add(time.Duration(j.Tries*j.Tries) * time.Second)
	if ctx.Err() != nil { // this node stops: that is no try
		j.Tries, j.row.LeasedUntil = j.Tries-1, time.Time{}
	}
	return errors.Join(err, notLost(j.put(context.WithoutCancel(ctx), a.DB)))
}

// runJob does the work of j. What breaks in it ends the job alone: a *jobFault.
func (a *API) runJob(ctx context.Context, j *job) (err error) {
	defer func() {
		if broken := recover(); broken != nil {
			a.Logger.ErrorContext(ctx, "job broke", "job", j.row.ID, "type", j.row.Type, "error", broken, "stack", string(debug.Stack()))
			err = &jobFault{"It broke on our side."}
		}
	}()
	if j.row.Type == jobImport {
		return a.runImport(ctx, j)
	}
	return a.runExport(ctx, j)
}

// notLost passes over that another node has the job.
func notLost(err error) error {
	if errors.Is(err, storage.ErrConflict) {
		return nil
	}
	return err
}

// lease stores how far j is, and keeps it. Errors: storage.ErrConflict where it was lost.
func (a *API) lease(ctx context.Context, j *job) error {
	j.row.LeasedUntil = a.Now().Add(jobLease)
	return j.put(ctx, a.DB)
}

// finishJob ends a job, and removes what it worked on.
func (a *API) finishJob(ctx context.Context, j *job, fault *jobFault) error {
	ctx = context.WithoutCancel(ctx)
	j.Status, j.row.Slot, j.row.LeasedUntil = "completed", "", time.Time{}
	if fault != nil {
		j.Status, j.Details = "failed", fault.why
	}
	data := map[string]any{"job": j.row.ID, "kind": j.row.Type, "status": j.Status}
	if j.row.Type == jobImport {
		data["inserted"], data["updated"], data["failed"] = j.Summary.Inserted, j.Summary.Updated, j.Summary.Failed
	} else {
		data["users"] = j.People
	}
	return a.DB.Tx(ctx, func(ctx context.Context) error {
		if err := j.put(ctx, a.DB); err != nil {
			return err
		}
		if err := a.DB.DeleteJobParts(ctx, j.row.ID, partInput); err != nil {
			return err
		}
		if err := a.DB.DeleteImport(ctx, j.importing().name(j.row.ID)); err != nil {
			return err
		}
		return a.DB.AddEvents(ctx, &storage.Event{ID: storage.NewID("evt"), At: a.Now(), Type: "job.done", Actor: j.Actor, Data: data})
	})
}
