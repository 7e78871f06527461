package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/storage"
)

// A listener is the end of a webhook: it keeps what it was sent.
type listener struct {
	status int
	bodies [][]byte
	heads  []http.Header
}

func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	l.bodies, l.heads = append(l.bodies, body), append(l.heads, r.Header)
	w.WriteHeader(l.status)
}

// write puts lines into the audit log.
func (x *tenant) write(kinds ...string) {
	x.t.Helper()
	for _, kind := range kinds {
		if err := x.house.db.AddEvents(x.t.Context(), &storage.Event{Type: kind, At: x.clock.now()}); err != nil {
			x.t.Fatal(err)
		}
	}
	x.clock.ahead += time.Minute
}

const streamScopes = "create:log_streams read:log_streams update:log_streams delete:log_streams"

// TestManagementLogStreams is a webhook: signed, in order, tried again, and going on where it was.
func TestManagementLogStreams(t *testing.T) {
	x := newTenant(t, func(s *settings) { s.Streams.Private = true })
	end := &listener{status: http.StatusNoContent}
	web := httptest.NewServer(end)
	defer web.Close()
	do := func(method, path string, body any) reply {
		t.Helper()
		return x.admin(streamScopes, method, path, body)
	}

	key := bytes.Repeat([]byte("k"), 32)
	hook := object{"httpEndpoint": web.URL + "/hook", "httpAuthorization": "Bearer s3cret", "httpContentFormat": "JSONARRAY", "secret": "whsec_" + base64.StdEncoding.EncodeToString(key)}
	got := do(http.MethodPost, "/log-streams", object{"name": "alerts", "type": "http", "sink": hook, "filters": []object{{"type": "category", "name": "auth.login.success"}}})
	id, _ := got.object(t)["id"].(string)
	if sink, _ := got.object(t)["sink"].(object); got.status != 200 || !strings.HasPrefix(id, "lst_") || sink["secret"] != nil || sink["httpAuthorization"] != nil {
		t.Fatalf("created: %+v", got)
	}
	x.write("login.done", "login.denied", "login.done")
	x.built.admin.Deliver(t.Context(), nil)
	if len(end.bodies) != 1 {
		t.Fatalf("%d requests", len(end.bodies))
	}
	var lines []struct {
		LogID string `json:"log_id"`
		Data  struct{ Type string }
	}
	if err := json.Unmarshal(end.bodies[0], &lines); err != nil || len(lines) != 2 || lines[0].Data.Type != "s" || lines[0].LogID >= lines[1].LogID {
		t.Errorf("%s: %v", end.bodies[0], err)
	}
	h := end.heads[0]
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(h.Get("Webhook-Id") + "." + h.Get("Webhook-Timestamp") + "." + string(end.bodies[0])))
	if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); h.Get("Webhook-Signature") != want || h.Get("Authorization") != "Bearer s3cret" || h.Get("Webhook-Id") != lines[1].LogID {
		t.Errorf("headers %v", h)
	}

	end.status = http.StatusInternalServerError
	x.write("login.done")
	x.built.admin.Deliver(t.Context(), nil)
	x.built.admin.Deliver(t.Context(), nil) // too early for another try
	if len(end.bodies) != 2 {
		t.Errorf("%d requests after a failure, want 2", len(end.bodies))
	}
	end.status = http.StatusFound // and leads nowhere
	x.clock.ahead += time.Minute
	x.built.admin.Deliver(t.Context(), nil)
	end.status = http.StatusOK
	x.clock.ahead += time.Minute
	x.built.admin.Deliver(t.Context(), nil)
	x.built.admin.Deliver(t.Context(), nil)
	if n := len(end.bodies); n != 4 || !bytes.Equal(end.bodies[1], end.bodies[3]) || end.heads[1].Get("Webhook-Id") != end.heads[3].Get("Webhook-Id") {
		t.Errorf("%d requests until it was taken, want 4 with the same body", n)
	}

	if got := do(http.MethodPatch, "/log-streams/"+id, object{"status": "paused"}); got.status != 200 || got.object(t)["status"] != "paused" {
		t.Errorf("paused: %+v", got)
	}
	x.write("login.done")
	x.built.admin.Deliver(t.Context(), nil)
	if len(end.bodies) != 4 {
		t.Error("a paused stream was sent something")
	}
	if got := do(http.MethodPatch, "/log-streams/"+id, object{"sink": object{"httpEndpoint": web.URL + "/other"}, "status": "active", "filters": []object{}}); got.status != 200 {
		t.Errorf("another address: %+v", got)
	}
	x.built.admin.Deliver(t.Context(), nil)
	if last := end.heads[len(end.heads)-1]; len(end.bodies) == 4 || last.Get("Authorization") != "" || last.Get("Webhook-Signature") != "" {
		t.Errorf("the secrets of the address before went along: %v", last)
	}
	if got := do(http.MethodDelete, "/log-streams/"+id, nil); got.status != 204 {
		t.Errorf("removed: %+v", got)
	}
	if got := do(http.MethodGet, "/log-streams/"+id, nil); got.status != 404 {
		t.Errorf("gone: %+v", got)
	}
}

