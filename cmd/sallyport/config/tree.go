package config

import (
	"encoding"
	"reflect"
	"slices"
	"sort"
	"strings"
	"unicode"
)

// A node is a value in the tree: a group with children by key, or a leaf.
type node struct {
	value  reflect.Value // addressable where it is a leaf
	field  reflect.StructField
	leaf   bool
	secret bool
}

var (
	secretType = reflect.TypeFor[Secret]()
	textType   = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// children are the keys below a group. A map of settings, such as the list of
// factors, is a group by its keys.
func children(v reflect.Value) map[string]node {
	v = follow(v)
	all := map[string]node{}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if f.IsExported() && f.Tag.Get("koanf") != "-" {
				all[keyOf(f)] = newNode(v.Field(i), f)
			}
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			all[k.String()] = newNode(v.MapIndex(k), reflect.StructField{})
		}
	}
	return all
}

func newNode(v reflect.Value, f reflect.StructField) node {
	inner := follow(v)
	group := inner.Kind() == reflect.Struct && !reflect.PointerTo(inner.Type()).Implements(textType)
	if inner.Kind() == reflect.Map && inner.Type().Elem().Kind() == reflect.Interface && inner.Type().Elem().NumMethod() > 0 {
		group = true
	}
	secret := v.Type() == secretType || v.Kind() == reflect.String &&
		slices.ContainsFunc([]string{"Password", "Secret", "Token", "PrivateKey", "AccessKey", "Credentials", "Certificate"}, func(end string) bool { return strings.HasSuffix(f.Name, end) })
	return node{value: v, field: f, leaf: !group, secret: secret}
}

func follow(v reflect.Value) reflect.Value {
	for (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) && !v.IsNil() {
		v = v.Elem()
	}
	return v
}

// keyOf is a field's key: its tag, or its name in snake case.
func keyOf(f reflect.StructField) string {
	if tag, _, _ := strings.Cut(f.Tag.Get("koanf"), ","); tag != "" {
		return tag
	}
	return snake(f.Name)
}

// snake turns MinLength into min_length and DSN into dsn.
func snake(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 &&
			(unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// A Key is one setting, as `config keys` lists it.
type Key struct {
	Name    string `json:"key"`
	Env     string `json:"env"`
	Default string `json:"default"`
	Doc     string `json:"doc,omitempty"`
	Secret  bool   `json:"secret,omitempty"`
}

// Keys lists every setting of tree, which holds the defaults, by name.
func Keys(tree any) []Key {
	var all []Key
	walk(reflect.ValueOf(tree), nil, func(path []string, n node) {
		shown := show(n)
		text, ok := shown.(string)
		if !ok {
			text = oneLine(shown)
		}
		all = append(all, Key{
			Name: strings.Join(path, "."), Env: envName(path), Default: text, Doc: n.field.Tag.Get("doc"), Secret: n.secret,
		})
	})
	sort.Slice(all, func(i, j int) bool { return all[i].Name < all[j].Name })
	return all
}

func walk(v reflect.Value, path []string, leaf func([]string, node)) {
	for key, n := range children(v) {
		at := append(append([]string{}, path...), key)
		if n.leaf {
			leaf(at, n)
		} else {
			walk(n.value, at, leaf)
		}
	}
}

const prefix = "SALLYPORT_"

func envName(path []string) string {
	name := strings.Join(path, "_")
	return prefix + strings.ToUpper(strings.NewReplacer("-", "_", ".", "_").Replace(name))
}
