package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// measure runs everything that is wanted on one database.
func measure(ctx context.Context, o options, dir, database string) error {
	var err error
	if o.wants(operationNames()[:len(operations)]...) {
		err = measureOperations(ctx, o, filepath.Join(dir, "operations"), database)
	}
	if o.wants(opRules, opBacktest) {
		err = errors.Join(err, measureScripts(ctx, o, dir, database))
	}
	return err
}

// measureScripts compares sign-ins with rules and without, and tries drafts on the past.
func measureScripts(ctx context.Context, o options, dir, database string) (err error) {
	s, err := startSides(ctx, o, dir, database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.end()) }()
	if o.wants(opRules) {
		least, err := startFloor(ctx, database, s.with.at.path)
		if err != nil {
			return err
		}
		if err := errors.Join(s.compareRules(ctx, o, least, database), least.stop()); err != nil {
			return err
		}
	}
	if o.wants(opBacktest) {
		return s.with.backtest(ctx, o, database)
	}
	return nil
}

// measureOperations prints a line for every operation, beside the floor.
func measureOperations(ctx context.Context, o options, dir, database string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	at, err := openPlace(ctx, o, dir, database)
	if err != nil {
		return err
	}
	defer at.drop()
	p, err := startProduct(ctx, o, dir, at, "")
	if err != nil {
		return err
	}
	least, err := startFloor(ctx, database, at.path)
	if err != nil {
		return errors.Join(err, p.stop())
	}
	idle, err := residentOf(p.cmd.Process.Pid)
	if err != nil {
		return err
	}
	fmt.Printf("\n%s, %d connections, %s each\n%-27s %9s %9s %9s %7s %6s\n", database, o.connections, o.duration,
		"operation", "per s", "CPU", "floor", "ratio", "failed")
	for _, op := range operations {
		if !o.wants(op.name) {
			continue
		}
		if e := compare(ctx, o, op, p, least, at); e != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", op.name, e))
		}
	}
	loaded, e := residentOf(p.cmd.Process.Pid)
	fmt.Printf("resident memory: %.1f MiB idle, %.1f MiB after the load\n", mebibytes(idle), mebibytes(loaded))
	return errors.Join(err, e, p.stop(), least.stop())
}

func mebibytes(n int64) float64 { return float64(n) / (1 << 20) }

// compare measures one operation at the product and at the floor.
func compare(ctx context.Context, o options, op operation, p *product, least *least, at *place) error {
	do, err := op.prepare(ctx, p.target, o.connections)
	if err != nil {
		return err
	}
	mine, err := load(ctx, o.connections, o.duration, together(p.cmd.Process.Pid, at), do)
	if err != nil {
		return err
	}
	floor, err := load(ctx, o.connections, o.duration, together(least.cmd.Process.Pid, at), least.work(p.target, op.name))
	if err != nil {
		return err
	}
	ratio := 0.0
	if floor.cost() > 0 {
		ratio = float64(mine.cost()) / float64(floor.cost())
	}
	fmt.Printf("%-27s %9.0f %9s %9s %7.2f %6d\n", op.name, mine.perSecond(), short(mine.cost()), short(floor.cost()), ratio, mine.failed)
	if mine.failed > 0 {
		return mine.first
	}
	return floor.first
}

func short(d time.Duration) string { return fmt.Sprintf("%.3f ms", float64(d.Microseconds())/1000) }

// together is the CPU time of a process and of the database that works for it.
func together(pid int, at *place) func() (time.Duration, error) {
	return func() (time.Duration, error) {
		own, err := cpuOf(pid)
		more, errMore := at.cpu()
		return own + more, errors.Join(err, errMore)
	}
}

// A least is the floor, running.
type least struct {
	cmd     *exec.Cmd
	address string
}

func startFloor(ctx context.Context, database, path string) (*least, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	l := &least{cmd: exec.CommandContext(ctx, self, "floor", database, path)} //nolint:gosec // ourselves
	l.cmd.Stderr = os.Stderr
	out, err := l.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := l.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	l.address = strings.TrimSpace(line)
	return l, err
}

func (l *least) work(t *target, operation string) work {
	form := url.Values{"token": {"a token that the floor looks up"}}
	return func(ctx context.Context, _ int) error {
		res, _, err := t.send(ctx, http.MethodPost, l.address+"/"+operation, form, nil)
		return expect(res, err, http.StatusOK)
	}
}

func (l *least) stop() error {
	if err := l.cmd.Process.Kill(); err != nil {
		return err
	}
	_ = l.cmd.Wait() // it says that it was killed
	return nil
}
