package themes

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"io"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/osteele/liquid/parser"
	"github.com/osteele/liquid/render"
	"github.com/osteele/liquid/tags"
)

// Templates in Liquid are an administrator's, and the values come from people. So every
// value is escaped where it is put out, whatever was done to it before. There are no loops
// and no files, and steps, values and output have bounds: then every template ends soon, in
// some ten milliseconds, without a clock that a busy machine would make run out.

// Bounds of a template, in bytes but for the steps, which are its tags and filters.
const (
	maxTemplate = 64 << 10
	maxFilled   = 256 << 10 // what comes out
	maxValue    = 16 << 10  // a value on its way
	maxSteps    = 2000
)

// Names of what is put into a template before it is parsed: the last filter of every value
// that is put out, and the block in place of capture, whose text is markup already.
const (
	lastInHTML = "_html"
	lastInLine = "_line"
	kept       = "_kept"
)

// sandbox is what templates may use.
var sandbox = newSandbox()

func newSandbox() render.Config {
	c := render.NewConfig()
	tags.AddStandardTags(c)
	c.AddTag("include", func(string) (func(io.Writer, render.Context) error, error) {
		return nil, errors.New("templates include no files")
	})
	c.AddBlock(kept).Renderer(func(_ io.Writer, ctx render.Context) error {
		text := bounded{max: maxValue}
		if err := ctx.RenderChildren(&text); err != nil {
			return err
		}
		if text.over {
			return errLong
		}
		ctx.Set(ctx.TagArgs(), markup{text.String()})
		return nil
	})
	for name, filter := range filters {
		c.AddFilter(name, filter)
	}
	c.AddFilter(lastInHTML, escaped)
	c.AddFilter(lastInLine, oneLine)
	return c
}

// markup is text in which everything of people is escaped.
type markup struct{ text string }

func (m markup) String() string { return m.text }

// escaped is a value as it stands in HTML.
func escaped(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case markup:
		return v.text
	}
	return html.EscapeString(fmt.Sprint(v))
}

// oneLine is a value as it stands in a header: without what could begin another.
func oneLine(v any) string {
	if v == nil {
		return ""
	}
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return ' '
		}
		return c
	}, fmt.Sprint(v))
}

// A TemplateFault is what is wrong with a template.
type TemplateFault struct {
	Part string // "subject" or "body"
	Why  string
}

func (f *TemplateFault) Error() string { return f.Part + ": " + f.Why }

// liquid is a template that was read.
type liquid struct{ root render.Node }

// readLiquid reads a template. Its error says the line and the reason.
func readLiquid(source, last string) (*liquid, error) {
	switch {
	case len(source) > maxTemplate:
		return nil, fmt.Errorf("it has %d KiB; at most %d are allowed", len(source)>>10, maxTemplate>>10)
	case !utf8.ValidString(source) || strings.ContainsFunc(source, func(c rune) bool { return unicode.IsControl(c) && !strings.ContainsRune("\n\r\t", c) }):
		return nil, errors.New("it has characters that no text may have; leave them out")
	}
	source, err := guarded(source, last)
	if err != nil {
		return nil, err
	}
	t := &liquid{}
	err = caught(func() error {
		root, fault := sandbox.Compile(source, parser.SourceLoc{LineNo: 1})
		if fault != nil {
			return fault
		}
		t.root = root
		return nil
	})
	return t, plainly(err)
}

// fill puts values in. The map is written to.
func (t *liquid) fill(values map[string]any) (string, error) {
	text := bounded{max: maxFilled}
	err := caught(func() error {
		if fault := render.Render(t.root, &text, values, sandbox); fault != nil {
			return fault
		}
		return nil
	})
	if err == nil && text.over {
		err = fmt.Errorf("more than %d KiB come out of it", maxFilled>>10)
	}
	return text.String(), plainly(err)
}

