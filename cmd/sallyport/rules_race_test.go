//go:build race

package main

// The race detector's own memory is more than a worker may hold.
func init() { workerMemory = 0 }
