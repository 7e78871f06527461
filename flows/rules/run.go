package rules

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/dlclark/regexp2/v2"
	"github.com/dop251/goja"
	"github.com/dop251/goja/parser"
)

//go:embed *.js
var sources embed.FS

// programOf are our own programs, by name.
var programOf = func() map[string]*goja.Program {
	all := map[string]*goja.Program{}
	for _, name := range []string{"prelude", Rule, Action, "console", "modules", "unauthorized", "legacy", "crypto", "addresses", "zones"} {
		text, err := sources.ReadFile(name + ".js")
		if err != nil {
			panic(err) // it was embedded
		}
		all[name] = goja.MustCompile("<"+name+">", string(text), false)
	}
	return all
}()

const (
	maxStack  = 500 // calls
	regexTime = 100 * time.Millisecond
	usualTime = time.Second // of a job that names no other
)

func init() { regexp2.DefaultMatchTimeout = regexTime }

// A Fetcher is the parent's side of fetch: a request as JSON, an answer as JSON.
type Fetcher func(request string) (answer string)

// A run is one job. Its rules share a runtime; each action has a fresh one.
type run struct {
	job   Job
	fetch Fetcher

	mu      sync.Mutex // the deadline comes at any time
	vm      *goja.Runtime
	stopped string // why, once it was

	out       goja.Value // host, of this runtime
	calls     map[string]goja.Callable
	provided  map[string]*goja.Object // by our programs that not all scripts name
	who       string                  // user_id of rules' user
	at        Script                  // the script that runs
	continued bool
	failed    *Fault

	said    Verdict
	rules   *Multifactor // the one that context.multifactor said
	entries map[string]string
	spent   int
}

// Execute runs a job in this process. Workers do, and commands that try a script out, for
// whom nothing limits memory and getHours is by the process's own zone (a worker's is UTC).
//
// Errors: *Fault.
func Execute(j Job, fetch Fetcher) (*Verdict, error) {
	if j.Compile {
		for _, s := range j.Scripts {
			if err := Check(s); err != nil {
				return nil, err
			}
		}
		return &Verdict{}, nil
	}
	if j.Timeout == 0 {
		j.Timeout = usualTime
	}
	r := &run{job: j, fetch: fetch, continued: j.Continue, entries: maps.Clone(j.Cache)}
	deadline := time.AfterFunc(j.Timeout, func() { r.stop(fmt.Sprintf("it took longer than %s", j.Timeout)) })
	defer deadline.Stop()
	next, err := r.all()
	var f *Fault
	if errors.As(err, &f) {
		f.Steps = r.said.Steps
	}
	if err != nil {
		return nil, err
	}
	r.said.Next = next
	return &r.said, nil
}

// stop ends the script that runs, and any that would.
func (r *run) stop(why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped == "" {
		r.stopped = why
	}
	if r.vm != nil {
		r.vm.Interrupt(r.stopped)
	}
}

// all runs the scripts up to the first word that ends or pauses the login, and gives the
// one to go on with.
func (r *run) all() (next int, err error) {
	scripts := r.job.Scripts
	for i := r.job.From; i < len(scripts); i++ {
		s := scripts[i]
		if s.Kind == Action || r.at.Kind != Rule { // rules in a row share one
			if err := r.open(s); err != nil {
				return 0, err
			}
		}
		if err := r.one(s); err != nil {
			return 0, err
		}
		r.continued = false
		last := s.Kind == Rule && (i+1 == len(scripts) || scripts[i+1].Kind != Rule)
		if last && r.said.Denial == nil {
			if err := r.finish(); err != nil {
				return 0, err
			}
		}
		switch {
		case r.said.Denial != nil:
			return i + 1, nil
		case last && r.said.Redirect != nil:
			return 0, nil // all rules run again
		case s.Kind == Action && r.said.Redirect != nil:
			return i, nil // it goes on there
		case len(r.said.Commands) > 0:
			return i + 1, nil
		}
	}
	return len(scripts), nil
}

