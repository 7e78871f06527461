package rules

import (
	"bufio"
	"crypto/sha256"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"runtime/metrics"
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
	decoder, encoder := gob.NewDecoder(bufio.NewReaderSize(polled(in), 32<<10)), json.NewEncoder(out)
	for {
		var m toWorker
		if err := decoder.Decode(&m); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("rules: worker: %w", err)
		}
		if m.Answering || len(m.Sums) != sha256.Size*len(m.Job.Scripts) {
			return errors.New("rules: worker: the parent sent no job")
		}
		fetch := func(request string) string {
			var reply toWorker
			if encoder.Encode(fromWorker{Fetch: &request}) != nil || decoder.Decode(&reply) != nil || !reply.Answering {
				return `{"error":"the parent has gone"}`
			}
			return reply.Answer
		}
		result := fromWorker{Lacking: true}
		if m.Whole || m.complete() {
			result = outcome(m.Job, fetch)
		}
		if err := encoder.Encode(result); err != nil {
			return fmt.Errorf("rules: worker: %w", err)
		}
	}
}

// complete is false where a script came without a source that is kept here.
func (m toWorker) complete() bool {
	for i, s := range m.Job.Scripts {
		known := [sha256.Size]byte(m.Sums[i*sha256.Size:])
		m.Job.Scripts[i].known = known
		if s.Source == "" && programs.get(known) == nil {
			return false
		}
	}
	return true
}

func outcome(j Job, fetch Fetcher) (m fromWorker) {
	defer func() {
		if fault := recover(); fault != nil {
			m = fromWorker{Fault: &Fault{Script: names(j), Why: fmt.Sprint(fault)}}
		}
		m.Heap = held()
	}()
	v, err := Execute(j, fetch)
	if err == nil {
		return fromWorker{Verdict: v}
	}
	var f *Fault
	if !errors.As(err, &f) {
		f = &Fault{Script: names(j), Why: err.Error()}
	}
	return fromWorker{Fault: f}
}

// held is what the process has of the system, in bytes. It stops nothing to find out.
func held() uint64 {
	samples := [2]metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples[:])
	return samples[0].Value.Uint64() - samples[1].Value.Uint64()
}
