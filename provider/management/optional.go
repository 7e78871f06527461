package management

import (
	"bytes"
	"encoding/json"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// Optional is a member of a body that may be left out, or be null to go back to the
// default: a PATCH has to tell the three apart.
type Optional[T any] struct {
	Given bool // it was in the body
	Null  bool // as null
	Value T
}

// UnmarshalJSON is called for members that are there.
func (o *Optional[T]) UnmarshalJSON(text []byte) error {
	o.Given, o.Null = true, bytes.Equal(bytes.TrimSpace(text), []byte("null"))
	if o.Null {
		return nil
	}
	return json.Unmarshal(text, &o.Value)
}

// Schema is that of T, or null.
func (o Optional[T]) Schema(r huma.Registry) *huma.Schema {
	schema := huma.SchemaFromType(r, reflect.TypeFor[T]())
	if schema.Ref != "" {
		return &huma.Schema{OneOf: []*huma.Schema{schema, {Type: "null"}}}
	}
	schema.Nullable = true
	return schema
}

// set puts what was given into a field: null is its zero value.
func (o Optional[T]) set(field *T) {
	if o.Given {
		*field = o.Value
	}
}