// open makes a fresh runtime for rules, or for the action s.
func (r *run) open(s Script) error {
	vm := goja.New()
	vm.SetMaxCallStackSize(maxStack)
	vm.SetParserOptions(parser.WithDisableSourceMaps) // as in compile, for eval
	vm.SetTimeSource(func() time.Time { return r.job.Now })
	r.mu.Lock()
	r.vm = vm
	if r.stopped != "" {
		vm.Interrupt(r.stopped)
	}
	r.mu.Unlock()
	program := programOf[s.Kind]
	if s.Kind != Rule && s.Kind != Action {
		return s.kindFault()
	}
	r.out = vm.ToValue(r.host)
	base, err := r.start(programOf["prelude"], r.out)
	if err != nil {
		return s.fault(err)
	}
	given, err := r.given(s)
	if err != nil {
		return &Fault{Script: s.Name, Why: "what it is to see is no JSON: " + err.Error()}
	}
	made, err := r.start(program, append([]goja.Value{r.out, base}, given...)...)
	if err != nil {
		return s.fault(err)
	}
	r.rules = nil
	r.calls, r.provided = map[string]goja.Callable{}, map[string]*goja.Object{}
	object := made.ToObject(vm) // ours
	for _, name := range object.Keys() {
		r.calls[name], _ = goja.AssertFunction(object.Get(name))
	}
	return nil
}

// start calls the function that a program of ours is.
func (r *run) start(p *goja.Program, args ...goja.Value) (goja.Value, error) {
	value, err := r.vm.RunProgram(p)
	if err != nil {
		return nil, err
	}
	f, ok := goja.AssertFunction(value)
	if !ok {
		return nil, errors.New("the program is no function")
	}
	return f(goja.Undefined(), args...)
}

// given is what scripts of s's kind see: user and context, or the event, the action's
// secrets and what earlier actions did.
func (r *run) given(s Script) ([]goja.Value, error) {
	if s.Kind == Rule {
		user, err := parse(r.vm, r.job.User)
		if err != nil {
			return nil, err
		}
		of := user.ToObject(r.vm)
		if id := of.Get("user_id"); id != nil {
			r.who = id.String()
		}
		if metadata := of.Get("app_metadata"); metadata != nil && metadata.ToBoolean() { // persistent was its name
			_ = of.DefineDataProperty("persistent", metadata, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE) // an object of ours
		}
		context, err := parse(r.vm, r.job.Context)
		return []goja.Value{user, context}, err
	}
	event, err := parse(r.vm, r.job.Event)
	if err != nil {
		return nil, err
	}
	var earlier []byte
	if len(r.said.Transaction)+len(r.said.Methods) > 0 {
		if earlier, err = json.Marshal(map[string]any{"transaction": r.said.Transaction, "methods": r.said.Methods}); err != nil {
			return nil, err
		}
	}
	before, err := parse(r.vm, earlier)
	return []goja.Value{event, r.secrets(s), before}, err
}

// secrets are an object, and that of rules has no prototype.
func (r *run) secrets(s Script) goja.Value {
	o := r.vm.CreateObject(nil)
	if s.Kind == Action {
		o = r.vm.NewObject()
	}
	for name, value := range s.Secrets {
		_ = o.DefineDataProperty(name, r.vm.ToValue(value), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE) // an object of ours
	}
	return o
}

// one runs a script to its end.
func (r *run) one(s Script) error {
	begun := time.Now()
	r.at, r.failed = s, nil
	r.said.Steps = append(r.said.Steps, Step{Script: s.Name})
	defer func() { r.step().Took = time.Since(begun) }()
	program, err := s.compile()
	if err != nil {
		return err
	}
	for _, name := range program.wants {
		if err := r.provide(name); err != nil {
			return s.fault(err)
		}
	}
	body, err := r.vm.RunProgram(program.code) // a function, uncalled
	if err != nil {
		return s.fault(err)
	}
	if s.Kind == Rule {
		if err := r.call("rule", body, r.secrets(s)); err != nil {
			return err
		}
		return r.call("ruled")
	}
	name := "onExecutePostLogin"
	if r.continued {
		name = "onContinuePostLogin"
	}
	if err := r.call("action", body, r.vm.ToValue(name), r.vm.ToValue(r.continued)); err != nil {
		return err
	}
	state, err := r.calls["state"](goja.Undefined())
	if err != nil {
		return s.fault(err)
	}
	if state.String() == "waits" { // nothing here ends later than its call
		return &Fault{Script: s.Name, Why: "its promise was never settled"}
	}
	return nil
}

// finish takes the claims that rules gave.
func (r *run) finish() error { return r.call("claims") }

// call calls a function of ours, by which the script runs until nothing of it does.
func (r *run) call(name string, args ...goja.Value) error {
	if _, err := r.calls[name](goja.Undefined(), args...); err != nil {
		return r.at.fault(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.stopped != "":
		return &Fault{Script: r.at.Name, Why: r.stopped}
	case r.failed != nil:
		return r.failed
	}
	return nil
}
