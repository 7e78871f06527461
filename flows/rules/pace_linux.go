package rules

import (
	"runtime"
	"syscall"
)

// timerSlack is by how many nanoseconds a worker's timers may be late. A thread of the Go
// runtime looks after a process that works every 20 µs at first, which took a tenth of the
// CPU time of a short job; no timer of a worker's has to be as exact.
const timerSlack = 1_000_000

// coarsely starts a process that inherits timerSlack from the thread that starts it.
func coarsely(start func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	slacken(timerSlack)
	defer slacken(0) // as usual
	return start()
}

func slacken(by uintptr) {
	const set = 29 // PR_SET_TIMERSLACK (prctl(2)), which refused costs time alone
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, set, by, 0)
}
