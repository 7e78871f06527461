package storage

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun/schema"
)

// columns is how a Go value becomes a column on both engines. It replaces bun's own
// encodings of time, JSON and text, which differ between engines or change values
// (bun rewrites \u0000 inside JSON).
type columns struct{ schema.BaseDialect }

// nulRefused stands in a statement for text with a NUL byte. No such function exists,
// so the statement fails as a whole and is recognised by this name.
const nulRefused = "sallyport_refuses_nul_byte()"

func (columns) AppendTime(b []byte, t time.Time) []byte {
	b = append(b, '(')
	b = strconv.AppendInt(b, t.UnixMicro(), 10)
	return append(b, ')')
}

func (c columns) AppendString(b []byte, s string) []byte {
	if strings.IndexByte(s, 0) >= 0 {
		return append(b, nulRefused...)
	}
	return c.BaseDialect.AppendString(b, s)
}

func (d *sqliteDialect) AppendTime(b []byte, t time.Time) []byte { return d.columns.AppendTime(b, t) }
func (d *sqliteDialect) AppendString(b []byte, s string) []byte  { return d.columns.AppendString(b, s) }
func (d *sqliteDialect) AppendUint32(b []byte, n uint32) []byte  { return d.Dialect.AppendUint32(b, n) }
func (d *sqliteDialect) AppendUint64(b []byte, n uint64) []byte  { return d.Dialect.AppendUint64(b, n) }
func (d *sqliteDialect) AppendBytes(b, v []byte) []byte          { return d.Dialect.AppendBytes(b, v) }
func (d *sqliteDialect) AppendJSON(b, v []byte) []byte           { return d.AppendString(b, string(v)) }
func (d *sqliteDialect) AppendBool(b []byte, v bool) []byte      { return d.Dialect.AppendBool(b, v) }
func (d *sqliteDialect) Tables() *schema.Tables                  { return d.tables }
func (d *sqliteDialect) OnTable(t *schema.Table)                 { d.Dialect.OnTable(t); encode(t) }

func (d *postgresDialect) AppendTime(b []byte, t time.Time) []byte {
	return d.columns.AppendTime(b, t)
}
func (d *postgresDialect) AppendString(b []byte, s string) []byte {
	return d.columns.AppendString(b, s)
}
func (d *postgresDialect) AppendUint32(b []byte, n uint32) []byte {
	return d.Dialect.AppendUint32(b, n)
}
func (d *postgresDialect) AppendUint64(b []byte, n uint64) []byte {
	return d.Dialect.AppendUint64(b, n)
}
func (d *postgresDialect) AppendBytes(b, v []byte) []byte     { return d.Dialect.AppendBytes(b, v) }
func (d *postgresDialect) AppendJSON(b, v []byte) []byte      { return d.AppendString(b, string(v)) }
func (d *postgresDialect) AppendBool(b []byte, v bool) []byte { return d.Dialect.AppendBool(b, v) }
func (d *postgresDialect) Tables() *schema.Tables             { return d.tables }
func (d *postgresDialect) OnTable(t *schema.Table)            { d.Dialect.OnTable(t); encode(t) }

var (
	timeType  = reflect.TypeFor[time.Time]()
	bytesType = reflect.TypeFor[[]byte]()
	rawType   = reflect.TypeFor[json.RawMessage]()
)

// encode sets how the fields of t are written and read.
func encode(t *schema.Table) {
	for _, f := range t.FieldMap {
		switch typ := f.StructField.Type; {
		case typ == timeType:
			f.Scan = scanTime
		case typ == bytesType:
		case typ == rawType:
			f.Scan = scanRaw
		case isStructured(typ):
			f.Append, f.Scan = appendJSON, scanJSON
		}
	}
}

func isStructured(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Slice, reflect.Map, reflect.Struct:
		return true
	case reflect.Pointer:
		return t.Elem().Kind() == reflect.Struct
	}
	return false
}

func scanTime(to reflect.Value, from any) error {
	var t time.Time
	switch v := from.(type) {
	case nil:
	case int64:
		t = time.UnixMicro(v).UTC()
	default:
		return fmt.Errorf("storage: a time column holds %T, not microseconds", from)
	}
	to.Set(reflect.ValueOf(t))
	return nil
}

func scanRaw(to reflect.Value, from any) error {
	switch v := from.(type) {
	case nil:
		to.SetBytes(nil)
	case string:
		to.SetBytes([]byte(v))
	case []byte:
		to.SetBytes(append([]byte(nil), v...))
	default:
		return fmt.Errorf("storage: a JSON column holds %T, not text", from)
	}
	return nil
}

func appendJSON(gen schema.QueryGen, b []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.Slice, reflect.Map, reflect.Pointer:
		if v.IsNil() {
			return append(b, "NULL"...)
		}
	}
	text, err := json.Marshal(v.Interface())
	if err != nil {
		// Models hold nothing that cannot be marshalled but an invalid RawMessage or
		// an odd value in Event.Data.
		return append(b, jsonRefused...)
	}
	return gen.Dialect().AppendString(b, string(text))
}

// jsonRefused stands in a statement for what is no JSON; see nulRefused.
const jsonRefused = "sallyport_refuses_bad_json()"

func scanJSON(to reflect.Value, from any) error {
	var text []byte
	switch v := from.(type) {
	case nil:
		to.SetZero()
		return nil
	case string:
		text = []byte(v)
	case []byte:
		text = v
	default:
		return fmt.Errorf("storage: a JSON column holds %T, not text", from)
	}
	to.SetZero()
	return json.Unmarshal(text, to.Addr().Interface())
}
