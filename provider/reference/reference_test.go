package reference

import (
	"context"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/sallyport-id/sallyport/themes"
)

type address struct {
	City string `json:"city" maxLength:"40" doc:"where it is"`
}

type person struct {
	Name    string    `json:"name" minLength:"1" enum:"ada,eve"`
	Homes   []address `json:"homes,omitempty" maxItems:"3"`
	Age     int       `json:"age,omitempty" minimum:"0" maximum:"150"`
	Married *bool     `json:"married,omitempty" nullable:"true"`
	Next    *person   `json:"next,omitempty"`
}

// site is an API of two calls with its page.
func site(t *testing.T) *http.ServeMux {
	t.Helper()
	mux := http.NewServeMux()
	config := huma.DefaultConfig("Test <API>", "1")
	config.OpenAPIPath, config.DocsPath, config.SchemasPath, config.CreateHooks = "/t/openapi", "", "", nil
	api := humago.New(mux, config)
	huma.Register(api, huma.Operation{OperationID: "get_people", Method: http.MethodGet, Path: "/t/people", Tags: []string{"people"}, Summary: "All people",
		Security: []map[string][]string{{"token": {"read:people"}}}},
		func(context.Context, *struct {
			Page int `query:"page" minimum:"0" maximum:"9" doc:"from 0"`
		},
		) (*struct{ Body []person }, error) {
			return nil, nil
		})
	huma.Register(api, huma.Operation{OperationID: "put_people", Method: http.MethodPut, Path: "/t/people/{id}", Tags: []string{"people"}},
		func(context.Context, *struct {
			ID   string `path:"id"`
			Body person
		},
		) (*struct{}, error) {
			return nil, nil
		})
	pages, err := themes.New(themes.Options{})
	if err != nil {
		t.Fatal(err)
	}
	Mount(mux, pages, API{Base: "/t", Document: api.OpenAPI})
	return mux
}

func TestPage(t *testing.T) {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/t/docs", nil)
	r.Header.Set("Accept-Language", "de")
	site(t).ServeHTTP(w, r)
	body := w.Body.String()
	for _, want := range []string{
		`lang="de"`, "Test &lt;API&gt;", `href="/t/openapi.json"`, `id="get_people"`, "read:people", "All people", "query, integer (int64), 0 to 9", "from 0",
		"[].homes[].city", "string, at most 40 characters", "where it is", "string: ada, eve, 1 or more characters", "boolean or null",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if w.Code != http.StatusOK || strings.Contains(body, "<script>") {
		t.Errorf("%d: %s", w.Code, body)
	}
}

// TestMembers: what refers to itself ends, and members are named in full.
func TestMembers(t *testing.T) {
	all := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	schema := all.Schema(reflect.TypeFor[person](), true, "")
	var names []string
	for _, one := range (&members{all}).list("", schema, 0) {
		names = append(names, one.Name)
	}
	want := "age homes homes[].city married name next next.age next.homes next.homes[].city next.married next.name next.next " +
		"next.next.age next.next.homes next.next.married next.next.name next.next.next"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("%s", got)
	}
}
