package management

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/storage"
)

// An actionTrial is what came of a trial.
type actionTrial struct {
	Payload trialOutcome `json:"payload"`
}

type trialOutcome struct {
	Error   *trialError   `json:"error,omitempty" doc:"why it failed, which would refuse the sign-in"`
	Said    *trialVerdict `json:"verdict,omitempty"`
	Console []string      `json:"console,omitempty"`
	Stats   trialStats    `json:"stats"`
}

type trialError struct {
	Message string `json:"message"`
	Line    int    `json:"line,omitempty"`
}

type trialStats struct {
	Milliseconds int64 `json:"action_duration_ms"`
}

// A trialVerdict is what an action would have done.
type trialVerdict struct {
	Denied       string         `json:"denied,omitempty" doc:"the reason that it gave"`
	Multifactor  string         `json:"multifactor,omitempty" doc:"the provider of api.multifactor.enable"`
	Commands     []trialCommand `json:"commands,omitempty"`
	Redirect     string         `json:"redirect,omitempty"`
	IDToken      map[string]any `json:"id_token,omitempty"`
	AccessToken  map[string]any `json:"access_token,omitempty"`
	AddScopes    []string       `json:"add_scopes,omitempty"`
	RemoveScopes []string       `json:"remove_scopes,omitempty"`
	UserMetadata map[string]any `json:"user_metadata,omitempty"`
	AppMetadata  map[string]any `json:"app_metadata,omitempty"`
	Transaction  map[string]any `json:"transaction,omitempty"`
}

type trialCommand struct {
	Verb    string   `json:"verb"`
	Factors []string `json:"factors"`
}

func viewVerdict(v *flows.ScriptVerdict) *trialVerdict {
	said := &trialVerdict{IDToken: v.IDToken, AccessToken: v.AccessToken, UserMetadata: v.UserMetadata, AppMetadata: v.AppMetadata, Transaction: v.Transaction}
	if v.Denial != nil {
		said.Denied = v.Denial.Reason
	}
	if v.Multifactor != nil {
		said.Multifactor = v.Multifactor.Provider
	}
	if v.Redirect != nil {
		said.Redirect = v.Redirect.URL
	}
	if v.Scopes != nil {
		said.AddScopes, said.RemoveScopes = v.Scopes.Add, v.Scopes.Remove
	}
	for _, c := range v.Commands {
		command := trialCommand{Verb: c.Verb, Factors: []string{}}
		for _, f := range c.Factors {
			command.Factors = append(command.Factors, f.Type)
		}
		said.Commands = append(said.Commands, command)
	}
	return said
}

func (a *API) testAction(ctx context.Context, in *struct {
	ActionPath
	Body struct {
		Payload struct {
			Event map[string]any `json:"event,omitempty" doc:"members of event, in the place of those of a made-up sign-in; secrets are those here alone"`
		} `json:"payload"`
	}
},
) (*struct{ Body *actionTrial }, error) {
	s, err := a.scriptBy(ctx, storage.ScriptAction, in.ID)
	if err != nil {
		return nil, err
	}
	draft, err := a.scriptText(ctx, s, 0)
	if err != nil {
		return nil, err
	}
	if err := a.spareTrials(ctx); err != nil {
		return nil, err
	}
	trial := &actionTrial{}
	v, err := a.Flows.TryAction(ctx, s.Name, draft.Source, in.Body.Payload.Event)
	var fault *flows.ScriptFault
	switch {
	case errors.As(err, &fault):
		trial.Payload.Error = &trialError{Message: fault.Why, Line: fault.Line}
		trial.Payload.step(fault.Steps)
	case err != nil:
		return nil, scriptFault(err, "code")
	default:
		trial.Payload.Said = viewVerdict(v)
		trial.Payload.step(v.Steps)
	}
	return &struct{ Body *actionTrial }{trial}, nil
}

// Trials of one client: as many at once, then one each period.
const (
	trialBurst  = 10
	trialPeriod = 6 * time.Second
)

// spareTrials charges a trial to the client: each may cost a second of a processor.
func (a *API) spareTrials(ctx context.Context) error {
	_, wait, err := a.DB.Take(ctx, a.Now(), storage.Limit{Key: "action trial:" + callerOf(ctx).ClientID, Burst: trialBurst, Period: trialPeriod})
	if err != nil || wait == 0 {
		return err
	}
	after := http.Header{}
	flows.RetryAfter(after, wait)
	return huma.ErrorWithHeaders(refusal(http.StatusTooManyRequests, "too_many_requests", "Too many trials; come again later"), after)
}

// step tells of the one run that a trial is; a worker that was killed told of none.
func (o *trialOutcome) step(steps []flows.ScriptStep) {
	for _, one := range steps {
		o.Console = append(o.Console, one.Console...)
		o.Stats.Milliseconds += int64(one.Took / time.Millisecond)
	}
}
