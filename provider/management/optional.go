package management

import (
	"bytes"
	"encoding/json"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// An Optional is a member of a body that may be absent, null, or a value: three things
// where null clears what is stored.
type Optional[T any] struct {
	Set   bool // it was there, as null or as a value
	Null  bool
	Value T
}

// UnmarshalJSON is called where the member is there.
func (o *Optional[T]) UnmarshalJSON(text []byte) error {
	o.Set = true
	if o.Null = bytes.Equal(text, []byte("null")); o.Null {
		return nil
	}
	return json.Unmarshal(text, &o.Value)
}

// Schema is that of the value, or null.
func (o Optional[T]) Schema(r huma.Registry) *huma.Schema {
	s := *huma.SchemaFromType(r, reflect.TypeFor[T]())
	if s.Ref != "" {
		return &huma.Schema{OneOf: []*huma.Schema{&s, {Type: "null"}}}
	}
	s.Nullable = true
	return &s
}

// change puts what was sent into field, the zero value for null.
func (o Optional[T]) change(field *T) {
	if o.Set {
		*field = o.Value
	}
}
