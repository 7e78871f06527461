// Command sallyport is the product: the provider, its demo, and the verbs with which
// an operator runs it. This package puts the rooms together and owns nothing of what
// they do: the list of factors (factors.go), the settings (settings.go), the order of
// starting and stopping (serve.go, dev.go), and the words of the command line.
//
//	sallyport dev                     everything on this machine, to look around
//	sallyport serve                   the provider, in earnest
//	sallyport user|client|api|…       the house's register, on its database
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // policies speak of time zones on machines that know none
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	c := &cli{in: os.Stdin, out: os.Stdout, err: os.Stderr, environ: os.Environ()}
	status := c.run(ctx, os.Args[1:])
	stop()
	os.Exit(status)
}
