package storage_test

import (
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/storage"
)

// TestJobsLeft: a job whose seal is another's does not stop the others, and how far a job's
// import came does not stay for good.
func TestJobsLeft(t *testing.T) {
	ctx, at := t.Context(), time.Now()
	place := "sqlite:" + filepath.Join(t.TempDir(), "jobs.db")
	open := func() *storage.DB { // each with keys of its own
		keys, err := storage.GenerateKeyset()
		if err != nil {
			t.Fatal(err)
		}
		sealer, err := storage.NewSealer(keys)
		if err != nil {
			t.Fatal(err)
		}
		db, err := storage.Open(ctx, storage.Options{DSN: place, Sealer: sealer, Now: func() time.Time { return at }})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
		return db
	}
	db := open()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := db.Migrate(ctx)
	must(err)
	must(open().PutJob(ctx, &storage.Job{ID: "job_1", Type: "walk", Slot: "walk 0", Body: json.RawMessage(`{}`), ExpiresAt: at.Add(time.Hour)}))
	must(db.PutJob(ctx, &storage.Job{ID: "job_2", Type: "walk", Slot: "walk 1", Body: json.RawMessage(`{}`), ExpiresAt: at.Add(time.Hour)}))
	jobs, err := db.OpenJobs(ctx, "walk")
	must(err)
	slots, err := db.JobSlots(ctx)
	must(err)
	if len(jobs) != 1 || jobs[0].ID != "job_2" || len(slots) != 2 {
		t.Errorf("jobs %v, slots %q", jobs, slots)
	}

	for _, id := range []string{"job_1 upsert=true", "jobs.json upsert=true"} {
		must(db.PutImport(ctx, &storage.Import{ID: id}))
	}
	for _, one := range []struct {
		after time.Duration
		left  int
	}{{24 * time.Hour, 2}, {7 * 24 * time.Hour, 1}} {
		at = at.Add(one.after)
		_, err := db.Sweep(ctx, 100)
		must(err)
		left := 0
		for _, id := range []string{"job_1 upsert=true", "jobs.json upsert=true"} {
			if _, err := db.Import(ctx, id); err == nil {
				left++
			}
		}
		if left != one.left {
			t.Errorf("after %s: %d imports, want %d", one.after, left, one.left)
		}
	}
}
