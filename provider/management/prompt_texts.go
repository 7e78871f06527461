package management

import (
	_ "embed"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sallyport-id/sallyport/themes"
)

//go:embed prompt_texts.tsv
var promptTable string

// A promptText is where a text of Auth0's stands on our pages.
type promptText struct {
	prompt, screen, key string
	screens             []string // of ours
	id                  string   // of the message that it stands for there
	shape               string   // what is made of it, "{} {{.Destination}}"; "" as it is
	named               string   // variable that it has to name, "" for none
}

var promptTexts = readPromptTexts(promptTable)

func readPromptTexts(table string) (all []promptText) {
	for line := range strings.Lines(table) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := append(strings.Split(strings.TrimSuffix(line, "\n"), "\t"), "", "")
		all = append(all, promptText{f[0], f[1], f[2], strings.Split(f[3], ","), f[4], f[5], f[6]})
	}
	return all
}

// promptVariables are Auth0's names for what texts may name, and beside them our own for
// what Auth0 shows elsewhere on its screens.
var promptVariables = map[string]string{
	"clientName": "App", "companyName": "Brand", "tenantName": "Brand", "userName": "Account", "email": "Account",
	"appName": "Name", "deviceName": "Destination", "phoneNumber": "Destination",
	"destination": "Destination", "digits": "Digits", "count": "Count", "min": "Min", "until": "Until", "period": "For",
}

var promptVariable = regexp.MustCompile(`\$\{([^}]*)\}`)

// maxPromptText is how long a text may be, in characters.
const maxPromptText = 1000

// textsOf are texts by prompt and language ("mfa-otp/de"), as the pages take them.
func textsOf(sent map[string]screenTexts, languages []string) themes.Texts {
	all := themes.Texts{}
	for _, lang := range languages {
		all[lang] = map[string]map[string]string{}
		for _, t := range promptTexts {
			text, ok := sent[t.prompt+"/"+lang][t.screen][t.key]
			if !ok {
				continue
			}
			for _, screen := range t.screens {
				if all[lang][screen] == nil {
					all[lang][screen] = map[string]string{}
				}
				all[lang][screen][t.id] = t.ours(text)
			}
		}
	}
	return all
}

// ours is a text of Auth0's with our placeholders, in the message's shape.
func (t promptText) ours(text string) string {
	text = promptVariable.ReplaceAllStringFunc(text, func(found string) string {
		return "{{." + promptVariables[promptVariable.FindStringSubmatch(found)[1]] + "}}"
	})
	if t.shape == "" || strings.Contains(text, strings.TrimSpace(strings.Replace(t.shape, "{}", "", 1))) {
		return text
	}
	return strings.Replace(t.shape, "{}", text, 1)
}

// checkTexts refuses texts that would not be seen, or not as they were meant.
func checkTexts(pages *themes.Renderer, prompt string, sent screenTexts) error {
	for _, screen := range slices.Sorted(maps.Keys(sent)) {
		for _, key := range slices.Sorted(maps.Keys(sent[screen])) {
			if err := checkText(pages, prompt, screen, key, sent[screen][key]); err != nil {
				return err
			}
		}
		if _, err := rowsOf(prompt, screen, ""); err != nil {
			return err
		}
	}
	return nil
}

func checkText(pages *themes.Renderer, prompt, screen, key, text string) error {
	rows, err := rowsOf(prompt, screen, key)
	if err != nil {
		return err
	}
	field := screen + "." + key
	switch {
	case strings.TrimSpace(text) == "":
		return invalid(field, "is empty; write a text, or leave the key out to have ours")
	case utf8.RuneCountInString(text) > maxPromptText:
		return invalid(field, fmt.Sprintf("is longer than %d characters", maxPromptText))
	case strings.Contains(text, "{{"):
		return invalid(field, "double braces mean nothing here; a variable is written as ${clientName}")
	case strings.ContainsFunc(text, func(c rune) bool { return unicode.IsControl(c) && c != '\n' || unicode.Is(unicode.Bidi_Control, c) }):
		return invalid(field, "has characters that no text may have; leave them out")
	}
	for _, t := range rows {
		if t.named != "" && !strings.Contains(text, "${"+t.named+"}") {
			return invalid(field, "has to name ${"+t.named+"}")
		}
	}
	for _, found := range promptVariable.FindAllStringSubmatch(text, -1) {
		for _, t := range rows {
			if known := t.variables(pages); !slices.Contains(known, found[1]) {
				return invalid(field, fmt.Sprintf("there is no ${%s} here; there are %s", found[1], strings.Join(known, ", ")))
			}
		}
	}
	return nil
}

// rowsOf are the places of a text, or of all texts of a screen where key is "".
func rowsOf(prompt, screen, key string) (rows []promptText, err error) {
	var screens, keys []string
	for _, t := range promptTexts {
		if t.prompt != prompt {
			continue
		}
		screens = append(screens, t.screen)
		if t.screen != screen {
			continue
		}
		keys = append(keys, t.key)
		if key == "" || t.key == key {
			rows = append(rows, t)
		}
	}
	list := func(names []string) string {
		slices.Sort(names)
		return strings.Join(slices.Compact(names), ", ")
	}
	switch {
	case len(keys) == 0:
		return nil, invalid(screen, "we have no such screen; of "+prompt+" there are "+list(screens))
	case len(rows) == 0:
		return nil, invalid(screen+"."+key, "our screen has no such text; it has "+list(keys))
	}
	return rows, nil
}

// variables are what a text may name everywhere it stands.
func (t promptText) variables(pages *themes.Renderer) []string {
	var all []string
	for name, ours := range promptVariables {
		if !slices.ContainsFunc(t.screens, func(screen string) bool { return !slices.Contains(pages.Names(screen, t.id), ours) }) {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// isPrompt reports whether we have a screen of a prompt of Auth0's.
func isPrompt(name string) bool {
	return slices.ContainsFunc(promptTexts, func(t promptText) bool { return t.prompt == name })
}
