package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/flows/rules"
)

// workerVerb makes this binary a worker for scripts. It is for rules.Runner alone.
const workerVerb = "rules-worker"

// workerMemory is what scripts may make a worker hold, in bytes; 0: anything.
var workerMemory uint64 = 128 << 20

// rulesWorker opens nothing and reads no settings: whoever breaks out of a script finds
// neither.
func (c *cli) rulesWorker() *cobra.Command {
	return &cobra.Command{
		Use: workerVerb, Hidden: true, Args: takes(),
		RunE: func(*cobra.Command, []string) error { return rules.Serve(c.in, c.out, workerMemory) },
	}
}

// rulesOptions are those of a Runner whose workers are this binary. A worker runs one job
// at a time. A C library, where there is one, shall reserve no 64 MiB for each thread.
func rulesOptions() (rules.Options, error) {
	self, err := os.Executable()
	if err != nil {
		return rules.Options{}, fmt.Errorf("rules: this binary is not to be found: %w", err)
	}
	return rules.Options{Command: []string{self, workerVerb}, Environ: []string{"MALLOC_ARENA_MAX=1"}}, nil
}
