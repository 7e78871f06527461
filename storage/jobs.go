package storage

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"
)

// A Job is work that is done beside requests, by one node at a time. It goes when it
// expires, done or not, with all its parts. Body is sealed at rest.
type Job struct {
	ID   string `bun:"id,pk"`
	Type string `bun:"type"`
	// Slot is one of the few places for work of this type, "" once the job is done.
	Slot        string          `bun:"slot,nullzero"`
	Body        json.RawMessage `bun:"-"` // what is to be done, and how far it is
	Sealed      []byte          `bun:"body"`
	LeasedUntil time.Time       `bun:"leased_until,nullzero"` // some node is at it until then
	CreatedAt   time.Time       `bun:"created_at"`
	UpdatedAt   time.Time       `bun:"updated_at"`
	ExpiresAt   time.Time       `bun:"expires_at"`
	Version     int64           `bun:"version"` // 0 until it is stored
}

// A JobPart is a piece of what a job reads or writes. It is sealed at rest.
type JobPart struct {
	ID        string    `bun:"id,pk"` // made of the other three
	JobID     string    `bun:"job_id"`
	Kind      string    `bun:"kind"` // without spaces
	Number    int64     `bun:"number"`
	Body      []byte    `bun:"-"`
	Sealed    []byte    `bun:"body"`
	CreatedAt time.Time `bun:"created_at"`
}

// PutJob stores a job: a new one where its Version is 0, else one that is there with the
// same Version. It assigns UpdatedAt, and CreatedAt where that is zero.
//
// Errors: ErrConflict where the slot is another's, or the job has changed or is gone.
func (d *DB) PutJob(ctx context.Context, j *Job) error {
	j.UpdatedAt = d.now()
	if j.CreatedAt.IsZero() {
		j.CreatedAt = j.UpdatedAt
	}
	var err error
	if j.Sealed, err = d.seal(jobBody, j.ID, j.Body); err != nil {
		return err
	}
	return d.versioned(ctx, &j.Version, func() error {
		if j.Version == 1 {
			return d.insert(ctx, j)
		}
		return d.update(ctx, j, j.ID, j.Version)
	})
}

// Job finds a job that has not expired. Errors: ErrNotFound.
func (d *DB) Job(ctx context.Context, id string) (*Job, error) {
	j, err := first[Job](ctx, d, "id = ? AND expires_at > ?", id, d.now())
	if err != nil {
		return nil, err
	}
	return j, d.openJob(j)
}

// JobSlots lists the slots that are taken.
func (d *DB) JobSlots(ctx context.Context) ([]string, error) {
	var slots []string
	err := d.query(ctx, func(ctx context.Context, q bun.IDB) error {
		slots = nil
		return q.NewSelect().Model((*Job)(nil)).Column("slot").Where("slot IS NOT NULL").Scan(ctx, &slots)
	})
	return slots, err
}

// OpenJobs lists the jobs of a type that are not done, the oldest first. One that cannot be opened is
// logged, and does not keep the others from being done.
func (d *DB) OpenJobs(ctx context.Context, kind string) ([]*Job, error) {
	rows, err := all[Job](ctx, d, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("type = ?", kind).Where("slot IS NOT NULL").Where("expires_at > ?", d.now()).OrderExpr("created_at, id")
	})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(rows, func(j *Job) bool {
		err := d.openJob(j)
		if err != nil {
			d.log.ErrorContext(ctx, "job passed over", "job", j.ID, "error", err)
		}
		return err != nil
	}), nil
}

// CountJobs counts the jobs of a type, done or not.
func (d *DB) CountJobs(ctx context.Context, kind string) (int64, error) {
	return count[Job](ctx, d, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("type = ?", kind).Where("expires_at > ?", d.now())
	})
}

func (d *DB) openJob(j *Job) error {
	body, err := d.open(jobBody, j.ID, j.Sealed)
	if err != nil {
		return fmt.Errorf("storage: job %s: %w", j.ID, err)
	}
	j.Body = body
	return nil
}

func partID(jobID, kind string, number int64) string {
	return fmt.Sprintf("%s %s %d", jobID, kind, number)
}

// AddJobPart stores a new part. Errors: ErrConflict where the job has one of this kind and
// number, ErrNotFound without the job.
func (d *DB) AddJobPart(ctx context.Context, p *JobPart) error {
	p.ID, p.CreatedAt = partID(p.JobID, p.Kind, p.Number), d.now()
	var err error
	if p.Sealed, err = d.seal(jobPartBody, p.ID, p.Body); err != nil {
		return err
	}
	return d.insert(ctx, p)
}

// JobParts lists at most limit parts of a kind whose numbers are above after, in order.
func (d *DB) JobParts(ctx context.Context, jobID, kind string, after, limit int64) ([]*JobPart, error) {
	rows, err := all[JobPart](ctx, d, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("job_id = ?", jobID).Where("kind = ?", kind).Where("number > ?", after).OrderExpr("number").Limit(limit)
	})
	if err != nil {
		return nil, err
	}
	for _, p := range rows {
		if p.Body, err = d.open(jobPartBody, p.ID, p.Sealed); err != nil {
			return nil, fmt.Errorf("storage: part %s: %w", p.ID, err)
		}
	}
	return rows, nil
}

// DeleteJobParts removes the parts of a kind. That there are none is no error.
func (d *DB) DeleteJobParts(ctx context.Context, jobID, kind string) error {
	return d.some(ctx, func(q bun.IDB) statement {
		return q.NewDelete().Model((*JobPart)(nil)).Where("job_id = ?", jobID).Where("kind = ?", kind)
	})
}
