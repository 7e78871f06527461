package demo

import (
	"encoding/json"
	"fmt"
	"sort"
	"strings"
	"time"
)

// A fact is one of the three claims this house is about, with what it means.
type fact struct {
	Name, Value, Meaning string
}

// A claim is any other claim of the ID token.
type claim struct {
	Name, Value string
}

func personName(claims map[string]any) string {
	for _, name := range []string{"name", "preferred_username", "email", "sub"} {
		if v, _ := claims[name].(string); v != "" {
			return v
		}
	}
	return "somebody"
}

func factsOf(claims map[string]any, now time.Time) []fact {
	acr, _ := claims["acr"].(string)
	var methods []string
	if list, ok := claims["amr"].([]any); ok {
		for _, m := range list {
			methods = append(methods, fmt.Sprint(m))
		}
	}
	facts := []fact{
		{Name: "acr", Value: acr, Meaning: "how strong the sign-in was"},
		{Name: "amr", Value: strings.Join(methods, " "), Meaning: "what was shown: " + strings.Join(meanings(methods), ", ")},
	}
	if at, ok := claims["auth_time"].(float64); ok {
		t := time.Unix(int64(at), 0)
		facts = append(facts, fact{Name: "auth_time", Value: t.UTC().Format(time.RFC3339),
			Meaning: fmt.Sprintf("the last proof was given %s ago", now.Sub(t).Round(time.Second))})
	}
	return facts
}

// meanings says RFC 8176 names in words.
func meanings(methods []string) []string {
	words := map[string]string{
		"pwd": "a password", "otp": "a one-time code", "mfa": "more than one kind of factor", "sms": "a text message", "tel": "a phone call",
		"swk": "a key in software", "hwk": "a key in hardware", "pop": "a key", "user": "a touch", "mca": "a second device",
		"rc": "a recovery code", "email": "a mailbox", "rmb": "a remembered browser, which proves nothing",
	}
	var said []string
	for _, m := range methods {
		if w, ok := words[m]; ok {
			said = append(said, w)
		} else {
			said = append(said, m)
		}
	}
	return said
}

func claimsOf(claims map[string]any) []claim {
	var all []claim
	for name, value := range claims {
		text, ok := value.(string)
		if !ok {
			b, err := json.Marshal(value)
			if err != nil {
				continue
			}
			text = string(b)
		}
		all = append(all, claim{Name: name, Value: text})
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Name < all[j].Name })
	return all
}
