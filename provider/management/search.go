package management

import (
	"fmt"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sallyport-id/sallyport/storage"
)

// A query language for lists: the part of Lucene's that Auth0's users write. Fields with
// values, quotes, wildcards, ranges, AND, OR, NOT and parentheses; what else Lucene has is
// refused with its place, because a search that means something else is worse than none.

const (
	searchTerms = 250 // in one query
	searchDepth = 20  // of parentheses
)

// A literal is what a field is compared with.
type literal struct {
	text    string
	quoted  bool // no character in it means anything
	wild    bool // * and ? in it stand for others
	exists  bool
	span    bool // from text to upto; "*" is an open end
	upto    string
	without [2]bool // the ends are outside of the span
}

// A vocabulary says what a field, "" for none, that is compared with a literal means; or
// why it means nothing, with the mend.
type vocabulary func(field string, l literal) (storage.Condition, string)

// A misread is where and why a query is none.
type misread struct {
	at  int // bytes before it
	why string
}

func (m *misread) Error() string { return fmt.Sprintf("character %d: %s", m.at+1, m.why) }

// parseSearch reads a query. Its error is a 400 that names the place.
func parseSearch(q string, v vocabulary) (*storage.Condition, error) {
	if strings.TrimSpace(q) == "" {
		return nil, nil
	}
	p := &searcher{q: q, means: v}
	c, err := storage.Condition{}, error(nil)
	if i := strings.IndexByte(q, 0); i >= 0 {
		err = p.fault(i, "a NUL character; leave it out")
	} else {
		c, err = p.either(0)
	}
	if err == nil && !p.done() {
		err = p.fault(p.at, "expected AND, OR or the end; write one of them between two terms")
	}
	if err != nil {
		return nil, refusal(http.StatusBadRequest, "invalid_query_string", "Query validation error: q: "+err.Error())
	}
	return &c, nil
}

type searcher struct {
	q     string
	at    int
	terms int
	means vocabulary
}

func (p *searcher) fault(at int, why string) *misread {
	return &misread{utf8.RuneCountInString(p.q[:at]), why}
}

// done skips space and reports whether nothing is left.
func (p *searcher) done() bool {
	p.at = len(p.q) - len(strings.TrimLeftFunc(p.q[p.at:], unicode.IsSpace))
	return p.at == len(p.q)
}

// word takes one of words, which has to end there.
func (p *searcher) word(words ...string) bool {
	if p.done() {
		return false
	}
	for _, w := range words {
		rest, ok := strings.CutPrefix(p.q[p.at:], w)
		next, _ := utf8.DecodeRuneInString(rest)
		if ok && (rest == "" || unicode.IsSpace(next) || next == '(' || !unicode.IsLetter(rune(w[0]))) {
			p.at += len(w)
			return true
		}
	}
	return false
}

func (p *searcher) either(depth int) (storage.Condition, error) {
	return p.several(func() (storage.Condition, error) { return p.both(depth) }, func(c []storage.Condition) storage.Condition { return storage.Condition{Any: c} }, "OR", "||")
}

func (p *searcher) both(depth int) (storage.Condition, error) {
	return p.several(func() (storage.Condition, error) { return p.term(depth) }, func(c []storage.Condition) storage.Condition { return storage.Condition{All: c} }, "AND", "&&")
}

func (p *searcher) several(one func() (storage.Condition, error), join func([]storage.Condition) storage.Condition, words ...string) (storage.Condition, error) {
	var parts []storage.Condition
	for {
		c, err := one()
		if err != nil {
			return c, err
		}
		parts = append(parts, c)
		if !p.word(words...) {
			break
		}
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	return join(parts), nil
}

// term is a term with NOT before it, or a query in parentheses.
func (p *searcher) term(depth int) (storage.Condition, error) {
	switch {
	case depth > searchDepth:
		return storage.Condition{}, p.fault(p.at, fmt.Sprintf("nested too deeply; use at most %d parentheses", searchDepth))
	case p.done():
		return storage.Condition{}, p.fault(p.at, "expected a term, found the end")
	case p.word("NOT", "-"):
		c, err := p.term(depth + 1)
		return storage.Condition{Not: &c}, err
	case p.q[p.at] == '(':
		open := p.at
		p.at++
		c, err := p.either(depth + 1)
		if err == nil && !p.word(")") {
			err = p.fault(open, "this parenthesis is not closed")
		}
		return c, err
	}
	return p.comparison()
}

// comparison is field:literal, _exists_:field, field:(literal OR literal), or a literal.
func (p *searcher) comparison() (storage.Condition, error) {
	begin := p.at
	field := p.field()
	switch {
	case field == "_exists_":
		l, err := p.literal()
		if err != nil {
			return storage.Condition{}, err
		}
		return p.compare(begin, l.text, literal{exists: true})
	case field != "" && strings.HasPrefix(p.q[p.at:], "("):
		open := p.at
		p.at++
		c, err := p.several(func() (storage.Condition, error) { return p.value(begin, field) },
			func(c []storage.Condition) storage.Condition { return storage.Condition{Any: c} }, "OR", "||")
		if err == nil && !p.word(")") {
			err = p.fault(open, "this parenthesis is not closed; only OR may stand between the values of a field")
		}
		return c, err
	}
	return p.value(begin, field)
}

// value is one literal, compared with field.
func (p *searcher) value(begin int, field string) (storage.Condition, error) {
	l, err := p.literal()
	if err != nil {
		return storage.Condition{}, err
	}
	return p.compare(begin, field, l)
}

func (p *searcher) compare(begin int, field string, l literal) (storage.Condition, error) {
	if p.terms++; p.terms > searchTerms {
		return storage.Condition{}, p.fault(begin, fmt.Sprintf("too long; use at most %d terms", searchTerms))
	}
	c, why := p.means(field, l)
	if why != "" {
		return storage.Condition{}, p.fault(begin, why)
	}
	return c, nil
}
