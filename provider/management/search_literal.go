package management

import (
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/sallyport-id/sallyport/storage"
)

var fieldName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*:`)

// field takes the name before a colon, "" where there is none.
func (p *searcher) field() string {
	name := fieldName.FindString(p.q[p.at:])
	p.at += len(name)
	return strings.TrimSuffix(name, ":")
}

// literal takes a value.
func (p *searcher) literal() (literal, error) {
	if p.done() {
		return literal{}, p.fault(p.at, "expected a value, found the end")
	}
	switch p.q[p.at] {
	case '"':
		text, err := p.quotation()
		return literal{text: text, quoted: true}, err
	case '[', '{':
		return p.span()
	}
	return p.bare()
}

// quotation takes a text in quotes, in which a backslash takes the meaning of what follows.
func (p *searcher) quotation() (string, error) {
	open := p.at
	var text strings.Builder
	for i := open + 1; i < len(p.q); i++ {
		switch c := p.q[i]; {
		case c == '"':
			p.at = i + 1
			return text.String(), nil
		case c == '\\' && i+1 < len(p.q):
			i++
			text.WriteByte(p.q[i])
		default:
			text.WriteByte(c)
		}
	}
	return "", p.fault(open, "this quotation does not end")
}

// bare takes a value without quotes.
func (p *searcher) bare() (literal, error) {
	begin := p.at
	var l literal
	var text strings.Builder
	for i := begin; ; {
		r, n := utf8.DecodeRuneInString(p.q[i:])
		switch {
		case n == 0 || unicode.IsSpace(r) || strings.ContainsRune(`()[]{}"`, r):
			p.at = i
			l.text = text.String()
			if text.Len() == 0 {
				return l, p.fault(i, "expected a value; quote what has special characters")
			}
			return l, nil
		case i == begin && strings.ContainsRune("+!/<>=", r), r == '~', r == '^':
			return l, p.fault(i, strconv.QuoteRune(r)+" is not understood here; quote the value if it belongs to it")
		case r == '\\':
			next, size := utf8.DecodeRuneInString(p.q[i+n:])
			if size == 0 {
				return l, p.fault(i, "nothing follows the backslash")
			}
			text.WriteRune(next)
			n += size
		default:
			l.wild = l.wild || r == '*' || r == '?'
			text.WriteRune(r)
		}
		i += n
	}
}

// span takes [a TO b]; a brace in place of a bracket leaves that end out.
func (p *searcher) span() (literal, error) {
	open := p.at
	l := literal{span: true, without: [2]bool{p.q[open] == '{'}}
	p.at++
	for i, end := range []*string{&l.text, &l.upto} {
		if i == 1 && !p.word("TO") {
			return l, p.fault(p.at, "expected TO; a range is [from TO to]")
		}
		v, err := p.literal()
		if err != nil {
			return l, err
		}
		if v.span {
			return l, p.fault(open, "a range stands in a range")
		}
		*end = v.text
	}
	l.without[1] = !p.done() && p.q[p.at] == '}'
	if !p.word("]", "}") {
		return l, p.fault(open, "this range does not end")
	}
	return l, nil
}

// compared is the condition for a field of storage's of a kind.
func compared(field string, kind storage.FieldKind, l literal) (storage.Condition, string) {
	t := &storage.Test{Field: field}
	why := ""
	switch {
	case kind == 0:
		return storage.Condition{}, strconv.Quote(field) + " cannot be searched"
	case l.exists || l.text == "*" && l.wild && !l.span:
		t.Exists = true
	case kind == storage.TimeField:
		t.From, t.Below, why = timeSpan(l)
	case kind == storage.NumberField:
		t.From, t.Below, why = numberSpan(l)
	case l.span:
		return storage.Condition{}, strconv.Quote(field) + " has no ranges"
	case kind == storage.FlagField:
		if l.text != "true" && l.text != "false" {
			return storage.Condition{}, strconv.Quote(field) + " is true or false"
		}
		t.Is = l.text == "true"
	case l.wild:
		t.Like = l.text
	default:
		t.Is = l.text
	}
	if why != "" {
		return storage.Condition{}, why
	}
	if !t.Exists && t.Is == nil && t.Like == "" && t.From == nil && t.Below == nil { // [* TO *]
		t.Exists = true
	}
	return storage.Condition{Test: t}, ""
}

// periods are the ways to write a time, with the end of what each means.
var periods = []struct {
	layout string
	end    func(time.Time) time.Time
}{
	{time.RFC3339Nano, func(t time.Time) time.Time { return t.Add(time.Microsecond) }},
	{"2006-01-02T15:04:05", func(t time.Time) time.Time { return t.Add(time.Second) }},
	{"2006-01-02T15:04", func(t time.Time) time.Time { return t.Add(time.Minute) }},
	{time.DateOnly, func(t time.Time) time.Time { return t.AddDate(0, 0, 1) }},
	{"2006-01", func(t time.Time) time.Time { return t.AddDate(0, 1, 0) }},
	{"2006", func(t time.Time) time.Time { return t.AddDate(1, 0, 0) }},
}

// period is the time from and the time before which text means; ok is false where it is
// no time.
func period(text string) (from, below time.Time, ok bool) {
	for _, p := range periods {
		if t, err := time.Parse(p.layout, text); err == nil {
			return t, p.end(t), t.Year() > 0
		}
	}
	return from, below, false
}

func timeSpan(l literal) (from, below any, why string) {
	if !l.span {
		l.upto = l.text
	}
	if l.text != "*" {
		first, after, ok := period(l.text)
		if !ok {
			return nil, nil, strconv.Quote(l.text) + " is no time; write 2006-01-02 or 2006-01-02T15:04:05Z"
		}
		if from = first; l.without[0] {
			from = after
		}
	}
	if l.upto != "*" {
		first, after, ok := period(l.upto)
		if !ok {
			return nil, nil, strconv.Quote(l.upto) + " is no time; write 2006-01-02 or 2006-01-02T15:04:05Z"
		}
		if below = after; l.without[1] {
			below = first
		}
	}
	return from, below, ""
}

func numberSpan(l literal) (from, below any, why string) {
	if !l.span {
		l.upto = l.text
	}
	ends := [2]any{}
	for i, text := range []string{l.text, l.upto} {
		if text == "*" {
			continue
		}
		n, err := strconv.ParseInt(text, 10, 53)
		if err != nil {
			return nil, nil, strconv.Quote(text) + " is no whole number"
		}
		if (i == 0) == l.without[i] { // storage has the first end and leaves the last one out
			n++
		}
		ends[i] = n
	}
	return ends[0], ends[1], ""
}
