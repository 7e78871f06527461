package flows

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/sallyport-id/sallyport/flows/rules"
	"github.com/sallyport-id/sallyport/storage"
)

// What rooms above hear of scripts.
type (
	// A ScriptFault is what is wrong with a script, and where.
	ScriptFault = rules.Fault
	// A ScriptVerdict is what a script said.
	ScriptVerdict = rules.Verdict
	// A ScriptStep is one run of a script, with its console.
	ScriptStep = rules.Step
)

// ErrScriptsBusy says that no script could be run, or looked at, in time.
var ErrScriptsBusy = rules.ErrBusy

// A ScriptTrial is one script with a sign-in that does not happen.
type ScriptTrial struct {
	Imagined
	Script rules.Script
	// More are members in the place of those made from the sign-in: of context for a rule,
	// where user is the person and configuration its secrets; of event for an action, with
	// its secrets.
	More map[string]any
}

// Job is what a worker does for the trial. Nothing in it reaches the network.
func (t ScriptTrial) Job(ctx context.Context) (rules.Job, error) {
	texts := [3]json.RawMessage{}
	var err error
	if texts[0], texts[1], texts[2], err = Imagine(ctx, t.Imagined); err != nil {
		return rules.Job{}, err
	}
	var user, about, event map[string]any
	for i, into := range []*map[string]any{&user, &about, &event} {
		if err := json.Unmarshal(texts[i], into); err != nil {
			return rules.Job{}, fmt.Errorf("scripts: the facts of a trial: %w", err)
		}
	}
	facts, secrets := event, "secrets"
	if t.Script.Kind == rules.Rule {
		facts, secrets = about, "configuration"
		override(user, members(t.More["user"]))
	}
	t.Script.Secrets = map[string]string{}
	for key, value := range members(t.More[secrets]) {
		t.Script.Secrets[key] = fmt.Sprint(value)
	}
	for name, value := range t.More {
		if name != secrets && (name != "user" || t.Script.Kind != rules.Rule) {
			override(facts, map[string]any{name: value})
		}
	}
	job := rules.Job{Scripts: []rules.Script{t.Script}, CanRedirect: true, Offline: true, Issuer: t.Issuer.Host, Now: t.Now}
	for into, value := range map[*json.RawMessage]any{&job.User: user, &job.Context: about, &job.Event: event} {
		if *into, err = json.Marshal(value); err != nil {
			return job, fmt.Errorf("scripts: the facts of a trial: %w", err)
		}
	}
	return job, nil
}

// override puts members of with into base, objects member by member.
func override(base, with map[string]any) {
	for name, value := range with {
		inner, both := base[name].(map[string]any)
		if deeper, ok := value.(map[string]any); ok && both {
			override(inner, deeper)
			continue
		}
		base[name] = value
	}
}

// members are those of an object; anything else has none.
func members(value any) map[string]any {
	object, _ := value.(map[string]any)
	return object
}

// CheckScript compiles a text, in a worker, before it is stored. It runs nothing of it.
//
// Errors: *ScriptFault; ErrScriptsBusy.
func (e *Engine) CheckScript(ctx context.Context, kind, name, source string) error {
	_, err := e.trial(ctx, rules.Job{Scripts: []rules.Script{{Kind: kind, Name: name, Source: source}}, Compile: true})
	return err
}

// trial runs what no sign-in waits for, so that it takes no worker from those that do.
func (e *Engine) trial(ctx context.Context, job rules.Job) (*ScriptVerdict, error) {
	job.Apart = true
	return e.execute(ctx, job)
}

// TryAction runs an action as if a made-up person signed in, with members of event in the
// place of what was made up. Nothing is stored, nobody is asked or told, and its secrets
// are those of event alone.
//
// Errors: *ScriptFault where it failed; ErrScriptsBusy.
func (e *Engine) TryAction(ctx context.Context, name, source string, event map[string]any) (*ScriptVerdict, error) {
	job, err := ScriptTrial{
		Imagined: Imagined{
			Issuer: e.issuer, DB: e.db, Factors: e.factors, Connection: e.config.Connection, Now: e.now(),
			User:   &storage.User{ID: "auth0|trial", Username: "trial", Email: "trial@example.com", Name: "Trial", CreatedAt: e.now(), UpdatedAt: e.now()},
			Client: &storage.Client{ID: "cli_trial", Name: "Trial"},
		},
		Script: rules.Script{Kind: rules.Action, Name: name, Source: source}, More: event,
	}.Job(ctx)
	if err != nil {
		return nil, err
	}
	return e.trial(ctx, job)
}
