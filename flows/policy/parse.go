package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
)

// ParseDocument reads a document from JSON and validates it. Unlike encoding/json it
// refuses members that it does not know, that differ in case or stand twice, and null: a
// condition that is not heard makes another policy of a row.
//
// Errors: Faults, each with its line.
func ParseDocument(text []byte, known func(factor string) bool) (Document, error) {
	var d Document
	if fault := syntax(text); fault != nil {
		return d, Faults{*fault}
	}
	r := &reader{text: text, dec: json.NewDecoder(bytes.NewReader(text)), lines: map[string]int{}, line: 1}
	r.value("", reflect.ValueOf(&d).Elem())
	if len(r.faults) > 0 {
		return Document{}, r.faults
	}
	var faults Faults
	if !errors.As(d.Validate(known), &faults) {
		return d, nil
	}
	for i := range faults {
		faults[i].Line = r.lineOf(faults[i].Place)
	}
	return Document{}, faults
}

// syntax finds what keeps a text from being one JSON value.
func syntax(text []byte) *Fault {
	dec := json.NewDecoder(bytes.NewReader(text))
	var whole json.RawMessage
	at := func(offset int64) int {
		return 1 + bytes.Count(text[:min(max(offset, 0), int64(len(text)))], []byte("\n"))
	}
	err := dec.Decode(&whole)
	var bad *json.SyntaxError
	switch {
	case errors.As(err, &bad):
		return &Fault{Line: at(bad.Offset), What: bad.Error() + "; write a JSON object"}
	case err != nil:
		return &Fault{Line: at(int64(len(text))), What: "the text ends too early; write a JSON object"}
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return &Fault{Line: at(dec.InputOffset()), What: "something follows the document; remove it"}
	}
	return nil
}

// A reader decodes a text that is known to be JSON, and notes where everything stands.
type reader struct {
	text   []byte
	dec    *json.Decoder
	lines  map[string]int // place → line
	at     int            // how far lines are counted
	line   int
	faults Faults
}

func (r *reader) fault(place, what string, args ...any) {
	r.faults = append(r.faults, Fault{Place: place, Line: r.lines[place], What: fmt.Sprintf(what, args...)})
}

// lineOf is where a place stands, or what it would stand in.
func (r *reader) lineOf(place string) int {
	for {
		if n, ok := r.lines[place]; ok || place == "" {
			return n
		}
		place = place[:max(strings.LastIndexAny(place, ".["), 0)]
	}
}

// next is the byte with which the next value or member begins.
func (r *reader) next(place string) byte {
	at := int(r.dec.InputOffset())
	for at < len(r.text) && strings.IndexByte(" \t\r\n,:", r.text[at]) >= 0 {
		at++
	}
	r.line += bytes.Count(r.text[r.at:at], []byte("\n"))
	r.at, r.lines[place] = at, r.line
	return r.text[at]
}

var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

// value reads the next value into v.
func (r *reader) value(place string, v reflect.Value) {
	begins := r.next(place)
	kind := v.Kind()
	switch {
	case begins == 'n':
		r.skip()
		r.fault(place, "null says nothing; leave it out or give a value")
	case reflect.PointerTo(v.Type()).Implements(unmarshaler):
		r.leaf(place, v)
	case kind == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		r.value(place, v.Elem())
	case kind == reflect.Struct && begins == '{':
		r.object(place, v)
	case kind == reflect.Slice && begins == '[':
		r.list(place, v)
	case kind == reflect.Struct:
		r.skip()
		r.fault(place, "is no object; write it in { }")
	case kind == reflect.Slice:
		r.skip()
		r.fault(place, "is no list; write it in [ ]")
	default:
		r.leaf(place, v)
	}
}

func (r *reader) leaf(place string, v reflect.Value) {
	err := r.dec.Decode(v.Addr().Interface())
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &kind) && v.Kind() == reflect.Int:
		r.fault(place, "is no whole number; write one without quotes")
	case errors.As(err, &kind):
		r.fault(place, "is no text; write it in quotes")
	case err != nil:
		r.fault(place, "%v", err)
	}
}

func (r *reader) object(place string, v reflect.Value) {
	members := map[string]reflect.Value{}
	var names []string
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		members[name], names = v.Field(i), append(names, name)
	}
	r.token()
	for r.dec.More() {
		r.next(place + ".")
		name, _ := r.token().(string)
		at := strings.TrimPrefix(place+"."+plain(name), ".")
		field, ok := members[name]
		_, twice := r.lines[at]
		switch {
		case !ok:
			r.lines[at] = r.lines[place+"."]
			r.skip()
			r.fault(at, "is unknown; known here: %s", strings.Join(names, ", "))
		case twice:
			r.lines[at] = r.lines[place+"."]
			r.skip()
			r.fault(at, "stands twice; remove one")
		default:
			r.value(at, field)
		}
	}
	r.token()
}

// plain is a name as it may stand in a line of text.
func plain(name string) string {
	if quoted := strconv.Quote(name); quoted != `"`+name+`"` {
		return quoted
	}
	return name
}

func (r *reader) list(place string, v reflect.Value) {
	v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	r.token()
	for i := 0; r.dec.More(); i++ {
		one := reflect.New(v.Type().Elem()).Elem()
		r.value(place+"["+strconv.Itoa(i)+"]", one)
		v.Set(reflect.Append(v, one))
	}
	r.token()
}

// token is the next one. What is read was found to be JSON before.
func (r *reader) token() json.Token {
	t, _ := r.dec.Token()
	return t
}

func (r *reader) skip() {
	var value json.RawMessage
	_ = r.dec.Decode(&value)
}
