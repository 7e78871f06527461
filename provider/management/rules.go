package management

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/storage"
)

// rules are scripts of the older contract. What runs is their text: it has no drafts here.
func (a *API) rules() {
	op(a, operation{method: http.MethodGet, path: "/rules", scopes: []string{"read:rules"}, summary: "Rules, in the order in which they run"}, a.listRules)
	op(a, operation{method: http.MethodPost, path: "/rules", scopes: []string{"create:rules"}, summary: "Add a rule; one that does not compile is refused with its line", status: http.StatusCreated, conflict: true}, a.createRule)
	op(a, operation{method: http.MethodGet, path: "/rules/{id}", scopes: []string{"read:rules"}, summary: "One rule", missing: true}, a.rule)
	op(a, operation{method: http.MethodPatch, path: "/rules/{id}", scopes: []string{"update:rules"}, summary: "Change a rule; where its text does not compile the old one goes on running", missing: true, conflict: true}, a.patchRule)
	op(a, operation{method: http.MethodDelete, path: "/rules/{id}", scopes: []string{"delete:rules"}, summary: "Remove a rule with all its texts", status: http.StatusNoContent, conflict: true}, a.deleteRule)
}

// A ruleView is a rule as the API shows one.
type ruleView struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Script  string `json:"script"`
	Order   int    `json:"order"`
	Enabled bool   `json:"enabled"`
	Stage   string `json:"stage"`
}

// viewRule shows the text that runs or would, the newest where none was deployed.
func (a *API) viewRule(ctx context.Context, s *storage.Script) (*ruleView, error) {
	text, err := a.scriptText(ctx, s, s.Deployed)
	if err != nil {
		return nil, err
	}
	return &ruleView{s.ID, s.Name, text.Source, s.Position, runs(s), "login_success"}, nil
}

// scriptText is one of a script's; 0: the newest, which may be none.
func (a *API) scriptText(ctx context.Context, s *storage.Script, number int64) (*storage.ScriptVersion, error) {
	if number != 0 {
		return a.DB.ScriptVersion(ctx, s.ID, number)
	}
	text, err := a.DB.LastScriptVersion(ctx, s.ID)
	if errors.Is(err, storage.ErrNotFound) {
		return &storage.ScriptVersion{ScriptID: s.ID}, nil
	}
	return text, err
}

// scriptBy finds the rule or action of an id. Errors: a 404.
func (a *API) scriptBy(ctx context.Context, kind, id string) (*storage.Script, error) {
	s, err := a.DB.ScriptByID(ctx, id)
	if errors.Is(err, storage.ErrNotFound) || err == nil && s.Kind != kind {
		return nil, missing(kind, "The "+kind+" does not exist")
	}
	return s, err
}

// scriptFault says what is wrong with a script; field is where its text came in.
func scriptFault(err error, field string) error {
	var fault *flows.ScriptFault
	switch {
	case errors.As(err, &fault):
		return invalid(field, fault.Error()+"; nothing was changed")
	case errors.Is(err, flows.ErrScriptsBusy):
		return refusal(http.StatusServiceUnavailable, "", "No worker is free to look at the script; come again soon.")
	case errors.Is(err, storage.ErrConflict):
		return refusal(http.StatusConflict, "script_conflict", "A rule or action of this name is there already, or it was changed at the same moment.")
	}
	return badInput(err)
}

// badInput says what storage found wrong with what was sent; other errors stay.
func badInput(err error) error {
	if !errors.Is(err, storage.ErrInvalid) {
		return err
	}
	return refusal(http.StatusBadRequest, "invalid_body", "Payload validation error: "+strings.TrimPrefix(err.Error(), storage.ErrInvalid.Error()+": "))
}

func (a *API) listRules(ctx context.Context, in *struct {
	Paging
	Picked
	Enabled string `query:"enabled" enum:"true,false" doc:"only those that run, or that do not"`
},
) (*listed[*ruleView], error) {
	all, err := a.desk(ctx).scriptsOf(ctx, storage.ScriptRule)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(s *storage.Script) bool { return in.Enabled != "" && runs(s) != (in.Enabled == "true") })
	page := pageOf("rules", all, in.Paging).Body
	list := &List[*ruleView]{Key: page.Key, Paging: page.Paging, Total: page.Total}
	for _, s := range page.Items {
		v, err := a.viewRule(ctx, s)
		if err != nil {
			return nil, err
		}
		list.Items = append(list.Items, v)
	}
	return &listed[*ruleView]{list}, nil
}

