package storage

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// A Condition is what rows of a table have to fulfil: one Test, the opposite of Not, Any of
// several, or All of several; an empty one is always fulfilled, and Not of it never.
type Condition struct {
	Test *Test
	Not  *Condition
	Any  []Condition
	All  []Condition
}

// A Test compares one field of a row. One of its members beside Field is set.
type Test struct {
	Field  string
	Is     any    // string, bool, int64 or time.Time, as the field's kind wants it
	Like   string // a text in which * stands for any characters and ? for one
	Exists bool
	From   any // int64 or time.Time: at least
	Below  any // likewise: less than
}

// A FieldKind is what a field can be compared with.
type FieldKind int

// Kinds of fields. The zero value is no field at all.
const (
	TextField FieldKind = iota + 1
	FlagField
	NumberField
	TimeField
	JSONField // a text, number or flag in it, or one of a list of texts
)

// A column is how a field is read. fold is what its texts are stored under.
type column struct {
	sql  string
	kind FieldKind
	fold func(string) string
}

// own is for columns whose texts are compared as they are.
func own(s string) string { return s }

// A clause is a part of a WHERE with its values.
type clause struct {
	text string
	args []any
}

func (c clause) join(text string) clause { return clause{fmt.Sprintf(text, c.text), c.args} }

// where translates c. Only the texts of columns enter the statement: what a caller asked
// for is values.
//
// Errors: ErrInvalid where a field is none, or is compared with what does not fit it.
func (d *DB) where(c *Condition, columns func(string) (column, []string)) (clause, error) {
	switch {
	case c == nil:
		return clause{text: "TRUE"}, nil
	case c.Test != nil:
		return d.test(c.Test, columns)
	case c.Not != nil:
		inner, err := d.where(c.Not, columns)
		return inner.join("NOT COALESCE((%s), FALSE)"), err
	case len(c.Any) > 0:
		return d.joined(c.Any, " OR ", columns)
	case len(c.All) > 0:
		return d.joined(c.All, " AND ", columns)
	}
	return clause{text: "TRUE"}, nil
}

func (d *DB) joined(parts []Condition, word string, columns func(string) (column, []string)) (clause, error) {
	var whole clause
	texts := make([]string, len(parts))
	for i := range parts {
		part, err := d.where(&parts[i], columns)
		if err != nil {
			return clause{}, err
		}
		texts[i] = "(" + part.text + ")"
		whole.args = append(whole.args, part.args...)
	}
	whole.text = strings.Join(texts, word)
	return whole, nil
}

func (d *DB) test(t *Test, columns func(string) (column, []string)) (clause, error) {
	c, path := columns(t.Field)
	at := clause{text: c.sql}
	if c.kind == JSONField {
		at = d.within(c.sql, path)
	}
	switch {
	case c.kind == 0:
	case t.Exists:
		if c.kind == TextField {
			return at.join("%[1]s IS NOT NULL AND %[1]s <> ''"), nil
		}
		return at.join("%s IS NOT NULL"), nil
	case t.From != nil || t.Below != nil:
		return between(t, c, at)
	case t.Like != "" && (c.kind == TextField || c.kind == JSONField):
		text := t.Like
		if c.fold != nil {
			text = c.fold(text)
		}
		return at.like(pattern(text), c.fold), nil
	case t.Is != nil:
		return equal(t.Is, c, at)
	}
	return clause{}, fmt.Errorf("%w: %q is not compared so", ErrInvalid, t.Field)
}

func between(t *Test, c column, at clause) (clause, error) {
	var texts []string
	for _, end := range []struct {
		value any
		sign  string
	}{{t.From, " >= ?"}, {t.Below, " < ?"}} {
		if end.value == nil {
			continue
		}
		if !fits(end.value, c.kind) || c.kind != NumberField && c.kind != TimeField {
			return clause{}, fmt.Errorf("%w: %q has no such range", ErrInvalid, t.Field)
		}
		texts, at.args = append(texts, c.sql+end.sign), append(at.args, end.value)
	}
	at.text = strings.Join(texts, " AND ")
	return at, nil
}

func equal(value any, c column, at clause) (clause, error) {
	if !fits(value, c.kind) {
		return clause{}, fmt.Errorf("%w: a %T is no value of the field", ErrInvalid, value)
	}
	text, ok := value.(string)
	switch {
	case !ok:
		return clause{at.text + " = ?", append(at.args, value)}, nil
	case c.fold != nil:
		return clause{at.text + " = ?", append(at.args, c.fold(text))}, nil
	case c.kind == TextField:
		return clause{"LOWER(" + at.text + ") = LOWER(?)", append(at.args, text)}, nil
	}
	quoted, err := json.Marshal(text)
	if err != nil {
		return clause{}, fmt.Errorf("storage: %w", err)
	}
	listed := at.like("[%"+escaped(string(quoted))+"%", nil)
	args := append(append(append([]any{}, at.args...), text), listed.args...)
	return clause{"LOWER(" + at.text + ") = LOWER(?) OR " + listed.text, args}, nil
}

func fits(value any, kind FieldKind) bool {
	switch value.(type) {
	case string:
		return kind == TextField || kind == JSONField
	case bool:
		return kind == FlagField
	case int64:
		return kind == NumberField
	case time.Time:
		return kind == TimeField
	}
	return false
}

// like compares with a pattern of SQL.
func (c clause) like(pattern string, fold func(string) string) clause {
	args := append(append([]any{}, c.args...), pattern)
	if fold != nil {
		return clause{c.text + ` LIKE ? ESCAPE '\'`, args}
	}
	return clause{"LOWER(" + c.text + `) LIKE LOWER(?) ESCAPE '\'`, args}
}

func escaped(s string) string { return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s) }

// pattern is one of SQL for one with * and ?.
func pattern(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`, `*`, `%`, `?`, `_`).Replace(s)
}

// within is the text of what is at a path in a column of JSON. A NUL character, which
// PostgreSQL cannot make a text of, hides the whole column.
func (d *DB) within(sql string, path []string) clause {
	if d.postgres {
		args := make([]any, len(path))
		for i, name := range path {
			args[i] = name
		}
		places := strings.TrimSuffix(strings.Repeat("?, ", len(path)), ", ")
		return clause{fmt.Sprintf(`(CASE WHEN strpos(%[1]s, '\u0000') = 0 THEN CAST(%[1]s AS json) #>> CAST(ARRAY[%[2]s] AS text[]) END)`, sql, places), args}
	}
	at := "$"
	for _, name := range path {
		at += `."` + name + `"`
	}
	return clause{fmt.Sprintf(`(CASE WHEN json_valid(%[1]s) THEN CASE json_type(%[1]s, ?) WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE CAST(json_extract(%[1]s, ?) AS TEXT) END END)`, sql), []any{at, at}}
}
