package rules

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// TestCheckInWorker: what is made to cost much when it is compiled costs a worker alone,
// nothing of a text runs, and one that was compiled before is judged the same again.
func TestCheckInWorker(t *testing.T) {
	r := runner(t, Options{Workers: 1, Timeout: 300 * time.Millisecond})
	check := func(s Script, limit time.Duration) error {
		_, err := r.Run(t.Context(), Job{Scripts: []Script{s}, Compile: true, Timeout: limit})
		return err
	}
	sound := action(`for (;;) {}`)
	for range 2 {
		if err := check(sound, 0); err != nil {
			t.Error(err)
		}
	}
	for name, c := range map[string]struct {
		script Script
		limit  time.Duration // 0: the Runner's
		why    string
	}{
		"broken":   {Script{Name: "x", Kind: Rule, Source: "function (\n"}, 0, "x, line"},
		"no event": {Script{Name: "x", Kind: Action, Source: "exports.other = 1"}, 0, "an action has exports.onExecutePostLogin"},
		"deep":     {Script{Name: "x", Kind: Action, Source: strings.Repeat("[", 100_000)}, 50 * time.Millisecond, "it took longer than"},
	} {
		for range 2 {
			var fault *Fault
			if err := check(c.script, c.limit); !errors.As(err, &fault) || !strings.Contains(err.Error(), c.why) {
				t.Errorf("%s: %v, want %q", name, err, c.why)
			}
		}
	}
}

// TestApart: a job that no sign-in waits for takes none of their workers, waits for none of
// them, and has a second at most.
func TestApart(t *testing.T) {
	r := runner(t, Options{Workers: 1, Timeout: 10 * time.Second})
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for _, apart := range []bool{false, true} {
		room := map[bool]chan struct{}{false: r.slots, true: r.apart}
		room[apart] <- struct{}{} // one runs without an end
		j := job(action(`api.access.deny("said")`))
		j.Apart = !apart
		if v, err := r.Run(t.Context(), j); err != nil || v.Denial == nil {
			t.Errorf("beside one that is apart (%v): %+v, %v", apart, v, err)
		}
		j.Apart = apart
		if _, err := r.Run(over, j); !errors.Is(err, ErrBusy) {
			t.Errorf("another that is apart (%v): %v", apart, err)
		}
		<-room[apart]
	}
	endless := job(action(`for (;;) {}`))
	endless.Apart, endless.Timeout = true, 0
	if _, err := r.Run(t.Context(), endless); err == nil || !strings.Contains(err.Error(), "longer than 1s") {
		t.Errorf("without an end: %v", err)
	}
}

// TestOffline: a trial reaches nothing, whatever the site lets others reach.
func TestOffline(t *testing.T) {
	reached := 0
	r := runner(t, Options{Workers: 1, Fetch: func(context.Context, string) string { reached++; return `{"status":200,"body":"there"}` }})
	j := job(action(`try { api.access.deny(await (await fetch("https://a.example/")).text()) } catch (error) { api.access.deny(error.message) }`))
	for _, offline := range []bool{false, true} {
		j.Offline = offline
		v, err := r.Run(t.Context(), j)
		want := map[bool]string{false: "there", true: "reaches nothing"}[offline]
		if err != nil || v.Denial == nil || !strings.Contains(v.Denial.Reason, want) || reached != 1 {
			t.Errorf("offline %v: %+v, %v, reached %d times", offline, v, err, reached)
		}
	}
}
