package storagetest

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/storage"
)

func jobs(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	one := &storage.Job{ID: "job_1", Type: "walk", Slot: "walk 0", Body: json.RawMessage(`{"at":0}`), ExpiresAt: now().Add(time.Hour)}
	must(t, db.PutJob(ctx, one))
	want(t, db.PutJob(ctx, &storage.Job{ID: "job_2", Type: "walk", Slot: "walk 0", Body: json.RawMessage(`{}`), ExpiresAt: now().Add(time.Hour)}), storage.ErrConflict)
	for n, text := range []string{"a", "b", "c"} {
		must(t, db.AddJobPart(ctx, &storage.JobPart{JobID: one.ID, Kind: "steps", Number: int64(n), Body: []byte(text)}))
	}
	want(t, db.AddJobPart(ctx, &storage.JobPart{JobID: one.ID, Kind: "steps", Number: 1}), storage.ErrConflict)
	want(t, db.AddJobPart(ctx, &storage.JobPart{JobID: "none", Kind: "steps"}), storage.ErrNotFound)
	parts, err := db.JobParts(ctx, one.ID, "steps", 0, 5)
	must(t, err)
	if len(parts) != 2 || string(parts[0].Body) != "b" || string(parts[1].Body) != "c" {
		t.Errorf("parts %v", parts)
	}
	slots, err := db.JobSlots(ctx)
	must(t, err)
	if !slices.Equal(slots, []string{"walk 0"}) {
		t.Errorf("slots %q", slots)
	}
	found, err := db.Job(ctx, one.ID)
	must(t, err)
	same(t, found, one)
	one.Slot, one.Body = "", json.RawMessage(`{"at":1}`)
	must(t, db.PutJob(ctx, one))
	want(t, db.PutJob(ctx, found), storage.ErrConflict)
	open, err := db.OpenJobs(ctx, "walk")
	must(t, err)
	n, err := db.CountJobs(ctx, "walk")
	must(t, err)
	if len(open) != 0 || n != 1 {
		t.Errorf("open %v, %d in all", open, n)
	}
	must(t, db.DeleteJobParts(ctx, one.ID, "steps"))
	if parts, err = db.JobParts(ctx, one.ID, "steps", -1, 5); err != nil || len(parts) != 0 {
		t.Errorf("parts %v, %v", parts, err)
	}
	must(t, db.AddJobPart(ctx, &storage.JobPart{JobID: one.ID, Kind: "steps", Body: []byte("z")}))
	one.ExpiresAt = now().Add(-time.Second)
	must(t, db.PutJob(ctx, one))
	_, err = db.Job(ctx, one.ID)
	want(t, err, storage.ErrNotFound)
	if _, err := db.Sweep(ctx, 100); err != nil {
		t.Fatal(err)
	}
	if parts, err = db.JobParts(ctx, one.ID, "steps", -1, 5); err != nil || len(parts) != 0 {
		t.Errorf("parts of a job that was swept: %v, %v", parts, err)
	}
}
