package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/storage"
)

// A described is an operation as the OpenAPI document tells of it.
type described struct {
	method, path string
	scopes       []string
	parameters   []parameter
	body         map[string]any // its schema, nil: none
	statuses     []string
}

type parameter struct {
	Name   string         `json:"name"`
	In     string         `json:"in"`
	Schema map[string]any `json:"schema"`
}

// An apiDocument is what of an OpenAPI document the fuzzer goes by.
type apiDocument struct {
	Paths map[string]map[string]struct {
		Security    []map[string][]string `json:"security"`
		Parameters  []parameter           `json:"parameters"`
		RequestBody struct {
			Content map[string]struct {
				Schema map[string]any `json:"schema"`
			} `json:"content"`
		} `json:"requestBody"`
		Responses map[string]any `json:"responses"`
	} `json:"paths"`
	Components struct {
		Schemas map[string]map[string]any `json:"schemas"`
	} `json:"components"`
}

// TestFuzzManagement sends what the OpenAPI document allows and much that it does not:
// nothing breaks, every status is in the document, and nobody gets in without a token or
// its scope.
func TestFuzzManagement(t *testing.T) {
	requests := 10_000
	if testing.Short() {
		requests = 1_200
	}
	x := newTenant(t, nil)
	u := &storage.User{ID: "usr_known", Username: "ada", Email: "ada@example.com"}
	if err := x.house.db.CreateUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	var doc apiDocument
	if status := x.send(http.MethodGet, "/api/v2/openapi.json", "", nil, &doc); status != http.StatusOK {
		t.Fatalf("no document: %d", status)
	}
	all := doc.operations()
	if len(all) < 50 {
		t.Fatalf("the document has %d operations", len(all))
	}
	f := &fuzzer{rand.New(rand.NewPCG(1, 2)), doc.Components.Schemas}
	foreign := x.token("read:nothing")
	for i := range requests {
		if i%60 == 0 {
			x.clock.ahead += 3 * time.Second // the limit of calls is another test's
		}
		o := all[i%len(all)]
		scoped := x.token(o.scopes...)
		x.try(f, o, "", "401")
		x.try(f, o, foreign, "403")
		x.try(f, o, scoped, "")
	}
}

// try sends one request and looks at the status; want is the only one, where it is given.
func (x *tenant) try(f *fuzzer, o described, token, want string) {
	x.t.Helper()
	path, body, kind := f.request(o)
	status := strconv.Itoa(x.send(o.method, path, kind, strings.NewReader(body), nil, func(r *http.Request) {
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
	}))
	if status == "400" && strings.Contains(path, "%00") {
		return // the site itself takes no such address, whoever asks
	}
	if !slices.Contains(o.statuses, status) || status >= "500" || want != "" && status != want {
		x.t.Errorf("%s %s (%s): %s, of %v; body %.300s", o.method, o.path, path, status, o.statuses, body)
	}
}

func (d apiDocument) operations() []described {
	var all []described
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		for _, method := range slices.Sorted(maps.Keys(d.Paths[path])) {
			one := d.Paths[path][method]
			o := described{method: strings.ToUpper(method), path: path, parameters: one.Parameters, statuses: slices.Sorted(maps.Keys(one.Responses))}
			if json, ok := one.RequestBody.Content["application/json"]; ok {
				o.body = json.Schema
			}
			for _, s := range one.Security {
				o.scopes = append(o.scopes, s["token"]...)
			}
			all = append(all, o)
		}
	}
	return all
}

// A fuzzer makes requests.
type fuzzer struct {
	*rand.Rand
	schemas map[string]map[string]any
}

