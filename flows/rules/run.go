package rules

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/dlclark/regexp2/v2"
	"github.com/dop251/goja"
)

//go:embed prelude.js
var preludeText string

var prelude = goja.MustCompile("prelude", preludeText, false)

const (
	maxStack   = 500 // calls
	maxConsole = 50  // lines
	maxLine    = 256
	maxVerdict = 64 << 10
	regexTime  = 100 * time.Millisecond
)

func init() { regexp2.DefaultMatchTimeout = regexTime }

// A Fetcher is the parent's side of fetch: a request as JSON, an answer as JSON.
type Fetcher func(request string) (answer string)

// Execute runs a job in this process. Workers do; nobody else should.
func Execute(j Job, fetch Fetcher) (*Verdict, error) {
	r, err := newRun(j, fetch)
	if err != nil {
		return nil, err
	}
	stop := time.AfterFunc(j.Timeout, func() { r.vm.Interrupt(fmt.Sprintf("it took longer than %s", j.Timeout)) })
	defer stop.Stop()
	next := len(j.Scripts)
	for i := j.From; i < len(j.Scripts); i++ {
		s := j.Scripts[i]
		if err := r.one(s); err != nil {
			return nil, err
		}
		v, err := r.verdict(s)
		if err != nil {
			return nil, err
		}
		if v.Denial != nil || v.Redirect != nil || len(v.Commands) > 0 {
			next = i + 1
			if v.Redirect != nil && s.Kind == Action {
				next = i // it goes on there
			}
			break
		}
		if err := r.host.Set("continued", false); err != nil {
			return nil, err
		}
	}
	last := Script{Name: "the verdict"}
	v, err := r.verdict(last)
	if err != nil {
		return nil, err
	}
	v.Steps, v.Next = r.steps, next
	return v, nil
}

// A run is one job in a runtime of its own.
type run struct {
	vm    *goja.Runtime
	job   Job
	host  *goja.Object
	calls map[string]goja.Callable
	steps []Step
}

func newRun(j Job, fetch Fetcher) (*run, error) {
	r := &run{vm: goja.New(), job: j, calls: map[string]goja.Callable{}}
	r.vm.SetMaxCallStackSize(maxStack)
	r.vm.SetTimeSource(func() time.Time { return j.Now })
	start, err := r.vm.RunProgram(prelude)
	if err != nil {
		return nil, fmt.Errorf("rules: prelude: %w", err)
	}
	setup, ok := goja.AssertFunction(start)
	if !ok {
		return nil, errors.New("rules: the prelude is no function")
	}
	made, err := setup(goja.Undefined(), r.natives(fetch))
	if err != nil {
		return nil, fmt.Errorf("rules: prelude: %w", err)
	}
	object := made.ToObject(r.vm)
	for _, name := range object.Keys() {
		r.calls[name], _ = goja.AssertFunction(object.Get(name))
	}
	return r, nil
}

// one runs a script to its end.
func (r *run) one(s Script) (err error) {
	begun := time.Now()
	r.steps = append(r.steps, Step{Script: s.Name})
	defer func() { r.steps[len(r.steps)-1].Took = time.Since(begun) }()
	program, err := s.compile()
	if err != nil {
		return err
	}
	value, err := r.vm.RunProgram(program)
	if err != nil {
		return s.fault(err)
	}
	got, err := r.calls[s.Kind](goja.Undefined(), r.vm.ToValue(s.Name), value, r.vm.ToValue(s.Secrets))
	if err != nil {
		return s.fault(err)
	}
	outcome := got.ToObject(r.vm)
	if err := r.settled(s, outcome.Get("result")); err != nil {
		return err
	}
	if s.Kind == Rule {
		_, err = r.calls["ruled"](goja.Undefined(), outcome.Get("outcome"))
	} else {
		_, err = r.calls["settle"](goja.Undefined())
	}
	if err != nil {
		return s.fault(err)
	}
	return nil
}

// settled looks at what an asynchronous function became. Nothing here ends later than
// its call, so that a promise that waits waits for ever.
func (r *run) settled(s Script, result goja.Value) error {
	if result == nil {
		return nil
	}
	p, ok := result.Export().(*goja.Promise)
	if !ok {
		return nil
	}
	switch p.State() {
	case goja.PromiseStateFulfilled:
		return nil
	case goja.PromiseStatePending:
		return &Fault{s.Name, 0, "its promise was never settled"}
	}
	reason := p.Result()
	f := &Fault{Script: s.Name, Why: clip(reason.String(), 500)}
	if o, ok := reason.(*goja.Object); ok {
		f.Line = s.line(stackOf(reason))
		if name := o.Get("name"); name != nil && name.String() == "UnauthorizedError" && s.Kind == Rule {
			_, err := r.calls["refused"](goja.Undefined(), o.Get("message"))
			return err
		}
	}
	return f
}

// verdict is what was said so far.
func (r *run) verdict(s Script) (*Verdict, error) {
	got, err := r.calls["verdict"](goja.Undefined())
	if err != nil {
		return nil, s.fault(err)
	}
	text := got.String()
	if len(text) > maxVerdict {
		return nil, &Fault{s.Name, 0, fmt.Sprintf("it said %d bytes; at most %d are allowed", len(text), maxVerdict)}
	}
	var v Verdict
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return nil, &Fault{s.Name, 0, "what it said is of another form: " + err.Error()}
	}
	return &v, nil
}
