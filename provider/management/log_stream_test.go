package management

import (
	"slices"
	"strings"
	"testing"
)

// TestCategories: what failed is passed on to who asked for failures, and every category
// can be asked for.
func TestCategories(t *testing.T) {
	for _, c := range logCodes {
		got := categoryOf(c.code)
		if !slices.Contains(categories, got) {
			t.Errorf("%s: there is no category %s", c.code, got)
		}
		if strings.HasPrefix(c.code, "f") && !strings.HasSuffix(got, ".fail") {
			t.Errorf("%s is told as %s", c.code, got)
		}
	}
}
