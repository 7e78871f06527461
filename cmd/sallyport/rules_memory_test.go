//go:build !race

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// One line that asks for a gigabyte ends its worker, not the machine. With the race
// detector workers have no limit.
func TestRuleOfAGigabyte(t *testing.T) {
	p := startDev(t)
	file := filepath.Join(t.TempDir(), "big.js")
	text := "function (user, context, callback) {\n\tcallback(null, user, { big: 'x'.repeat(1 << 30) });\n}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, status := runVerb(t, "rules", "run", file, "--user", p.ready.Users[0].Username, "--config", filepath.Join(p.data, "sallyport.yaml"))
	if status != statusFailed || !strings.Contains(out, "big.js: its worker ended: it needed more memory") {
		t.Errorf("status %d:\n%s", status, out)
	}
}
