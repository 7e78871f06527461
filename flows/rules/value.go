package rules

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/dop251/goja"
)

// parse makes a value of JSON; of nothing, an object. JSON.parse of the runtime costs ten
// times as much, which would be most of what rules cost a login. No script may have run in
// vm: one could have given all objects a setter, which a member's name would call.
func parse(vm *goja.Runtime, text json.RawMessage) (goja.Value, error) {
	if len(text) == 0 {
		return vm.NewObject(), nil
	}
	d := document{vm: vm, rest: string(text)}
	v, err := d.value(0)
	if d.space(); err == nil && d.rest != "" {
		err = errBroken
	}
	return v, err
}

// maxNest is how many objects and arrays a value may be inside of.
const maxNest = 10_000

var errBroken = errors.New("it does not parse")

// A document is JSON of which rest is still to be read.
type document struct {
	vm   *goja.Runtime
	rest string
}

func (d *document) space() {
	for d.rest != "" && (d.rest[0] == ' ' || d.rest[0] == '\n' || d.rest[0] == '\t' || d.rest[0] == '\r') {
		d.rest = d.rest[1:]
	}
}

// next takes c, where it is the next byte that is no space.
func (d *document) next(c byte) bool {
	d.space()
	if d.rest == "" || d.rest[0] != c {
		return false
	}
	d.rest = d.rest[1:]
	return true
}

func (d *document) value(depth int) (goja.Value, error) {
	d.space()
	switch {
	case d.rest == "" || depth > maxNest:
		return nil, errBroken
	case d.rest[0] == '{':
		return d.object(depth)
	case d.rest[0] == '[':
		return d.array(depth)
	case d.rest[0] == '"':
		s, err := d.string()
		return d.vm.ToValue(s), err
	}
	return d.word()
}

func (d *document) object(depth int) (goja.Value, error) {
	o := d.vm.NewObject()
	d.rest = d.rest[1:]
	if d.next('}') {
		return o, nil
	}
	for {
		d.space()
		name, err := d.string()
		if err != nil || !d.next(':') {
			return nil, errBroken
		}
		member, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if name == "__proto__" { // Set would take it for the prototype
			err = o.DefineDataProperty(name, member, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE)
		} else {
			err = o.Set(name, member)
		}
		if err != nil {
			return nil, err
		}
		if d.next('}') {
			return o, nil
		}
		if !d.next(',') {
			return nil, errBroken
		}
	}
}

func (d *document) array(depth int) (goja.Value, error) {
	var items []any
	d.rest = d.rest[1:]
	if d.next(']') {
		return d.vm.NewArray(), nil
	}
	for {
		item, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
		if d.next(']') {
			return d.vm.NewArray(items...), nil
		}
		if !d.next(',') {
			return nil, errBroken
		}
	}
}

// string reads a text in quotes; one with escapes is left to encoding/json.
func (d *document) string() (string, error) {
	plain := true
	for i := 1; i < len(d.rest) && d.rest[0] == '"'; i++ {
		switch c := d.rest[i]; {
		case c == '\\':
			plain = false
			i++
		case c < ' ':
			return "", errBroken
		case c == '"':
			quoted := d.rest[:i+1]
			d.rest = d.rest[i+1:]
			if plain {
				return quoted[1:i], nil
			}
			var s string
			err := json.Unmarshal([]byte(quoted), &s)
			return s, err
		}
	}
	return "", errBroken
}

// word reads a number, true, false or null.
func (d *document) word() (goja.Value, error) {
	word := d.rest
	if end := strings.IndexAny(word, ",]} \t\r\n"); end >= 0 {
		word = word[:end]
	}
	d.rest = d.rest[len(word):]
	switch word {
	case "true", "false":
		return d.vm.ToValue(word == "true"), nil
	case "null":
		return goja.Null(), nil
	}
	if !json.Valid([]byte(word)) {
		return nil, errBroken
	}
	n, err := strconv.ParseFloat(word, 64)
	return d.vm.ToValue(n), err
}
