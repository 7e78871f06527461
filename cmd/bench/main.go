// Command bench loads a running Sallyport with closed-loop clients and prints, for
// each operation, the throughput, the CPU time per operation of the provider and its
// database, and the ratio of that to the floor: what a minimal program needs for the
// same HTTP answer, reads, writes, signature and password hash on this machine, in
// the same run.
//
// It starts everything that it measures, on a database of its own, and stops by
// itself:
//
//	go run ./cmd/bench
//	go run ./cmd/bench --database postgres --postgres "postgres://postgres@127.0.0.1/postgres"
//
// Two more rows are of scripts: what three rules add to a sign-in, of two products side by
// side, and how long a draft takes on 10,000 recorded sign-ins:
//
//	go run ./cmd/bench --only rules,backtest
//
// It knows the product only by its commands and endpoints, but for the records of the
// past, which it copies.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// options are the flags.
type options struct {
	binary      string
	databases   []string
	postgres    string
	connections int
	duration    time.Duration
	only        []string
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "floor" {
		exit(serveFloor(os.Args[2:]))
	}
	var o options
	databases := flag.String("database", "sqlite", "comma separated: sqlite, postgres")
	only := flag.String("only", "", "comma separated operations, all where empty: "+strings.Join(operationNames(), ", "))
	flag.StringVar(&o.binary, "binary", "", "the product; built from this source where empty")
	flag.StringVar(&o.postgres, "postgres", "", "DSN of a PostgreSQL where databases may be made and dropped")
	flag.IntVar(&o.connections, "connections", 8, "parallel clients")
	flag.DurationVar(&o.duration, "duration", 3*time.Second, "of each measurement")
	flag.Parse()
	o.databases = strings.Split(*databases, ",")
	if *only != "" {
		o.only = strings.Split(*only, ",")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	exit(run(ctx, o))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func run(ctx context.Context, o options) error {
	for _, name := range o.only {
		if !slices.Contains(operationNames(), name) {
			return fmt.Errorf("--only: there is no operation %q; there are %s", name, strings.Join(operationNames(), ", "))
		}
	}
	dir, err := os.MkdirTemp("", "sallyport-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if o.binary == "" {
		if o.binary, err = build(ctx, dir, "./cmd/sallyport"); err != nil {
			return err
		}
	}
	for _, database := range o.databases {
		if err := measure(ctx, o, filepath.Join(dir, database), database); err != nil {
			return fmt.Errorf("%s: %w", database, err)
		}
	}
	return nil
}

// wants reports whether any of these operations is to be measured.
func (o options) wants(names ...string) bool {
	return len(o.only) == 0 || slices.ContainsFunc(names, func(name string) bool { return slices.Contains(o.only, name) })
}
