package main

import (
	"runtime/debug"
)

// memoryLimit is what the process aims to stay below. It keeps nothing that grows with
// people or traffic, but each password hash takes 19 MiB for a moment, and without a
// limit the collector would let several lie before it sweeps. It is a soft limit:
// GOMEMLIMIT sets another.
const memoryLimit = 96 << 20

// frugal gives back what starting took (words, block-list, a first hash) and holds the
// process to the limit.
func (c *cli) frugal() {
	if variable(c.environ, "GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	debug.FreeOSMemory()
}
