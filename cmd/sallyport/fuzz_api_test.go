package main

import (
	"maps"
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
	form         bool           // the body is a multipart form
	statuses     []string
	unfit        bool // 401 is for factors, too, that cannot be used, as with Auth0
}

type parameter struct {
	Name     string         `json:"name"`
	In       string         `json:"in"`
	Required bool           `json:"required"`
	Schema   map[string]any `json:"schema"`
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
	f := newFuzzer(1, doc)
	for i := range requests {
		if i%60 == 0 {
			x.clock.ahead += 3 * time.Second // the limit of calls is another test's
		}
		o := all[i%len(all)]
		f.round(i / len(all))
		x.try(f, o, "", "401")
		x.try(f, o, x.token("read:nothing"), "403")
		x.reach(f, o, x.token(o.scopes...))
	}
	f.unreached(t, all)
}

// try sends one request and looks at the status, which it gives; want is the only one,
// where it is given.
func (x *tenant) try(f *fuzzer, o described, token, want string) string {
	x.t.Helper()
	path, body, kind := f.request(o)
	status := strconv.Itoa(x.send(o.method, path, kind, strings.NewReader(body), nil, func(r *http.Request) {
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
	}))
	if status == "400" && strings.Contains(path, "%00") {
		return status // the site itself takes no such address, whoever asks
	}
	if !slices.Contains(o.statuses, status) || status >= "500" || want != "" && status != want {
		x.t.Errorf("%s %s (%s): %s, of %v; body %.300s", o.method, o.path, path, status, o.statuses, body)
	}
	return status
}

// reach sends a request with the right token, which lets it in.
func (x *tenant) reach(f *fuzzer, o described, token string) {
	x.t.Helper()
	status := x.try(f, o, token, "")
	if status == "401" && !o.unfit {
		x.t.Errorf("%s %s: the right token is refused", o.method, o.path)
	}
	f.answers[o.method+" "+o.path] = append(f.answers[o.method+" "+o.path], status)
}

// unreached fails for operations of which no request came further than the door.
func (f *fuzzer) unreached(t *testing.T, all []described) {
	for _, o := range all {
		if o.path == "/api/v2/log-streams" && o.method == http.MethodPost {
			continue // the document does not say what a sink has, which hangs on the type
		}
		answers := f.answers[o.method+" "+o.path]
		if len(o.scopes) == 0 && len(answers) > 0 {
			continue
		}
		if !slices.ContainsFunc(answers, func(status string) bool { return !slices.Contains([]string{"400", "401", "413", "415", "429"}, status) }) {
			t.Errorf("%s %s: no request came through: %v", o.method, o.path, answers)
		}
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
			if form, ok := one.RequestBody.Content["multipart/form-data"]; ok {
				o.body, o.form = form.Schema, true
			}
			for _, s := range one.Security {
				o.scopes = append(o.scopes, s["token"]...)
			}
			all = append(all, o)
		}
	}
	return all
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
	tokens := map[string]held{}
	token := func(audience string, scopes ...string) string {
		key := audience + " " + strings.Join(scopes, " ")
		if known := tokens[key]; x.clock.now().Before(known.ends) {
			return known.token
		}
		tokens[key] = x.ask(url.Values{
			"grant_type": {"password"}, "username": {"ada"}, "password": {password}, "audience": {x.issuer + audience}, "scope": {strings.Join(scopes, " ")},
		}, "own", secret)
		return tokens[key].token
	}
	suites := []struct {
		base, audience, other, scope string // scope is one of other
		all                          []described
		*fuzzer
	}{
		{base: "/me/v1", audience: "me/", other: "mfa/", scope: "read:authenticators"},
		{base: "/mfa", audience: "mfa/", other: "me/", scope: "read:me:factors"},
	}
	for i := range suites {
		var doc apiDocument
		s := &suites[i]
		if status := x.send(http.MethodGet, s.base+"/openapi.json", "", nil, &doc); status != http.StatusOK {
			t.Fatalf("no document: %d", status)
		}
		s.all, s.fuzzer = doc.operations(), newFuzzer(3, doc)
		for i := range s.all {
			s.all[i].unfit = s.all[i].path == "/mfa/associate"
		}
	}
	for i := range requests {
		s := suites[i%2]
		o, f := s.all[i/2%len(s.all)], s.fuzzer
		f.round(i / 2 / len(s.all))
		if len(o.scopes) == 0 { // who calls is in the body, and nobody is
			f.answers[o.method+" "+o.path] = append(f.answers[o.method+" "+o.path], x.try(f, o, "", ""))
			continue
		}
		x.try(f, o, "", "401")
		x.try(f, o, token(s.other, s.scope), "401")
		x.reach(f, o, token(s.audience, o.scopes...))
	}
	for _, s := range suites {
		s.unreached(t, s.all)
	}
}
