// Command authenticator is a phone in a terminal: for people without a smartphone, for
// tests and for demos. It is set up by the address that a picture on the site holds,
// answers whether it is you who signs in, and shows one-time codes.
//
//	authenticator enroll ADDRESS    set this device up for an account
//	authenticator wait              be asked, and answer
//	authenticator code              what to type where a site wants a code
//	authenticator list              the accounts of this device
//	authenticator remove ACCOUNT    forget one, here and at its site
//
// It knows a site only by the device protocol, which package factors/standin speaks, and
// owns one file: the accounts with their keys (store.go). What a question and its answer
// are worth is the site's business.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	c := &cli{in: os.Stdin, out: os.Stdout, err: os.Stderr}
	status := c.run(ctx, os.Args[1:])
	stop()
	os.Exit(status)
}
