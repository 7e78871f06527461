package management

import (
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// Paging are the parameters of lists that have pages.
type Paging struct {
	Page    int  `query:"page" minimum:"0" maximum:"1000000" default:"0" doc:"number of the page, from 0"`
	PerPage int  `query:"per_page" minimum:"0" maximum:"100" default:"50" doc:"items on a page"`
	Totals  bool `query:"include_totals" doc:"answer an object with the total beside the items"`
}

// size is how many items a page has.
func (p Paging) size() int {
	if p.PerPage == 0 {
		return 50
	}
	return p.PerPage
}

// Checkpoint are the parameters of lists that go on where the last answer ended.
type Checkpoint struct {
	From string `query:"from" maxLength:"200" doc:"next of the answer before"`
	Take int    `query:"take" minimum:"0" maximum:"100" doc:"items in the answer; gives it next"`
}

// asked reports whether the caller pages by checkpoint.
func (c Checkpoint) asked() bool { return c.From != "" || c.Take > 0 }

// size is how many items an answer has.
func (c Checkpoint) size() int {
	if c.Take == 0 {
		return 50
	}
	return c.Take
}

// Picked are the parameters that choose members of the answer.
type Picked struct {
	Fields  string `query:"fields" maxLength:"2000" doc:"members to answer, by comma"`
	Include bool   `query:"include_fields" default:"true" doc:"false: answer all but fields"`
}

// A List is a page of items: an array, or with totals an object {start, limit, total, key},
// or by checkpoint {next, key}.
type List[T any] struct {
	Items      []T
	Key        string // the name of the items in an object
	Paging     Paging
	Total      int
	Checkpoint bool
	Next       string
}

// listed is the answer whose body is a list.
type listed[T any] struct{ Body *List[T] }

// pageOf is the page of all that p asks for.
func pageOf[T any](key string, all []T, p Paging) *listed[T] {
	from := min(p.Page*p.size(), len(all))
	to := min(from+p.size(), len(all))
	return &listed[T]{&List[T]{Items: all[from:to], Key: key, Paging: p, Total: len(all)}}
}

// checkpointOf is the part of all that c asks for, in the order of ids, which no two items
// share: so what comes and goes in between hides nothing else.
func checkpointOf[T any](key string, all []T, c Checkpoint, id func(T) string) *listed[T] {
	slices.SortFunc(all, func(x, y T) int { return strings.Compare(id(x), id(y)) })
	all = all[sort.Search(len(all), func(i int) bool { return id(all[i]) > c.From }):]
	page := &List[T]{Key: key, Checkpoint: true}
	if page.Items = all[:min(c.size(), len(all))]; len(page.Items) < len(all) {
		page.Next = id(page.Items[len(page.Items)-1])
	}
	return &listed[T]{page}
}

// MarshalJSON writes the shape that was asked for.
func (l *List[T]) MarshalJSON() ([]byte, error) {
	items := l.Items
	if items == nil {
		items = []T{}
	}
	switch {
	case l.Checkpoint && l.Next != "":
		return json.Marshal(map[string]any{l.Key: items, "next": l.Next})
	case l.Checkpoint:
		return json.Marshal(map[string]any{l.Key: items})
	case l.Paging.Totals:
		return json.Marshal(map[string]any{l.Key: items, "start": l.Paging.Page * l.Paging.size(), "limit": l.Paging.size(), "length": len(items), "total": l.Total})
	}
	return json.Marshal(items)
}

// Schema is for the OpenAPI document.
func (l *List[T]) Schema(r huma.Registry) *huma.Schema {
	var items []T
	return &huma.Schema{OneOf: []*huma.Schema{huma.SchemaFromType(r, reflect.TypeOf(items)), {Type: huma.TypeObject, AdditionalProperties: true, Description: "With include_totals, or by checkpoint."}}}
}

// key is the name of the items where the list is written as an object.
func (l *List[T]) key() string { return l.Key }

// pick leaves of an answer what fields and include_fields ask for: of each item, where it
// is a list.
func pick(ctx huma.Context, _ string, v any) (any, error) {
	names := ctx.Query("fields")
	if _, refused := v.(*Refusal); names == "" || refused || v == nil || ctx.Method() != http.MethodGet {
		return v, nil
	}
	include, err := strconv.ParseBool(ctx.Query("include_fields"))
	include = include || err != nil
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var body any
	if err := json.Unmarshal(text, &body); err != nil {
		return nil, err
	}
	chosen := strings.Split(names, ",")
	list, ok := v.(interface{ key() string })
	object, whole := body.(map[string]any)
	if ok && whole {
		object[list.key()] = picked(object[list.key()], chosen, include)
		return object, nil
	}
	return picked(body, chosen, include), nil
}

func picked(v any, names []string, include bool) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = picked(v[i], names, include)
		}
	case map[string]any:
		maps.DeleteFunc(v, func(key string, _ any) bool { return slices.Contains(names, key) != include })
	}
	return v
}

// after is the part of all behind a checkpoint, which is the name of the last item that
// was answered.
//
// Errors: a 400 where nothing has that name any more.
func after[T any](key string, all []T, c Checkpoint, name func(T) string) (*listed[T], error) {
	from := 0
	if c.From != "" {
		from = slices.IndexFunc(all, func(one T) bool { return name(one) == c.From }) + 1
		if from == 0 {
			return nil, refusal(http.StatusBadRequest, "invalid_query_string", "Query validation error: from: what it names is gone; begin again without it")
		}
	}
	to := min(from+c.size(), len(all))
	l := &List[T]{Items: all[from:to], Key: key, Checkpoint: true}
	if to < len(all) {
		l.Next = name(all[to-1])
	}
	return &listed[T]{l}, nil
}