func (f *fuzzer) request(o described) (path, body, kind string) {
	path = o.path
	query := url.Values{}
	for _, p := range o.parameters {
		switch value := fmt.Sprint(f.value(p.Schema, 0)); {
		case p.In == "path":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(f.id(value)))
		case p.In == "query" && f.IntN(3) == 0:
			query.Add(p.Name, value)
		}
	}
	if f.IntN(12) == 0 {
		query.Add(f.text(), f.text())
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	kind = "application/json"
	if o.body != nil {
		text, err := json.Marshal(f.value(o.body, 0))
		if err != nil {
			panic(err) // values of JSON
		}
		body = string(text)
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

// id is something that may stand in a path; the mux has no empty ones.
func (f *fuzzer) id(made string) string {
	known := []string{"usr_known", "con_default", "sms", "otp", "none", "a|b", "%00", "..%2f", "ä", strings.Repeat("x", 3000), made}
	if id := known[f.IntN(len(known))]; id != "" && id != "." && id != ".." {
		return id
	}
	return "none"
}

func (f *fuzzer) text() string {
	texts := []string{"", "a", "ada@example.com", "+491701234567", "https://a.example/", "\x00", "ünïcödé \u202e", "' OR 1=1 --", "{{code}}", strings.Repeat("y", 5000), "-1", "null", "rs_x", "1e400", "true", "10.0.0.1"}
	return texts[f.IntN(len(texts))]
}

// value is one that fits the schema, or, now and then, one that does not.
func (f *fuzzer) value(schema map[string]any, depth int) any {
	if ref, ok := schema["$ref"].(string); ok {
		schema = f.schemas[ref[strings.LastIndex(ref, "/")+1:]]
	}
	if some, ok := schema["oneOf"].([]any); ok && len(some) > 0 {
		schema, _ = some[f.IntN(len(some))].(map[string]any)
	}
	if depth > 6 || f.IntN(10) == 0 {
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
		return []any{0, 1, 7, 86400, 1 << 40, -5}[f.IntN(6)]
	case "boolean":
		return f.IntN(2) == 0
	case "array":
		items, _ := schema["items"].(map[string]any)
		list := []any{}
		for range f.IntN(4) {
			list = append(list, f.value(items, depth+1))
		}
		return list
	case "object":
		object := map[string]any{}
		members, _ := schema["properties"].(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(members)) {
			if member, ok := members[name].(map[string]any); ok && f.IntN(3) > 0 {
				object[name] = f.value(member, depth+1)
			}
		}
		if f.IntN(15) == 0 {
			object[f.text()] = f.text()
		}
		return object
	}
	return f.text()
}

// mfaOperations are those of the MFA API, which has no document: Auth0's bodies are its own.
func mfaOperations() []described {
	text := map[string]any{"type": "string"}
	list := map[string]any{"type": "array", "items": text}
	object := func(members map[string]any) map[string]any {
		return map[string]any{"type": "object", "properties": members}
	}
	id := []parameter{{Name: "id", In: "path", Schema: text}}
	bearer := []string{"200", "204", "400", "401", "403", "404", "413", "415", "429"}
	return []described{
		{method: http.MethodGet, path: "/mfa/authenticators", scopes: []string{"read:authenticators"}, statuses: bearer},
		{method: http.MethodDelete, path: "/mfa/authenticators/{id}", parameters: id, scopes: []string{"remove:authenticators"}, statuses: bearer},
		{method: http.MethodPost, path: "/mfa/associate", scopes: []string{"enroll"}, statuses: bearer, body: object(map[string]any{
			"authenticator_types": list, "oob_channels": list, "phone_number": text, "email": text, "client_id": text,
		})},
	}
}

// TestFuzzPeople does to the APIs that people's tokens are for what TestFuzzManagement does.
func TestFuzzPeople(t *testing.T) {
	requests := 10_000
	if testing.Short() {
		requests = 300
	}
	x := newTenant(t, nil)
	u := &storage.User{ID: "usr_known", Username: "ada", Email: "ada@example.com", EmailVerified: true}
	if err := x.house.db.CreateUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	const password = "a long enough password 17"
	if err := x.house.setPassword(t.Context(), u, password); err != nil {
		t.Fatal(err)
	}
	secret := x.client("own", func(c *storage.Client) {
		c.Metadata.GrantTypes = []string{"password", "http://auth0.com/oauth/grant-type/mfa-otp"}
		c.Settings.FirstParty = true
	})
	token := func(audience string, scopes ...string) string {
		var body struct {
			Token string `json:"access_token"`
			Error string `json:"error_description"`
		}
		x.post("/oauth/token", url.Values{
			"grant_type": {"password"}, "username": {"ada"}, "password": {password}, "audience": {x.issuer + audience}, "scope": {strings.Join(scopes, " ")},
		}, &body, func(r *http.Request) { r.SetBasicAuth("own", secret) })
		if body.Token == "" {
			t.Fatalf("no token for %s with %v: %s", audience, scopes, body.Error)
		}
		return body.Token
	}
	var doc apiDocument
	if status := x.send(http.MethodGet, "/me/v1/openapi.json", "", nil, &doc); status != http.StatusOK {
		t.Fatalf("no document: %d", status)
	}
	type suite struct {
		audience string
		all      []described
		foreign  string
		tokens   map[string]string
	}
	suites := []*suite{
		{audience: "me/", all: doc.operations(), foreign: token("mfa/", "read:authenticators"), tokens: map[string]string{}},
		{audience: "mfa/", all: mfaOperations(), foreign: token("me/", "read:me:factors"), tokens: map[string]string{}},
	}
	f := &fuzzer{rand.New(rand.NewPCG(3, 4)), doc.Components.Schemas}
	for i := range requests {
		s := suites[i%2]
		o := s.all[i/2%len(s.all)]
		key := strings.Join(o.scopes, " ")
		if s.tokens[key] == "" {
			s.tokens[key] = token(s.audience, o.scopes...)
		}
		x.try(f, o, "", "401")
		x.try(f, o, s.foreign, "401") // of another audience
		x.try(f, o, s.tokens[key], "")
	}
}
