package management

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/sallyport-id/sallyport/storage"
)

// Jobs are work that is asked for here and done by the provider's workers.
const (
	jobImport = "users_import"
	jobExport = "users_export"
	jobMail   = "verification_email" // done by the time its answer is sent

	jobsAtOnce = 2 // of a type
	jobKept    = 24 * time.Hour
)

func (a *API) jobs() {
	either := []string{"create:users", "read:users"}
	op(a, operation{
		method: http.MethodPost, path: importPath, scopes: []string{"create:users"}, summary: "Take users over from a file, with password hashes and second factors",
		status: http.StatusAccepted, body: importForm(), most: maxImportBody,
	}, a.importUsers)
	op(a, operation{method: http.MethodPost, path: "/jobs/users-exports", scopes: []string{"read:users"}, summary: "Write users down, as JSON lines or CSV"}, a.exportUsers)
	op(a, operation{method: http.MethodGet, path: "/jobs/{id}", scopes: either, summary: "How far a job is", missing: true}, a.jobByID)
	op(a, operation{method: http.MethodGet, path: "/jobs/{id}/errors", scopes: either, summary: "What of an import did not come over; 204: nothing", missing: true, empty: true}, a.jobErrors)
}

// A jobState is what is kept of a job: what was asked for, and how far it is.
type jobState struct {
	Status  string    `json:"status"` // pending, processing, completed or failed
	Details string    `json:"details,omitempty"`
	Actor   string    `json:"actor"`
	Started time.Time `json:"started,omitzero"`
	Tries   int       `json:"tries,omitempty"` // without any progress

	// Of an import.
	Upsert     bool           `json:"upsert,omitempty"`
	Factors    bool           `json:"factors,omitempty"` // people who are there may get some
	ExternalID string         `json:"external_id,omitempty"`
	Size       int64          `json:"size,omitempty"` // of the file, in bytes
	Position   int64          `json:"position,omitempty"`
	Summary    jobSummary     `json:"summary"`
	Left       map[string]int `json:"left,omitempty"`

	// Of an export.
	Format   string        `json:"format,omitempty"`
	Limit    int           `json:"limit,omitempty"` // 0: all
	Fields   []exportField `json:"fields,omitempty"`
	Expected int           `json:"expected,omitempty"`
	People   int           `json:"people,omitempty"`
	After    string        `json:"after,omitempty"` // id of the last who was written
	Parts    int64         `json:"parts,omitempty"`
}

type jobSummary struct {
	Failed   int64 `json:"failed"`
	Updated  int64 `json:"updated"`
	Inserted int64 `json:"inserted"`
	Total    int64 `json:"total"`
}

// A job is a job with its row.
type job struct {
	jobState
	row *storage.Job
}

func readJob(row *storage.Job) (*job, error) {
	j := &job{row: row}
	return j, json.Unmarshal(row.Body, &j.jobState)
}

func (j *job) put(ctx context.Context, db *storage.DB) error {
	body, err := json.Marshal(j.jobState)
	if err != nil {
		return err
	}
	j.row.Body = body
	return db.PutJob(ctx, j.row)
}

// A jobView is a job as the API shows one.
type jobView struct {
	ID           string         `json:"id"`
	Type         string         `json:"type"`
	Status       string         `json:"status" doc:"pending, processing, completed or failed"`
	Details      string         `json:"status_details,omitempty" doc:"why it failed"`
	CreatedAt    time.Time      `json:"created_at"`
	ConnectionID string         `json:"connection_id,omitempty"`
	Connection   string         `json:"connection,omitempty"`
	ExternalID   string         `json:"external_id,omitempty"`
	Upsert       *bool          `json:"upsert,omitempty"`
	Format       string         `json:"format,omitempty"`
	Limit        int            `json:"limit,omitempty"`
	Fields       []exportField  `json:"fields,omitempty"`
	Location     string         `json:"location,omitempty" doc:"of the file, packed by gzip: works once, within five minutes; ask again for another"`
	Percentage   *int           `json:"percentage_done,omitempty"`
	TimeLeft     *int           `json:"time_left_seconds,omitempty"`
	Summary      *jobSummary    `json:"summary,omitempty"`
	Left         map[string]int `json:"ignored_fields,omitempty" doc:"ours: members that have no place here, with how many users had them"`
}

type oneJob struct{ Body *jobView }

