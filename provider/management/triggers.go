package management

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/sallyport-id/sallyport/storage"
)

// triggers are what actions run at: here, every sign-in and refresh.
func (a *API) triggers() {
	op(a, operation{method: http.MethodGet, path: "/actions/triggers", scopes: []string{"read:actions"}, summary: "What actions run at"}, a.listTriggers)
	op(a, operation{method: http.MethodGet, path: "/actions/triggers/{id}/bindings", scopes: []string{"read:actions"}, summary: "Actions that run, in their order"}, a.listBindings)
	op(a, operation{method: http.MethodPatch, path: "/actions/triggers/{id}/bindings", scopes: []string{"update:actions"}, summary: "Say which actions run, in which order; others do not", conflict: true}, a.patchBindings)
}

// A triggerView is a trigger as the API shows one.
type triggerView struct {
	ID                 string          `json:"id"`
	Version            string          `json:"version"`
	Status             string          `json:"status"`
	Runtimes           []string        `json:"runtimes"`
	DefaultRuntime     string          `json:"default_runtime"`
	CompatibleTriggers []actionTrigger `json:"compatible_triggers"`
	BindingPolicy      string          `json:"binding_policy"`
}

type triggerList struct {
	Triggers []triggerView `json:"triggers"`
}

func (a *API) listTriggers(context.Context, *struct{}) (*struct{ Body *triggerList }, error) {
	return &struct{ Body *triggerList }{&triggerList{[]triggerView{
		{postLogin, postLoginVersion, "CURRENT", []string{actionRuntime}, actionRuntime, []actionTrigger{}, "trigger-bound"},
	}}}, nil
}

// A TriggerPath names a trigger of Auth0's. All but post-login have no actions here.
type TriggerPath struct {
	ID string `path:"id" enum:"post-login,credentials-exchange,pre-user-registration,post-user-registration,post-change-password,send-phone-message,custom-phone-provider,custom-email-provider,password-reset-post-challenge,custom-token-exchange,event-stream,password-hash-migration,login-post-identifier,signup-post-identifier"`
}

// A bindingView is the place of an action as the API shows one.
type bindingView struct {
	ID          string      `json:"id"`
	TriggerID   string      `json:"trigger_id"`
	DisplayName string      `json:"display_name"`
	Action      *actionView `json:"action"`
	CreatedAt   time.Time   `json:"created_at"`
	UpdatedAt   time.Time   `json:"updated_at"`
}

// bindingList are places as the API lists them.
type bindingList struct {
	Bindings []*bindingView `json:"bindings"`
	paged
}

type someBindings struct{ Body *bindingList }

// boundActions is the answer to who has just bound them.
type boundActions struct {
	Bindings []*bindingView `json:"bindings"`
}

func (a *API) listBindings(ctx context.Context, in *struct {
	TriggerPath
	ActionPage
},
) (*someBindings, error) {
	return a.bindings(ctx, in.ID, in.ActionPage)
}

func (a *API) bindings(ctx context.Context, trigger string, page ActionPage) (*someBindings, error) {
	d := a.desk(ctx)
	all, err := d.scriptsOf(ctx, storage.ScriptAction)
	if err != nil {
		return nil, err
	}
	var bound []*storage.Script
	for _, s := range all {
		if s.Enabled && trigger == postLogin {
			bound = append(bound, s)
		}
	}
	list := &bindingList{Bindings: []*bindingView{}}
	bound, list.paged = pageOfActions(bound, page)
	for _, s := range bound {
		action, err := a.viewAction(ctx, s)
		if err != nil {
			return nil, err
		}
		b, _, err := d.bindingOf(ctx, s)
		if err != nil {
			return nil, err
		}
		list.Bindings = append(list.Bindings, &bindingView{b.ID, postLogin, b.DisplayName, action, b.CreatedAt, b.UpdatedAt})
	}
	return &someBindings{list}, nil
}

// A BindingGiven is a place of an action, as clients send it.
type BindingGiven struct {
	Ref         BindingRef    `json:"ref"`
	DisplayName string        `json:"display_name,omitempty" maxLength:"200"`
	Secrets     []SecretGiven `json:"secrets,omitempty" maxItems:"100" doc:"not done here: the action has them"`
}

// A BindingRef names the action of a place.
type BindingRef struct {
	Type  string `json:"type" enum:"action_id,action_name"`
	Value string `json:"value" minLength:"1" maxLength:"140"`
}

func (a *API) patchBindings(ctx context.Context, in *struct {
	TriggerPath
	Body struct {
		Bindings []BindingGiven `json:"bindings" maxItems:"100"`
	}
},
) (*struct{ Body *boundActions }, error) {
	if in.ID != postLogin {
		if len(in.Body.Bindings) > 0 {
			return nil, impossible(fmt.Sprintf("actions of the trigger %s do not run here; there is only %s", in.ID, postLogin))
		}
		return &struct{ Body *boundActions }{&boundActions{[]*bindingView{}}}, nil
	}
	d := a.desk(ctx)
	all, err := d.scriptsOf(ctx, storage.ScriptAction)
	if err != nil {
		return nil, err
	}
	places, err := placesOf(in.Body.Bindings, all)
	if err != nil {
		return nil, err
	}
	if err := d.BindActions(ctx, places); err != nil {
		return nil, scriptFault(err, "bindings")
	}
	bound, err := a.bindings(ctx, in.ID, ActionPage{PerPage: 100})
	if err != nil {
		return nil, err
	}
	return &struct{ Body *boundActions }{&boundActions{bound.Body.Bindings}}, nil
}

// placesOf are the places that were sent, of actions that are deployed.
func placesOf(given []BindingGiven, all []*storage.Script) ([]Place, error) {
	var places []Place
	taken := map[string]bool{}
	for i, one := range given {
		at := fmt.Sprintf("bindings[%d]", i)
		if len(one.Secrets) > 0 {
			return nil, impossible(at + ".secrets: a binding has none of its own; give them to the action")
		}
		s := referred(one.Ref, all)
		switch {
		case s == nil:
			return nil, invalid(at+".ref", fmt.Sprintf("there is no action %q", one.Ref.Value))
		case s.Deployed == 0 && !s.Enabled: // the command line may enable a draft: what was read can be sent again
			return nil, invalid(at+".ref", fmt.Sprintf("the action %q is a draft; deploy it first", s.Name))
		case taken[s.ID]:
			return nil, invalid(at+".ref", fmt.Sprintf("the action %q is there twice; it runs once", s.Name))
		}
		taken[s.ID] = true
		places = append(places, Place{Action: s, DisplayName: one.DisplayName})
	}
	return places, nil
}

func referred(ref BindingRef, all []*storage.Script) *storage.Script {
	for _, s := range all {
		if ref.Type == "action_id" && s.ID == ref.Value || ref.Type == "action_name" && s.Name == ref.Value {
			return s
		}
	}
	return nil
}