// runs reports whether s has a text that runs.
func runs(s *storage.Script) bool { return s.Enabled && s.Deployed > 0 }

// A RulePath names a rule.
type RulePath struct {
	ID string `path:"id" maxLength:"100"`
}

type oneRule struct{ Body *ruleView }

func (a *API) rule(ctx context.Context, in *struct {
	RulePath
	Picked
},
) (*oneRule, error) {
	s, err := a.scriptBy(ctx, storage.ScriptRule, in.ID)
	if err != nil {
		return nil, err
	}
	return a.oneRule(ctx, s)
}

func (a *API) oneRule(ctx context.Context, s *storage.Script) (*oneRule, error) {
	v, err := a.viewRule(ctx, s)
	return &oneRule{v}, err
}

func (a *API) createRule(ctx context.Context, in *struct {
	Body struct {
		Name    string `json:"name" minLength:"1" maxLength:"140"`
		Script  string `json:"script" minLength:"1" maxLength:"102400"`
		Order   int    `json:"order,omitempty" minimum:"1" maximum:"1000000" doc:"absent: behind all others"`
		Enabled *bool  `json:"enabled,omitempty" doc:"absent: true"`
		Stage   string `json:"stage,omitempty" enum:"login_success"`
	}
},
) (*oneRule, error) {
	b := in.Body
	s := &storage.Script{Name: b.Name, Kind: storage.ScriptRule, Position: b.Order, Enabled: b.Enabled == nil || *b.Enabled}
	edit := ScriptEdit{Source: &b.Script, Deploy: true, Only: func(ctx context.Context) error { return a.orderFree(ctx, "", b.Order) }}
	if _, err := a.desk(ctx).EditScript(ctx, s, edit); err != nil {
		return nil, scriptFault(err, "script")
	}
	return a.oneRule(ctx, s)
}

// orderFree refuses a position that another rule has: which of both ran first nobody
// would know.
func (a *API) orderFree(ctx context.Context, id string, order int) error {
	all, err := a.desk(ctx).scriptsOf(ctx, storage.ScriptRule)
	if err != nil {
		return err
	}
	for _, other := range all {
		if order != 0 && other.Position == order && other.ID != id {
			return refusal(http.StatusConflict, "rule_order_conflict", "A rule with the same order is there already: "+other.Name)
		}
	}
	return nil
}

func (a *API) patchRule(ctx context.Context, in *struct {
	RulePath
	Body struct {
		Name    *string `json:"name,omitempty" minLength:"1" maxLength:"140"`
		Script  *string `json:"script,omitempty" minLength:"1" maxLength:"102400"`
		Order   *int    `json:"order,omitempty" minimum:"1" maximum:"1000000"`
		Enabled *bool   `json:"enabled,omitempty"`
	}
},
) (*oneRule, error) {
	s, err := a.scriptBy(ctx, storage.ScriptRule, in.ID)
	if err != nil {
		return nil, err
	}
	b := in.Body
	edit := ScriptEdit{Name: b.Name, Enabled: b.Enabled, Position: b.Order}
	if b.Order != nil && *b.Order != s.Position {
		edit.Only = func(ctx context.Context) error { return a.orderFree(ctx, s.ID, *b.Order) }
	}
	text, err := a.scriptText(ctx, s, s.Deployed)
	if err != nil {
		return nil, err
	}
	switch {
	case b.Script != nil && *b.Script != text.Source:
		edit.Source, edit.Deploy = b.Script, true
	case b.Script != nil, b.Enabled != nil && *b.Enabled: // it may be a draft of the command line
		edit.Version = text.Number
	}
	if _, err := a.desk(ctx).EditScript(ctx, s, edit); err != nil {
		return nil, scriptFault(err, "script")
	}
	return a.oneRule(ctx, s)
}

func (a *API) deleteRule(ctx context.Context, in *RulePath) (*struct{}, error) {
	s, err := a.scriptBy(ctx, storage.ScriptRule, in.ID)
	if isMissing(err) {
		return nil, nil //nolint:nilnil // no body: it is gone, as was asked
	}
	if err != nil {
		return nil, err
	}
	if err := a.desk(ctx).DeleteScript(ctx, s); err != nil {
		return nil, scriptFault(err, "id")
	}
	return nil, nil //nolint:nilnil // no body
}
