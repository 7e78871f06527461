package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"
)

const (
	opaqueAPI = "https://opaque.bench.example/"
	jwtAPI    = "https://jwt.bench.example/"
	everybody = 2000 // people; each can use one code
	secretKey = "the password of the benchmark's people"
)

// build makes a command of this source.
func build(ctx context.Context, dir, path string) (string, error) {
	out := filepath.Join(dir, filepath.Base(path))
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", out, path) //nolint:gosec // our own source
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	return out, cmd.Run()
}

// A place is a database that the benchmark may fill.
type place struct {
	dsn  string
	path string // of the floor's table: a file, or the same server
	// cpu is what the database itself used, nothing where it is part of the process.
	cpu  func() (time.Duration, error)
	drop func()
}

func openPlace(ctx context.Context, o options, dir, database string) (*place, error) {
	switch database {
	case "sqlite":
		nothing := func() (time.Duration, error) { return 0, nil }
		return &place{dsn: "sqlite:" + filepath.Join(dir, "sallyport.db"), path: filepath.Join(dir, "floor.db"), cpu: nothing, drop: func() {}}, nil
	case "postgres":
		if o.postgres == "" {
			return nil, errors.New("--postgres is missing: name a server where databases may be made and dropped")
		}
		return openPostgres(ctx, o.postgres)
	}
	return nil, fmt.Errorf("--database: %q is unknown; use sqlite or postgres", database)
}

func openPostgres(ctx context.Context, dsn string) (*place, error) {
	admin, err := sql.Open("pgx", dsn)
	if err != nil {
		return nil, err
	}
	var backend int
	if err := admin.QueryRowContext(ctx, "select pg_backend_pid()").Scan(&backend); err != nil {
		return nil, err
	}
	postmaster, err := parentOf(backend)
	if err != nil {
		return nil, fmt.Errorf("the server has to run on this machine, so that its CPU time can be read: %w", err)
	}
	name := "bench_" + strings.ToLower(rand.Text()[:8])
	if _, err := admin.ExecContext(ctx, "create database "+name); err != nil {
		return nil, err
	}
	at, err := url.Parse(dsn)
	if err != nil {
		return nil, err
	}
	at.Path = "/" + name
	return &place{
		dsn: at.String(), path: at.String(), cpu: func() (time.Duration, error) { return cpuOf(postmaster) },
		drop: func() {
			_, err := admin.ExecContext(context.WithoutCancel(ctx), "drop database "+name+" with (force)")
			if err = errors.Join(err, admin.Close()); err != nil {
				fmt.Fprintln(os.Stderr, "bench:", err)
			}
		},
	}, nil
}

// A product is Sallyport, running with its default settings.
type product struct {
	binary, config string
	cmd            *exec.Cmd
	target         *target
}

// startProduct starts one. more are lines of its settings beside those it needs.
func startProduct(ctx context.Context, o options, dir string, at *place, more string) (*product, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	issuer := "http://localhost:" + port + "/" // there are no passkeys for an IP address
	p := &product{binary: o.binary, config: filepath.Join(dir, "sallyport.yaml")}
	text := fmt.Sprintf("issuer: %s\nlisten: %q\ndatabase:\n  dsn: %q\nseal:\n  keyset_file: %q\n", issuer, address, at.dsn, filepath.Join(dir, "keyset"))
	if err := os.WriteFile(p.config, []byte(text+more), 0o600); err != nil {
		return nil, err
	}
	p.target = &target{issuer: issuer, http: newHTTP(o.connections), opaque: opaqueAPI, jwt: jwtAPI}
	if err := p.fill(ctx, dir); err != nil {
		return nil, err
	}
	p.cmd = exec.CommandContext(ctx, p.binary, "serve", "--config", p.config) //nolint:gosec // the product
	p.cmd.Env = append(os.Environ(), "SALLYPORT_SHUTDOWN_DELAY=0s")
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	return p, p.await(ctx)
}

// verb runs one command of the product.
func (p *product) verb(ctx context.Context, into any, args ...string) error {
	out, _, err := p.run(ctx, args...)
	if err != nil || into == nil {
		return err
	}
	return json.Unmarshal(out, into)
}

