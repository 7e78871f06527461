// Command worker is the worker as a program of its own. The tests build it without the race
// detector, whose own memory is more than the limit that is tested.
package main

import (
	"fmt"
	"os"

	"github.com/sallyport-id/sallyport/flows/rules"
)

func main() {
	if err := rules.Serve(os.Stdin, os.Stdout, 128<<20); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
