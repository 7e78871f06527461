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
	check := func(s Script) error {
		_, err := r.Run(t.Context(), Job{Scripts: []Script{s}, Compile: true})
		return err
	}
	sound := action(`for (;;) {}`)
	for range 2 {
		if err := check(sound); err != nil {
			t.Error(err)
		}
	}
	for name, c := range map[string]struct {
		script Script
		why    string
	}{
		"broken":   {Script{Name: "x", Kind: Rule, Source: "function (\n"}, "x, line"},
		"no event": {Script{Name: "x", Kind: Action, Source: "exports.other = 1"}, "an action has exports.onExecutePostLogin"},
		"deep":     {Script{Name: "x", Kind: Action, Source: strings.Repeat("[", 100_000)}, "x"},
	} {
		for range 2 {
			var fault *Fault
			if err := check(c.script); !errors.As(err, &fault) || !strings.Contains(err.Error(), c.why) {
				t.Errorf("%s: %v, want %q", name, err, c.why)
			}
		}
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
