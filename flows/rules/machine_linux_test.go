package rules

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A worker that a script filled is replaced, so that its memory goes back to the system.
func TestMemoryReturns(t *testing.T) {
	r := runner(t, Options{Workers: 1, Timeout: 10 * time.Second})
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

// The parser would open the file that a comment names as the source map; this one is a
// pipe that nobody writes to, where it would wait.
func TestSourceMapsAreNotRead(t *testing.T) {
	t.Chdir(t.TempDir()) // the worker's as well
	const pipe = "pipe"
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	r := runner(t, Options{Timeout: 2 * time.Second})
	comment := `\n//# sourceMappingURL=` + pipe
	for name, s := range map[string]Script{
		"an eval's":         rule(`eval("1` + comment + `"); callback(null)`),
		"a Function":        rule(`Function("return 1` + comment + `")(); callback(null)`),
		"an action's":       action(`(0, eval)("1` + comment + `")`),
		"one of the source": {Name: "s", Kind: Action, Source: "exports.onExecutePostLogin = async () => {}\n//# sourceMappingURL=" + pipe},
	} {
		if _, err := r.Run(t.Context(), job(s)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
