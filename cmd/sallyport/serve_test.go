package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sallyport-id/sallyport/storage/storagetest"
)

// freePort is an address of this machine that nobody listens on. It is below the ports
// that connections are made from, so that none of those takes it while the process that
// listens there is started anew.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(15_000+rand.IntN(15_000)))
		if l, err := net.Listen("tcp", address); err == nil {
			_ = l.Close()
			return address
		}
	}
	t.Fatal("no port is free")
	return ""
}

// A served provider is `sallyport serve` with a configuration of its own.
type served struct {
	*process
	issuer, metrics, config string
}

func startServe(t *testing.T, dsn string, environ []string) *served {
	t.Helper()
	dir := t.TempDir()
	address, metrics := freePort(t), freePort(t)
	s := &served{issuer: "http://" + address + "/", metrics: "http://" + metrics + "/metrics", config: filepath.Join(dir, "sallyport.yaml")}
	text := fmt.Sprintf("issuer: %s\nlisten: %s\nmetrics: {listen: %q}\ndatabase: {dsn: %q}\nseal: {keyset_file: keyset}\nshutdown: {delay: 1s}\n", s.issuer, address, metrics, dsn)
	if err := os.WriteFile(s.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, status := runVerb(t, "keys", "generate", "--out", filepath.Join(dir, "keyset")); status != 0 {
		t.Fatal(out)
	}
	if out, status := runVerb(t, "migrate", "--config", s.config); status != 0 {
		t.Fatal(out)
	}
	s.process = launch(t, environ, "serve", "--config", s.config)
	s.await("/readyz", func() bool { return status(s.issuer+"readyz") == http.StatusOK })
	return s
}

// status is what address answers, 0 for nothing.
func status(address string) int {
	res, err := http.Get(address) //nolint:noctx // ends with the process
	if err != nil {
		return 0
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// Probes, numbers, traces, and an end that cuts nobody off.
func TestServe(t *testing.T) {
	for _, engine := range storagetest.Engines {
		t.Run(engine, func(t *testing.T) {
			var traced atomic.Bool
			collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				if r.URL.Path == "/v1/traces" && strings.Contains(string(b), "openid-configuration") {
					traced.Store(true)
				}
			}))
			defer collector.Close()
			dsn := storagetest.DSN(t, strings.Replace(engine, "sqlite", "sqlite-file", 1))
			s := startServe(t, dsn, []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + collector.URL, "OTEL_BSP_SCHEDULE_DELAY=100"})
			for path, want := range map[string]int{"healthz": 200, ".well-known/openid-configuration": 200, "nothing": 404} {
				if got := status(s.issuer + path); got != want {
					t.Errorf("/%s: %d, want %d", path, got, want)
				}
			}
			res, err := http.Get(s.metrics) //nolint:noctx // ends with the process
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(res.Body)
			_ = res.Body.Close()
			if err != nil || !strings.Contains(string(b), "openid-configuration") || !strings.Contains(string(b), "go_goroutines") {
				t.Errorf("metrics: %v %.300s", err, b)
			}
			s.await("a trace", traced.Load)
			if !strings.Contains(s.output.String(), `"route":"GET /.well-known/openid-configuration"`) {
				t.Errorf("no structured line of the request:\n%s", s.output)
			}
			done := make(chan struct{})
			go func() { defer close(done); s.stop() }()
			s.awaitFor(5*time.Second, "a red /readyz", func() bool { return status(s.issuer+"readyz") == http.StatusServiceUnavailable })
			if got := status(s.issuer + ".well-known/openid-configuration"); got != http.StatusOK {
				t.Errorf("while it stops: %d", got)
			}
			<-done
		})
	}
}

// awaitFor polls until ok, whether or not the process lives.
func (p *process) awaitFor(d time.Duration, what string, ok func() bool) {
	p.t.Helper()
	for deadline := time.Now().Add(d); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.t.Fatalf("no %s within %s:\n%s", what, d, p.output)
		}
	}
}

// On PostgreSQL an operator decides when tables change.
func TestServeWaitsForMigration(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "sallyport.yaml")
	text := fmt.Sprintf("issuer: http://127.0.0.1:1/\ndatabase: {dsn: %q}\nseal: {keyset_file: keyset}\n", storagetest.DSN(t, "postgres"))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, status := runVerb(t, "keys", "generate", "--out", filepath.Join(dir, "keyset")); status != 0 {
		t.Fatal(out)
	}
	if out, status := runVerb(t, "serve", "--config", config); status != statusMisused || !strings.Contains(out, "sallyport migrate") {
		t.Errorf("status %d: %s", status, out)
	}
}

// A full disk is 503 with a page that says so, and nothing half done; with room again
// everything goes on.
func TestFullDisk(t *testing.T) {
	p := startDev(t)
	one := p.meet("grace")
	c := p.client("mfa")
	one.stop = callback
	request := p.ready.Issuer + "authorize?response_type=code&scope=openid&client_id=" + c.ClientID + "&redirect_uri=" + callback +
		"&code_challenge_method=S256&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	one.get(request)
	limit := func(bytes uint64) {
		if err := unix.Prlimit(p.cmd.Process.Pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: bytes, Max: unix.RLIM_INFINITY}, nil); err != nil {
			t.Fatal(err)
		}
	}
	limit(1)
	one.fill(map[string]string{"username": "grace", "password": one.user.Password}).submit("")
	if one.status != http.StatusServiceUnavailable || !strings.Contains(one.text(), "Nothing is lost") || one.header.Get("Retry-After") == "" {
		t.Errorf("full disk: %d %s", one.status, one.text())
	}
	limit(unix.RLIM_INFINITY)
	if answer := one.visit(request, callback); answer.Get("code") == "" {
		t.Errorf("with room again: %v", answer)
	}
}
