package reference

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/sallyport-id/sallyport/themes"
)

// methods are in the order in which the calls of a path are shown.
var methods = []struct {
	name string
	of   func(*huma.PathItem) *huma.Operation
}{
	{http.MethodGet, func(p *huma.PathItem) *huma.Operation { return p.Get }},
	{http.MethodPost, func(p *huma.PathItem) *huma.Operation { return p.Post }},
	{http.MethodPut, func(p *huma.PathItem) *huma.Operation { return p.Put }},
	{http.MethodPatch, func(p *huma.PathItem) *huma.Operation { return p.Patch }},
	{http.MethodDelete, func(p *huma.PathItem) *huma.Operation { return p.Delete }},
}

// groupsOf are the calls of a document by their first tag, both in the order of names.
func groupsOf(doc *huma.OpenAPI) []themes.CallGroup {
	m := &members{doc.Components.Schemas}
	byTag := map[string][]themes.Call{}
	for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
		for _, method := range methods {
			if o := method.of(doc.Paths[path]); o != nil {
				tag := "other"
				if len(o.Tags) > 0 {
					tag = o.Tags[0]
				}
				byTag[tag] = append(byTag[tag], m.call(method.name, path, o))
			}
		}
	}
	var groups []themes.CallGroup
	for _, tag := range slices.Sorted(maps.Keys(byTag)) {
		groups = append(groups, themes.CallGroup{Name: tag, Calls: byTag[tag]})
	}
	return groups
}

func (m *members) call(method, path string, o *huma.Operation) themes.Call {
	c := themes.Call{ID: o.OperationID, Method: method, Path: path, Summary: o.Summary}
	for _, way := range o.Security {
		for _, scopes := range way {
			c.Scopes = append(c.Scopes, scopes...)
		}
	}
	for _, p := range o.Parameters {
		c.Parameters = append(c.Parameters, themes.Member{
			Name: p.Name, Type: p.In + ", " + m.kind(p.Schema), Doc: cmp.Or(p.Description, m.resolved(p.Schema).Description), Required: p.Required,
		})
	}
	if o.RequestBody != nil {
		c.Body = m.of(o.RequestBody.Content)
	}
	for _, code := range slices.Sorted(maps.Keys(o.Responses)) {
		answer := o.Responses[code]
		c.Statuses = append(c.Statuses, themes.Status{Code: code, Doc: answer.Description})
		if strings.HasPrefix(code, "2") {
			c.Answer = m.of(answer.Content)
			for i := range c.Answer {
				c.Answer[i].Required = false // nobody has to send them
			}
		}
	}
	return c
}

// members turns schemas into lines.
type members struct{ schemas huma.Registry }

// deepest is how far members of members are shown.
const deepest = 3

func (m *members) of(content map[string]*huma.MediaType) []themes.Member {
	for _, kind := range slices.Sorted(maps.Keys(content)) {
		if s := content[kind].Schema; s != nil {
			return m.list("", s, 0)
		}
	}
	return nil
}

// list are the members of an object, and of the objects in them, by their full names.
func (m *members) list(prefix string, s *huma.Schema, depth int) []themes.Member {
	s = m.resolved(s)
	switch {
	case s.Type == huma.TypeArray && s.Items != nil:
		if inner := m.list(prefix+"[]", s.Items, depth); len(inner) > 0 {
			return inner
		}
	case len(s.OneOf) > 0:
		var all []themes.Member
		for _, one := range s.OneOf {
			all = append(all, m.list(prefix, one, depth)...)
		}
		return all
	}
	if len(s.Properties) == 0 || depth >= deepest {
		if depth == 0 {
			return []themes.Member{{Name: cmp.Or(prefix, "–"), Type: m.kind(s), Doc: s.Description}}
		}
		return nil
	}
	var all []themes.Member
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		p, full := s.Properties[name], strings.TrimPrefix(prefix+"."+name, ".")
		all = append(all, themes.Member{
			Name: full, Type: m.kind(p), Doc: cmp.Or(p.Description, m.resolved(p).Description), Required: slices.Contains(s.Required, name),
		})
		all = append(all, m.list(full, p, depth+1)...)
	}
	return all
}

func (m *members) resolved(s *huma.Schema) *huma.Schema {
	if s == nil {
		return &huma.Schema{}
	}
	if s.Ref != "" {
		return cmp.Or(m.schemas.SchemaFromRef(s.Ref), &huma.Schema{})
	}
	return s
}

// kind is what a value may be, in words.
func (m *members) kind(s *huma.Schema) string {
	s = m.resolved(s)
	words := cmp.Or(s.Type, "any")
	if s.Type == huma.TypeArray && s.Items != nil {
		words = "array of " + m.kind(s.Items)
	}
	if s.Format != "" {
		words += " (" + s.Format + ")"
	}
	if s.Nullable {
		words += " or null"
	}
	if len(s.Enum) > 0 {
		var values []string
		for _, v := range s.Enum {
			values = append(values, fmt.Sprint(v))
		}
		words += ": " + strings.Join(values, ", ")
	}
	for _, limit := range []struct {
		at  *int
		say string
	}{{s.MinLength, "%d or more characters"}, {s.MaxLength, "at most %d characters"}, {s.MinItems, "%d or more of them"}, {s.MaxItems, "at most %d of them"}} {
		if limit.at != nil {
			words += ", " + fmt.Sprintf(limit.say, *limit.at)
		}
	}
	if s.Minimum != nil && s.Maximum != nil {
		words += fmt.Sprintf(", %g to %g", *s.Minimum, *s.Maximum)
	}
	return words
}
