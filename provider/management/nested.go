package management

import "strings"

// lookUp finds the value of a key such as "twilio.from" in nested values.
func lookUp(values map[string]any, key string) (any, bool) {
	group, rest, deeper := strings.Cut(key, ".")
	value, ok := values[group]
	if !deeper || !ok {
		return value, ok
	}
	below, ok := value.(map[string]any)
	if !ok {
		return nil, false
	}
	return lookUp(below, rest)
}

// put sets the value of a key in nested values; nil takes it out, with groups that it
// leaves empty.
func put(values map[string]any, key string, value any) {
	group, rest, deeper := strings.Cut(key, ".")
	switch {
	case !deeper && value == nil:
		delete(values, key)
		return
	case !deeper:
		values[key] = value
		return
	}
	below, ok := values[group].(map[string]any)
	if !ok {
		below = map[string]any{}
		values[group] = below
	}
	put(below, rest, value)
	if len(below) == 0 {
		delete(values, group)
	}
}
