package themes

import (
	"fmt"
	"regexp"
	"sort"
	"strings"
	texttemplate "text/template"

	"github.com/nicksnyder/go-i18n/v2/i18n"
)

var placeholder = regexp.MustCompile(`\{\{-?\s*\.(\w+)\s*-?\}\}`)

// checkMessage refuses a message that would break on a page: a template that does
// not parse, or a placeholder that the English original (nil: none) does not have
// and which would show as a hole. Only plain placeholders are allowed, so a message
// file cannot compute.
func checkMessage(lang string, m, original *i18n.Message) error {
	where := fmt.Sprintf("themes: locales/%s.json: %q", lang, m.ID)
	for _, form := range forms(m) {
		if !strings.Contains(form, "{{") {
			continue
		}
		if _, err := texttemplate.New(m.ID).Parse(form); err != nil {
			return fmt.Errorf("%s: %w; placeholders look like {{.Name}}", where, err)
		}
		if rest := placeholder.ReplaceAllString(form, ""); strings.Contains(rest, "{{") {
			return fmt.Errorf("%s: only placeholders like {{.Name}} can stand in double braces", where)
		}
	}
	if original == nil {
		return nil
	}
	known := placeholders(original)
	for _, p := range placeholders(m) {
		i := sort.SearchStrings(known, p)
		if i == len(known) || known[i] != p {
			return fmt.Errorf("%s: there is no {{.%s}} here; English has %q", where, p, known)
		}
	}
	return nil
}

// placeholders are the names that m uses in any form, sorted.
func placeholders(m *i18n.Message) []string {
	seen := map[string]bool{}
	names := []string{}
	for _, form := range forms(m) {
		if !strings.Contains(form, "{{") {
			continue
		}
		for _, found := range placeholder.FindAllStringSubmatch(form, -1) {
			if !seen[found[1]] {
				seen[found[1]] = true
				names = append(names, found[1])
			}
		}
	}
	sort.Strings(names)
	return names
}

func forms(m *i18n.Message) []string {
	var out []string
	for _, form := range []string{m.Zero, m.One, m.Two, m.Few, m.Many, m.Other} {
		if form != "" {
			out = append(out, form)
		}
	}
	return out
}
