package management

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/sallyport-id/sallyport/storage"
)

// The one trigger that there is, and what its actions run in.
const (
	postLogin        = "post-login"
	postLoginVersion = "v3"
	actionRuntime    = "node22"
)

// emptyAction is the text of an action that came without one.
const emptyAction = "exports.onExecutePostLogin = async (event, api) => {\n};\n"

// actions are scripts of the newer contract. The newest text is the draft, and runs once
// it is deployed and the action is bound.
func (a *API) actions() {
	op(a, operation{method: http.MethodGet, path: "/actions/actions", scopes: []string{"read:actions"}, summary: "Actions"}, a.listActions)
	op(a, operation{method: http.MethodPost, path: "/actions/actions", scopes: []string{"create:actions"}, summary: "Add an action; one that does not compile is refused with its line", status: http.StatusCreated, conflict: true}, a.createAction)
	op(a, operation{method: http.MethodGet, path: "/actions/actions/{id}", scopes: []string{"read:actions"}, summary: "One action, with its draft", missing: true}, a.action)
	op(a, operation{method: http.MethodPatch, path: "/actions/actions/{id}", scopes: []string{"update:actions"}, summary: "Change an action; its text runs once it is deployed, all else at once", missing: true, conflict: true}, a.patchAction)
	op(a, operation{method: http.MethodDelete, path: "/actions/actions/{id}", scopes: []string{"delete:actions"}, summary: "Remove an action with all its texts", status: http.StatusNoContent, missing: true, conflict: true}, a.deleteAction)
	op(a, operation{method: http.MethodPost, path: "/actions/actions/{id}/deploy", scopes: []string{"create:actions"}, summary: "Deploy the draft", status: http.StatusAccepted, missing: true, conflict: true}, a.deployAction)
	op(a, operation{method: http.MethodPost, path: "/actions/actions/{id}/test", scopes: []string{"create:actions"}, summary: "Run the draft in a made-up sign-in, without any effect", missing: true}, a.testAction)
}

// An actionTrigger is what an action runs at.
type actionTrigger struct {
	ID      string `json:"id"`
	Version string `json:"version"`
}

// An actionDependency is a package of an action's, of which there are none.
type actionDependency struct {
	Name    string `json:"name" maxLength:"200"`
	Version string `json:"version,omitempty" maxLength:"100"`
	From    string `json:"registry_url,omitempty" maxLength:"1000"`
}

// An actionSecret is the name of one. It changed at the latest when its action did.
type actionSecret struct {
	Name      string    `json:"name"`
	UpdatedAt time.Time `json:"updated_at"`
}

// An actionView is an action as the API shows one. Code is the draft's.
type actionView struct {
	ID           string             `json:"id"`
	Name         string             `json:"name"`
	Triggers     []actionTrigger    `json:"supported_triggers"`
	Code         string             `json:"code"`
	Dependencies []actionDependency `json:"dependencies"`
	Runtime      string             `json:"runtime"`
	Secrets      []actionSecret     `json:"secrets"`
	Status       string             `json:"status"`
	AllDeployed  bool               `json:"all_changes_deployed"`
	Deployed     *actionVersion     `json:"deployed_version,omitempty"`
	BuiltAt      time.Time          `json:"built_at"`
	CreatedAt    time.Time          `json:"created_at"`
	UpdatedAt    time.Time          `json:"updated_at"`
}

func triggersOfAction() []actionTrigger { return []actionTrigger{{postLogin, postLoginVersion}} }

func secretsOf(s *storage.Script) []actionSecret {
	names := []actionSecret{}
	for _, name := range slices.Sorted(maps.Keys(s.Secrets)) {
		names = append(names, actionSecret{name, s.UpdatedAt})
	}
	return names
}

func (a *API) viewAction(ctx context.Context, s *storage.Script) (*actionView, error) {
	draft, err := a.scriptText(ctx, s, 0)
	if err != nil {
		return nil, err
	}
	v := &actionView{
		ID: s.ID, Name: s.Name, Triggers: triggersOfAction(), Code: draft.Source, Dependencies: []actionDependency{}, Runtime: actionRuntime,
		Secrets: secretsOf(s), Status: "built", AllDeployed: draft.Number == s.Deployed, BuiltAt: draft.CreatedAt, CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt,
	}
	if draft.CreatedAt.After(v.UpdatedAt) {
		v.UpdatedAt = draft.CreatedAt
	}
	if s.Deployed == 0 {
		return v, nil
	}
	live := draft
	if !v.AllDeployed {
		if live, err = a.scriptText(ctx, s, s.Deployed); err != nil {
			return nil, err
		}
	}
	v.Deployed = viewActionVersion(s, live)
	return v, nil
}

