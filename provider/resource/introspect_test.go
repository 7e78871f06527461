package resource_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/provider/resource"
)

func introspecting(t *testing.T, answer http.HandlerFunc) *resource.Verifier {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	v, err := resource.New(resource.Config{
		Issuer: "https://id.example/", Audience: api, JWKSURI: s.URL + "/keys",
		Introspect: &resource.Introspection{Endpoint: s.URL + "/introspect", ClientID: "a:pi", ClientSecret: "s e+c"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestIntrospect(t *testing.T) {
	const mute = "\x00" // the issuer is at fault, not the token
	for _, c := range []struct {
		name   string
		change map[string]any // null takes a claim away
		fault  string         // of the error, "" for none
	}{
		{"good", nil, ""},
		{"without iss", map[string]any{"iss": nil}, ""},
		{"one audience", map[string]any{"aud": api}, ""},
		{"ended", map[string]any{"active": false}, "has ended"},
		{"active by its name only", map[string]any{"active": nil, "Active": true}, "has ended"},
		{"a refresh token", map[string]any{"token_type": nil}, "has ended"},
		{"bound to a key", map[string]any{"token_type": "DPoP"}, "has ended"},
		{"another issuer", map[string]any{"iss": "https://evil.example/"}, "another issuer"},
		{"another audience", map[string]any{"aud": "https://other.example/"}, "another audience"},
		{"no audience", map[string]any{"aud": nil}, "another audience"},
		{"expired", map[string]any{"exp": 1}, "expired"},
		{"no exp", map[string]any{"exp": nil}, "without sub or exp"},
		{"wrong type", map[string]any{"exp": "soon"}, mute},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := introspecting(t, func(w http.ResponseWriter, _ *http.Request) {
				doc := map[string]any{
					"active": true, "iss": "https://id.example/", "sub": "usr_1", "aud": []string{api}, "client_id": "app", "scope": "read", "token_type": "Bearer",
					"exp": time.Now().Add(time.Hour).Unix(), "acr": multi, "auth_time": time.Now().Unix(),
				}
				for name, value := range c.change {
					if doc[name] = value; value == nil {
						delete(doc, name)
					}
				}
				_ = json.NewEncoder(w).Encode(doc)
			})
			got, err := v.Verify(t.Context(), "sp_at.opaque")
			switch {
			case c.fault == "":
				if err != nil || got.Subject != "usr_1" || got.ACR != multi || got.Issuer != "https://id.example/" {
					t.Errorf("%+v %v", got, err)
				}
			case err == nil, errors.Is(err, resource.ErrInvalid) == (c.fault == mute), c.fault != mute && !strings.Contains(err.Error(), c.fault):
				t.Error(err)
			}
		})
	}
}

func TestIntrospectAsks(t *testing.T) {
	asked := 0
	v := introspecting(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		id, secret, _ := r.BasicAuth()
		if r.Method != http.MethodPost || r.URL.Path != "/introspect" || id != "a%3Api" || secret != "s+e%2Bc" || r.FormValue("token") != "opaque" {
			t.Errorf("%s %s %q %q %v", r.Method, r.URL, id, secret, r.Form)
		}
		_, _ = w.Write([]byte(`{"active":false}`))
	})
	if w := ask(v, resource.Need{}, "Bearer opaque"); w.Code != 401 || asked != 1 {
		t.Errorf("%d, asked %d times", w.Code, asked)
	}
	// What looks like a JWT is judged as one.
	if w := ask(v, resource.Need{}, "Bearer eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.e30."); w.Code != 401 || asked != 1 {
		t.Errorf("%d, asked %d times", w.Code, asked)
	}
}

func TestIntrospectFails(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"down":    func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "down", http.StatusBadGateway) },
		"refused": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "who?", http.StatusUnauthorized) },
		"no JSON": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"too large": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(strings.Repeat(" ", 1<<20) + "{}"))
		},
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/introspect" {
				t.Error("the token went elsewhere")
			}
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		},
	} {
		t.Run(name, func(t *testing.T) {
			if w := ask(introspecting(t, answer), resource.Need{}, "Bearer opaque"); w.Code != 503 || w.Header().Get("WWW-Authenticate") != "" {
				t.Errorf("%d %s", w.Code, w.Header().Get("WWW-Authenticate"))
			}
		})
	}
}
