package management

import (
	"context"
	"maps"
	"net/http"
	"slices"
)

// rulesConfigs are values that every rule finds in configuration. No call shows them.
func (a *API) rulesConfigs() {
	op(a, operation{method: http.MethodGet, path: "/rules-configs", scopes: []string{"read:rules_configs"}, summary: "Keys of the values that all rules find in configuration"}, a.listRulesConfigs)
	op(a, operation{method: http.MethodPut, path: "/rules-configs/{key}", scopes: []string{"update:rules_configs"}, summary: "Set a value; no call shows it again", conflict: true}, a.putRulesConfig)
	op(a, operation{method: http.MethodDelete, path: "/rules-configs/{key}", scopes: []string{"delete:rules_configs"}, summary: "Remove a value", status: http.StatusNoContent}, a.deleteRulesConfig)
}

type rulesConfigKey struct {
	Key string `json:"key"`
}

func (a *API) listRulesConfigs(ctx context.Context, _ *struct {
	Totals  bool `query:"include_totals" doc:"clients send it; the answer is all keys in an array, as Auth0's"`
	PerPage int  `query:"per_page" minimum:"0" maximum:"100" doc:"likewise"`
},
) (*struct{ Body []rulesConfigKey }, error) {
	values, err := a.DB.Configuration(ctx)
	if err != nil {
		return nil, err
	}
	keys := []rulesConfigKey{}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		keys = append(keys, rulesConfigKey{key})
	}
	return &struct{ Body []rulesConfigKey }{keys}, nil
}

// A RulesConfigPath names a value.
type RulesConfigPath struct {
	Key string `path:"key" maxLength:"128"`
}

// rulesConfigSet is the answer to who has just sent the value.
type rulesConfigSet struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

func (a *API) putRulesConfig(ctx context.Context, in *struct {
	RulesConfigPath
	Body struct {
		Value string `json:"value" minLength:"1" maxLength:"4096"`
	}
},
) (*struct{ Body *rulesConfigSet }, error) {
	if err := a.desk(ctx).SetConfiguration(ctx, in.Key, in.Body.Value); err != nil {
		return nil, badInput(err)
	}
	return &struct{ Body *rulesConfigSet }{&rulesConfigSet{in.Key, in.Body.Value}}, nil
}

func (a *API) deleteRulesConfig(ctx context.Context, in *RulesConfigPath) (*struct{}, error) {
	return nil, ignoreMissing(a.desk(ctx).SetConfiguration(ctx, in.Key, ""))
}