// caught is do's error or panic: the library panics at some templates.
func caught(do func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			why, _, _ := strings.Cut(fmt.Sprint(r), "\n")
			err = errors.New(why)
		}
	}()
	return do()
}

var noGuards = strings.NewReplacer("Liquid error ", "", " | "+lastInHTML, "", " | "+lastInLine, "", "end"+kept, "endcapture", kept, "capture")

// plainly is err without what guarded has put in, and not all of what it quotes.
func plainly(err error) error {
	if err == nil {
		return nil
	}
	why := []rune(noGuards.Replace(err.Error()))
	return errors.New(string(why[:min(len(why), 300)]))
}

// bounded is a text of at most max bytes. It drops what is more and says so only at the
// end, as the library panics where it cannot write.
type bounded struct {
	bytes.Buffer
	max  int
	over bool
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.over = b.over || b.Len()+len(p) > b.max; !b.over {
		b.Buffer.Write(p)
	}
	return len(p), nil
}

var (
	quoted = regexp.MustCompile(`"[^"]*"|'[^']*'`)
	piped  = regexp.MustCompile(`\|\s*([\w-]*)`)
	noLoop = []string{"for", "tablerow", "cycle", "break", "continue"}
)

// guarded is source with last as the last filter of every value that it puts out. It
// refuses loops, filters that are not there, and names that are ours.
func guarded(source, last string) (string, error) {
	var out strings.Builder
	asleep, steps := "", 0 // the tag that ends a part which is not read
	for _, t := range parser.Scan(source, parser.SourceLoc{LineNo: 1}, nil) {
		if asleep != "" {
			if t.Name == asleep {
				asleep = ""
			}
			out.WriteString(t.Source)
			continue
		}
		if steps += strings.Count(t.Args, "|"); t.Type != parser.TextTokenType {
			steps++
		}
		if steps > maxSteps {
			return "", fmt.Errorf("it has more than %d tags and filters", maxSteps)
		}
		text, err := guard(t, last)
		if err != nil {
			return "", fmt.Errorf("line %d: %w", t.SourceLoc.LineNo, err)
		}
		if t.Name == "raw" || t.Name == "comment" {
			asleep = "end" + t.Name
		}
		out.WriteString(text)
	}
	return out.String(), nil
}

// guard is the text of one tag, value or text.
func guard(t parser.Token, last string) (string, error) {
	if t.Type != parser.TagTokenType && t.Type != parser.ObjTokenType {
		return t.Source, nil
	}
	for _, found := range piped.FindAllStringSubmatch(quoted.ReplaceAllString(t.Args, `""`), -1) {
		if filters[found[1]] == nil {
			return "", fmt.Errorf("there is no filter %q; there are %s", found[1], strings.Join(filterNames(), ", "))
		}
	}
	switch {
	case t.Type == parser.ObjTokenType:
		// Lines are kept, so that errors further down name the right one.
		lines := strings.Repeat("\n", strings.Count(t.Source, "\n")-strings.Count(t.Args, "\n"))
		end := strings.HasSuffix(t.Source, "-}}")
		return t.Source[:2] + dash(t.Source[2] == '-') + lines + " " + t.Args + " | " + last + " " + dash(end) + "}}", nil
	case t.Name == "capture":
		if !variable.MatchString(t.Args) {
			return "", errors.New("capture takes the name of a variable")
		}
		return strings.Replace(t.Source, "capture", kept, 1), nil
	case t.Name == "endcapture":
		return strings.Replace(t.Source, "capture", kept, 1), nil
	case strings.HasSuffix(t.Name, kept):
		return "", fmt.Errorf("there is no tag %q", t.Name)
	}
	for _, loop := range noLoop {
		if t.Name == loop || t.Name == "end"+loop {
			return "", fmt.Errorf("%s: there are no loops here", t.Name)
		}
	}
	return t.Source, nil
}

var variable = regexp.MustCompile(`^[a-zA-Z_][\w-]*$`)

func dash(there bool) string {
	if there {
		return "-"
	}
	return ""
}
