package rules

import (
	"container/list"
	"crypto/sha256"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/dop251/goja"
)

// The kinds of scripts.
const (
	Rule   = "rule"
	Action = "action"
)

// maxSource is Auth0's limit for an action.
const maxSource = 100 << 10

// A Script is one rule or action.
type Script struct {
	Name   string `json:"name"`
	Kind   string `json:"kind"` // Rule or Action
	Source string `json:"source"`
	// Secrets are event.secrets of an action; of rules, configuration.
	Secrets map[string]string `json:"secrets,omitempty"`
}

// A Fault is what went wrong in a script, and where.
type Fault struct {
	Script string `json:"script"`
	Line   int    `json:"line,omitempty"` // 0: unknown
	Why    string `json:"why"`            // a sentence for administrators
}

func (f *Fault) Error() string {
	if f.Line > 0 {
		return fmt.Sprintf("%s, line %d: %s", f.Script, f.Line, f.Why)
	}
	return f.Script + ": " + f.Why
}

// Check compiles s, to be called before it is stored.
//
// Errors: *Fault.
func Check(s Script) error {
	_, err := s.compile()
	return err
}

// compile wraps the source so that its lines stay what they are.
func (s Script) compile() (*goja.Program, error) {
	if len(s.Source) > maxSource {
		return nil, &Fault{s.Name, 0, fmt.Sprintf("it has %d bytes; at most %d are allowed", len(s.Source), maxSource)}
	}
	text := "(function(exports,require,module){" + s.Source + "\n})"
	if s.Kind == Rule {
		text = "(" + strings.TrimRight(strings.TrimSpace(s.Source), ";") + "\n)"
	} else if s.Kind != Action {
		return nil, &Fault{s.Name, 0, fmt.Sprintf("%q is no kind of script; use rule or action", s.Kind)}
	}
	if p := programs.get(s.Name, text); p != nil {
		return p, nil
	}
	p, err := goja.Compile(s.Name, text, false)
	if err != nil {
		return nil, s.fault(err)
	}
	programs.put(s.Name, text, p)
	return p, nil
}

// stackOf is where an error was made, which is not where it was thrown: rules hand theirs
// to a callback.
func stackOf(v goja.Value) string {
	o, ok := v.(*goja.Object)
	if !ok {
		return ""
	}
	stack := o.Get("stack")
	if stack == nil {
		return ""
	}
	return stack.String()
}

// Stacks say name:line:column, the compiler "Line line:column".
var position = regexp.MustCompile(`:(?: Line )?(\d+):\d+`)

// fault says err of s: a syntax error, a thrown value, a limit.
func (s Script) fault(err error) *Fault {
	f := &Fault{Script: s.Name, Why: err.Error()}
	var thrown *goja.Exception
	var stopped *goja.InterruptedError
	switch {
	case errors.As(err, &stopped):
		f.Why, f.Line = fmt.Sprint(stopped.Value()), s.line(stopped.String())
	case errors.As(err, &thrown):
		f.Why, f.Line = clip(thrown.Value().String(), 500), s.line(stackOf(thrown.Value())+"\n"+thrown.String())
	default:
		f.Line = s.line(err.Error())
		if _, why, ok := strings.Cut(f.Why, "SyntaxError: "); ok {
			f.Why = "SyntaxError: " + why
		}
	}
	return f
}

// line is where a stack meets the script first, 0 for nowhere.
func (s Script) line(stack string) int {
	at := strings.Index(stack, s.Name+":")
	if at < 0 {
		return 0
	}
	m := position.FindStringSubmatch(stack[at+len(s.Name):])
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(m[1])
	return n
}

func clip(text string, most int) string {
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}

// programs keeps what was compiled lately.
var programs = cache{most: 256, order: list.New(), all: map[[32]byte]*list.Element{}}

type cache struct {
	mu    sync.Mutex
	most  int
	order *list.List // of entries, the latest first
	all   map[[32]byte]*list.Element
}

type entry struct {
	key     [32]byte
	program *goja.Program
}

func (c *cache) get(name, text string) *goja.Program {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.all[sha256.Sum256([]byte(name+"\x00"+text))]
	if e == nil {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(entry).program //nolint:errcheck,forcetypeassert // nothing else is put in
}

func (c *cache) put(name, text string, p *goja.Program) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := sha256.Sum256([]byte(name + "\x00" + text))
	c.all[key] = c.order.PushFront(entry{key, p})
	for len(c.all) > c.most {
		last := c.order.Back()
		delete(c.all, c.order.Remove(last).(entry).key) //nolint:errcheck,forcetypeassert // as above
	}
}
