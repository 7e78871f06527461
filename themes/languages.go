package themes

import (
	"strings"
	"unicode"

	"golang.org/x/text/language"
)

// pseudo is English stretched by 40 % and set from right to left. Previews use it to
// show where a page would break in a longer language; Match never returns it.
const pseudo = "ar-XB"

// Limits on what a request may make us parse.
const (
	maxLocales = 16
	maxAccept  = 256
)

// Match chooses the language of a page among those that the look has: from ui_locales
// of the request (OpenID Connect Core §3.1.2.1), else the person's own choice, else
// the browser's. What is malformed or unknown is passed over.
func (r *Renderer) Match(uiLocales []string, cookie, acceptLanguage string) string {
	var asked []language.Tag
	for _, s := range uiLocales[:min(len(uiLocales), maxLocales)] {
		if tag, err := language.Parse(s); err == nil && len(s) <= maxAccept {
			asked = append(asked, tag)
		}
	}
	l := r.look.Load()
	if lang, ok := match(l.matcher, l.langs, asked); ok {
		return lang
	}
	if tag, err := language.Parse(cookie); err == nil && len(cookie) <= maxAccept {
		if lang, ok := match(l.matcher, l.langs, []language.Tag{tag}); ok {
			return lang
		}
	}
	if len(acceptLanguage) > maxAccept {
		cut := strings.LastIndexByte(acceptLanguage[:maxAccept], ',')
		acceptLanguage = acceptLanguage[:max(cut, 0)]
	}
	accepted, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil {
		return l.langs[0]
	}
	lang, ok := match(l.matcher, l.langs, accepted)
	if !ok {
		return l.langs[0]
	}
	return lang
}

// Languages are the languages that pages can be in, English first.
func (r *Renderer) Languages() []string { return append([]string(nil), r.words.langs...) }

func match(matcher language.Matcher, langs []string, tags []language.Tag) (string, bool) {
	for _, tag := range tags {
		if _, i, sure := matcher.Match(tag); sure > language.Low {
			return langs[i], true
		}
	}
	return "", false
}

// known returns lang if it has words, else the nearest that has.
func (w *words) known(lang string) string {
	if w.said[lang] != nil || lang == pseudo {
		return lang
	}
	tag, err := language.Parse(lang)
	if err != nil {
		return fallback
	}
	near, ok := match(w.matcher, w.langs, []language.Tag{tag})
	if !ok {
		return fallback
	}
	return near
}

// direction is the value of the dir attribute: the way lang's script runs.
func direction(lang string) string {
	script, _ := language.Make(lang).Script()
	switch script.String() {
	case "Arab", "Hebr", "Thaa", "Syrc", "Nkoo", "Adlm", "Rohg":
		return "rtl"
	}
	return "ltr"
}

var accents = strings.NewReplacer("a", "á", "e", "é", "i", "í", "o", "ó", "u", "ú", "A", "Á", "E", "É", "I", "Í",
	"O", "Ó", "U", "Ú", "n", "ñ", "c", "ç", "s", "š", "y", "ý", "z", "ž")

// stretch makes the pseudo-language: accents show text that does not come from the
// catalogue, the tail makes it 40 % longer. Time markers stay whole.
func stretch(s string) string {
	letters := 0
	for _, c := range s {
		if unicode.IsLetter(c) {
			letters++
		}
	}
	return accents.Replace(s) + strings.Repeat("~", (letters*2+4)/5)
}
