package rules

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
)

// What goes over the pipes, one JSON value after the other: the parent sends a job and
// answers to fetches, the worker fetches and ends with an outcome.
type (
	toWorker struct {
		Job    *Job    `json:"job,omitempty"`
		Answer *string `json:"answer,omitempty"`
	}
	fromWorker struct {
		Fetch   *string  `json:"fetch,omitempty"`
		Verdict *Verdict `json:"verdict,omitempty"`
		Fault   *Fault   `json:"fault,omitempty"`
		Heap    uint64   `json:"heap,omitempty"` // bytes that the worker holds now
	}
)

// Serve is the worker: it runs jobs from in until that ends. memory bounds what the
// process may hold, in bytes; 0: nothing does.
func Serve(in io.Reader, out io.Writer, memory uint64) error {
	if memory > 0 {
		if err := limitMemory(memory); err != nil {
			return fmt.Errorf("rules: memory limit: %w", err)
		}
		debug.SetMemoryLimit(int64(memory / 2)) //nolint:gosec // far below the largest int
	}
	decoder, encoder := json.NewDecoder(bufio.NewReader(in)), json.NewEncoder(out)
	for {
		var m toWorker
		if err := decoder.Decode(&m); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("rules: worker: %w", err)
		}
		if m.Job == nil {
			continue // an answer that came too late
		}
		fetch := func(request string) string {
			var reply toWorker
			if encoder.Encode(fromWorker{Fetch: &request}) != nil || decoder.Decode(&reply) != nil || reply.Answer == nil {
				return `{"error":"the parent has gone"}`
			}
			return *reply.Answer
		}
		if err := encoder.Encode(outcome(*m.Job, fetch)); err != nil {
			return fmt.Errorf("rules: worker: %w", err)
		}
	}
}

func outcome(j Job, fetch Fetcher) (m fromWorker) {
	defer func() {
		if fault := recover(); fault != nil {
			m = fromWorker{Fault: &Fault{Script: "rules", Why: fmt.Sprint(fault)}}
		}
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		m.Heap = stats.HeapSys - stats.HeapReleased
	}()
	v, err := Execute(j, fetch)
	if err == nil {
		return fromWorker{Verdict: v}
	}
	var f *Fault
	if !errors.As(err, &f) {
		f = &Fault{Script: "rules", Why: err.Error()}
	}
	return fromWorker{Fault: f}
}