// run runs one command of the product and returns what it printed and what it used, its
// children included.
func (p *product) run(ctx context.Context, args ...string) ([]byte, *os.ProcessState, error) {
	cmd := exec.CommandContext(ctx, p.binary, append(args, "--json", "--config", p.config)...) //nolint:gosec // the product
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", strings.Join(args, " "), err)
	}
	return out, cmd.ProcessState, nil
}

// fill makes the clients, APIs and people that the operations need.
func (p *product) fill(ctx context.Context, dir string) error {
	people := filepath.Join(dir, "people.jsonl")
	if err := p.writePeople(people); err != nil {
		return err
	}
	const platform = "webauthn-platform"
	signsIn := []string{"client", "create", "--redirect-uri", redirectURI, "--type", "native", "--grant", "authorization_code",
		"--grant", "refresh_token", "--pkce=false", "--first-party", "--id-token-alg", "ES256"}
	var err error
	for _, args := range [][]string{
		{"keys", "generate", "--out", filepath.Join(dir, "keyset")}, {"migrate"},
		{"api", "create", opaqueAPI, "--name", "opaque", "--format", "opaque", "--scope", "read=Read"},
		{"api", "create", jwtAPI, "--name", "jwt", "--scope", "read=Read"},
		{"user", "import", people}, {"factor", "enable", platform},
	} {
		err = errors.Join(err, p.verb(ctx, nil, args...))
	}
	for _, c := range []struct {
		into *credentials
		args []string
	}{
		{&p.target.machine, []string{"client", "create", "--name", "machine", "--grant", "client_credentials", "--audience", opaqueAPI + "=read", "--audience", jwtAPI + "=read"}},
		{&p.target.login, append(signsIn, "--factor", "otp", "--factor", "recovery-code", "--name", "never", "--policy", "never")}, // the default factors: no passkey is offered
		{&p.target.strong, append(signsIn, "--factor", "otp", "--factor", "recovery-code", "--name", "always", "--policy", "always")},
		{&p.target.keys, append(signsIn, "--factor", "otp", "--factor", platform, "--name", "keys", "--policy", "never")},
	} {
		var made struct {
			ID     string `json:"client_id"`
			Secret string `json:"client_secret"`
		}
		err = errors.Join(err, p.verb(ctx, &made, c.args...))
		*c.into = credentials{made.ID, made.Secret}
	}
	return err
}

// writePeople makes everybody with one password hash and a key each.
func (p *product) writePeople(path string) (err error) {
	salt := []byte("a salt of 16 byt")
	b64 := base64.RawStdEncoding
	hash := fmt.Sprintf("$argon2id$v=19$m=19456,t=2,p=1$%s$%s", b64.EncodeToString(salt), b64.EncodeToString(argon2.IDKey([]byte(secretKey), salt, 2, 19<<10, 1, 32)))
	f, err := os.Create(path) //nolint:gosec // in our own directory
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriter(f)
	e := json.NewEncoder(w)
	for i := range everybody {
		raw := make([]byte, 20)
		_, _ = rand.Read(raw) // never fails (crypto/rand)
		h := human{name: fmt.Sprintf("person%04d", i), password: secretKey, totp: base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw)}
		p.target.people = append(p.target.people, h)
		if err := e.Encode(map[string]any{
			"username": h.name, "password_hash": hash, "totp_secret": h.totp, "app_metadata": map[string]any{"groups": []string{"staff"}},
		}); err != nil {
			return err
		}
	}
	return w.Flush()
}

// await returns once the product is ready, with its metadata read.
func (p *product) await(ctx context.Context) error {
	for range 200 {
		res, b, err := p.target.send(ctx, http.MethodGet, p.target.issuer+".well-known/openid-configuration", nil, nil)
		if err == nil && res.StatusCode == http.StatusOK {
			return json.Unmarshal(b, &p.target.meta)
		}
		time.Sleep(25 * time.Millisecond)
	}
	return errors.New("the product does not answer")
}

func (p *product) stop() error {
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	return p.cmd.Wait()
}
