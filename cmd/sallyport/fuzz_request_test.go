package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"mime/multipart"
	"net/url"
	"slices"
	"strings"
)

// A fuzzer makes requests. A tame one makes those that the document allows, the wild one
// many that it does not.
type fuzzer struct {
	*rand.Rand
	schemas map[string]map[string]any
	tame    bool
	some    int                 // of three members that an object may have
	answers map[string][]string // the statuses, by operation, with the right token
}

func newFuzzer(seed uint64, doc apiDocument) *fuzzer {
	return &fuzzer{Rand: rand.New(rand.NewPCG(seed, seed+1)), schemas: doc.Components.Schemas, answers: map[string][]string{}}
}

// round begins the next: every other one is tame, from objects with what they have to
// have to those with all.
func (f *fuzzer) round(n int) {
	f.tame, f.some = n%2 == 0, 2
	if f.tame {
		f.some = n / 2 % 4
	}
}

// stray reports whether to do what the document does not allow, once in n times.
func (f *fuzzer) stray(n int) bool { return !f.tame && f.IntN(n) == 0 }

func (f *fuzzer) request(o described) (path, body, kind string) {
	path = o.path
	query := url.Values{}
	for _, p := range o.parameters {
		switch value := fmt.Sprint(f.value(p.Name, p.Schema, 0)); {
		case p.In == "path":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(f.id(value)))
		case p.In == "query" && (f.tame && (p.Required || p.Name == "user_id") || !f.tame && f.IntN(3) == 0):
			query.Add(p.Name, value)
		}
	}
	if f.stray(12) {
		query.Add(f.text(), f.text())
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	kind = "application/json"
	if o.form {
		body, kind = f.form(o.body)
	} else if o.body != nil {
		text, err := json.Marshal(f.value("", o.body, 0))
		if err != nil {
			panic(err) // values of JSON
		}
		body = string(text)
	}
	if f.tame {
		return path, body, kind
	}
	switch f.IntN(20) {
	case 0:
		body = body[:len(body)/2]
	case 1:
		body, kind = "a=b", "application/x-www-form-urlencoded"
	case 2:
		body = strings.Repeat("[", 2000)
	case 3:
		body = "\xff\xfe" + body
	case 4:
		body = "null"
	case 5:
		body, kind = "", ""
	}
	return path, body, kind
}

// form is a multipart form that fits the schema, more or less, with its type.
func (f *fuzzer) form(schema map[string]any) (body, kind string) {
	var b strings.Builder
	w := multipart.NewWriter(&b)
	fields := f.object(schema, 0)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		value := fmt.Sprint(fields[name])
		switch {
		case name == "users" && !f.stray(3):
			value = `[{"email":"bob@example.com","mfa_factors":[{"totp":{"secret":"JBSWY3DPEHPK3PXP"}}]}]`
		case name == "send_completion_email" && f.tame:
			value = "false"
		}
		if err := w.WriteField(strings.ToValidUTF8(name, ""), value); err != nil {
			panic(err) // a strings.Builder takes everything
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.String(), w.FormDataContentType()
}

// id is something that may stand in a path; the mux has no empty ones.
func (f *fuzzer) id(made string) string {
	if f.tame {
		return made
	}
	known := []string{"usr_known", "con_default", "sms", "otp", "none", "a|b", "%00", "..%2f", "ä", strings.Repeat("x", 3000), made}
	if id := known[f.IntN(len(known))]; id != "" && id != "." && id != ".." {
		return id
	}
	return "none"
}

// words are what texts of these names say, so that a tame request comes through.
var words = map[string]string{
	"id": "usr_known", "user_id": "usr_known", "identity_user_id": "usr_known", "users": "usr_known", "members": "usr_known",
	"connection": "Username-Password-Authentication", "connection_id": "con_default", "name": "otp", "grant_types": "client_credentials",
	"email": "ada@example.com", "phone_number": "+491701234567", "password": "a long enough password 18",
	"audience": "https://a.example/", "identifier": "https://a.example/", "resource_server_identifier": "https://a.example/", "picture": "https://a.example/",
	"script": "function (user, context, callback) { callback(null, user, context); }", "code": "exports.onExecutePostLogin = async () => {};",
	"enrollment_message": "{{code}}", "verification_message": "{{code}}",
}

func (f *fuzzer) text() string {
	texts := []string{"", "a", "ada@example.com", "+491701234567", "https://a.example/", "\x00", "ünïcödé \u202e", "' OR 1=1 --", "{{code}}", strings.Repeat("y", 5000), "-1", "null", "rs_x", "1e400", "true", "10.0.0.1"}
	return texts[f.IntN(len(texts))]
}

// value is one for name that fits the schema, or, now and then, one that does not.
func (f *fuzzer) value(name string, schema map[string]any, depth int) any {
	if ref, ok := schema["$ref"].(string); ok {
		schema = f.schemas[ref[strings.LastIndex(ref, "/")+1:]]
	}
	if some, ok := schema["oneOf"].([]any); ok && len(some) > 0 {
		schema, _ = some[f.IntN(len(some))].(map[string]any)
	}
	if depth > 6 || f.stray(10) {
		return []any{nil, f.text(), 1e18, -1, true, []any{}, map[string]any{f.text(): f.text()}, []any{nil, "a", 1}}[f.IntN(8)]
	}
	if some, ok := schema["enum"].([]any); ok && len(some) > 0 {
		return some[f.IntN(len(some))]
	}
	kind := schema["type"]
	if kinds, ok := kind.([]any); ok && len(kinds) > 0 {
		kind = kinds[0]
	}
	switch kind {
	case "integer", "number":
		if least, ok := schema["minimum"]; ok && f.tame {
			return least
		}
		return []any{0, 1, 7, 86400, 1 << 40, -5}[f.IntN(6)]
	case "boolean":
		return f.IntN(2) == 0
	case "array":
		items, _ := schema["items"].(map[string]any)
		list := []any{}
		for range f.items() {
			list = append(list, f.value(name, items, depth+1))
		}
		return list
	case "object":
		return f.object(schema, depth)
	}
	if f.tame {
		return cmp.Or(words[name], "abc")
	}
	return f.text()
}

// items is how many a list has.
func (f *fuzzer) items() int {
	if f.tame {
		return 1
	}
	return f.IntN(4)
}

func (f *fuzzer) object(schema map[string]any, depth int) map[string]any {
	object := map[string]any{}
	members, _ := schema["properties"].(map[string]any)
	needed, _ := schema["required"].([]any)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		member, ok := members[name].(map[string]any)
		if ok && (f.tame && (name == "name" || slices.Contains(needed, any(name))) || f.IntN(3) < f.some) {
			object[name] = f.value(name, member, depth+1)
		}
	}
	if f.stray(15) {
		object[f.text()] = f.text()
	}
	return object
}
