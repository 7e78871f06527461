package auth0

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// decode reads o, unless a marker in it has no value.
func (o *object) decode(to any) error {
	if m := o.unreplaced(); m != "" {
		return fmt.Errorf("it has the marker %s; give it a value with --map %s=…", m, strings.Trim(m, "#@"))
	}
	err := json.Unmarshal(o.text, to)
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return fmt.Errorf("%s is a %s there", wrong.Field, wrong.Value)
	}
	return err
}

// others notes the fields that say something and are not among known.
func (o *object) others(known []string, item *Item) {
	var all map[string]json.RawMessage
	if json.Unmarshal(o.text, &all) != nil {
		return
	}
	var left []string
	for name, value := range all {
		if !slices.Contains(known, name) && !empty(value) {
			left = append(left, name)
		}
	}
	if slices.Sort(left); len(left) > 0 {
		item.Note("without " + strings.Join(left, ", "))
	}
}

// empty reports a value that says no more than its absence.
func empty(value json.RawMessage) bool {
	text := bytes.TrimSpace(value)
	return slices.Contains([]string{"", "null", "false", `""`, "[]", "{}"}, string(text))
}
