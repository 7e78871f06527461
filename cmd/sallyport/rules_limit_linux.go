package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// limitSpace bounds what this process may map, to so many bytes more than it has now. Of
// the limits this one holds: RLIMIT_DATA is not asked where memory that was reserved is
// put to use (mmap with MAP_FIXED), which is how a Go heap grows. It returns the bytes
// that the data segment has now: with all variables of all libraries it is large before
// anything runs.
func limitSpace(bytes uint64) (data uint64, err error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, fmt.Errorf("rules: memory limit: %w", err)
	}
	space, err := statusBytes(string(status), "VmSize")
	if err != nil {
		return 0, err
	}
	space += bytes
	if err := syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: space, Max: space}); err != nil {
		return 0, fmt.Errorf("rules: memory limit: %w", err)
	}
	return statusBytes(string(status), "VmData")
}

// statusBytes reads a line such as "VmSize:   1313836 kB".
func statusBytes(status, name string) (uint64, error) {
	_, after, _ := strings.Cut(status, "\n"+name+":")
	var kilobytes uint64
	if _, err := fmt.Sscanf(after, "%d kB", &kilobytes); err != nil {
		return 0, fmt.Errorf("rules: memory limit: %s: %w", name, err)
	}
	return kilobytes << 10, nil
}
