package rules

import (
	"bufio"
	"crypto/sha256"
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
		Sums      []byte // of the job's scripts, one behind the other; those that the worker has come without source
		Whole     bool   // all come with it
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

// A text is what a script's sum is of.
type text struct{ kind, name, source string }

// A line is the parent's end of the pipes.
type line struct {
	encoder *gob.Encoder
	buffer  *bufio.Writer
	scanner *bufio.Scanner
	has     map[text][sha256.Size]byte // the scripts that the worker was given, and their sums
}

func newLine(in io.Writer, out io.Reader) *line {
	buffer := bufio.NewWriterSize(in, 32<<10)
	scanner := bufio.NewScanner(out)
	scanner.Buffer(make([]byte, 4<<10), maxMessage)
	return &line{gob.NewEncoder(buffer), buffer, scanner, map[text][sha256.Size]byte{}}
}

// job sends j, in which it leaves out what j's kinds of scripts do not see.
func (l *line) job(j Job, whole bool) error {
	m := toWorker{Job: j, Sums: make([]byte, 0, sha256.Size*len(j.Scripts)), Whole: whole}
	m.Job.Scripts = make([]Script, len(j.Scripts))
	seen := map[string]bool{}
	for i, s := range j.Scripts {
		sum, has := l.has[text{s.Kind, s.Name, s.Source}]
		if !has {
			sum = s.sum()
		}
		m.Sums = append(m.Sums, sum[:]...)
		seen[s.Kind] = true
		if has && !whole {
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
	for i, s := range j.Scripts {
		l.has[text{s.Kind, s.Name, s.Source}] = [sha256.Size]byte(m.Sums[i*sha256.Size:])
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
