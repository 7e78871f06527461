package config

import (
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"sort"
	"strings"
	"time"

	"github.com/go-viper/mapstructure/v2"
	"github.com/knadh/koanf/parsers/yaml"
)

// reason is the innermost cause of a decoding error, on one line. The library's own
// words for the outer ones name Go types.
func reason(err error) string {
	var odd *mapstructure.UnconvertibleTypeError
	if errors.As(err, &odd) {
		return "is of the wrong kind"
	}
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return strings.Join(strings.Fields(err.Error()), " ")
}

// example says what a value of type t looks like.
func example(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return "write a duration such as 90s, 15m or 12h"
	case t.Kind() == reflect.Bool:
		return "write true or false"
	case t.Kind() >= reflect.Int && t.Kind() <= reflect.Uint64:
		return "write a whole number"
	case t.Kind() == reflect.Slice:
		return "write a list"
	case t.Kind() == reflect.Map:
		return "write keys with values"
	}
	return "see `sallyport config keys`"
}

// suggest names the known key that is nearest to a mistyped one.
func suggest[V any](key string, known map[string]V) string {
	best, least := "", 4
	names := make([]string, 0, len(known))
	for name := range known {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if d := distance(key, name); d < least {
			best, least = name, d
		}
	}
	if best != "" {
		return "did you mean " + best + "?"
	}
	return "remove it; `sallyport config keys` lists all"
}

// distance is the number of letters to change, add or drop (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

// Print writes the whole tree as YAML with secrets hidden.
func Print(w io.Writer, tree any) error {
	b, err := yaml.Parser().Marshal(Shown(tree))
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

// Shown is the tree as plain maps and values with secrets hidden.
func Shown(tree any) map[string]any {
	return shownGroup(reflect.ValueOf(tree))
}

func shownGroup(v reflect.Value) map[string]any {
	all := map[string]any{}
	for key, n := range children(v) {
		if n.leaf {
			all[key] = show(n)
		} else {
			all[key] = shownGroup(n.value)
		}
	}
	return all
}

// show is a leaf's value for people: hidden where secret, durations in words.
func show(n node) any {
	if n.secret {
		return Secret(n.value.String()).String()
	}
	if d, ok := n.value.Interface().(time.Duration); ok {
		return d.String()
	}
	// Through JSON, so that types with a text form show it.
	var plain any
	b, err := json.Marshal(n.value.Interface())
	if err != nil || json.Unmarshal(b, &plain) != nil {
		return ""
	}
	return plain
}

func oneLine(v any) string {
	if v == nil {
		return ""
	}
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}
