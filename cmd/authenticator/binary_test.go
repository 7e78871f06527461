package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// asBinary makes the test binary behave as the program.
const asBinary = "AUTHENTICATOR_TEST_MAIN"

// buildDir is where the provider is built to, once a test run.
var buildDir string

func TestMain(m *testing.M) {
	if os.Getenv(asBinary) == "1" {
		main()
		return
	}
	os.Exit(test(m))
}

func test(m *testing.M) int {
	var err error
	if buildDir, err = os.MkdirTemp("", "authenticator-test-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(buildDir) }()
	return m.Run()
}

var sallyport = sync.OnceValues(func() (string, error) {
	path := filepath.Join(buildDir, "sallyport")
	out, err := exec.Command("go", "build", "-o", path, "github.com/sallyport-id/sallyport/cmd/sallyport").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// A device is the program with its store.
type device struct {
	t     *testing.T
	store string
}

func newDevice(t *testing.T) *device {
	t.Helper()
	return &device{t, filepath.Join(t.TempDir(), "kept", "authenticator.json")}
}

// A result is how a run ended.
type result struct {
	out, err string
	status   int
}

func (d *device) command(args ...string) *exec.Cmd {
	d.t.Helper()
	self, err := os.Executable()
	if err != nil {
		d.t.Fatal(err)
	}
	cmd := exec.Command(self, append(args, "--store", d.store)...)
	cmd.Env = []string{asBinary + "=1", "PATH=" + os.Getenv("PATH"), "HOME=" + d.t.TempDir()}
	return cmd
}

// run runs the program to its end, with typed as its input.
func (d *device) run(typed string, args ...string) result {
	d.t.Helper()
	var out, errs bytes.Buffer
	cmd := d.command(args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(typed), &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		d.t.Fatal(err)
	}
	return result{out.String(), errs.String(), cmd.ProcessState.ExitCode()}
}

// does is run for what has to end with status and say words, on either channel.
func (d *device) does(status int, words string, args ...string) result {
	d.t.Helper()
	r := d.run("", args...)
	if r.status != status || !strings.Contains(r.out+r.err, words) {
		d.t.Errorf("%v: status %d, want %d with %q\n%s%s", args, r.status, status, words, r.out, r.err)
	}
	return r
}

// json reads what a run printed.
func (d *device) json(into any, args ...string) {
	d.t.Helper()
	r := d.run("", append(args, "--json")...)
	if err := json.Unmarshal([]byte(r.out), into); err != nil || r.status != 0 {
		d.t.Fatalf("%v: status %d, %v\n%s%s", args, r.status, err, r.out, r.err)
	}
}

// kept is what is in the store.
func (d *device) kept() []*account {
	d.t.Helper()
	all, err := store{d.store}.read()
	if err != nil {
		d.t.Fatal(err)
	}
	return all
}

// A process runs while the test goes on.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	input  io.WriteCloser
	output *lockedBuffer
	done   chan error
	seen   int
	once   sync.Once
}

func start(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, cmd: cmd, output: &lockedBuffer{}, done: make(chan error, 1)}
	var err error
	if p.input, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = p.output, p.output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.done <- cmd.Wait() }()
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			t.Logf("output of %v:\n%s", cmd.Args, p.output)
		}
	})
	return p
}

// says waits until words are printed after what was waited for before.
func (p *process) says(words string) {
	p.t.Helper()
	p.await(strconv.Quote(words), func() bool {
		text := p.output.String()[p.seen:]
		at := strings.Index(text, words)
		if at >= 0 {
			p.seen += at + len(words)
		}
		return at >= 0
	})
}

// types sends a line.
func (p *process) types(line string) {
	p.t.Helper()
	if _, err := io.WriteString(p.input, line+"\n"); err != nil {
		p.t.Fatal(err)
	}
}

func (p *process) await(what string, ok func() bool) {
	p.t.Helper()
	deadline := time.Now().Add(45 * time.Second)
	for !ok() {
		select {
		case err := <-p.done:
			p.done <- err
			if ok() {
				return
			}
			p.t.Fatalf("ended (%v) before %s:\n%s", err, what, p.output)
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("no %s within 45 s:\n%s", what, p.output)
		}
	}
}

// stop ends the process as a person would.
func (p *process) stop() {
	p.t.Helper()
	p.ends(func() { _ = p.cmd.Process.Signal(syscall.SIGTERM) }) // it may have failed by then
}

// ends waits, once, until the process ends well after why.
func (p *process) ends(why func()) {
	p.t.Helper()
	p.once.Do(func() {
		why()
		select {
		case err := <-p.done:
			if err != nil {
				p.t.Errorf("%v ended with %v", p.cmd.Args, err)
			}
		case <-time.After(20 * time.Second):
			_ = p.cmd.Process.Kill() // the test fails anyway
			p.t.Errorf("%v did not end within 20 s", p.cmd.Args)
		}
	})
}

// A site is `sallyport dev`, running.
type site struct {
	*process
	data, listen string
	ready        struct {
		Issuer  string `json:"issuer"`
		Clients []struct {
			Name   string `json:"name"`
			ID     string `json:"client_id"`
			Secret string `json:"client_secret"`
		} `json:"clients"`
		Users []struct {
			Username string `json:"username"`
			Password string `json:"password"`
		} `json:"users"`
	}
}

// startSite runs the demo on a new data directory. It listens below the ports that
// connections are made from, so that it can be started anew on the same one.
func startSite(t *testing.T) *site {
	t.Helper()
	s := &site{data: t.TempDir()}
	for s.listen == "" {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(15_000+rand.IntN(15_000)))
		if l, err := net.Listen("tcp", address); err == nil {
			_ = l.Close()
			s.listen = address
		}
	}
	s.start(t)
	return s
}

func (s *site) start(t *testing.T) {
	t.Helper()
	binary, err := sallyport()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ready.json")
	s.process = start(t, exec.Command(binary, "dev", "--listen", s.listen, "--data", s.data, "--ready-file", file))
	s.await("its ready file", func() bool {
		b, err := os.ReadFile(file)
		return err == nil && json.Unmarshal(b, &s.ready) == nil
	})
}

// lockedBuffer collects output that arrives while the test reads it.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
