package standin

import (
	"bytes"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// A Fault is how a server fails.
type Fault struct {
	Wait   time.Duration // before it does anything
	Drop   bool          // closes the connection without an answer
	After  bool          // but only once it has taken the message
	Status int           // 0: no refusal
	Code   int           // the vendor's own number
	Reason string        // the vendor's own word
}

// Faults fails the requests that it is asked to. The zero value never does.
type Faults struct{ next atomic.Pointer[func() *Fault] }

// Set makes fault say how each following request fails, nil for not at all.
func (f *Faults) Set(fault func() *Fault) { f.next.Store(&fault) }

// Always is a fault for every request.
func (f *Faults) Always(fault Fault) { f.Set(func() *Fault { return &fault }) }

// None ends all faults.
func (f *Faults) None() { f.Set(nil) }

// take is the fault of this request, after its wait.
func (f *Faults) take(r *http.Request) Fault {
	// A server notices that its client has gone only once the body is read.
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	r.Body = io.NopCloser(bytes.NewReader(body))
	next := f.next.Load()
	if err != nil || next == nil || *next == nil {
		return Fault{}
	}
	fault := (*next)()
	if fault == nil {
		return Fault{}
	}
	select {
	case <-time.After(fault.Wait):
	case <-r.Context().Done(): // nobody is there any more
		drop()
	}
	return *fault
}

// drop ends the connection as a server that crashes does.
func drop() { panic(http.ErrAbortHandler) }
