package rules

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A worker that a script filled is replaced, so that its memory goes back to the system.
func TestMemoryReturns(t *testing.T) {
	r := runner(t, Options{Workers: 1, Timeout: time.Second})
	held := func() (pid int, bytes uint64) {
		for range 200 {
			r.mu.Lock()
			idle := slices.Clone(r.idle)
			r.mu.Unlock()
			if len(idle) == 1 {
				pid = idle[0].cmd.Process.Pid
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
		if err != nil {
			t.Fatal(err)
		}
		pages, err := strconv.ParseUint(strings.Fields(string(b))[1], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return pid, pages * uint64(os.Getpagesize())
	}
	for name, body := range map[string]string{
		"one that is killed": `const a = []; for (;;) a.push(new Array(1000).fill(1));`,
		"one that gets by":   `const a = []; for (let i = 0; i < 3000; i++) a.push(new Array(1000).fill(i)); callback(null, user, context);`,
	} {
		before, _ := held()
		_, err := r.Run(t.Context(), job(rule(body)))
		if after, bytes := held(); after == before || bytes > retireHeap/2 {
			t.Errorf("%s: worker %d after %d holds %d bytes (%v)", name, after, before, bytes, err)
		}
	}
}
