package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// An sdk is one that the house tests, in the order of the table.
type sdk struct {
	name  string
	about string // what it is for, one line below its heading
	run   func(context.Context, *house) ([]Row, error)
}

var sdks = []sdk{
	{"go-auth0", "Go, packages `authentication` and `management`.", goProgram("go-auth0")},
	{"auth0", "Node.js, the Management API, and from `auth0/legacy` the Authentication API.", nodeProgram("auth0", "auth0.mjs")},
	{"auth0-spa-js", "Applications in the browser, in Chromium: refresh tokens with rotation, silent sign-in, and its MFA client.", pageProgram("auth0-spa-js")},
	{"auth0-js", "The older one for the browser, in Chromium.", pageProgram("auth0-js")},
	{"express-openid-connect", "Sign-in for applications on Express.", nodeProgram("express-openid-connect", "express.mjs")},
}

func sdkNames() (names []string) {
	for _, s := range sdks {
		names = append(names, s.name)
	}
	return names
}

// versions are those of the SDKs as the programs have them locked.
func versions() (map[string]string, error) {
	found := map[string]string{}
	for _, in := range []struct{ file, pattern string }{
		{"cmd/sdktest/go/go.mod", `(?m)github\.com/auth0/(go-auth0) v(\S+)`},
		{"cmd/sdktest/node/package.json", `"(?:@auth0/)?([a-z0-9-]+)": "([0-9.]+)"`},
	} {
		text, err := os.ReadFile(in.file)
		if err != nil {
			return nil, err
		}
		for _, m := range regexp.MustCompile(in.pattern).FindAllStringSubmatch(string(text), -1) {
			found[m[1]] = m[2]
		}
	}
	return found, nil
}

func goProgram(name string) func(context.Context, *house) ([]Row, error) {
	return func(ctx context.Context, h *house) ([]Row, error) {
		binary := filepath.Join(h.cache, name)
		build := exec.CommandContext(ctx, "go", "build", "-o", binary, ".")
		build.Dir, build.Stderr = "cmd/sdktest/go", os.Stderr
		if err := build.Run(); err != nil {
			return nil, fmt.Errorf("build: %w", err)
		}
		return h.program(ctx, name, "", binary)
	}
}

func nodeProgram(name, file string) func(context.Context, *house) ([]Row, error) {
	return func(ctx context.Context, h *house) ([]Row, error) {
		dir, err := h.packages(ctx)
		if err != nil {
			return nil, err
		}
		return h.program(ctx, name, dir, "node", file)
	}
}

// program runs a command and reads its rows.
func (h *house) program(ctx context.Context, sdk, dir, command string, args ...string) ([]Row, error) {
	cmd := exec.CommandContext(ctx, command, args...)
	var out, said bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &said
	cmd.Env = append(os.Environ(), "SDKTEST_WORLD="+h.worldFile(), "NODE_EXTRA_CA_CERTS="+h.cert.cert, "SSL_CERT_FILE="+h.cert.cert)
	failed := cmd.Run()
	rows, err := readRows(sdk, out.Bytes())
	if failed != nil {
		failed = fmt.Errorf("%w: %s", failed, strings.TrimSpace(said.String()))
	}
	return rows, errors.Join(failed, err)
}

// packages is a folder with our programs beside the packages of package-lock.json. It
// lies in the cache, because tools of Go would look into it here. Scripts of packages
// are not run.
func (h *house) packages(ctx context.Context) (string, error) {
	dir := filepath.Join(h.cache, "node")
	lock, err := os.ReadFile("cmd/sdktest/node/package-lock.json")
	if err != nil {
		return "", err
	}
	installed, _ := os.ReadFile(filepath.Join(dir, "installed"))
	if err := copyFolder(dir, "cmd/sdktest/node"); err != nil || bytes.Equal(lock, installed) {
		return dir, err
	}
	npm := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
	npm.Dir, npm.Stderr = dir, os.Stderr
	if err := npm.Run(); err != nil {
		return "", fmt.Errorf("npm ci: %w", err)
	}
	return dir, os.WriteFile(filepath.Join(dir, "installed"), lock, 0o600)
}

// copyFolder copies the files of a folder, not what lies below.
func copyFolder(to, from string) error {
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(from)
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		text, readErr := os.ReadFile(filepath.Join(from, e.Name()))
		err = errors.Join(err, readErr, os.WriteFile(filepath.Join(to, e.Name()), text, 0o600))
	}
	return err
}
