package management

import (
	"errors"
	"net/http"
	"strings"
	"testing"
)

// FuzzSearch is that a query of a stranger is read or refused with a 400 that names the
// place, and ends.
func FuzzSearch(f *testing.F) {
	for _, q := range []string{
		"", "a", `email:"a@b.example" AND NOT (name:b* OR created_at:[2026-01-01 TO *])`, "-_exists_:email", `user_id:("a" OR "b")`, "((((", `"\`, "a:[b TO", "\xff:\x00",
		"logins_count:{1 TO 2}", "app_metadata.a.b:c", "a && b || c",
	} {
		f.Add(q)
	}
	a := &API{Options: Options{Connection: "users"}}
	f.Fuzz(func(t *testing.T, q string) {
		for _, v := range []vocabulary{a.userTerm, logTerm} {
			c, err := parseSearch(q, v)
			var refused *Refusal
			switch {
			case err != nil && (!errors.As(err, &refused) || refused.StatusCode != http.StatusBadRequest || !strings.Contains(refused.Message, "character ")):
				t.Errorf("%q: %v", q, err)
			case err == nil && c == nil && strings.TrimSpace(q) != "":
				t.Errorf("%q means nothing", q)
			}
		}
	})
}
