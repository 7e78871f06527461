package themes

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sort"
	"strings"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

// fallback is the language that has every word.
const fallback = "en"

// words is the merged catalogue: our locales, then the factors' words, then the
// operator's, later ones winning key by key. It does not change after New.
type words struct {
	langs   []string // BCP 47, fallback first; the order of matcher
	matcher language.Matcher
	said    map[string]map[string]*i18n.Message // by language, by id
	speak   map[string]*i18n.Localizer
}

// readWords merges the layers' message files. A file is <lang>.json or
// locales/<lang>.json: a flat object from message id to a sentence or to its plural
// forms ({"one": …, "other": …}). Keys that begin with "_" are remarks.
func readWords(layers []fs.FS) (*words, error) {
	w := &words{said: map[string]map[string]*i18n.Message{}}
	for _, layer := range layers {
		for _, pattern := range []string{"*.json", "locales/*.json"} {
			names, err := fs.Glob(layer, pattern)
			if err != nil {
				return nil, fmt.Errorf("themes: locales: %w", err)
			}
			for _, name := range names {
				if err := w.read(layer, name); err != nil {
					return nil, fmt.Errorf("themes: %s: %w", name, err)
				}
			}
		}
	}
	return w, w.index()
}

func (w *words) read(layer fs.FS, name string) error {
	tag, err := language.Parse(strings.TrimSuffix(path.Base(name), ".json"))
	if err != nil {
		return fmt.Errorf("%w; name the file for its language, like fr.json", err)
	}
	data, err := fs.ReadFile(layer, name)
	if err != nil {
		return err
	}
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(data, &entries); err != nil {
		return fmt.Errorf("%w; the file is one JSON object", err)
	}
	lang := tag.String()
	if w.said[lang] == nil {
		w.said[lang] = map[string]*i18n.Message{}
	}
	for id, raw := range entries {
		if strings.HasPrefix(id, "_") {
			continue
		}
		m, err := parseMessage(id, raw)
		if err != nil {
			return err
		}
		w.said[lang][id] = m
	}
	return nil
}

func parseMessage(id string, raw json.RawMessage) (*i18n.Message, error) {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		if one == "" {
			return nil, fmt.Errorf("%q is empty; write the sentence or delete the line", id)
		}
		return &i18n.Message{ID: id, Other: one}, nil
	}
	var forms struct{ Zero, One, Two, Few, Many, Other string }
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&forms); err != nil || forms.Other == "" {
		return nil, fmt.Errorf(`%q has to be a sentence or plural forms with at least "other"`, id)
	}
	return &i18n.Message{
		ID: id, Zero: forms.Zero, One: forms.One, Two: forms.Two, Few: forms.Few, Many: forms.Many, Other: forms.Other,
	}, nil
}

// index makes the matcher and the localizers, and checks each message once.
func (w *words) index() error {
	if w.said[fallback] == nil {
		return errors.New("themes: locales/en.json is missing; English is what other languages fall back to")
	}
	bundle := i18n.NewBundle(language.MustParse(fallback))
	for lang := range w.said {
		if lang != fallback {
			w.langs = append(w.langs, lang)
		}
	}
	sort.Strings(w.langs)
	w.langs = append([]string{fallback}, w.langs...)
	w.speak = make(map[string]*i18n.Localizer, len(w.langs))
	tags := make([]language.Tag, len(w.langs))
	for i, lang := range w.langs {
		tags[i] = language.MustParse(lang)
		list := make([]*i18n.Message, 0, len(w.said[lang]))
		for id, m := range w.said[lang] {
			if err := checkMessage(lang, m, w.said[fallback][id]); err != nil {
				return err
			}
			list = append(list, m)
		}
		if err := bundle.AddMessages(tags[i], list...); err != nil {
			return fmt.Errorf("themes: locales/%s.json: %w", lang, err)
		}
		w.speak[lang] = i18n.NewLocalizer(bundle, lang)
	}
	w.matcher = language.NewMatcher(tags)
	return nil
}

// has reports whether id has words in lang or, failing that, in English.
func (w *words) has(lang, id string) bool {
	return w.said[lang][id] != nil || w.said[fallback][id] != nil
}

// say returns the words of id, and false where there are none or data does not fill
// them. A message without words in lang is said in English.
func (w *words) say(lang, id string, data map[string]any) (string, bool) {
	if lang == pseudo {
		s, ok := w.say(fallback, id, data)
		return stretch(s), ok
	}
	if w.said[lang][id] == nil {
		lang = fallback
	}
	m := w.said[lang][id]
	if m == nil {
		return "", false
	}
	if !strings.Contains(m.Other, "{{") && m.One == "" {
		return m.Other, true
	}
	s, err := w.speak[lang].Localize(&i18n.LocalizeConfig{MessageID: id, TemplateData: data, PluralCount: count(data)})
	if err != nil && s == "" {
		return "", false
	}
	return s, !strings.Contains(s, "<no value>")
}

// count is the number that chooses the plural form: data["Count"], or else the only
// whole number there is.
func count(data map[string]any) any {
	if n, ok := data["Count"]; ok {
		return n
	}
	var found any
	for _, v := range data {
		switch n := v.(type) {
		case int, int64:
			if found != nil {
				return nil
			}
			found = n
		case float64: // an int that has been through JSON
			if found != nil || n != float64(int64(n)) {
				return nil
			}
			found = int64(n)
		}
	}
	return found
}
