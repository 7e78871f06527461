package resource

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

var wellFormed = regexp.MustCompile(`^(?i:bearer) +([A-Za-z0-9._~+/-]+=*) *$`)

// FuzzBearer holds the parser against the grammar of RFC 6750 §2.1.
func FuzzBearer(f *testing.F) {
	for _, seed := range []string{"", "Bearer", "Bearer ", "bEARER a.b.c", "Bearer  a==", "Bearer =", "Bearer a=b", "Bearer\ta", "Bearer a,b", "Basic x", "Bearer é", "Bearer a\r\nb"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		token, refused := bearer([]string{header})
		want := wellFormed.FindStringSubmatch(header)
		switch {
		case (refused == nil) != (want != nil):
			t.Fatalf("%q: %q %+v", header, token, refused)
		case refused == nil && token != want[1]:
			t.Fatalf("%q: %q", header, token)
		case refused != nil && token != "":
			t.Fatalf("%q is refused and returned", token)
		case refused != nil && refused.status != http.StatusUnauthorized && refused.status != http.StatusBadRequest:
			t.Fatalf("%q: %d", header, refused.status)
		}
	})
}

// FuzzQuoted checks that a value stays within its quotes and within the header.
func FuzzQuoted(f *testing.F) {
	f.Add("a\"b\\c\r\nX: y")
	f.Fuzz(func(t *testing.T, s string) {
		if got := quoted(s); !regexp.MustCompile(`^"(?:[ !#-\[\]-~]|\\["\\])*"$`).MatchString(got) || strings.ContainsAny(got, "\r\n") {
			t.Errorf("%q: %s", s, got)
		}
	})
}
