package rules

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/dop251/goja"
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/parser"
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

	known [32]byte // sum, where the parent sent it
}

// A Fault is what went wrong in a script, and where.
type Fault struct {
	Script string `json:"script"`
	Line   int    `json:"line,omitempty"` // 0: unknown
	Why    string `json:"why"`            // a sentence for administrators
	// Steps are those that ran, this one last, for the execution log. There are none of a
	// worker that had to be killed.
	Steps []Step `json:"steps,omitempty"`
}

func (f *Fault) Error() string {
	if f.Line > 0 {
		return fmt.Sprintf("%s, line %d: %s", f.Script, f.Line, f.Why)
	}
	return f.Script + ": " + f.Why
}

// Check compiles s, to be called before it is stored. It runs nothing of it.
//
// Errors: *Fault.
func Check(s Script) error {
	if _, err := s.compile(); err != nil {
		return err
	}
	if s.Kind == Action && !strings.Contains(s.Source, "onExecutePostLogin") {
		return &Fault{Script: s.Name, Why: "an action has exports.onExecutePostLogin = async (event, api) => { … }"}
	}
	return nil
}

// A program is a compiled script. It is a function: nothing of the script runs before
// the prelude calls it.
type program struct {
	code  *goja.Program
	wants []string // programs of ours that it may need
}

// Globals are made for those scripts whose text names them: each would cost every login
// some of its time.
var named = map[string]*regexp.Regexp{
	"console":      regexp.MustCompile(`\bconsole\b`),
	"modules":      regexp.MustCompile(`\brequire\b`),
	"unauthorized": regexp.MustCompile(`\bUnauthorizedError\b`),
	"legacy":       regexp.MustCompile(`\bauth0\b|(^|[^.\w$])request\s*(\?\.|[.()\[,;]|\n|$)`),
	"crypto":       regexp.MustCompile(`\b(crypto|Buffer)\b`),
	"addresses":    regexp.MustCompile(`\brangeCheck\b`),
	"zones":        regexp.MustCompile(`toLocale`),
}

// ofRules are those that actions do not have.
var ofRules = []string{"unauthorized", "legacy"}

func wants(s Script) (all []string) {
	for _, name := range slices.Sorted(maps.Keys(named)) {
		if named[name].MatchString(s.Source) && (s.Kind == Rule || !slices.Contains(ofRules, name)) {
			all = append(all, name)
		}
	}
	return all
}

// afterwards is a semicolon behind a rule's function, and comments behind that.
var afterwards = regexp.MustCompile(`;+\s*((//[^\n]*(\n|$)|/\*([^*]|\*+[^*/])*\*+/)\s*)*$`)

// text wraps the source so that its lines stay what they are; "" for no kind.
func (s Script) text() string {
	switch s.Kind {
	case Rule:
		return "(function(){return (" + afterwards.ReplaceAllString(strings.TrimRight(s.Source, " \t\r\n"), "") + "\n)})"
	case Action:
		return "(function(exports,require,module){" + s.Source + "\n})"
	}
	return ""
}

func (s Script) compile() (*program, error) {
	key := s.known
	if key == [32]byte{} {
		key = s.sum()
	}
	if p := programs.get(key); p != nil {
		return p, nil
	}
	if len(s.Source) > maxSource {
		return nil, &Fault{Script: s.Name, Why: fmt.Sprintf("it has %d bytes; at most %d are allowed", len(s.Source), maxSource)}
	}
	text := s.text()
	if text == "" {
		return nil, s.kindFault()
	}
	parsed, err := goja.Parse(s.Name, text, parser.WithDisableSourceMaps) // the parser would read the file that a comment names
	if err != nil {
		return nil, s.broken(err)
	}
	if !s.whole(parsed) {
		return nil, &Fault{Script: s.Name, Why: map[string]string{
			Rule:   "a rule is one function (user, context, callback) { … } and nothing beside it",
			Action: "it closes a bracket that it did not open",
		}[s.Kind]}
	}
	code, err := goja.CompileAST(parsed, false)
	if err != nil {
		return nil, s.broken(err)
	}
	p := &program{code, wants(s)}
	programs.put(key, p)
	return p, nil
}

