package rules

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/dop251/goja"
)

// parse makes a value of JSON. JSON.parse of the runtime costs five times as much, which
// is most of what a login's rules would cost.
func parse(vm *goja.Runtime, text json.RawMessage) (goja.Value, error) {
	if len(text) == 0 {
		return vm.NewObject(), nil
	}
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		return nil, err
	}
	return valueOf(vm, v)
}

// valueOf copies: nothing of Go's stays behind the value.
func valueOf(vm *goja.Runtime, v any) (goja.Value, error) {
	switch v := v.(type) {
	case nil:
		return goja.Null(), nil
	case string, bool, float64:
		return vm.ToValue(v), nil
	case []any:
		items := make([]any, len(v))
		for i := range v {
			item, err := valueOf(vm, v[i])
			if err != nil {
				return nil, err
			}
			items[i] = item
		}
		return vm.NewArray(items...), nil
	case map[string]any:
		o := vm.NewObject()
		for _, name := range slices.Sorted(maps.Keys(v)) {
			member, err := valueOf(vm, v[name])
			if err != nil {
				return nil, err
			}
			// Set would take __proto__ for the prototype.
			if err := o.DefineDataProperty(name, member, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE); err != nil {
				return nil, err
			}
		}
		return o, nil
	}
	return nil, fmt.Errorf("%T is no JSON", v)
}
