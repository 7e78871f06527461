package rules

import (
	"bufio"
	"encoding/gob"
	"encoding/json"
	"io"
)

// What goes over the pipes. The parent sends a job and answers to fetches; it does so by
// gob, which copies the job's documents where JSON would read through each four times. The
// worker fetches and ends with an outcome, a line of JSON each: the parent takes nothing
// but small JSON from a process that runs scripts.
type (
	toWorker struct {
		Answering bool
		Answer    string
		Job       Job
		Sums      [][32]byte // of the job's scripts; those that the worker has come without source
		Whole     bool       // all come with it
	}
	fromWorker struct {
		Fetch   *string  `json:"fetch,omitempty"`
		Verdict *Verdict `json:"verdict,omitempty"`
		Fault   *Fault   `json:"fault,omitempty"`
		Lacking bool     `json:"lacking,omitempty"` // a source; nothing has run
		Heap    uint64   `json:"heap,omitempty"`    // bytes that the worker holds now
	}
)

// maxMessage bounds one line of the worker's: a verdict, with the console of its scripts.
const maxMessage = 16 << 20

// A line is the parent's end of the pipes.
type line struct {
	encoder *gob.Encoder
	buffer  *bufio.Writer
	scanner *bufio.Scanner
	has     map[[32]byte]struct{} // the programs that the worker was given
}

func newLine(in io.Writer, out io.Reader) *line {
	buffer := bufio.NewWriterSize(in, 32<<10)
	scanner := bufio.NewScanner(out)
	scanner.Buffer(make([]byte, 4<<10), maxMessage)
	return &line{gob.NewEncoder(buffer), buffer, scanner, map[[32]byte]struct{}{}}
}

// job sends j, in which it leaves out what j's kinds of scripts do not see.
func (l *line) job(j Job, whole bool) error {
	m := toWorker{Job: j, Sums: make([][32]byte, len(j.Scripts)), Whole: whole}
	m.Job.Scripts = make([]Script, len(j.Scripts))
	seen := map[string]bool{}
	for i, s := range j.Scripts {
		m.Sums[i] = s.sum()
		seen[s.Kind] = true
		if _, has := l.has[m.Sums[i]]; has && !whole {
			s.Source = ""
		}
		m.Job.Scripts[i] = s
	}
	if !seen[Rule] {
		m.Job.User, m.Job.Context = nil, nil
	}
	if !seen[Action] {
		m.Job.Event = nil
	}
	if len(l.has) > maxPrograms {
		clear(l.has)
	}
	for _, sum := range m.Sums {
		l.has[sum] = struct{}{}
	}
	return l.send(m)
}

func (l *line) send(m toWorker) error {
	if err := l.encoder.Encode(m); err != nil {
		return err
	}
	return l.buffer.Flush()
}

func (l *line) receive() (m fromWorker, err error) {
	if !l.scanner.Scan() {
		if err = l.scanner.Err(); err == nil {
			err = io.EOF
		}
		return m, err
	}
	err = json.Unmarshal(l.scanner.Bytes(), &m)
	return m, err
}
