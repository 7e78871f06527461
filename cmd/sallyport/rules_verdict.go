package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/flows/rules"
)

// showVerdict says what scripts said, in words.
func showVerdict(w io.Writer, v *rules.Verdict) {
	row(w, "verdict", outcomeOf(v))
	for _, one := range v.Commands {
		row(w, one.Verb, commandWords(one))
	}
	for _, part := range []struct {
		name  string
		value map[string]any
	}{
		{"in the ID token", v.IDToken}, {"in the access token", v.AccessToken}, {"user_metadata", v.UserMetadata},
		{"app_metadata", v.AppMetadata}, {"transaction metadata", v.Transaction},
	} {
		if len(part.value) > 0 {
			row(w, part.name, compact(part.value))
		}
	}
	if v.Scopes != nil {
		row(w, "scopes", fmt.Sprintf("added: %v, removed: %v", v.Scopes.Add, v.Scopes.Remove))
	}
	if len(v.Methods) > 0 {
		row(w, "recorded methods", strings.Join(v.Methods, " "))
	}
	for _, key := range slices.Sorted(maps.Keys(v.Cache)) {
		entry := v.Cache[key]
		row(w, "cached", fmt.Sprintf("%s = %s for %s", key, entry.Value, time.Duration(entry.TTL)*time.Millisecond))
	}
	for _, step := range v.Steps {
		for _, line := range step.Console {
			row(w, "console", plain(line))
		}
		row(w, "took", step.Took.Round(time.Microsecond))
	}
}

// outcomeOf is what becomes of the sign-in.
func outcomeOf(v *rules.Verdict) string {
	switch m := v.Multifactor; {
	case v.Denial != nil && v.Denial.Line > 0:
		return fmt.Sprintf("refused: %s (%s, line %d)", v.Denial.Reason, v.Denial.Script, v.Denial.Line)
	case v.Denial != nil:
		return "refused: " + v.Denial.Reason
	case len(v.Commands) > 0:
		return "the person is asked, then it goes on"
	case v.Redirect != nil:
		return "the person is sent to " + v.Redirect.URL
	case m == nil:
		return "no objection; the policy decides about a second factor"
	case m.Provider == "none":
		return "no second factor"
	case m.AllowRememberBrowser:
		return fmt.Sprintf("a second factor (%s), unless the browser is remembered", m.Provider)
	default:
		return fmt.Sprintf("a second factor (%s), always", m.Provider)
	}
}

// commandWords are the factors of a command, the first one first.
func commandWords(one rules.Command) string {
	words := make([]string, len(one.Factors))
	for i, f := range one.Factors {
		words[i] = f.Type
		if len(f.Options) > 0 {
			words[i] += " " + compact(f.Options)
		}
	}
	if one.Any {
		return "any of " + strings.Join(words, ", ")
	}
	return strings.Join(words, ", or else ")
}

func compact(value any) string {
	b, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
