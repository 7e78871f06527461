package themes

import (
	"errors"
	"fmt"
	"html"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

var errLong = errors.New("a value gets too long")

// filters are Liquid's as far as mails need them, each with a bound. A parameter that is a
// function gives what the template says, or its argument where that says nothing.
var filters = map[string]any{
	"append":        func(s, end string) (string, error) { return short(s + end) },
	"prepend":       func(s, start string) (string, error) { return short(start + s) },
	"capitalize":    capitalize,
	"date":          date,
	"default":       orElse,
	"downcase":      strings.ToLower,
	"upcase":        strings.ToUpper,
	"escape":        func(s string) (markup, error) { return marked(html.EscapeString(s)) },
	"escape_once":   func(s string) (markup, error) { return marked(html.EscapeString(html.UnescapeString(s))) },
	"newline_to_br": func(v any) (markup, error) { return marked(strings.ReplaceAll(escaped(v), "\n", "<br />\n")) },
	"first":         func(list []any) any { return at(list, 0) },
	"last":          func(list []any) any { return at(list, len(list)-1) },
	"split":         split,
	"replace":       func(s, old, with string) (string, error) { return replace(s, old, with, -1) },
	"replace_first": func(s, old, with string) (string, error) { return replace(s, old, with, 1) },
	"remove":        func(s, old string) (string, error) { return replace(s, old, "", -1) },
	"remove_first":  func(s, old string) (string, error) { return replace(s, old, "", 1) },
	"size":          func(s string) int { return len([]rune(s)) },
	"strip":         strings.TrimSpace,
	"lstrip":        func(s string) string { return strings.TrimLeftFunc(s, unicode.IsSpace) },
	"rstrip":        func(s string) string { return strings.TrimRightFunc(s, unicode.IsSpace) },
	"truncate":      truncate,
	"url_encode":    func(s string) (string, error) { return short(url.QueryEscape(s)) },
}

func filterNames() []string { return slices.Sorted(maps.Keys(filters)) }

func short(s string) (string, error) {
	if len(s) > maxValue {
		return "", errLong
	}
	return s, nil
}

func marked(s string) (markup, error) {
	s, err := short(s)
	return markup{s}, err
}

func capitalize(s string) string {
	_, n := utf8.DecodeRuneInString(s)
	return strings.ToUpper(s[:n]) + s[n:]
}

func orElse(v, other any) any {
	if v == nil || v == false || v == "" {
		return other
	}
	return v
}

func at(list []any, i int) any {
	if i < 0 || i >= len(list) {
		return nil
	}
	return list[i]
}

// split makes at most a hundred parts.
func split(s, by string) []string {
	if by == " " {
		words := strings.Fields(s)
		return words[:min(100, len(words))]
	}
	return strings.SplitN(s, by, 100)
}

// replace knows how long the result is before it makes it.
func replace(s, old, with string, times int) (string, error) {
	n := strings.Count(s, old)
	if times >= 0 {
		n = min(n, times)
	}
	if len(s)+n*(len(with)-len(old)) > maxValue {
		return "", errLong
	}
	return strings.Replace(s, old, with, times), nil
}

func truncate(s string, length func(int) int, end func(string) string) string {
	runes, tail := []rune(s), []rune(end("..."))
	n := length(50)
	if len(runes) <= n {
		return s
	}
	return string(runes[:max(0, n-len(tail))]) + string(tail)
}

// dateParts are the directives of strftime that mails need, as layouts of package time.
var dateParts = map[byte]string{
	'Y': "2006", 'y': "06", 'm': "01", 'd': "02", 'e': "_2", 'H': "15", 'I': "03", 'M': "04", 'S': "05", 'p': "PM",
	'B': "January", 'b': "Jan", 'A': "Monday", 'a': "Mon", 'F': "2006-01-02", 'T': "15:04:05", 'Z': "MST",
}

// date writes a moment in UTC, "now" or one of a person's, as strftime does.
func date(t time.Time, format string) (string, error) {
	var out strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			out.WriteByte(format[i])
			continue
		}
		i++
		layout, ok := dateParts[format[i]]
		switch {
		case ok:
			out.WriteString(t.UTC().Format(layout))
		case format[i] == '%':
			out.WriteByte('%')
		default:
			return "", fmt.Errorf("date: there is no %%%c", format[i])
		}
	}
	return short(out.String())
}
