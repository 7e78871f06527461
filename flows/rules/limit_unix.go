//go:build unix

package rules

import "syscall"

// limitMemory bounds the data segment, which in a Go process is the heap: RLIMIT_AS
// would count what the runtime merely reserves.
func limitMemory(bytes uint64) error {
	return syscall.Setrlimit(syscall.RLIMIT_DATA, &syscall.Rlimit{Cur: bytes, Max: bytes})
}
