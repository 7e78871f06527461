package rules

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// limitMemory bounds what this process may map, to so many bytes more than it has now. Of
// the limits this one holds: RLIMIT_DATA is not asked where memory that was reserved is
// put to use (mmap with MAP_FIXED), which is how a Go heap grows.
func limitMemory(bytes uint64) error {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	_, after, _ := strings.Cut(string(status), "\nVmSize:")
	var kilobytes uint64
	if _, err := fmt.Sscanf(after, "%d kB", &kilobytes); err != nil {
		return fmt.Errorf("VmSize: %w", err)
	}
	space := kilobytes<<10 + bytes
	return syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: space, Max: space})
}
