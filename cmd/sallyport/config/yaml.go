package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// JSON turns a text in YAML into JSON in which every key and value stands on the line
// that it had, so that whoever reads on can name it. A text that begins with { is JSON
// already and comes back as it is.
//
// Errors: Fault.
func JSON(name string, text []byte) ([]byte, error) {
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
		return text, nil
	}
	broken := func(err error) error {
		return Fault{name, strings.TrimPrefix(strings.Join(strings.Fields(err.Error()), " "), "yaml: "), "mend the YAML there"}
	}
	var document, more yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(text))
	switch err := d.Decode(&document); {
	case errors.Is(err, io.EOF):
		return nil, Fault{name, "is empty", "write at least one setting"}
	case err != nil:
		return nil, broken(err)
	}
	if err := d.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, Fault{name, "has several documents", "leave one"}
	}
	p := &printer{line: 1}
	if err := p.value(document.Content[0]); err != nil {
		return nil, broken(err)
	}
	return p.out.Bytes(), nil
}

// A printer writes YAML nodes as JSON, each on its line.
type printer struct {
	out  bytes.Buffer
	line int
}

// at goes down to the line of n.
func (p *printer) at(n *yaml.Node) {
	for ; p.line < n.Line; p.line++ {
		p.out.WriteByte('\n')
	}
}

func (p *printer) value(n *yaml.Node) error {
	p.at(n)
	switch n.Kind {
	case yaml.MappingNode:
		return p.list("{", "}", n.Content, 2)
	case yaml.SequenceNode:
		return p.list("[", "]", n.Content, 1)
	case yaml.ScalarNode:
		return p.scalar(n)
	}
	return fmt.Errorf("line %d: a reference stands here instead of a value", n.Line)
}

// list writes nodes, or pairs of them, between brackets.
func (p *printer) list(opens, closes string, nodes []*yaml.Node, each int) error {
	p.out.WriteString(opens)
	for i, n := range nodes {
		if i > 0 && i%each == 0 {
			p.out.WriteByte(',')
		} else if i%each == 1 {
			p.out.WriteByte(':')
		}
		write := p.value
		if each == 2 && i%2 == 0 {
			write = p.key
		}
		if err := write(n); err != nil {
			return err
		}
	}
	p.out.WriteString(closes)
	return nil
}

func (p *printer) key(n *yaml.Node) error {
	if n.Kind != yaml.ScalarNode {
		return fmt.Errorf("line %d: a key is no text", n.Line)
	}
	p.at(n)
	return p.json(n, n.Value)
}

// scalar writes what YAML takes for a number, a truth value or nothing as that, and all
// else as text.
func (p *printer) scalar(n *yaml.Node) error {
	var value any = n.Value
	switch n.ShortTag() {
	case "!!null", "!!bool", "!!int", "!!float":
		value = nil
		if err := n.Decode(&value); err != nil {
			return err
		}
	}
	return p.json(n, value)
}

func (p *printer) json(n *yaml.Node, value any) error {
	b, err := json.Marshal(value)
	if err != nil { // an infinite number
		return fmt.Errorf("line %d: %q cannot be kept", n.Line, n.Value)
	}
	p.out.Write(b)
	return nil
}