func (a *API) viewJob(j *job) *jobView {
	v := &jobView{ID: j.row.ID, Type: j.row.Type, Status: j.Status, Details: j.Details, CreatedAt: j.row.CreatedAt}
	switch j.row.Type {
	case jobImport:
		v.Upsert, v.ExternalID, v.Left = &j.Upsert, j.ExternalID, j.Left
		if j.Status == "completed" || j.Status == "failed" {
			v.Summary = &j.Summary
		}
	case jobExport:
		v.Format, v.Limit, v.Fields = j.Format, j.Limit, j.Fields
	default:
		return v
	}
	v.ConnectionID, v.Connection = connectionID, a.Connection
	if part := j.part(); j.Status != "pending" {
		percent := int(100 * part)
		v.Percentage = &percent
		if part > 0 && j.Status != "failed" {
			left := int((a.Now().Sub(j.Started).Seconds())*(1-part)/part + 0.5)
			v.TimeLeft = &left
		}
	}
	return v
}

// part is how much of j is done, from 0 to 1.
func (j *job) part() float64 {
	switch {
	case j.Status == "completed":
		return 1
	case j.row.Type == jobImport && j.Size > 0:
		return min(1, float64(j.Position)/float64(j.Size))
	case j.row.Type == jobExport && j.Expected > 0:
		return min(1, float64(j.People)/float64(j.Expected))
	}
	return 0
}

// startJob stores a job with what it works on, nil for nothing, for the workers to find.
//
// Errors: a 429 where as many are not done yet as may be.
func (a *API) startJob(ctx context.Context, kind string, s jobState, input []byte) (*oneJob, error) {
	taken, err := a.DB.JobSlots(ctx)
	if err != nil {
		return nil, err
	}
	s.Status, s.Actor = "pending", actor(callerOf(ctx))
	for i := range jobsAtOnce {
		slot := fmt.Sprintf("%s %d", kind, i)
		if slices.Contains(taken, slot) {
			continue
		}
		j := &job{jobState: s, row: &storage.Job{ID: storage.NewID("job"), Type: kind, Slot: slot, ExpiresAt: a.Now().Add(jobKept)}}
		err := a.addJob(ctx, j, input)
		if errors.Is(err, storage.ErrConflict) { // somebody took the slot
			continue
		}
		if err != nil {
			return nil, err
		}
		return &oneJob{a.viewJob(j)}, nil
	}
	name := map[string]string{jobImport: "import users", jobExport: "export users"}[kind]
	return nil, refusal(http.StatusTooManyRequests, "too_many_jobs", fmt.Sprintf("There are %d active %s jobs, please wait until some of them are finished and try again", jobsAtOnce, name))
}

// addJob stores a job in its slot. Errors: storage.ErrConflict where that is taken.
func (a *API) addJob(ctx context.Context, j *job, input []byte) error {
	return a.change(ctx, storage.Event{Type: "job.created", Data: map[string]any{"job": j.row.ID, "kind": j.row.Type}}, func(ctx context.Context) error {
		if err := j.put(ctx, a.DB); err != nil || len(input) == 0 {
			return err
		}
		return a.DB.AddJobPart(ctx, &storage.JobPart{JobID: j.row.ID, Kind: partInput, Body: input})
	})
}

// A JobPath names a job.
type JobPath struct {
	ID string `path:"id" maxLength:"100"`
}

func (a *API) findJob(ctx context.Context, id string) (*job, error) {
	row, err := a.DB.Job(ctx, id)
	if errors.Is(err, storage.ErrNotFound) || err == nil && !a.Now().Before(row.ExpiresAt) {
		return nil, missing("job", "The job does not exist.")
	}
	if err != nil {
		return nil, err
	}
	return readJob(row)
}

func (a *API) jobByID(ctx context.Context, in *JobPath) (*oneJob, error) {
	j, err := a.findJob(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	v := a.viewJob(j)
	if j.row.Type == jobExport && j.Status == "completed" && callerOf(ctx).May("read:users") {
		e := &storage.Event{Type: "job.linked", Data: map[string]any{"job": j.row.ID, "kind": j.row.Type}}
		a.desk(ctx).sign(e)
		if err := a.DB.AddEvents(ctx, e); err != nil {
			return nil, err
		}
		v.Location = a.exportLink(j.row)
	}
	return &oneJob{v}, nil
}

// jobFailures are what did not come over; none: 204.
type jobFailures struct {
	Status int
	Body   []ImportFailure
}

func (a *API) jobErrors(ctx context.Context, in *JobPath) (*jobFailures, error) {
	j, err := a.findJob(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	all := &jobFailures{Status: http.StatusOK}
	for after := int64(-1); ; {
		parts, err := a.DB.JobParts(ctx, j.row.ID, partErrors, after, 20)
		if err != nil {
			return nil, err
		}
		for _, p := range parts {
			var some []ImportFailure
			if err := json.Unmarshal(p.Body, &some); err != nil {
				return nil, err
			}
			all.Body, after = append(all.Body, some...), p.Number
		}
		if len(parts) == 0 {
			break
		}
	}
	if len(all.Body) == 0 {
		all.Status = http.StatusNoContent
	}
	return all, nil
}
