package rules

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"

	"github.com/dop251/goja"
)

// parse makes a value of JSON; of nothing, an object. JSON.parse of the runtime costs ten
// times as much, which would be most of what rules cost a login.
func parse(vm *goja.Runtime, text json.RawMessage) (goja.Value, error) {
	if len(text) == 0 {
		return vm.NewObject(), nil
	}
	if !json.Valid(text) {
		return nil, errors.New("it does not parse")
	}
	d := document{vm: vm, text: text}
	return d.value()
}

// A document is JSON that is known to be valid, and how far it was read.
type document struct {
	vm   *goja.Runtime
	text []byte
	at   int
}

// next is the first byte that is no space and none of the separators.
func (d *document) next() byte {
	for {
		switch c := d.text[d.at]; c {
		case ' ', '\t', '\n', '\r', ',', ':':
			d.at++
		default:
			return c
		}
	}
}

func (d *document) value() (goja.Value, error) {
	switch d.next() {
	case '{':
		return d.object()
	case '[':
		return d.array()
	case '"':
		s, err := d.string()
		return d.vm.ToValue(s), err
	case 't':
		d.at += len("true")
		return d.vm.ToValue(true), nil
	case 'f':
		d.at += len("false")
		return d.vm.ToValue(false), nil
	case 'n':
		d.at += len("null")
		return goja.Null(), nil
	}
	return d.number()
}

func (d *document) object() (goja.Value, error) {
	o := d.vm.NewObject()
	for d.at++; d.next() != '}'; {
		name, err := d.string()
		if err != nil {
			return nil, err
		}
		member, err := d.value()
		if err != nil {
			return nil, err
		}
		// Set would take __proto__ for the prototype.
		if err := o.DefineDataProperty(name, member, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE); err != nil {
			return nil, err
		}
	}
	d.at++
	return o, nil
}

func (d *document) array() (goja.Value, error) {
	var items []any
	for d.at++; d.next() != ']'; {
		item, err := d.value()
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	d.at++
	return d.vm.NewArray(items...), nil
}

func (d *document) string() (string, error) {
	begun := d.at
	d.at++
	plain := true
	for d.text[d.at] != '"' {
		if d.text[d.at] == '\\' {
			plain = false
			d.at++
		}
		d.at++
	}
	d.at++
	if plain {
		return string(d.text[begun+1 : d.at-1]), nil
	}
	var s string
	err := json.Unmarshal(d.text[begun:d.at], &s)
	return s, err
}

func (d *document) number() (goja.Value, error) {
	rest := d.text[d.at:]
	if end := bytes.IndexAny(rest, ",]} \t\r\n"); end >= 0 {
		rest = rest[:end]
	}
	d.at += len(rest)
	n, err := strconv.ParseFloat(string(rest), 64)
	return d.vm.ToValue(n), err
}