// whole says whether all of the source is inside its wrapper, and a rule's one function.
func (s Script) whole(p *ast.Program) bool {
	if len(p.Body) != 1 {
		return false
	}
	statement, _ := p.Body[0].(*ast.ExpressionStatement)
	if statement == nil {
		return false
	}
	wrapper, _ := statement.Expression.(*ast.FunctionLiteral)
	if wrapper == nil || s.Kind == Action {
		return wrapper != nil
	}
	if len(wrapper.Body.List) != 1 {
		return false
	}
	given, _ := wrapper.Body.List[0].(*ast.ReturnStatement)
	if given == nil {
		return false
	}
	switch given.Argument.(type) {
	case *ast.FunctionLiteral, *ast.ArrowFunctionLiteral:
		return true
	}
	return false
}

func (s Script) kindFault() *Fault {
	return &Fault{Script: s.Name, Why: fmt.Sprintf("%q is no kind of script; use rule or action", s.Kind)}
}

// sum names what compile makes of s.
func (s Script) sum() [32]byte {
	return sha256.Sum256([]byte(s.Kind + "\x00" + s.Name + "\x00" + s.Source))
}

// syntax is how the compiler says where: "name: Line 3:7 what" or "what at name:3:7".
var syntax = regexp.MustCompile(`(?s)^(?:.*?: Line (\d+):\d+ (.*)|(.*) at .*:(\d+):\d+)$`)

// broken says why s does not compile.
func (s Script) broken(err error) *Fault {
	f := &Fault{Script: s.Name, Why: "SyntaxError: " + clip(strings.TrimPrefix(err.Error(), "SyntaxError: "), 500)}
	if m := syntax.FindStringSubmatch(strings.TrimPrefix(err.Error(), "SyntaxError: ")); m != nil {
		n, _ := strconv.Atoi(m[1] + m[4])
		f.Line = min(n, strings.Count(s.Source, "\n")+1) // what we put behind it is none of its lines
		f.Why = "SyntaxError: " + clip(m[2]+m[3], 500)
	}
	return f
}

// fault says what ended s. What a script throws comes by fail, as Go may not look at a
// value that answers by running the script.
func (s Script) fault(err error) *Fault {
	f := &Fault{Script: s.Name}
	var stopped *goja.InterruptedError
	var overflow *goja.StackOverflowError
	switch {
	case errors.As(err, &stopped):
		f.Why, f.Line = fmt.Sprint(stopped.Value()), s.line(stopped.String())
	case errors.As(err, &overflow):
		f.Why, f.Line = fmt.Sprintf("it calls more than %d functions deep", maxStack), s.line(overflow.String())
	default:
		f.Why = "it broke what it runs in"
	}
	return f
}

// line is where a stack meets the script first, 0 for nowhere. Its lines are
// "at function (name:line:column(pc))"; what is thrown may have a message that looks so.
func (s Script) line(stack string) int {
	for l := range strings.Lines(stack) {
		l, ok := strings.CutPrefix(strings.TrimSpace(l), "at ")
		if !ok {
			continue
		}
		at, ok := strings.CutPrefix(l, s.Name+":")
		if _, inside, called := strings.Cut(l, " ("); !ok && called {
			at, ok = strings.CutPrefix(inside, s.Name+":")
		}
		if digits, _, _ := strings.Cut(at, ":"); ok {
			if n, err := strconv.Atoi(digits); err == nil {
				return n
			}
		}
	}
	return 0
}

// clip cuts at most characters.
func clip(text string, most int) string {
	text = text[:min(len(text), 4*(most+1))] // bytes of as many
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}
