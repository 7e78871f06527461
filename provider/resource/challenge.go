package resource

import (
	"encoding/json"
	"net/http"
	"strings"
)

// A refusal is an answer of RFC 6750 §3.
type refusal struct {
	status            int
	code, description string
	extra             [][2]string
}

// write sends the refusal: the challenge for programs, and the same as JSON for people
// who look at answers. A request without a token learns no error (RFC 6750 §3.1).
func (f *refusal) write(w http.ResponseWriter, realm string) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	if f.status != http.StatusServiceUnavailable {
		h.Set("WWW-Authenticate", f.challenge(realm))
	}
	if f.code == "" {
		w.WriteHeader(f.status)
		return
	}
	h.Set("Content-Type", "application/json")
	w.WriteHeader(f.status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": f.code, "error_description": f.description}) // the client has gone
}

func (f *refusal) challenge(realm string) string {
	said := "Bearer realm=" + quoted(realm)
	pairs := append([][2]string{{"error", f.code}, {"error_description", f.description}}, f.extra...)
	for _, p := range pairs {
		if p[1] != "" {
			said += ", " + p[0] + "=" + quoted(p[1])
		}
	}
	return said
}

// quoted is s as a quoted-string of RFC 9110 §5.6.4. What cannot stand in one is left
// out.
func quoted(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c >= ' ' && c <= '~':
			b.WriteRune(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
