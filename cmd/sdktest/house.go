package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// A house is a running Sallyport with everything around it.
type house struct {
	options
	dir    string
	binary string
	config string
	cert   *certificate
	desk   *desk
	world  world
	cmd    *exec.Cmd
	log    bytes.Buffer
}

// openHouse builds and starts everything. Close it.
func openHouse(ctx context.Context, o options, dir string) (*house, error) {
	h := &house{options: o, dir: dir, binary: filepath.Join(o.cache, "sallyport"), config: filepath.Join(dir, "sallyport.yaml")}
	build := exec.CommandContext(ctx, "go", "build", "-o", h.binary, "./cmd/sallyport")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return nil, fmt.Errorf("build the product: %w", err)
	}
	var err error
	if h.cert, err = newCertificate(dir); err != nil {
		return nil, err
	}
	if h.desk, err = openDesk(h.cert); err != nil {
		return nil, err
	}
	if err := errors.Join(h.configure(), h.fill(ctx)); err != nil {
		return nil, errors.Join(err, h.desk.close())
	}
	if err := h.start(ctx); err != nil {
		return nil, errors.Join(err, h.close())
	}
	return h, nil
}

// freePort is a port that nobody listens on now.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, errors.Join(err, l.Close())
}

func (h *house) configure() error {
	port, err := freePort()
	if err != nil {
		return err
	}
	h.world = world{Domain: "localhost:" + port, Issuer: "https://localhost:" + port + "/", CA: h.cert.cert, Key: h.cert.key, Desk: h.desk.address}
	text := fmt.Sprintf(`issuer: %s
listen: "localhost:%s"
tls: {cert: %q, key: %q}
database: {dsn: %q}
seal: {keyset_file: %q}
shutdown: {delay: 0s}
mail: {host: 127.0.0.1, port: %d, tls: none, from: "Sallyport <no-reply@sdktest.example>"}
factors:
  sms: {sender: twilio, twilio: {account_sid: %s, auth_token: %s, from: "+15005550006", base_url: %q}}
`, h.world.Issuer, port, h.cert.cert, h.cert.key, "sqlite:"+filepath.Join(h.dir, "sallyport.db"), filepath.Join(h.dir, "keyset"),
		h.desk.mailPort, twilioAccount, twilioToken, strings.TrimSuffix(h.desk.address, "/"))
	return os.WriteFile(h.config, []byte(text), 0o600)
}

// verb runs one command of the product.
func (h *house) verb(ctx context.Context, into any, args ...string) error {
	cmd := exec.CommandContext(ctx, h.binary, append(args, "--json", "--config", h.config)...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("sallyport %s: %w: %s%s", strings.Join(args, " "), err, out, said.String())
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(out, into)
}

func (h *house) start(ctx context.Context) error {
	h.cmd = exec.Command(h.binary, "serve", "--config", h.config)
	h.cmd.Stdout, h.cmd.Stderr = &h.log, &h.log
	if h.verbose {
		h.cmd.Stderr = io.MultiWriter(&h.log, os.Stderr)
	}
	if err := h.cmd.Start(); err != nil {
		h.cmd = nil
		return err
	}
	for range 400 {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.world.Issuer+"readyz", http.NoBody)
		if err != nil {
			return err
		}
		if res, err := h.desk.http.Do(req); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		time.Sleep(25 * time.Millisecond)
	}
	return errors.New("the product does not answer")
}

// close stops what runs, and tells what the product said where it did not stop well.
func (h *house) close() error {
	err := h.desk.close()
	if h.cmd == nil {
		return err
	}
	stopped := errors.Join(h.cmd.Process.Signal(os.Interrupt), h.cmd.Wait())
	if stopped != nil {
		stopped = fmt.Errorf("the product: %w:\n%s", stopped, h.log.String())
	}
	return errors.Join(err, stopped)
}
