package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
	"github.com/rogpeppe/go-internal/testscript"
)

// asBinary makes the test binary behave as the product. So the product is built once
// a test run, and with the race detector where the tests are.
const asBinary = "SALLYPORT_TEST_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asBinary) == "1" || len(os.Args) == 2 && os.Args[1] == workerVerb { // a worker has no environment
		_ = os.Unsetenv(asBinary) // it is no setting
		main()
		return
	}
	testscript.Main(m, map[string]func(){"sallyport": main})
}

// A process is the product, running.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	ready  readiness
	data   string
	output *lockedBuffer
	done   chan error
	once   sync.Once
}

// startDev runs `sallyport dev` on a new data directory and waits for its ready file.
// It is stopped, and has to stop well, when the test ends.
func startDev(t *testing.T, args ...string) *process {
	t.Helper()
	return startDevIn(t, t.TempDir(), args...)
}

// startDevIn is startDev on a directory that outlives the process.
func startDevIn(t *testing.T, data string, args ...string) *process {
	t.Helper()
	ready := filepath.Join(t.TempDir(), "ready.json")
	p := launch(t, nil, append([]string{"dev", "--listen", "127.0.0.1:0", "--data", data, "--ready-file", ready}, args...)...)
	p.data = data
	p.await("its ready file", func() bool {
		b, err := os.ReadFile(ready)
		return err == nil && json.Unmarshal(b, &p.ready) == nil
	})
	return p
}

// launch runs the product with args, and environ beside a clean environment.
func launch(t *testing.T, environ []string, args ...string) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, output: &lockedBuffer{}, done: make(chan error, 1)}
	p.cmd = exec.Command(self, args...)
	p.cmd.Env = append([]string{asBinary + "=1", "PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}, environ...)
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.done <- p.cmd.Wait() }()
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			t.Logf("output of %v:\n%s", args, p.output)
		}
	})
	return p
}

// await polls until ok, and fails the test where the process ends before.
func (p *process) await(what string, ok func() bool) {
	p.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !ok() {
		select {
		case err := <-p.done:
			p.done <- err
			p.t.Fatalf("ended (%v) before %s:\n%s", err, what, p.output)
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("no %s within 30 s:\n%s", what, p.output)
		}
	}
}

// stop ends the process as an operator would and returns how long that took. It has
// to end by itself with status 0.
func (p *process) stop() (took time.Duration) {
	p.t.Helper()
	p.once.Do(func() {
		begin := time.Now()
		_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have been killed by the test
		select {
		case err := <-p.done:
			var exit *exec.ExitError
			if err != nil && !(errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signaled()) {
				p.t.Errorf("stopped with %v:\n%s", err, p.output)
			}
		case <-time.After(20 * time.Second):
			_ = p.cmd.Process.Kill() // the test fails anyway
			p.t.Errorf("did not stop within 20 s of SIGTERM:\n%s", p.output)
		}
		took = time.Since(begin)
	})
	return took
}

// kill ends the process as a power cut would.
func (p *process) kill() {
	p.t.Helper()
	p.once.Do(func() {
		if err := p.cmd.Process.Kill(); err != nil {
			p.t.Fatal(err)
		}
		if err := <-p.done; err == nil {
			p.t.Error("killed, and yet it ended well")
		}
	})
}

// client is the demo client called name.
func (p *process) client(name string) readyClient {
	p.t.Helper()
	for _, c := range p.ready.Clients {
		if c.Name == name {
			return c
		}
	}
	p.t.Fatalf("no client %q in %+v", name, p.ready.Clients)
	return readyClient{}
}

// run runs a verb on the process's data and returns what it printed.
func (p *process) run(args ...string) string {
	p.t.Helper()
	out, status := runVerb(p.t, append(args, "--config", filepath.Join(p.data, "sallyport.yaml"))...)
	if status != 0 {
		p.t.Fatalf("sallyport %s: status %d:\n%s", strings.Join(args, " "), status, out)
	}
	return out
}

// runVerb runs one verb inside the test and returns its output and exit status.
func runVerb(t *testing.T, args ...string) (string, int) {
	t.Helper()
	var out lockedBuffer
	c := &cli{in: strings.NewReader(""), out: &out, err: &out}
	return out.after(func() int { return c.run(context.Background(), args) })
}

// get reads address as a program would.
func get(t *testing.T, address string, into any) *http.Response {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if into != nil {
		if err := json.Unmarshal(b, into); err != nil {
			t.Fatalf("%s: %v in %s", address, err, b)
		}
	}
	return res
}

// totpCode is the code that an authenticator app shows for secret at at.
func totpCode(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	code, err := totp.GenerateCodeCustom(secret, at, totp.ValidateOpts{Period: 30, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	if err != nil {
		t.Fatal(err)
	}
	return code
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

func (l *lockedBuffer) after(do func() int) (string, int) {
	status := do()
	return l.String(), status
}
