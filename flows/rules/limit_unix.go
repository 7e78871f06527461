//go:build unix && !linux

package rules

import "syscall"

// limitMemory bounds the data segment, the nearest to a limit of the heap that there is
// elsewhere.
func limitMemory(bytes uint64) error {
	return syscall.Setrlimit(syscall.RLIMIT_DATA, &syscall.Rlimit{Cur: bytes, Max: bytes})
}
