package main

import (
	"context"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	// rulesBudget is how much CPU time three rules may add to a sign-in.
	rulesBudget = time.Millisecond
	// rulesRounds is how often the two are measured in turn, for a fifth of the duration
	// each: what else the machine does then falls on both.
	rulesRounds = 25
	rulesWarmup = time.Second // starts workers, compiles, fills caches; not counted
	// ruleClaim is in the ID token where the rules ran.
	ruleClaim = `"https://rules.bench.example/country":"DE"`
)

//go:embed scripts
var scripts embed.FS

// ruleNames are the three rules, in the order in which they run.
var ruleNames = []string{"client", "network", "claims"}

// sides are two products that differ in their rules alone.
type sides struct{ without, with *side }

// A side is a product with its own database.
type side struct {
	*product
	at  *place
	dir string
}

// startSides starts both, with a database of places.
func startSides(ctx context.Context, o options, dir, database string) (*sides, error) {
	without, err := startSide(ctx, o, filepath.Join(dir, "without"), database, nil)
	if err != nil {
		return nil, err
	}
	with, err := startSide(ctx, o, filepath.Join(dir, "with"), database, ruleNames)
	if err != nil {
		return nil, errors.Join(err, without.end())
	}
	return &sides{without, with}, nil
}

func startSide(ctx context.Context, o options, dir, database string, names []string) (*side, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	places := filepath.Join(dir, "places.mmdb")
	if err := writeWorld(places); err != nil {
		return nil, err
	}
	at, err := openPlace(ctx, o, dir, database)
	if err != nil {
		return nil, err
	}
	p, err := startProduct(ctx, o, dir, at, fmt.Sprintf("risk:\n  places: %q\n", places))
	for _, name := range names {
		if err == nil {
			err = p.deploy(ctx, dir, name)
		}
	}
	if err != nil {
		at.drop()
		return nil, err
	}
	return &side{p, at, dir}, nil
}

// deploy makes one of the scripts live. A product that has served nobody yet reads it
// with its first sign-in.
func (p *product) deploy(ctx context.Context, dir, name string) error {
	path, err := unpack(dir, name+".js")
	if err != nil {
		return err
	}
	return p.verb(ctx, nil, "rules", "put", name, path)
}

// unpack writes one of the files of scripts to dir.
func unpack(dir, name string) (path string, err error) {
	text, err := scripts.ReadFile("scripts/" + name)
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, name)
	return path, os.WriteFile(path, text, 0o600)
}

func (s *side) end() error {
	err := s.stop()
	s.at.drop()
	return err
}

func (s *sides) end() error { return errors.Join(s.without.end(), s.with.end()) }

// compareRules prints what three rules add to a sign-in: to one without pages and to one
// over the pages. That is with a passkey, as the hash of a password costs so much more than
// rules do that its noise hides them.
func (s *sides) compareRules(ctx context.Context, o options, least *least, database string) error {
	fmt.Printf("\nthree rules, %s, %d connections, %d rounds of %s each, in turn, load average %s\n%-9s %9s %9s %9s %9s %9s %8s  %-20s %s\n",
		database, o.connections, rulesRounds, o.duration/5, loadAverage(),
		"operation", "floor", "without", "with", "workers", "added", "÷ floor", "half of the rounds", "at most "+short(rulesBudget))
	for _, op := range operations {
		if op.name != "silent" && op.name != "passkey" {
			continue
		}
		if err := s.compareOne(ctx, o, op, least); err != nil {
			return fmt.Errorf("rules: %s: %w", op.name, err)
		}
	}
	return nil
}

func (s *sides) compareOne(ctx context.Context, o options, op operation, least *least) error {
	var do [2]work
	for i, one := range []*side{s.without, s.with} {
		if err := one.ruled(ctx, one == s.with); err != nil {
			return err
		}
		var err error
		if do[i], err = op.prepare(ctx, one.target, o.connections); err != nil {
			return err
		}
	}
	var sums [2]figure
	var workers time.Duration
	var added []time.Duration
	for round := range rulesRounds + 1 {
		d := o.duration / 5
		if round == 0 {
			d = rulesWarmup
		}
		var got [2]figure
		for i, one := range []*side{s.without, s.with} {
			var below time.Duration
			var err error
			if got[i], below, err = one.load(ctx, o.connections, d, do[i]); err != nil {
				return err
			}
			if round > 0 {
				sums[i].add(got[i])
				workers += below // those of the side without rules are idle
			}
		}
		if round > 0 {
			added = append(added, got[1].cost()-got[0].cost())
		}
	}
	floor, err := load(ctx, o.connections, o.duration, together(least.cmd.Process.Pid, s.with.at), least.work(s.with.target, op.name))
	if err != nil {
		return err
	}
	printAdded(op.name, floor.cost(), sums, workers, added)
	return floor.first
}

// load measures one round, and what of it was used by workers.
func (s *side) load(ctx context.Context, connections int, d time.Duration, do work) (f figure, below time.Duration, err error) {
	pid := s.cmd.Process.Pid
	before, err := childrenCPU(pid)
	if err != nil {
		return f, 0, err
	}
	if f, err = load(ctx, connections, d, together(pid, s.at), do); err != nil {
		return f, 0, err
	}
	after, err := childrenCPU(pid)
	return f, after - before, errors.Join(err, f.first)
}

func printAdded(name string, floor time.Duration, sums [2]figure, workers time.Duration, added []time.Duration) {
	sum := sums[1].cost() - sums[0].cost()
	verdict := "kept"
	if sum > rulesBudget {
		verdict = "exceeded"
	}
	slices.Sort(added)
	quarter := len(added) / 4
	fmt.Printf("%-9s %9s %9s %9s %9s %9s %8.2f  %-20s %s\n", name, short(floor), short(sums[0].cost()), short(sums[1].cost()),
		short(workers/time.Duration(max(1, sums[1].done))), short(sum), float64(sum)/float64(max(1, floor)),
		short(added[quarter])+" to "+short(added[len(added)-1-quarter]), verdict)
}

func (f *figure) add(more figure) {
	f.done += more.done
	f.failed += more.failed
	f.took += more.took
	f.cpu += more.cpu
}

// ruled signs somebody in and looks whether the rules ran where they shall.
func (s *side) ruled(ctx context.Context, want bool) error {
	_, got, err := signedIn(ctx, s.target, len(s.target.people)-1)
	if err != nil {
		return err
	}
	parts := strings.Split(got.ID, ".")
	if len(parts) != 3 {
		return errors.New("there is no ID token")
	}
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return err
	}
	if strings.Contains(string(claims), ruleClaim) != want {
		return fmt.Errorf("rules ran: %t, wanted: %t; claims are %s", !want, want, claims)
	}
	return nil
}