// An ActionPage are the parameters of lists of actions, their versions and their places.
type ActionPage struct {
	Page    int  `query:"page" minimum:"0" maximum:"1000000" default:"0"`
	PerPage int  `query:"per_page" minimum:"0" maximum:"100" default:"50"`
	Totals  bool `query:"include_totals" doc:"they are there always"`
}

// A paged is what of a list is on a page: Auth0's page and per_page, and start, limit and
// length, by which go-auth0 sees that there is no more.
type paged struct {
	Page    int `json:"page"`
	PerPage int `json:"per_page"`
	Total   int `json:"total"`
	Start   int `json:"start"`
	Limit   int `json:"limit"`
	Length  int `json:"length"`
}

// pageOfActions is the part of all that is on the page p.
func pageOfActions[T any](all []T, p ActionPage) ([]T, paged) {
	l := pageOf("", all, Paging{Page: p.Page, PerPage: p.PerPage}).Body
	at := p.at(l.Total)
	at.Length = len(l.Items)
	return slices.Concat([]T{}, l.Items), at
}

// at is where the page p stands among so many items; Length is the caller's to say.
func (p ActionPage) at(total int) paged {
	size := Paging{PerPage: p.PerPage}.size()
	return paged{Page: p.Page, PerPage: size, Total: total, Start: p.Page * size, Limit: size}
}

// actionList are actions as the API lists them.
type actionList struct {
	Actions []*actionView `json:"actions"`
	paged
}

func (a *API) listActions(ctx context.Context, in *struct {
	ActionPage
	Trigger   string `query:"triggerId" maxLength:"100" doc:"only those of this trigger"`
	Name      string `query:"actionName" maxLength:"140" doc:"only the one of this name"`
	Deployed  string `query:"deployed" enum:"true,false" doc:"only those that are deployed, or not"`
	Installed bool   `query:"installed" doc:"only those of integrations, of which there are none"`
},
) (*struct{ Body *actionList }, error) {
	all, err := a.desk(ctx).scriptsOf(ctx, storage.ScriptAction)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(s *storage.Script) bool {
		return in.Installed || in.Trigger != "" && in.Trigger != postLogin || in.Name != "" && in.Name != s.Name ||
			in.Deployed != "" && (s.Deployed > 0) != (in.Deployed == "true")
	})
	list := &actionList{Actions: []*actionView{}}
	all, list.paged = pageOfActions(all, in.ActionPage)
	for _, s := range all {
		v, err := a.viewAction(ctx, s)
		if err != nil {
			return nil, err
		}
		list.Actions = append(list.Actions, v)
	}
	return &struct{ Body *actionList }{list}, nil
}

// An ActionPath names an action.
type ActionPath struct {
	ID string `path:"id" maxLength:"100"`
}

type oneAction struct{ Body *actionView }

func (a *API) action(ctx context.Context, in *ActionPath) (*oneAction, error) {
	s, err := a.scriptBy(ctx, storage.ScriptAction, in.ID)
	if err != nil {
		return nil, err
	}
	return a.oneAction(ctx, s)
}

func (a *API) oneAction(ctx context.Context, s *storage.Script) (*oneAction, error) {
	v, err := a.viewAction(ctx, s)
	return &oneAction{v}, err
}

func (a *API) deleteAction(ctx context.Context, in *struct {
	ActionPath
	Force bool `query:"force" doc:"also where it is bound"`
},
) (*struct{}, error) {
	s, err := a.scriptBy(ctx, storage.ScriptAction, in.ID)
	if err != nil {
		return nil, err
	}
	if s.Enabled && !in.Force {
		return nil, refusal(http.StatusConflict, "action_bound", "The action is bound to the trigger "+postLogin+"; take it out of its bindings first, or send force=true")
	}
	if err := a.desk(ctx).DeleteScript(ctx, s); err != nil {
		return nil, scriptFault(err, "id")
	}
	return nil, nil //nolint:nilnil // no body
}
