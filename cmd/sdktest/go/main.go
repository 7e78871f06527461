// Command go calls every method of go-auth0 that its program has a step for, and by
// reflection those of its Management API that it has none for, and prints a row a call.
// It is started by cmd/sdktest, and has a module of its own, so that the SDK is no
// dependency of the product.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

func main() {
	ctx := context.Background()
	p, err := newProgram()
	if err == nil {
		err = errors.Join(p.authentication(ctx), p.mfa(ctx), p.management(ctx))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// A program reports what its calls come to.
type program struct {
	world
	rows   *json.Encoder
	topic  string
	called map[string]bool
	watch  *watch // of the Management API
}

func newProgram() (*program, error) {
	p := &program{rows: json.NewEncoder(os.Stdout), called: map[string]bool{}}
	text, err := os.ReadFile(os.Getenv("SDKTEST_WORLD"))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &p.world); err != nil {
		return nil, err
	}
	return p, nil // SSL_CERT_FILE says whom to trust
}

// works is a call that has to succeed. One to an address of the Management API that the
// product does not have is missing; that it once was there is what the table remembers.
func (p *program) works(call string, do func() error) {
	p.tell(call, "works", "", try(do))
}

// differs is a call that has to succeed with an answer that is not Auth0's.
func (p *program) differs(call, how string, do func() error) {
	p.tell(call, "differs", how, try(do))
}

// missing is a call that has to fail with this status: another is no word about it.
func (p *program) missing(call string, status int, why string, do func() error) {
	err := try(do)
	var answer interface {
		error
		Status() int
	}
	switch {
	case err == nil:
		err = errors.New("it works now: give it a step that says so")
	case errors.As(err, &answer) && answer.Status() == status:
		err = nil
	default:
		err = fmt.Errorf("want %d, got %w", status, err)
	}
	p.tell(call, "missing", why, err)
}

// untried is a call that needs what we do not have.
func (p *program) untried(call, why string) { p.tell(call, "untried", why, nil) }

// try turns a panic, such as of a step whose predecessor failed, into an error.
func try(do func() error) (err error) {
	defer func() {
		if what := recover(); what != nil {
			err = errors.Join(err, fmt.Errorf("panic: %v", what))
		}
	}()
	return do()
}

func (p *program) tell(call, outcome, note string, err error) {
	switch {
	case err == nil:
	case p.watch != nil && p.watch.asked && (p.watch.absent || swallowed[call]):
		outcome, note = "missing", p.why(call)
	default:
		outcome, note = "fails", err.Error()
	}
	if p.called[call] = true; p.watch != nil {
		p.watch.asked = false
	}
	_ = p.rows.Encode(map[string]string{"topic": p.topic, "call": call, "outcome": outcome, "note": note}) // nobody reads
}

// want is an error that says what was found instead.
func want(ok bool, what string, found any) error {
	if ok {
		return nil
	}
	return fmt.Errorf("want %s, got %+v", what, found)
}
