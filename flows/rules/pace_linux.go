package rules

import (
	"runtime"
	"syscall"
	"time"
)

// timerSlack is by how much a worker's timers may be late. A thread of the Go runtime looks
// after a process that works every 20 µs at first, which took a tenth of the CPU time of a
// short job; no timer of a worker's has to be as exact.
const timerSlack = time.Millisecond

// coarsely starts a process that inherits timerSlack from the thread that starts it.
func coarsely(start func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	slacken(timerSlack)
	defer slacken(0) // as usual
	return start()
}

func slacken(by time.Duration) {
	const set = 29 // PR_SET_TIMERSLACK (prctl(2)), which refused costs time alone
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, set, uintptr(by.Nanoseconds()), 0)
}