// TestManagementLogFiles is a stream into files, and what is refused of streams.
func TestManagementLogFiles(t *testing.T) {
	dir := t.TempDir()
	x := newTenant(t, func(s *settings) { s.Streams.Dir = dir })
	do := func(body object) reply {
		t.Helper()
		return x.admin(streamScopes, http.MethodPost, "/log-streams", body)
	}
	for name, c := range map[string]struct {
		body   object
		status int
	}{
		"another vendor":     {object{"type": "datadog", "sink": object{}}, 403},
		"no type of anybody": {object{"type": "x", "sink": object{}}, 400},
		"no encryption":      {object{"type": "http", "sink": object{"httpEndpoint": "http://logs.example/"}}, 400},
		"this machine":       {object{"type": "http", "sink": object{"httpEndpoint": "https://127.0.0.1/"}}, 400},
		"a private network":  {object{"type": "http", "sink": object{"httpEndpoint": "https://[fd00::1]/"}}, 400},
		"metadata of clouds": {object{"type": "http", "sink": object{"httpEndpoint": "https://169.254.169.254/"}}, 400},
		"a weak secret":      {object{"type": "http", "sink": object{"httpEndpoint": "https://logs.example/", "secret": "whsec_a"}}, 400},
		"a split header":     {object{"type": "http", "sink": object{"httpEndpoint": "https://logs.example/", "httpAuthorization": "a\r\nb: c"}}, 400},
		"another folder":     {object{"type": "file", "sink": object{"fileName": "../x"}}, 400},
		"a category":         {object{"type": "file", "sink": object{"fileName": "x"}, "filters": []object{{"type": "category", "name": "x"}}}, 400},
	} {
		if got := do(c.body); got.status != c.status {
			t.Errorf("%s: %+v", name, got)
		}
	}
	// A name that leads to this machine is found out when it is dialled.
	if got := do(object{"type": "http", "sink": object{"httpEndpoint": "https://localhost:1/"}}); got.status != 200 {
		t.Fatalf("a name: %+v", got)
	}
	if got := do(object{"type": "file", "sink": object{"fileName": "audit.jsonl", "fileBytes": 600, "fileKeep": 1}}); got.status != 200 {
		t.Fatalf("a file: %+v", got)
	}
	for range 3 {
		x.write("login.done", "login.denied")
		x.built.admin.Deliver(t.Context(), nil)
	}
	newest, err := os.ReadFile(filepath.Join(dir, "audit.jsonl"))
	if err != nil || !strings.Contains(string(newest), `"type":"f"`) || strings.Count(string(newest), "\n") < 2 {
		t.Errorf("%s, %v", newest, err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 2 {
		t.Errorf("%d files, want one and the one before: %v", len(files), err)
	}
}
