// Command sdktest lets other people's SDKs, unmodified, call a running Sallyport, and
// writes down what works in deploy/docs/auth0-compatibility.md.
//
// It builds the product, starts `serve` with TLS on a throw-away certificate, makes
// clients, APIs and people by the command line, and runs one program of ours for each
// SDK: those in Go are the module in go/, those of Node in node/, and the pages of spa/
// in Chromium. Each prints one JSON line a call (see [Row]):
//
//	make test-sdks                            # all; fails where the table says otherwise
//	make test-sdks ARGS=--update              # write the table anew
//	make test-sdks ARGS="--only auth0-js"     # one SDK, and nothing is compared
//
// It knows the product only by its commands and endpoints, and beside them what stands
// in for the people: a browser, an authenticator app, a phone and a letter box, which
// the programs find at the [desk].
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

const tablePath = "deploy/docs/auth0-compatibility.md"

// longest is how long one program may take.
const longest = 5 * time.Minute

func main() {
	update := flag.Bool("update", false, "write "+tablePath+" anew")
	only := flag.String("only", "", "comma separated SDKs; all where empty: "+strings.Join(sdkNames(), ", "))
	cache := flag.String("cache", ".bin/sdktest", "folder for the product and the packages of Node, kept for the next time")
	show := flag.Bool("v", false, "print every row, and what the product logs")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, options{update: *update, only: split(*only), cache: *cache, verbose: *show})
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "sdktest:", err)
		os.Exit(1)
	}
}

type options struct {
	update  bool
	only    []string
	cache   string // relative to the root of the module, where this command has to run
	verbose bool
}

func split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
}

func run(ctx context.Context, o options) error {
	if _, err := os.Stat("cmd/sdktest/go/go.mod"); err != nil {
		return errors.New("run this at the root of the module: make test-sdks")
	}
	for _, name := range o.only {
		if !slices.Contains(sdkNames(), name) {
			return fmt.Errorf("--only: there is no SDK %q; there are %s", name, strings.Join(sdkNames(), ", "))
		}
	}
	dir, err := os.MkdirTemp("", "sallyport-sdktest-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if o.cache, err = filepath.Abs(o.cache); err != nil {
		return err
	}
	h, err := openHouse(ctx, o, dir)
	if err != nil {
		return err
	}
	rows, err := h.runAll(ctx)
	if err = errors.Join(err, h.close()); err != nil || len(o.only) > 0 {
		return err
	}
	return settle(rows, o.update)
}

// runAll runs the programs one after the other, and the rest also where one failed.
func (h *house) runAll(ctx context.Context) (rows []Row, err error) {
	for _, s := range sdks {
		if len(h.only) > 0 && !slices.Contains(h.only, s.name) {
			continue
		}
		begin := time.Now()
		limited, cancel := context.WithTimeout(ctx, longest)
		some, failed := s.run(limited, h)
		cancel()
		rows = append(rows, some...)
		if h.verbose {
			for _, r := range some {
				fmt.Println(r)
			}
		}
		for _, r := range some {
			if r.Outcome == fails {
				failed = errors.Join(failed, fmt.Errorf("%s %s: %s", r.Topic, r.Call, r.Note))
			}
		}
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", s.name, failed))
		}
		fmt.Printf("%-22s %s, %.1f s\n", s.name, tally(some), time.Since(begin).Seconds())
	}
	return rows, err
}
