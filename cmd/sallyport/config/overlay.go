package config

import (
	"reflect"
	"slices"
	"strings"
)

// Copy is a second tree with the values of tree, a pointer to a struct: what Overlay sets
// in the one is not in the other. Both share slices and maps, which Overlay replaces as a
// whole.
func Copy[T any](tree T) T {
	from := reflect.ValueOf(tree).Elem()
	to := reflect.New(from.Type())
	to.Elem().Set(from)
	again, _ := to.Interface().(T)
	return again
}

// Overlay sets values, nested as in the file, over what tree has. No key of theirs names
// a file to read. The error is Faults.
func Overlay(tree any, values map[string]any) error {
	l := loader{tree: reflect.ValueOf(tree), sealed: true}
	l.fill(l.tree, values, nil)
	slices.SortFunc(l.faults, func(a, b Fault) int { return strings.Compare(a.Key, b.Key) })
	return l.faults.Err()
}

// A Setting is one value of a tree, in clear.
type Setting struct {
	Value  any
	Secret bool
}

// Settings are all of tree, by key.
func Settings(tree any) map[string]Setting {
	all := map[string]Setting{}
	walk(reflect.ValueOf(tree), nil, func(path []string, n node) {
		all[strings.Join(path, ".")] = Setting{Value: n.value.Interface(), Secret: n.secret}
	})
	return all
}
