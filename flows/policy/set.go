package policy

import (
	"encoding/json"
	"errors"
	"fmt"
)

// IsZero reports whether the set says nothing. An empty list is no such set: it names
// nobody, and no document may have one.
func (s Set) IsZero() bool { return !s.Not && s.Values == nil }

// MarshalJSON writes what UnmarshalJSON reads, a single value as a text.
func (s Set) MarshalJSON() ([]byte, error) {
	values := any(s.Values)
	if len(s.Values) == 1 {
		values = s.Values[0]
	}
	if s.Not {
		values = map[string]any{"not": values}
	}
	return json.Marshal(values)
}

var errSet = errors.New(`is no set; write a text, a list of texts, or {"not": …} with one of these`)

// UnmarshalJSON reads a text, a list of texts, or {"not": one of these}.
func (s *Set) UnmarshalJSON(b []byte) error {
	if values, ok := texts(b); ok {
		*s = Set{Values: values}
		return nil
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(b, &members); err != nil {
		return errSet
	}
	for name := range members {
		if name != "not" {
			return fmt.Errorf(`%q is unknown here; a set has one member, "not"`, name)
		}
	}
	values, ok := texts(members["not"])
	if !ok {
		return errSet
	}
	*s = Set{Not: true, Values: values}
	return nil
}

// texts reads a text or a list of them.
func texts(b []byte) ([]string, bool) {
	var one *string
	if json.Unmarshal(b, &one) == nil && one != nil {
		return []string{*one}, true
	}
	var list []*string
	if json.Unmarshal(b, &list) != nil || list == nil {
		return nil, false
	}
	values := make([]string, len(list))
	for i, text := range list {
		if text == nil {
			return nil, false
		}
		values[i] = *text
	}
	return values, true
}
