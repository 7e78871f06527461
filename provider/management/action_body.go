package management

import (
	"context"
	"fmt"

	"github.com/sallyport-id/sallyport/storage"
)

// ActionMembers are those that may be set at any time. SDKs send null for what they leave
// as it is.
type ActionMembers struct {
	Code         Optional[string]             `json:"code,omitempty" doc:"exports.onExecutePostLogin = async (event, api) => { … }; at most 100 KiB"`
	Dependencies Optional[[]actionDependency] `json:"dependencies,omitempty" doc:"none: crypto, ipaddr.js and range_check are there without being named"`
	Runtime      Optional[string]             `json:"runtime,omitempty" doc:"node22"`
	Secrets      Optional[[]SecretGiven]      `json:"secrets,omitempty" doc:"all that it has; one without a value keeps the one it has"`
	Modules      Optional[[]ActionModule]     `json:"modules,omitempty" doc:"not done here"`
}

// A TriggerGiven is the trigger of an action, as clients send it.
type TriggerGiven struct {
	ID                 string         `json:"id" maxLength:"100"`
	Version            *string        `json:"version,omitempty" maxLength:"20" nullable:"true"`
	Status             string         `json:"status,omitempty" maxLength:"40"`
	Runtimes           []string       `json:"runtimes,omitempty" maxItems:"20"`
	DefaultRuntime     string         `json:"default_runtime,omitempty" maxLength:"40"`
	CompatibleTriggers []TriggerGiven `json:"compatible_triggers,omitempty" maxItems:"20"`
	BindingPolicy      string         `json:"binding_policy,omitempty" enum:"trigger-bound,entity-bound"`
}

// A SecretGiven is a secret as clients send it.
type SecretGiven struct {
	Name      string  `json:"name" minLength:"1" maxLength:"128"`
	Value     *string `json:"value,omitempty" maxLength:"4096" nullable:"true"`
	UpdatedAt string  `json:"updated_at,omitempty" maxLength:"60" doc:"ignored: as it was read"`
}

// An ActionModule is a text that actions share, which there is not.
type ActionModule struct {
	ID            string `json:"module_id,omitempty" maxLength:"100"`
	Name          string `json:"module_name,omitempty" maxLength:"200"`
	VersionID     string `json:"module_version_id,omitempty" maxLength:"100"`
	VersionNumber int    `json:"module_version_number,omitempty" minimum:"0" maximum:"1000000"`
}

// possible refuses what would have no effect.
func (m *ActionMembers) possible() error {
	switch {
	case len(m.Modules.Value) > 0:
		return impossible("actions share no modules here; put what they need into the code and leave modules out")
	case m.Runtime.Value != "" && m.Runtime.Value != actionRuntime:
		return impossible("actions run as " + actionRuntime + "; leave runtime out, or send that")
	case len(m.Dependencies.Value) > 0:
		return invalid("dependencies", fmt.Sprintf("%.200q: no package is fetched; crypto, ipaddr.js and range_check are there without being named, do without others", m.Dependencies.Value[0].Name))
	case m.Code.Set && !m.Code.Null && m.Code.Value == "":
		return invalid("code", "is empty; an action has exports.onExecutePostLogin = async (event, api) => { … }")
	}
	return nil
}

// onlyPostLogin refuses triggers at which nothing would run.
func onlyPostLogin(triggers []TriggerGiven) error {
	if len(triggers) != 1 {
		return invalid("supported_triggers", "an action has one; send [{\"id\": \"post-login\", \"version\": \"v3\"}]")
	}
	t := triggers[0]
	switch {
	case t.ID != postLogin:
		return impossible(fmt.Sprintf("actions of the trigger %.100q do not run here; there is only %s", t.ID, postLogin))
	case t.Version != nil && *t.Version != postLoginVersion:
		return impossible(fmt.Sprintf("%s is there in the version %s alone; send that, or no version", postLogin, postLoginVersion))
	case t.BindingPolicy == "entity-bound":
		return impossible("actions are bound to the trigger, not to entities; leave binding_policy out")
	}
	return nil
}

// secrets are all that s has from now on; nil where nothing was said about them.
func (m *ActionMembers) secrets(s *storage.Script) (map[string]string, error) {
	if !m.Secrets.Set || m.Secrets.Null {
		return nil, nil
	}
	all := map[string]string{}
	for _, one := range m.Secrets.Value {
		value, known := s.Secrets[one.Name]
		if _, twice := all[one.Name]; twice {
			return nil, invalid("secrets", fmt.Sprintf("%q is there twice", one.Name))
		}
		if one.Value != nil {
			value, known = *one.Value, true
		}
		if !known || value == "" {
			return nil, invalid("secrets", fmt.Sprintf("%q has no value; send one, or leave it out to remove it", one.Name))
		}
		all[one.Name] = value
	}
	return all, nil
}

// edit is what becomes of s.
func (m *ActionMembers) edit(s *storage.Script) (e ScriptEdit, err error) {
	if err := m.possible(); err != nil {
		return e, err
	}
	if m.Code.Set && !m.Code.Null {
		e.Source = &m.Code.Value
	}
	e.Secrets, err = m.secrets(s)
	return e, err
}

func (a *API) createAction(ctx context.Context, in *struct {
	Body struct {
		Name     string         `json:"name" minLength:"1" maxLength:"140"`
		Triggers []TriggerGiven `json:"supported_triggers" minItems:"1" maxItems:"10"`
		Deploy   Optional[bool] `json:"deploy,omitempty" doc:"deploy the draft at once"`
		ActionMembers
	}
},
) (*oneAction, error) {
	if err := onlyPostLogin(in.Body.Triggers); err != nil {
		return nil, err
	}
	s := &storage.Script{Name: in.Body.Name, Kind: storage.ScriptAction}
	edit, err := in.Body.edit(s)
	if err != nil {
		return nil, err
	}
	if edit.Source == nil {
		text := emptyAction
		edit.Source = &text
	}
	edit.Deploy = in.Body.Deploy.Value
	if _, err := a.desk(ctx).EditScript(ctx, s, edit); err != nil {
		return nil, scriptFault(err, "code")
	}
	return a.oneAction(ctx, s)
}

func (a *API) patchAction(ctx context.Context, in *struct {
	ActionPath
	Body struct {
		Name     Optional[string]         `json:"name,omitempty"`
		Triggers Optional[[]TriggerGiven] `json:"supported_triggers,omitempty"`
		ActionMembers
	}
},
) (*oneAction, error) {
	s, err := a.scriptBy(ctx, storage.ScriptAction, in.ID)
	if err != nil {
		return nil, err
	}
	b := &in.Body
	if b.Triggers.Set && !b.Triggers.Null {
		if err := onlyPostLogin(b.Triggers.Value); err != nil {
			return nil, err
		}
	}
	edit, err := b.edit(s)
	if err != nil {
		return nil, err
	}
	if b.Name.Set && !b.Name.Null {
		edit.Name = &b.Name.Value
	}
	draft, err := a.scriptText(ctx, s, 0)
	if err != nil {
		return nil, err
	}
	if edit.Source != nil && *edit.Source == draft.Source { // clients send all that they know
		edit.Source = nil
	}
	if _, err := a.desk(ctx).EditScript(ctx, s, edit); err != nil {
		return nil, scriptFault(err, "code")
	}
	return a.oneAction(ctx, s)
}
